/**
 * Migrations as plain data: the structure of a database (`State`), one change of it (`Change`), a
 * named group of changes (`Migration`), and the pure functions between them. Written to files by
 * `makemigrations`, applied by the port `Migrator`, turned into SQL by the adapters.
 *
 * Everything here survives JSON: migration files are read by people, compared in reviews and
 * checksummed, and must mean the same when the models have long moved on.
 */
import * as Arr from "effect/Array"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Column, Entity, OnDelete, Registry } from "./Registry.ts"
import type * as Statement from "./Statement.ts"

/** A value as JSON has it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<Json>
  | { readonly [key: string]: Json }

export interface ColumnState {
  /** The name in the database. */
  readonly name: string
  readonly type: Statement.FieldType
  /** Absent means NOT NULL. */
  readonly nullable?: true
  /** The database counts; such a column is the table's only primary key. */
  readonly identity?: true
  /**
   * What the database stores when an insert names no value. In JSON's terms: bigint and decimal as
   * digits, instants as ISO 8601 in UTC, bytes as hexadecimal digits, JSON as it is.
   */
  readonly default?: Json
}

/** A unique constraint or an index. */
export interface KeyState {
  readonly name: string
  /** Names in the database, in the order of the key. */
  readonly columns: ReadonlyArray<string>
}

export interface CheckState {
  readonly name: string
  /** Paths hold one column name each, as the database knows it; literals are in JSON's terms. */
  readonly where: Statement.Predicate
}

export interface ForeignKeyState {
  readonly name: string
  readonly column: string
  readonly table: string
  /** The column of `table` that is referred to. */
  readonly references: string
  readonly onDelete: OnDelete
}

export interface TableState {
  readonly name: string
  /** In the order of declaration; columns added later stand at the end. */
  readonly columns: ReadonlyArray<ColumnState>
  readonly primaryKey: ReadonlyArray<string>
  readonly uniques: ReadonlyArray<KeyState>
  readonly indexes: ReadonlyArray<KeyState>
  readonly checks: ReadonlyArray<CheckState>
  readonly foreignKeys: ReadonlyArray<ForeignKeyState>
}

/** The tables of an app, or of a whole site. No two have one name. */
export type State = ReadonlyArray<TableState>

/** A column with all that hangs on it and comes and goes with it. */
export interface ColumnChange {
  readonly table: string
  readonly column: ColumnState
  readonly foreignKey?: ForeignKeyState
  readonly uniques?: ReadonlyArray<KeyState>
  readonly indexes?: ReadonlyArray<KeyState>
}

/**
 * One step of a migration. Each carries what its reversal needs, and each is one that every engine
 * makes without copying the table.
 */
export type Change =
  | { readonly _tag: "CreateTable"; readonly table: TableState }
  | { readonly _tag: "DropTable"; readonly table: TableState }
  | ({ readonly _tag: "AddColumn" } & ColumnChange)
  | ({ readonly _tag: "DropColumn" } & ColumnChange)
  | { readonly _tag: "AddUnique"; readonly table: string; readonly unique: KeyState }
  | { readonly _tag: "DropUnique"; readonly table: string; readonly unique: KeyState }
  | { readonly _tag: "AddIndex"; readonly table: string; readonly index: KeyState }
  | { readonly _tag: "DropIndex"; readonly table: string; readonly index: KeyState }

export interface Id {
  readonly app: string
  /** `0001_initial`: the file's name without its extension. */
  readonly name: string
}

/** A named group of changes of one app. */
export interface Migration extends Id {
  /** What must be applied before: the app's previous migration, and those of other apps. */
  readonly dependsOn: ReadonlyArray<Id>
  readonly changes: ReadonlyArray<Change>
}

/** A migration as its file exports it. */
export const make = (migration: Migration): Migration => migration

/** `polls.0001_initial`, as messages and commands write it. */
export const idOf = ({ app, name }: Id): string => `${app}.${name}`

const tags: { readonly [Tag in Change["_tag"]]: true } = {
  CreateTable: true,
  DropTable: true,
  AddColumn: true,
  DropColumn: true,
  AddUnique: true,
  DropUnique: true,
  AddIndex: true,
  DropIndex: true
}

const IdSchema = Schema.Struct({ app: Schema.NonEmptyString, name: Schema.NonEmptyString })

