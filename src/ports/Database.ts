/**
 * Port: where rows live.
 *
 * Apps call `Service` (or the functions of the same names below). Adapters implement the smaller
 * `Driver` and hand it to `make`, which adds what must be the same everywhere: transactions as a
 * stack, doom, hooks, eager loading, defaults, refusals.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type Expression, Handle } from "../domain/Column.ts"
import type * as Field from "../domain/Field.ts"
import type { Change } from "../domain/Migration.ts"
import * as Query from "../domain/Query.ts"
import type { Column, Entity, Registry } from "../domain/Registry.ts"
import {
  Default,
  type FieldType,
  type Predicate,
  type Result,
  type Row,
  type Select,
  type Statement,
  type Expression as StatementExpression
} from "../domain/Statement.ts"
import { canonical, refusalToCompare, refusalToStore } from "../domain/Storable.ts"
import {
  MultipleFound,
  NotFound,
  QueryFault,
  type ReadError,
  TransactionConflict,
  ValueRejected,
  type WriteError
} from "./DatabaseError.ts"
import * as Loading from "./Loading.ts"

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
type Any = Query.Rows<unknown>

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
  readonly all: <A>(query: Query.Rows<A>) => Effect.Effect<ReadonlyArray<A>, ReadError>
  /** The first row in the query's order. */
  readonly first: <A>(query: Query.Rows<A>) => Effect.Effect<Option.Option<A>, ReadError>
  /** The only row. */
  readonly one: <A>(query: Query.Rows<A>) => Effect.Effect<A, ReadError | NotFound | MultipleFound>
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
   * after a rollback. What it fails with is logged. Dies in a fiber that outlives its transaction.
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

/** Everything that the adapters share, over what one of them does. */
export const make = (driver: Driver): Service => {
  const { transaction, onCommit, detached, withSession } = transactions(driver)

  const execute = (registry: Registry, statement: Statement): Effect.Effect<Result, WriteError> => {
    const reads = statement._tag === "Select" && statement.lock === undefined
    return withSession({ readOnly: reads }, (session) => session.execute(registry, statement))
  }
  const readers = reading(driver, execute)
  const writers = writing(driver, execute, transaction, readers.count)
  return {
    name: driver.name,
    capabilities: driver.capabilities,
    ...readers,
    ...writers,
    transaction,
    onCommit,
    detached,
    withSession,
    migrationLock: driver.migrationLock,
    describe: driver.describe,
    health: driver.health
  }
}

// --- the same for programs: from the context ---------------------------------------------------------

const from = <A, E, R>(
  use: (database: Service) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Database> => Effect.flatMap(Database, use)

/** Every row that the query matches. */
export const all = <A>(
  query: Query.Rows<A>
): Effect.Effect<ReadonlyArray<A>, ReadError, Database> => from((database) => database.all(query))

/** The first row in the query's order. */
export const first = <A>(
  query: Query.Rows<A>
): Effect.Effect<Option.Option<A>, ReadError, Database> => from((database) => database.first(query))

/** The only row. */
export const one = <A>(
  query: Query.Rows<A>
): Effect.Effect<A, ReadError | NotFound | MultipleFound, Database> =>
  from((database) => database.one(query))

/** How many rows `all` would answer. */
export const count = (query: Any): Effect.Effect<number, ReadError, Database> =>
  from((database) => database.count(query))

/** Whether `all` would answer any row. */
export const exists = (query: Any): Effect.Effect<boolean, ReadError, Database> =>
  from((database) => database.exists(query))

/** Stores one row and answers it as stored: see `Service.insert`. */
export const insert = <A, M extends Query.Source>(
  table: Query.Table<A, M, any>,
  values: Field.Insert<M["fields"]>
): Effect.Effect<A, WriteError, Database> => from((database) => database.insert(table, values))

/** Stores all rows or none: see `Service.insertMany`. */
export const insertMany: {
  <A, M extends Query.Source>(
    table: Query.Table<A, M, any>,
    rows: ReadonlyArray<Field.Insert<M["fields"]>>
  ): Effect.Effect<ReadonlyArray<A>, WriteError, Database>
  <A, M extends Query.Source>(
    table: Query.Table<A, M, any>,
    rows: ReadonlyArray<Field.Insert<M["fields"]>>,
    options: { readonly returning: false }
  ): Effect.Effect<number, WriteError, Database>
} = (
  // The overloads above are those of the service.
  ...args: [any, ReadonlyArray<any>, any?]
): Effect.Effect<any, WriteError, Database> =>
  from((database) => database.insertMany(...(args as [any, ReadonlyArray<any>, any])))

/** Changes every row that the query matches and answers their number: see `Service.update`. */
export const update = <M extends Query.Source, R extends Query.Sources>(
  query: Query.Query<any, M, R>,
  changes: Changes<M["fields"]> | ((columns: Query.Columns<R, M>) => Changes<M["fields"]>)
): Effect.Effect<number, WriteError, Database> =>
  from((database) => database.update(query, changes))

const remove = (query: Any): Effect.Effect<number, WriteError, Database> =>
  from((database) => database.delete(query))

export {
  /** Deletes every row that the query matches and answers their number: see `Service.delete`. */
  remove as delete
}

/** All of the effect's writes or none: see `Service.transaction`. */
export const transaction = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: TransactionOptions
): Effect.Effect<A, E | WriteError, R | Database> =>
  from((database) => database.transaction(effect, options))

