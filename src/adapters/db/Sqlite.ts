/**
 * SQLite in this process, by better-sqlite3: one connection that writes and several that only read,
 * so that readers and the writer do not wait for each other.
 *
 * Statements are synchronous: one that takes long holds the whole process. Locks of other processes
 * are waited for asynchronously.
 */
import BetterSqlite from "better-sqlite3"
import * as Statement from "@effect/sql/Statement"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Redacted from "effect/Redacted"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Capabilities } from "../../ports/Database.ts"
import { layers, millis, type Parts, scoped } from "./internal/connector.ts"
import { sqlite } from "./internal/dialect.ts"
import * as Plan from "./internal/plan.ts"
import { Pool, unavailable } from "./internal/pool.ts"
import { type Answer, type Command, type Lease, LeaseSession } from "./internal/session.ts"
import * as Url from "./internal/url.ts"

export const capabilities: Capabilities = {
  speaksSql: true,
  rollsBackSchema: true,
  matchesRegex: true,
  foldsUnicode: false,
  skipsLocked: false,
  writesConcurrently: false,
  isolation: ["serializable"],
  // SQLITE_MAX_VARIABLE_NUMBER (sqlite.org/limits.html).
  maxParameters: 32_766,
  // Decimals are stored as integers of 64 bits, whose 18 digits are all any number has.
  maxDecimalDigits: 18
}

export interface Options {
  /** `sqlite:shop.db?readers=8` or `sqlite::memory:`. What is said beside it wins. */
  readonly url?: Redacted.Redacted
  /**
   * A path, or ":memory:" for an empty database that ends with the layer. That one is a temporary
   * file which is never flushed: a database in memory alone has one connection, and its readers
   * would wait for the writer, or for themselves.
   */
  readonly filename?: string
  /** Connections that only read: how many read-only transactions run side by side. 4. */
  readonly readers?: number
  /** How long a caller waits for a connection before `DatabaseUnavailable` "poolTimeout". 5 s. */
  readonly acquireTimeout?: Duration.DurationInput
  /** How long a statement waits for another process before `TransactionConflict` "busy". 5 s. */
  readonly lockTimeout?: Duration.DurationInput
}

interface Settings {
  readonly filename: string
  readonly isTemporary: boolean
  readonly readers: number
  readonly acquireMillis: number
  readonly lockMillis: number
}

const urlOptions = {
  readers: Url.count,
  acquireTimeout: Url.duration,
  lockTimeout: Url.duration
}

const settings = (options: Options) =>
  Either.gen(function* () {
    const parsed = options.url === undefined ? undefined : yield* Url.parse(options.url, "sqlite")
    const said = {
      ...(parsed === undefined ? {} : yield* Url.readOptions(parsed.options, urlOptions)),
      ...options
    }
    const filename = said.filename ?? parsed?.filename
    if (filename === undefined) return yield* Url.missing("sqlite", "filename")
    return {
      filename,
      isTemporary: filename === ":memory:",
      readers: said.readers ?? 4,
      acquireMillis: millis(said.acquireTimeout, 5000),
      lockMillis: millis(said.lockTimeout, 5000)
    }
  })

const isBusy = (error: unknown): boolean => {
  const { code } = error as { readonly code?: unknown }
  // Not SQLITE_BUSY_SNAPSHOT: waiting does not make an old snapshot new.
  return code === "SQLITE_BUSY" || code === "SQLITE_BUSY_RECOVERY" || code === "SQLITE_LOCKED"
}

const firstDelay = 1
const longestDelay = 25

// --- connections ---------------------------------------------------------------------------------

const statementsKept = 256

/** Prepared statements of one connection, the oldest of which make room for new ones. */
const statements = (db: BetterSqlite.Database) => {
  const kept = new Map<string, BetterSqlite.Statement<Array<unknown>>>()
  return ({ name, parameters, rows, text }: Command) => {
    const asArrays = rows !== "objects"
    const key = asArrays ? text : `o${text}`
    let statement = kept.get(key)
    if (statement === undefined) {
      statement = db.prepare<Array<unknown>>(text)
      if (asArrays && statement.reader) statement.raw(true)
      // What has parameters but no name will not come again.
      if (name === undefined && rows === "cells" && parameters.length > 0) return statement
      if (kept.size >= statementsKept) kept.delete(kept.keys().next().value!)
      kept.set(key, statement)
    }
    return statement
  }
}

/** Raw SQL brings what the other databases' packages take; better-sqlite3 takes less. */
const bindable = (parameter: unknown): unknown =>
  typeof parameter === "boolean"
    ? Number(parameter)
    : parameter instanceof Date
      ? parameter.toISOString()
      : parameter