const MigrationSchema = Schema.Struct({
  ...IdSchema.fields,
  dependsOn: Schema.Array(IdSchema),
  changes: Schema.Array(
    Schema.declare(
      // The tag is what a stale or foreign file gets wrong; the compiler has checked the rest.
      (u): u is Change =>
        Predicate.hasProperty(u, "_tag") &&
        typeof u._tag === "string" &&
        Object.hasOwn(tags, u._tag),
      { identifier: "Change" }
    )
  )
})

/** Whether a loaded module's export is a migration. */
export const isMigration: (u: unknown) => u is Migration = Schema.is(MigrationSchema)

// ---------------------------------------------------------------------------------------------
// From models to a state
// ---------------------------------------------------------------------------------------------

/** The structure that the models of `registry` (those of `app`, if given) ask for. */
export const stateOf = (registry: Registry, app?: string): State =>
  [...registry.entities.values()]
    .filter((entity) => app === undefined || entity.app === app)
    .map((entity) => tableOf(registry, entity))

const tableOf = (registry: Registry, entity: Entity): TableState => {
  const nameOf = (key: string): string => entity.byKey.get(key)?.name ?? key
  const key = ({ name, columns }: KeyState): KeyState => ({ name, columns: columns.map(nameOf) })
  return {
    name: entity.table,
    columns: entity.columns.map(columnOf),
    primaryKey: entity.primaryKey.map(nameOf),
    uniques: entity.uniques.map(key),
    indexes: entity.indexes.map(key),
    checks: entity.checks.map(({ name, where }) => ({ name, where: conditionOf(nameOf, where) })),
    foreignKeys: entity.columns.flatMap((column): ReadonlyArray<ForeignKeyState> => {
      if (column.references === undefined) return []
      const { model, column: target, constraint, onDelete } = column.references
      const entity = registry.entities.get(model)
      return entity === undefined
        ? []
        : [
            {
              name: constraint,
              column: column.name,
              table: entity.table,
              references: entity.byKey.get(target)?.name ?? target,
              onDelete
            }
          ]
    })
  }
}

const columnOf = (column: Column): ColumnState => {
  const value =
    column.default?._tag === "Value"
      ? jsonOf(
          column.type,
          column.schema === undefined
            ? column.default.value
            : Schema.encodeSync(column.schema)(column.default.value)
        )
      : undefined
  return {
    name: column.name,
    type: column.type,
    ...(column.nullable ? { nullable: true } : {}),
    ...(column.default?._tag === "Identity" ? { identity: true } : {}),
    ...(value === undefined ? {} : { default: value })
  }
}

/** A value of a field in JSON's terms (see `ColumnState.default`); `undefined` where it has none. */
const jsonOf = (type: Statement.FieldType, value: unknown): Json | undefined => {
  if (value === null || value === undefined) return undefined
  if (typeof value === "bigint") return String(value)
  if (BigDecimal.isBigDecimal(value)) return digits(value)
  if (DateTime.isDateTime(value)) return new Date(DateTime.toEpochMillis(value)).toISOString()
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")
  }
  // A trip through JSON drops what JSON has no word for, and copies what a caller might change.
  return type._tag === "Json" || typeof value === "object"
    ? (JSON.parse(JSON.stringify(value)) as Json)
    : (value as Json)
}

