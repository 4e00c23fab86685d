/**
 * What a database is asked, as plain data: no functions, no classes, no SQL. Made by queries, read
 * by the adapters: the SQL ones compile it, the memory one interprets it.
 */

/**
 * How a value is stored, compared and written. Carried by columns and by literals alike. What
 * drivers are given and answer: a number for Int and Float, a bigint, an effect `BigDecimal`, a
 * string for Text, Date, Uuid (in lower case) and Enum, a boolean, a `DateTime.Utc`, a plain JSON
 * value (already encoded by its schema), a `Uint8Array`; null for NULL.
 */
export type FieldType =
  | { readonly _tag: "Int" }
  | { readonly _tag: "BigInt" }
  | { readonly _tag: "Float" }
  /** `precision` digits in all, `scale` of them after the point. */
  | { readonly _tag: "Decimal"; readonly precision: number; readonly scale: number }
  /** `max` counts Unicode code points. */
  | { readonly _tag: "Text"; readonly max?: number }
  | { readonly _tag: "Bool" }
  /** A point in time, to the millisecond, UTC. */
  | { readonly _tag: "Instant" }
  /** A calendar day, `YYYY-MM-DD`. */
  | { readonly _tag: "Date" }
  | { readonly _tag: "Uuid" }
  | { readonly _tag: "Json" }
  | { readonly _tag: "Bytes" }
  | { readonly _tag: "Enum"; readonly values: ReadonlyArray<string> }

/**
 * What values of two types add up to, and are compared as. Of two decimals: every digit of both.
 * Otherwise the first, as no other types are mixed.
 */
export const common = (a: FieldType, b: FieldType): FieldType => {
  if (a._tag !== "Decimal" || b._tag !== "Decimal" || a.scale === b.scale) return a
  const scale = Math.max(a.scale, b.scale)
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale)
  return { _tag: "Decimal", precision: whole + scale, scale }
}

/** Relation hops, then the field: `["question", "author", "name"]`. */
export type Path = ReadonlyArray<string>

export type Expression =
  /** `scope` names the `Some` whose row the path starts at; absent: the statement's own row. */
  | { readonly _tag: "Column"; readonly path: Path; readonly scope?: number }
  | { readonly _tag: "Literal"; readonly value: unknown; readonly type: FieldType }
  | {
      readonly _tag: "Arithmetic"
      readonly operator: "+" | "-" | "*"
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly _tag: "Call"; readonly name: FunctionName; readonly args: ReadonlyArray<Expression> }
  | { readonly _tag: "Aggregate"; readonly name: AggregateName; readonly arg?: Expression }

export type FunctionName = "lower" | "upper" | "length" | "year" | "month" | "day"

export type AggregateName = "count"

export type Comparison =
  | "eq"
  /** Null-safe: a NULL is unequal to every value. */
  | "ne"
  | "lt"
  | "lte"
  | "gt"
  | "gte"
  | "contains"
  | "icontains"
  | "startsWith"
  | "istartsWith"
  | "endsWith"
  | "iendsWith"
  | "iexact"
  | "regex"

export type Predicate =
  | {
      readonly _tag: "Compare"
      readonly operator: Comparison
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly _tag: "In"
      readonly left: Expression
      readonly values: ReadonlyArray<unknown>
      readonly type: FieldType
    }
  /** `query` yields one column. */
  | { readonly _tag: "InQuery"; readonly left: Expression; readonly query: Select }
  | { readonly _tag: "IsNull"; readonly operand: Expression }
  /** Of none: true. */
  | { readonly _tag: "And"; readonly of: ReadonlyArray<Predicate> }
  /** Of none: false. */
  | { readonly _tag: "Or"; readonly of: ReadonlyArray<Predicate> }
  /** Two-valued: where the operand is unknown because of a NULL, its negation is true. */
  | { readonly _tag: "Not"; readonly operand: Predicate }
  /**
   * Some row of the to-many relation at the end of `path` meets `where`. Never multiplies rows.
   * Within `where` that row is known as `as`; of two enclosing ones with the same number the inner
   * one is meant.
   */
  | {
      readonly _tag: "Some"
      readonly path: Path
      readonly scope?: number
      readonly as: number
      readonly where?: Predicate
    }

export interface Order {
  readonly by: Expression
  readonly direction: "asc" | "desc"
  /** NULL is the smallest value unless said otherwise: first on asc, last on desc. */
  readonly nulls: "first" | "last"
}

export interface Select {
  readonly _tag: "Select"
  /** A model's name in the registry. */
  readonly model: string
  readonly where?: Predicate
  readonly orderBy?: ReadonlyArray<Order>
  readonly limit?: number
  readonly offset?: number
  /** Named expressions to answer; absent means every column of the model. May be none. */
  readonly output?: ReadonlyArray<readonly [alias: string, expression: Expression]>
  /**
   * To-one relations to load in the same statement; each row carries them nested under their names,
   * or null. A path comes after the paths that it goes on from.
   */
  readonly join?: ReadonlyArray<Path>
  /**
   * A batched load: rows whose `by` is among `values` (distinct, none null); `limit` and `offset`
   * then apply to the rows of each value apart.
   */
  readonly each?: {
    readonly by: Expression
    readonly values: ReadonlyArray<unknown>
    readonly type: FieldType
  }
  readonly lock?: {
    readonly strength: "update" | "share"
    readonly wait: "block" | "nowait" | "skip"
  }
}

export interface Insert {
  readonly _tag: "Insert"
  readonly model: string
  /** Field keys, the union over all rows. */
  readonly columns: ReadonlyArray<string>
  /** One value per column; `Default` stands for "as the database makes it". */
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
  /** Answer the stored rows, in the order given; else none. */
  readonly returning: boolean
}

/** In an insert's row: let the database make the value (an identity, a column default). */
export const Default: unique symbol = Symbol.for("portico/domain/Statement/Default")

export interface Update {
  readonly _tag: "Update"
  readonly model: string
  readonly set: ReadonlyArray<readonly [column: string, value: Expression]>
  readonly where?: Predicate
}

export interface Delete {
  readonly _tag: "Delete"
  readonly model: string
  readonly where?: Predicate
}

export type Statement = Select | Insert | Update | Delete

export type Row = Readonly<Record<string, unknown>>

export interface Result {
  /** Fresh objects, the nested ones too: the receiver may keep and change them. */
  readonly rows: ReadonlyArray<Row>
  /** Rows inserted, matched by the update, or deleted. */
  readonly affected: number
}
