/** An empty database for one trial, gone with its scope: for what changes the structure. */
import { Effect, Layer, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { createConnection } from "mysql2/promise"
import { Client } from "pg"
import { inject } from "vitest"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import { absent, type Server, temporaryFile } from "./sqlDatabases.ts"

const run = async (url: string, sql: string): Promise<void> => {
  if (url.startsWith("mysql:")) {
    const connection = await createConnection(url)
    await connection.query(sql)
    return connection.end()
  }
  const client = new Client(url)
  await client.connect()
  await client.query(sql)
  return client.end()
}

const onServer = (server: Server) =>
  Effect.suspend(() => {
    const url = new URL(inject(server)!)
    const name = `portico_fresh_${randomUUID().replaceAll("-", "")}`
    return Effect.as(
      Effect.acquireRelease(
        Effect.promise(() => run(url.href, `CREATE DATABASE ${name}`)),
        () => Effect.promise(() => run(url.href, `DROP DATABASE ${name}`))
      ),
      new URL(`/${name}`, url).href
    )
  })

/** By name: why it cannot be tried, if so; the URL of an empty database, and the adapter for a URL. */
export const engines = {
  sqlite: {
    absent: undefined,
    capabilities: Sqlite.capabilities,
    url: Effect.map(temporaryFile, (path) => `sqlite:${path}`),
    layer: (url: string) => Sqlite.layer({ url: Redacted.make(url) })
  },
  postgres: {
    absent: absent("postgres"),
    capabilities: Postgres.capabilities,
    url: onServer("postgres"),
    layer: (url: string) => Postgres.layer({ url: Redacted.make(url), max: 3 })
  },
  mysql: {
    absent: absent("mysql"),
    capabilities: Mysql.capabilities,
    url: onServer("mysql"),
    layer: (url: string) => Mysql.layer({ url: Redacted.make(url), max: 3 })
  }
}

/** The adapter over an empty database. */
export const fresh = (engine: (typeof engines)[keyof typeof engines]) =>
  Layer.unwrapScoped(Effect.map(engine.url, engine.layer))
