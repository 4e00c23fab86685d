/**
 * MariaDB 10.6 and later and MySQL 8, by mysql2. Statements with parameters are prepared; one that
 * is interrupted is stopped on the server.
 */
import * as MysqlClient from "@effect/sql-mysql2/MysqlClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import Mysql from "mysql2"
import { createHash } from "node:crypto"
import type { Capabilities } from "../../ports/Database.ts"
import { layers, millis, type Parts, scoped } from "./internal/connector.ts"
import { mariadb, mysql } from "./internal/dialect.ts"
import * as Plan from "./internal/plan.ts"
import { Pool, unavailable } from "./internal/pool.ts"
import { type Context, type Lease, LeaseSession } from "./internal/session.ts"
import { settling } from "./internal/settling.ts"
import * as Url from "./internal/url.ts"

export const capabilities: Capabilities = {
  speaksSql: true,
  rollsBackSchema: false,
  matchesRegex: true,
  foldsUnicode: true,
  skipsLocked: true,
  writesConcurrently: true,
  isolation: ["read committed", "repeatable read", "serializable"],
  // A prepared statement counts its parameters in 16 bits.
  maxParameters: 65_535,
  // Manual, "Precision Math": the most a declared precision can be.
  maxDecimalDigits: 65
}

export interface Options {
  /** `mysql://user:password@host:3306/database?max=20&ssl=true`. What is said beside it wins. */
  readonly url?: Redacted.Redacted
  /** "localhost" unless said otherwise. */
  readonly host?: string
  /** 3306 unless said otherwise. */
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
  /**
   * How long a statement may run before the server stops it; of MySQL only a SELECT. Unbounded
   * unless said otherwise.
   */
  readonly statementTimeout?: Duration.DurationInput
  /** How long a statement waits for another's lock, in whole seconds. The server's, 50 s as a rule. */
  readonly lockTimeout?: Duration.DurationInput
  /**
   * Uses `INSERT … RETURNING`. Where the server has it (MariaDB) unless said otherwise; without it
   * rows are read back by their keys.
   */
  readonly returning?: boolean
}

interface Settings {
  readonly connection: Mysql.ConnectionOptions
  readonly database: string
  readonly max: number
  readonly acquireMillis: number
  readonly statementMillis: number
  readonly lockMillis: number
  readonly returning: boolean | undefined
}

const urlOptions = {
  max: Url.count,
  acquireTimeout: Url.duration,
  connectTimeout: Url.duration,
  statementTimeout: Url.duration,
  lockTimeout: Url.duration,
  returning: Url.flag,
  ssl: Url.flag
}

const preparedKept = 250

const settings = (options: Options) =>
  Either.gen(function* () {
    const { options: query, ...place } =
      options.url === undefined
        ? { options: new Map<string, string>() }
        : yield* Url.parse(options.url, "mysql")
    const said = { ...place, ...(yield* Url.readOptions(query, urlOptions)), ...options }
    const { database } = said
    if (database === undefined) return yield* Url.missing("mysql", "database")
    return {
      connection: {
        host: said.host ?? "localhost",
        port: said.port ?? 3306,
        database,
        ...(said.user === undefined ? {} : { user: said.user }),
        ...(said.password === undefined ? {} : { password: Redacted.value(said.password) }),
        ...(said.ssl === true ? { ssl: {} } : {}),
        connectTimeout: millis(said.connectTimeout, 5000),
        charset: "utf8mb4",
        // Of parameters and answers: the session's time zone is UTC as well.
        timezone: "Z",
        dateStrings: true,
        jsonStrings: true,
        supportBigNumbers: true,
        enableKeepAlive: true,
        // Unbounded it exhausts the server's max_prepared_stmt_count, 16382.
        maxPreparedStatements: preparedKept
      },
      database,
      max: said.max ?? 10,
      acquireMillis: millis(said.acquireTimeout, 5000),
      statementMillis: millis(said.statementTimeout, 0),
      lockMillis: millis(said.lockTimeout, 0),
      returning: said.returning
    }
  })

