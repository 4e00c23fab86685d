/** What each lookup finds, and that no value is ever read as SQL or as a pattern. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as BigDecimal from "effect/BigDecimal"
import type * as Query from "../../src/domain/Query.ts"
import * as Database from "../../src/ports/Database.ts"
import { equals, failsWith } from "../Contract.ts"
import { labels, library, texts, titles, Trial, trial } from "./models.ts"

/** The labels of the samples that the query finds, in alphabetical order. */
const found = (query: typeof Trial.Sample | ReturnType<(typeof Trial.Sample)["filter"]>) =>
  Effect.map(Database.all(query.orderBy((sample) => sample.label.asc())), labels)

const numbered = Database.insertMany(Trial.Sample, [
  { label: "one", int: 1 },
  { label: "three", int: 3 },
  { label: "two", int: 2 },
  { label: "zero" }
])

type Where = Parameters<(typeof Trial.Sample)["filter"]>[0]

/** Each condition over the samples finds these. */
const finds = (
  cases: ReadonlyArray<readonly [what: string, where: Where, labels: ReadonlyArray<string>]>
) =>
  Effect.forEach(cases, ([what, where, expected]) =>
    Effect.flatMap(found(Trial.Sample.filter(where)), (seen) => equals(what, seen, [...expected]))
  )

const words = (...texts: ReadonlyArray<string>) =>
  Database.insertMany(
    Trial.Sample,
    texts.map((text) => ({ label: text.slice(0, 20), text }))
  )

