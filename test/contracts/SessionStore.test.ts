/** Every store of sessions on trial, the one in the database on every database. */
import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { contract } from "../../contracts/SessionStoreContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import * as DatabaseSessions from "../../src/adapters/auth/DatabaseSessions.ts"
import * as MemorySessions from "../../src/adapters/auth/MemorySessions.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Database from "../../src/ports/Database.ts"
import * as Migrator from "../../src/ports/Migrator.ts"
import { createDatabase, type OwnDatabase } from "../support/ownDatabase.ts"

register(contract, {
  name: "memory",
  capabilities: MemorySessions.capabilities,
  layer: MemorySessions.layer
})

register(contract, {
  name: "cookie",
  capabilities: CookieSessions.capabilities,
  layer: CookieSessions.layer({ secret: Redacted.make("0123456789abcdef0123456789abcdef") })
})

it("the migration makes the table that the model describes", () => {
  const registry = Model.registryOf(DatabaseSessions.models)
  assert.deepStrictEqual(
    Migration.replay(DatabaseSessions.app.migrations),
    Migration.stateOf(registry)
  )
})

const migrate = Effect.provide(
  Effect.flatMap(Migrator.Migrator, (migrator) => migrator.apply(DatabaseSessions.app.migrations)),
  Migrator.layer
)

/** A database for each clause. */
for (const [name, database] of [
  ["the memory database", Memory.layer],
  ["SQLite", Sqlite.layer({ filename: ":memory:" })]
] as const) {
  register(contract, {
    name,
    capabilities: DatabaseSessions.capabilities,
    layer: DatabaseSessions.layer.pipe(
      Layer.provide(Layer.effectDiscard(migrate)),
      Layer.provide(database)
    )
  })
}

/** A database for this file, emptied for each clause. */
for (const [name, kind, adapter] of [
  ["PostgreSQL", "postgres", Postgres],
  ["MariaDB", "mysql", Mysql]
] as const) {
  const server = inject(kind)
  describe.skipIf(server === undefined)(name, () => {
    let own: OwnDatabase
    const database = Layer.suspend(() => adapter.layer({ url: Redacted.make(own.url) }))

    beforeAll(async () => {
      own = await createDatabase(server ?? "", "sessions")
      await Effect.runPromise(Effect.provide(migrate, database))
    })
    afterAll(() => own.drop())

    register(contract, {
      name,
      capabilities: DatabaseSessions.capabilities,
      layer: DatabaseSessions.layer.pipe(
        Layer.provide(Layer.effectDiscard(Database.delete(DatabaseSessions.models.Session))),
        Layer.provide(database)
      )
    })
  })
}
