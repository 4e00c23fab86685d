/**
 * Databases for tests, on the servers that `globalSetup` started: one of its own for each test file,
 * emptied for each trial.
 */
import { Effect, Layer, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import MysqlDriver from "mysql2/promise"
import Pg from "pg"
import { afterAll, inject } from "vitest"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"

export type Server = "postgres" | "mysql"

/** Why tests of this server can not run; undefined where they can. */
export const absent = (server: Server): string | undefined =>
  inject(server) === undefined ? `no ${server} server (see the end of the run)` : undefined

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

/** A database of this test file, dropped at its end. */
export interface TestDatabase {
  readonly url: URL
  /** Runs SQL as the server's administrator, on a connection that no adapter knows. */
  readonly run: (text: string, parameters?: ReadonlyArray<unknown>) => Promise<Rows>
  /** Drops whatever is in it. */
  readonly empty: () => Promise<void>
}

const newName = () => `portico_${randomUUID().replaceAll("-", "")}`

const openPostgres = async (): Promise<TestDatabase> => {
  const server = new URL(inject("postgres")!)
  const name = newName()
  const admin = new Pg.Client({ connectionString: server.href })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const client = new Pg.Client({ connectionString: url.href })
  await client.connect()
  afterAll(async () => {
    await client.end()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  })
  return {
    url,
    run: async (text, parameters = []) => (await client.query(text, [...parameters])).rows,
    empty: async () => {
      await client.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    }
  }
}

const openMysql = async (): Promise<TestDatabase> => {
  const server = new URL(inject("mysql")!)
  const name = newName()
  const client = await MysqlDriver.createConnection({ uri: server.href, multipleStatements: true })
  const create = `CREATE DATABASE ${name} CHARACTER SET utf8mb4; USE ${name}`
  await client.query(create)
  const url = new URL(server)
  url.pathname = `/${name}`
  afterAll(async () => {
    await client.query(`DROP DATABASE ${name}`)
    await client.end()
  })
  return {
    url,
    run: async (text, parameters = []) => {
      const [rows] = await client.query(text, [...parameters])
      return Array.isArray(rows) ? (rows as Array<MysqlDriver.RowDataPacket>) : []
    },
    empty: async () => {
      await client.query(`DROP DATABASE ${name}; ${create}`)
    }
  }
}

const opened = new Map<Server, Promise<TestDatabase>>()

/** The file's database on this server. To be called while the server is not `absent`. */
export const database = (server: Server): Promise<TestDatabase> => {
  let found = opened.get(server)
  if (found === undefined) {
    found = server === "postgres" ? openPostgres() : openMysql()
    opened.set(server, found)
  }
  return found
}

const emptied = (server: Server) =>
  Effect.promise(async () => {
    const { empty, url } = await database(server)
    await empty()
    return Redacted.make(url.href)
  })

/** Adapters over an empty database, made anew each time a layer is built. */
export const emptyPostgres = (options: Omit<Postgres.Options, "url"> = {}) =>
  Layer.unwrapEffect(
    Effect.map(emptied("postgres"), (url) => Postgres.layer({ max: 4, ...options, url }))
  )

export const emptyMysql = (options: Omit<Mysql.Options, "url"> = {}) =>
  Layer.unwrapEffect(
    Effect.map(emptied("mysql"), (url) => Mysql.layer({ max: 4, ...options, url }))
  )

/** A path in a folder of its own, which goes with the scope. */
export const temporaryFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "portico-sqlite-"))),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => join(folder, "test.db")
)

export const emptySqlite = (options: Omit<Sqlite.Options, "filename"> = {}) =>
  Layer.unwrapScoped(
    Effect.map(temporaryFile, (filename) => Sqlite.layer({ ...options, filename }))
  )
