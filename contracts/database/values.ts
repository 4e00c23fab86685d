/** What is stored comes back, the same on every database; what could not is refused beforehand. */
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import type * as Model from "../../src/domain/Model.ts"
import * as Database from "../../src/ports/Database.ts"
import type { WriteError } from "../../src/ports/DatabaseError.ts"
import { equals, failsWith, holds } from "../Contract.ts"
import { labels, library, person, type Sample, Trial, trial } from "./models.ts"

type Values = Model.Insert<typeof Sample>
type Key = Exclude<keyof Model.Row<typeof Sample>, "id" | "label">

/** Each value is stored, answered by the insert, and read back by a query. */
const roundTrips = <K extends Key>(key: K, values: ReadonlyArray<NonNullable<Values[K]>>) =>
  Effect.gen(function* () {
    for (const value of values) {
      const stored = yield* Database.insert(Trial.Sample, { [key]: value })
      yield* equals<unknown>("answered by insert", stored[key], value)
      const read = yield* Database.one(Trial.Sample.filter({ id: stored.id }))
      yield* equals<unknown>("read", read[key], value)
    }
  })

/** No value is stored, and the refusals say so before the database is asked. */
const refuses = <K extends Key>(
  key: K,
  values: ReadonlyArray<NonNullable<Values[K]>>,
  good: NonNullable<Values[K]>
) =>
  Effect.gen(function* () {
    yield* Database.insert(Trial.Sample, { [key]: good })
    for (const value of values) {
      const refused = yield* failsWith(
        `insert of ${String(value)}`,
        Database.insert(Trial.Sample, { [key]: value }),
        "ValueRejected"
      )
      yield* equals("field", refused.fields, [key])
      yield* holds("refused early", refused.early)
      const update = Database.update(Trial.Sample, { [key]: value })
      yield* failsWith(`update to ${String(value)}`, update, "ValueRejected")
    }
    yield* equals("rows", yield* Database.count(Trial.Sample), 1)
  })

const decimal = BigDecimal.unsafeFromString
const instant = (text: string) => DateTime.unsafeMake(text)

