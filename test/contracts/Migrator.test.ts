/** The Migrator contract over every database. */
import { Layer } from "effect"
import { contract } from "../../contracts/MigratorContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Migrator from "../../src/ports/Migrator.ts"
import { databases } from "../support/databases.ts"

for (const { capabilities, layer, name } of databases) {
  register(contract, { name, capabilities, layer: Layer.provideMerge(Migrator.layer, layer) })
}
