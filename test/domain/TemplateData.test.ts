import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  Chunk,
  DateTime,
  Effect,
  Either,
  FastCheck as fc,
  HashMap,
  Option,
  Redacted
} from "effect"
import { trusted } from "../../src/domain/Html.ts"
import * as TemplateData from "../../src/domain/TemplateData.ts"

const encoded = (value: unknown): unknown => TemplateData.encode({ value })["value"]

describe("TemplateData.encode", () => {
  it("leaves what JSON can say, in a copy", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== "__proto__"),
          fc.jsonValue()
        ),
        (values) => {
          const data = TemplateData.encode(values)
          assert.strictEqual(JSON.stringify(data), JSON.stringify(withoutProto(values)))
          assert.notStrictEqual<unknown>(data, values)
        }
      )
    )
  })

  const zoned = DateTime.unsafeMakeZoned(0, { timeZone: "Europe/Berlin" })
  it.each<[string, unknown, unknown]>([
    ["undefined", undefined, null],
    ["an exact bigint", 9007199254740991n, 9007199254740991],
    ["a large bigint", 9007199254740993n, "9007199254740993"],
    ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a DateTime.Utc", DateTime.unsafeMake(0), "1970-01-01T00:00:00.000Z"],
    ["a DateTime.Zoned", zoned, "1970-01-01T01:00:00.000+01:00"],
    ["a BigDecimal", BigDecimal.unsafeFromString("10.50"), "10.5"],
    ["a URL", new URL("http://a/b"), "http://a/b"],
    ["a secret", Redacted.make("pw"), "<redacted>"],
    ["Some", Option.some([1n]), [1]],
    ["None", Option.none(), null],
    ["a Set", new Set([1, 2]), [1, 2]],
    ["a Chunk", Chunk.make(1, 2), [1, 2]],
    ["a Map", new Map([["a", 1n]]), { a: 1 }],
    ["a HashMap", HashMap.make(["a", 1]), { a: 1 }],
    ["functions in a list", [() => 1, Symbol("s"), 2], [null, null, 2]],
    ["a list with a hole", [1, , 2], [1, null, 2]], // oxlint-disable-line no-sparse-arrays
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }]
  ])("%s", (_, value, expected) => {
    assert.deepStrictEqual(encoded(value), expected)
  })

  it("leaves out functions, symbols, accessors of classes and __proto__", () => {
    class Row {
      a = 1
      method() {}
      get getter() {
        return 1
      }
      own = () => 1
      constructor() {
        Object.defineProperty(this, "accessor", {
          enumerable: true,
          get: () => assert.fail("read")
        })
        Object.defineProperty(this, "hidden", { enumerable: false, value: 1 })
      }
    }
    assert.deepStrictEqual(encoded(new Row()), { a: 1 })
    assert.deepStrictEqual(encoded({ f() {}, s: Symbol("s"), a: 1 }), { a: 1 })
    const forged = encoded(JSON.parse('{"__proto__":{"admin":true},"a":1}'))
    assert.deepStrictEqual(forged, { a: 1 })
    assert.isUndefined((forged as { admin?: boolean }).admin)
  })

  it("keeps Html, and what looks like it is text", () => {
    const page = trusted("<b>")
    assert.strictEqual(encoded(page), page)
    assert.deepStrictEqual(encoded({ markup: "<b>" }), { markup: "<b>" })
  })

  const cycle: { self?: unknown } = {}
  cycle.self = new Map([["a", [cycle]]])
  let deep: unknown = 1
  for (let i = 0; i < 100; i++) deep = { deep }
  it.each<[string, unknown, string, string]>([
    [
      "a Promise",
      { a: [1, Promise.resolve()] },
      "value.a.1",
      "is a Promise that has not been awaited"
    ],
    [
      "a thenable",
      new (class {
        // oxlint-disable-next-line unicorn/no-thenable -- what is tried here
        then() {}
      })(),
      "value",
      "is a Promise that has not been awaited"
    ],
    ["an Effect", { a: Effect.void }, "value.a", "is an Effect that has not been run"],
    [
      "an Effect in an Option",
      Option.some(Effect.void),
      "value",
      "is an Effect that has not been run"
    ],
    ["an Either", Either.right(1), "value", "is an Effect that has not been run"],
    ["an invalid Date", new Set([new Date(Number.NaN)]), "value.0", "is an invalid date"],
    ["a cycle", cycle, "value.self.a.0", "contains itself"],
    ["a deep object", deep, `value${".deep".repeat(64)}`, "is nested deeper than 64 levels"]
  ])("refuses %s", (_, value, path, reason) => {
    try {
      assert.fail(JSON.stringify(encoded(value)))
    } catch (error) {
      assert(error instanceof TemplateData.Refused, String(error))
      assert.deepStrictEqual([error.path, error.reason], [path, reason])
    }
  })

  it("refuses a list for a page's values", () => {
    assert.throws(() => TemplateData.encode([1]), TemplateData.Refused)
  })
})

const withoutProto = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), function (this: object, name: string, field: unknown) {
    return name === "__proto__" ? undefined : field
  })

describe("TemplateData.member", () => {
  it("finds own fields, indexes and a list's length, and nothing else", () => {
    const { member } = TemplateData
    assert.strictEqual(member({ a: 1 }, "a"), 1)
    assert.strictEqual(member(["x"], "0"), "x")
    assert.strictEqual(member(["x"], "length"), 1)
    for (const [value, name] of [
      [{}, "toString"],
      [{}, "__proto__"],
      [[], "map"],
      ["text", "length"],
      [trusted(""), "markup"],
      [null, "a"],
      [1, "toFixed"]
    ] as const) {
      assert.isUndefined(member(value, name))
    }
  })
})
