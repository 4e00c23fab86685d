/**
 * The fields of a model: what each holds, what an insert must give, where it points. Used by
 * `Model.make`; the row, insert and update types of a model are derived from its fields.
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type * as Schema from "effect/Schema"
import type { FieldDefault, OnDelete } from "./Registry.ts"
import type { FieldType } from "./Statement.ts"

/**
 * What an insert and an update may say of a field: `required` and `optional` speak of inserts;
 * `key` may be given to an insert and never changes; `generated` is the database's alone.
 */
export type Presence = "required" | "optional" | "key" | "generated"

export type Kind = FieldType["_tag"]

/** What a field is, for those who resolve models. */
export interface Spec {
  readonly type: FieldType
  readonly nullable: boolean
  readonly unique: boolean
  readonly touch: boolean
  readonly default?: FieldDefault
  /** The column's name in the database; absent means the field's key in snake case. */
  readonly column?: string
  /** Encodes and decodes a JSON field. */
  readonly schema?: Schema.Schema<unknown, unknown>
  /** What a value must meet to be stored. */
  readonly check?: Schema.Schema<unknown, unknown>
  readonly reference?: {
    /** Absent means the model that the field is on. */
    readonly to?: {
      readonly name: string
      readonly fields: Fields
      readonly pk: ReadonlyArray<string>
    }
    readonly as: string | undefined
    readonly onDelete: OnDelete
    /** At most one row refers to a target. */
    readonly single: boolean
  }
}

/** What all fields share. The `~` members exist in types alone. */
export interface Any {
  readonly "~value": unknown
  readonly "~presence": Presence
  readonly "~kind": Kind
  readonly spec: Spec
}

export type Fields = { readonly [key: string]: Any }

export interface Field<
  out Value,
  out Present extends Presence,
  out FieldKind extends Kind
> extends Any {
  readonly "~value": Value
  readonly "~presence": Present
  readonly "~kind": FieldKind
  /** May hold null; an insert that says nothing stores null. */
  nullable(): Field<Value | null, "optional", FieldKind>
  /** The value, or what makes one for each row, where an insert says nothing. */
  default(value: Value | (() => Value)): Field<Value, "optional", FieldKind>
  /** No two rows share a value; nulls are never shared. */
  unique(): Field<Value, Present, FieldKind>
  /** The column's name in the database, where it is not the key in snake case. */
  column(name: string): Field<Value, Present, FieldKind>
  /** Values that the schema's type side refuses are refused before the database is asked. */
  check<Narrow extends NonNullable<Value>, Encoded>(
    schema: Schema.Schema<Narrow, Encoded>
  ): Field<Narrow | Extract<Value, null>, Present, FieldKind>
}

/** A foreign key. `author` makes the column `authorId` and the relation `author`. */
export interface Reference<
  out Value,
  out Present extends Presence,
  out FieldKind extends Kind,
  out To extends string,
  out As extends string,
  out Single extends boolean
> extends Any {
  readonly "~value": Value
  readonly "~presence": Present
  readonly "~kind": FieldKind
  readonly "~to": To
  readonly "~as": As
  readonly "~single": Single
}

/** The `To` of a reference to the model that it is on. */
export type Self = "~self"

export interface AnyReference extends Any {
  readonly "~to": string
  readonly "~as": string
  readonly "~single": boolean
}

/** A model that a reference can point at: one with a primary key of one field, `id`. */
export interface Target {
  readonly name: string
  readonly fields: { readonly id: Any }
  readonly pk: ReadonlyArray<string>
}

export interface ReferenceOptions<As extends string, Nullable extends boolean> {
  /** The name of the reverse relation on the target; absent means that it has none. */
  readonly as?: As
  /** What a delete of the target does to this row. `restrict` unless said otherwise. */
  readonly onDelete?: OnDelete
  readonly nullable?: Nullable
  readonly column?: string
}

type NullIf<Nullable extends boolean> = Nullable extends true ? null : never
type PresenceIf<Nullable extends boolean> = Nullable extends true ? "optional" : "required"

type ReferenceTo<
  To extends Target,
  As extends string,
  Nullable extends boolean,
  Single extends boolean