// --- connections ---------------------------------------------------------------------------------

interface Server {
  readonly isMaria: boolean
  readonly returning: boolean
  /** The distance of two keys that one insert counts: more than 1 in a cluster. */
  readonly keyStep: number
}

const ask = (
  connection: Mysql.Connection,
  text: string
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> =>
  new Promise((resolve, reject) => {
    connection.query<Array<Mysql.RowDataPacket>>(text, (error, rows) =>
      error ? reject(error) : resolve(rows)
    )
  })

const modes = [
  "STRICT_ALL_TABLES",
  "NO_ZERO_DATE",
  "NO_ZERO_IN_DATE",
  "ERROR_FOR_DIVISION_BY_ZERO",
  "NO_ENGINE_SUBSTITUTION"
]

const setUp = (isMaria: boolean, { lockMillis, statementMillis }: Settings): string => {
  const variables = [
    "time_zone = '+00:00'",
    // The columns of an UPDATE are assigned from the row as it was, as in the other databases.
    `sql_mode = '${[...modes, ...(isMaria ? ["SIMULTANEOUS_ASSIGNMENT"] : [])].join()}'`,
    `${isMaria ? "tx_isolation" : "transaction_isolation"} = 'READ-COMMITTED'`,
    ...(lockMillis > 0 ? [`innodb_lock_wait_timeout = ${Math.ceil(lockMillis / 1000)}`] : []),
    ...(statementMillis > 0
      ? [
          isMaria
            ? `max_statement_time = ${statementMillis / 1000}`
            : `max_execution_time = ${Math.ceil(statementMillis)}`
        ]
      : [])
  ]
  return `SET ${variables.join(", ")}`
}

const isMariaVersion = (version: string): boolean => /mariadb/i.test(version)

const connect = async (settings: Settings): Promise<Mysql.Connection> => {
  const connection = Mysql.createConnection(settings.connection)
  // An idle connection that ends says so by an event; nobody else may be listening yet.
  connection.on("error", () => {})
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()))
    })
    const [server] = await ask(connection, "SELECT VERSION() AS version")
    await ask(connection, setUp(isMariaVersion(String(server?.["version"])), settings))
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}

/**
 * What does not come again is sent in one round trip, its parameters written into the text by
 * mysql2. That replaces every "?": where a name has one, or a list is too long for it, the other
 * way is left.
 */
const isPrepared = (text: string, parameters: number, isRepeated: boolean): boolean => {
  if (parameters === 0) return false
  if (isRepeated && parameters <= capabilities.maxParameters) return true
  return text.split("?").length - 1 !== parameters
}

// SERVER_STATUS_IN_TRANS (MySQL protocol, "Server Status Flags").
const statusInTrans = 1

