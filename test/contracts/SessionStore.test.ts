/** Every store of sessions on trial, the one in the database on every database. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { contract } from "../../contracts/SessionStoreContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import * as DatabaseSessions from "../../src/adapters/auth/DatabaseSessions.ts"
import * as MemorySessions from "../../src/adapters/auth/MemorySessions.ts"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Migrator from "../../src/ports/Migrator.ts"
import { databases } from "../support/databases.ts"

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

for (const { layer, name } of databases) {
  register(contract, {
    name: `database, ${name}`,
    capabilities: DatabaseSessions.capabilities,
    layer: DatabaseSessions.layer.pipe(
      Layer.provide(Layer.effectDiscard(migrate)),
      Layer.provide(layer)
    )
  })
}
