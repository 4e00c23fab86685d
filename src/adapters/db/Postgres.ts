/**
 * PostgreSQL 12 and later, by pg. Statements are prepared under names of their own; one that is
 * interrupted is stopped on the server.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import Pg from "pg"
import type { Capabilities } from "../../ports/Database.ts"
import { layers, millis, type Parts, scoped } from "./internal/connector.ts"
import { postgres } from "./internal/dialect.ts"
import * as Plan from "./internal/plan.ts"
import { Pool, unavailable } from "./internal/pool.ts"
import { type Context, type Lease, LeaseSession } from "./internal/session.ts"
import { settling } from "./internal/settling.ts"
import * as Url from "./internal/url.ts"

export const capabilities: Capabilities = {
  speaksSql: true,
  rollsBackSchema: true,
  matchesRegex: true,
  // Text columns are COLLATE "C", which knows the case of ASCII letters alone.
  foldsUnicode: false,
  skipsLocked: true,
  writesConcurrently: true,
  isolation: ["read committed", "repeatable read", "serializable"],
  // The protocol counts parameters in 16 bits (manual, "Message Formats", Bind).
  maxParameters: 65_535,
  // Manual, "Numeric Types": the most a declared precision can be.
  maxDecimalDigits: 1000
}

export interface Options {
  /** `postgres://user:password@host:5432/database?max=20&ssl=true`. What is said beside it wins. */
  readonly url?: Redacted.Redacted
  /** "localhost" unless said otherwise. */
  readonly host?: string
  /** 5432 unless said otherwise. */
  readonly port?: number
  readonly user?: string
  readonly password?: Redacted.Redacted
  readonly database?: string
  /** TLS, with the server's certificate checked. Off unless asked for. */
  readonly ssl?: boolean
  /** Connections at most, not counting one that stops statements and checks health. 10. */
  readonly max?: number
  /** How long a caller waits for a connection before `DatabaseUnavailable` "poolTimeout". 5 s. */
  readonly acquireTimeout?: Duration.DurationInput
  /** How long connecting may take. 5 s. */
  readonly connectTimeout?: Duration.DurationInput
  /** How long a statement may run before the server stops it. Unbounded unless said otherwise. */
  readonly statementTimeout?: Duration.DurationInput
  /** How long a statement waits for another's lock. Unbounded unless said otherwise. */
  readonly lockTimeout?: Duration.DurationInput
  /** False behind a proxy that gives each transaction another connection (PgBouncer). */
  readonly prepare?: boolean
}

interface Settings {
  readonly client: Pg.ClientConfig
  readonly max: number
  readonly acquireMillis: number
  readonly statementMillis: number
  readonly lockMillis: number
  readonly prepare: boolean
}

const urlOptions = {
  max: Url.count,
  acquireTimeout: Url.duration,
  connectTimeout: Url.duration,
  statementTimeout: Url.duration,
  lockTimeout: Url.duration,
  prepare: Url.flag,
  ssl: Url.flag
}

const settings = (options: Options) =>
  Either.gen(function* () {
    const { options: query, ...place } =
      options.url === undefined
        ? { options: new Map<string, string>() }
        : yield* Url.parse(options.url, "postgres")
    const said = { ...place, ...(yield* Url.readOptions(query, urlOptions)), ...options }
    if (said.database === undefined) return yield* Url.missing("postgres", "database")
    return {
      client: {
        host: said.host ?? "localhost",
        port: said.port ?? 5432,
        database: said.database,
        ...(said.user === undefined ? {} : { user: said.user }),
        ...(said.password === undefined ? {} : { password: Redacted.value(said.password) }),
        ssl: said.ssl ?? false,
        connectionTimeoutMillis: millis(said.connectTimeout, 5000),
        keepAlive: true,
        application_name: "portico"
      },
      max: said.max ?? 10,
      acquireMillis: millis(said.acquireTimeout, 5000),
      statementMillis: millis(said.statementTimeout, 0),
      lockMillis: millis(said.lockTimeout, 0),
      prepare: said.prepare ?? true
    }
  })

// --- connections ---------------------------------------------------------------------------------

// The server forgets a connection's prepared statements only with the connection.
const preparedKept = 500

const asText = { getTypeParser: () => (text: string) => text }

const dateOid = 1082
const timestampOid = 1114

/** For raw SQL: pg's own values, but no calendar day or time of day in this process's time zone. */
const packageTypes = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === dateOid || oid === timestampOid
      ? (text: string) => text
      : Pg.types.getTypeParser(oid, format)
}

const connect = async (settings: Settings): Promise<Pg.Client> => {
  const client = new Pg.Client(settings.client)
  // An idle connection that ends says so by an event; nobody else may be listening yet.
  client.on("error", () => {})
  try {
    await client.connect()
    const { lockMillis, statementMillis } = settings
    await client.query(
      [
        "SET TIME ZONE 'UTC'",
        "SET datestyle TO ISO, MDY",
        "SET standard_conforming_strings TO on",
        "SET default_transaction_isolation TO 'read committed'",
        `SET statement_timeout TO ${Math.ceil(statementMillis)}`,
        `SET lock_timeout TO ${Math.ceil(lockMillis)}`
      ].join("; ")
    )
    return client
  } catch (error) {
    client.end().catch(() => {})
    throw error
  }
}

