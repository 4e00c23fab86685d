/**
 * The Database contract must catch wrong databases: the memory adapter with one behaviour broken at a
 * time. The snapshot says which clauses each one breaks; together they break every clause.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import { BigDecimal, DateTime, Effect, Exit, Fiber, Layer } from "effect"
import { contract } from "../../contracts/DatabaseContract.ts"
import { run } from "../../contracts/run.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import type { Column, Entity, Registry, Relation } from "../../src/domain/Registry.ts"
import type {
  Expression,
  FieldType,
  Order,
  Predicate,
  Result,
  Row,
  Select,
  Statement
} from "../../src/domain/Statement.ts"
import { Database, type Driver, make, type Session } from "../../src/ports/Database.ts"
import {
  CheckViolation,
  ForeignKeyViolation,
  NotNullViolation,
  QueryFault,
  UniqueViolation,
  type WriteError
} from "../../src/ports/DatabaseError.ts"

type Sabotage = (driver: Driver) => Driver

// --- ways to be wrong ------------------------------------------------------------------------------

const onSession =
  (change: (session: Session) => Session): Sabotage =>
  (driver) => ({
    ...driver,
    use: (options, use) => driver.use(options, (session) => use(change(session)))
  })

/** The session executes another statement than it is given. */
const misreads = (change: (statement: Statement) => Statement): Sabotage =>
  onSession((session) => ({
    ...session,
    execute: (registry, statement) => session.execute(registry, change(statement))
  }))

const misreadsSelect = (change: (select: Select) => Select): Sabotage =>
  misreads((statement) => (statement._tag === "Select" ? change(statement) : statement))

/** The session answers something else than it found. */
const answers = (change: (result: Result, statement: Statement) => Result): Sabotage =>
  onSession((session) => ({
    ...session,
    execute: (registry, statement) =>
      Effect.map(session.execute(registry, statement), (result) => change(result, statement))
  }))

const answersRows = (
  change: (rows: ReadonlyArray<Row>, statement: Statement) => ReadonlyArray<Row>
): Sabotage => answers((result, statement) => ({ ...result, rows: change(result.rows, statement) }))

/** The database enforces other models than the program's. */
const enforces = (change: (entity: Entity) => Entity): Sabotage => {
  const changed = new WeakMap<Registry, Registry>()
  return onSession((session) => ({
    ...session,
    execute: (registry, statement) => {
      let other = changed.get(registry)
      if (other === undefined) {
        other = {
          entities: new Map([...registry.entities].map(([name, entity]) => [name, change(entity)]))
        }
        changed.set(registry, other)
      }
      return session.execute(other, statement)
    }
  }))
}

const withColumns = (entity: Entity, change: (column: Column) => Column): Entity => {
  const columns = entity.columns.map(change)
  return { ...entity, columns, byKey: new Map(columns.map((column) => [column.key, column])) }
}

const deletesLike = (onDelete: "cascade" | "restrict" | "setNull"): Sabotage =>
  enforces((entity) =>
    withColumns(entity, (column) =>
      column.references === undefined
        ? column
        : { ...column, references: { ...column.references, onDelete } }
    )
  )

/** The session reports its refusals in other words. */
const reports = (change: (error: WriteError) => WriteError): Sabotage =>
  onSession((session) => ({
    ...session,
    execute: (registry, statement) => Effect.mapError(session.execute(registry, statement), change)
  }))

/** Values of one type are kept as something else. */
const keeps = (type: FieldType["_tag"], change: (value: never) => unknown): Sabotage =>
  onSession((session) => ({
    ...session,
    execute: (registry, statement) => {
      const kept = (column: Column | undefined, value: unknown) =>
        column?.type._tag === type && value !== null && typeof value !== "symbol"
          ? change(value as never)
          : value
      if (statement._tag === "Insert") {
        const { byKey } = registry.entities.get(statement.model)!
        const rows = statement.rows.map((row) =>
          row.map((value, i) => kept(byKey.get(statement.columns[i]!), value))
        )
        return session.execute(registry, { ...statement, rows })
      }
      return session.execute(registry, statement)
    }
  }))