/** Runs the effect once the outermost transaction is committed: see `Service.onCommit`. */
export const onCommit = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<void, never, R | Database> => from((database) => database.onCommit(effect))

/** Runs the effect outside the current transaction, for work that outlives it. */
export const detached = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | Database> => from((database) => database.detached(effect))

/** Lends a connection: see `Service.withSession`. */
export const withSession = <A, E, R>(
  options: { readonly readOnly: boolean },
  use: (session: Session) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | ReadError, R | Database> =>
  from((database) => database.withSession(options, use))

/** Whether the database answers, and how busy its connections are. */
export const health: Effect.Effect<Health, never, Database> = from((database) => database.health)

// --- queries ---------------------------------------------------------------------------------------

type Execute = (registry: Registry, statement: Statement) => Effect.Effect<Result, WriteError>

type Readers = Pick<Service, "all" | "first" | "one" | "count" | "exists">

const reading = ({ name, capabilities }: Driver, execute: Execute): Readers => {
  // What a write can fail with, a read cannot: it stores nothing.
  const read = execute as Loading.Read
  const load = Loading.make(read, capabilities.maxParameters)

  const rows = <A>(
    { registry, loads }: Query.Rows<A>,
    select: Select
  ): Effect.Effect<ReadonlyArray<A>, ReadError> => {
    const fault = queryFault(name, capabilities, select, loads)
    // What the query's type says of its rows is what its select and loads ask for.
    return fault === undefined
      ? (load(registry, select, loads) as Effect.Effect<ReadonlyArray<any>, ReadError>)
      : Effect.fail(fault)
  }

  const output = (
    { registry, select }: Any,
    change: Partial<Select>
  ): Effect.Effect<ReadonlyArray<Row>, ReadError> => {
    const { orderBy: _order, join: _join, ...bare } = select
    const fault = queryFault(name, capabilities, bare, [])
    return fault === undefined
      ? Effect.map(read(registry, { ...bare, ...change }), (result) => result.rows)
      : Effect.fail(fault)
  }

  return {
    all: (query) => rows(query, Loading.ordered(query.registry, query.select)),
    first: (query) => {
      const select = { ...query.select, limit: Math.min(query.select.limit ?? 1, 1) }
      return Effect.map(rows(query, Loading.ordered(query.registry, select)), ([row]) =>
        Option.fromNullable(row)
      )
    },
    one: (query) => {
      // The rows of a page are those of `all`.
      const page = Loading.ordered(query.registry, query.select)
      const select = { ...page, limit: Math.min(page.limit ?? 2, 2) }
      return Effect.flatMap(rows(query, select), (found) => {
        if (found.length === 1) return Effect.succeed(found[0]!)
        return Effect.fail(
          found.length === 0
            ? new NotFound({ model: select.model })
            : new MultipleFound({ model: select.model })
        )
      })
    },
    count: (query) => {
      const { limit = Infinity, offset = 0, ...select } = query.select
      const whole = new Query.Query(query.registry, select)
      const counted = output(whole, { output: [["count", { _tag: "Aggregate", name: "count" }]] })
      return Effect.map(counted, ([row]) =>
        Math.min(Math.max((row!["count"] as number) - offset, 0), limit)
      )
    },
    exists: (query) =>
      query.select.limit === 0
        ? Effect.succeed(false)
        : Effect.map(
            output(query, {
              output: [["found", { _tag: "Literal", value: 1, type: { _tag: "Int" } }]],
              limit: 1
            }),
            (found) => found.length > 0
          )
  }
}

/** Why a query cannot be asked: found before the database sees it, and the same on all. */
const queryFault = (
  database: string,
  capabilities: Capabilities,
  select: Select,
  loads: ReadonlyArray<Query.Load>
): QueryFault | undefined => {
  const { where, orderBy = [], output = [] } = select
  let fault = where === undefined ? undefined : predicateFault(database, capabilities, where)
  for (const { by } of orderBy) fault ??= valueFault(by)
  for (const [, value] of output) fault ??= valueFault(value)
  for (const load of loads) {
    fault ??= queryFault(database, capabilities, load.select, load.loads)
  }
  return fault
}

const predicateFault = (
  database: string,
  capabilities: Capabilities,
  where: Predicate
): QueryFault | undefined => {
  switch (where._tag) {
    case "Compare":
      if (where.operator === "regex" && !capabilities.matchesRegex) {
        return new QueryFault({
          kind: "unsupported",
          reason: `${database} does not match regular expressions. Use contains or startsWith.`
        })
      }
      return valueFault(where.left) ?? valueFault(where.right)
    case "In": {
      let fault = valueFault(where.left)
      for (const value of where.values) fault ??= literalFault(where.type, value)
      return fault
    }
    case "InQuery":
      return valueFault(where.left) ?? queryFault(database, capabilities, where.query, [])
    case "IsNull":
      return valueFault(where.operand)
    case "And":
    case "Or": {
      let fault: QueryFault | undefined
      for (const p of where.of) fault ??= predicateFault(database, capabilities, p)
      return fault
    }
    case "Not":
      return predicateFault(database, capabilities, where.operand)
    case "Some":
      return where.where && predicateFault(database, capabilities, where.where)
  }
}

const valueFault = (value: StatementExpression): QueryFault | undefined => {
  switch (value._tag) {
    case "Literal":
      return literalFault(value.type, value.value)
    case "Arithmetic":
      return valueFault(value.left) ?? valueFault(value.right)
    case "Call": {
      let fault: QueryFault | undefined
      for (const arg of value.args) fault ??= valueFault(arg)
      return fault
    }
    default:
      return undefined
  }
}

const literalFault = (type: FieldType, value: unknown): QueryFault | undefined => {
  const refusal = refusalToCompare(type, value)
  return refusal === undefined
    ? undefined
    : new QueryFault({
        kind: "value",
        reason: `a value in the query cannot be compared with a ${type._tag} field: ${refusal}.`
      })
}

// --- writes ----------------------------------------------------------------------------------------

type Writers = Pick<Service, "insert" | "insertMany" | "update" | "delete">

type Values = Readonly<Record<string, unknown>>

const writing = (
  { name, capabilities }: Driver,
  execute: Execute,
  transaction: Service["transaction"],
  count: Service["count"]
): Writers => {
  const decode = Loading.decodeRows

  const store = (
    { registry, select: { model } }: Any,
    rows: ReadonlyArray<Values>,
    returning: boolean
  ): Effect.Effect<Result, WriteError> => {
    if (rows.length === 0) return Effect.succeed({ rows: [], affected: 0 })
    const entity = registry.entities.get(model)!
    return Effect.clockWith((clock) => {
      const columns = columnsToInsert(entity, rows)
      const now = clock.unsafeCurrentTimeMillis()
      const stored: Array<ReadonlyArray<unknown>> = []
      for (const row of rows) {
        const fault = unknownKey(entity, row)
        if (fault !== undefined) return Effect.fail(fault)
        const values: Array<unknown> = []
        for (const column of columns) {
          const value = toStore(entity, column, valueToInsert(column, row, now))
          if (value instanceof ValueRejected) return Effect.fail(value)
          values.push(value)
        }
        stored.push(values)
      }
      const keys = columns.map(({ key }) => key)
      const insert = (rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
        execute(registry, { _tag: "Insert", model, columns: keys, rows, returning })
      const perStatement = Math.max(1, Math.floor(capabilities.maxParameters / keys.length))
      const all =
        stored.length <= perStatement
          ? insert(stored)
          : Effect.map(
              transaction(Effect.forEach(chunksOf(stored, perStatement), insert)),
              (results): Result => ({
                rows: results.flatMap((result) => result.rows),
                affected: results.reduce((sum, result) => sum + result.affected, 0)
              })
            )
      return returning ? Effect.tap(all, (result) => decode(registry, model, result.rows)) : all
    })
  }

  /** Changed rows are found by their filter alone. */
  const narrowed = (operation: string, { select, loads }: Any): QueryFault | undefined => {
    const { _tag, model: _model, where: _where, ...rest } = select
    const extra = [...Object.keys(rest), ...(loads.length > 0 ? ["with"] : [])]
    return extra.length > 0
      ? new QueryFault({
          kind: "unsupported",
          reason: `Database.${operation} takes a query with filters alone, and this one has ${extra.join(", ")}.`
        })
      : queryFault(name, capabilities, select, loads)
  }

  return {
    insert: (table, values) =>
      // One row in, one row out, of the type that the table names.
      Effect.map(store(table, [values], true), ({ rows }) => rows[0] as any),

    insertMany: (
      table: Any,
      rows: ReadonlyArray<Values>,
      options?: { readonly returning: false }
    ): Effect.Effect<any, WriteError> =>
      options === undefined
        ? Effect.map(store(table, rows, true), (result) => result.rows)
        : Effect.map(store(table, rows, false), (result) => result.affected),

    update: (query, changes) => {
      const { registry, select } = query
      const { model, where } = select
      const fault = narrowed("update", query)
      if (fault !== undefined) return Effect.fail(fault)
      const entity = registry.entities.get(model)!
      const given: Values =
        // A record of changes is no function.
        typeof changes === "function" ? changes(Query.columnsOf(registry, model) as never) : changes
      return Effect.clockWith((clock) => {
        const set = toSet(entity, given, clock.unsafeCurrentTimeMillis())
        if ("_tag" in set) return Effect.fail(set)
        if (set.length === 0) return count(query)
        const update = {
          _tag: "Update",
          model,
          set,
          ...(where === undefined ? {} : { where })
        } as const
        return Effect.map(execute(registry, update), (result) => result.affected)
      })
    },

    delete: (query) => {
      const { model, where } = query.select
      const fault = narrowed("delete", query)
      return fault === undefined
        ? Effect.map(
            execute(query.registry, {
              _tag: "Delete",
              model,
              ...(where === undefined ? {} : { where })
            }),
            (result) => result.affected
          )
        : Effect.fail(fault)
    }
  }
}

/** Every column that is not the database's to make, so that all inserts of a model look alike. */
const columnsToInsert = (entity: Entity, rows: ReadonlyArray<Values>): ReadonlyArray<Column> => {
  const { columns, identity } = entity
  const given = columns.filter(
    ({ key }) => key !== identity || rows.some((row) => row[key] !== undefined)
  )
  return given.length === 0 ? columns : given
}

const valueToInsert = (column: Column, row: Values, now: number): unknown => {
  const given = row[column.key]
  if (given !== undefined) return given
  switch (column.default?._tag) {
    case "Value":
      return column.default.value
    case "Made":
      return column.default.make(now)
    case "Identity":
      return Default
    case undefined:
      return null
  }
}

const unknownKey = (entity: Entity, values: Values): QueryFault | undefined => {
  for (const key in values) {
    if (!entity.byKey.has(key)) {
      return new QueryFault({
        kind: "schema",
        reason: `${entity.name} has no field "${key}". It has: ${[...entity.byKey.keys()].join(", ")}.`
      })
    }
  }
  return undefined
}

/** The value as drivers receive it. */
const toStore = (entity: Entity, column: Column, value: unknown): unknown => {
  if (value === null || value === Default) return value
  const rejected = (reason: string, cause?: unknown) =>
    new ValueRejected({
      model: entity.name,
      fields: [column.key],
      reason,
      early: true,
      ...(cause === undefined ? {} : { cause })
    })
  let stored: unknown = value
  if (column.schema !== undefined) {
    const encoded = ParseResult.encodeUnknownEither(column.schema)(value)
    if (Either.isLeft(encoded)) {
      return rejected("it does not match the field's schema", encoded.left)
    }
    stored = encoded.right
    // A column could not tell it from NULL, nor a reader from a row without a value.
    if (stored === null) return rejected("its JSON is null")
  }
  const refusal = refusalToStore(column.type, stored)
  if (refusal !== undefined) return rejected(refusal)
  if (column.check !== undefined) {
    const checked = ParseResult.validateEither(column.check)(value)
    if (Either.isLeft(checked)) return rejected("it does not meet the field's check", checked.left)
  }
  return canonical(column.type, stored)
}

type Assignment = readonly [column: string, value: StatementExpression]

const toSet = (
  entity: Entity,
  changes: Values,
  now: number
): ReadonlyArray<Assignment> | QueryFault | ValueRejected => {
  const fault = unknownKey(entity, changes)
  if (fault !== undefined) return fault
  const set: Array<Assignment> = []
  for (const column of entity.columns) {
    const { key, type } = column
    let change: unknown = changes[key]
    if (change === undefined) {
      // Only what is to be made anew; a field that nobody mentions stays as it is.
      if (!column.touch || column.default?._tag !== "Made") continue
      change = column.default.make(now)
    }
    if (change instanceof Handle) {
      const fault = valueFault(change.ast) ?? tooFine(entity, column, change)
      if (fault !== undefined) return fault
      set.push([key, change.ast])
      continue
    }
    const value = toStore(entity, column, change)
    if (value instanceof ValueRejected) return value
    set.push([key, { _tag: "Literal", value, type }])
  }
  return set
}

/** Some databases would round what is calculated, some refuse it, some keep it: none is asked. */
const tooFine = (
  entity: Entity,
  { key, type }: Column,
  { ast, type: calculated }: Handle
): ValueRejected | undefined => {
  if (type._tag !== "Decimal" || calculated._tag !== "Decimal") return undefined
  return Math.max(calculated.scale, literalDigits(ast)) <= type.scale
    ? undefined
    : new ValueRejected({
        model: entity.name,
        fields: [key],
        reason: `it is calculated from more than ${type.scale} digits after the point`,
        early: true
      })
}

/** The most digits after the point that a literal of a sum has. */
const literalDigits = (e: StatementExpression): number => {
  switch (e._tag) {
    case "Literal":
      return BigDecimal.isBigDecimal(e.value) ? BigDecimal.normalize(e.value).scale : 0
    case "Arithmetic":
      return Math.max(literalDigits(e.left), literalDigits(e.right))
    default:
      return 0
  }
}

const chunksOf = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> => {
  const chunks: Array<ReadonlyArray<A>> = []
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size))
  return chunks
}

