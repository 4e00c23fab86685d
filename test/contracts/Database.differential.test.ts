/**
 * Random queries must answer the same on every database as on the memory adapter, which is the
 * reference. A difference shrinks to the smallest query that shows it.
 */
import { describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Effect, FastCheck, Inspectable, Predicate } from "effect"
import { equals } from "../../contracts/Contract.ts"
import { Trial, withTables } from "../../contracts/database/models.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import { and, not, or, type Predicate as Condition, type Query } from "../../src/domain/Query.ts"
import * as Database from "../../src/ports/Database.ts"
import { databases } from "../support/databases.ts"

// --- the rows --------------------------------------------------------------------------------------

const words = ["", "a", "A", "ab", "aB", "b%", "_", "é", "\ufffd", "😀", "ß", " a"]
const numbers = [-7, 0, 1, 2, 10, 2 ** 40]
const cents = ["-1.5", "0", "0.1", "0.25", "10"].map((text) => BigDecimal.unsafeFromString(text))
const moments = [
  "1969-12-31T23:59:59.999Z",
  "2024-02-29T12:00:00Z",
  "2026-01-01T00:00:00.001Z"
].map((text) => DateTime.unsafeMake(text))

/** The nth value, or null every so often: not random, so that all databases hold the same. */
const nth = <A>(values: ReadonlyArray<A>, n: number): A | null =>
  n % (values.length + 1) === values.length ? null : values[n % (values.length + 1)]!

const fill = Effect.gen(function* () {
  const people = yield* Database.insertMany(
    Trial.Person,
    words.slice(0, 5).map((name, i) => ({ email: `p${i}`, name, active: i % 2 === 0 }))
  )
  const articles = yield* Database.insertMany(
    Trial.Article,
    Array.from({ length: 12 }, (_, i) => ({
      title: `${words[i % words.length]}${i}`,
      kind: i % 3 === 0 ? ("essay" as const) : ("news" as const),
      views: Math.abs(numbers[i % 5]!),
      publishedAt: nth(moments, i),
      createdAt: moments[0]!,
      updatedAt: moments[1]!,
      authorId: people[i % 4]!.id,
      editorId: nth(people, i)?.id ?? null
    }))
  )
  const comments = yield* Database.insertMany(
    Trial.Comment,
    Array.from({ length: 20 }, (_, i) => ({
      articleId: articles[(i * 7) % 10]!.id,
      text: words[i % words.length]!,
      votes: numbers[i % 5]!
    }))
  )
  for (const [i, comment] of comments.entries()) {
    if (i % 3 !== 1) continue
    const parentId = comments[i - 1]!.id
    yield* Database.update(Trial.Comment.filter({ id: comment.id }), { parentId })
  }
  const tags = yield* Database.insertMany(Trial.Tag, [{ name: "x" }, { name: "y" }, { name: "z" }])
  yield* Database.insertMany(
    Trial.Tagging,
    articles
      .slice(0, 9)
      .flatMap((article, i) =>
        tags.slice(i % 3).map((tag) => ({ articleId: article.id, tagId: tag.id }))
      )
  )
  yield* Database.insertMany(
    Trial.Sample,
    Array.from({ length: 60 }, (_, i) => ({
      id: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
      label: `row ${i}`,
      int: nth(numbers, i),
      bigint: nth([-5n, 0n, 2n ** 53n, 2n ** 53n + 1n], i),
      float: nth([-0.5, 0, 0.1, 1e10], i),
      decimal: nth(cents, i),
      text: nth(words, i),
      bool: nth([true, false], i),
      instant: nth(moments, i),
      date: nth(["1999-12-31", "2024-02-29"], i),
      choice: nth(["one", "two"] as const, i)
    }))
  )
  return {
    person: people[0]!.id,
    article: articles[0]!.id,
    comment: comments[0]!.id,
    tag: tags[0]!.id
  }
})

// --- ids -------------------------------------------------------------------------------------------

type Ids = Effect.Effect.Success<typeof fill>

const modelOf: Readonly<Record<string, keyof Ids>> = {
  author: "person",
  editor: "person",
  comments: "comment",
  parent: "comment",
  tags: "tag",
  authorId: "person",
  editorId: "person",
  articleId: "article",
  parentId: "comment"
}

