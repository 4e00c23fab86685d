/** Inserts, updates and deletes: what they change, and what they answer. */
import * as Effect from "effect/Effect"
import * as Database from "../../src/ports/Database.ts"
import { equals, failsWith } from "../Contract.ts"
import { labels, library, texts, Trial, trial } from "./models.ts"

const labelled = (...texts: ReadonlyArray<string>) =>
  Database.insertMany(
    Trial.Sample,
    texts.map((label, int) => ({ label, int }))
  )

const sorted = Trial.Sample.orderBy((sample) => sample.label.asc())

export const writes = [
  trial(
    "insertMany keeps the keys of every row, not those of the first",
    Effect.gen(function* () {
      const { one } = yield* library
      const rows = yield* Database.insertMany(Trial.Comment, [
        { articleId: one.id, text: "plain" },
        { articleId: one.id, text: "voted", votes: 9 },
        { articleId: one.id, text: "plain again" }
      ])
      yield* equals(
        "answered",
        rows.map((row) => row.votes),
        [0, 9, 0]
      )
      const read = yield* Database.one(Trial.Comment.filter({ text: "voted" }))
      yield* equals("read", read.votes, 9)
    })
  ),

  trial(
    "insertMany answers the rows in the order given",
    Effect.gen(function* () {
      const given = Array.from({ length: 50 }, (_, i) => `label ${(i * 37) % 50}`)
      yield* equals("labels", labels(yield* labelled(...given)), given)
      const tags = yield* Database.insertMany(
        Trial.Tag,
        given.map((name) => ({ name }))
      )
      yield* equals(
        "names",
        tags.map((tag) => tag.name),
        given
      )
      for (const tag of tags.slice(0, 3)) {
        yield* equals("stored", yield* Database.one(Trial.Tag.filter({ id: tag.id })), tag)
      }
    })
  ),

  trial(
    "insertMany with returning: false answers the number of rows",
    Effect.gen(function* () {
      const rows = [{ label: "a" }, { label: "b" }]
      const number = yield* Database.insertMany(Trial.Sample, rows, { returning: false })
      yield* equals("number", number, 2)
      yield* equals("stored", labels(yield* Database.all(sorted)), ["a", "b"])
    })
  ),

  trial(
    "insertMany of no rows does nothing",
    Effect.gen(function* () {
      yield* equals("rows", yield* Database.insertMany(Trial.Sample, []), [])
      const number = yield* Database.insertMany(Trial.Sample, [], { returning: false })
      yield* equals("number", number, 0)
      yield* equals("stored", yield* Database.count(Trial.Sample), 0)
    })
  ),

  trial(
    "insertMany stores thousands of rows",
    Effect.gen(function* () {
      const { one } = yield* library
      const rows = yield* Database.insertMany(
        Trial.Comment,
        Array.from({ length: 3_000 }, (_, i) => ({ articleId: one.id, text: `n${i}`, votes: i }))
      )
      yield* equals("answered", rows.length, 3_000)
      yield* equals(
        "in order",
        rows.every((row, i) => row.votes === i),
        true
      )
      yield* equals("stored", yield* Database.count(Trial.Comment), 3_004)
    })
  ),

  trial(
    "a row that is refused keeps all rows of its insertMany out",
    Effect.gen(function* () {
      yield* Database.insert(Trial.Tag, { name: "taken" })
      const names = Array.from({ length: 3_000 }, (_, i) => `n${i}`)
      const refused = Database.insertMany(
        Trial.Tag,
        [...names, "taken"].map((name) => ({ name }))
      )
      yield* failsWith("insertMany", refused, "UniqueViolation")
      yield* equals("stored", yield* Database.count(Trial.Tag), 1)
    })
  ),

  trial(
    "a key that the model does not have is refused",
    Effect.gen(function* () {
      const values = { name: "red", "name) VALUES ('x'); --": 1 }
      const insert = yield* failsWith("insert", Database.insert(Trial.Tag, values), "QueryFault")
      yield* equals("kind", insert.kind, "schema")
      const update = yield* failsWith("update", Database.update(Trial.Tag, values), "QueryFault")
      yield* equals("kind", update.kind, "schema")
      yield* equals("stored", yield* Database.count(Trial.Tag), 0)
      yield* Database.insert(Trial.Tag, { name: "red" })
      yield* equals("the right key", yield* Database.count(Trial.Tag), 1)
    })
  ),

  trial(
    "an update changes the rows of its query and no others, and answers their number",
    Effect.gen(function* () {
      yield* labelled("a", "b", "c")
      const changed = yield* Database.update(
        Trial.Sample.filter((sample) => sample.int.gte(1)),
        { text: "changed", bool: true }
      )
      yield* equals("number", changed, 2)
      const rows = yield* Database.all(sorted)
      yield* equals(
        "rows",
        rows.map((row) => [row.label, row.text, row.bool]),
        [
          ["a", null, null],
          ["b", "changed", true],
          ["c", "changed", true]
        ]
      )
      const none = yield* Database.update(Trial.Sample.filter({ label: "x" }), { int: 1 })
      yield* equals("of none", none, 0)
    })
  ),

  trial(
    "an update counts the rows that had the value already",
    Effect.gen(function* () {
      yield* labelled("a", "b")
      yield* Database.update(Trial.Sample, { text: "same" })
      yield* equals("again", yield* Database.update(Trial.Sample, { text: "same" }), 2)
    })
  ),

  trial(
    "an update calculates from each row as it was",
    Effect.gen(function* () {
      yield* labelled("a", "b")
      yield* Database.update(Trial.Sample, (sample) => ({
        int: sample.int.add(10),
        even: sample.int.mul(2),
        text: sample.label.upper()
      }))
      const rows = yield* Database.all(sorted)
      yield* equals(
        "rows",
        rows.map((row) => [row.int, row.even, row.text]),
        [
          [10, 0, "A"],
          [11, 2, "B"]
        ]
      )
    })
  ),

  trial(
    "an update sets null, and leaves what it does not name or names undefined",
    Effect.gen(function* () {
      yield* Database.insert(Trial.Sample, { label: "a", int: 1, text: "kept" })
      const { id } = yield* Database.one(Trial.Sample)
      yield* Database.update(Trial.Sample.filter({ id }), { int: null, text: undefined })
      const row = yield* Database.one(Trial.Sample)
      yield* equals("row", [row.label, row.int, row.text], ["a", null, "kept"])
      const nothing = yield* Database.update(Trial.Sample.filter({ id }), {})
      yield* equals("an update of nothing", nothing, 1)
    })
  ),

  trial(
    "an update and a delete find their rows through relations",
    Effect.gen(function* () {
      yield* library
      const anns = Trial.Comment.filter((comment) => comment.article.author.name.eq("ann"))
      yield* equals("updated", yield* Database.update(anns, { votes: 0 }), 4)
      yield* equals("votes", yield* Database.count(Trial.Comment.filter({ votes: 0 })), 4)
      const ofOne = Trial.Comment.filter((comment) => comment.article.title.eq("One"))
      yield* equals("deleted", yield* Database.delete(ofOne), 3)
      yield* equals("left", texts(yield* Database.all(Trial.Comment)), ["d"])
      const uncommented = Trial.Article.filter((article) => article.comments.none())
      yield* equals("deleted", yield* Database.delete(uncommented), 2)
      yield* equals("left", yield* Database.count(Trial.Article), 1)
    })
  ),

  trial(
    "an update and a delete find their rows through the model that they change",
    Effect.gen(function* () {
      const { comments, one } = yield* library
      yield* Database.insert(Trial.Comment, {
        articleId: one.id,
        parentId: comments[0].id,
        text: "re"
      })
      const answered = Trial.Comment.filter((comment) => comment.replies.some())
      yield* equals("updated", yield* Database.update(answered, { votes: 50 }), 1)
      const replies = Trial.Comment.filter((comment) => comment.parent.votes.eq(50))
      yield* equals("deleted", yield* Database.delete(replies), 1)
      yield* equals("left", yield* Database.count(Trial.Comment), 4)
    })
  ),

  trial(
    "a delete removes the rows of its query and answers their number",
    Effect.gen(function* () {
      yield* labelled("a", "b", "c")
      const some = Trial.Sample.filter((sample) => sample.label.in(["a", "c"]))
      yield* equals("deleted", yield* Database.delete(some), 2)
      yield* equals("left", labels(yield* Database.all(Trial.Sample)), ["b"])
      yield* equals("again", yield* Database.delete(some), 0)
      yield* equals("all", yield* Database.delete(Trial.Sample), 1)
    })
  ),

  trial(
    "an update or delete of a page is refused, and changes nothing",
    Effect.gen(function* () {
      yield* labelled("a", "b")
      const page = sorted.limit(1)
      const update = yield* failsWith("update", Database.update(page, { int: 9 }), "QueryFault")
      const removal = yield* failsWith("delete", Database.delete(page), "QueryFault")
      yield* equals("kinds", [update.kind, removal.kind], ["unsupported", "unsupported"])
      const rows = yield* Database.all(sorted)
      yield* equals(
        "rows",
        rows.map((row) => row.int),
        [0, 1]
      )
    })
  )
]