// --- transactions --------------------------------------------------------------------------------

/** An open transaction, or a savepoint within one. */
interface Level {
  readonly session: Session
  readonly readOnly: boolean
  /** One statement, or one nested level, at a time: savepoints are a stack. */
  readonly turns: Turns
  readonly savepoints: { count: number }
  readonly hooks: Array<Effect.Effect<void>>
  /** The failure after which nothing of this level may be kept. */
  doomedBy: WriteError | undefined
  closed: boolean
}

const levelOn = (session: Session, readOnly: boolean, savepoints = { count: 0 }): Level => ({
  session,
  readOnly,
  turns: new Turns(),
  savepoints,
  hooks: [],
  doomedBy: undefined,
  closed: false
})

type Transactions = Pick<Service, "transaction" | "onCommit" | "detached" | "withSession">

const transactions = (driver: Driver): Transactions => {
  // One for each database, so that two never mix. What a child fiber has is its own affair.
  const current = FiberRef.unsafeMake<Level | undefined>(undefined, { join: (parent) => parent })

  const withSession: Service["withSession"] = (options, use) =>
    Effect.withFiberRuntime((fiber) => {
      const level = fiber.getFiberRef(current)
      return level === undefined
        ? driver.use(options, use)
        : level.turns.take(withinLevel(level, options.readOnly, use))
    })

  const withinLevel = <A, E, R>(
    level: Level,
    readOnly: boolean,
    use: (session: Session) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | ReadError, R> =>
    Effect.suspend((): Effect.Effect<A, E | ReadError, R> => {
      const refused = refusalOf(level)
      if (refused !== undefined) return Effect.fail(refused)
      if (level.readOnly && !readOnly) {
        return Effect.fail(
          new QueryFault({
            kind: "readOnly",
            reason:
              "this transaction is read-only. Write outside of it, or begin it without readOnly."
          })
        )
      }
      return Effect.onError(use(level.session), (cause) => Effect.sync(() => doom(level, cause)))
    })

  /** Waits for the statement that a child fiber may still be running; later ones are refused. */
  const close = (level: Level): Effect.Effect<void> =>
    level.turns.take(Effect.sync(() => void (level.closed = true)))

  const outermost = <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: TransactionOptions
  ): Effect.Effect<Attempt<A, E | WriteError>, ReadError, R> =>
    driver.use({ readOnly: options.readOnly === true }, (session) =>
      Effect.uninterruptibleMask((restore) => {
        const level = levelOn(session, options.readOnly === true)
        const begin = Effect.onError(restore(session.begin(options)), () =>
          Effect.ignore(session.rollback)
        )
        const body = Effect.exit(restore(Effect.locally(effect, current, level)))
        return Effect.matchCauseEffect(begin, {
          onFailure: (cause) => Effect.succeed(attemptOf(level, Exit.failCause(cause))),
          onSuccess: () =>
            Effect.flatMap(body, (exit) => Effect.zipRight(close(level), end(level, exit)))
        })
      })
    )

  /** COMMIT for a success that may be kept, ROLLBACK for everything else. */
  const end = <A, E>(
    level: Level,
    exit: Exit.Exit<A, E>
  ): Effect.Effect<Attempt<A, E | WriteError>> => {
    const { session, doomedBy } = level
    if (Exit.isSuccess(exit) && doomedBy === undefined) {
      return Effect.matchCauseEffect(session.commit, {
        // A COMMIT fails for deferred checks and for serialization; some databases then leave the
        // transaction open.
        onFailure: (cause) =>
          Effect.as(Effect.ignore(session.rollback), attemptOf(level, Exit.failCause(cause))),
        onSuccess: () => Effect.succeed(attemptOf(level, exit))
      })
    }
    const rollback = Effect.catchAllCause(session.rollback, (cause) =>
      // The driver has given the connection up; what led here is what the caller must see.
      Effect.logDebug("Database: a ROLLBACK failed", cause)
    )
    return Effect.as(rollback, attemptOf(level, notCommitted(exit, doomedBy)))
  }

  const nested = <A, E, R>(
    parent: Level,
    effect: Effect.Effect<A, E, R>,
    options: TransactionOptions
  ): Effect.Effect<A, E | WriteError, R> => {
    if (options.isolation !== undefined) {
      return Effect.fail(
        new QueryFault({
          kind: "unsupported",
          reason: "the outermost transaction chooses the isolation. Ask for it there."
        })
      )
    }
    const whole = Effect.uninterruptibleMask((restore) => {
      const refused = refusalOf(parent)
      if (refused !== undefined) return Effect.fail(refused)
      const { session, savepoints } = parent
      const name = `portico_${++savepoints.count}`
      const level = levelOn(session, parent.readOnly || options.readOnly === true, savepoints)
      const doomParent = (cause: Cause.Cause<WriteError>) => Effect.sync(() => doom(parent, cause))
      const undo = Effect.zipRight(session.rollbackTo(name), session.release(name))
      const body = Effect.exit(restore(Effect.locally(effect, current, level)))
      const settle = (exit: Exit.Exit<A, E>): Effect.Effect<A, E | WriteError> => {
        const { doomedBy } = level
        if (Exit.isSuccess(exit) && doomedBy === undefined) {
          return Effect.map(Effect.onError(session.release(name), doomParent), () => {
            parent.hooks.push(...level.hooks)
            return exit.value
          })
        }
        const result = notCommitted(exit, doomedBy)
        if (doomedBy !== undefined && endsTransaction(doomedBy)) {
          parent.doomedBy ??= doomedBy
          return result
        }
        return Effect.zipRight(Effect.ignore(Effect.onError(undo, doomParent)), result)
      }
      return Effect.zipRight(
        Effect.onError(session.savepoint(name), doomParent),
        Effect.flatMap(body, (exit) => Effect.zipRight(close(level), settle(exit)))
      )
    })
    return parent.turns.take(whole)
  }

  const transaction = <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: TransactionOptions = {}
  ): Effect.Effect<A, E | WriteError, R> =>
    Effect.withFiberRuntime((fiber) => {
      const level = fiber.getFiberRef(current)
      if (level !== undefined) return nested(level, effect, options)
      const { isolation, retry = 0 } = options
      const { isolation: known } = driver.capabilities
      if (isolation !== undefined && !known.includes(isolation)) {
        return Effect.fail(
          new QueryFault({
            kind: "unsupported",
            reason: `${driver.name} has no isolation "${isolation}". It has: ${known.join(", ")}.`
          })
        )
      }
      const attempt = (number: number): Effect.Effect<A, E | WriteError, R> =>
        Effect.flatMap(outermost(effect, options), ({ exit, hooks, conflicted }) => {
          if (conflicted && number < retry) {
            return Effect.zipRight(
              pause(number),
              Effect.suspend(() => attempt(number + 1))
            )
          }
          return Exit.isFailure(exit) || hooks.length === 0
            ? exit
            : Effect.zipRight(
                Effect.forEach(hooks, (hook) => hook, { discard: true }),
                exit
              )
        })
      return attempt(0)
    })

  const onCommit: Service["onCommit"] = (effect) => {
    const hook = Effect.asVoid(
      Effect.catchAllCause(effect, (cause) =>
        Effect.logError("Database.onCommit: the effect failed after the commit", cause)
      )
    )
    return Effect.withFiberRuntime((fiber) => {
      const level = fiber.getFiberRef(current)
      if (level === undefined) return hook
      // Nobody would run it any more, and dropping it would not be noticed.
      if (level.closed) return Effect.die(closed())
      return Effect.contextWith((context) => {
        level.hooks.push(Effect.provide(hook, context))
      })
    })
  }

  const detached: Service["detached"] = (effect) => Effect.locally(effect, current, undefined)

  return { transaction, onCommit, detached, withSession }
}