export const lookups = (can: Database.Capabilities) => [
  trial(
    "eq finds equal values and never a null",
    Effect.zipRight(
      numbered,
      finds([
        ["eq 2", (sample) => sample.int.eq(2), ["two"]],
        ["eq 9", (sample) => sample.int.eq(9), []]
      ])
    )
  ),
  trial(
    "ne finds every row that eq does not, nulls too",
    Effect.zipRight(
      numbered,
      finds([
        ["eq 2", (sample) => sample.int.eq(2), ["two"]],
        ["ne 2", (sample) => sample.int.ne(2), ["one", "three", "zero"]],
        ["ne 9", (sample) => sample.int.ne(9), ["one", "three", "two", "zero"]]
      ])
    )
  ),
  trial(
    "lt, lte, gt and gte compare and never find a null",
    Effect.zipRight(
      numbered,
      finds([
        ["lt 2", (sample) => sample.int.lt(2), ["one"]],
        ["lte 2", (sample) => sample.int.lte(2), ["one", "two"]],
        ["gt 2", (sample) => sample.int.gt(2), ["three"]],
        ["gte 2", (sample) => sample.int.gte(2), ["three", "two"]]
      ])
    )
  ),
  trial(
    "between includes both ends",
    Effect.zipRight(
      numbered,
      finds([
        ["1 to 2", (sample) => sample.int.between(1, 2), ["one", "two"]],
        ["2 to 1", (sample) => sample.int.between(2, 1), []]
      ])
    )
  ),
  trial(
    "in finds any of the values, of none nothing",
    Effect.zipRight(
      numbered,
      finds([
        ["none", (sample) => sample.int.in([]), []],
        ["one", (sample) => sample.int.in([3]), ["three"]],
        ["three", (sample) => sample.int.in([7, 8, 3, 1]), ["one", "three"]],
        ["twice the same", (sample) => sample.int.in([2, 2]), ["two"]]
      ])
    )
  ),
  trial(
    "in takes more values than a statement takes parameters",
    Effect.gen(function* () {
      yield* numbered
      const size = Math.min(can.maxParameters, 100_000) + 1
      // Those that are found stand at the end.
      const many = Array.from({ length: size }, (_, i) => size + 1 - i)
      yield* equals("found", yield* found(Trial.Sample.filter((sample) => sample.int.in(many))), [
        "three",
        "two"
      ])
    })
  ),
  trial(
    "isNull and notNull part the rows",
    Effect.zipRight(
      numbered,
      finds([
        ["isNull", (sample) => sample.int.isNull(), ["zero"]],
        ["notNull", (sample) => sample.int.notNull(), ["one", "three", "two"]]
      ])
    )
  ),
  trial(
    "contains, startsWith and endsWith tell cases apart",
    Effect.zipRight(
      words("Banana", "banana", "Ananas"),
      finds([
        ["contains", (sample) => sample.text.contains("nan"), ["Ananas", "Banana", "banana"]],
        ["contains case", (sample) => sample.text.contains("Ana"), ["Ananas"]],
        ["startsWith", (sample) => sample.text.startsWith("ban"), ["banana"]],
        ["endsWith", (sample) => sample.text.endsWith("ana"), ["Banana", "banana"]],
        ["endsWith case", (sample) => sample.text.endsWith("ANA"), []]
      ])
    )
  ),
  trial(
    "icontains, istartsWith, iendsWith and iexact ignore the case of ASCII letters",
    Effect.zipRight(
      words("Banana", "bANANA", "Ananas"),
      finds([
        ["icontains", (sample) => sample.text.icontains("aNa"), ["Ananas", "Banana", "bANANA"]],
        ["istartsWith", (sample) => sample.text.istartsWith("BAN"), ["Banana", "bANANA"]],
        ["iendsWith", (sample) => sample.text.iendsWith("NaS"), ["Ananas"]],
        ["iexact", (sample) => sample.text.iexact("banana"), ["Banana", "bANANA"]],
        ["iexact part", (sample) => sample.text.iexact("banan"), []]
      ])
    )
  ),
  can.foldsUnicode
    ? trial(
        "the lookups with i ignore the case of all letters",
        Effect.zipRight(
          words("ÄPFEL", "äpfel", "Apfel"),
          finds([
            ["icontains", (sample) => sample.text.icontains("Äpf"), ["ÄPFEL", "äpfel"]],
            ["iexact", (sample) => sample.text.iexact("äPFEL"), ["ÄPFEL", "äpfel"]]
          ])
        )
      )
    : trial(
        "the lookups with i tell the case of letters beyond ASCII apart",
        Effect.zipRight(
          words("ÄPFEL", "äpfel", "Apfel"),
          finds([
            ["icontains", (sample) => sample.text.icontains("ÄPF"), ["ÄPFEL"]],
            ["iexact", (sample) => sample.text.iexact("äPFEL"), ["äpfel"]]
          ])
        )
      ),
  trial(
    "text lookups never find a null",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [{ label: "null" }, { label: "empty", text: "" }])
      yield* finds([
        ["contains nothing", (sample) => sample.text.contains(""), ["empty"]],
        ["icontains nothing", (sample) => sample.text.icontains(""), ["empty"]],
        ["startsWith nothing", (sample) => sample.text.startsWith(""), ["empty"]]
      ])
    })
  ),
  trial(
    "no character is a wildcard",
    Effect.gen(function* () {
      const special = ["%", "_", "*", "?", "[a]", "\\", "\\%", "'", '"', "$1", "^a$", "!", "|"]
      yield* words(...special, "abc")
      for (const text of special) {
        for (const lookup of ["eq", "startsWith", "endsWith", "iexact"] as const) {
          const seen = yield* Database.all(
            Trial.Sample.filter((sample) => sample.text[lookup](text))
          )
          const expected = special.filter((other) =>
            lookup === "startsWith"
              ? other.startsWith(text)
              : lookup === "endsWith"
                ? other.endsWith(text)
                : other === text
          )
          yield* equals(`${lookup} ${text}`, labels(seen).sort(), [...expected].sort())
        }
        const seen = yield* Database.all(
          Trial.Sample.filter((sample) => sample.text.icontains(text))
        )
        yield* equals(
          `icontains ${text}`,
          labels(seen).sort(),
          special.filter((other) => other.includes(text)).sort()
        )
      }
    })
  ),
  trial(
    "a value that looks like SQL is a value",
    Effect.gen(function* () {
      const attack = "x'; DROP TABLE portico_contract_sample; --"
      yield* Database.insert(Trial.Sample, {
        label: "attack",
        text: attack,
        json: { [attack]: attack }
      })
      yield* words("other")
      yield* finds([
        ["eq", { text: attack }, ["attack"]],
        ["in", { text: [attack, "' OR 1=1 --"] }, ["attack"]],
        ["contains", (sample) => sample.text.contains("'; DROP"), ["attack"]]
      ])
      yield* Database.update(Trial.Sample.filter({ text: attack }), { label: "' OR '1'='1" })
      yield* equals(
        "others keep",
        yield* Database.count(Trial.Sample.filter({ label: "other" })),
        1
      )
    })
  ),
  trial(
    "tables and columns may have any name",
    Effect.gen(function* () {
      const { id } = yield* Database.insert(Trial.Hostile, { select: "a", order: 2 })
      yield* Database.insert(Trial.Hostile, { select: "b", order: 1 })
      yield* Database.update(Trial.Hostile.filter({ select: "a" }), (row) => ({
        order: row.order.add(3)
      }))
      const rows = yield* Database.all(Trial.Hostile.orderBy((row) => row.order.asc()))
      yield* equals(
        "rows",
        rows.map((row) => [row.select, row.order]),
        [
          ["b", 1],
          ["a", 5]
        ]
      )
      yield* equals("deleted", yield* Database.delete(Trial.Hostile.filter({ id })), 1)
      yield* equals("left", yield* Database.count(Trial.Hostile), 1)
    })
  ),
  can.matchesRegex
    ? trial(
        "regex matches a pattern anywhere in the text",
        Effect.zipRight(
          words("abc", "aXc", "xyz"),
          finds([
            ["a.c", (sample) => sample.text.regex("^a[A-Z]c$"), ["aXc"]],
            ["alternatives", (sample) => sample.text.regex("b|z"), ["abc", "xyz"]]
          ])
        )
      )
    : trial(
        "regex is refused",
        Effect.gen(function* () {
          yield* words("abc")
          const refused = yield* failsWith(
            "regex",
            Database.all(Trial.Sample.filter((sample) => sample.text.regex("a"))),
            "QueryFault"
          )
          yield* equals("kind", refused.kind, "unsupported")
        })
      ),
  trial(
    "year, month and day are those of the UTC calendar",
    Effect.gen(function* () {
      yield* library
      yield* Database.insert(Trial.Sample, {
        label: "leap",
        date: "2024-02-29",
        instant: DateTime.unsafeMake("2024-12-31T23:59:59.999Z")
      })
      yield* finds([
        ["date", (sample) => sample.date.year().eq(2024), ["leap"]],
        ["month", (sample) => sample.date.month().eq(2), ["leap"]],
        ["day", (sample) => sample.date.day().eq(29), ["leap"]],
        ["instant", (sample) => sample.instant.day().add(sample.instant.month()).eq(43), ["leap"]]
      ])
      const before = yield* Database.all(
        Trial.Article.filter((article) => article.publishedAt.year().eq(2025))
      )
      yield* equals("2025", titles(before), ["One"])
      const after = yield* Database.all(
        Trial.Article.filter((article) => article.publishedAt.year().gte(2026))
      )
      yield* equals("2026", titles(after), ["Two"])
    })
  ),
  trial(
    "lower, upper and length work on text",
    Effect.zipRight(
      words("Ab", "aB", "😀é"),
      finds([
        ["lower", (sample) => sample.text.lower().eq("ab"), ["Ab", "aB"]],
        ["upper", (sample) => sample.text.upper().startsWith("A"), ["Ab", "aB"]],
        ["length", (sample) => sample.text.length().eq(2), ["Ab", "aB", "😀é"]],
        ["length 3", (sample) => sample.text.length().gte(3), []]
      ])
    )
  ),
  trial(
    "a column compares with another column",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [
        { label: "equal", int: 2, even: 2 },
        { label: "less", int: 1, even: 2 },
        { label: "null", even: 2 }
      ])
      yield* finds([
        ["eq", (sample) => sample.int.eq(sample.even), ["equal"]],
        ["lt", (sample) => sample.int.lt(sample.even), ["less"]],
        ["ne", (sample) => sample.int.ne(sample.even), ["less", "null"]]
      ])
    })
  ),
  trial(
    "filters calculate with numbers",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [
        {
          label: "a",
          int: 3,
          bigint: 2n ** 60n,
          float: 0.5,
          decimal: BigDecimal.unsafeFromString("0.10")
        },
        { label: "b", int: 4 }
      ])
      yield* finds([
        ["int", (sample) => sample.int.mul(2).add(1).eq(7), ["a"]],
        ["sub", (sample) => sample.int.sub(1).gt(2), ["b"]],
        ["bigint", (sample) => sample.bigint.add(1n).eq(2n ** 60n + 1n), ["a"]],
        ["float", (sample) => sample.float.mul(0.5).eq(0.25), ["a"]],
        [
          "decimal",
          (sample) =>
            sample.decimal
              .add(BigDecimal.unsafeFromString("0.2"))
              .eq(BigDecimal.unsafeFromString("0.3")),
          ["a"]
        ],
        ["with null", (sample) => sample.bigint.add(1n).isNull(), ["b"]]
      ])
    })
  ),
  trial(
    "a value that no row could hold is refused in a filter",
    Effect.gen(function* () {
      yield* words("a")
      const wrong: ReadonlyArray<(sample: Columns) => Query.Predicate> = [
        (sample) => sample.text.contains("\0"),
        (sample) => sample.text.eq("\ud800"),
        (sample) => sample.int.gt(Number.NaN),
        (sample) => sample.int.in([1, 2 ** 53]),
        (sample) => sample.bigint.lt(2n ** 63n),
        (sample) => sample.uuid.eq("no")
      ]
      for (const where of wrong) {
        const refused = yield* failsWith(
          "filter",
          Database.all(Trial.Sample.filter(where)),
          "QueryFault"
        )
        yield* equals("kind", refused.kind, "value")
      }
      yield* equals("the database still answers", texts(yield* articles), [])
    })
  )
]

type Columns = Query.Columns<(typeof Trial)["~sources"], (typeof Trial)["~sources"]["Sample"]>

const articles = Database.all(Trial.Comment)
