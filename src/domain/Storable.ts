/**
 * Which values every database holds alike. Asked by the port `Database` before an adapter sees a
 * value, so that all adapters refuse the same ones.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import type { FieldType } from "./Statement.ts"

/** Why a column of this type cannot store the value; undefined if it can. */
export const refusalToStore = (type: FieldType, value: unknown): string | undefined => {
  const refusal = refusalToCompare(type, value)
  if (refusal !== undefined) return refusal
  switch (type._tag) {
    case "Text":
      return type.max !== undefined && isLonger(value as string, type.max)
        ? `it is longer than ${type.max} characters`
        : undefined
    case "Enum":
      return type.values.includes(value as string)
        ? undefined
        : `it is none of ${type.values.join(", ")}`
    case "Decimal": {
      const { scale, value: digits } = BigDecimal.normalize(value as BigDecimal.BigDecimal)
      if (scale > type.scale) return `it has more than ${type.scale} digits after the point`
      const whole = digits === 0n ? 0 : String(digits < 0n ? -digits : digits).length - scale
      return whole > type.precision - type.scale
        ? `it has more than ${type.precision - type.scale} digits before the point`
        : undefined
    }
    default:
      return undefined
  }
}

/** Why a value cannot even be compared with a column of this type. */
export const refusalToCompare = (type: FieldType, value: unknown): string | undefined => {
  switch (type._tag) {
    case "Int":
      return Number.isSafeInteger(value) ? undefined : "it is no whole number up to 2^53 - 1"
    case "BigInt":
      if (typeof value !== "bigint") return "it is no bigint"
      return BigInt.asIntN(64, value) === value ? undefined : "it does not fit in 64 bits"
    case "Float":
      return Number.isFinite(value) ? undefined : "it is no finite number"
    case "Decimal":
      return BigDecimal.isBigDecimal(value) ? undefined : "it is no BigDecimal"
    case "Text":
    case "Enum":
      return typeof value === "string" ? refusalOfText(value) : "it is no string"
    case "Bool":
      return typeof value === "boolean" ? undefined : "it is no boolean"
    case "Instant": {
      if (!DateTime.isDateTime(value)) return "it is no DateTime"
      const millis = DateTime.toEpochMillis(value)
      return firstInstant <= millis && millis <= lastInstant
        ? undefined
        : "it is outside the years 1 to 9999"
    }
    case "Date":
      return typeof value === "string" && isDate(value)
        ? undefined
        : "it is no day of the calendar in the form YYYY-MM-DD, years 1 to 9999"
    case "Uuid":
      return typeof value === "string" && uuid.test(value) ? undefined : "it is no UUID"
    case "Json":
      return refusalOfJson(value)
    case "Bytes":
      return value instanceof Uint8Array ? undefined : "it is no Uint8Array"
  }
}

/** The form in which adapters receive a value that was not refused. */
export const canonical = (type: FieldType, value: unknown): unknown => {
  switch (type._tag) {
    case "Int":
    case "Float":
      // Not every database keeps the sign of a zero.
      return value === 0 ? 0 : value
    case "Decimal":
      return BigDecimal.normalize(value as BigDecimal.BigDecimal)
    case "Instant":
      return DateTime.unsafeMake(Math.floor(DateTime.toEpochMillis(value as DateTime.DateTime)))
    case "Uuid":
      return (value as string).toLowerCase()
    default:
      return value
  }
}

// 0001-01-01 and the last millisecond of 9999: the years of SQL's own range (ISO 9075-2, 4.6.2).
const firstInstant = -62_135_596_800_000
const lastInstant = 253_402_300_799_999

// RFC 9562, 4: five groups of hexadecimal digits.
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

// PostgreSQL stores no NUL in text (manual, "Character Types"); half a surrogate pair has no UTF-8
// and would come back as U+FFFD.
const unstorable = /\0|\p{Surrogate}/u

const refusalOfText = (text: string): string | undefined =>
  unstorable.test(text) ? "it holds a NUL or half of a surrogate pair" : undefined

const refusalOfJson = (value: unknown): string | undefined => {
  switch (typeof value) {
    case "string":
      return refusalOfText(value)
    case "number":
      return Number.isFinite(value) ? undefined : "it holds a number that JSON does not have"
    case "boolean":
      return undefined
    case "object":
      if (value === null) return undefined
      for (const [key, member] of Object.entries(value)) {
        const refusal = refusalOfText(key) ?? refusalOfJson(member)
        if (refusal !== undefined) return refusal
      }
      return undefined
    default:
      return `it holds a ${typeof value}, which JSON does not have`
  }
}

const isLonger = (text: string, max: number): boolean => {
  if (text.length <= max) return false
  // A code point is one or two units: only what lies between needs counting.
  if (text.length > max * 2) return true
  let count = 0
  for (const _ of text) if (++count > max) return true
  return false
}

const isDate = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text < "0001") return false
  const time = Date.parse(`${text}T00:00:00Z`)
  // `Date.parse` lets the 30th of February run over into March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