/** How an attempt at a transaction ended. */
interface Attempt<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly hooks: ReadonlyArray<Effect.Effect<void>>
  /** Another transaction was in the way, even if the effect made something else of that failure. */
  readonly conflicted: boolean
}

const attemptOf = <A, E>(level: Level, exit: Exit.Exit<A, E>): Attempt<A, E> => ({
  exit,
  hooks: level.hooks,
  conflicted:
    Exit.isFailure(exit) &&
    (level.doomedBy instanceof TransactionConflict ||
      Chunk.some(Cause.failures(exit.cause), (error) => error instanceof TransactionConflict))
})

// Milliseconds: 10, 20, 40 … up to a second, each between half and one and a half times as long, so
// that two transactions that met do not meet again.
const pause = (attempt: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (random) =>
    Effect.sleep(Duration.millis(Math.min(10 * 2 ** attempt, 1000) * (0.5 + random)))
  )

const refusalOf = (level: Level): QueryFault | undefined => {
  if (level.closed) return closed()
  return level.doomedBy === undefined ? undefined : aborted(level.doomedBy)
}

const closed = (): QueryFault =>
  new QueryFault({
    kind: "closed",
    reason:
      "the transaction of this fiber has ended. Run work that outlives it with Database.detached."
  })

const aborted = (cause: WriteError): QueryFault =>
  new QueryFault({
    kind: "aborted",
    reason:
      "an earlier statement of this transaction failed, so nothing of it can be kept. " +
      "Put what may fail into a nested Database.transaction.",
    cause
  })

