/**
 * A change of structure as SQL, for the three SQL adapters: what `Session.alter` runs and
 * `Driver.describe` shows.
 *
 * MySQL commits each statement by itself, so there every change is one statement: it happens wholly or
 * not at all.
 */
import * as Either from "effect/Either"
import {
  type Change,
  type ColumnState,
  type ForeignKeyState,
  type Json,
  type KeyState,
  type TableState
} from "../../../domain/Migration.ts"
import type { Comparison, Expression, FieldType, Predicate } from "../../../domain/Statement.ts"
import { QueryFault } from "../../../ports/DatabaseError.ts"

export type Dialect = "sqlite" | "postgres" | "mysql"

/**
 * The statements that make `change`, in order. SQLite's run with foreign keys enforced, inside a
 * transaction.
 */
export const statements = (dialect: Dialect, change: Change): ReadonlyArray<string> =>
  printers[dialect](change)

/**
 * `statements`, refused where the engine has no such thing: a MySQL key of more than 3072 bytes, a
 * SQLite decimal of more than 18 digits.
 */
export const compile = (
  dialect: Dialect,
  change: Change
): Either.Either<ReadonlyArray<string>, QueryFault> => {
  const reason = refusal(dialect, change)
  return reason === undefined
    ? Either.right(statements(dialect, change))
    : Either.left(new QueryFault({ kind: "unsupported", reason }))
}

// ---------------------------------------------------------------------------------------------
// Names and values
// ---------------------------------------------------------------------------------------------

const identifier = (dialect: Dialect, name: string): string => {
  const quote = dialect === "mysql" ? "`" : '"'
  return quote + name.replaceAll(quote, quote + quote) + quote
}

const text = (dialect: Dialect, value: string): string =>
  // A backslash escapes or not by MySQL's sql_mode; in hexadecimal it is one in both.
  dialect === "mysql" && value.includes("\\")
    ? `convert(0x${Buffer.from(value, "utf8").toString("hex")} using utf8mb4)`
    : `'${value.replaceAll("'", "''")}'`

/** A value in JSON's terms (see `ColumnState.default`) as the codecs of the adapters store it. */
const literal = (dialect: Dialect, type: FieldType, value: Json): string => {
  if (value === null) return "NULL"
  const word = typeof value === "string" ? value : JSON.stringify(value)
  switch (type._tag) {
    case "Int":
    case "BigInt":
    case "Float":
      return word
    case "Decimal":
      return dialect === "sqlite" ? scaled(word, type.scale) : word
    case "Bool":
      return dialect === "postgres" ? word : value === true ? "1" : "0"
    case "Instant":
      return text(dialect, dialect === "mysql" ? word.replace("T", " ").replace("Z", "") : word)
    case "Json":
      return text(dialect, JSON.stringify(value))
    case "Bytes":
      return dialect === "postgres" ? `'\\x${word}'` : `x'${word}'`
    case "Text":
    case "Date":
    case "Uuid":
    case "Enum":
      return text(dialect, word)
  }
}