/** All digits, never an exponent: `BigDecimal.format` turns to exponents at a scale of 16. */
const digits = (value: BigDecimal.BigDecimal): string => {
  const { scale, value: whole } = value.scale < 0 ? BigDecimal.scale(value, 0) : value
  if (scale === 0) return String(whole)
  const text = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0")
  return `${whole < 0n ? "-" : ""}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

/** A model's check by column names, with its literals in JSON's terms. */
const conditionOf = (
  nameOf: (key: string) => string,
  where: Statement.Predicate
): Statement.Predicate => {
  const expression = (e: Statement.Expression): Statement.Expression => {
    switch (e._tag) {
      case "Column":
        return e.path.length === 1 ? { _tag: "Column", path: e.path.map(nameOf) } : e
      case "Literal":
        return { _tag: "Literal", value: jsonOf(e.type, e.value) ?? null, type: e.type }
      case "Arithmetic":
        return { ...e, left: expression(e.left), right: expression(e.right) }
      case "Call":
        return { ...e, args: e.args.map(expression) }
      default:
        return e
    }
  }
  const condition = (p: Statement.Predicate): Statement.Predicate => {
    switch (p._tag) {
      case "Compare":
        return { ...p, left: expression(p.left), right: expression(p.right) }
      case "In":
        return {
          _tag: "In",
          left: expression(p.left),
          values: p.values.map((value) => jsonOf(p.type, value) ?? null),
          type: p.type
        }
      case "IsNull":
        return { _tag: "IsNull", operand: expression(p.operand) }
      case "And":
      case "Or":
        return { _tag: p._tag, of: p.of.map(condition) }
      case "Not":
        return { _tag: "Not", operand: condition(p.operand) }
      default:
        return p
    }
  }
  return condition(where)
}

// ---------------------------------------------------------------------------------------------
// From two states to changes
// ---------------------------------------------------------------------------------------------

/** What the difference of two states asks for and this version does not make. */
export class ChangeRefused extends Schema.TaggedError<ChangeRefused>(
  "portico/domain/Migration/ChangeRefused"
)("ChangeRefused", {
  /** All of them, so that one run tells everything. */
  refusals: Schema.Array(Schema.Struct({ fact: Schema.String, remedy: Schema.String }))
}) {
  override get message() {
    return this.refusals.map(({ fact, remedy }) => `${fact}. ${remedy}`).join("\n")
  }
}

type Refusal = ChangeRefused["refusals"][number]

/**
 * The changes that lead from one state to another, in an order that every engine accepts: tables
 * after those they refer to, new keys before old ones go, and what loses data last.
 *
 * Renames are never guessed. What looks like one is refused, and so is what an engine could only do
 * by copying a table.
 */
export const difference = (
  from: State,
  to: State
): Either.Either<ReadonlyArray<Change>, ChangeRefused> => {
  const refusals: Array<Refusal> = []
  const before = new Map(from.map((table) => [table.name, table]))
  const after = new Map(to.map((table) => [table.name, table]))
  const created = to.filter((table) => !before.has(table.name))
  const dropped = from.filter((table) => !after.has(table.name))
  for (const table of created) {
    const twin = dropped.find((old) => sameNames(old.columns, table.columns))
    if (twin !== undefined) {
      refusals.push({
        fact: `table ${twin.name} goes and ${table.name} comes with the same columns: a rename would lose the rows`,
        remedy: `Keep the table's name in the model's options ({ table: "${twin.name}" }), or drop the one and create the other in two migrations.`
      })
    }
    refusals.push(...table.checks.flatMap((check) => portable(table, check)))
  }
  const steps = to.flatMap((next) => {
    const last = before.get(next.name)
    return last === undefined ? [] : [alterations(last, next, refusals)]
  })
  const creations = creation(created, refusals)
  const drops = creation(dropped, refusals).map(reverse).reverse()
  return refusals.length > 0
    ? Either.left(new ChangeRefused({ refusals }))
    : Either.right([
        ...creations,
        ...steps.flatMap((step) => step.added),
        ...steps.flatMap((step) => step.keys),
        ...steps.flatMap((step) => step.dropped),
        ...drops
      ])
}

interface Alterations {
  readonly added: ReadonlyArray<Change>
  readonly keys: ReadonlyArray<Change>
  readonly dropped: ReadonlyArray<Change>
}

const alterations = (from: TableState, to: TableState, refusals: Array<Refusal>): Alterations => {
  const table = to.name
  const refuse = (fact: string, remedy: string) => refusals.push({ fact, remedy })
  const before = new Map(from.columns.map((column) => [column.name, column]))
  const after = new Map(to.columns.map((column) => [column.name, column]))
  const comes = to.columns.filter((column) => !before.has(column.name))
  const goes = from.columns.filter((column) => !after.has(column.name))

  if (!same(from.primaryKey, to.primaryKey)) {
    refuse(
      `the primary key of ${table} changes from (${from.primaryKey.join(", ")}) to (${to.primaryKey.join(", ")})`,
      `Create a model with the new key, copy the rows, and drop the old one in a later migration.`
    )
  }
  for (const column of to.columns) {
    const old = before.get(column.name)
    if (old === undefined || same(old, column)) continue
    refuse(
      `${table}.${column.name} changes from ${describeColumn(old)} to ${describeColumn(column)}`,
      same({ ...old, default: column.default }, column)
        ? `Keep the default as it is, and give the new value where rows are inserted.`
        : `Add a new nullable field beside it, copy the values, and drop the old field in a later migration.`
    )
  }
  for (const column of comes) {
    const reference = to.foreignKeys.find((key) => key.column === column.name)
    const twin = goes.find(
      (old) =>
        same(old.type, column.type) &&
        from.foreignKeys.find((key) => key.column === old.name)?.table === reference?.table
    )
    if (twin !== undefined) {
      refuse(
        `${table}.${twin.name} goes and ${table}.${column.name} of the same type comes: a rename would lose the values`,
        `Keep the column's name with .column("${twin.name}"), or drop the one and add the other in two migrations.`
      )
    }
    if (column.nullable !== true && column.default === undefined) {
      refuse(
        `${table}.${column.name} is new and not nullable, and rows that exist have no value for it`,
        reference === undefined
          ? `Give it a static default, or make it nullable.`
          : `Make it nullable.`
      )
    } else if (reference !== undefined && column.default !== undefined) {
      refuse(
        `${table}.${column.name} is a new foreign key with a default, which SQLite does not add`,
        `Make it nullable and drop the default.`
      )
    }
  }

  const news = new Set(comes.map((column) => column.name))
  const olds = new Set(goes.map((column) => column.name))
  const keptKeys = (table: TableState, gone: ReadonlySet<string>) =>
    table.foreignKeys.filter((key) => !gone.has(key.column))
  const kept = changedByName(keptKeys(from, olds), keptKeys(to, news))
  for (const { name } of [...kept.goes, ...kept.comes, ...kept.changes]) {
    refuse(
      `the foreign key ${name} of ${table} changes while its column stays`,
      `Add a new nullable reference beside it, copy the values, and drop the old one in a later migration.`
    )
  }
  const checks = changedByName(from.checks, to.checks)
  for (const { name } of [...checks.goes, ...checks.comes, ...checks.changes]) {
    refuse(
      `the check ${name} of ${table} comes, goes or changes on a table that exists`,
      `Keep the model's checks as they are, or create a model with the new checks and copy the rows.`
    )
  }

  const uniques = changedByName(from.uniques, to.uniques)
  const indexes = changedByName(from.indexes, to.indexes)
  for (const { name } of [...uniques.changes, ...indexes.changes]) {
    refuse(
      `${name} of ${table} gets other columns under the same name`,
      `Give the changed unique or index a new name.`
    )
  }

  return {
    added: attached(comes, to, uniques.comes, indexes.comes).map((change): Change => ({
      _tag: "AddColumn",
      ...change
    })),
    keys: [
      ...uniques.comes
        .filter((unique) => !touches(unique, news))
        .map((unique): Change => ({ _tag: "AddUnique", table, unique })),
      ...indexes.comes
        .filter((index) => !touches(index, news))
        .map((index): Change => ({ _tag: "AddIndex", table, index })),
      ...indexes.goes
        .filter((index) => !touches(index, olds))
        .map((index): Change => ({ _tag: "DropIndex", table, index })),
      ...uniques.goes
        .filter((unique) => !touches(unique, olds))
        .map((unique): Change => ({ _tag: "DropUnique", table, unique }))
    ],
    dropped: attached(goes, from, uniques.goes, indexes.goes)
      .map((change): Change => ({ _tag: "DropColumn", ...change }))
      .reverse()
  }
}