> = Reference<
  To["fields"]["id"]["~value"] | NullIf<Nullable>,
  PresenceIf<Nullable>,
  To["fields"]["id"]["~kind"],
  To["name"],
  As,
  Single
>

/** The key of a field's column in rows. */
export type ColumnKey<Key, F> = F extends AnyReference ? `${Key & string}Id` : Key

/** Makes editors show the members of a computed type, not how it was computed. */
type Shown<A> = A extends infer B ? { readonly [K in keyof B]: B[K] } : never

/** What a query answers for a model of these fields. */
export type Row<F extends Fields> = Shown<{
  [K in keyof F as ColumnKey<K, F[K]>]: F[K]["~value"]
}>

type KeyWhere<K, F extends Any, Present extends Presence> = F["~presence"] extends Present
  ? ColumnKey<K, F>
  : never

/** What an insert takes. Where a field is optional, `undefined` means as if it were not there. */
export type Insert<F extends Fields> = {
  readonly [K in keyof F as KeyWhere<K, F[K], "required">]: F[K]["~value"]
} & {
  readonly [K in keyof F as KeyWhere<K, F[K], "optional" | "key">]?: F[K]["~value"] | undefined
}

/** The fields that an update may change, with their values' types. */
export type Changeable<F extends Fields> = {
  readonly [K in keyof F as KeyWhere<K, F[K], "required" | "optional">]: F[K]["~value"]
}

class FieldValue implements Field<unknown, Presence, Kind> {
  declare readonly "~value": unknown
  declare readonly "~presence": Presence
  declare readonly "~kind": Kind
  readonly spec: Spec

  constructor(spec: Spec) {
    this.spec = spec
  }

  // The type parameters say what a caller may do with a field; its run-time shape is `spec` alone,
  // hence `never` where a method answers another instance.
  #with(change: Partial<Spec>): never {
    return new FieldValue({ ...this.spec, ...change }) as never
  }

  nullable() {
    return this.#with({ nullable: true })
  }

  default(value: unknown) {
    return this.#with({
      default:
        typeof value === "function"
          ? { _tag: "Made", make: () => value() }
          : { _tag: "Value", value }
    })
  }

  unique() {
    return this.#with({ unique: true })
  }

  column(name: string) {
    return this.#with({ column: name })
  }

  check<A, I>(schema: Schema.Schema<A, I>) {
    // A spec holds schemas of every type; the field's own type remembers this one.
    return this.#with({ check: schema as unknown as Schema.Schema<unknown, unknown> })
  }
}

const field = <Value, Present extends Presence, Type extends FieldType>(
  type: Type,
  spec: Partial<Spec> = {}
): Field<Value, Present, Type["_tag"]> =>
  // The type parameters exist in types alone (see FieldValue).
  new FieldValue({ type, nullable: false, unique: false, touch: false, ...spec }) as never

const reference = (
  to: Target | undefined,
  type: FieldType,
  single: boolean,
  options: ReferenceOptions<string, boolean>
): never =>
  field(type, {
    nullable: options.nullable ?? false,
    unique: single,
    reference: {
      ...(to === undefined ? {} : { to }),
      as: options.as,
      onDelete: options.onDelete ?? "restrict",
      single
    },
    ...(options.column === undefined ? {} : { column: options.column })
  }) as never

const instantOf = (now: number): DateTime.Utc => DateTime.unsafeMake(now)

