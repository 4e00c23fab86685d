/** The Migrator contract over every database. */
import { Layer } from "effect"
import { describe, it } from "vitest"
import { contract } from "../../contracts/MigratorContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Migrator from "../../src/ports/Migrator.ts"
import { engines, fresh } from "../support/freshDatabase.ts"

register(contract, {
  name: "memory",
  capabilities: Memory.capabilities,
  layer: Layer.provideMerge(Migrator.layer, Memory.layer)
})

for (const [name, engine] of Object.entries(engines)) {
  if (engine.absent !== undefined) {
    describe.skip(`Migrator contract: ${name}: ${engine.absent}`, () =>
      it("is not tried", () => {}))
  } else {
    register(contract, {
      name,
      capabilities: engine.capabilities,
      layer: Layer.provideMerge(Migrator.layer, fresh(engine))
    })
  }
}
