/** The databases that the contract is tried with: every one that this run has. */
import { describe, it } from "vitest"
import type { Harness } from "../../contracts/Contract.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import type { Capabilities, Database } from "../../src/ports/Database.ts"
import { absent, emptyMysql, emptyPostgres, emptySqlite, type Server } from "./sqlDatabases.ts"

type Trial = Harness<Database, Capabilities, unknown>

const onServer = (server: Server, ...trials: ReadonlyArray<Trial>): ReadonlyArray<Trial> => {
  const reason = absent(server)
  if (reason === undefined) return trials
  for (const { name } of trials) {
    describe.skip(`${name}: ${reason}`, () => it("is not tried", () => {}))
  }
  return []
}

/** The reference first. Each layer is over an empty database of its own. */
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
