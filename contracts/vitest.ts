/** Registers a contract as @effect/vitest tests. The only file under contracts/ that knows vitest. */
import { describe, it, type Vitest } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Contract, type Harness, isolated } from "./Contract.ts"

/** `test` comes from `layer(Shared, { excludeTestServices: true })` where clauses share a server. */
export const registerWith =
  <R>(test: Vitest.Tester<R>) =>
  <Port, C, E>(contract: Contract<Port, C>, harness: Harness<Port, C, E, R>): void => {
    describe(`${contract.name} contract: ${harness.name}`, () => {
      for (const clause of contract.clauses(harness.capabilities)) {
        const trial = isolated(clause, harness)
        const expected = harness.expectedFailures?.[clause.name]
        if (expected === undefined) test(clause.name, () => trial)
        else test(`${clause.name} (expected to fail: ${expected})`, () => Effect.flip(trial))
      }
    })
  }

export const register = registerWith<never>(it.live)
