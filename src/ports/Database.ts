/**
 * Port: where rows live.
 *
 * Apps call `Service` (or the functions of the same names below). Adapters implement the smaller
 * `Driver` and hand it to `make`, which adds what must be the same everywhere: transactions as a
 * stack, doom, hooks, eager loading, defaults, refusals.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Change } from "../domain/Migration.ts"
import type { Registry } from "../domain/Registry.ts"
import type { Result, Row, Statement } from "../domain/Statement.ts"
import type { ReadError, WriteError } from "./DatabaseError.ts"

export type Isolation = "read committed" | "repeatable read" | "serializable"

/** What databases may differ in. The contract tests both answers of every flag. */
export interface Capabilities {
  /** Raw SQL can be run; without it `SqlClient` and `Session.raw` are refused. */
  readonly speaksSql: boolean
  /** A change of structure is undone with its transaction. Without it a failed migration resumes. */
  readonly rollsBackSchema: boolean
  /** `regex` filters work. */
  readonly matchesRegex: boolean
  /** `icontains` and the other `i…` lookups fold letters beyond ASCII. */
  readonly foldsUnicode: boolean
  /** Row locks may `skip` what others hold. */
  readonly skipsLocked: boolean
  /** Two transactions may write at the same time; without it the second waits for the first. */
  readonly writesConcurrently: boolean
  /** The isolation levels that `transaction` takes; the first is the default. */
  readonly isolation: ReadonlyArray<Isolation>
  /** Parameters in one statement; larger batches are chunked. */
  readonly maxParameters: number
  /** Largest `precision` of a decimal field. */
  readonly maxDecimalDigits: number
}

export interface BeginOptions {
  readonly isolation?: Isolation
  readonly readOnly?: boolean
}

/** One connection, lent to one user at a time. */
export interface Session {
  readonly execute: (registry: Registry, statement: Statement) => Effect.Effect<Result, WriteError>
  /** Rows as the driver package returns them. */
  readonly raw: (
    sql: string,
    parameters: ReadonlyArray<unknown>
  ) => Effect.Effect<ReadonlyArray<Row>, WriteError>
  readonly begin: (options: BeginOptions) => Effect.Effect<void, ReadError>
  readonly commit: Effect.Effect<void, WriteError>
  readonly rollback: Effect.Effect<void, ReadError>
  readonly savepoint: (name: string) => Effect.Effect<void, ReadError>
  readonly release: (name: string) => Effect.Effect<void, ReadError>
  readonly rollbackTo: (name: string) => Effect.Effect<void, ReadError>
  /** Applies one change of structure. */
  readonly alter: (change: Change) => Effect.Effect<void, WriteError>
}

export interface Health {
  readonly ok: boolean
  readonly latencyMillis: number
  /** Connections lent at this moment, and users waiting for one. */
  readonly inUse: number
  readonly waiting: number
}

/** What an adapter writes. */
export interface Driver {
  /** The database's name for people: "SQLite", "PostgreSQL", "MariaDB", "memory". */
  readonly name: string
  readonly capabilities: Capabilities
  /**
   * Lends a session for the duration of `use`. Waiting for one is FIFO, interruptible and bounded
   * (`DatabaseUnavailable` "poolTimeout"). No Scope: this is the hot path.
   */
  readonly use: <A, E, R>(
    options: { readonly readOnly: boolean },
    use: (session: Session) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ReadError, R>
  /** The exclusive right to migrate this database, until the scope closes; others wait. */
  readonly migrationLock: Effect.Effect<void, ReadError, Scope.Scope>
  /** What `Session.alter` would run, for people to read; empty where there is no SQL. */
  readonly describe: (change: Change) => ReadonlyArray<string>
  readonly health: Effect.Effect<Health>
}