const touches = (key: KeyState, columns: ReadonlySet<string>): boolean =>
  key.columns.some((column) => columns.has(column))

/** Each column with its foreign key, and with the keys that are complete once it stands. */
const attached = (
  columns: ReadonlyArray<ColumnState>,
  table: TableState,
  uniques: ReadonlyArray<KeyState>,
  indexes: ReadonlyArray<KeyState>
): ReadonlyArray<ColumnChange> => {
  const ordered = leadersLast(columns, table)
  return ordered.map((column, i) => {
    const later = new Set(ordered.slice(i + 1).map(({ name }) => name))
    const complete = (key: KeyState) => key.columns.includes(column.name) && !touches(key, later)
    const foreignKey = table.foreignKeys.find((key) => key.column === column.name)
    const itsUniques = uniques.filter(complete)
    const itsIndexes = indexes.filter(complete)
    return {
      table: table.name,
      column,
      ...(foreignKey === undefined ? {} : { foreignKey }),
      ...(itsUniques.length === 0 ? {} : { uniques: itsUniques }),
      ...(itsIndexes.length === 0 ? {} : { indexes: itsIndexes })
    }
  })
}

/**
 * MySQL keeps a foreign key only with an index that its column leads. A column comes after the
 * others of such a key, so that column, foreign key and index come in one change and go in one.
 */