const notCommitted = <A, E>(
  exit: Exit.Exit<A, E>,
  doomedBy: WriteError | undefined
): Exit.Exit<A, E | WriteError> => {
  if (Exit.isFailure(exit) || doomedBy === undefined) return exit
  // A success over a swallowed failure must not look like a commit.
  return Exit.fail(
    doomedBy._tag === "TransactionConflict" || doomedBy._tag === "DatabaseUnavailable"
      ? doomedBy
      : aborted(doomedBy)
  )
}

const doom = (level: Level, cause: Cause.Cause<unknown>): void => {
  const error = Option.getOrUndefined(Cause.failureOption(cause))
  if (error instanceof ValueRejected && error.early) return
  level.doomedBy ??= isWriteError(error)
    ? error
    : new QueryFault({ kind: "unknown", reason: "a statement was interrupted or failed.", cause })
}

const writeErrors: ReadonlySet<unknown> = new Set<WriteError["_tag"]>([
  "TransactionConflict",
  "DatabaseUnavailable",
  "QueryFault",
  "UniqueViolation",
  "ForeignKeyViolation",
  "NotNullViolation",
  "CheckViolation",
  "ValueRejected"
])

const isWriteError = (error: unknown): error is WriteError =>
  typeof error === "object" && error !== null && "_tag" in error && writeErrors.has(error._tag)

