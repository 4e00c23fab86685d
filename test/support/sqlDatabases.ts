/**
 * Databases for tests, on the servers that `globalSetup` started: one of its own for each test file,
 * emptied for each trial.
 */
import type { SqlClient } from "@effect/sql"
import { Context, Effect, Layer, Redacted } from "effect"
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
import type * as Migration from "../../src/domain/Migration.ts"
import * as Database from "../../src/ports/Database.ts"

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
  /** The tables in it. */
  readonly tables: () => Promise<ReadonlyArray<string>>
  /** Deletes all rows of these tables, whatever refers to them. */
  readonly clear: (tables: ReadonlyArray<string>) => Promise<void>
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
    },
    tables: async () => {
      const { rows } = await client.query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
      )
      return rows.map((row) => row.tablename)
    },
    // Without triggers, and so without the checks of references.
    clear: async (tables) => {
      const deletes = tables.map((table) => `DELETE FROM ${client.escapeIdentifier(table)}`)
      await client.query(`SET session_replication_role TO replica; ${deletes.join("; ")}`)
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
    },
    tables: async () => {
      const [rows] = await client.query<Array<MysqlDriver.RowDataPacket>>("SHOW TABLES")
      return rows.map((row) => String(Object.values(row)[0]))
    },
    clear: async (tables) => {
      const deletes = tables.map((table) => `DELETE FROM ${client.escapeId(table)}`)
      await client.query(`SET foreign_key_checks = 0; BEGIN; ${deletes.join("; ")}; COMMIT`)
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

/** The changes that have made the tables which are there, as JSON. */
const made = new Map<Server, Set<string>>()

/** Creating a dozen tables takes longest in a trial: the same ones are kept, and only their rows go. */
const emptied = (server: Server) =>
  Effect.promise(async () => {
    const { clear, empty, tables, url } = await database(server)
    const changes = made.get(server) ?? new Set()
    const kept = new Set(
      [...changes].flatMap((change) => tablesMade(JSON.parse(change) as Migration.Change))
    )
    const found = await tables()
    if (found.length > 0 && found.length === kept.size && found.every((table) => kept.has(table))) {
      await clear(found)
    } else {
      await empty()
      changes.clear()
    }
    made.set(server, changes)
    return { changes, url: Redacted.make(url.href) }
  })

const tablesMade = (change: Migration.Change): ReadonlyArray<string> =>
  change._tag === "CreateTable" ? [change.table.name] : []

/** Makes each table once. What is not the creation of a table ends the keeping. */
const keepingTables = (service: Database.Service, changes: Set<string>): Database.Service => ({
  ...service,
  withSession: (options, use) =>
    service.withSession(options, (session) =>
      use({
        ...session,
        alter: (change) => {
          const key = JSON.stringify(change)
          if (changes.has(key)) return Effect.void
          return Effect.tap(session.alter(change), () => {
            if (tablesMade(change).length > 0) changes.add(key)
            else changes.clear()
          })
        }
      })
    )
})

type Adapter<E> = (
  url: Redacted.Redacted
) => Layer.Layer<Database.Database | SqlClient.SqlClient, E>

const onEmpty = <E>(server: Server, adapter: Adapter<E>) =>
  Layer.unwrapEffect(
    Effect.map(emptied(server), ({ changes, url }) =>
      Layer.map(adapter(url), (context) =>
        Context.add(
          context,
          Database.Database,
          keepingTables(Context.get(context, Database.Database), changes)
        )
      )
    )
  )

/** Adapters over an empty database, made anew each time a layer is built. */
export const emptyPostgres = (options: Omit<Postgres.Options, "url"> = {}) =>
  onEmpty("postgres", (url) => Postgres.layer({ max: 4, ...options, url }))

export const emptyMysql = (options: Omit<Mysql.Options, "url"> = {}) =>
  onEmpty("mysql", (url) => Mysql.layer({ max: 4, ...options, url }))

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
