/** What only sessions in the database promise: they go with its transactions, and stand corruption. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option } from "effect"
import * as DatabaseSessions from "../../../src/adapters/auth/DatabaseSessions.ts"
import * as Memory from "../../../src/adapters/db/Memory.ts"
import * as Database from "../../../src/ports/Database.ts"
import { SessionStore } from "../../../src/ports/SessionStore.ts"

const live = Layer.provideMerge(DatabaseSessions.layer, Memory.layer)
const table = DatabaseSessions.models.Session

describe("DatabaseSessions", () => {
  it.effect("takes a session back with the transaction that made it", () =>
    Effect.gen(function* () {
      const store = yield* SessionStore
      const kept = yield* store.create({ user: 1 }, 60_000)
      const rolledBack = Effect.zipRight(
        store.rotate(kept, { set: { user: 2 }, remove: [] }),
        Effect.fail("no")
      )
      yield* Effect.flip(Database.transaction(rolledBack))
      const loaded = yield* store.load(kept.key)
      assert.deepStrictEqual(
        Option.map(loaded, (session) => session.data),
        Option.some({ user: 1 })
      )
      assert.strictEqual(yield* Database.count(table), 1)
    }).pipe(Effect.provide(live))
  )

  it.effect(
    "reads a row that something else has spoilt as an empty session, with a warning",
    () => {
      const warnings: Array<unknown> = []
      const logger = Logger.make(({ message }) => void warnings.push(message))
      return Effect.gen(function* () {
        const store = yield* SessionStore
        const session = yield* store.create({ user: 1 }, 60_000)
        yield* Database.update(table, { data: "{" })
        const loaded = yield* store.load(session.key)
        assert.deepStrictEqual(
          Option.map(loaded, (session) => session.data),
          Option.some({})
        )
        assert.lengthOf(warnings, 1)
      }).pipe(Effect.provide(live), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
    }
  )
})
