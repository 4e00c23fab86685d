/** What a database refuses to store, told in the model's words. */
import * as Effect from "effect/Effect"
import * as Database from "../../src/ports/Database.ts"
import { equals, failsWith, holds } from "../Contract.ts"
import { library, person, Trial, trial } from "./models.ts"

export const constraints = [
  trial(
    "a second row with a unique value is refused by the field's name",
    Effect.gen(function* () {
      yield* person("ann")
      const bob = yield* person("bob")
      const insert = yield* failsWith("insert", person("ann"), "UniqueViolation")
      yield* equals(
        "model and fields",
        [insert.model, insert.fields],
        ["portico_contract.Person", ["email"]]
      )
      const taken = { email: "ann@example.org" }
      const change = Database.update(Trial.Person.filter({ id: bob.id }), taken)
      const update = yield* failsWith("update", change, "UniqueViolation")
      yield* equals("fields", update.fields, ["email"])
      yield* equals(
        "bob",
        (yield* Database.one(Trial.Person.filter({ id: bob.id }))).email,
        bob.email
      )
    })
  ),

  trial(
    "fields that are unique together are refused together, and taken apart",
    Effect.gen(function* () {
      const { ann, bob } = yield* library
      const again = Database.insert(Trial.Article, { title: "One", authorId: ann.id })
      const refused = yield* failsWith("insert", again, "UniqueViolation")
      yield* equals("fields", refused.fields, ["title", "authorId"])
      yield* Database.insert(Trial.Article, { title: "One", authorId: bob.id })
      yield* equals("stored", yield* Database.count(Trial.Article.filter({ title: "One" })), 2)
    })
  ),

  trial(
    "a second row with a primary key is refused",
    Effect.gen(function* () {
      const { id } = yield* Database.insert(Trial.Sample, {})
      const again = yield* failsWith("id", Database.insert(Trial.Sample, { id }), "UniqueViolation")
      yield* equals("fields", [again.model, again.fields], ["portico_contract.Sample", ["id"]])
      const { one, red } = yield* library
      const pair = Database.insert(Trial.Tagging, { articleId: one.id, tagId: red.id })
      const refused = yield* failsWith("pair", pair, "UniqueViolation")
      yield* equals("fields", refused.fields, ["articleId", "tagId"])
    })
  ),

  trial(
    "nulls are never equal to each other where values must be unique",
    Effect.gen(function* () {
      const ann = yield* person("ann")
      const bob = yield* person("bob")
      yield* Database.insert(Trial.Profile, { personId: ann.id })
      yield* Database.insert(Trial.Profile, { personId: bob.id })
      yield* failsWith(
        "second",
        Database.insert(Trial.Profile, { personId: ann.id }),
        "UniqueViolation"
      )
      const samples = yield* Database.insertMany(Trial.Sample, [{ uuid: null }, { uuid: null }])
      yield* equals("nulls", samples.length, 2)
    })
  ),

  trial(
    "a reference to a row that does not exist is refused",
    Effect.gen(function* () {
      const { one } = yield* library
      const insert = Database.insert(Trial.Comment, { articleId: 987_654, text: "x" })
      const refused = yield* failsWith("insert", insert, "ForeignKeyViolation")
      yield* holds("kind", refused.kind !== "referenced", refused.kind)
      const change = Database.update(Trial.Article.filter({ id: one.id }), { editorId: 987_654 })
      yield* failsWith("update", change, "ForeignKeyViolation")
      yield* equals("comments", yield* Database.count(Trial.Comment), 4)
    })
  ),

  trial(
    "null where a field may not be null is refused by the field's name",
    Effect.gen(function* () {
      const { one } = yield* library
      // Programs without types, and JSON from outside, can ask for this.
      const missing = { name: "x" } as never
      const insert = yield* failsWith(
        "insert",
        Database.insert(Trial.Person, missing),
        "NotNullViolation"
      )
      yield* equals("fields", [insert.model, insert.fields], ["portico_contract.Person", ["email"]])
      const change = { title: null } as never
      const update = Database.update(Trial.Article.filter({ id: one.id }), change)
      yield* failsWith("update", update, "NotNullViolation")
      yield* equals("title", yield* Database.count(Trial.Article.filter({ title: "One" })), 1)
    })
  ),

  trial(
    "a row that fails a check is refused by the check's name",
    Effect.gen(function* () {
      const { one, ann } = yield* library
      const values = { title: "x", authorId: ann.id, views: -1 }
      const insert = yield* failsWith(
        "insert",
        Database.insert(Trial.Article, values),
        "CheckViolation"
      )
      yield* equals("constraint", insert.constraint, "ck_portico_contract_article_views")
      const change = Database.update(Trial.Article.filter({ id: one.id }), (article) => ({
        views: article.views.sub(11)
      }))
      const update = yield* failsWith("update", change, "CheckViolation")
      yield* equals("model", update.model, "portico_contract.Article")
      yield* equals("views", (yield* Database.one(Trial.Article.filter({ id: one.id }))).views, 10)
    })
  ),

  trial(
    "a violation names fields by the model, whatever their columns are called",
    Effect.gen(function* () {
      const { code } = yield* Database.insert(Trial.Ticket, {})
      const again = Database.insert(Trial.Ticket, { code })
      const refused = yield* failsWith("insert", again, "UniqueViolation")
      yield* equals(
        "fields",
        [refused.model, refused.fields],
        ["portico_contract.Ticket", ["code"]]
      )
      const missing = Database.insert(Trial.Ticket, { state: null } as never)
      const nothing = yield* failsWith("null", missing, "NotNullViolation")
      yield* equals("fields", nothing.fields, ["state"])
    })
  )
]