/** The fields of a client that pg documents and its types leave out. */
interface Backend {
  readonly processID: number
  /** "I" outside of a transaction. */
  readonly getTransactionStatus: () => string | null
}

const leaseOf = (
  client: Pg.Client,
  prepare: boolean,
  cancel: (processId: number) => Promise<unknown>
): Lease => {
  const prepared = new Set<string>()
  // Assigned by pg when the connection is made.
  const backend = client as unknown as Backend
  const { processID } = backend
  const nameOf = (name: string | undefined): string | undefined => {
    if (!prepare || name === undefined) return undefined
    if (!prepared.has(name)) {
      if (prepared.size >= preparedKept) return undefined
      prepared.add(name)
    }
    return name
  }
  const lease: Lease = {
    broken: false,
    run: ({ name, parameters, rows, text }, onAnswer, onError) =>
      settling(
        (settle) => {
          const statement = nameOf(name)
          const query = {
            text,
            // pg takes a mutable array, and leaves it as it is.
            values: parameters as Array<unknown>,
            types: rows === "cells" ? asText : packageTypes,
            ...(rows === "objects" ? {} : { rowMode: "array" as const }),
            ...(statement === undefined ? {} : { name: statement })
          }
          // The callback's first argument is null where there is no error, against its type.
          client.query(
            query,
            (error: Error | null, result: Pg.QueryResult | Array<Pg.QueryResult>) => {
              if (error) return settle(onError(error))
              // Several statements in one text answer several results; the last one counts.
              const last = Array.isArray(result) ? result[result.length - 1]! : result
              settle(onAnswer({ rows: last.rows, affected: last.rowCount ?? 0 }))
            }
          )
        },
        {
          cancel: () => cancel(processID),
          onStuck: () => {
            lease.broken = true
          }
        }
      ),
    begin: ({ isolation, readOnly }) => [
      `BEGIN${isolation === undefined ? "" : ` ISOLATION LEVEL ${isolation.toUpperCase()}`}` +
        (readOnly === true ? " READ ONLY" : "")
    ],
    // Raw SQL may have begun a transaction of its own.
    reset: (isOpen) => !isOpen && backend.getTransactionStatus() === "I",
    close: async () => {
      lease.broken = true
      await client.end()
    }
  }
  client.on("error", () => (lease.broken = true))
  client.on("end", () => (lease.broken = true))
  return lease
}

// Any number will do, as long as every Portico takes the same; a database has its own locks.
const migrationLock = 7_067_842_316

const oldest = 120_000

const parts = Effect.fnUntraced(function* (settings: Settings) {
  const { acquireMillis, max, prepare } = settings
  const context: Context = {
    planner: Plan.make(postgres),
    ddl: "postgres",
    readsBack: undefined,
    onAlter: () => pool.renew()
  }
  const cancel = (processId: number) =>
    pool.spare(({ lease }) =>
      Effect.runPromise(
        lease.run(
          { text: "SELECT pg_cancel_backend($1)", parameters: [processId], rows: "objects" },
          () => Exit.void,
          Exit.fail
        )
      )
    )
  const pool: Pool = yield* scoped(
    new Pool({
      size: max,
      acquireMillis,
      open: async () =>
        new LeaseSession(leaseOf(await connect(settings), prepare, cancel), context),
      lifetimeMillis: 30 * 60_000,
      idleMillis: 60_000
    })
  )
  yield* Effect.tryPromise({ try: () => pool.spare(checkServer), catch: unavailable })
  const made: Parts = {
    name: "PostgreSQL",
    capabilities,
    ddl: "postgres",
    readers: pool,
    writers: pool,
    ping: () => pool.spare(async (session) => void (await ask(session, "SELECT 1"))),
    tryMigrationLock: async () => {
      const client = await connect(settings)
      let taken = false
      try {
        const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS taken", [
          migrationLock
        ])
        taken = rows[0].taken === true
      } finally {
        if (!taken) await client.end()
      }
      return taken ? () => client.end() : undefined
    },
    compiler: PgClient.makeCompiler(),
    system: "postgresql"
  }
  return made
})

const ask = (session: LeaseSession, text: string) => Effect.runPromise(session.raw(text, []))

const checkServer = async (session: LeaseSession): Promise<void> => {
  const [server] = await ask(
    session,
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding, current_database() AS name"
  )
  if (server === undefined || Number(server["version"]) < oldest) {
    throw new Error(`PostgreSQL ${oldest / 10_000} or later is needed. Upgrade the server.`)
  }
  if (server["encoding"] !== "UTF8") {
    throw new Error(
      `the database "${server["name"]}" is encoded in ${server["encoding"]}, which can not hold every text. ` +
        `Create it with ENCODING 'UTF8'.`
    )
  }
}

export const { layer, layerConfig } = layers(settings, parts)
