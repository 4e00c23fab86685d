/**
 * Models resolved for those who read statements: columns with their database names, relations in
 * both directions, keys. Made once by `Model.models`, read by adapters, migrations and checks.
 */
import type * as Schema from "effect/Schema"
import type { FieldType, Predicate } from "./Statement.ts"

/** What happens to the rows that refer to a row when it is deleted. */
export type OnDelete = "cascade" | "restrict" | "setNull"

/** Where a value comes from when an insert gives none. */
export type FieldDefault =
  | { readonly _tag: "Value"; readonly value: unknown }
  /** Called for each row by `Database.insert`, with the instant of the insert in milliseconds. */
  | { readonly _tag: "Made"; readonly make: (now: number) => unknown }
  /** The database counts. */
  | { readonly _tag: "Identity" }

export interface Column {
  /** The key in rows: `authorId`. */
  readonly key: string
  /** The name in the database: `author_id`. */
  readonly name: string
  readonly type: FieldType
  readonly nullable: boolean
  readonly unique: boolean
  readonly default?: FieldDefault
  /** Made anew at every update that does not set it (`updatedAt`). */
  readonly touch: boolean
  /** Encodes and decodes a JSON column. Applied by the port: drivers see plain JSON. */
  readonly schema?: Schema.Schema<unknown, unknown>
  /** What a value must meet to be stored. Applied by the port. */
  readonly check?: Schema.Schema<unknown, unknown>
  readonly references?: {
    /** An entity's name. */
    readonly model: string
    readonly column: string
    readonly onDelete: OnDelete
    /** The foreign key's name in the database. */
    readonly constraint: string
  }
}

export type Relation =
  /** The foreign key `column` is on this model. */
  | {
      readonly _tag: "ToOne"
      readonly to: string
      readonly column: string
      readonly nullable: boolean
    }
  /** The foreign key `column` is on the model `to`; `single` where it is unique (one-to-one). */
  | {
      readonly _tag: "ToMany"
      readonly to: string
      readonly column: string
      readonly single: boolean
    }
  /** Many-to-many: `through` holds two foreign keys, `here` to this model and `there` to `to`. */
  | {
      readonly _tag: "Through"
      readonly to: string
      readonly through: string
      readonly here: string
      readonly there: string
    }

export interface Unique {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

export interface Index {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

export interface Check {
  readonly name: string
  readonly where: Predicate
}

export interface Entity {
  /** App and model, unique in a site and the key in the registry: `polls.Question`. */
  readonly name: string
  /** The app that declares it; migrations are filed by it. */
  readonly app: string
  readonly table: string
  /** In the order of declaration. */
  readonly columns: ReadonlyArray<Column>
  readonly byKey: ReadonlyMap<string, Column>
  readonly relations: ReadonlyMap<string, Relation>
  /** Column keys. */
  readonly primaryKey: ReadonlyArray<string>
  /** The key of the column that the database counts, where there is one. */
  readonly identity: string | undefined
  /**
   * Those of single columns too. Constraint names are made from table and columns, so that a
   * violation names its fields on every database.
   */
  readonly uniques: ReadonlyArray<Unique>
  readonly indexes: ReadonlyArray<Index>
  readonly checks: ReadonlyArray<Check>
}

export interface Registry {
  /** By name. */
  readonly entities: ReadonlyMap<string, Entity>
}
