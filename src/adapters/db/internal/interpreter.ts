/**
 * What statements mean, over plain arrays: the reference that the SQL adapters are held against.
 * Pure: a statement takes tables and answers rows, or new tables.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { Column, Entity, Registry, Relation } from "../../../domain/Registry.ts"
import {
  type Comparison,
  Default,
  type Delete,
  type Expression,
  type FieldType,
  type FunctionName,
  type Insert,
  type Order,
  type Path,
  type Predicate,
  type Row,
  type Select,
  type Update
} from "../../../domain/Statement.ts"
import { refusalToStore } from "../../../domain/Storable.ts"
import {
  CheckViolation,
  ForeignKeyViolation,
  NotNullViolation,
  QueryFault,
  UniqueViolation,
  ValueRejected
} from "../../../ports/DatabaseError.ts"

// --- tables --------------------------------------------------------------------------------------

/** A row by the columns' names in the database; JSON as its text. */
export type Stored = Readonly<Record<string, unknown>>

/** Rows in the order of their insert, with indexes that are built when first asked for. */
export class Table {
  readonly rows: ReadonlyArray<Stored>
  readonly #indexes = new Map<string, ReadonlyMap<unknown, ReadonlyArray<Stored>>>()

  constructor(rows: ReadonlyArray<Stored>) {
    this.rows = rows
  }

  /** The rows whose column holds the value; none for NULL. */
  lookup(column: string, value: unknown): ReadonlyArray<Stored> {
    if (value === null || value === undefined) return []
    let index = this.#indexes.get(column)
    if (index === undefined) {
      index = indexed(this.rows, column)
      this.#indexes.set(column, index)
    }
    return index.get(keyOf(value)) ?? []
  }
}

const indexed = (
  rows: ReadonlyArray<Stored>,
  column: string
): ReadonlyMap<unknown, ReadonlyArray<Stored>> => {
  const index = new Map<unknown, Array<Stored>>()
  for (const row of rows) {
    const value = row[column]
    if (value === null || value === undefined) continue
    const same = index.get(keyOf(value))
    if (same === undefined) index.set(keyOf(value), [row])
    else same.push(row)
  }
  return index
}

/** By the tables' names in the database. Never changed: a write answers another map. */
export type Tables = ReadonlyMap<string, Table>

const noRows = new Table([])

const tableOf = (tables: Tables, entity: Entity): Table => tables.get(entity.table) ?? noRows

const withRows = (tables: Tables, entity: Entity, rows: ReadonlyArray<Stored>): Tables =>
  new Map(tables).set(entity.table, new Table(rows))

// --- values --------------------------------------------------------------------------------------

/** Equal values of a column have the same key. */
export const keyOf = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (DateTime.isDateTime(value)) return DateTime.toEpochMillis(value)
  if (BigDecimal.isBigDecimal(value)) {
    const { scale, value: digits } = BigDecimal.normalize(value)
    return `${digits}e${-scale}`
  }
  return value instanceof Uint8Array ? value.join() : value
}

/** Negative where `a` comes first. Both are values of one type, not NULL. */
const compare = (a: unknown, b: unknown): number => {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b)
  if (BigDecimal.isBigDecimal(a) && BigDecimal.isBigDecimal(b)) return BigDecimal.Order(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  const x = keyOf(a) as number
  const y = keyOf(b) as number
  return x < y ? -1 : x > y ? 1 : 0
}

/** By code point, where JavaScript would compare UTF-16 units and put astral ones before U+E000. */
const compareText = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
const upper = (text: string): string => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())

const arithmetic = (operator: "+" | "-" | "*", a: unknown, b: unknown): unknown => {
  if (BigDecimal.isBigDecimal(a) && BigDecimal.isBigDecimal(b)) {
    if (operator === "+") return BigDecimal.sum(a, b)
    return operator === "-" ? BigDecimal.subtract(a, b) : BigDecimal.multiply(a, b)
  }
  // Both are numbers or both are bigints, which TypeScript cannot know of two unknowns.
  const [x, y] = [a, b] as [number, number]
  if (operator === "+") return x + y
  return operator === "-" ? x - y : x * y
}