const everyPredicate =
  (change: (predicate: Predicate) => Predicate) =>
  (predicate: Predicate): Predicate => {
    const inner = everyPredicate(change)
    switch (predicate._tag) {
      case "And":
      case "Or":
        return change({ ...predicate, of: predicate.of.map(inner) })
      case "Not":
        return change({ ...predicate, operand: inner(predicate.operand) })
      case "Some":
        return change({
          ...predicate,
          ...(predicate.where === undefined ? {} : { where: inner(predicate.where) })
        })
      default:
        return change(predicate)
    }
  }

/** Conditions are read as other conditions, wherever they stand. */
const misjudges = (change: (predicate: Predicate) => Predicate): Sabotage =>
  misreads((statement) =>
    statement._tag === "Insert" || statement.where === undefined
      ? statement
      : { ...statement, where: everyPredicate(change)(statement.where) }
  )

type Compare = Extract<Predicate, { readonly _tag: "Compare" }>

/** One comparison is taken for another. */
const mistakes = (from: Compare["operator"], to: Compare["operator"]): Sabotage =>
  misjudges((predicate) =>
    predicate._tag === "Compare" && predicate.operator === from
      ? { ...predicate, operator: to }
      : predicate
  )

const everyExpression =
  (change: (expression: Expression) => Expression) =>
  (expression: Expression): Expression => {
    const inner = everyExpression(change)
    switch (expression._tag) {
      case "Arithmetic":
        return change({
          ...expression,
          left: inner(expression.left),
          right: inner(expression.right)
        })
      case "Call":
        return change({ ...expression, args: expression.args.map(inner) })
      default:
        return change(expression)
    }
  }

/** Expressions are read as others: in conditions, orders and assignments. */
const miscalculates = (change: (expression: Expression) => Expression): Sabotage => {
  const value = everyExpression(change)
  const where = everyPredicate((predicate) => {
    switch (predicate._tag) {
      case "Compare":
        return { ...predicate, left: value(predicate.left), right: value(predicate.right) }
      case "In":
        return { ...predicate, left: value(predicate.left) }
      case "IsNull":
        return { ...predicate, operand: value(predicate.operand) }
      default:
        return predicate
    }
  })
  return misreads((statement) => {
    if (statement._tag === "Insert") return statement
    const condition = statement.where === undefined ? {} : { where: where(statement.where) }
    if (statement._tag === "Update") {
      const set = statement.set.map(([key, of]) => [key, value(of)] as const)
      return { ...statement, ...condition, set }
    }
    if (statement._tag === "Delete" || statement.orderBy === undefined) {
      return { ...statement, ...condition }
    }
    const orderBy = statement.orderBy.map((order) => ({ ...order, by: value(order.by) }))
    return { ...statement, ...condition, orderBy }
  })
}

const literal = (value: unknown, type: FieldType): Expression => ({ _tag: "Literal", value, type })

const sortsText = (compare: (a: string, b: string) => number): Sabotage =>
  answersRows((rows, statement) => {
    if (statement._tag !== "Select") return rows
    const by: Order | undefined = statement.orderBy?.[0]
    if (by?.by._tag !== "Column" || by.by.path.length > 1) return rows
    const [key] = by.by.path
    if (!rows.every((row) => typeof row[key!] === "string")) return rows
    const sign = by.direction === "asc" ? 1 : -1
    return [...rows].sort((a, b) => sign * compare(String(a[key!]), String(b[key!])))
  })

const without = <A extends object, K extends keyof A>(from: A, ...keys: ReadonlyArray<K>) =>
  Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key as K))) as Omit<A, K>

const relationTo = (entity: Entity, change: (relation: Relation) => Relation): Entity => ({
  ...entity,
  relations: new Map([...entity.relations].map(([name, relation]) => [name, change(relation)]))
})

// --- the wrong databases ---------------------------------------------------------------------------

