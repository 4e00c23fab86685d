/**
 * Runs a contract without a test runner: the `portico contract` command, a script, a REPL, and the
 * sabotage tests.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Contract, type Harness, isolated } from "./Contract.ts"

export interface Verdict {
  readonly clause: string
  readonly exit: Exit.Exit<unknown, unknown>
  /** Why this clause is expected to fail, where the harness says so. */
  readonly expectedFailure?: string
}

/** Whether a verdict is what was expected: a success, or a failure that the harness announced. */
export const isMet = (verdict: Verdict): boolean =>
  Exit.isSuccess(verdict.exit) === (verdict.expectedFailure === undefined)

export const run = <Port, C, E, R>(
  contract: Contract<Port, C>,
  harness: Harness<Port, C, E, R>
): Effect.Effect<ReadonlyArray<Verdict>, never, R> =>
  Effect.forEach(contract.clauses(harness.capabilities), (clause) =>
    Effect.map(Effect.exit(isolated(clause, harness)), (exit): Verdict => {
      const expectedFailure = harness.expectedFailures?.[clause.name]
      return {
        clause: clause.name,
        exit,
        ...(expectedFailure === undefined ? {} : { expectedFailure })
      }
    })
  )
