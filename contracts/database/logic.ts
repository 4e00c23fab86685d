/** How conditions combine, above all where a NULL is in play. */
import * as Effect from "effect/Effect"
import { and, not, or } from "../../src/domain/Query.ts"
import * as Database from "../../src/ports/Database.ts"
import { equals } from "../Contract.ts"
import { labels, library, texts, titles, Trial, trial } from "./models.ts"

/** Every pair of true, false and null. */
const pairs = Effect.gen(function* () {
  const values = [true, false, null]
  yield* Database.insertMany(
    Trial.Sample,
    values.flatMap((a) =>
      values.map((b) => ({
        label: `${a} ${b}`,
        bool: a,
        int: b === null ? null : Number(b)
      }))
    )
  )
})

const found = (where: Parameters<(typeof Trial.Sample)["filter"]>[0]) =>
  Effect.map(Database.all(Trial.Sample.filter(where)), (rows) => labels(rows).sort())

export const logic = [
  trial(
    "and, or and not nest",
    Effect.gen(function* () {
      yield* pairs
      const either = yield* found((sample) =>
        or(
          and(sample.bool.eq(true), sample.int.eq(0)),
          and(sample.bool.eq(false), not(sample.int.eq(0)), sample.int.notNull())
        )
      )
      yield* equals("found", either, ["false true", "true false"])
      const neither = yield* found((sample) => not(or(sample.bool.eq(true), sample.int.eq(1))))
      yield* equals("neither", neither, ["false false", "false null", "null false", "null null"])
    })
  ),

  trial(
    "not finds exactly the rows that its operand does not find, nulls too",
    Effect.gen(function* () {
      yield* pairs
      const all = yield* found(() => and())
      for (const [what, where] of conditions) {
        const inside = yield* found(where)
        const outside = yield* found((sample) => not(where(sample)))
        yield* equals(`${what}: together`, [...inside, ...outside].sort(), all)
        const twice = yield* found((sample) => not(not(where(sample))))
        yield* equals(`${what}: twice`, twice, inside)
      }
      const notOne = yield* found((sample) => not(sample.int.eq(1)))
      yield* equals("not 1", notOne.length, 6)
    })
  ),

  trial(
    "and of nothing is true and or of nothing is false",
    Effect.gen(function* () {
      yield* Database.insert(Trial.Sample, { label: "row" })
      yield* equals("and", yield* found(() => and()), ["row"])
      yield* equals("or", yield* found(() => or()), [])
      yield* equals("not or", yield* found(() => not(or())), ["row"])
      yield* equals("within", yield* found((s) => or(or(), and(and(), s.int.isNull()))), ["row"])
    })
  ),

  trial(
    "exclude keeps the rows for which the condition is unknown",
    Effect.gen(function* () {
      yield* library
      const byBob = Trial.Article.exclude((article) => article.editor.name.eq("bob"))
      const rows = yield* Database.all(byBob.orderBy((article) => article.id.asc()))
      yield* equals("not edited by bob", titles(rows), ["Two", "Three"])
      const late = Trial.Article.exclude((article) => article.publishedAt.year().gte(2026))
      yield* equals("not late", yield* Database.count(late), 2)
      const shorthand = Trial.Article.exclude({ kind: "essay", views: 20 })
      yield* equals("not that one", yield* Database.count(shorthand), 2)
    })
  ),

  trial(
    "values by column must all hold: equal, one of several, or null",
    Effect.gen(function* () {
      const { ann, bob } = yield* library
      const one = yield* Database.all(
        Trial.Article.filter({ authorId: [ann.id, bob.id], kind: "news", editorId: bob.id })
      )
      yield* equals("edited", titles(one), ["One"])
      const none = yield* Database.all(
        Trial.Article.filter({ editorId: null, kind: ["news"], views: [5, 6] })
      )
      yield* equals("not edited", titles(none), ["Three"])
      yield* equals("all", yield* Database.count(Trial.Article.filter({})), 3)
    })
  ),

  trial(
    "each further filter narrows",
    Effect.gen(function* () {
      yield* library
      const many = Trial.Comment.filter((comment) => comment.votes.gte(2))
      yield* equals("first", yield* Database.count(many), 3)
      const few = many.filter((comment) => comment.votes.lt(7)).exclude({ text: "a" })
      yield* equals("narrowed", texts(yield* Database.all(few)), ["c"])
      yield* equals("the first is as before", yield* Database.count(many), 3)
    })
  )
]

type Where = Extract<Parameters<(typeof Trial.Sample)["filter"]>[0], (...args: never) => unknown>

const conditions: ReadonlyArray<readonly [what: string, where: Where]> = [
  ["eq", (sample) => sample.bool.eq(true)],
  ["ne", (sample) => sample.int.ne(1)],
  ["lt", (sample) => sample.int.lt(1)],
  ["in", (sample) => sample.int.in([1])],
  ["in none", (sample) => sample.int.in([])],
  ["isNull", (sample) => sample.bool.isNull()],
  ["and", (sample) => and(sample.bool.eq(true), sample.int.eq(1))],
  ["or", (sample) => or(sample.bool.eq(true), sample.int.eq(1))],
  ["and of a not", (sample) => and(not(sample.bool.eq(true)), sample.int.eq(1))],
  ["columns", (sample) => sample.int.eq(sample.even)],
  ["arithmetic", (sample) => sample.int.add(1).gt(1)],
  ["call", (sample) => sample.date.year().lt(2000)]
]
