/**
 * What the three SQLs say differently, as a record each. The compiler knows no dialect by name.
 */
import type { FieldType, FunctionName, Order, Select } from "../../../domain/Statement.ts"
import type { DialectName } from "./codec.ts"
import { type Slot, type Sql, sql } from "./sql.ts"

type Tag = FieldType["_tag"]

export type Match = "contains" | "startsWith" | "endsWith"

export interface Dialect {
  readonly name: DialectName
  readonly quote: (identifier: string) => string
  readonly placeholder: (position: number) => string
  /** A literal beside a column or expression that tells its type. */
  readonly beside: (slot: Slot, type: FieldType) => Sql
  /** A literal whose type nothing around it tells. */
  readonly alone: (slot: Slot, type: FieldType) => Sql
  /**
   * How lists of values come: one array parameter, or one parameter each, their number rounded up
   * so that few texts serve all lengths.
   */
  readonly lists: "array" | "padded"
  /** Membership in a list that comes as one parameter; absent where lists are always padded. */
  readonly inArray?: (left: Sql, list: Slot, type: FieldType) => Sql
  /** From this length on a padded dialect uses `inArray`, where it has one. */
  readonly longList: number
  /** Not equal, where one NULL is unequal to every value. */
  readonly distinct: (left: Sql, right: Sql) => Sql
  readonly regex: (left: Sql, right: Sql) => Sql
  readonly call: Readonly<Record<FunctionName, (operand: Sql, type: FieldType) => Sql>>
  /** Text search with a pattern made by `pattern`. */
  readonly like: (left: Sql, pattern: Slot, ignoreCase: boolean) => Sql
  readonly pattern: (match: Match, ignoreCase: boolean) => (text: string) => string
  /** Whether NULL sorts before all values of its own accord. */
  readonly nullsAreSmallest: boolean
  /** An order with its place for NULLs said, for those that `nullsAreSmallest` does not give. */
  readonly orderWithNulls: (by: Sql, direction: "ASC" | "DESC", nulls: Order["nulls"]) => Sql
  /** Row counts are written into the text: the server takes no parameter there. */
  readonly inlinesLimit: boolean
  /** OFFSET without LIMIT needs this before it. */
  readonly noLimit: string
  /** Decimals are whole numbers of their column's smallest unit. */
  readonly countsDecimals: boolean
  /** A column or expression as a row is to have it. */
  readonly output: (expression: Sql, type: FieldType) => Sql
  readonly lock: (lock: NonNullable<Select["lock"]>, table: string) => string
  /** `INSERT` can answer the stored rows. */
  readonly returning: boolean
  /** Inserts of many rows: one array parameter per column, or a parameter per value. */
  readonly insertsArrays: boolean
  /** `DEFAULT` may stand for a value in an insert. */
  readonly writesDefault: boolean
  /** A statement may not read the table that it changes, except through a temporary table. */
  readonly shieldsTarget: boolean
  /** A subquery of IN may have a LIMIT only within a temporary table. */
  readonly shieldsPages: boolean
  readonly deleteFrom: (table: string, alias: string) => string
}

const quoteWith = (mark: string) => (identifier: string) =>
  mark + identifier.replaceAll(mark, mark + mark) + mark

// "!" escapes, as the backslash means something in string literals of some of the three.
const likePattern = (match: Match) => (text: string) => {
  const escaped = text.replace(/[!%_]/g, "!$&")
  return `${match === "startsWith" ? "" : "%"}${escaped}${match === "endsWith" ? "" : "%"}`
}