/** The constructors of fields. */
export const f = {
  /** A whole number that the database counts up for each row. */
  id: () =>
    field<number, "generated", { readonly _tag: "Int" }>(
      { _tag: "Int" },
      { default: { _tag: "Identity" } }
    ),
  /** A UUID made for each row, version 7 (RFC 9562, 5.7): sorted by the time of the insert. */
  uuidId: () =>
    field<string, "key", { readonly _tag: "Uuid" }>(
      { _tag: "Uuid" },
      { default: { _tag: "Made", make: uuidV7 } }
    ),
  /** A whole number of at most 2^53 - 1 either way. */
  int: () => field<number, "required", { readonly _tag: "Int" }>({ _tag: "Int" }),
  /** A whole number of 64 bits with sign. */
  bigint: () => field<bigint, "required", { readonly _tag: "BigInt" }>({ _tag: "BigInt" }),
  /** A finite double. */
  float: () => field<number, "required", { readonly _tag: "Float" }>({ _tag: "Float" }),
  /** An exact number of `precision` digits in all, `scale` of them after the point. */
  decimal: (precision: number, scale: number) =>
    field<BigDecimal.BigDecimal, "required", Extract<FieldType, { readonly _tag: "Decimal" }>>({
      _tag: "Decimal",
      precision,
      scale
    }),
  /** Text of at most `max` code points; without `max`, of any length. */
  text: (options: { readonly max?: number } = {}) =>
    field<string, "required", Extract<FieldType, { readonly _tag: "Text" }>>({
      _tag: "Text",
      ...options
    }),
  bool: () => field<boolean, "required", { readonly _tag: "Bool" }>({ _tag: "Bool" }),
  /** A point in time, to the millisecond, in the years 1 to 9999. */
  instant: () => field<DateTime.Utc, "required", { readonly _tag: "Instant" }>({ _tag: "Instant" }),
  /** A calendar day, `YYYY-MM-DD`, in the years 1 to 9999. */
  date: () => field<string, "required", { readonly _tag: "Date" }>({ _tag: "Date" }),
  /** A UUID, in lower case once it is stored. */
  uuid: () => field<string, "required", { readonly _tag: "Uuid" }>({ _tag: "Uuid" }),
  bytes: () => field<Uint8Array, "required", { readonly _tag: "Bytes" }>({ _tag: "Bytes" }),
  /** What the schema describes, stored as the JSON that it encodes to. */
  json: <A, I>(schema: Schema.Schema<A, I>) =>
    field<A, "required", { readonly _tag: "Json" }>(
      { _tag: "Json" },
      // The field's type parameter keeps what the spec forgets.
      { schema: schema as unknown as Schema.Schema<unknown, unknown> }
    ),
  enum: <const Values extends ReadonlyArray<string>>(values: Values) =>
    field<Values[number], "required", Extract<FieldType, { readonly _tag: "Enum" }>>({
      _tag: "Enum",
      values
    }),
  /** The instant of the insert. */
  createdAt: () =>
    field<DateTime.Utc, "optional", { readonly _tag: "Instant" }>(
      { _tag: "Instant" },
      { default: { _tag: "Made", make: instantOf } }
    ),
  /** The instant of the insert, then of each update that does not set it. */
  updatedAt: () =>
    field<DateTime.Utc, "optional", { readonly _tag: "Instant" }>(
      { _tag: "Instant" },
      { default: { _tag: "Made", make: instantOf }, touch: true }
    ),
  /** A reference to a row of `to`; many rows may share a target. */
  belongsTo: <
    const To extends Target,
    const As extends string = never,
    const Nullable extends boolean = false
  >(
    to: To,
    options: ReferenceOptions<As, Nullable> = {}
  ): ReferenceTo<To, As, Nullable, false> => reference(to, to.fields.id.spec.type, false, options),
  /** A reference to a row of `to` that no other row refers to. */
  oneToOne: <
    const To extends Target,
    const As extends string = never,
    const Nullable extends boolean = false
  >(
    to: To,
    options: ReferenceOptions<As, Nullable> = {}
  ): ReferenceTo<To, As, Nullable, true> => reference(to, to.fields.id.spec.type, true, options),
  /** A reference to a row of the same model. `key` is the kind of its `id`. */
  self: <
    const As extends string = never,
    const Nullable extends boolean = false,
    const Key extends "Int" | "Uuid" = "Int"
  >(
    options: ReferenceOptions<As, Nullable> & { readonly key?: Key } = {}
  ): Reference<
    (NoInfer<Key> extends "Int" ? number : string) | NullIf<Nullable>,
    PresenceIf<Nullable>,
    // Else TypeScript would take the key from where the field is used, and allow both.
    NoInfer<Key>,
    Self,
    As,
    false
  > => reference(undefined, { _tag: options.key ?? "Int" }, false, options)
}

/** 48 bits of milliseconds, then version, variant and 74 random bits (RFC 9562, 5.7). */
export const uuidV7 = (now: number): string => {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, Math.floor(now / 2 ** 32))
  view.setUint32(2, now % 2 ** 32)
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x70)
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
