import { BigDecimal, DateTime, Equal } from "effect"
import { assert, describe, it } from "vitest"
import {
  decoder,
  type DialectName,
  encoder,
  operand
} from "../../../src/adapters/db/internal/codec.ts"
import type { FieldType } from "../../../src/domain/Statement.ts"

const dialects: ReadonlyArray<DialectName> = ["sqlite", "postgres", "mysql"]

const bind = (type: FieldType, value: unknown) =>
  dialects.map((dialect) => encoder(dialect, type)(value))

const compare = (type: FieldType, value: unknown) =>
  dialects.map((dialect) => operand(dialect, type)(value))

const read = (dialect: DialectName, type: FieldType, cell: unknown): unknown => {
  const decode = decoder(dialect, type)
  return decode === undefined ? cell : decode(cell as never)
}

const decimal = (precision: number, scale: number): FieldType => ({
  _tag: "Decimal",
  precision,
  scale
})
const digits = BigDecimal.unsafeFromString

describe("the codec", () => {
  it("binds what each driver stores exactly", () => {
    assert.deepStrictEqual(bind({ _tag: "BigInt" }, -(2n ** 63n)), [
      -(2n ** 63n),
      "-9223372036854775808",
      "-9223372036854775808"
    ])
    assert.deepStrictEqual(bind({ _tag: "Bool" }, true), [1, true, 1])
    assert.deepStrictEqual(
      bind({ _tag: "Instant" }, DateTime.unsafeMake("2026-03-29T01:30:00.250Z")),
      ["2026-03-29T01:30:00.250Z", "2026-03-29T01:30:00.250Z", "2026-03-29 01:30:00.250"]
    )
    assert.deepStrictEqual(bind({ _tag: "Json" }, "text"), ['"text"', '"text"', '"text"'])
    const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    for (const bound of bind({ _tag: "Bytes" }, part)) {
      assert.deepStrictEqual(bound, Buffer.from([2, 3]))
    }
  })

  it("keeps a NULL a NULL, of every type and both ways", () => {
    const types: ReadonlyArray<FieldType> = [
      { _tag: "Int" },
      { _tag: "BigInt" },
      { _tag: "Float" },
      decimal(5, 2),
      { _tag: "Text" },
      { _tag: "Bool" },
      { _tag: "Instant" },
      { _tag: "Date" },
      { _tag: "Uuid" },
      { _tag: "Json" },
      { _tag: "Bytes" },
      { _tag: "Enum", values: ["a"] }
    ]
    for (const type of types) {
      assert.deepStrictEqual(bind(type, null), [null, null, null])
      assert.deepStrictEqual(compare(type, null), [null, null, null])
      for (const dialect of dialects) assert.isNull(read(dialect, type, null))
    }
  })

  it("writes decimals in plain digits of the column's scale", () => {
    const texts = (value: string, type = decimal(38, 2)) => bind(type, digits(value))
    assert.deepStrictEqual(texts("12.5"), [1250n, "12.50", "12.50"])
    assert.deepStrictEqual(texts("-0.05"), [-5n, "-0.05", "-0.05"])
    assert.deepStrictEqual(texts("0"), [0n, "0.00", "0.00"])
    // The port hands decimals over without trailing zeros: 1e20 is 1 at the scale -20.
    const [, text] = bind(decimal(38, 2), BigDecimal.normalize(digits("100000000000000000000")))
    assert.strictEqual(text, "100000000000000000000.00")
    assert.deepStrictEqual(bind(decimal(5, 0), digits("7")), [7n, "7", "7"])
  })

  it("compares a decimal of more digits than the column's", () => {
    assert.deepStrictEqual(compare(decimal(5, 2), digits("1.005")), [100.5, "1.005", "1.005"])
    assert.deepStrictEqual(compare(decimal(5, 2), digits("1.5")), [150n, "1.50", "1.50"])
  })

  it("compares UUIDs in the case that they are stored in", () => {
    const uuid = "0190A0B0-0000-7000-8000-00000000000A"
    for (const bound of compare({ _tag: "Uuid" }, uuid))
      assert.strictEqual(bound, uuid.toLowerCase())
  })

  it("reads what each driver answers", () => {
    const cells: ReadonlyArray<readonly [FieldType, ReadonlyArray<unknown>, unknown]> = [
      [{ _tag: "Int" }, [5, "5", 5], 5],
      [{ _tag: "Int" }, [9007199254740991, "9007199254740991", 9007199254740991], 9007199254740991],
      [
        { _tag: "BigInt" },
        ["9223372036854775807", "9223372036854775807", "9223372036854775807"],
        2n ** 63n - 1n
      ],
      [{ _tag: "Float" }, [0.1, "0.1", 0.1], 0.1],
      [{ _tag: "Float" }, [1e308, "1e+308", 1e308], 1e308],
      [decimal(12, 2), ["-5", "-0.05", "-0.05"], digits("-0.05")],
      [{ _tag: "Bool" }, [1, "t", 1], true],
      [{ _tag: "Bool" }, [0, "f", 0], false],
      [
        { _tag: "Instant" },
        ["0001-01-01T00:00:00.000Z", "0001-01-01 00:00:00+00", "0001-01-01 00:00:00.000"],
        DateTime.unsafeMake("0001-01-01T00:00:00Z")
      ],
      [
        { _tag: "Instant" },
        ["9999-12-31T23:59:59.999Z", "9999-12-31 23:59:59.999+00", "9999-12-31 23:59:59.999"],
        DateTime.unsafeMake("9999-12-31T23:59:59.999Z")
      ],
      [
        { _tag: "Instant" },
        ["2026-03-29T01:30:00.200Z", "2026-03-29 01:30:00.2+00", "2026-03-29 01:30:00.200"],
        DateTime.unsafeMake("2026-03-29T01:30:00.200Z")
      ],
      [{ _tag: "Date" }, ["2024-02-29", "2024-02-29", "2024-02-29"], "2024-02-29"],
      [{ _tag: "Json" }, ['"a"', '"a"', '"a"'], "a"]
    ]
    for (const [type, answers, expected] of cells) {
      dialects.forEach((dialect, i) => {
        const found = read(dialect, type, answers[i])
        assert.isTrue(Equal.equals(found, expected), `${dialect} ${type._tag}: ${String(found)}`)
      })
    }
  })

  it("reads bytes that are the row's own", () => {
    const cell = Buffer.from([0, 255, 1])
    const found = read("sqlite", { _tag: "Bytes" }, cell) as Uint8Array
    assert.strictEqual(Object.getPrototypeOf(found), Uint8Array.prototype)
    cell[0] = 9
    assert.deepStrictEqual(found, new Uint8Array([0, 255, 1]))
    assert.deepStrictEqual(read("postgres", { _tag: "Bytes" }, "\\x00ff01"), found)
  })
})
