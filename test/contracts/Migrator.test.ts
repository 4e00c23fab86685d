/** The Migrator contract over every database. */
import { Effect, Layer, Redacted } from "effect"
import { createConnection } from "mysql2/promise"
import { randomUUID } from "node:crypto"
import { Client } from "pg"
import { describe, inject, it } from "vitest"
import { contract } from "../../contracts/MigratorContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import * as Migrator from "../../src/ports/Migrator.ts"

/** A database of its own for each clause: changes of structure do not roll back everywhere. */
const fresh = (server: string, run: (sql: string) => Promise<unknown>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const name = `migrator_${randomUUID().slice(0, 8)}`
      await run(`CREATE DATABASE ${name}`)
      return name
    }),
    (name) => Effect.promise(() => run(`DROP DATABASE ${name}`))
  ).pipe(
    Effect.map((name) => {
      const url = new URL(server)
      url.pathname = name
      return Redacted.make(url.href)
    })
  )

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

const postgres = inject("postgres")
if (postgres === undefined) describe("Migrator contract: postgres", () => it.skip("no server"))
else {
  const run = async (sql: string) => {
    const client = new Client({ connectionString: postgres })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  register(contract, {
    name: "postgres",
    capabilities: Postgres.capabilities,
    layer: Layer.provideMerge(
      Migrator.layer,
      Layer.unwrapScoped(Effect.map(fresh(postgres, run), (url) => Postgres.layer({ url })))
    )
  })
}

const mysql = inject("mysql")
if (mysql === undefined) describe("Migrator contract: mysql", () => it.skip("no server"))
else {
  const run = async (sql: string) => {
    const connection = await createConnection(mysql)
    await connection.query(sql).finally(() => connection.end())
  }
  register(contract, {
    name: "mysql",
    capabilities: Mysql.capabilities,
    layer: Layer.provideMerge(
      Migrator.layer,
      Layer.unwrapScoped(Effect.map(fresh(mysql, run), (url) => Mysql.layer({ url })))
    )
  })
}
