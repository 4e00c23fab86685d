/**
 * Typed handles for columns, as filters, orders, checks and updates receive them: each method
 * answers a piece of a statement, plain data that any adapter reads.
 */
import type * as Field from "./Field.ts"
import * as Statement from "./Statement.ts"

/** Something that a row has a value of type `T` for. */
export interface Expression<out T> {
  /** In types alone. */
  readonly "~value": T
  readonly ast: Statement.Expression
}

/** A value, or another column of the same type. */
export type Operand<T> = NonNullable<T> | Expression<NonNullable<T> | null>

export interface Nullable<out T> extends Expression<T> {
  isNull(): Statement.Predicate
  notNull(): Statement.Predicate
}

/** NULL is the smallest value unless `nulls` says otherwise: first on asc, last on desc. */
export interface Column<T> extends Nullable<T> {
  /** Never true of a NULL: ask `isNull`. */
  eq(value: Operand<T>): Statement.Predicate
  /** The complement of `eq`: a NULL is unequal to every value. */
  ne(value: Operand<T>): Statement.Predicate
  /** One of the values. Of none: false. */
  in(values: ReadonlyArray<NonNullable<T>>): Statement.Predicate
  asc(nulls?: "first" | "last"): Statement.Order
  desc(nulls?: "first" | "last"): Statement.Order
}

export interface OrderedColumn<T> extends Column<T> {
  lt(value: Operand<T>): Statement.Predicate
  lte(value: Operand<T>): Statement.Predicate
  gt(value: Operand<T>): Statement.Predicate
  gte(value: Operand<T>): Statement.Predicate
  /** Both ends included. */
  between(low: Operand<T>, high: Operand<T>): Statement.Predicate
}

/** A sum or difference with a NULL is NULL. */
export interface DecimalColumn<T> extends OrderedColumn<T> {
  add(value: Operand<T>): DecimalColumn<T>
  sub(value: Operand<T>): DecimalColumn<T>
}

export interface NumberColumn<T> extends OrderedColumn<T> {
  add(value: Operand<T>): NumberColumn<T>
  sub(value: Operand<T>): NumberColumn<T>
  mul(value: Operand<T>): NumberColumn<T>
}

/**
 * Text compares and sorts by code point. The lookups with `i` ignore case: of ASCII letters
 * everywhere, of all letters where the capability `foldsUnicode` says so.
 */
export interface TextColumn<T> extends OrderedColumn<T> {
  contains(part: string): Statement.Predicate
  icontains(part: string): Statement.Predicate
  startsWith(part: string): Statement.Predicate
  istartsWith(part: string): Statement.Predicate
  endsWith(part: string): Statement.Predicate
  iendsWith(part: string): Statement.Predicate
  iexact(text: string): Statement.Predicate
  /** Where the capability `matchesRegex` says so; elsewhere the query fails `unsupported`. */
  regex(pattern: string): Statement.Predicate
  /** Changes the letters whose case the lookups with `i` ignore. */
  lower(): TextColumn<T>
  /** Changes the letters whose case the lookups with `i` ignore. */
  upper(): TextColumn<T>
  /** In code points. */
  length(): NumberColumn<number | Extract<T, null>>
}

/** The parts are those of the UTC calendar; months count from 1. */
export interface TimeColumn<T> extends OrderedColumn<T> {
  year(): NumberColumn<number | Extract<T, null>>
  month(): NumberColumn<number | Extract<T, null>>
  day(): NumberColumn<number | Extract<T, null>>
}

export interface ByKind<T> {
  readonly Int: NumberColumn<T>
  readonly BigInt: NumberColumn<T>
  readonly Float: NumberColumn<T>
  readonly Decimal: DecimalColumn<T>
  readonly Text: TextColumn<T>
  readonly Bool: Column<T>
  readonly Instant: TimeColumn<T>
  readonly Date: TimeColumn<T>
  readonly Uuid: OrderedColumn<T>
  readonly Json: Nullable<T>
  readonly Bytes: Column<T>
  readonly Enum: Column<T>
}

/** The columns of a model of these fields, foreign keys included, relations not. */
export type OfFields<F extends Field.Fields> = {
  readonly [K in keyof F as Field.ColumnKey<K, F[K]>]: ByKind<F[K]["~value"]>[F[K]["~kind"]]
}