const functions: { readonly [Name in FunctionName]: (value: unknown) => unknown } = {
  lower: (text) => lower(text as string),
  upper: (text) => upper(text as string),
  length: (text) => [...(text as string)].length,
  year: (time) => utc(time).getUTCFullYear(),
  month: (time) => utc(time).getUTCMonth() + 1,
  day: (time) => utc(time).getUTCDate()
}

const utc = (time: unknown): Date =>
  DateTime.isDateTime(time) ? DateTime.toDateUtc(time) : new Date(`${String(time)}T00:00:00Z`)

const comparisons: {
  readonly [Name in Exclude<Comparison, "ne">]: (a: unknown, b: unknown) => boolean
} = {
  eq: (a, b) => compare(a, b) === 0,
  lt: (a, b) => compare(a, b) < 0,
  lte: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  gte: (a, b) => compare(a, b) >= 0,
  contains: (a, b) => String(a).includes(String(b)),
  icontains: (a, b) => lower(String(a)).includes(lower(String(b))),
  startsWith: (a, b) => String(a).startsWith(String(b)),
  istartsWith: (a, b) => lower(String(a)).startsWith(lower(String(b))),
  endsWith: (a, b) => String(a).endsWith(String(b)),
  iendsWith: (a, b) => lower(String(a)).endsWith(lower(String(b))),
  iexact: (a, b) => lower(String(a)) === lower(String(b)),
  regex: (a, b) => expressionOf(String(b)).test(String(a))
}

const expressionOf = (pattern: string): RegExp => {
  try {
    return new RegExp(pattern, "u")
  } catch (cause) {
    throw new QueryFault({
      kind: "syntax",
      reason: `"${pattern}" is no regular expression.`,
      cause
    })
  }
}

// --- reading -------------------------------------------------------------------------------------

/** A row of a model; undefined behind a to-one relation that is NULL. */
interface Bound {
  readonly entity: Entity
  readonly row: Stored | undefined
}

/** What columns refer to: the statement's own row, and those of the enclosing `Some`s. */
interface Scope {
  readonly own: Bound
  readonly some?: { readonly as: number; readonly bound: Bound; readonly outer: Scope["some"] }
}

/** The three truth values of SQL; undefined is unknown. */
type Truth = boolean | undefined

class Reader {
  readonly #registry: Registry
  readonly #tables: Tables

  constructor(registry: Registry, tables: Tables) {
    this.#registry = registry
    this.#tables = tables
  }

