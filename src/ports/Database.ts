/**
 * Port: where rows live.
 *
 * Apps call `Service` (or the functions of the same names below). Adapters implement the smaller
 * `Driver` and hand it to `make`, which adds what must be the same everywhere: transactions as a
 * stack, doom, hooks, eager loading, defaults, refusals.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Expression } from "../domain/Column.ts"
import type * as Field from "../domain/Field.ts"
import type { Change } from "../domain/Migration.ts"
import type * as Query from "../domain/Query.ts"
import type { Registry } from "../domain/Registry.ts"
import type { Result, Row, Statement } from "../domain/Statement.ts"
import type { MultipleFound, NotFound, ReadError, WriteError } from "./DatabaseError.ts"

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

export interface TransactionOptions extends BeginOptions {
  /** How often the whole is tried again after a `TransactionConflict`; 0 unless said otherwise. */
  readonly retry?: number
}

/** Any query; what it answers is read from the type of the parameter that it is given to. */
type Any = Query.Query<any, any, any>

/** What an update sets: values, or expressions over the row as it was. */
export type Changes<F extends Field.Fields> = {
  readonly [K in keyof Field.Changeable<F>]?:
    | Field.Changeable<F>[K]
    | Expression<Field.Changeable<F>[K]>
    | undefined
}

export interface Service {
  /** The database's name for people: "SQLite", "PostgreSQL", "MariaDB", "memory". */
  readonly name: string
  readonly capabilities: Capabilities
  /** Every row that the query matches. */
  readonly all: <A>(query: Query.Query<A, any, any>) => Effect.Effect<ReadonlyArray<A>, ReadError>
  /** The first row in the query's order. */
  readonly first: <A>(query: Query.Query<A, any, any>) => Effect.Effect<Option.Option<A>, ReadError>
  /** The only row. */
  readonly one: <A>(
    query: Query.Query<A, any, any>
  ) => Effect.Effect<A, ReadError | NotFound | MultipleFound>
  /** How many rows `all` would answer. */
  readonly count: (query: Any) => Effect.Effect<number, ReadError>
  /** Whether `all` would answer any row. */
  readonly exists: (query: Any) => Effect.Effect<boolean, ReadError>
  /** Stores one row and answers it as stored, with what the defaults made. */
  readonly insert: <A, M extends Query.Source>(
    table: Query.Table<A, M, any>,
    values: Field.Insert<M["fields"]>
  ) => Effect.Effect<A, WriteError>
  /**
   * Stores all rows or none and answers them in the order given, or with `returning: false` only
   * their number. Each row has its own keys.
   */
  readonly insertMany: {
    <A, M extends Query.Source>(
      table: Query.Table<A, M, any>,
      rows: ReadonlyArray<Field.Insert<M["fields"]>>
    ): Effect.Effect<ReadonlyArray<A>, WriteError>
    <A, M extends Query.Source>(
      table: Query.Table<A, M, any>,
      rows: ReadonlyArray<Field.Insert<M["fields"]>>,
      options: { readonly returning: false }
    ): Effect.Effect<number, WriteError>
  }
  /**
   * Changes every row that the query matches and answers their number, also of those that had the
   * value already. Fails `unsupported` for a query with an order, a limit or loaded relations.
   */
  readonly update: <M extends Query.Source, R extends Query.Sources>(
    query: Query.Query<any, M, R>,
    changes: Changes<M["fields"]> | ((columns: Query.Columns<R, M>) => Changes<M["fields"]>)
  ) => Effect.Effect<number, WriteError>
  /**
   * Deletes every row that the query matches and answers their number, without those that cascades
   * delete. Fails `unsupported` for a query with an order, a limit or loaded relations.
   */
  readonly delete: (query: Any) => Effect.Effect<number, WriteError>
  /**
   * All of the effect's writes or none. Within another transaction: a savepoint, whose failure
   * leaves the outer one usable. A statement that fails dooms its level: what follows fails
   * `aborted`, and so does the whole if the failure was swallowed.
   */
  readonly transaction: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: TransactionOptions
  ) => Effect.Effect<A, E | WriteError, R>
  /**
   * Runs the effect once the outermost transaction is committed, at once outside of one, never
   * after a rollback. What it fails with is logged.
   */
  readonly onCommit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<void, never, R>
  /** Runs the effect outside the current transaction, for work that outlives it. */
  readonly detached: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Lends the connection of the current transaction, or one from the pool, for the duration of
   * `use`: for adapters and migrations that speak to it directly. In a transaction `use` counts as
   * one statement: others wait for it, and its failure dooms the level.
   */
  readonly withSession: <A, E, R>(
    options: { readonly readOnly: boolean },
    use: (session: Session) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | ReadError, R>
  /** The exclusive right to migrate this database, until the scope closes; others wait. */
  readonly migrationLock: Effect.Effect<void, ReadError, Scope.Scope>
  /** What `Session.alter` would run, for people to read; empty where there is no SQL. */
  readonly describe: (change: Change) => ReadonlyArray<string>
  readonly health: Effect.Effect<Health>
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

export class Database extends Context.Tag("portico/ports/Database")<Database, Service>() {}
