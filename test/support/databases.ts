/** The adapters of `Database` that stand trial, each with an empty database per clause. */
import type { Harness } from "../../contracts/Contract.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import type { Capabilities, Database } from "../../src/ports/Database.ts"

/** One line for each adapter. `memory` is the reference for the others. */
export const databases: ReadonlyArray<Harness<Database, Capabilities, unknown>> = [
  { name: "memory", capabilities: Memory.capabilities, layer: Memory.layer }
]