const leadersLast = (
  columns: ReadonlyArray<ColumnState>,
  table: TableState
): ReadonlyArray<ColumnState> => {
  const pending = [...columns]
  const waits = ({ name }: ColumnState): boolean =>
    table.foreignKeys.some((key) => key.column === name) &&
    [...table.uniques, ...table.indexes].some(
      (key) =>
        key.columns[0] === name &&
        pending.some((other) => other.name !== name && key.columns.includes(other.name))
    )
  return columns.flatMap(() =>
    pending.splice(
      Math.max(
        0,
        pending.findIndex((column) => !waits(column))
      ),
      1
    )
  )
}

const changedByName = <A extends { readonly name: string }>(
  from: ReadonlyArray<A>,
  to: ReadonlyArray<A>
) => {
  const before = new Map(from.map((item) => [item.name, item]))
  const after = new Set(to.map((item) => item.name))
  return {
    goes: from.filter((item) => !after.has(item.name)),
    comes: to.filter((item) => !before.has(item.name)),
    changes: to.filter((item) => {
      const old = before.get(item.name)
      return old !== undefined && !same(old, item)
    })
  }
}

const sameNames = (
  a: ReadonlyArray<{ readonly name: string }>,
  b: ReadonlyArray<{ readonly name: string }>
): boolean => a.length === b.length && b.every(({ name }) => a.some((other) => other.name === name))

/**
 * The creation of tables, those referred to first. Where tables refer to each other in a circle, a
 * nullable reference is added once its target stands: a circle without one could hold no first row.
 */
const creation = (
  tables: ReadonlyArray<TableState>,
  refusals: Array<Refusal>
): ReadonlyArray<Change> => {
  const pending = new Map(tables.map((table) => [table.name, table]))
  const created: Array<Change> = []
  const late: Array<Change> = []
  const unmet = (table: TableState) =>
    table.foreignKeys.filter((key) => key.table !== table.name && pending.has(key.table))
  const reaches = (from: TableState, name: string, seen: Set<string>): boolean =>
    unmet(from).some((key) => {
      if (key.table === name) return true
      const next = pending.get(key.table)
      if (next === undefined || seen.has(key.table)) return false
      return reaches(next, name, seen.add(key.table))
    })
  while (pending.size > 0) {
    const waiting = [...pending.values()]
    const next =
      waiting.find((table) => unmet(table).length === 0) ??
      waiting.find(
        (table) =>
          reaches(table, table.name, new Set()) &&
          unmet(table).every((key) => isLate(table, key.column))
      )
    if (next === undefined) {
      refusals.push({
        fact: `the tables ${waiting.map(({ name }) => name).join(", ")} refer to each other in a circle that no first row can enter`,
        remedy: `Make one of these references nullable.`
      })
      return []
    }
    const names = new Set(unmet(next).map((key) => key.column))
    created.push({ _tag: "CreateTable", table: withoutColumns(next, names) })
    late.push(
      ...attached(
        next.columns.filter(({ name }) => names.has(name)),
        next,
        next.uniques.filter((key) => touches(key, names)),
        next.indexes.filter((key) => touches(key, names))
      ).map((change): Change => ({ _tag: "AddColumn", ...change }))
    )
    pending.delete(next.name)
  }
  return [...created, ...late]
}

/** Whether a column can come after its table: nullable, in no primary key, in no check. */
const isLate = (table: TableState, name: string): boolean =>
  table.columns.some((column) => column.name === name && column.nullable === true) &&
  !table.primaryKey.includes(name) &&
  !table.checks.some(({ where }) => canonical(where).includes(JSON.stringify([name])))

