/**
 * A contract is data: named clauses that every adapter of a port must meet. Read by the runners
 * (`vitest.ts`, `run.ts`) and written once per port, in the port's words.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"

export interface Clause<Port> {
  /** A sentence about the port, true of every adapter: "load returns what save stored". */
  readonly name: string
  readonly run: Effect.Effect<unknown, unknown, Port | Scope.Scope>
}

export interface Contract<Port, Capabilities> {
  /** The port's name. */
  readonly name: string
  /** A capability never skips a clause: it chooses which of two clauses is due. */
  readonly clauses: (can: Capabilities) => ReadonlyArray<Clause<Port>>
}

/** An adapter on trial. `layer` is built anew for each clause: its Scope is set-up and tear-down. */
export interface Harness<Port, Capabilities, E = never, R = never> {
  /** The adapter's name, as the verdict table shows it. */
  readonly name: string
  readonly capabilities: Capabilities
  readonly layer: Layer.Layer<Port, E, R>
  /**
   * Deviations that no capability describes: clause name → reason and link. Such a clause must
   * fail; one that passes again is reported, so that a repaired adapter is noticed.
   */
  readonly expectedFailures?: Readonly<Record<string, string>>
}

export const clause = <Port>(
  name: string,
  run: Effect.Effect<unknown, unknown, Port | Scope.Scope>
): Clause<Port> => ({ name, run })

/** What a clause saw is not what the contract says. */
export class Broken extends Schema.TaggedError<Broken>("portico/contracts/Broken")("Broken", {
  what: Schema.String,
  actual: Schema.Unknown,
  expected: Schema.Unknown
}) {
  override get message() {
    return `${this.what}: expected ${show(this.expected)} but got ${show(this.actual)}.`
  }
}

const show = (value: unknown): string => {
  const text =
    typeof value === "string" ? JSON.stringify(value) : Inspectable.toStringUnknown(value, 0)
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text
}

/** Fails unless both are structurally equal (arrays, plain objects, `Equal` values, dates, bytes). */
export const equals = <A>(what: string, actual: A, expected: A): Effect.Effect<void, Broken> =>
  same(actual, expected) ? Effect.void : Effect.fail(new Broken({ what, actual, expected }))

/** Fails unless `condition` holds. `seen` is shown in the failure. */
export const holds = (
  what: string,
  condition: boolean,
  seen?: unknown
): Effect.Effect<void, Broken> =>
  condition
    ? Effect.void
    : Effect.fail(new Broken({ what, actual: seen ?? condition, expected: "to hold" }))

/** Fails unless `effect` fails with this `_tag`; succeeds with the failure, for a closer look. */
export const failsWith = <A, E extends { readonly _tag: string }, R, const Tag extends E["_tag"]>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  tag: Tag
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, Broken, R> =>
  Effect.matchEffect(effect, {
    onFailure: (error) =>
      error._tag === tag
        ? Effect.succeed(error as Extract<E, { readonly _tag: Tag }>)
        : Effect.fail(new Broken({ what, actual: error, expected: `a failure "${tag}"` })),
    onSuccess: (value) =>
      Effect.fail(new Broken({ what, actual: value, expected: `a failure "${tag}"` }))
  })

const isPlain = (u: object): boolean => {
  const prototype = Object.getPrototypeOf(u)
  return prototype === Object.prototype || prototype === null
}

const same = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Equal.equals(a, b)) return true
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime()
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, i) => byte === b[i])
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => same(item, b[i]))
  }
  if (!isPlain(a) || !isPlain(b)) return false
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => key in right && same(left[key], right[key]))
  )
}

// Of a test's services the clock alone: `TestContext` takes eight times as long to build (2.6 ms to
// 0.3, measured), which is more than most clauses take.
const testClock = Layer.provide(
  TestClock.defaultTestClock,
  Layer.succeedContext(TestServices.liveServices)
)

/** The clause with an adapter and a `TestClock` of its own, so that no clause sees another's. */
export const isolated = <Port, C, E, R>(
  { run }: Clause<Port>,
  { layer }: Harness<Port, C, E, R>
): Effect.Effect<unknown, unknown, R> =>
  run.pipe(Effect.scoped, Effect.provide(testClock), Effect.provide(layer))
