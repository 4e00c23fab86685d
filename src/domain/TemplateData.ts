/**
 * What a template may see. A page's context is turned into plain data before any engine gets it, so
 * that no template reaches a method, a getter, a prototype or a constructor. `TemplateEngine.make`
 * calls `encode`; drivers use `member`, `isTruthy` and `print`, so that one page means one thing in
 * every engine.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { escape, type Html, isHtml } from "./Html.ts"

export type Data = null | boolean | number | string | Html | ReadonlyArray<Data> | Fields

/** An object whose own fields are all that it has, whatever its prototype says. */
export interface Fields {
  readonly [name: string]: Data
}

/** A value that no page can show, and where in the context it stands (`user.posts.0.author`). */
export class Refused extends Error {
  readonly path: string
  readonly reason: string
  constructor(path: string, reason: string) {
    super(`${path === "" ? "the context" : path} ${reason}`)
    this.path = path
    this.reason = reason
  }
}

/** Deeper contexts than this are refused: they are cycles, or objects that were never meant for a page. */
export const maxDepth = 64

/**
 * The plain data of `context`. Throws `Refused` for promises, effects, invalid dates and cycles.
 *
 * - text, numbers and booleans stay; `undefined` becomes null
 * - `Html` stays, and is the only value that is not escaped
 * - a bigint becomes a number where that is exact, else its digits
 * - `Date` and `DateTime.Utc` become ISO 8601 in UTC, `DateTime.Zoned` ISO 8601 with its offset
 * - `BigDecimal` and `URL` become their text, `Redacted` the text `<redacted>`
 * - `Option` becomes its value or null
 * - `Map` and `HashMap` become objects, every other iterable a list
 * - of a class instance only its own enumerable data properties remain
 * - functions and symbols are left out, and so is a field named `__proto__`
 */
export const encode = (context: object): Fields => {
  const data = encodeAt(context, 0)
  if (data === refused) throw explain(context, "", [])
  if (!isFields(data)) throw new Refused("", "is no object of named values")
  return data
}

/** Two marks that are no data: "left out", and "refused" (said why by a second, slower walk). */
const omitted = Symbol()
const refused = Symbol()
type Encoded = Data | typeof omitted | typeof refused

const encodeAt = (value: unknown, depth: number): Encoded => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value
    case "undefined":
      return null
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    case "object": {
      if (value === null) return null
      if (depth > maxDepth) return refused
      if (Array.isArray(value)) return encodeList(value, depth)
      const prototype: unknown = Object.getPrototypeOf(value)
      return prototype === Object.prototype || prototype === null
        ? encodeRecord(value as Readonly<Record<string, unknown>>, depth)
        : encodeInstance(value, depth)
    }
    default:
      return omitted
  }
}

const encodeList = (values: ReadonlyArray<unknown>, depth: number): Encoded => {
  const list = new Array<Data>(values.length)
  for (let i = 0; i < values.length; i++) {
    const item = encodeAt(values[i], depth + 1)
    if (item === refused) return refused
    list[i] = item === omitted ? null : item
  }
  return list
}

const encodeRecord = (record: Readonly<Record<string, unknown>>, depth: number): Encoded => {
  const fields: Record<string, Data> = {}
  for (const name of Object.keys(record)) {
    const field = encodeAt(record[name], depth + 1)
    if (field === refused) return refused
    // Assigning to "__proto__" would set the prototype.
    if (field !== omitted && name !== "__proto__") fields[name] = field
  }
  return fields
}

const encodeInstance = (value: object, depth: number): Encoded => {
  if (isHtml(value)) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refused : value.toISOString()
  if (DateTime.isDateTime(value)) {
    return DateTime.isZoned(value) ? DateTime.formatIsoOffset(value) : DateTime.formatIso(value)
  }
  if (BigDecimal.isBigDecimal(value)) return BigDecimal.format(value)
  // Before effects, since an Option is one.
  if (Option.isOption(value)) return Option.isSome(value) ? encodeAt(value.value, depth) : null
  if (Redacted.isRedacted(value)) return "<redacted>"
  if (value instanceof URL) return value.href
  if (isLater(value)) return refused
  if (value instanceof Map || HashMap.isHashMap(value)) {
    return encodeRecord(Object.fromEntries(value as Iterable<[string, unknown]>), depth)
  }
  if (Symbol.iterator in value) return encodeList(Array.from(value as Iterable<unknown>), depth)
  return encodeRecord(dataProperties(value), depth)
}

/** Whether `value` stands for something that is not there yet. */
const isLater = (value: object): boolean =>
  Effect.isEffect(value) || ("then" in value && typeof value.then === "function")

const dataProperties = (value: object): Readonly<Record<string, unknown>> => {
  const own: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (property.enumerable === true && "value" in property && name !== "__proto__") {
      own[name] = property.value
    }
  }
  return own
}

/** Walks as `encodeAt` does, and finds what made it refuse. */
const explain = (value: unknown, path: string, above: ReadonlyArray<unknown>): Refused => {
  const at = (name: string | number) => (path === "" ? String(name) : `${path}.${name}`)
  const inside = (children: Iterable<readonly [string | number, unknown]>): Refused => {
    for (const [name, child] of children) {
      if (encodeAt(child, above.length + 1) === refused) {
        return explain(child, at(name), [...above, value])
      }
    }
    return new Refused(path, "cannot be shown")
  }
  if (above.includes(value)) return new Refused(path, "contains itself")
  if (above.length > maxDepth) return new Refused(path, `is nested deeper than ${maxDepth} levels`)
  if (value instanceof Date) return new Refused(path, "is an invalid date")
  if (Option.isOption(value) && Option.isSome(value)) return explain(value.value, path, above)
  if (Effect.isEffect(value)) return new Refused(path, "is an Effect that has not been run")
  if (typeof value !== "object" || value === null) return new Refused(path, "cannot be shown")
  if (isLater(value)) return new Refused(path, "is a Promise that has not been awaited")
  if (value instanceof Map || HashMap.isHashMap(value)) {
    return inside(value as Iterable<[string, unknown]>)
  }
  if (Symbol.iterator in value) return inside(Array.from(value as Iterable<unknown>).entries())
  return inside(Object.entries(dataProperties(value)))
}

/** Whether `value` has named fields: an object, and neither a list nor markup. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isHtml(value)

/**
 * The own field `name` of an object; of a list also an index and `length`. `undefined` where there
 * is none, which data itself never holds.
 */
export const member = (value: unknown, name: string): Data | undefined =>
  typeof value === "object" && value !== null && !isHtml(value) && Object.hasOwn(value, name)
    ? (value as Fields)[name]
    : undefined

/** What `member` would find, for a message. */
export const names = (value: unknown): ReadonlyArray<string> =>
  isFields(value) ? Object.keys(value) : Array.isArray(value) ? ["length"] : []

/** False, null, 0, NaN, the empty text, the empty list and empty markup are falsy; all else is truthy. */
export const isTruthy = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isHtml(value) ? value.markup !== "" : Boolean(value)

/** A value's markup: nothing for null, `Html` as it is, else escaped text; `undefined` where it has none. */
export const print = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return escape(value)
    case "number":
    case "boolean":
      return String(value)
    case "object":
      return value === null ? "" : isHtml(value) ? value.markup : undefined
    default:
      return undefined
  }
}

/** What to call a value that `print` has no markup for. */
export const kind = (value: unknown): string =>
  Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`