const withoutColumns = (table: TableState, names: ReadonlySet<string>): TableState =>
  names.size === 0
    ? table
    : {
        ...table,
        columns: table.columns.filter(({ name }) => !names.has(name)),
        uniques: table.uniques.filter((key) => !touches(key, names)),
        indexes: table.indexes.filter((key) => !touches(key, names)),
        foreignKeys: table.foreignKeys.filter((key) => !names.has(key.column))
      }

const comparisons: ReadonlySet<Statement.Comparison> = new Set([
  "eq",
  "ne",
  "lt",
  "lte",
  "gt",
  "gte",
  "contains",
  "startsWith",
  "endsWith"
])

/** How many digits a decimal has after the point. In a check it is in JSON's terms, a text. */
const fraction = (decimal: unknown): number => /\.(\d*?)0*$/.exec(String(decimal))?.[1]?.length ?? 0

/** A check holds columns of its own row and constants, by operators that mean the same everywhere. */
const portable = (table: TableState, check: CheckState): ReadonlyArray<Refusal> => {
  const refused = (what: string): ReadonlyArray<Refusal> => [
    {
      fact: `the check ${check.name} of ${table.name} uses ${what}, which not every database can check`,
      remedy: `Check it with a Schema on the field instead (.check(…)).`
    }
  ]
  const expression = (e: Statement.Expression): ReadonlyArray<Refusal> => {
    switch (e._tag) {
      case "Literal":
        return []
      case "Column":
        return e.path.length === 1 && e.scope === undefined
          ? []
          : refused(`another row (${e.path.join(".")})`)
      case "Arithmetic":
        return [...expression(e.left), ...expression(e.right)]
      case "Call":
        return e.name === "length" ? e.args.flatMap(expression) : refused(`"${e.name}"`)
      case "Aggregate":
        return refused(`"${e.name}"`)
    }
  }
  // SQLite holds a decimal as a count of its column's smallest unit.
  const likes = (...all: ReadonlyArray<Statement.Expression>): ReadonlyArray<Refusal> =>
    new Set(all.flatMap(scales)).size > 1 ? refused("decimals of different scales") : []
  const scales = (e: Statement.Expression): ReadonlyArray<number> => {
    switch (e._tag) {
      case "Literal":
        return e.type._tag === "Decimal" ? [Math.max(e.type.scale, fraction(e.value))] : []
      case "Column": {
        const type = table.columns.find(({ name }) => name === e.path[0])?.type
        return type?._tag === "Decimal" ? [type.scale] : []
      }
      case "Arithmetic":
        return [...scales(e.left), ...scales(e.right)]
      case "Call":
      case "Aggregate":
        return []
    }
  }
  const condition = (p: Statement.Predicate): ReadonlyArray<Refusal> => {
    switch (p._tag) {
      case "Compare":
        return comparisons.has(p.operator)
          ? [...expression(p.left), ...expression(p.right), ...likes(p.left, p.right)]
          : refused(`"${p.operator}"`)
      case "In": {
        const values = p.values.map((value) => ({ _tag: "Literal", value, type: p.type }) as const)
        return [...expression(p.left), ...likes(p.left, ...values)]
      }
      case "IsNull":
        return expression(p.operand)
      case "And":
      case "Or":
        return p.of.flatMap(condition)
      case "Not":
        return condition(p.operand)
      case "InQuery":
      case "Some":
        return refused("other tables")
    }
  }
  return condition(check.where)
}

// ---------------------------------------------------------------------------------------------
// Changes
// ---------------------------------------------------------------------------------------------

/** The change that undoes this one. Rows and values that were dropped do not come back. */
export const reverse = (change: Change): Change => {
  switch (change._tag) {
    case "CreateTable":
      return { ...change, _tag: "DropTable" }
    case "DropTable":
      return { ...change, _tag: "CreateTable" }
    case "AddColumn":
      return { ...change, _tag: "DropColumn" }
    case "DropColumn":
      return { ...change, _tag: "AddColumn" }
    case "AddUnique":
      return { ...change, _tag: "DropUnique" }
    case "DropUnique":
      return { ...change, _tag: "AddUnique" }
    case "AddIndex":
      return { ...change, _tag: "DropIndex" }
    case "DropIndex":
      return { ...change, _tag: "AddIndex" }
  }
}

