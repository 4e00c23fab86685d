/**
 * Values between rows and drivers, per dialect and field type: what a parameter is bound as, what a
 * cell is read as. Chosen once, when a statement is compiled; called once per value. The port has
 * refused what a type can not hold (`domain/Storable.ts`).
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { FieldType } from "../../../domain/Statement.ts"

export type DialectName = "sqlite" | "postgres" | "mysql"

export type Encode = (value: unknown) => unknown

/** Absent where the driver's value is the row's. */
export type Decode = ((cell: never) => unknown) | undefined

/** A decimal of at most `scale` digits after the point, as an integer of exactly that many. */
const scaled = (value: BigDecimal.BigDecimal, scale: number): bigint =>
  value.value * 10n ** BigInt(scale - value.scale)

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

const iso = (value: DateTime.DateTime): string => new Date(value.epochMillis).toISOString()

const utc = (text: string): DateTime.Utc => DateTime.unsafeMake(Date.parse(text))

const buffer = (value: Uint8Array): Buffer =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength)

const bytes = (cell: Buffer): Uint8Array => new Uint8Array(cell)

/** `null` stays `null` on both ways. */
const unlessNull =
  <A>(convert: (value: A) => unknown) =>
  (value: unknown): unknown =>
    // The value is the one that the field type or the dialect's driver promises.
    value === null ? null : convert(value as A)

const same: Encode = (value) => value

/** For values that are stored. */
export const encoder = (dialect: DialectName, type: FieldType): Encode => {
  switch (type._tag) {
    case "BigInt":
      return dialect === "sqlite" ? same : unlessNull(String)
    case "Decimal": {
      const { scale } = type
      return unlessNull<BigDecimal.BigDecimal>(
        dialect === "sqlite"
          ? (value) => scaled(value, scale)
          : (value) => plainDigits(scaled(value, scale), scale)
      )
    }
    case "Bool":
      return dialect === "postgres" ? same : unlessNull(Number)
    case "Instant":
      return unlessNull<DateTime.DateTime>(
        dialect === "mysql" ? (value) => iso(value).slice(0, 23).replace("T", " ") : iso
      )
    case "Json":
      return unlessNull(JSON.stringify)
    case "Bytes":
      return unlessNull(buffer)
    case "Int":
    case "Float":
    case "Text":
    case "Enum":
    case "Date":
    case "Uuid":
      return same
  }
}

/**
 * For values that are compared with. A decimal of more digits than the column's is a fair question;
 * PostgreSQL and MySQL answer it exactly, SQLite's scaled integers against the nearest double.
 */
export const operand = (dialect: DialectName, type: FieldType): Encode => {
  switch (type._tag) {
    case "Decimal": {
      const { scale } = type
      return unlessNull<BigDecimal.BigDecimal>((value) => {
        const finest = Math.max(value.scale, scale)
        const digits = scaled(value, finest)
        if (dialect !== "sqlite") return plainDigits(digits, finest)
        const power = 10n ** BigInt(finest - scale)
        return digits % power === 0n ? digits / power : Number(digits) / Number(power)
      })
    }
    case "Uuid":
      return unlessNull<string>((value) => value.toLowerCase())
    default:
      return encoder(dialect, type)
  }
}

/** Cells of PostgreSQL are the server's text, so that one function reads each. */
export const decoder = (dialect: DialectName, type: FieldType): Decode => {
  switch (type._tag) {
    case "Int":
    case "Float":
      return dialect === "postgres" ? unlessNull(Number) : undefined
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
