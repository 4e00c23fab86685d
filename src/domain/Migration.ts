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
import type { Entity, OnDelete, Registry } from "./Registry.ts"
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
  /** Tables that refer to each other in a circle: none of them can be made before the others. */
  | { readonly _tag: "CreateTables"; readonly tables: ReadonlyArray<TableState> }
  | { readonly _tag: "DropTables"; readonly tables: ReadonlyArray<TableState> }
  | ({ readonly _tag: "AddColumn" } & ColumnChange)
  | ({ readonly _tag: "DropColumn" } & ColumnChange)
  | { readonly _tag: "AddUnique"; readonly table: string; readonly unique: KeyState }
  | { readonly _tag: "DropUnique"; readonly table: string; readonly unique: KeyState }
  | { readonly _tag: "AddIndex"; readonly table: string; readonly index: KeyState }
  | { readonly _tag: "DropIndex"; readonly table: string; readonly index: KeyState }