const leaseOf = (
  connection: Mysql.Connection,
  cancel: (threadId: number) => Promise<unknown>
): Lease => {
  /** Of raw SQL's own, too. Only the answers to what answers no rows tell. */
  let inTransaction = false
  const lease: Lease = {
    broken: false,
    run: ({ name, parameters, rows, text }, onAnswer, onError) =>
      settling(
        (settle) => {
          const query = {
            sql: text,
            // mysql2 takes a mutable array, and leaves it as it is.
            values: parameters as Array<Mysql.ExecuteValues>,
            rowsAsArray: rows !== "objects"
          }
          const settleWith = (error: Mysql.QueryError | null, result: Mysql.QueryResult): void => {
            if (error) return settle(onError(error))
            if ("serverStatus" in result) inTransaction = (result.serverStatus & statusInTrans) > 0
            settle(
              onAnswer(
                Array.isArray(result)
                  ? { rows: result, affected: result.length }
                  : { rows: [], affected: result.affectedRows, insertId: result.insertId }
              )
            )
          }
          const isRepeated = rows !== "cells" || name !== undefined
          if (isPrepared(text, parameters.length, isRepeated)) connection.execute(query, settleWith)
          else connection.query(query, settleWith)
        },
        {
          // The thread's id is known once the connection is made.
          cancel: () => cancel(connection.threadId),
          // A KILL that came too late would stop the connection's next statement.
          afterwards: () => ask(connection, "DO 0"),
          onStuck: () => {
            lease.broken = true
          }
        }
      ),
    begin: ({ isolation, readOnly }) => [
      ...(isolation === undefined
        ? []
        : [`SET TRANSACTION ISOLATION LEVEL ${isolation.toUpperCase()}`]),
      `START TRANSACTION${readOnly === true ? " READ ONLY" : ""}`
    ],
    reset: (isOpen) => !isOpen && !inTransaction,
    close: async () => {
      // A goodbye would wait behind the statement that never ends.
      if (lease.broken) return connection.destroy()
      lease.broken = true
      await new Promise<void>((resolve) => connection.end(() => resolve()))
    }
  }
  connection.on("error", () => (lease.broken = true))
  connection.on("end", () => (lease.broken = true))
  return lease
}

const parts = Effect.fnUntraced(function* (settings: Settings) {
  const { acquireMillis, max } = settings
  const server = yield* Effect.tryPromise({ try: () => examine(settings), catch: unavailable })
  const context: Context = {
    planner: Plan.make({ ...(server.isMaria ? mariadb : mysql), returning: server.returning }),
    ddl: "mysql",
    readsBack: () => server.keyStep,
    onAlter: () => {}
  }
  const cancel = (threadId: number) => onSpare(`KILL QUERY ${threadId}`)
  const pool: Pool = yield* scoped(
    new Pool({
      size: max,
      acquireMillis,
      open: async () => new LeaseSession(leaseOf(await connect(settings), cancel), context),
      lifetimeMillis: 30 * 60_000,
      idleMillis: 60_000
    })
  )
  const onSpare = (text: string) =>
    pool.spare(async (session) => void (await Effect.runPromise(session.raw(text, []))))
  const made: Parts = {
    name: server.isMaria ? "MariaDB" : "MySQL",
    capabilities,
    ddl: "mysql",
    readers: pool,
    writers: pool,
    ping: () => onSpare("SELECT 1"),
    tryMigrationLock: async () => {
      const connection = await connect(settings)
      const end = () => new Promise<void>((resolve) => connection.end(() => resolve()))
      let taken = false
      try {
        const [answer] = await ask(
          connection,
          `SELECT GET_LOCK('${lockName(settings.database)}', 0) AS taken`
        )
        taken = Number(answer?.["taken"]) === 1
      } finally {
        if (!taken) await end()
      }
      return taken ? end : undefined
    },
    compiler: MysqlClient.makeCompiler(),
    system: "mysql"
  }
  return made
})

/** Such locks are the whole server's, and their names at most 64 characters long. */
const lockName = (database: string): string =>
  `portico_${createHash("sha256").update(database).digest("hex").slice(0, 32)}`

/** Fails for a database that can not hold every text. */
const examine = async (settings: Settings): Promise<Server> => {
  const connection = await connect(settings)
  try {
    const [row] = await ask(
      connection,
      "SELECT VERSION() AS version, @@character_set_database AS charset, @@auto_increment_increment AS step"
    )
    const charset = String(row?.["charset"])
    if (charset !== "utf8mb4") {
      throw new Error(
        `the database "${settings.database}" has the character set ${charset}, which can not hold every text. ` +
          `Run ALTER DATABASE … CHARACTER SET utf8mb4, and convert its tables.`
      )
    }
    const isMaria = isMariaVersion(String(row?.["version"]))
    return {
      isMaria,
      returning: isMaria && settings.returning !== false,
      keyStep: Number(row?.["step"] ?? 1)
    }
  } finally {
    connection.end()
  }
}

export const { layer, layerConfig } = layers(settings, parts)
