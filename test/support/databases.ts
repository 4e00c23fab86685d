/** The adapters of `Database` that stand trial, each with an empty database per clause. */
import type { Harness } from "../../contracts/Contract.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import type { Capabilities, Database } from "../../src/ports/Database.ts"

/** One line for each adapter. `memory` is the reference for the others. */
export const databases: ReadonlyArray<Harness<Database, Capabilities, unknown>> = [
  { name: "memory", capabilities: Memory.capabilities, layer: Memory.layer }
]

/** An adapter on trial, on an empty database of its own for each clause. */
export type Trial = Harness<Database, Capabilities, unknown>

const onServer = (server: Server, ...trials: ReadonlyArray<Trial>): ReadonlyArray<Trial> => {
  const reason = absent(server)
  if (reason === undefined) return trials
  for (const { name } of trials) describe.skip(`${name}: ${reason}`, () => it("is not tried", () => {}))
  return []
}

/** Every database that this run has, the reference first. */
export const databases: ReadonlyArray<Trial> = [
  { name: "memory", capabilities: Memory.capabilities, layer: Memory.layer },
  { name: "sqlite", capabilities: Sqlite.capabilities, layer: emptySqlite() },
  {
    name: "sqlite in memory",
    capabilities: Sqlite.capabilities,
    layer: Sqlite.layer({ filename: ":memory:" })
  },
  ...onServer("postgres", {
    name: "postgres",
    capabilities: Postgres.capabilities,
    layer: emptyPostgres()
  }),
  ...onServer(
    "mysql",
    { name: "mysql", capabilities: Mysql.capabilities, layer: emptyMysql() },
    {
      name: "mysql without RETURNING",
      capabilities: Mysql.capabilities,
      layer: emptyMysql({ returning: false })
    }
  )
]
