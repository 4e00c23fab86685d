/**
 * How a program ends on a failure: the message alone for what was expected to happen, the whole
 * cause for what was not. Settings and usage end with status 2, everything else with 1.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Failure } from "../Adapters.ts"
import { style } from "./terminal.ts"

const usage: ReadonlySet<string> = new Set([
  "SettingsInvalid",
  "ConfigMissing",
  "UsageFault",
  "SiteMissing"
])

const end = (status: number): Effect.Effect<void> =>
  Effect.sync(() => {
    process.exitCode = status
  })

/** Prints what went wrong and sets the exit status; an interruption is no failure. */
export const report = <A, R>(effect: Effect.Effect<A, Failure, R>): Effect.Effect<void, never, R> =>
  Effect.matchCauseEffect(effect, {
    onSuccess: () => Effect.void,
    onFailure: (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.void
      const failure = Cause.failureOrCause(cause)
      if (Either.isLeft(failure)) {
        const { _tag, message } = failure.left
        return Effect.zipRight(
          Effect.sync(() => console.error(`${style("red", "✗")} ${message}`)),
          end(usage.has(_tag) ? 2 : 1)
        )
      }
      return Effect.zipRight(
        Effect.sync(() => console.error(Cause.pretty(failure.right, { renderErrorCause: true }))),
        end(1)
      )
    }
  })