const sabotages: Readonly<Record<string, Sabotage>> = {
  "answers no rows": answersRows((rows, { _tag }) => (_tag === "Select" ? [] : rows)),
  "answers every row twice": answersRows((rows, { _tag }) =>
    _tag === "Select" ? rows.flatMap((row) => [row, row]) : rows
  ),
  "filters no reads": misreadsSelect((select) => without(select, "where")),
  "filters no writes": misreads((statement) =>
    statement._tag === "Update" || statement._tag === "Delete"
      ? (without(statement, "where") as Statement)
      : statement
  ),
  "sorts nothing": misreadsSelect((select) => without(select, "orderBy")),
  "sorts by the first order alone": misreadsSelect((select) =>
    select.orderBy === undefined ? select : { ...select, orderBy: select.orderBy.slice(0, 1) }
  ),
  "puts nulls at the other end": misreadsSelect((select) => ({
    ...select,
    orderBy: (select.orderBy ?? []).map((order) => ({
      ...order,
      nulls: order.nulls === "first" ? "last" : "first"
    }))
  })),
  "sorts text by UTF-16": sortsText((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  "sorts text as a dictionary": sortsText((a, b) => a.localeCompare(b, "en")),
  "sorts decimals as text": answersRows((rows, statement) =>
    statement._tag === "Select" &&
    statement.orderBy?.[0]?.by._tag === "Column" &&
    statement.orderBy[0].by.path[0] === "decimal"
      ? [...rows].sort((a, b) => (String(a["decimal"]) < String(b["decimal"]) ? -1 : 1))
      : rows
  ),
  "ignores limits": misreadsSelect((select) => without(select, "limit")),
  "ignores offsets": misreadsSelect((select) => without(select, "offset")),
  "limits loaded rows altogether": answersRows((rows, statement) =>
    statement._tag === "Select" && statement.each !== undefined
      ? rows.slice(0, statement.limit)
      : rows
  ),
  "answers joined rows that are null as empty ones": answersRows((rows, statement) =>
    statement._tag === "Select" && statement.join !== undefined
      ? rows.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => [
              key,
              value === null && statement.join!.some(([name]) => name === key) ? {} : value
            ])
          )
        )
      : rows
  ),
  "drops rows whose joined row is null": answersRows((rows, statement) =>
    statement._tag === "Select" && statement.join !== undefined
      ? rows.filter((row) => statement.join!.every(([name]) => row[name!] !== null))
      : rows
  ),
  "joins no second step": misreadsSelect((select) =>
    select.join === undefined
      ? select
      : { ...select, join: select.join.filter((path) => path.length === 1) }
  ),
  "adds a column to its answers": answersRows((rows, { _tag }) =>
    _tag === "Select" ? rows.map((row) => ({ ...row, "~key": 1 })) : rows
  ),

  "takes ne for the negation of eq in three-valued logic": misjudges((predicate) =>
    predicate._tag === "Compare" && predicate.operator === "ne"
      ? {
          _tag: "And",
          of: [
            predicate,
            { _tag: "Not", operand: { _tag: "IsNull", operand: predicate.left } },
            { _tag: "Not", operand: { _tag: "IsNull", operand: predicate.right } }
          ]
        }
      : predicate
  ),
  "negates in three-valued logic": misjudges((predicate) =>
    predicate._tag === "Not" && predicate.operand._tag === "Compare"
      ? {
          _tag: "And",
          of: [
            predicate,
            { _tag: "Not", operand: { _tag: "IsNull", operand: predicate.operand.left } }
          ]
        }
      : predicate
  ),
  "takes or of nothing for true": misjudges((predicate) =>
    predicate._tag === "Or" && predicate.of.length === 0 ? { _tag: "And", of: [] } : predicate
  ),
  "takes and of nothing for false": misjudges((predicate) =>
    predicate._tag === "And" && predicate.of.length === 0 ? { _tag: "Or", of: [] } : predicate
  ),
  "takes and for or": misjudges((predicate) =>
    predicate._tag === "And" && predicate.of.length > 1 ? { ...predicate, _tag: "Or" } : predicate
  ),
  "takes in of nothing for true": misjudges((predicate) =>
    predicate._tag === "In" && predicate.values.length === 0 ? { _tag: "And", of: [] } : predicate
  ),
  "looks at the first two values of in": misjudges((predicate) =>
    predicate._tag === "In" ? { ...predicate, values: predicate.values.slice(0, 2) } : predicate
  ),
  "takes isNull for notNull": misjudges((predicate) =>
    predicate._tag === "IsNull" ? { _tag: "Not", operand: predicate } : predicate
  ),
  "takes lt for lte": mistakes("lt", "lte"),
  "takes lte for lt": mistakes("lte", "lt"),
  "takes gt for gte": mistakes("gt", "gte"),
  "takes gte for gt": mistakes("gte", "gt"),
  "folds case in eq": misjudges((predicate) =>
    predicate._tag === "Compare" &&
    predicate.operator === "eq" &&
    predicate.right._tag === "Literal" &&
    typeof predicate.right.value === "string"
      ? { ...predicate, operator: "iexact" }
      : predicate
  ),
  "folds case in contains": mistakes("contains", "icontains"),
  "folds case in startsWith": mistakes("startsWith", "istartsWith"),
  "folds no case": misjudges((predicate) => {
    if (predicate._tag !== "Compare") return predicate
    const exact = {
      icontains: "contains",
      istartsWith: "startsWith",
      iendsWith: "endsWith",
      iexact: "eq"
    } as const
    return predicate.operator in exact
      ? { ...predicate, operator: exact[predicate.operator as keyof typeof exact] }
      : predicate
  }),
  "reads wildcards": misjudges((predicate) =>
    predicate._tag === "Compare" &&
    ["startsWith", "contains", "icontains", "iexact"].includes(predicate.operator) &&
    predicate.right._tag === "Literal"
      ? {
          ...predicate,
          operator: "regex",
          right: literal(
            `^${predicate.operator.endsWith("contains") ? ".*" : ""}` +
              String(predicate.right.value)
                .replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
                .replaceAll("%", ".*")
                .replaceAll("_", "."),
            { _tag: "Text" }
          )
        }
      : predicate
  ),
  "matches patterns as plain text": mistakes("regex", "contains"),
  "compares bigints as doubles": misjudges((predicate) =>
    predicate._tag === "Compare" &&
    predicate.right._tag === "Literal" &&
    predicate.right.type._tag === "BigInt"
      ? {
          ...predicate,
          right: literal(BigInt(Number(predicate.right.value)), predicate.right.type)
        }
      : predicate
  ),
  "takes some for a relation without its condition": misjudges((predicate) =>
    predicate._tag === "Some" ? without(predicate, "where") : predicate
  ),
  "takes some for none": misjudges((predicate) =>
    predicate._tag === "Some" ? { _tag: "Not", operand: predicate } : predicate
  ),
  "multiplies rows by their related ones": answersRows((rows, statement) =>
    statement._tag === "Select" && statement.where?._tag === "Some"
      ? rows.flatMap((row) => [row, row])
      : rows
  ),
  "takes the innermost row for every enclosing one": misjudges((predicate) =>
    predicate._tag === "Some" && predicate.as === 2 && predicate.where !== undefined
      ? {
          ...predicate,
          where: everyPredicate((inner) =>
            inner._tag === "Compare" &&
            inner.right._tag === "Column" &&
            inner.left._tag === "Column"
              ? { ...inner, right: { ...inner.right, scope: predicate.as } }
              : inner
          )(predicate.where)
        }
      : predicate
  ),

  "adds where it should subtract": miscalculates((expression) =>
    expression._tag === "Arithmetic" ? { ...expression, operator: "+" } : expression
  ),
  "multiplies where it should add": miscalculates((expression) =>
    expression._tag === "Arithmetic" ? { ...expression, operator: "*" } : expression
  ),
  "counts days in another time zone": miscalculates((expression) =>
    expression._tag === "Call" && ["year", "month", "day"].includes(expression.name)
      ? {
          _tag: "Arithmetic",
          operator: "+",
          left: expression,
          right: literal(1, { _tag: "Int" })
        }
      : expression
  ),
  "takes lower for upper": miscalculates((expression) =>
    expression._tag === "Call" && expression.name === "lower"
      ? { ...expression, name: "upper" }
      : expression
  ),
  "updates to what the row holds": misreads((statement) =>
    statement._tag === "Update"
      ? {
          ...statement,
          set: statement.set.map(([key]) => [key, { _tag: "Column", path: [key] }])
        }
      : statement
  ),

  "keeps ints as 32 bits": keeps("Int", (value: number) => value | 0),
  "keeps bigints as doubles": keeps("BigInt", (value: bigint) =>
    BigInt.asIntN(64, BigInt(Number(value)))
  ),
  "keeps floats in single precision": keeps("Float", (value: number) => Math.fround(value)),
  "keeps decimals as doubles": keeps("Decimal", (value: BigDecimal.BigDecimal) =>
    BigDecimal.unsafeFromNumber(Number(BigDecimal.format(value)))
  ),
  "keeps booleans as true": keeps("Bool", () => true),
  "keeps instants to the second": keeps("Instant", (value: DateTime.Utc) =>
    DateTime.unsafeMake(Math.floor(DateTime.toEpochMillis(value) / 1000) * 1000)
  ),
  "keeps instants in local time": keeps("Instant", (value: DateTime.Utc) => {
    // Berlin's offsets in 2026: a moment in the overlap of October becomes the one before it.
    const millis = DateTime.toEpochMillis(value)
    return DateTime.unsafeMake(
      millis === Date.UTC(2026, 9, 25, 1, 30) ? millis - 3_600_000 : millis
    )
  }),
  "keeps dates a day late": keeps("Date", (value: string) =>
    value === "9999-12-31"
      ? value
      : new Date(Date.parse(`${value}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
  ),
  "keeps numbers in JSON as text": keeps("Json", (value: unknown) =>
    typeof value === "number" ? String(value) : value
  ),
  "keeps an empty object for JSON": keeps("Json", () => ({})),
  "keeps bytes up to a zero": keeps("Bytes", (value: Uint8Array) =>
    value.subarray(0, value.includes(0) ? value.indexOf(0) : undefined)
  ),
  "keeps UUIDs in upper case": keeps("Uuid", (value: string) => value.toUpperCase()),
  "keeps the first value of an enum": keeps("Enum", () => "one"),
  "keeps empty text as null": keeps("Text", (value: string) => (value === "" ? null : value)),
  "keeps text without white space at its ends": keeps("Text", (value: string) => value.trim()),
  "keeps text in one normal form": keeps("Text", (value: string) => value.normalize("NFC")),
  "keeps text up to 65,535 units": keeps("Text", (value: string) => value.slice(0, 65_535)),
  "keeps text of at most five units": keeps("Text", (value: string) => value.slice(0, 5)),
  "keeps the basic plane of text alone": keeps("Text", (value: string) =>
    value.replace(/[\u{10000}-\u{10ffff}]/gu, "?")
  ),

  "stores nothing": onSession((session) => ({
    ...session,
    execute: (registry, statement) =>
      statement._tag === "Insert"
        ? Effect.gen(function* () {
            yield* session.begin({})
            const result = yield* session.execute(registry, statement)
            yield* session.rollback
            return result
          })
        : session.execute(registry, statement)
  })),
  "answers inserted rows backwards": answersRows((rows, { _tag }) =>
    _tag === "Insert" ? [...rows].reverse() : rows
  ),
  "answers inserted rows as they were given": answersRows((rows, statement) =>
    statement._tag === "Insert"
      ? rows.map((_, i) =>
          Object.fromEntries(statement.columns.map((key, c) => [key, statement.rows[i]![c]]))
        )
      : rows
  ),
  "gives every row of an insert the first one's values": misreads((statement) =>
    statement._tag === "Insert" && statement.model === "portico_contract.Comment"
      ? {
          ...statement,
          rows: statement.rows.map((row) =>
            row.map((value, i) =>
              statement.columns[i] === "votes" ? statement.rows[0]![i] : value
            )
          )
        }
      : statement
  ),
  "says that nothing was changed": answers((result, { _tag }) =>
    _tag === "Select" ? result : { ...result, affected: 0 }
  ),
  "counts rows that changed, not rows that matched": onSession((session) => ({
    ...session,
    execute: (registry, statement) =>
      statement._tag !== "Update"
        ? session.execute(registry, statement)
        : Effect.gen(function* () {
            const select: Select = {
              _tag: "Select",
              model: statement.model,
              ...(statement.where === undefined ? {} : { where: statement.where })
            }
            const before = yield* session.execute(registry, select)
            yield* session.execute(registry, statement)
            const same = before.rows.filter((row) =>
              statement.set.every(([key, to]) => to._tag === "Literal" && to.value === row[key])
            )
            return { rows: [], affected: before.rows.length - same.length }
          })
  })),

  "enforces no uniqueness": enforces((entity) => ({
    ...entity,
    uniques: [],
    primaryKey: []
  })),
  "enforces the uniqueness of single columns alone": enforces((entity) => ({
    ...entity,
    uniques: entity.uniques.filter(({ columns }) => columns.length === 1)
  })),
  "enforces the uniqueness of each column apart": enforces((entity) => ({
    ...entity,
    uniques: entity.uniques.flatMap(({ name, columns }) =>
      columns.map((column) => ({ name, columns: [column] }))
    )
  })),
  "enforces no primary key": enforces((entity) => ({ ...entity, primaryKey: [] })),
  "enforces no references": enforces((entity) =>
    withColumns(entity, (column) => without(column, "references"))
  ),
  "enforces no checks": enforces((entity) => ({ ...entity, checks: [] })),
  "takes null anywhere": enforces((entity) =>
    withColumns(entity, (column) => ({ ...column, nullable: true }))
  ),
  "takes null nowhere": enforces((entity) =>
    withColumns(entity, (column) => ({ ...column, nullable: false }))
  ),
  "cascades every delete": deletesLike("cascade"),
  "restricts every delete": deletesLike("restrict"),
  "sets every reference to null": deletesLike("setNull"),
  "names no fields": reports((error) => {
    switch (error._tag) {
      case "UniqueViolation":
        return new UniqueViolation({ model: error.model, fields: [] })
      case "NotNullViolation":
        return new NotNullViolation({ model: error.model, fields: [] })
      case "CheckViolation":
        return new CheckViolation({ model: error.model })
      default:
        return error
    }
  }),
  "takes every refusal for a missing reference": reports(
    (cause) => new ForeignKeyViolation({ kind: "missing", model: "?", fields: [], cause })
  ),
  "takes every refusal for a fault": reports(
    (cause) => new QueryFault({ kind: "unknown", reason: "something went wrong.", cause })
  ),
  "asks many-to-many relations the wrong way round": enforces((entity) =>
    relationTo(entity, (relation) =>
      relation._tag === "Through"
        ? { ...relation, here: relation.there, there: relation.here }
        : relation
    )
  ),

  "never rolls back": onSession((session) => ({
    ...session,
    rollback: Effect.orDie(session.commit)
  })),
  "never commits": onSession((session) => ({ ...session, commit: session.rollback })),
  "never goes back to a savepoint": onSession((session) => ({
    ...session,
    rollbackTo: () => Effect.void
  })),
  "goes back to the first savepoint": onSession((session) => ({
    ...session,
    rollbackTo: (name) => (name === "portico_1" ? session.rollbackTo(name) : Effect.void)
  })),
  "undoes all savepoints on release": onSession((session) => ({
    ...session,
    release: (name) => Effect.zipRight(session.rollbackTo(name), session.release(name))
  })),
  "commits every statement": onSession((session) => ({
    ...session,
    begin: () => Effect.void,
    savepoint: () => Effect.void,
    release: () => Effect.void,
    rollbackTo: () => Effect.void
  })),
  "lends one connection to everybody": (driver) => {
    let shared: Session | undefined
    return {
      ...driver,
      use: (_, use) =>
        Effect.suspend(() => {
          if (shared !== undefined) return use(shared)
          const keep = driver.use({ readOnly: false }, (session) => {
            shared = session
            return Effect.never
          })
          return Effect.zipRight(
            Effect.forkDaemon(keep),
            Effect.zipRight(
              Effect.yieldNow(),
              Effect.suspend(() => use(shared!))
            )
          )
        })
    }
  },
  "lends readers the writer's connection": (driver) => ({
    ...driver,
    use: (_, use) => driver.use({ readOnly: false }, use)
  }),
  "never gives a connection back": (driver) => {
    let lent = 0
    return {
      ...driver,
      use: (options, use) => {
        lent++
        return driver.use(options, use)
      },
      health: Effect.map(driver.health, (health) => ({ ...health, inUse: lent }))
    }
  },
  "is never healthy": (driver) => ({
    ...driver,
    health: Effect.map(driver.health, (health) => ({ ...health, ok: false }))
  }),
  "declares another capability": (driver) => ({
    ...driver,
    capabilities: { ...driver.capabilities, speaksSql: true }
  }),
  "declares isolations that were not announced": (driver) => ({
    ...driver,
    capabilities: {
      ...driver.capabilities,
      isolation: ["read committed", "repeatable read", "serializable"]
    }
  }),
  "answers raw SQL with nothing": onSession((session) => ({
    ...session,
    raw: () => Effect.succeed([])
  })),
  "forgets the second of two inserts": (driver) => {
    let inserts = 0
    return misreads((statement) =>
      statement._tag === "Insert" && ++inserts % 2 === 0 ? { ...statement, rows: [] } : statement
    )(driver)
  }
}

// --- the trials ------------------------------------------------------------------------------------

const names = contract.clauses(Memory.capabilities).map(({ name }) => name)
const broken = new Map<string, ReadonlyArray<string>>()

/** Clauses that a sabotage sends into waiting for ever count as broken. */
const impatient: typeof contract = {
  ...contract,
  clauses: (can) =>
    contract.clauses(can).map((clause) => ({
      ...clause,
      run: Effect.gen(function* () {
        const fiber = yield* Effect.forkDaemon(clause.run)
        const settled = yield* Effect.promise(
          () =>
            new Promise<Exit.Exit<unknown, unknown>>((resolve) => {
              const timer = setTimeout(() => resolve(Exit.fail("waits for ever")), 1_500)
              fiber.addObserver((exit) => {
                clearTimeout(timer)
                resolve(exit)
              })
            })
        )
        yield* Fiber.interruptFork(fiber)
        return yield* settled
      })
    }))
}

const brokenBy = (sabotage: Sabotage) => {
  const layer = Layer.sync(Database, () => make(sabotage(Memory.driver())))
  const harness = { name: "sabotaged", capabilities: Memory.capabilities, layer }
  return Effect.map(run(impatient, harness), (verdicts) =>
    verdicts.filter(({ exit }) => Exit.isFailure(exit)).map(({ clause }) => clause)
  )
}

describe("Database contract: sabotage", () => {
  it.live("the memory adapter as it is breaks no clause", () =>
    Effect.map(
      brokenBy((driver) => driver),
      (clauses) => assert.deepStrictEqual(clauses, [])
    )
  )

  for (const [name, sabotage] of Object.entries(sabotages)) {
    it.live(
      `a database that ${name} is caught`,
      () =>
        Effect.map(brokenBy(sabotage), (clauses) => {
          broken.set(name, clauses)
          assert.isNotEmpty(clauses)
          expect(clauses).toMatchSnapshot()
        }),
      60_000
    )
  }

  it("every clause is broken by some sabotage", () => {
    const caught = new Set([...broken.values()].flat())
    assert.deepStrictEqual(
      names.filter((name) => !caught.has(name)),
      []
    )
  })
})
