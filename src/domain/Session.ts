/**
 * What a site remembers about a visitor between requests: JSON by string keys, and the moment it
 * ends. Values and pure functions; where sessions live is the business of `ports/SessionStore`.
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"

/** What JSON can say. `undefined`, dates, maps and class instances cannot be kept in a session. */
export type Json =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<Json>
  | { readonly [key: string]: Json }

/** A session's content, by top-level key. Concurrent requests are merged key by key. */
export type Data = { readonly [key: string]: Json }

/** What finds a session again: the cookie's value. Whoever holds it is the visitor, so never log it. */
export type Key = Redacted.Redacted<string>

/** A session as it was when it was loaded or stored last. */
export interface Session {
  /** May differ after every `save`: send the visitor the key of the newest value. */
  readonly key: Key
  readonly data: Data
  /** Milliseconds since the epoch. At this moment the session is over. */
  readonly expiresAt: number
}

/** What one request did to a session. A key is in `set` or in `remove`, never in both. */
export interface Changes {
  readonly set: Data
  readonly remove: ReadonlyArray<string>
  /** Milliseconds since the epoch; absent to leave the expiry as it is stored. */
  readonly expiresAt?: number
}

/** The changes of a request that wrote nothing. */
export const noChanges: Changes = { set: {}, remove: [] }

export const isUnchanged = (changes: Changes): boolean =>
  changes.expiresAt === undefined &&
  changes.remove.length === 0 &&
  Object.keys(changes.set).length === 0

/** These changes, and then `key` set to `value`. */
export const set = (changes: Changes, key: string, value: Json): Changes => ({
  ...changes,
  set: { ...changes.set, [key]: value },
  remove: changes.remove.filter((removed) => removed !== key)
})

/** These changes, and then `key` removed. */
export const remove = (changes: Changes, key: string): Changes => ({
  ...changes,
  set: without(changes.set, [key]),
  remove: changes.remove.includes(key) ? changes.remove : [...changes.remove, key]
})

/** These changes, and then the session's end moved to `expiresAt` (milliseconds since the epoch). */
export const expireAt = (changes: Changes, expiresAt: number): Changes => ({
  ...changes,
  expiresAt
})

/** `data` after `changes`. Keys that the changes do not name stay as they are. */
export const apply = (data: Data, changes: Changes): Data => ({
  ...without(data, changes.remove),
  ...changes.set
})

/** Spread and `fromEntries` define properties, so a key "__proto__" is data like any other. */
const without = (data: Data, keys: ReadonlyArray<string>): Data =>
  keys.length === 0
    ? data
    : Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)))

/**
 * The path of the first value that would not survive JSON ("cart[0].when"), with what it is; none
 * if all of it would.
 */
export const notJson = (
  data: unknown
): Option.Option<{ readonly path: string; readonly found: string }> => search(data, "", [])

const search = (
  value: unknown,
  path: string,
  parents: ReadonlyArray<object>
): Option.Option<{ readonly path: string; readonly found: string }> => {
  if (value === null || typeof value === "string" || typeof value === "boolean") {
    return Option.none()
  }
  if (typeof value === "number" && Number.isFinite(value)) return Option.none()
  if (typeof value !== "object") {
    return Option.some({ path, found: typeof value === "number" ? String(value) : typeof value })
  }
  if (parents.includes(value)) return Option.some({ path, found: "a cycle" })
  const isArray = Array.isArray(value)
  if (!isArray && !isPlain(value)) {
    return Option.some({ path, found: value.constructor?.name ?? "an object with a prototype" })
  }
  const inside = [...parents, value]
  // `Object.entries` would skip the holes of an array, which JSON turns into null.
  const entries: Iterable<[string | number, unknown]> = isArray
    ? value.entries()
    : Object.entries(value)
  for (const [key, item] of entries) {
    const found = search(item, join(path, key), inside)
    if (Option.isSome(found)) return found
  }
  return Option.none()
}

const join = (path: string, key: string | number): string =>
  typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !hasToJson(value)
}

const hasToJson = (value: object): boolean =>
  Predicate.hasProperty(value, "toJSON") && typeof value.toJSON === "function"