const isHandle = (u: unknown): u is Handle => u instanceof Handle

/** UUIDs are stored in lower case (see `FieldType`), and equal in either. */
const comparable = (type: Statement.FieldType, value: unknown): unknown =>
  type._tag === "Uuid" && typeof value === "string" ? value.toLowerCase() : value

/** Every method of every kind; the interfaces above say which ones a column has. */
export class Handle implements TextColumn<never>, NumberColumn<never>, TimeColumn<never> {
  declare readonly "~value": never
  readonly ast: Statement.Expression
  readonly type: Statement.FieldType

  constructor(ast: Statement.Expression, type: Statement.FieldType) {
    this.ast = ast
    this.type = type
  }

  #operand(value: unknown): Statement.Expression {
    return isHandle(value)
      ? value.ast
      : { _tag: "Literal", value: comparable(this.type, value), type: this.type }
  }

  #compare(operator: Statement.Comparison, value: unknown): Statement.Predicate {
    return { _tag: "Compare", operator, left: this.ast, right: this.#operand(value) }
  }

  #match(operator: Statement.Comparison, text: string): Statement.Predicate {
    const right: Statement.Expression = { _tag: "Literal", value: text, type: { _tag: "Text" } }
    return { _tag: "Compare", operator, left: this.ast, right }
  }

  #arithmetic(operator: "+" | "-" | "*", value: unknown): Handle {
    return new Handle(
      { _tag: "Arithmetic", operator, left: this.ast, right: this.#operand(value) },
      isHandle(value) ? Statement.common(this.type, value.type) : this.type
    )
  }

  #call(name: Statement.FunctionName, type: Statement.FieldType): Handle {
    return new Handle({ _tag: "Call", name, args: [this.ast] }, type)
  }

  eq(value: unknown) {
    return this.#compare("eq", value)
  }
  ne(value: unknown) {
    return this.#compare("ne", value)
  }
  lt(value: unknown) {
    return this.#compare("lt", value)
  }
  lte(value: unknown) {
    return this.#compare("lte", value)
  }
  gt(value: unknown) {
    return this.#compare("gt", value)
  }
  gte(value: unknown) {
    return this.#compare("gte", value)
  }
  between(low: unknown, high: unknown): Statement.Predicate {
    return { _tag: "And", of: [this.gte(low), this.lte(high)] }
  }
  in(values: ReadonlyArray<unknown>): Statement.Predicate {
    const of = this.type._tag === "Uuid" ? values.map((v) => comparable(this.type, v)) : values
    return { _tag: "In", left: this.ast, values: of, type: this.type }
  }
  isNull(): Statement.Predicate {
    return { _tag: "IsNull", operand: this.ast }
  }
  notNull(): Statement.Predicate {
    return { _tag: "Not", operand: this.isNull() }
  }

  contains(part: string) {
    return this.#match("contains", part)
  }
  icontains(part: string) {
    return this.#match("icontains", part)
  }
  startsWith(part: string) {
    return this.#match("startsWith", part)
  }
  istartsWith(part: string) {
    return this.#match("istartsWith", part)
  }
  endsWith(part: string) {
    return this.#match("endsWith", part)
  }
  iendsWith(part: string) {
    return this.#match("iendsWith", part)
  }
  iexact(text: string) {
    return this.#match("iexact", text)
  }
  regex(pattern: string) {
    return this.#match("regex", pattern)
  }

  asc(nulls: "first" | "last" = "first"): Statement.Order {
    return { by: this.ast, direction: "asc", nulls }
  }
  desc(nulls: "first" | "last" = "last"): Statement.Order {
    return { by: this.ast, direction: "desc", nulls }
  }

  add(value: unknown): Handle {
    return this.#arithmetic("+", value)
  }
  sub(value: unknown): Handle {
    return this.#arithmetic("-", value)
  }
  mul(value: unknown): Handle {
    return this.#arithmetic("*", value)
  }

  lower() {
    return this.#call("lower", this.type)
  }
  upper() {
    return this.#call("upper", this.type)
  }
  length() {
    return this.#call("length", { _tag: "Int" })
  }
  year() {
    return this.#call("year", { _tag: "Int" })
  }
  month() {
    return this.#call("month", { _tag: "Int" })
  }
  day() {
    return this.#call("day", { _tag: "Int" })
  }
}
