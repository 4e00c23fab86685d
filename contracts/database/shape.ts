/** Order, pages and counts. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Database from "../../src/ports/Database.ts"
import { equals, failsWith } from "../Contract.ts"
import { labels, library, titles, Trial, trial } from "./models.ts"

const numbered = (...ints: ReadonlyArray<number | null>) =>
  Database.insertMany(
    Trial.Sample,
    ints.map((int) => ({ label: String(int), int }))
  )

const labelsOf = (query: ReturnType<(typeof Trial.Sample)["limit"]>) =>
  Effect.map(Database.all(query), labels)

export const shape = [
  trial(
    "asc and desc sort, by the first order first",
    Effect.gen(function* () {
      yield* Database.insertMany(Trial.Sample, [
        { label: "b2", text: "b", int: 2 },
        { label: "a1", text: "a", int: 1 },
        { label: "b1", text: "b", int: 1 }
      ])
      const up = Trial.Sample.orderBy((sample) => [sample.text.asc(), sample.int.asc()])
      yield* equals("up", yield* labelsOf(up), ["a1", "b1", "b2"])
      const mixed = Trial.Sample.orderBy((sample) => [sample.text.desc(), sample.int.asc()])
      yield* equals("mixed", yield* labelsOf(mixed), ["b1", "b2", "a1"])
      const replaced = up.orderBy((sample) => sample.label.desc())
      yield* equals("the last order counts", yield* labelsOf(replaced), ["b2", "b1", "a1"])
    })
  ),

  trial(
    "a null is the smallest value unless the order says otherwise",
    Effect.gen(function* () {
      yield* numbered(2, null, 1)
      const by = (nulls?: "first" | "last") => [
        labelsOf(Trial.Sample.orderBy((sample) => sample.int.asc(nulls))),
        labelsOf(Trial.Sample.orderBy((sample) => sample.int.desc(nulls)))
      ]
      const seen = yield* Effect.all([...by(), ...by("first"), ...by("last")])
      yield* equals("asc", seen[0], ["null", "1", "2"])
      yield* equals("desc", seen[1], ["2", "1", "null"])
      yield* equals("asc, first", seen[2], ["null", "1", "2"])
      yield* equals("desc, first", seen[3], ["null", "2", "1"])
      yield* equals("asc, last", seen[4], ["1", "2", "null"])
      yield* equals("desc, last", seen[5], ["2", "1", "null"])
    })
  ),

  trial(
    "text sorts and compares by code point",
    Effect.gen(function* () {
      // In UTF-16 the emoji would come before U+FFFD; in a dictionary "a" before "B".
      const sorted = ["", " ", "B", "Z", "_", "a", "ab", "b", "é", "\ufffd", "😀"]
      yield* Database.insertMany(
        Trial.Sample,
        [...sorted].reverse().map((text) => ({ label: text, text }))
      )
      const up = Trial.Sample.orderBy((sample) => sample.text.asc())
      yield* equals("sorted", yield* labelsOf(up), sorted)
      const above = Trial.Sample.filter((sample) => sample.text.gt("\ufffd"))
      yield* equals("above U+FFFD", labels(yield* Database.all(above)), ["😀"])
    })
  ),

  trial(
    "an order follows a to-one relation, and an expression",
    Effect.gen(function* () {
      yield* library
      const byEditor = Trial.Article.orderBy((article) => [
        article.editor.name.desc("last"),
        article.author.name.desc()
      ])
      yield* equals("by editor", titles(yield* Database.all(byEditor)), ["One", "Three", "Two"])
      const byLength = Trial.Article.orderBy((article) => [
        article.title.length().desc(),
        article.views.mul(-1).asc()
      ])
      yield* equals("by length", titles(yield* Database.all(byLength)), ["Three", "Two", "One"])
    })
  ),

  trial(
    "limit and offset cut a page",
    Effect.gen(function* () {
      yield* numbered(1, 2, 3, 4, 5)
      const sorted = Trial.Sample.orderBy((sample) => sample.int.asc())
      yield* equals("first two", yield* labelsOf(sorted.limit(2)), ["1", "2"])
      yield* equals("next two", yield* labelsOf(sorted.limit(2).offset(2)), ["3", "4"])
      yield* equals("past the end", yield* labelsOf(sorted.limit(2).offset(5)), [])
      yield* equals("none", yield* labelsOf(sorted.limit(0)), [])
      yield* equals("offset alone", yield* labelsOf(sorted.offset(3)), ["4", "5"])
    })
  ),

  trial(
    "rows that an order leaves equal go by primary key, so that pages neither repeat nor skip",
    Effect.gen(function* () {
      yield* library
      yield* Database.insertMany(
        Trial.Tag,
        Array.from({ length: 20 }, (_, i) => ({ name: `tag ${i}` }))
      )
      yield* Database.update(
        Trial.Tag.filter((tag) => tag.name.startsWith("tag 1")),
        (tag) => ({
          name: tag.name
        })
      )
      const all = yield* Database.all(
        Trial.Tag.orderBy((tag) => [tag.name.length().desc(), tag.id.asc()])
      )
      const seen: Array<number> = []
      const plain: Array<number> = []
      for (let offset = 0; offset < 22; offset += 3) {
        const page = Trial.Tag.limit(3).offset(offset)
        const sorted = page.orderBy((tag) => tag.name.length().desc())
        seen.push(...(yield* Database.all(sorted)).map((tag) => tag.id))
        plain.push(...(yield* Database.all(page)).map((tag) => tag.id))
      }
      const ids = all.map((tag) => tag.id)
      yield* equals("sorted pages", seen, ids)
      yield* equals(
        "plain pages",
        plain,
        [...ids].sort((a, b) => a - b)
      )
    })
  ),

  trial(
    "count says how many rows all would answer",
    Effect.gen(function* () {
      yield* numbered(1, 2, 3, null)
      const query = Trial.Sample.filter((sample) => sample.int.gte(1))
      yield* equals("all", yield* Database.count(query), 3)
      yield* equals("ordered", yield* Database.count(query.orderBy((s) => s.int.asc())), 3)
      yield* equals("limited", yield* Database.count(query.limit(2)), 2)
      yield* equals("past", yield* Database.count(query.offset(2).limit(5)), 1)
      yield* equals("beyond", yield* Database.count(query.offset(9)), 0)
      yield* equals("none", yield* Database.count(query.filter({ int: null })), 0)
    })
  ),

  trial(
    "exists says whether all would answer a row",
    Effect.gen(function* () {
      yield* numbered(1, 2)
      yield* equals("some", yield* Database.exists(Trial.Sample.filter({ int: 2 })), true)
      yield* equals("none", yield* Database.exists(Trial.Sample.filter({ int: 3 })), false)
      yield* equals("past", yield* Database.exists(Trial.Sample.offset(2)), false)
      yield* equals("within", yield* Database.exists(Trial.Sample.offset(1)), true)
      yield* equals("nothing asked for", yield* Database.exists(Trial.Sample.limit(0)), false)
    })
  ),

  trial(
    "one answers the only row, and fails where there is none or another",
    Effect.gen(function* () {
      yield* numbered(1, 2, 2)
      yield* equals("one", (yield* Database.one(Trial.Sample.filter({ int: 1 }))).label, "1")
      const none = yield* failsWith(
        "none",
        Database.one(Trial.Sample.filter({ int: 3 })),
        "NotFound"
      )
      yield* equals("model", none.model, "portico_contract.Sample")
      yield* failsWith("two", Database.one(Trial.Sample.filter({ int: 2 })), "MultipleFound")
      const limited = yield* Database.one(Trial.Sample.filter({ int: 2 }).limit(1))
      yield* equals("one of two", limited.label, "2")
    })
  ),

  trial(
    "first answers the first row in order, or None",
    Effect.gen(function* () {
      yield* numbered(2, 1, 3)
      const sorted = Trial.Sample.orderBy((sample) => sample.int.desc())
      const first = yield* Database.first(sorted)
      yield* equals(
        "first",
        Option.map(first, (row) => row.int),
        Option.some(3)
      )
      const next = yield* Database.first(sorted.offset(1))
      yield* equals(
        "after",
        Option.map(next, (row) => row.int),
        Option.some(2)
      )
      const none = yield* Database.first(sorted.filter({ int: 9 }))
      yield* equals("none", none, Option.none())
    })
  )
]