/** The state after a change. */
export const apply = (state: State, change: Change): State => {
  const on = (name: string, alter: (table: TableState) => TableState): State =>
    state.map((table) => (table.name === name ? alter(table) : table))
  const without = <A extends { readonly name: string }>(
    items: ReadonlyArray<A>,
    gone: ReadonlyArray<{ readonly name: string }>
  ): ReadonlyArray<A> => items.filter(({ name }) => !gone.some((other) => other.name === name))
  switch (change._tag) {
    case "CreateTable":
      return [...state, change.table]
    case "DropTable":
      return without(state, [change.table])
    case "AddColumn":
      return on(change.table, (table) => ({
        ...table,
        columns: [...table.columns, change.column],
        uniques: [...table.uniques, ...(change.uniques ?? [])],
        indexes: [...table.indexes, ...(change.indexes ?? [])],
        foreignKeys: [...table.foreignKeys, ...Arr.fromNullable(change.foreignKey)]
      }))
    case "DropColumn":
      return on(change.table, (table) => ({
        ...table,
        columns: without(table.columns, [change.column]),
        uniques: without(table.uniques, change.uniques ?? []),
        indexes: without(table.indexes, change.indexes ?? []),
        foreignKeys: without(table.foreignKeys, Arr.fromNullable(change.foreignKey))
      }))
    case "AddUnique":
      return on(change.table, (table) => ({
        ...table,
        uniques: [...table.uniques, change.unique]
      }))
    case "DropUnique":
      return on(change.table, (table) => ({
        ...table,
        uniques: without(table.uniques, [change.unique])
      }))
    case "AddIndex":
      return on(change.table, (table) => ({ ...table, indexes: [...table.indexes, change.index] }))
    case "DropIndex":
      return on(change.table, (table) => ({
        ...table,
        indexes: without(table.indexes, [change.index])
      }))
  }
}

/** The state that migrations lead to, given in the order in which they apply (see `sorted`). */
export const replay = (migrations: ReadonlyArray<Migration>, from: State = []): State =>
  migrations.reduce((state, { changes }) => changes.reduce(apply, state), from)

/** A change in one line: "Add column polls_question.closes_on". */
export const describe = (change: Change): string => {
  switch (change._tag) {
    case "CreateTable":
      return `Create table ${change.table.name}`
    case "DropTable":
      return `Drop table ${change.table.name}`
    case "AddColumn":
      return `Add column ${change.table}.${change.column.name}`
    case "DropColumn":
      return `Drop column ${change.table}.${change.column.name}`
    case "AddUnique":
      return `Add unique ${change.unique.name}`
    case "DropUnique":
      return `Drop unique ${change.unique.name}`
    case "AddIndex":
      return `Add index ${change.index.name}`
    case "DropIndex":
      return `Drop index ${change.index.name}`
  }
}

const typeName = (type: Statement.FieldType): string => {
  switch (type._tag) {
    case "Text":
      return type.max === undefined ? "text" : `text(${type.max})`
    case "Decimal":
      return `decimal(${type.precision}, ${type.scale})`
    case "Enum":
      return `enum(${type.values.join(", ")})`
    default:
      return type._tag.toLowerCase()
  }
}

const describeColumn = (column: ColumnState): string =>
  typeName(column.type) +
  (column.nullable === true ? ", nullable" : "") +
  (column.identity === true ? ", counted by the database" : "") +
  (column.default === undefined ? "" : `, default ${JSON.stringify(column.default)}`)

/** `0003_polls_question_closes_on`: the number after `last`, and what the changes do. */
export const nameAfter = (last: string | undefined, changes: ReadonlyArray<Change>): string => {
  const number = String(Number(/^\d+/.exec(last ?? "")?.[0] ?? 0) + 1).padStart(4, "0")
  const [first] = changes
  if (first === undefined) return `${number}_empty`
  if (last === undefined) return `${number}_initial`
  const words = wordsOf(first)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
  return `${number}_${words.slice(0, 50)}${changes.length > 1 ? "_and_more" : ""}`
}

