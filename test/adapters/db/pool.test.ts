/** The pool over connections that lead nowhere. */
import { Effect, Exit } from "effect"
import { afterEach, assert, it, vi } from "vitest"
import * as Plan from "../../../src/adapters/db/internal/plan.ts"
import { postgres } from "../../../src/adapters/db/internal/dialect.ts"
import { Pool } from "../../../src/adapters/db/internal/pool.ts"
import { type Lease, LeaseSession } from "../../../src/adapters/db/internal/session.ts"

afterEach(() => void vi.useRealTimers())

it("a spare connection that never answers is given up, and the next one answers", async () => {
  vi.useFakeTimers()
  const closed: Array<number> = []
  let opened = 0
  const leaseOf = (number: number): Lease => ({
    broken: false,
    // The first is to a server that has gone without a word.
    run: (_, onAnswer) =>
      number === 1
        ? Effect.never
        : Effect.sync(() => onAnswer({ rows: [], affected: number })).pipe(Effect.flatten),
    begin: () => [],
    reset: () => true,
    close: async () => void closed.push(number)
  })
  const context = {
    planner: Plan.make(postgres),
    ddl: "postgres",
    readsBack: undefined,
    onAlter: () => {}
  } as const
  const pool = new Pool({
    size: 1,
    acquireMillis: 100,
    open: async () => new LeaseSession(leaseOf(++opened), context),
    lifetimeMillis: Infinity,
    idleMillis: Infinity
  })
  const ping = () =>
    pool.spare((session) =>
      Effect.runPromise(session.ask({ text: "SELECT 1", parameters: [], rows: "objects" }))
    )
  const first = Effect.runPromiseExit(Effect.tryPromise({ try: ping, catch: (error) => error }))
  const second = ping()
  await vi.advanceTimersByTimeAsync(5_000)
  const exit = await first
  assert.deepInclude(Exit.isFailure(exit) && exit.cause._tag === "Fail" ? exit.cause.error : exit, {
    _tag: "DatabaseUnavailable",
    kind: "lost"
  })
  assert.strictEqual((await second).affected, 2)
  assert.deepStrictEqual(closed, [1])
})
