/** Loading related rows with a query. */
import * as Effect from "effect/Effect"
import * as Database from "../../src/ports/Database.ts"
import { equals } from "../Contract.ts"
import { library, person, texts, titles, Trial, trial } from "./models.ts"

const sorted = Trial.Article.orderBy((article) => article.id.asc())

export const eager = [
  trial(
    "a to-one relation is loaded into each row",
    Effect.gen(function* () {
      const { ann, bob } = yield* library
      const rows = yield* Database.all(sorted.with("author"))
      yield* equals(
        "authors",
        rows.map((row) => row.author),
        [ann, ann, bob]
      )
    })
  ),

  trial(
    "a to-one relation that is null loads as null",
    Effect.gen(function* () {
      const { bob } = yield* library
      const rows = yield* Database.all(sorted.with("editor"))
      yield* equals(
        "editors",
        rows.map((row) => row.editor),
        [bob, null, null]
      )
    })
  ),

  trial(
    "a row without loaded relations has its columns alone",
    Effect.gen(function* () {
      const { comments } = yield* library
      const [a] = comments
      yield* equals("row", yield* Database.one(Trial.Comment.filter({ id: a.id })), a)
      const filtered = Trial.Comment.filter((c) => c.article.author.name.eq("ann"))
      yield* equals("filtered by a relation", (yield* Database.all(filtered)).length, 4)
      const sorted = filtered.orderBy((c) => [c.article.id.asc(), c.id.asc()])
      yield* equals("row", yield* Database.all(sorted), [...comments])
    })
  ),

  trial(
    "to-one relations are loaded through one another",
    Effect.gen(function* () {
      const { ann, bob, one, comments } = yield* library
      const query = Trial.Comment.filter({ id: comments[0].id }).with("article", (article) =>
        article.with("author").with("editor")
      )
      const row = yield* Database.one(query)
      yield* equals("row", row, { ...comments[0], article: { ...one, author: ann, editor: bob } })
      const missing = Trial.Comment.filter({ text: "a" }).with("parent", (parent) =>
        parent.with("article")
      )
      yield* equals("null stops", (yield* Database.one(missing)).parent, null)
    })
  ),

  trial(
    "a to-many relation is loaded as the list of its rows, in the order asked for",
    Effect.gen(function* () {
      const { comments } = yield* library
      const [a, b, c, d] = comments
      const rows = yield* Database.all(
        sorted.with("comments", (comment) => comment.orderBy((x) => x.votes.desc()))
      )
      yield* equals(
        "comments",
        rows.map((row) => row.comments),
        [[a, c, b], [d], []]
      )
    })
  ),

  trial(
    "a to-many relation without an order is loaded by primary key",
    Effect.gen(function* () {
      const { blue, comments, one, red } = yield* library
      const [a, b, c] = comments
      // Many databases answer a row that was written again after the others.
      yield* Database.update(Trial.Comment.filter({ id: a.id }), { text: "a" })
      const row = yield* Database.one(
        Trial.Article.filter({ id: one.id }).with("comments").with("tags")
      )
      yield* equals("comments", row.comments, [a, b, c])
      yield* equals("tags, linked the other way round", row.tags, [blue, red])
      const equal = yield* Database.one(
        Trial.Article.filter({ id: one.id }).with("comments", (comment) =>
          comment.orderBy((x) => x.articleId.desc())
        )
      )
      yield* equals("comments that an order leaves equal", equal.comments, [a, b, c])
    })
  ),

  trial(
    "a loaded relation is narrowed by its own filter, and limited for each row apart",
    Effect.gen(function* () {
      const { one } = yield* library
      yield* Database.insert(Trial.Comment, { articleId: one.id, text: "e", votes: 3 })
      const rows = yield* Database.all(
        sorted.with("comments", (comment) =>
          comment
            .filter((x) => x.votes.gte(2))
            .orderBy((x) => [x.votes.desc(), x.text.asc()])
            .limit(2)
        )
      )
      yield* equals(
        "two each",
        rows.map((row) => texts(row.comments)),
        [["a", "e"], ["d"], []]
      )
      const next = yield* Database.all(
        sorted.with("comments", (comment) =>
          comment
            .orderBy((x) => [x.votes.desc(), x.text.asc()])
            .offset(1)
            .limit(2)
        )
      )
      yield* equals(
        "the next two each",
        next.map((row) => texts(row.comments)),
        [["e", "c"], [], []]
      )
    })
  ),

  trial(
    "loading goes on from loaded rows",
    Effect.gen(function* () {
      yield* library
      const people = yield* Database.all(
        Trial.Person.orderBy((person) => person.id.asc()).with("articles", (article) =>
          article
            .orderBy((x) => x.id.asc())
            .with("comments", (comment) => comment.orderBy((x) => x.id.asc()).with("article"))
            .with("editor")
        )
      )
      yield* equals(
        "people",
        people.map((person) =>
          person.articles.map((article) => [
            article.title,
            article.editor?.name ?? null,
            article.comments.map((comment) => [comment.text, comment.article.title])
          ])
        ),
        [
          [
            [
              "One",
              "bob",
              [
                ["a", "One"],
                ["b", "One"],
                ["c", "One"]
              ]
            ],
            ["Two", null, [["d", "Two"]]]
          ],
          [["Three", null, []]]
        ]
      )
    })
  ),

  trial(
    "a to-many relation is loaded into rows that were loaded as to-one",
    Effect.gen(function* () {
      const { ann } = yield* library
      const rows = yield* Database.all(
        Trial.Article.filter({ authorId: ann.id }).with("author", (author) =>
          author.with("articles", (article) => article.orderBy((x) => x.id.asc()))
        )
      )
      yield* equals(
        "articles",
        rows.map((row) => titles(row.author.articles)),
        [
          ["One", "Two"],
          ["One", "Two"]
        ]
      )
    })
  ),

  trial(
    "a many-to-many relation is loaded from both sides",
    Effect.gen(function* () {
      const { red, blue } = yield* library
      const articles = yield* Database.all(
        sorted.with("tags", (tag) => tag.orderBy((x) => x.name.asc()))
      )
      yield* equals(
        "tags",
        articles.map((row) => row.tags),
        [[blue, red], [red], []]
      )
      const tags = yield* Database.all(
        Trial.Tag.orderBy((tag) => tag.name.asc()).with("articles", (article) =>
          article
            .filter((x) => x.author.name.eq("ann"))
            .orderBy((x) => x.views.desc())
            .limit(1)
            .with("comments", (comment) => comment.orderBy((x) => x.id.asc()))
            .with("author")
        )
      )
      yield* equals(
        "articles",
        tags.map((tag) =>
          tag.articles.map((article) => [
            article.title,
            article.author.name,
            texts(article.comments)
          ])
        ),
        [[["One", "ann", ["a", "b", "c"]]], [["Two", "ann", ["d"]]]]
      )
    })
  ),

  trial(
    "the reverse of a one-to-one relation is loaded as a row or null",
    Effect.gen(function* () {
      const ann = yield* person("ann")
      yield* person("bob")
      const profile = yield* Database.insert(Trial.Profile, { personId: ann.id, bio: "hi" })
      const people = yield* Database.all(Trial.Person.orderBy((p) => p.name.asc()).with("profile"))
      yield* equals(
        "profiles",
        people.map((p) => p.profile),
        [profile, null]
      )
    })
  ),

  trial(
    "relations are loaded for no rows and for thousands",
    Effect.gen(function* () {
      const none = yield* Database.all(Trial.Person.with("articles"))
      yield* equals("none", none, [])
      const roots = yield* Database.insertMany(
        Trial.Root,
        Array.from({ length: 2_500 }, () => ({}))
      )
      yield* Database.insertMany(
        Trial.Branch,
        roots.map((root) => ({ rootId: root.id })),
        { returning: false }
      )
      const loaded = yield* Database.all(Trial.Root.with("branches"))
      yield* equals("rows", loaded.length, 2_500)
      const own = loaded.filter(
        (root) => root.branches.length === 1 && root.branches[0]!.rootId === root.id
      )
      yield* equals("each with its own", own.length, 2_500)
    })
  ),

  trial(
    "JSON is decoded in loaded rows",
    Effect.gen(function* () {
      const { one, ann } = yield* library
      const since = new Date("2026-02-03T00:00:00.000Z")
      yield* Database.update(Trial.Article.filter({ id: one.id }), { meta: { since } })
      const comment = yield* Database.one(Trial.Comment.filter({ text: "a" }).with("article"))
      yield* equals("to-one", comment.article.meta, { since })
      const person = yield* Database.one(
        Trial.Person.filter({ id: ann.id }).with("articles", (a) => a.orderBy((x) => x.id.asc()))
      )
      yield* equals(
        "to-many",
        person.articles.map((row) => row.meta),
        [{ since }, null]
      )
      const tag = yield* Database.one(Trial.Tag.filter({ name: "blue" }).with("articles"))
      yield* equals(
        "many-to-many",
        tag.articles.map((row) => row.meta),
        [{ since }]
      )
    })
  )
]
