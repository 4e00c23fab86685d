/**
 * A database in the program's own memory, gone when it ends: for tests, for trying things out, and
 * as the reference for what the other adapters must do. One writer at a time, while readers see what
 * is committed. Tables come into being when they are first used.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type { Change, Json, KeyState } from "../../domain/Migration.ts"
import type { Entity, Registry } from "../../domain/Registry.ts"
import type { FieldType, Result, Statement } from "../../domain/Statement.ts"
import {
  type Capabilities,
  Database,
  type Driver,
  make as makeService,
  type Service,
  type Session
} from "../../ports/Database.ts"
import {
  DatabaseUnavailable,
  NotNullViolation,
  QueryFault,
  UniqueViolation,
  type WriteError
} from "../../ports/DatabaseError.ts"
import { Gate } from "./internal/gate.ts"
import * as Interpreter from "./internal/interpreter.ts"

export const capabilities: Capabilities = {
  speaksSql: false,
  rollsBackSchema: true,
  matchesRegex: true,
  foldsUnicode: false,
  skipsLocked: false,
  writesConcurrently: false,
  isolation: ["serializable"],
  // Nothing is sent anywhere. Few, so that tests meet the batches that other databases make.
  maxParameters: 1_000,
  // More than any other database has (PostgreSQL: 1000 declared digits, manual 8.1.2).
  maxDecimalDigits: 1000
}

/** How long a writer waits for the one before it, in milliseconds. */
const maxWaitMillis = 5_000

interface State {
  /** What readers see. */
  committed: Interpreter.Tables
  /** The one writer's permit. */
  readonly writer: Gate
  readonly migrator: Gate
  /** Every model that was ever asked for, by table. */
  readonly entities: Map<string, Entity>
  readonly registries: WeakSet<Registry>
  /** The last number given out, by table. As in other databases, a rollback does not give it back. */
  readonly identities: Map<string, number>
  readers: number
}

/** The adapter's own part, for decorators that stand between it and the port. */
export const driver = (): Driver => {
  const state: State = {
    committed: new Map(),
    writer: new Gate(1),
    migrator: new Gate(1),
    entities: new Map(),
    registries: new WeakSet(),
    identities: new Map(),
    readers: 0
  }
  return {
    name: "memory",
    capabilities,
    use: ({ readOnly }, use) =>
      Effect.uninterruptibleMask((restore) => {
        const lend = Effect.suspend(() => use(sessionOf(state, readOnly)))
        if (!readOnly) {
          return state.writer.whenTaken(restore, maxWaitMillis, tooLate, () =>
            Effect.ensuring(restore(lend), Effect.sync(state.writer.release))
          )
        }
        state.readers++
        return Effect.ensuring(
          restore(lend),
          Effect.sync(() => state.readers--)
        )
      }),
    migrationLock: Effect.uninterruptibleMask((restore) =>
      state.migrator.whenTaken(restore, Infinity, tooLate, () =>
        Effect.addFinalizer(() => Effect.sync(state.migrator.release))
      )
    ),
    describe: () => [],
    health: Effect.sync(() => ({
      ok: true,
      latencyMillis: 0,
      inUse: state.readers + state.writer.inUse,
      waiting: state.writer.waiting
    }))
  }
}

const tooLate = () => new DatabaseUnavailable({ kind: "poolTimeout", phase: "acquire" })

/** What was kept when a savepoint was set. */
interface Savepoint {
  readonly name: string
  readonly tables: Interpreter.Tables
}

const sessionOf = (state: State, readOnly: boolean): Session => {
  /** What the open transaction sees; undefined outside of one. */
  let own: Interpreter.Tables | undefined
  let savepoints: ReadonlyArray<Savepoint> = []

  const tables = () => own ?? state.committed
  const keep = (next: Interpreter.Tables) => {
    if (own === undefined) state.committed = next
    else own = next
  }
  const end = () => {
    own = undefined
    savepoints = []
  }
  const back = (name: string): number => {
    const index = savepoints.findLastIndex((savepoint) => savepoint.name === name)
    if (index >= 0) return index
    throw new QueryFault({ kind: "syntax", reason: `there is no savepoint "${name}".` })
  }

  const execute = (registry: Registry, statement: Statement): Result => {
    remember(state, registry)
    if (statement._tag === "Select") {
      if (statement.lock?.wait === "skip") {
        throw new QueryFault({
          kind: "unsupported",
          reason: "memory locks no single rows. Leave the lock out: a transaction has the database."
        })
      }
      const rows = Interpreter.select(registry, tables(), statement)
      return { rows, affected: 0 }
    }
    if (readOnly) {
      throw new QueryFault({ kind: "readOnly", reason: "this session only reads." })
    }
    const {
      tables: next,
      rows,
      affected
    } = write(
      {
        registry,
        tables: tables(),
        entities: [...state.entities.values()],
        identity: (table, given) => nextIdentity(state, table, given)
      },
      statement
    )
    keep(next)
    return { rows, affected }
  }

  return {
    execute: (registry, statement) => attempt(() => execute(registry, statement)),
    raw: () =>
      Effect.fail(
        new QueryFault({
          kind: "unsupported",
          reason: "memory speaks no SQL. Use queries, or choose a SQL adapter."
        })
      ),
    begin: () => Effect.sync(() => void (own = state.committed)),
    commit: Effect.sync(() => {
      if (own !== undefined && !readOnly) state.committed = own
      end()
    }),
    rollback: Effect.sync(end),
    savepoint: (name) =>
      Effect.sync(() => void (savepoints = [...savepoints, { name, tables: tables() }])),
    release: (name) => attempt(() => void (savepoints = savepoints.slice(0, back(name)))),
    rollbackTo: (name) =>
      attempt(() => {
        const index = back(name)
        keep(savepoints[index]!.tables)
        savepoints = savepoints.slice(0, index + 1)
      }),
    alter: (change) => attempt(() => keep(altered(tables(), change)))
  }
}