/** The answer with ids counted from the first row of their table: databases go on counting. */
const relative = (first: Ids, model: keyof Ids, answer: unknown): unknown => {
  if (Array.isArray(answer)) return answer.map((row) => relative(first, model, row))
  if (!Predicate.isReadonlyRecord(answer) || !("id" in answer)) return answer
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => {
      const of = key === "id" ? model : modelOf[key]
      if (of === undefined) return [key, value]
      return [key, typeof value === "number" ? value - first[of] : relative(first, of, value)]
    })
  )
}

// --- the queries -----------------------------------------------------------------------------------

const pick = <const A>(values: ReadonlyArray<A>) => FastCheck.constantFrom(...values)
const order = pick(["eq", "ne", "lt", "lte", "gt", "gte"])
const match = pick([
  "contains",
  "icontains",
  "startsWith",
  "istartsWith",
  "endsWith",
  "iendsWith",
  "iexact"
])

/** Conditions over any row that has such columns: leaves, then combinations of them. */
const combined = <Columns>(
  leaves: ReadonlyArray<FastCheck.Arbitrary<(columns: Columns) => Condition>>
): FastCheck.Arbitrary<(columns: Columns) => Condition> =>
  FastCheck.letrec<{ condition: (columns: Columns) => Condition }>((tie) => {
    const several = FastCheck.array(tie("condition"), { maxLength: 3 })
    return {
      condition: FastCheck.oneof(
        { maxDepth: 3, withCrossShrink: true },
        ...leaves,
        several.map((of) => (columns: Columns) => and(...of.map((p) => p(columns)))),
        several.map((of) => (columns: Columns) => or(...of.map((p) => p(columns)))),
        tie("condition").map((p) => (columns: Columns) => not(p(columns)))
      )
    }
  }).condition

type Of<M extends Exclude<keyof typeof Trial, symbol | "~sources">> = Parameters<
  Extract<Parameters<(typeof Trial)[M]["filter"]>[0], (columns: never) => unknown>
>[0]

const onSample = combined<Of<"Sample">>([
  FastCheck.tuple(order, pick(numbers)).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.int[op](n)
  ),
  FastCheck.tuple(order, pick(numbers)).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.int.mul(2).sub(n)[op](3)
  ),
  FastCheck.tuple(order, pick([0n, 2n ** 53n + 1n])).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.bigint[op](n)
  ),
  FastCheck.tuple(order, pick([0, 0.1])).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.float[op](n)
  ),
  FastCheck.tuple(order, pick(cents)).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.decimal[op](n)
  ),
  FastCheck.tuple(order, pick(words)).map(
    ([op, w]) =>
      (s: Of<"Sample">) =>
        s.text[op](w)
  ),
  // Letters beyond ASCII fold on some databases and not on others (`Capabilities.foldsUnicode`).
  FastCheck.tuple(match, pick(["", "a", "B", "%", "_", "😀"])).map(
    ([op, w]) =>
      (s: Of<"Sample">) =>
        s.text[op](w)
  ),
  FastCheck.tuple(order, pick(moments)).map(
    ([op, m]) =>
      (s: Of<"Sample">) =>
        s.instant[op](m)
  ),
  pick([1969, 2024, 2026]).map((year) => (s: Of<"Sample">) => s.instant.year().eq(year)),
  FastCheck.tuple(order, pick([2, 12])).map(
    ([op, m]) =>
      (s: Of<"Sample">) =>
        s.date.month()[op](m)
  ),
  FastCheck.tuple(order, pick([0, 1, 2])).map(
    ([op, n]) =>
      (s: Of<"Sample">) =>
        s.text.length()[op](n)
  ),
  FastCheck.subarray(numbers).map((some) => (s: Of<"Sample">) => s.int.in(some)),
  FastCheck.subarray(words).map((some) => (s: Of<"Sample">) => s.text.in(some)),
  pick([true, false]).map((bool) => (s: Of<"Sample">) => s.bool.eq(bool)),
  pick(["one", "two"] as const).map((choice) => (s: Of<"Sample">) => s.choice.ne(choice)),
  pick(["int", "text", "bool", "instant"] as const).map(
    (key) => (s: Of<"Sample">) => s[key].isNull()
  )
])

const onComment = combined<Of<"Comment">>([
  FastCheck.tuple(order, pick(numbers)).map(
    ([op, n]) =>
      (c: Of<"Comment">) =>
        c.votes[op](n)
  ),
  FastCheck.tuple(match, pick(["a", "b"])).map(
    ([op, w]) =>
      (c: Of<"Comment">) =>
        c.text[op](w)
  ),
  pick(words).map((word) => (c: Of<"Comment">) => c.parent.text.ne(word)),
  FastCheck.constant((c: Of<"Comment">) => c.parentId.isNull()),
  FastCheck.constant((c: Of<"Comment">) => c.replies.some((reply) => reply.votes.gt(c.votes)))
])