/** `-1.5` at a scale of 2 is -150: SQLite's decimals are whole numbers of the smallest unit. */
const scaled = (value: string, scale: number): string => {
  const [whole = "0", fraction = ""] = value.split(".")
  return String(BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0")))
}

// ---------------------------------------------------------------------------------------------
// Conditions of CHECK constraints
// ---------------------------------------------------------------------------------------------

const operators: Partial<Record<Comparison, string>> = {
  eq: "=",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">="
}

/** `Migration.difference` lets only portable checks pass; what else arrives here was not made by it. */
const notPortable = (what: string): never => {
  throw new Error(`ddl: a check uses "${what}", which is not portable. Remove it from the model.`)
}

/** Counts code points. */
const lengthOf = { sqlite: "length", postgres: "char_length", mysql: "char_length" } as const

const expression = (dialect: Dialect, e: Expression): string => {
  switch (e._tag) {
    case "Column":
      return identifier(dialect, e.path[0] ?? "")
    case "Literal":
      // Literals of a check are in JSON's terms (see `CheckState`).
      return literal(dialect, e.type, e.value as Json)
    case "Arithmetic":
      return `(${expression(dialect, e.left)} ${e.operator} ${expression(dialect, e.right)})`
    case "Call":
      return e.name === "length"
        ? `${lengthOf[dialect]}(${e.args.map((arg) => expression(dialect, arg)).join(", ")})`
        : notPortable(e.name)
    case "Aggregate":
      return notPortable(e.name)
  }
}

const comparison = (
  dialect: Dialect,
  operator: Comparison,
  left: string,
  right: string
): string => {
  const length = lengthOf[dialect]
  switch (operator) {
    case "ne":
      return dialect === "sqlite"
        ? `${left} IS NOT ${right}`
        : dialect === "postgres"
          ? `${left} IS DISTINCT FROM ${right}`
          : `NOT (${left} <=> ${right})`
    case "contains":
      return dialect === "postgres"
        ? `strpos(${left}, ${right}) > 0`
        : `instr(${left}, ${right}) > 0`
    case "startsWith":
      return `substr(${left}, 1, ${length}(${right})) = ${right}`
    case "endsWith":
      return `substr(${left}, ${length}(${left}) - ${length}(${right}) + 1) = ${right}`
    default: {
      const symbol = operators[operator]
      return symbol === undefined ? notPortable(operator) : `${left} ${symbol} ${right}`
    }
  }
}

const condition = (dialect: Dialect, p: Predicate): string => {
  switch (p._tag) {
    case "Compare":
      return comparison(
        dialect,
        p.operator,
        expression(dialect, p.left),
        expression(dialect, p.right)
      )
    case "In":
      return p.values.length === 0
        ? "1 = 0"
        : `${expression(dialect, p.left)} IN (${p.values
            // Values of a check are in JSON's terms (see `CheckState`).
            .map((value) => literal(dialect, p.type, value as Json))
            .join(", ")})`
    case "IsNull":
      return `${expression(dialect, p.operand)} IS NULL`
    case "And":
    case "Or":
      return p.of.length === 0
        ? p._tag === "And"
          ? "1 = 1"
          : "1 = 0"
        : `(${p.of.map((each) => condition(dialect, each)).join(p._tag === "And" ? " AND " : " OR ")})`
    case "Not":
      return p.operand._tag === "IsNull"
        ? `${expression(dialect, p.operand.operand)} IS NOT NULL`
        : `(${condition(dialect, p.operand)}) IS NOT TRUE`
    case "InQuery":
    case "Some":
      return notPortable(p._tag)
  }
}

// ---------------------------------------------------------------------------------------------
// Columns and constraints
// ---------------------------------------------------------------------------------------------

// Longer texts are LONGTEXT: all VARCHARs of a row share 65,535 bytes (MySQL manual, 10.4.7).
const longestVarchar = 1024

/** Whether no varchar of PostgreSQL holds the text (PostgreSQL manual, 8.3). */
const isVast = (type: Extract<FieldType, { readonly _tag: "Text" }>): boolean =>
  type.max === undefined || type.max > 10_485_760

/** Whether MySQL keeps the type outside the row. Such columns are in no key. */
const isLong = (type: FieldType): boolean =>
  type._tag === "Json" ||
  type._tag === "Bytes" ||
  (type._tag === "Text" && (type.max === undefined || type.max > longestVarchar))

const enumWidth = (values: ReadonlyArray<string>): number =>
  Math.max(64, ...values.map((value) => Array.from(value).length))

const types: { readonly [D in Dialect]: (type: FieldType) => string } = {
  // Of STRICT tables (SQLite manual, "STRICT Tables"): a value of another type is refused.
  sqlite: (type) => {
    switch (type._tag) {
      case "Int":
      case "BigInt":
      case "Decimal":
      case "Bool":
        return "INTEGER"
      case "Float":
        return "REAL"
      case "Bytes":
        return "BLOB"
      default:
        return "TEXT"
    }
  },
  // Collation "C" compares by code point, as the other databases are told to.
  postgres: (type) => {
    switch (type._tag) {
      case "Int":
      case "BigInt":
        return "bigint"
      case "Float":
        return "double precision"
      case "Decimal":
        return `numeric(${type.precision}, ${type.scale})`
      case "Text":
        return `${isVast(type) ? "text" : `varchar(${type.max})`} COLLATE "C"`
      case "Enum":
        return `text COLLATE "C"`
      case "Bool":
        return "boolean"
      case "Instant":
        return "timestamptz(3)"
      case "Date":
        return "date"
      case "Uuid":
        return "uuid"
      case "Json":
        return "jsonb"
      case "Bytes":
        return "bytea"
    }
  },
  mysql: (type) => {
    switch (type._tag) {
      case "Int":
      case "BigInt":
        return "BIGINT"
      case "Float":
        return "DOUBLE"
      case "Decimal":
        return `DECIMAL(${type.precision}, ${type.scale})`
      case "Text":
        return isLong(type) ? "LONGTEXT" : `VARCHAR(${type.max})`
      case "Enum":
        return `VARCHAR(${enumWidth(type.values)})`
      case "Bool":
        return "TINYINT(1)"
      case "Instant":
        return "DATETIME(3)"
      case "Date":
        return "DATE"
      case "Uuid":
        return "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"
      case "Json":
        return "JSON"
      case "Bytes":
        return "LONGBLOB"
    }
  }
}

/** What a column's type promises beyond its SQL type: the values of an enum, the length of a text. */
const typeCheck = (dialect: Dialect, { name, type }: ColumnState): string | undefined => {
  const column = identifier(dialect, name)
  switch (type._tag) {
    case "Enum":
      return `${column} IN (${type.values.map((value) => text(dialect, value)).join(", ")})`
    case "Text": {
      const unbounded = { sqlite: true, postgres: isVast(type), mysql: isLong(type) }[dialect]
      return type.max === undefined || !unbounded
        ? undefined
        : `${lengthOf[dialect]}(${column}) <= ${type.max}`
    }
    default:
      return undefined
  }
}

const columnSql = (dialect: Dialect, column: ColumnState): string => {
  const name = identifier(dialect, column.name)
  if (column.identity === true) {
    switch (dialect) {
      case "sqlite":
        // AUTOINCREMENT: an identity of a deleted row is never given again, as on the others.
        return `${name} INTEGER PRIMARY KEY AUTOINCREMENT`
      case "postgres":
        return `${name} bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL`
      case "mysql":
        return `${name} BIGINT NOT NULL AUTO_INCREMENT`
    }
  }
  const parts = [name, types[dialect](column.type), column.nullable === true ? "NULL" : "NOT NULL"]
  if (column.default !== undefined) {
    const value = literal(dialect, column.type, column.default)
    // MySQL takes expressions in parentheses only, and nothing else for long types (manual, 13.6).
    const parenthesized =
      dialect === "mysql" && (isLong(column.type) || value.startsWith("convert("))
    parts.push(`DEFAULT ${parenthesized ? `(${value})` : value}`)
  }
  const check = typeCheck(dialect, column)
  // Beside the column and without a name it goes with the column, on all three.
  if (check !== undefined) parts.push(`CHECK (${check})`)
  return parts.join(" ")
}

const constraint = (dialect: Dialect, name: string, sql: string): string =>
  `CONSTRAINT ${identifier(dialect, name)} ${sql}`

const columnsSql = (dialect: Dialect, columns: ReadonlyArray<string>): string =>
  `(${columns.map((column) => identifier(dialect, column)).join(", ")})`

// NO ACTION refuses as RESTRICT does, but at the end of the statement, so that one statement may
// delete a row together with those that refer to it.
const onDelete = { cascade: "CASCADE", restrict: "NO ACTION", setNull: "SET NULL" } as const

const references = (dialect: Dialect, key: ForeignKeyState): string =>
  `REFERENCES ${identifier(dialect, key.table)} (${identifier(dialect, key.references)}) ON DELETE ${onDelete[key.onDelete]}`

/**
 * A column with its foreign key beside it: SQLite drops a column only if no constraint of the table
 * mentions it, and its own go with it (SQLite manual, "ALTER TABLE DROP COLUMN").
 */
const columnWithKey = (
  dialect: "sqlite" | "postgres",
  column: ColumnState,
  key: ForeignKeyState | undefined
): string =>
  key === undefined
    ? columnSql(dialect, column)
    : `${columnSql(dialect, column)} ${constraint(dialect, key.name, references(dialect, key))}`

const createIndex = (
  dialect: Dialect,
  table: string,
  key: KeyState,
  unique: "UNIQUE " | "" = ""
): string =>
  `CREATE ${unique}INDEX ${identifier(dialect, key.name)} ON ${identifier(dialect, table)} ${columnsSql(dialect, key.columns)}`

const body = (lines: ReadonlyArray<string>): string => `(\n  ${lines.join(",\n  ")}\n)`

/** `ALTER TABLE` with all its parts in one statement. */
const alter = (dialect: Dialect, table: string, parts: ReadonlyArray<string>): string =>
  `ALTER TABLE ${identifier(dialect, table)} ${parts.join(", ")}`

// ---------------------------------------------------------------------------------------------
// The three engines
// ---------------------------------------------------------------------------------------------

type Printer = (change: Change) => ReadonlyArray<string>

// Uniques are indexes here: a constraint inside CREATE TABLE could not be dropped again.
const sqlite: Printer = (change) => {
  const q = (name: string) => identifier("sqlite", name)
  const keys = (table: string, uniques: Keys, indexes: Keys): ReadonlyArray<string> => [
    ...(uniques ?? []).map((key) => createIndex("sqlite", table, key, "UNIQUE ")),
    ...(indexes ?? []).map((key) => createIndex("sqlite", table, key))
  ]
  switch (change._tag) {
    case "CreateTable": {
      const { table } = change
      return [
        `CREATE TABLE ${q(table.name)} ${body([
          ...table.columns.map((column) => columnWithKey("sqlite", column, keyOf(table, column))),
          ...(table.columns.some((column) => column.identity === true)
            ? []
            : [`PRIMARY KEY ${columnsSql("sqlite", table.primaryKey)}`]),
          ...checksOf("sqlite", table)
        ])} STRICT`,
        ...keys(table.name, table.uniques, table.indexes)
      ]
    }
    case "DropTable":
      return [`DROP TABLE ${q(change.table.name)}`]
    case "AddColumn":
      return [
        `ALTER TABLE ${q(change.table)} ADD COLUMN ${columnWithKey("sqlite", change.column, change.foreignKey)}`,
        ...keys(change.table, change.uniques, change.indexes)
      ]
    case "DropColumn":
      return [
        ...[...(change.indexes ?? []), ...(change.uniques ?? [])].map(
          ({ name }) => `DROP INDEX ${q(name)}`
        ),
        `ALTER TABLE ${q(change.table)} DROP COLUMN ${q(change.column.name)}`
      ]
    case "AddUnique":
      return keys(change.table, [change.unique], [])
    case "AddIndex":
      return keys(change.table, [], [change.index])
    case "DropUnique":
      return [`DROP INDEX ${q(change.unique.name)}`]
    case "DropIndex":
      return [`DROP INDEX ${q(change.index.name)}`]
  }
}

const postgres: Printer = (change) => {
  const q = (name: string) => identifier("postgres", name)
  const unique = (key: KeyState): string =>
    constraint("postgres", key.name, `UNIQUE ${columnsSql("postgres", key.columns)}`)
  switch (change._tag) {
    case "CreateTable": {
      const { table } = change
      return [
        `CREATE TABLE ${q(table.name)} ${body([
          ...table.columns.map((column) => columnWithKey("postgres", column, keyOf(table, column))),
          `PRIMARY KEY ${columnsSql("postgres", table.primaryKey)}`,
          ...table.uniques.map(unique),
          ...checksOf("postgres", table)
        ])}`,
        ...table.indexes.map((key) => createIndex("postgres", table.name, key))
      ]
    }
    case "DropTable":
      return [`DROP TABLE ${q(change.table.name)}`]
    case "AddColumn":
      return [
        alter("postgres", change.table, [
          `ADD COLUMN ${columnWithKey("postgres", change.column, change.foreignKey)}`,
          ...(change.uniques ?? []).map((key) => `ADD ${unique(key)}`)
        ]),
        ...(change.indexes ?? []).map((key) => createIndex("postgres", change.table, key))
      ]
    case "DropColumn":
      // Its constraints and indexes go with it.
      return [alter("postgres", change.table, [`DROP COLUMN ${q(change.column.name)}`])]
    case "AddUnique":
      return [alter("postgres", change.table, [`ADD ${unique(change.unique)}`])]
    case "DropUnique":
      return [alter("postgres", change.table, [`DROP CONSTRAINT ${q(change.unique.name)}`])]
    case "AddIndex":
      return [createIndex("postgres", change.table, change.index)]
    case "DropIndex":
      return [`DROP INDEX ${q(change.index.name)}`]
  }
}

// The comments choose the collation that compares by code point and keeps trailing spaces: MariaDB
// reads `M!` alone, and skips MySQL's comments from 50700 to 50999 (MariaDB manual, "Comment Syntax").
const tableOptions =
  "ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50700 utf8mb4_0900_bin */"

const mysql: Printer = (change) => {
  const q = (name: string) => identifier("mysql", name)
  const unique = (key: KeyState) => `UNIQUE KEY ${q(key.name)} ${columnsSql("mysql", key.columns)}`
  const index = (key: KeyState) => `KEY ${q(key.name)} ${columnsSql("mysql", key.columns)}`
  const foreignKey = (key: ForeignKeyState) =>
    constraint("mysql", key.name, `FOREIGN KEY (${q(key.column)}) ${references("mysql", key)}`)
  switch (change._tag) {
    case "CreateTable": {
      const { table } = change
      return [
        `CREATE TABLE ${q(table.name)} ${body([
          ...table.columns.map((column) => columnSql("mysql", column)),
          `PRIMARY KEY ${columnsSql("mysql", table.primaryKey)}`,
          ...table.uniques.map(unique),
          ...table.indexes.map(index),
          ...checksOf("mysql", table),
          ...table.foreignKeys.map(foreignKey)
        ])} ${tableOptions}`
      ]
    }
    case "DropTable":
      return [`DROP TABLE ${q(change.table.name)}`]
    case "AddColumn":
      return [
        alter("mysql", change.table, [
          `ADD COLUMN ${columnSql("mysql", change.column)}`,
          ...(change.uniques ?? []).map((key) => `ADD ${unique(key)}`),
          ...(change.indexes ?? []).map((key) => `ADD ${index(key)}`),
          ...(change.foreignKey === undefined ? [] : [`ADD ${foreignKey(change.foreignKey)}`])
        ])
      ]
    case "DropColumn":
      return [
        alter("mysql", change.table, [
          ...(change.foreignKey === undefined
            ? []
            : [`DROP FOREIGN KEY ${q(change.foreignKey.name)}`]),
          ...[...(change.indexes ?? []), ...(change.uniques ?? [])].map(
            ({ name }) => `DROP INDEX ${q(name)}`
          ),
          `DROP COLUMN ${q(change.column.name)}`
        ])
      ]
    case "AddUnique":
      return [alter("mysql", change.table, [`ADD ${unique(change.unique)}`])]
    case "DropUnique":
      return [alter("mysql", change.table, [`DROP INDEX ${q(change.unique.name)}`])]
    case "AddIndex":
      return [alter("mysql", change.table, [`ADD ${index(change.index)}`])]
    case "DropIndex":
      return [alter("mysql", change.table, [`DROP INDEX ${q(change.index.name)}`])]
  }
}

const printers: { readonly [D in Dialect]: Printer } = { sqlite, postgres, mysql }

type Keys = ReadonlyArray<KeyState> | undefined

const keyOf = (table: TableState, column: ColumnState): ForeignKeyState | undefined =>
  table.foreignKeys.find((key) => key.column === column.name)

const checksOf = (dialect: Dialect, table: TableState): ReadonlyArray<string> =>
  table.checks.map(({ name, where }) =>
    constraint(dialect, name, `CHECK (${condition(dialect, where)})`)
  )

// ---------------------------------------------------------------------------------------------
// What an engine does not have
// ---------------------------------------------------------------------------------------------

// InnoDB, rows of format DYNAMIC (MySQL manual, 17.21 "InnoDB Limits").
const maxKeyBytes = 3072

/** Bytes of a column in a MySQL key; `Infinity` for types that no key holds whole. */
const keyBytes = (type: FieldType): number => {
  if (isLong(type)) return Infinity
  switch (type._tag) {
    // Four bytes for a character of utf8mb4.
    case "Text":
      return (type.max ?? Infinity) * 4
    case "Enum":
      return enumWidth(type.values) * 4
    case "Uuid":
      return 36
    case "Decimal":
      return type.precision
    default:
      return 8
  }
}

// SQLite: 18 digits fit its integers of 64 bits. MySQL manual, 11.1.3. PostgreSQL manual, 8.1.2.
const maxDigits = { sqlite: 18, postgres: 1000, mysql: 65 } as const

const refusal = (dialect: Dialect, change: Change): string | undefined => {
  const columns = columnsIn(change)
  for (const { table, column } of columns) {
    if (column.type._tag === "Decimal" && column.type.precision > maxDigits[dialect]) {
      return `${table}.${column.name} has ${column.type.precision} digits and this database stores ${maxDigits[dialect]}. Declare the field with fewer digits, or keep it as text.`
    }
  }
  if (dialect !== "mysql") return undefined
  const types = new Map(columns.map(({ column }) => [column.name, column.type]))
  for (const key of keysIn(change)) {
    const bytes = key.reduce((sum, name) => {
      const type = types.get(name)
      return type === undefined ? sum : sum + keyBytes(type)
    }, 0)
    if (bytes > maxKeyBytes) {
      return `the key of ${columns[0]?.table} over (${key.join(", ")}) takes more than the ${maxKeyBytes} bytes of a MySQL key. Give its text fields a max, 768 in all at most, or drop the unique or index.`
    }
  }
  return undefined
}

const columnsIn = (
  change: Change
): ReadonlyArray<{ readonly table: string; readonly column: ColumnState }> => {
  switch (change._tag) {
    case "CreateTable":
      return change.table.columns.map((column) => ({ table: change.table.name, column }))
    case "AddColumn":
      return [change]
    default:
      return []
  }
}

const keysIn = (change: Change): ReadonlyArray<ReadonlyArray<string>> => {
  const columns = (keys: Keys) => (keys ?? []).map((key) => key.columns)
  switch (change._tag) {
    case "CreateTable":
      return [
        change.table.primaryKey,
        ...columns(change.table.uniques),
        ...columns(change.table.indexes)
      ]
    case "AddColumn":
      return [...columns(change.uniques), ...columns(change.indexes)]
    default:
      return []
  }
}