const wordsOf = (change: Change): string => {
  switch (change._tag) {
    case "CreateTable":
      return `create ${change.table.name}`
    case "AddColumn":
      return `${change.table} ${change.column.name}`
    case "AddUnique":
      return change.unique.name
    case "AddIndex":
      return change.index.name
    case "DropTable":
      return `drop ${change.table.name}`
    case "DropColumn":
    case "DropUnique":
    case "DropIndex":
      return `drop ${wordsOf(reverse(change))}`
  }
}

// ---------------------------------------------------------------------------------------------
// Migrations among each other
// ---------------------------------------------------------------------------------------------

/** Migrations that do not fit together. */
export class GraphFault extends Schema.TaggedError<GraphFault>(
  "portico/domain/Migration/GraphFault"
)("GraphFault", {
  /** `leaves`: two migrations of one app, neither of which comes after the other. */
  kind: Schema.Literal("duplicate", "missing", "cycle", "leaves"),
  /** `polls.0001_initial`; for `missing` the one that is absent comes last. */
  migrations: Schema.Array(Schema.String)
}) {
  override get message() {
    const names = this.migrations
    switch (this.kind) {
      case "duplicate":
        return `Migration: there are two migrations ${names[0]}. Rename one of them.`
      case "missing":
        return `Migration: ${names[0]} depends on ${names[1]}, which does not exist. Restore that migration, or correct dependsOn.`
      case "cycle":
        return `Migration: ${names.join(" → ")} depend on each other. Remove one of these dependencies from dependsOn.`
      case "leaves":
        return `Migration: ${names.join(" and ")} both end the app's history. Let the later one depend on the other in dependsOn.`
    }
  }
}

const compareIds = (a: Id, b: Id): number =>
  a.app === b.app ? (a.name < b.name ? -1 : 1) : a.app < b.app ? -1 : 1

/**
 * Migrations in the order in which they apply: each after those it depends on, otherwise by app and
 * name, so that the order does not depend on how they were found.
 */
export const sorted = (
  migrations: ReadonlyArray<Migration>
): Either.Either<ReadonlyArray<Migration>, GraphFault> => {
  const fault = (kind: GraphFault["kind"], names: ReadonlyArray<string>) =>
    Either.left(new GraphFault({ kind, migrations: names }))
  const inOrder = [...migrations].sort(compareIds)
  const byId = new Map<string, Migration>()
  for (const migration of inOrder) {
    if (byId.has(idOf(migration))) return fault("duplicate", [idOf(migration)])
    byId.set(idOf(migration), migration)
  }
  const followed = new Set<string>()
  for (const migration of inOrder) {
    for (const id of migration.dependsOn) {
      if (!byId.has(idOf(id))) return fault("missing", [idOf(migration), idOf(id)])
      if (id.app === migration.app) followed.add(idOf(id))
    }
  }
  const done = new Set<string>()
  const result: Array<Migration> = []
  /** The circle that was met, if any. */
  const visit = (migration: Migration, path: ReadonlyArray<string>): ReadonlyArray<string> => {
    const id = idOf(migration)
    if (done.has(id)) return []
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id]
    for (const needed of [...migration.dependsOn].sort(compareIds)) {
      const circle = visit(byId.get(idOf(needed)) ?? migration, [...path, id])
      if (circle.length > 0) return circle
    }
    done.add(id)
    result.push(migration)
    return []
  }
  for (const migration of inOrder) {
    const circle = visit(migration, [])
    if (circle.length > 0) return fault("cycle", circle)
  }
  const ends = inOrder.filter((migration) => !followed.has(idOf(migration)))
  for (const leaves of Object.values(Arr.groupBy(ends, ({ app }) => app))) {
    if (leaves.length > 1) return fault("leaves", leaves.map(idOf))
  }
  return Either.right(result)
}

// ---------------------------------------------------------------------------------------------
// Sameness
// ---------------------------------------------------------------------------------------------

/** JSON with its keys in order: equal text for what means the same. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) =>
    Predicate.isRecord(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v
  )

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

/** FNV-1a, 64 bits (RFC 9923), over UTF-16 code units: finds edits, keeps no secret. */
const hash = (text: string): string => {
  let value = 0xcbf29ce484222325n
  for (let i = 0; i < text.length; i++) {
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n)
  }
  return value.toString(16).padStart(16, "0")
}

/** Equal for the same changes, however their file is written. */
export const checksum = (changes: ReadonlyArray<Change>): string => hash(canonical(changes))