  #start(scope: Scope, name: number | undefined): Bound {
    if (name === undefined) return scope.own
    for (let some = scope.some; some !== undefined; some = some.outer) {
      if (some.as === name) return some.bound
    }
    throw new TypeError(`Statement: no enclosing Some is called ${name}.`)
  }

  /** The row behind to-one relations. */
  follow(from: Bound, hops: Path): Bound {
    let bound = from
    for (const hop of hops) {
      const relation = relationOf(bound.entity, hop)
      if (relation._tag !== "ToOne") throw new TypeError(`Statement: ${hop} is not to-one.`)
      const entity = entityOf(this.#registry, relation.to)
      const key = bound.row?.[nameOf(bound.entity, relation.column)]
      const target = nameOf(entity, "id")
      bound = { entity, row: tableOf(this.#tables, entity).lookup(target, key)[0] }
    }
    return bound
  }

  #related({ entity, row }: Bound, name: string): ReadonlyArray<Bound> {
    if (row === undefined) return []
    const relation = relationOf(entity, name)
    const to = entityOf(this.#registry, relation.to)
    const id = row[nameOf(entity, "id")]
    const bind = (row: Stored): Bound => ({ entity: to, row })
    switch (relation._tag) {
      case "ToOne":
        throw new TypeError(`Statement: ${name} is not to-many.`)
      case "ToMany":
        return tableOf(this.#tables, to).lookup(nameOf(to, relation.column), id).map(bind)
      case "Through": {
        const link = entityOf(this.#registry, relation.through)
        const pairs = tableOf(this.#tables, link).lookup(nameOf(link, relation.here), id)
        const there = nameOf(link, relation.there)
        const targets = tableOf(this.#tables, to)
        return pairs.flatMap((pair) => targets.lookup(nameOf(to, "id"), pair[there]).map(bind))
      }
    }
  }

  value(scope: Scope, expression: Expression): unknown {
    switch (expression._tag) {
      case "Column": {
        const { path } = expression
        const from = this.#start(scope, expression.scope)
        const { entity, row } = this.follow(from, path.slice(0, -1))
        return row?.[nameOf(entity, path[path.length - 1]!)] ?? null
      }
      case "Literal":
        return expression.value
      case "Arithmetic": {
        const left = this.value(scope, expression.left)
        const right = this.value(scope, expression.right)
        return left === null || right === null ? null : arithmetic(expression.operator, left, right)
      }
      case "Call": {
        const argument = this.value(scope, expression.args[0]!)
        return argument === null ? null : functions[expression.name](argument)
      }
      case "Aggregate":
        throw new TypeError("Statement: an aggregate stands in the output alone.")
    }
  }

  truth(scope: Scope, predicate: Predicate): Truth {
    switch (predicate._tag) {
      case "Compare": {
        const left = this.value(scope, predicate.left)
        const right = this.value(scope, predicate.right)
        if (predicate.operator === "ne") {
          return left === null || right === null ? left !== right : compare(left, right) !== 0
        }
        return left === null || right === null
          ? undefined
          : comparisons[predicate.operator](left, right)
      }
      case "In": {
        const left = this.value(scope, predicate.left)
        if (predicate.values.length === 0) return false
        if (left === null) return undefined
        return predicate.values.some((value) => compare(left, value) === 0)
      }
      case "InQuery": {
        const left = this.value(scope, predicate.left)
        if (left === null) return undefined
        const answers = this.select(predicate.query).map((row) => Object.values(row)[0])
        return answers.some((answer) => answer !== null && compare(left, answer) === 0)
      }
      case "IsNull":
        return this.value(scope, predicate.operand) === null
      case "And":
        return all(predicate.of.map((p) => this.truth(scope, p)))
      case "Or":
        return not(all(predicate.of.map((p) => not(this.truth(scope, p)))))
      case "Not":
        return not(this.truth(scope, predicate.operand))
      case "Some": {
        const { path, where, as } = predicate
        const from = this.follow(this.#start(scope, predicate.scope), path.slice(0, -1))
        return this.#related(from, path[path.length - 1]!).some((bound) =>
          where === undefined
            ? true
            : this.holds({ own: scope.own, some: { as, bound, outer: scope.some } }, where)
        )
      }
    }
  }

  /** Two-valued: a negation holds wherever its operand does not. */
  holds(scope: Scope, predicate: Predicate): boolean {
    switch (predicate._tag) {
      case "And":
        return predicate.of.every((p) => this.holds(scope, p))
      case "Or":
        return predicate.of.some((p) => this.holds(scope, p))
      case "Not":
        return !this.holds(scope, predicate.operand)
      default:
        return this.truth(scope, predicate) === true
    }
  }

  /** The rows of a model that meet the condition. */
  matching(entity: Entity, where: Predicate | undefined): ReadonlyArray<Stored> {
    const table = tableOf(this.#tables, entity)
    if (where === undefined) return table.rows
    return candidates(table, entity, where).filter((row) =>
      this.holds({ own: { entity, row } }, where)
    )
  }

  select(select: Select): ReadonlyArray<Row> {
    const entity = entityOf(this.#registry, select.model)
    const matching = this.matching(entity, select.where)
    const { output, each, offset = 0, limit = Infinity } = select
    if (output?.some(([, { _tag }]) => _tag === "Aggregate")) {
      // Counting is the only aggregate; it answers one row, of which a page may leave none.
      const row = Object.fromEntries(output.map(([alias]) => [alias, matching.length]))
      return [row].slice(offset, offset + limit)
    }
    const scopes = this.#sorted(
      matching.map((row): Scope => ({ own: { entity, row } })),
      select.orderBy ?? []
    )
    const page =
      each === undefined
        ? scopes.slice(offset, offset + limit)
        : this.#pages(scopes, each.by, new Set(each.values.map(keyOf)), offset, limit)
    return page.map((scope) => this.#project(scope, select))
  }

  #pages(
    scopes: ReadonlyArray<Scope>,
    by: Expression,
    keys: ReadonlySet<unknown>,
    offset: number,
    limit: number
  ): ReadonlyArray<Scope> {
    const seen = new Map<unknown, number>()
    return scopes.filter((scope) => {
      const key = keyOf(this.value(scope, by))
      if (!keys.has(key)) return false
      const position = seen.get(key) ?? 0
      seen.set(key, position + 1)
      return offset <= position && position < offset + limit
    })
  }

  #sorted(scopes: ReadonlyArray<Scope>, orders: ReadonlyArray<Order>): ReadonlyArray<Scope> {
    if (orders.length === 0) return scopes
    const keyed = scopes.map((scope) => ({
      scope,
      keys: orders.map(({ by }) => this.value(scope, by))
    }))
    keyed.sort((a, b) => {
      for (const [i, { direction, nulls }] of orders.entries()) {
        const [x, y] = [a.keys[i], b.keys[i]]
        if (x === null || y === null) {
          if (x === y) continue
          return (x === null) === (nulls === "first") ? -1 : 1
        }
        const difference = compare(x, y)
        if (difference !== 0) return direction === "asc" ? difference : -difference
      }
      return 0
    })
    return keyed.map(({ scope }) => scope)
  }

  #project(scope: Scope, { output, join = [] }: Select): Row {
    const row: Record<string, unknown> =
      output === undefined
        ? rowOf(scope.own.entity, scope.own.row!)
        : Object.fromEntries(
            output.map(([alias, expression]) => [alias, this.value(scope, expression)])
          )
    for (const path of join) {
      // A path comes after the one that it goes on from (see `Select.join`).
      let holder: Record<string, unknown> | null = row
      for (const hop of path.slice(0, -1)) holder = (holder?.[hop] ?? null) as typeof holder
      if (holder === null) continue
      const { entity, row: joined } = this.follow(scope.own, path)
      holder[path[path.length - 1]!] = joined === undefined ? null : rowOf(entity, joined)
    }
    return row
  }
}

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth)

const all = (truths: ReadonlyArray<Truth>): Truth =>
  truths.includes(false) ? false : truths.includes(undefined) ? undefined : true

/** The rows that an equality with a literal leaves, found by an index; else all of them. */
const candidates = (table: Table, entity: Entity, where: Predicate): ReadonlyArray<Stored> => {
  for (const condition of where._tag === "And" ? where.of : [where]) {
    if (condition._tag === "And") {
      const narrowed = candidates(table, entity, condition)
      if (narrowed !== table.rows) return narrowed
    }
    if (condition._tag !== "Compare" || condition.operator !== "eq") continue
    const { left, right } = condition
    if (left._tag === "Column" && left.path.length === 1 && right._tag === "Literal") {
      return table.lookup(nameOf(entity, left.path[0]!), right.value)
    }
  }
  return table.rows
}

const rowOf = (entity: Entity, stored: Stored): Record<string, unknown> => {
  const row: Record<string, unknown> = {}
  for (const { key, name, type } of entity.columns) row[key] = toGive(type, stored[name] ?? null)
  return row
}

/** What a caller may change is given as a copy. */
const toGive = ({ _tag }: FieldType, value: unknown): unknown => {
  if (value === null) return null
  if (_tag === "Json") return JSON.parse(value as string)
  return _tag === "Bytes" ? (value as Uint8Array).slice() : value
}

const toKeep = ({ _tag }: FieldType, value: unknown): unknown => {
  if (value === null) return null
  if (_tag === "Json") return JSON.stringify(value)
  return _tag === "Bytes" ? (value as Uint8Array).slice() : value
}

const entityOf = (registry: Registry, name: string): Entity => {
  const entity = registry.entities.get(name)
  if (entity === undefined) throw new TypeError(`Statement: the registry has no "${name}".`)
  return entity
}

const columnOf = (entity: Entity, key: string): Column => {
  const column = entity.byKey.get(key)
  if (column === undefined) throw new TypeError(`Statement: ${entity.name} has no "${key}".`)
  return column
}

const nameOf = (entity: Entity, key: string): string => columnOf(entity, key).name

const relationOf = (entity: Entity, name: string): Relation => {
  const relation = entity.relations.get(name)
  if (relation === undefined) throw new TypeError(`Statement: ${entity.name} has no "${name}".`)
  return relation
}

export const select = (registry: Registry, tables: Tables, statement: Select): ReadonlyArray<Row> =>
  new Reader(registry, tables).select(statement)

// --- writing -------------------------------------------------------------------------------------

/** The database around a write. */
export interface Writing {
  readonly registry: Registry
  readonly tables: Tables
  /** All models that have ever been asked for: their foreign keys hold too. */
  readonly entities: ReadonlyArray<Entity>
  /** Counts up an identity, past the given value if there is one. */
  readonly identity: (table: string, given: number | undefined) => number
}

export interface Written {
  readonly tables: Tables
  readonly rows: ReadonlyArray<Row>
  readonly affected: number
}

export const insert = (writing: Writing, statement: Insert): Written => {
  const entity = entityOf(writing.registry, statement.model)
  const added = statement.rows.map((values) => {
    const given = new Map(statement.columns.map((key, i) => [key, values[i]]))
    const row: Record<string, unknown> = {}
    for (const column of entity.columns) {
      row[column.name] = initial(writing, entity, column, given.get(column.key))
    }
    return row
  })
  const tables = withRows(writing.tables, entity, [
    ...tableOf(writing.tables, entity).rows,
    ...added
  ])
  for (const row of added) verify(writing, tables, entity, row)
  return {
    tables,
    rows: statement.returning ? added.map((row) => rowOf(entity, row)) : [],
    affected: added.length
  }
}

const initial = (
  { identity }: Writing,
  entity: Entity,
  column: Column,
  given: unknown
): unknown => {
  const absent = given === undefined || given === Default
  if (column.default?._tag === "Identity") {
    return identity(entity.table, absent ? undefined : (given as number))
  }
  if (!absent) return toKeep(column.type, given)
  return column.default?._tag === "Value" ? toKeep(column.type, column.default.value) : null
}

export const update = (writing: Writing, { model, set, where }: Update): Written => {
  const { registry, tables } = writing
  const entity = entityOf(registry, model)
  const reader = new Reader(registry, tables)
  const changed = new Map<Stored, Stored>()
  for (const row of reader.matching(entity, where)) {
    const next: Record<string, unknown> = { ...row }
    for (const [key, expression] of set) {
      const { name, type } = columnOf(entity, key)
      const value = reader.value({ own: { entity, row } }, expression)
      const refusal = value === null ? undefined : refusalToStore(type, value)
      if (refusal !== undefined) {
        throw new ValueRejected({ model, fields: [key], reason: refusal, early: false })
      }
      // A value that came from a column of this kind is in the form of the store already.
      next[name] = expression._tag === "Literal" ? toKeep(type, value) : value
    }
    changed.set(row, next)
  }
  const rows = tableOf(tables, entity).rows.map((row) => changed.get(row) ?? row)
  const after = withRows(tables, entity, rows)
  for (const [before, row] of changed) {
    verify(writing, after, entity, row)
    for (const { table, column } of referring(writing, entity)) {
      const key = nameOf(entity, column.references!.column)
      if (keyOf(before[key]) === keyOf(row[key])) continue
      if (tableOf(after, table).lookup(column.name, before[key]).length > 0) {
        throw new ForeignKeyViolation({
          kind: "referenced",
          model: table.name,
          fields: [column.key]
        })
      }
    }
  }
  return { tables: after, rows: [], affected: changed.size }
}

const remove = (writing: Writing, { model, where }: Delete): Written => {
  const entity = entityOf(writing.registry, model)
  const matching = new Reader(writing.registry, writing.tables).matching(entity, where)
  const gone = new Map<string, Gone>()
  collect(writing, entity, matching, gone)
  let { tables } = writing
  for (const { entity, rows } of gone.values()) {
    const kept = tableOf(tables, entity).rows.filter((row) => !rows.has(row))
    tables = withRows(tables, entity, kept)
  }
  for (const { entity, rows } of gone.values()) {
    for (const { table, column } of referring(writing, entity)) {
      tables = released(tables, entity, rows, table, column)
    }
  }
  return { tables, rows: [], affected: matching.length }
}

export { remove as delete }

/** Rows of one table that a delete takes away. */
interface Gone {
  readonly entity: Entity
  readonly rows: Set<Stored>
}

/** Adds the rows and all that cascades take with them. */
const collect = (
  writing: Writing,
  entity: Entity,
  rows: ReadonlyArray<Stored>,
  gone: Map<string, Gone>
): void => {
  const known = gone.get(entity.table) ?? { entity, rows: new Set() }
  gone.set(entity.table, known)
  const fresh = rows.filter((row) => !known.rows.has(row))
  for (const row of fresh) known.rows.add(row)
  if (fresh.length === 0) return
  for (const { table, column } of referring(writing, entity)) {
    if (column.references!.onDelete !== "cascade") continue
    const key = nameOf(entity, column.references!.column)
    const children = fresh.flatMap((row) =>
      tableOf(writing.tables, table).lookup(column.name, row[key])
    )
    collect(writing, table, children, gone)
  }
}

/** The tables once no remaining row refers to the ones that are gone. */
const released = (
  tables: Tables,
  entity: Entity,
  gone: ReadonlySet<Stored>,
  table: Entity,
  { key, name, references }: Column
): Tables => {
  const target = nameOf(entity, references!.column)
  const left = new Set([...gone].flatMap((row) => tableOf(tables, table).lookup(name, row[target])))
  if (left.size === 0) return tables
  if (references!.onDelete !== "setNull") {
    throw new ForeignKeyViolation({
      kind: "referenced",
      model: table.name,
      fields: [key],
      constraint: references!.constraint
    })
  }
  return withRows(
    tables,
    table,
    tableOf(tables, table).rows.map((row) => (left.has(row) ? { ...row, [name]: null } : row))
  )
}

/** The foreign keys that point at a model, wherever they are declared. */
function* referring(
  { entities }: Writing,
  to: Entity
): Generator<{ readonly table: Entity; readonly column: Column }> {
  for (const table of entities) {
    for (const column of table.columns) {
      if (column.references?.model === to.name) yield { table, column }
    }
  }
}

/** Everything that the model demands of a row, in the order in which databases look. */
const verify = ({ registry }: Writing, tables: Tables, entity: Entity, row: Stored): void => {
  const model = entity.name
  for (const { key, name, nullable } of entity.columns) {
    if (row[name] === null && !nullable) throw new NotNullViolation({ model, fields: [key] })
  }
  const reader = new Reader(registry, tables)
  for (const { name, where } of entity.checks) {
    // As in SQL, a check that is unknown because of a NULL is met.
    if (reader.truth({ own: { entity, row } }, where) === false) {
      throw new CheckViolation({ model, constraint: name })
    }
  }
  const table = tableOf(tables, entity)
  const unique = (columns: ReadonlyArray<string>, constraint?: string) => {
    const names = columns.map((key) => nameOf(entity, key))
    if (names.some((name) => row[name] === null)) return
    const twins = table
      .lookup(names[0]!, row[names[0]!])
      .filter((other) => names.every((name) => keyOf(other[name]) === keyOf(row[name])))
    if (twins.length > 1) {
      throw new UniqueViolation({
        model,
        fields: columns,
        ...(constraint === undefined ? {} : { constraint })
      })
    }
  }
  unique(entity.primaryKey)
  for (const { name, columns } of entity.uniques) unique(columns, name)
  for (const { key, name, references } of entity.columns) {
    if (references === undefined || row[name] === null) continue
    const target = entityOf(registry, references.model)
    const found = tableOf(tables, target).lookup(nameOf(target, references.column), row[name])
    if (found.length === 0) {
      const { constraint } = references
      throw new ForeignKeyViolation({ kind: "missing", model, fields: [key], constraint })
    }
  }
}
