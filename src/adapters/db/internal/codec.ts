/**
 * Values between rows and drivers, per dialect and field type: what a parameter is bound as, what a
 * cell is read as. Chosen once, when a statement is compiled; called once per value.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { FieldType } from "../../../domain/Statement.ts"

export type DialectName = "sqlite" | "postgres" | "mysql"

/** Throws `Refused` for a value that the type cannot hold. */
export type Encode = (value: unknown) => unknown

/** Absent where the driver's value is the row's. */
export type Decode = ((cell: never) => unknown) | undefined

/** Caught where parameters are bound, and answered as `ValueRejected`. */
export class Refused extends Error {
  field: string | undefined
}

type Decimal = Extract<FieldType, { readonly _tag: "Decimal" }>

const refuse = (reason: string): never => {
  throw new Refused(reason)
}

// The year has four digits in every dialect's text: 0001-01-01 to 9999-12-31.
const firstInstant = -62_135_596_800_000
const lastInstant = 253_402_300_799_999

/** A decimal as an integer of `scale` digits after the point. */
const scaled = (value: BigDecimal.BigDecimal, scale: number): bigint => {
  const shift = scale - value.scale
  const power = 10n ** BigInt(Math.abs(shift))
  const digits = shift >= 0 ? value.value * power : value.value / power
  if (shift < 0 && digits * power !== value.value) {
    refuse(`${BigDecimal.format(value)} has more than ${scale} digits after the point`)
  }
  return digits
}

const withinPrecision = (digits: bigint, { precision, scale }: Decimal): bigint => {
  const limit = 10n ** BigInt(precision)
  return digits < limit && digits > -limit
    ? digits
    : refuse(`the number has more than ${precision - scale} digits before the point`)
}

const plainDigits = (digits: bigint, scale: number): string => {
  if (scale === 0) return String(digits)
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, "0")
  return `${digits < 0n ? "-" : ""}${text.slice(0, -scale)}.${text.slice(-scale)}`
}

const readDecimal = (text: string): BigDecimal.BigDecimal => {
  const point = text.indexOf(".")
  return point < 0
    ? BigDecimal.make(BigInt(text), 0)
    : BigDecimal.make(BigInt(text.slice(0, point) + text.slice(point + 1)), text.length - point - 1)
}

// NUL ends a text in PostgreSQL's protocol; a lone surrogate has no UTF-8.
const unstorable = /[\0\p{Cs}]/u

const text = (value: string): string =>
  unstorable.test(value) ? refuse("the text contains a NUL or half a surrogate pair") : value

// The same two, as JSON.stringify escapes them (ECMA-262, 25.5.2.3).
const unstorableEscape = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89ab][0-9a-f]{2})/

const json = (value: unknown): string => {
  const encoded = JSON.stringify(value)
  return unstorableEscape.test(encoded)
    ? refuse("the JSON contains a NUL or half a surrogate pair")
    : encoded
}

const int = (value: number): number =>
  Number.isSafeInteger(value) ? value : refuse(`${value} is not an integer between ±(2^53 - 1)`)

const float = (value: number): number =>
  Number.isFinite(value) ? value : refuse(`${value} is not a finite number`)

const bigint = (value: bigint): bigint =>
  BigInt.asIntN(64, value) === value ? value : refuse(`${value} does not fit into 64 bits`)

const instant = (value: DateTime.DateTime): string => {
  const millis = value.epochMillis
  return millis >= firstInstant && millis <= lastInstant
    ? new Date(millis).toISOString()
    : refuse("the instant is outside the years 0001 to 9999")
}

const buffer = (value: Uint8Array): Buffer =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength)

const bytes = (cell: Buffer): Uint8Array => new Uint8Array(cell)

const utc = (iso: string): DateTime.Utc => DateTime.unsafeMake(Date.parse(iso))

/** `null` stays `null` on both ways. */
const unlessNull =
  <A>(f: (value: A) => unknown) =>
  (value: unknown): unknown =>
    // The value is the one that the field type promises (domain/Statement.ts, FieldType).
    value === null ? null : f(value as A)

/**
 * For values that are stored. `Text` and `Enum` hold every text that can be stored at all: their
 * limits are checked for all adapters above the driver.
 */
export const encoder = (dialect: DialectName, type: FieldType): Encode => {
  switch (type._tag) {
    case "Int":
      return unlessNull(int)
    case "Float":
      return unlessNull(float)
    case "BigInt":
      return unlessNull<bigint>(dialect === "sqlite" ? bigint : (value) => String(bigint(value)))
    case "Decimal": {
      const { scale } = type
      return unlessNull<BigDecimal.BigDecimal>(
        dialect === "sqlite"
          ? (value) => withinPrecision(scaled(value, scale), type)
          : (value) => plainDigits(withinPrecision(scaled(value, scale), type), scale)
      )
    }
    case "Text":
    case "Enum":
      return unlessNull(text)
    case "Bool":
      return dialect === "postgres" ? (value) => value : unlessNull((value) => (value ? 1 : 0))
    case "Instant":
      return unlessNull<DateTime.DateTime>(
        dialect === "mysql" ? (value) => instant(value).slice(0, 23).replace("T", " ") : instant
      )
    case "Json":
      return unlessNull(json)
    case "Bytes":
      return unlessNull(buffer)
    case "Date":
    case "Uuid":
      return (value) => value
  }
}

/**
 * For values that are compared with. A decimal of more digits than the column's is a fair question;
 * PostgreSQL and MySQL answer it exactly, SQLite's scaled integers against the nearest double.
 */
export const operand = (dialect: DialectName, type: FieldType): Encode => {
  if (type._tag !== "Decimal") return encoder(dialect, type)
  const { scale } = type
  return unlessNull<BigDecimal.BigDecimal>((value) => {
    const shift = Math.max(value.scale, scale)
    const digits = scaled(value, shift)
    if (dialect !== "sqlite") return plainDigits(digits, shift)
    const power = 10n ** BigInt(shift - scale)
    return digits % power === 0n ? digits / power : Number(digits) / Number(power)
  })
}

/** Cells of PostgreSQL are the server's text, so that one function reads each. */
export const decoder = (dialect: DialectName, type: FieldType): Decode => {
  switch (type._tag) {
    case "Int":
    case "Float":
      return dialect === "sqlite" ? undefined : unlessNull(Number)
    case "BigInt":
      return unlessNull<string | number>(BigInt)
    case "Decimal": {
      const { scale } = type
      return dialect === "sqlite"
        ? unlessNull<string>((cell) => BigDecimal.make(BigInt(cell), scale))
        : unlessNull(readDecimal)
    }
    case "Bool":
      return dialect === "postgres"
        ? unlessNull((cell) => cell === "t")
        : unlessNull((cell) => cell === 1)
    case "Instant":
      switch (dialect) {
        case "sqlite":
          return unlessNull(utc)
        // "2026-03-29 01:30:00.25+00": the session's time zone is UTC.
        case "postgres":
          return unlessNull<string>((cell) => utc(`${cell.slice(0, 10)}T${cell.slice(11, -3)}Z`))
        case "mysql":
          return unlessNull<string>((cell) => utc(`${cell.slice(0, 10)}T${cell.slice(11)}Z`))
      }
    case "Json":
      return unlessNull(JSON.parse)
    case "Bytes":
      return dialect === "postgres"
        ? unlessNull<string>((cell) => bytes(Buffer.from(cell.slice(2), "hex")))
        : unlessNull(bytes)
    case "Text":
    case "Enum":
    case "Date":
    case "Uuid":
      return undefined
  }
}