const write = (writing: Interpreter.Writing, statement: Exclude<Statement, { _tag: "Select" }>) => {
  switch (statement._tag) {
    case "Insert":
      return Interpreter.insert(writing, statement)
    case "Update":
      return Interpreter.update(writing, statement)
    case "Delete":
      return Interpreter.delete(writing, statement)
  }
}

const remember = (state: State, registry: Registry): void => {
  if (state.registries.has(registry)) return
  state.registries.add(registry)
  for (const entity of registry.entities.values()) state.entities.set(entity.table, entity)
}

const nextIdentity = ({ identities }: State, table: string, given: number | undefined): number => {
  const last = identities.get(table) ?? 0
  const next = given ?? last + 1
  identities.set(table, Math.max(last, next))
  return next
}

/** Runs what may throw one of the port's errors; anything else is a defect of this adapter. */
const attempt = <A, E extends WriteError = never>(run: () => A): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(run())
    } catch (error) {
      // What has a tag was thrown as one of the port's errors.
      return Predicate.hasProperty(error, "_tag") ? Effect.fail(error as E) : Effect.die(error)
    }
  })

// --- changes of structure --------------------------------------------------------------------------

const altered = (tables: Interpreter.Tables, change: Change): Interpreter.Tables => {
  switch (change._tag) {
    case "CreateTable": {
      const { name } = change.table
      return tables.has(name) ? tables : new Map(tables).set(name, new Interpreter.Table([]))
    }
    case "DropTable":
      return new Map([...tables].filter(([name]) => name !== change.table.name))
    case "AddColumn": {
      const { table, column, uniques = [] } = change
      const value = column.default === undefined ? null : stored(column.type, column.default)
      const rows = rowsOf(tables, table).map((row) => ({ ...row, [column.name]: value }))
      if (rows.length > 0 && value === null && column.nullable !== true) {
        throw new NotNullViolation({ model: table, fields: [column.name] })
      }
      for (const unique of uniques) mustDiffer(table, rows, unique)
      return new Map(tables).set(table, new Interpreter.Table(rows))
    }
    case "DropColumn": {
      const rows = rowsOf(tables, change.table).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => name !== change.column.name))
      )
      return new Map(tables).set(change.table, new Interpreter.Table(rows))
    }
    case "AddUnique":
      mustDiffer(change.table, rowsOf(tables, change.table), change.unique)
      return tables
    // The models of the statements say what is unique and what is indexed.
    case "DropUnique":
    case "AddIndex":
    case "DropIndex":
      return tables
  }
}

const rowsOf = (tables: Interpreter.Tables, table: string) => tables.get(table)?.rows ?? []

const mustDiffer = (
  table: string,
  rows: ReadonlyArray<Interpreter.Stored>,
  { name, columns }: KeyState
): void => {
  const seen = new Set<string>()
  for (const row of rows) {
    const values = columns.map((column) => row[column] ?? null)
    if (values.includes(null)) continue
    const key = JSON.stringify(values.map((value) => String(Interpreter.keyOf(value))))
    if (seen.has(key))
      throw new UniqueViolation({ model: table, fields: columns, constraint: name })
    seen.add(key)
  }
}

/** A default, which migrations write as JSON (see `ColumnState.default`), as rows hold it. */
const stored = (type: FieldType, value: Json): unknown => {
  switch (type._tag) {
    case "BigInt":
      return BigInt(value as string)
    case "Decimal":
      return BigDecimal.unsafeFromString(value as string)
    case "Instant":
      return DateTime.unsafeMake(value as string)
    case "Bytes":
      return Encoding.decodeHex(value as string).pipe(Either.getOrThrow)
    case "Json":
      return JSON.stringify(value)
    default:
      return value
  }
}

/** A new, empty database. */
export const make: Effect.Effect<Service> = Effect.sync(() => makeService(driver()))

/** An empty database each time the layer is built. */
export const layer: Layer.Layer<Database> = Layer.effect(Database, make)