const globPattern = (match: Match) => (text: string) => {
  const escaped = text.replace(/[*?[]/g, "[$&]")
  return `${match === "startsWith" ? "" : "*"}${escaped}${match === "endsWith" ? "" : "*"}`
}

const plain = (slot: Slot): Sql => sql`${slot}`

const callNamed = (name: string) => (operand: Sql) => sql`${name}(${operand})`

const nullsSaid: Dialect["orderWithNulls"] = (by, direction, nulls) =>
  sql`${by} ${direction} NULLS ${nulls.toUpperCase()}`

const waits = { block: "", nowait: " NOWAIT", skip: " SKIP LOCKED" } as const

// -------------------------------------------------------------------------------------------------

const sqlitePart = (format: string) => (operand: Sql) =>
  sql`CAST(strftime('${format}', ${operand}) AS INTEGER)`

export const sqlite: Dialect = {
  name: "sqlite",
  quote: quoteWith('"'),
  placeholder: () => "?",
  beside: plain,
  // better-sqlite3 binds every number as REAL.
  alone: (slot, { _tag }) =>
    _tag === "Int" || _tag === "Bool" ? sql`CAST(${slot} AS INTEGER)` : plain(slot),
  lists: "padded",
  inArray: (left, list) => sql`${left} IN (SELECT value FROM json_each(${list}))`,
  // SQLITE_MAX_VARIABLE_NUMBER is 32766 (sqlite.org/limits.html).
  longList: 1025,
  distinct: (left, right) => sql`${left} IS NOT ${right}`,
  regex: (left, right) => sql`${left} REGEXP ${right}`,
  call: {
    lower: callNamed("LOWER"),
    upper: callNamed("UPPER"),
    length: callNamed("LENGTH"),
    year: sqlitePart("%Y"),
    month: sqlitePart("%m"),
    day: sqlitePart("%d")
  },
  // LIKE ignores the case of ASCII letters here, GLOB does not (sqlite.org/lang_expr.html).
  like: (left, pattern, ignoreCase) =>
    ignoreCase ? sql`${left} LIKE ${pattern} ESCAPE '!'` : sql`${left} GLOB ${pattern}`,
  pattern: (match, ignoreCase) => (ignoreCase ? likePattern(match) : globPattern(match)),
  nullsAreSmallest: true,
  orderWithNulls: nullsSaid,
  inlinesLimit: false,
  noLimit: " LIMIT -1",
  countsDecimals: true,
  // As text, because better-sqlite3 rounds integers beyond 2^53.
  output: (expression, { _tag }) =>
    _tag === "BigInt" || _tag === "Decimal" ? sql`CAST(${expression} AS TEXT)` : expression,
  // A transaction that writes has the whole database to itself.
  lock: () => "",
  returning: true,
  insertsArrays: false,
  writesDefault: false,
  shieldsTarget: false,
  shieldsPages: false,
  deleteFrom: (table, alias) => `DELETE FROM ${table} AS ${alias}`
}

// -------------------------------------------------------------------------------------------------

const postgresTypes: Readonly<Record<Tag, string>> = {
  Int: "bigint",
  BigInt: "bigint",
  Float: "float8",
  Decimal: "numeric",
  Text: "text",
  Enum: "text",
  Bool: "boolean",
  Instant: "timestamptz",
  Date: "date",
  Uuid: "uuid",
  Json: "jsonb",
  Bytes: "bytea"
}

export const postgresType = (type: FieldType): string => postgresTypes[type._tag]

const postgresPart = (name: string) => (operand: Sql, type: FieldType) =>
  type._tag === "Instant"
    ? sql`CAST(EXTRACT(${name} FROM ${operand} AT TIME ZONE 'UTC') AS bigint)`
    : sql`CAST(EXTRACT(${name} FROM ${operand}) AS bigint)`

export const postgres: Dialect = {
  name: "postgres",
  quote: quoteWith('"'),
  placeholder: (position) => `$${position}`,
  beside: plain,
  // Columns are COLLATE "C": a bare text would be folded by the database's own rules.
  alone: (slot, type) =>
    postgresType(type) === "text"
      ? sql`${slot}::text COLLATE "C"`
      : sql`${slot}::${postgresType(type)}`,
  lists: "array",
  inArray: (left, list, type) => sql`${left} = ANY(${list}::${postgresType(type)}[])`,
  longList: Infinity,
  distinct: (left, right) => sql`${left} IS DISTINCT FROM ${right}`,
  regex: (left, right) => sql`${left} ~ ${right}`,
  call: {
    lower: callNamed("LOWER"),
    upper: callNamed("UPPER"),
    // Beside an int4 a parameter could be no more than that.
    length: (operand) => sql`CAST(LENGTH(${operand}) AS bigint)`,
    year: postgresPart("YEAR"),
    month: postgresPart("MONTH"),
    day: postgresPart("DAY")
  },
  like: (left, pattern, ignoreCase) =>
    sql`${left} ${ignoreCase ? "ILIKE" : "LIKE"} ${pattern} ESCAPE '!'`,
  pattern: likePattern,
  nullsAreSmallest: false,
  orderWithNulls: nullsSaid,
  inlinesLimit: false,
  noLimit: "",
  countsDecimals: false,
  output: (expression) => expression,
  // OF: the rows of outer joins can not be locked.
  lock: ({ strength, wait }, table) =>
    ` FOR ${strength === "update" ? "UPDATE" : "SHARE"} OF ${table}${waits[wait]}`,
  returning: true,
  insertsArrays: true,
  writesDefault: true,
  shieldsTarget: false,
  shieldsPages: false,
  deleteFrom: (table, alias) => `DELETE FROM ${table} AS ${alias}`
}

// -------------------------------------------------------------------------------------------------

// Large numbers are bound as text, and a text beside a number is compared as a double.
const mysqlNumber = (slot: Slot, type: FieldType, scale: number): Sql => {
  switch (type._tag) {
    case "BigInt":
      return sql`CAST(${slot} AS SIGNED)`
    case "Decimal":
      return sql`CAST(${slot} AS DECIMAL(65,${String(scale)}))`
    default:
      return plain(slot)
  }
}

// 65 digits, 30 of them after the point, are the most there are (manual, "Precision Math").
const finestScale = (type: FieldType): number =>
  type._tag === "Decimal" ? Math.min(30, 65 - (type.precision - type.scale)) : 0

const mysqlPart = (name: string) => (operand: Sql) => sql`EXTRACT(${name} FROM ${operand})`

export const mysql: Dialect = {
  name: "mysql",
  quote: quoteWith("`"),
  placeholder: () => "?",
  beside: (slot, type) => mysqlNumber(slot, type, finestScale(type)),
  alone: (slot, type) =>
    type._tag === "Int" || type._tag === "Bool"
      ? sql`CAST(${slot} AS SIGNED)`
      : mysqlNumber(slot, type, type._tag === "Decimal" ? type.scale : 0),
  lists: "padded",
  longList: Infinity,
  distinct: (left, right) => sql`NOT (${left} <=> ${right})`,
  regex: (left, right) => sql`${left} REGEXP ${right}`,
  call: {
    lower: callNamed("LOWER"),
    upper: callNamed("UPPER"),
    length: callNamed("CHAR_LENGTH"),
    year: mysqlPart("YEAR"),
    month: mysqlPart("MONTH"),
    day: mysqlPart("DAY")
  },
  like: (left, pattern, ignoreCase) =>
    ignoreCase
      ? sql`LOWER(${left}) LIKE LOWER(${pattern}) ESCAPE '!'`
      : sql`${left} LIKE ${pattern} ESCAPE '!'`,
  pattern: likePattern,
  nullsAreSmallest: true,
  orderWithNulls: (by, direction, nulls) =>
    sql`(${by} IS NULL) ${nulls === "last" ? "ASC" : "DESC"}, ${by} ${direction}`,
  inlinesLimit: true,
  // The largest unsigned 64-bit integer, as the manual has it (SELECT).
  noLimit: " LIMIT 18446744073709551615",
  countsDecimals: false,
  output: (expression) => expression,
  lock: ({ strength, wait }) => ` FOR ${strength === "update" ? "UPDATE" : "SHARE"}${waits[wait]}`,
  returning: false,
  insertsArrays: false,
  writesDefault: true,
  shieldsTarget: true,
  shieldsPages: true,
  deleteFrom: (table, alias) => `DELETE ${alias} FROM ${table} AS ${alias}`
}

export const mariadb: Dialect = {
  ...mysql,
  returning: true,
  lock: ({ strength, wait }) =>
    ` ${strength === "update" ? "FOR UPDATE" : "LOCK IN SHARE MODE"}${waits[wait]}`
}
