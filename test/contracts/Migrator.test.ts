/** The Migrator contract over every database. */
import { Layer } from "effect"
import { contract } from "../../contracts/MigratorContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import * as Migrator from "../../src/ports/Migrator.ts"

register(contract, {
  name: "memory",
  capabilities: Memory.capabilities,
  layer: Layer.provideMerge(Migrator.layer, Memory.layer)
})
register(contract, {
  name: "sqlite",
  capabilities: Sqlite.capabilities,
  layer: Layer.provideMerge(Migrator.layer, Sqlite.layer({ filename: ":memory:" }))
})