const onArticle = combined<Of<"Article">>([
  FastCheck.tuple(order, pick(numbers)).map(
    ([op, n]) =>
      (a: Of<"Article">) =>
        a.views[op](n)
  ),
  pick(words.slice(0, 5)).map((name) => (a: Of<"Article">) => a.author.name.eq(name)),
  pick(words.slice(0, 5)).map((name) => (a: Of<"Article">) => a.editor.name.ne(name)),
  pick([true, false]).map((active) => (a: Of<"Article">) => a.editor.active.eq(active)),
  onComment.map((where) => (a: Of<"Article">) => a.comments.some(where)),
  onComment.map((where) => (a: Of<"Article">) => a.comments.none(where)),
  FastCheck.constant((a: Of<"Article">) => a.comments.some((c) => c.votes.eq(a.views))),
  pick(["x", "y", "z"]).map(
    (name) => (a: Of<"Article">) => a.tags.some((tag) => tag.name.eq(name))
  ),
  FastCheck.constant((a: Of<"Article">) => a.tags.none()),
  pick([2024, 2026]).map((year) => (a: Of<"Article">) => a.publishedAt.year().lte(year))
])

const direction = FastCheck.tuple(pick(["asc", "desc"]), pick(["first", "last", undefined]))
type AnyQuery = Query<unknown, any, any>

const page = FastCheck.record({
  limit: FastCheck.option(FastCheck.nat(15), { nil: undefined }),
  offset: FastCheck.option(FastCheck.nat(15), { nil: undefined })
})

const samples: FastCheck.Arbitrary<AnyQuery> = FastCheck.record({
  where: onSample,
  by: pick(["int", "bigint", "float", "decimal", "text", "bool", "instant", "date"] as const),
  direction,
  page
}).map(({ where, by, direction: [way, nulls], page: { limit, offset } }) => {
  let query = Trial.Sample.filter(where).orderBy((sample) => sample[by][way](nulls))
  if (limit !== undefined) query = query.limit(limit)
  if (offset !== undefined) query = query.offset(offset)
  return query
})

const articles: FastCheck.Arbitrary<AnyQuery> = FastCheck.record({
  where: onArticle,
  onComment,
  direction,
  page
}).map(({ where, onComment, direction: [way, nulls], page: { limit, offset } }) => {
  return Trial.Article.filter(where)
    .orderBy((article) => [article.editor.name[way](nulls), article.views.desc()])
    .limit(limit ?? 20)
    .offset(offset ?? 0)
    .with("author")
    .with("editor")
    .with("comments", (comment) =>
      comment
        .filter(onComment)
        .orderBy((x) => x.votes[way]())
        .limit(3)
        .with("parent")
    )
    .with("tags", (tag) => tag.orderBy((x) => x.name.desc()))
})

// --- the trials ------------------------------------------------------------------------------------

const runs = Number(process.env["PORTICO_DIFFERENTIAL_RUNS"] ?? 150)

for (const database of databases.filter(({ name }) => name !== "memory")) {
  describe(`Database: ${database.name} against memory`, () => {
    for (const [what, queries] of [
      ["queries of one table", samples],
      ["queries across relations", articles]
    ] as const) {
      it.live(
        `${runs} random ${what} answer the same`,
        () =>
          Effect.gen(function* () {
            const reference = yield* Memory.make
            const prepared = Effect.zipRight(withTables, fill)
            const expectedIds = yield* Effect.provideService(prepared, Database.Database, reference)
            const ids = yield* prepared
            const database = yield* Database.Database
            const answers = ({ all, count, exists }: Database.Service, query: AnyQuery) =>
              Effect.all([all(query), count(query), exists(query)])
            const property = FastCheck.asyncProperty(queries, (query) =>
              Effect.gen(function* () {
                const expected = relative(expectedIds, "article", yield* answers(reference, query))
                const actual = relative(ids, "article", yield* answers(database, query))
                const asked = Inspectable.toStringUnknown([query.select, query.loads], 0)
                yield* equals(`answer to ${asked}`, actual, expected)
              }).pipe(Effect.runPromise)
            )
            yield* Effect.promise(() => FastCheck.assert(property, { numRuns: runs }))
          }).pipe(Effect.provide(database.layer)),
        120_000
      )
    }
  })
}