export const values = [
  trial(
    "an insert answers the row with the id that the database counted",
    Effect.gen(function* () {
      const ann = yield* person("ann")
      const bob = yield* person("bob")
      yield* holds("ids count up", Number.isInteger(ann.id) && bob.id > ann.id, [ann.id, bob.id])
      yield* equals("found by id", yield* Database.one(Trial.Person.filter({ id: bob.id })), bob)
    })
  ),

  trial(
    "a default that is a value fills what an insert leaves out",
    Effect.gen(function* () {
      const ticket = yield* Database.insert(Trial.Ticket, {})
      yield* equals("state", ticket.state, "open")
      const closed = yield* Database.insert(Trial.Ticket, { state: "closed" })
      yield* equals("state given", closed.state, "closed")
      const stored = yield* Database.all(Trial.Ticket.orderBy((ticket) => ticket.id.asc()))
      yield* equals("stored", stored, [ticket, closed])
    })
  ),

  trial(
    "a default that is a function makes a value for each row",
    Effect.gen(function* () {
      const [first, second] = yield* Database.insertMany(Trial.Ticket, [{}, {}])
      yield* equals("codes", second!.code, first!.code + 1)
      const stored = yield* Database.one(Trial.Ticket.filter({ code: second!.code }))
      yield* equals("stored", stored, second)
    })
  ),

  trial(
    "ids of kind UUID are made in the order of their inserts",
    Effect.gen(function* () {
      const made: Array<string> = []
      for (let i = 0; i < 3; i++) {
        yield* TestClock.adjust(1)
        made.push((yield* Database.insert(Trial.Sample, {})).id)
      }
      const rows = yield* Database.all(Trial.Sample.orderBy((sample) => sample.id.asc()))
      yield* equals(
        "in order",
        rows.map(({ id }) => id),
        made
      )
      const given = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
      yield* equals("given", (yield* Database.insert(Trial.Sample, { id: given })).id, given)
    })
  ),

  trial(
    "createdAt and updatedAt hold the instant of the insert, by Effect's clock",
    Effect.gen(function* () {
      yield* TestClock.setTime(1_764_000_000_123)
      const { one } = yield* library
      yield* equals("created", DateTime.toEpochMillis(one.createdAt), 1_764_000_000_123)
      yield* equals("updated", DateTime.toEpochMillis(one.updatedAt), 1_764_000_000_123)
      const read = yield* Database.one(Trial.Article.filter({ id: one.id }))
      yield* equals("read", [read.createdAt, read.updatedAt], [one.createdAt, one.updatedAt])
    })
  ),

  trial(
    "an update sets updatedAt and leaves createdAt",
    Effect.gen(function* () {
      const { one } = yield* library
      yield* TestClock.adjust(5_000)
      yield* Database.update(Trial.Article.filter({ id: one.id }), { views: 1 })
      const read = yield* Database.one(Trial.Article.filter({ id: one.id }))
      yield* equals("created", read.createdAt, one.createdAt)
      yield* equals(
        "updated",
        DateTime.toEpochMillis(read.updatedAt) - DateTime.toEpochMillis(one.updatedAt),
        5_000
      )
    })
  ),

  trial(
    "an int keeps every whole number up to 2^53 - 1 either way",
    roundTrips("int", [0, 1, -1, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
  ),
  trial(
    "an int beyond 2^53 - 1, a fraction and NaN are refused",
    refuses("int", [2 ** 53, -(2 ** 53), 1.5, Number.NaN, Infinity], 1)
  ),
  trial(
    "a bigint keeps all 64 bits",
    roundTrips("bigint", [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])
  ),
  trial(
    "a bigint of more than 64 bits is refused",
    refuses("bigint", [2n ** 63n, -(2n ** 63n) - 1n], 1n)
  ),
  trial(
    "a filter tells bigints apart that one double stands for",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [{ bigint: 2n ** 53n }, { bigint: 2n ** 53n + 1n }])
      const found = yield* Database.all(Trial.Sample.filter({ bigint: 2n ** 53n + 1n }))
      yield* equals(
        "found",
        found.map(({ bigint }) => bigint),
        [2n ** 53n + 1n]
      )
    })
  ),
  trial(
    "a float keeps every bit of a double",
    roundTrips("float", [0.1, -1.5, 1e308, 5e-324, 1 / 3])
  ),
  trial(
    "NaN and the infinities are refused as floats",
    refuses("float", [Number.NaN, Infinity, -Infinity], 1)
  ),
  trial(
    "a decimal keeps all its digits",
    roundTrips(
      "decimal",
      ["0", "0.1", "-0.0001", "99999999999999.9999", "-12345678901234.5678"].map(decimal)
    )
  ),
  trial(
    "a decimal with more digits than the field has is refused",
    refuses(
      "decimal",
      ["0.00001", "100000000000000", "-100000000000000.5"].map(decimal),
      decimal("1.5")
    )
  ),
  trial(
    "an update that calculates a decimal with more digits than the field has is refused",
    Effect.gen(function* () {
      yield* Database.insert(Trial.Sample, { decimal: decimal("1.5"), price: decimal("0.25") })
      const finer = (text: string) =>
        Database.update(Trial.Sample, (sample) => ({ price: sample.price.add(decimal(text)) }))
      const others: ReadonlyArray<Effect.Effect<number, WriteError, Database.Database>> = [
        finer("0.001"),
        Database.update(Trial.Sample, (sample) => ({
          price: sample.price.add(decimal("1")).sub(decimal("0.001"))
        })),
        Database.update(Trial.Sample, (sample) => ({ price: sample.decimal })),
        Database.update(Trial.Sample, (sample) => ({ price: sample.price.add(sample.decimal) }))
      ]
      for (const [i, update] of others.entries()) {
        const refused = yield* failsWith(`update ${i}`, update, "ValueRejected")
        yield* equals("field", [refused.fields, refused.early], [["price"], true])
      }
      yield* equals("0.100 has one digit", yield* finer("0.100"), 1)
      const [row] = yield* Database.all(Trial.Sample)
      yield* equals("price", row?.price, decimal("0.35"))
    })
  ),
  trial(
    "decimals of different scales compare and add up by number",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [
        { label: "less", decimal: decimal("0.0099"), price: decimal("0.01") },
        { label: "same", decimal: decimal("12.5"), price: decimal("12.50") },
        { label: "more", decimal: decimal("0.0101"), price: decimal("0.01") }
      ])
      const sorted = Trial.Sample.orderBy((sample) => sample.label.asc())
      for (const [name, where, expected] of [
        ["lt", sorted.filter((sample) => sample.decimal.lt(sample.price)), ["less"]],
        ["eq", sorted.filter((sample) => sample.price.eq(sample.decimal)), ["same"]],
        ["ne", sorted.filter((sample) => sample.price.ne(sample.decimal)), ["less", "more"]],
        [
          "sum",
          sorted.filter((sample) => sample.price.add(sample.decimal).eq(decimal("0.0201"))),
          ["more"]
        ],
        [
          "in",
          sorted.filter((sample) => sample.price.add(sample.decimal).in([decimal("0.0199")])),
          ["less"]
        ]
      ] as const) {
        yield* equals<ReadonlyArray<string | null>>(
          name,
          labels(yield* Database.all(where)),
          expected
        )
      }
      const updated = yield* Database.update(Trial.Sample.filter({ label: "less" }), (sample) => ({
        decimal: sample.price.sub(decimal("0.5"))
      }))
      yield* equals("updated", updated, 1)
      yield* Database.update(Trial.Sample.filter({ label: "more" }), (sample) => ({
        decimal: sample.decimal.add(sample.price)
      }))
      const rows = yield* Database.all(sorted)
      yield* equals(
        "sums",
        rows.map((row) => row.decimal),
        ["-0.49", "0.0201", "12.5"].map(decimal)
      )
    })
  ),
  trial(
    "decimals compare and sort by number, not by text",
    Effect.gen(function* () {
      const numbers = ["10", "9", "-1", "9.5", "0.10"]
      yield* Database.insertMany(
        Trial.Sample,
        numbers.map((text) => ({ label: text, decimal: decimal(text) }))
      )
      const sorted = yield* Database.all(Trial.Sample.orderBy((sample) => sample.decimal.asc()))
      yield* equals("sorted", labels(sorted), ["-1", "0.10", "9", "9.5", "10"])
      const above = Trial.Sample.filter((sample) => sample.decimal.gt(decimal("9.00")))
      yield* equals("above 9", yield* Database.count(above), 2)
      const same = yield* Database.all(Trial.Sample.filter({ decimal: decimal("0.1") }))
      yield* equals("equal to 0.1", labels(same), ["0.10"])
    })
  ),
  trial(
    "true, false and null are three values",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [
        { label: "yes", bool: true },
        { label: "no", bool: false },
        { label: "unknown" }
      ])
      for (const [label, bool] of [
        ["yes", true],
        ["no", false],
        ["unknown", null]
      ] as const) {
        const found = yield* Database.all(Trial.Sample.filter({ bool }))
        yield* equals(
          String(bool),
          found.map((row) => [row.label, row.bool]),
          [[label, bool]]
        )
      }
    })
  ),
  trial(
    "an instant keeps its milliseconds, from the year 1 to 9999",
    roundTrips(
      "instant",
      [
        "2026-03-29T01:30:00.123Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "1969-12-31T23:59:59.999Z",
        "1582-10-10T00:00:00Z"
      ].map(instant)
    )
  ),
  trial(
    "an instant outside the years 1 to 9999 is refused",
    refuses(
      "instant",
      [instant("+010000-01-01T00:00:00Z"), instant("0000-12-31T23:59:59.999Z")],
      instant("2026-01-01T00:00:00Z")
    )
  ),
  trial(
    "a filter by an instant that was just read finds its row",
    Effect.gen(function* () {
      yield* Database.insert(Trial.Sample, { instant: instant("2026-07-01T12:00:00.987Z") })
      yield* Database.insert(Trial.Sample, { instant: instant("2026-07-01T12:00:00.988Z") })
      const read = yield* Database.first(Trial.Sample.orderBy((sample) => sample.instant.asc()))
      const { id, instant: at } = yield* read
      const found = yield* Database.all(Trial.Sample.filter({ instant: at }))
      yield* equals(
        "found",
        found.map((row) => row.id),
        [id]
      )
    })
  ),
  trial(
    "instants in a gap or an overlap of daylight saving stay apart",
    Effect.gen(function* () {
      // Europe/Berlin skips 02:30 on 29 March 2026 and has 02:30 twice on 25 October 2026.
      const moments = [
        "2026-03-29T00:30:00Z",
        "2026-03-29T01:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z"
      ].map(instant)
      yield* Database.insertMany(
        Trial.Sample,
        moments.map((instant) => ({ instant }))
      )
      const rows = yield* Database.all(Trial.Sample.orderBy((sample) => sample.instant.asc()))
      yield* equals(
        "moments",
        rows.map((row) => row.instant),
        moments
      )
    })
  ),
  trial(
    "a date stays the same day in every time zone",
    roundTrips("date", ["2024-02-29", "0001-01-01", "9999-12-31", "2026-03-29", "1970-01-01"])
  ),
  trial(
    "a day that the calendar does not have is refused",
    refuses(
      "date",
      ["2026-02-30", "2025-02-29", "2026-13-01", "0000-01-01", "26-01-01", "2026-01-01T00:00:00Z"],
      "2026-02-28"
    )
  ),
  trial(
    "JSON keeps nesting, order of lists, Unicode and the kinds of its values",
    roundTrips("json", [
      { list: [1, "1", true, null, { deep: ["é", "😀", '"\\\n'] }], "key with . and $": {} },
      [[], [[]]],
      "text",
      "12",
      "",
      0,
      -1.5,
      9007199254740991,
      false
    ])
  ),
  trial(
    "a JSON field is encoded and decoded by its schema",
    Effect.gen(function* () {
      const day = new Date("2026-02-03T04:05:06.000Z")
      const { id, since } = yield* Database.insert(Trial.Sample, { since: { day } })
      yield* equals("answered", since, { day })
      yield* equals("read", (yield* Database.one(Trial.Sample.filter({ id }))).since, { day })
      yield* Database.update(Trial.Sample.filter({ id }), { since: { day: new Date(0) } })
      const read = yield* Database.one(Trial.Sample.filter({ id }))
      yield* equals("updated", read.since, { day: new Date(0) })
    })
  ),
  trial(
    "JSON that its schema or JSON itself does not have is refused",
    Effect.gen(function* () {
      yield* refuses("since", [{ day: "2026-01-01" as never }], { day: new Date(0) })
      yield* Database.delete(Trial.Sample)
      yield* refuses("json", [Number.NaN, { a: 1n }, ["\ud800"], { "\0": 1 }], { a: 1 })
    })
  ),
  trial(
    "bytes keep every value from 0 to 255",
    roundTrips("bytes", [
      Uint8Array.from({ length: 256 }, (_, i) => i),
      new Uint8Array(0),
      Uint8Array.of(0, 0)
    ])
  ),
  trial(
    "a UUID is found in either case and answered in lower case",
    Effect.gen(function* () {
      const uuid = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"
      const stored = yield* Database.insert(Trial.Sample, { uuid })
      yield* equals("answered", stored.uuid, uuid.toLowerCase())
      const lower = Trial.Sample.filter({ uuid: uuid.toLowerCase() })
      yield* equals("found", (yield* Database.one(lower)).uuid, uuid.toLowerCase())
      yield* equals("found in upper case", yield* Database.count(Trial.Sample.filter({ uuid })), 1)
    })
  ),
  trial(
    "text that is no UUID is refused",
    refuses(
      "uuid",
      [
        "",
        "f81d4fae",
        "f81d4fae7dec11d0a76500a0c91e6bf6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}"
      ],
      "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    )
  ),
  trial(
    "a value that the enum does not have is refused",
    refuses("choice", ["three" as "one", "" as "one", "ONE" as "one"], "one")
  ),
  trial("a value that the field's check does not take is refused", refuses("even", [1, -3], 2)),
  trial(
    "the empty text is not null",
    Effect.gen(function* () {
      yield* roundTrips("text", [""])
      yield* Database.insert(Trial.Sample, { text: null })
      yield* equals("empty", yield* Database.count(Trial.Sample.filter({ text: "" })), 1)
      yield* equals("null", yield* Database.count(Trial.Sample.filter({ text: null })), 1)
    })
  ),
  trial(
    "a text of a million characters comes back whole",
    roundTrips("text", ["é0".repeat(500_000)])
  ),
  trial(
    "a text's length counts code points",
    roundTrips("short", ["12345", "ééééé", "😀😀😀😀😀", "e\u0301e\u0301e"])
  ),
  trial(
    "a text of more code points than its field has is refused",
    refuses("short", ["123456", "😀😀😀😀😀😀"], "12345")
  ),
  trial(
    "a NUL and half a surrogate pair are refused in text",
    refuses("text", ["a\0b", "\ud800", "a\udc00", "\udc00\ud800"], "ab")
  ),
  trial(
    "text keeps emoji, combining marks, directions, white space and control characters",
    roundTrips("text", [
      "👨‍👩‍👧‍👦🏳️‍🌈",
      "\u{10ffff}\u{1f600}",
      "\ufeffשלום \u202eabc\u202c",
      "\t\r\n\u000b\u0001\u007f",
      " leading and trailing ",
      "null",
      "'; DROP TABLE portico_contract_sample; --",
      "\" ` \\ \\' '' $1 ? :name {{x}} %s \\x00"
    ])
  ),
  trial(
    "text that only looks alike is not equal",
    Effect.gen(function* () {
      const alike = ["é", "e\u0301", "e", "E", "É", "e ", " e", "ß", "ss"]
      yield* Database.insertMany(
        Trial.Sample,
        alike.map((text) => ({ text }))
      )
      for (const text of alike) {
        const found = yield* Database.all(Trial.Sample.filter({ text }))
        yield* equals(
          JSON.stringify(text),
          found.map((row) => row.text),
          [text]
        )
      }
    })
  )
]