/** The database has ended the whole transaction: no savepoint is left to go back to. */
const endsTransaction = (error: WriteError): boolean =>
  (error._tag === "TransactionConflict" && error.killsTransaction) ||
  (error._tag === "DatabaseUnavailable" && error.kind !== "statementTimeout")

/**
 * One at a time, in the order of asking. Costs no fiber and no scope, which `Effect.Semaphore` would
 * on each statement of each transaction.
 */
class Turns {
  #taken = false
  readonly #waiting = new Set<{ granted: boolean; wake: () => void }>()

  readonly #pass = () =>
    Effect.sync(() => {
      for (const next of this.#waiting) {
        this.#waiting.delete(next)
        next.granted = true
        next.wake()
        return
      }
      this.#taken = false
    })

  take<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) => {
      const run = Effect.onExit(restore(effect), this.#pass)
      if (!this.#taken) {
        this.#taken = true
        return run
      }
      const turn = { granted: false, wake: () => {} }
      this.#waiting.add(turn)
      const wait = Effect.async<void>((resume) => {
        if (turn.granted) resume(Effect.void)
        else turn.wake = () => resume(Effect.void)
      })
      return Effect.zipRight(
        // A turn that comes together with the interruption is passed on.
        Effect.onError(restore(wait), () =>
          turn.granted ? this.#pass() : Effect.sync(() => this.#waiting.delete(turn))
        ),
        run
      )
    })
  }
}