const leaseOf = (db: BetterSqlite.Database, isReader: boolean, lockMillis: number): Lease => {
  const prepare = statements(db)
  const execute = (command: Command): Answer => {
    const statement = prepare(command)
    const parameters =
      command.rows === "cells" ? command.parameters : command.parameters.map(bindable)
    if (statement.reader) {
      const rows = statement.all(...parameters)
      return { rows, affected: rows.length }
    }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], affected: changes, insertId: Number(lastInsertRowid) }
  }

  const run: Lease["run"] = <A, E>(
    command: Command,
    onAnswer: (answer: Answer) => Exit.Exit<A, E>,
    onError: (error: unknown) => Exit.Exit<A, E>
  ): Effect.Effect<A, E> => {
    let answer: Answer
    try {
      answer = execute(command)
    } catch (error) {
      return isBusy(error) && lockMillis > 0 ? retry(command, onAnswer, onError) : onError(error)
    }
    return onAnswer(answer)
  }

  /** In real time, and without holding the event loop. */
  const retry = <A, E>(
    command: Command,
    onAnswer: (answer: Answer) => Exit.Exit<A, E>,
    onError: (error: unknown) => Exit.Exit<A, E>
  ): Effect.Effect<A, E> =>
    Effect.async<A, E>((resume) => {
      const deadline = performance.now() + lockMillis
      let timer: NodeJS.Timeout
      const after = (delay: number) => {
        timer = setTimeout(() => {
          let answer: Answer
          try {
            answer = execute(command)
          } catch (error) {
            if (!isBusy(error) || performance.now() >= deadline) return resume(onError(error))
            return after(Math.min(longestDelay, delay * 2))
          }
          resume(onAnswer(answer))
        }, delay)
      }
      after(firstDelay)
      return Effect.sync(() => clearTimeout(timer))
    })

  return {
    broken: false,
    run,
    // IMMEDIATE: a transaction that reads before it writes could find, too late, that another
    // process wrote in between.
    begin: () => [isReader ? "BEGIN" : "BEGIN IMMEDIATE"],
    reset: () => {
      if (db.inTransaction) db.exec("ROLLBACK")
      return true
    },
    close: async () => void db.close()
  }
}

/** `REGEXP` in JavaScript's syntax; one pattern serves all rows of a query. */
const addRegexp = (db: BetterSqlite.Database): void => {
  let last: { readonly pattern: unknown; readonly expression: RegExp } | undefined
  db.function("regexp", { deterministic: true }, (pattern: unknown, text: unknown) => {
    if (text === null || pattern === null) return null
    if (last === undefined || last.pattern !== pattern) {
      last = { pattern, expression: new RegExp(String(pattern), "u") }
    }
    return last.expression.test(String(text)) ? 1 : 0
  })
}

const open = async (
  { filename, isTemporary, lockMillis }: Settings,
  isReader: boolean
): Promise<BetterSqlite.Database> => {
  const deadline = performance.now() + lockMillis
  for (;;) {
    // Its own waiting would hold the event loop: none.
    const db = new BetterSqlite(filename, { readonly: isReader, timeout: 0 })
    try {
      if (!isReader) db.pragma("journal_mode = WAL")
      // NORMAL is safe from a crash of the process; of the machine, the last commits may be lost,
      // never the file (sqlite.org/pragma.html, synchronous).
      db.pragma(`synchronous = ${isTemporary ? "OFF" : "NORMAL"}`)
      db.pragma("foreign_keys = ON")
      db.pragma("trusted_schema = OFF")
      db.pragma("cache_size = -16000")
      addRegexp(db)
      return db
    } catch (error) {
      db.close()
      if (!isBusy(error) || performance.now() >= deadline) throw error
      await sleep(longestDelay)
    }
  }
}

/** The lock of another file, which ends with the process that holds it. */
const lockFile = async (filename: string): Promise<(() => Promise<void>) | undefined> => {
  const db = new BetterSqlite(`${filename}-migrate`, { timeout: 0 })
  try {
    db.exec("BEGIN EXCLUSIVE")
  } catch (error) {
    db.close()
    if (isBusy(error)) return undefined
    throw error
  }
  return async () => void db.close()
}

/** A file in a folder of its own, which goes with the scope, or else with the process. */
const temporaryFile = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = fs.mkdtempSync(join(tmpdir(), "portico-memory-"))
      const remove = () => fs.rmSync(folder, { recursive: true, force: true })
      process.once("exit", remove)
      return { folder, remove }
    }),
    ({ remove }) =>
      Effect.sync(() => {
        process.off("exit", remove)
        remove()
      })
  ),
  ({ folder }) => join(folder, "memory.db")
)

const parts = Effect.fnUntraced(function* (given: Settings) {
  const settings = given.isTemporary ? { ...given, filename: yield* temporaryFile } : given
  const { acquireMillis, filename, lockMillis, readers } = settings
  const planner = Plan.make(sqlite)
  const context = { planner, ddl: "sqlite", readsBack: undefined, onAlter: () => {} } as const
  const pool = (size: number, openOne: () => Promise<Lease>) =>
    scoped(
      new Pool({
        size,
        acquireMillis,
        open: async () => new LeaseSession(await openOne(), context),
        lifetimeMillis: Infinity,
        idleMillis: Infinity
      })
    )
  // The writer makes the file, and is the last to leave it.
  const first = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => open(settings, false), catch: unavailable }),
    (db) => Effect.sync(() => db.close())
  )
  const made: Parts = {
    name: "SQLite",
    capabilities,
    ddl: "sqlite",
    writers: yield* pool(1, async () => leaseOf(first, false, lockMillis)),
    readers: yield* pool(readers, async () =>
      leaseOf(await open(settings, true), true, lockMillis)
    ),
    ping: async () => void first.prepare("SELECT 1").get(),
    tryMigrationLock: () => lockFile(filename),
    compiler: Statement.makeCompilerSqlite(),
    system: "sqlite"
  }
  return made
})

export const { layer, layerConfig } = layers(settings, parts)
