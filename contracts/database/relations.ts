/** Conditions over related rows, and what a delete does to them. */
import * as Effect from "effect/Effect"
import { and, not, or } from "../../src/domain/Query.ts"
import * as Database from "../../src/ports/Database.ts"
import { equals, failsWith } from "../Contract.ts"
import { library, person, Shop, texts, titles, Trial, trial } from "./models.ts"

type Where = Parameters<(typeof Trial.Article)["filter"]>[0]

const articles = (where: Where) =>
  Effect.map(
    Database.all(Trial.Article.filter(where).orderBy((article) => article.id.asc())),
    titles
  )

export const relations = [
  trial(
    "a filter follows a to-one relation",
    Effect.gen(function* () {
      yield* library
      yield* equals("ann's", yield* articles((a) => a.author.name.eq("ann")), ["One", "Two"])
      yield* equals("bob's", yield* articles((a) => a.author.email.startsWith("bob")), ["Three"])
    })
  ),

  trial(
    "a filter follows several to-one relations",
    Effect.gen(function* () {
      yield* library
      const byBob = Trial.Comment.filter((comment) =>
        and(comment.article.editor.name.eq("bob"), comment.article.author.name.eq("ann"))
      )
      const rows = yield* Database.all(byBob.orderBy((comment) => comment.text.asc()))
      yield* equals("comments", texts(rows), ["a", "b", "c"])
    })
  ),

  trial(
    "a to-one relation that is null makes what lies behind it null",
    Effect.gen(function* () {
      yield* library
      const expected = ["Two", "Three"]
      yield* equals("isNull", yield* articles((a) => a.editor.name.isNull()), expected)
      yield* equals("ne", yield* articles((a) => a.editor.name.ne("bob")), expected)
      yield* equals("or", yield* articles((a) => or(a.editor.name.eq("bob"), a.title.eq("Two"))), [
        "One",
        "Two"
      ])
      yield* equals("behind", yield* articles((a) => not(a.editor.active.eq(true))), expected)
    })
  ),

  trial(
    "some finds the rows of which a related row meets the condition, each once",
    Effect.gen(function* () {
      yield* library
      yield* equals(
        "popular",
        yield* articles((a) => a.comments.some((comment) => comment.votes.gte(2))),
        ["One", "Two"]
      )
      yield* equals("any", yield* articles((a) => a.comments.some()), ["One", "Two"])
      const count = Trial.Article.filter((a) => a.comments.some((comment) => comment.votes.gt(0)))
      yield* equals("count", yield* Database.count(count), 2)
    })
  ),

  trial(
    "none finds the rows of which no related row meets the condition",
    Effect.gen(function* () {
      yield* library
      yield* equals("no comment", yield* articles((a) => a.comments.none()), ["Three"])
      yield* equals(
        "no popular one",
        yield* articles((a) => a.comments.none((comment) => comment.votes.gt(5))),
        ["One", "Three"]
      )
    })
  ),

  trial(
    "two conditions within one some speak of one row, in two of two rows",
    Effect.gen(function* () {
      yield* library
      const one = articles((a) => a.comments.some((c) => and(c.text.eq("a"), c.votes.eq(1))))
      yield* equals("one row", yield* one, [])
      const two = articles((a) =>
        and(
          a.comments.some((c) => c.text.eq("a")),
          a.comments.some((c) => c.votes.eq(1))
        )
      )
      yield* equals("two rows", yield* two, ["One"])
    })
  ),

  trial(
    "some within some reaches the rows of all enclosing ones",
    Effect.gen(function* () {
      yield* library
      const people = (where: Parameters<(typeof Trial.Person)["filter"]>[0]) =>
        Effect.map(Database.all(Trial.Person.filter(where)), (rows) => rows.map((row) => row.name))
      yield* equals(
        "who was commented",
        yield* people((p) => p.articles.some((a) => a.comments.some((c) => c.votes.gt(5)))),
        ["ann"]
      )
      // The comments of One have 3, 1 and 2 votes: 2 is more than half of 3.
      yield* equals(
        "a comment with more than half of another's votes",
        yield* articles((a) =>
          a.comments.some((c) =>
            a.comments.some((d) => and(d.votes.lt(c.votes), d.votes.mul(2).gt(c.votes)))
          )
        ),
        ["One"]
      )
      yield* equals(
        "the outermost row within",
        yield* articles((a) => a.comments.some((c) => c.votes.add(13).eq(a.views))),
        ["Two"]
      )
    })
  ),

  trial(
    "a many-to-many relation is asked from both sides",
    Effect.gen(function* () {
      yield* library
      yield* equals("blue", yield* articles((a) => a.tags.some((t) => t.name.eq("blue"))), ["One"])
      yield* equals("untagged", yield* articles((a) => a.tags.none()), ["Three"])
      const tags = yield* Database.all(
        Trial.Tag.filter((tag) => tag.articles.some((a) => a.kind.eq("essay")))
      )
      yield* equals(
        "tags of essays",
        tags.map((tag) => tag.name),
        ["red"]
      )
    })
  ),

  trial(
    "the reverse of a one-to-one relation is asked as some and none",
    Effect.gen(function* () {
      const ann = yield* person("ann")
      yield* person("bob")
      yield* Database.insert(Trial.Profile, { personId: ann.id, bio: "hi" })
      const withBio = Trial.Person.filter((p) => p.profile.some((profile) => profile.bio.eq("hi")))
      yield* equals("has", (yield* Database.one(withBio)).name, "ann")
      const without = Trial.Person.filter((p) => p.profile.none())
      yield* equals("has none", (yield* Database.one(without)).name, "bob")
    })
  ),

  trial(
    "a model relates to itself",
    Effect.gen(function* () {
      const { comments, one } = yield* library
      const [a] = comments
      yield* Database.insert(Trial.Comment, { articleId: one.id, parentId: a.id, text: "re: a" })
      const replies = Trial.Comment.filter((comment) => comment.parent.text.eq("a"))
      yield* equals("replies", texts(yield* Database.all(replies)), ["re: a"])
      const answered = Trial.Comment.filter((comment) => comment.replies.some())
      yield* equals("answered", texts(yield* Database.all(answered)), ["a"])
    })
  ),

  trial(
    "a model of one app relates to a model of another",
    Effect.gen(function* () {
      const ann = yield* person("ann")
      yield* person("bob")
      yield* Database.insert(Shop.Order, { buyerId: ann.id })
      const buyers = yield* Database.all(Shop.Person.filter((p) => p.orders.some()))
      yield* equals("buyers", buyers, [ann])
      const orders = yield* Database.all(Shop.Order.filter((o) => o.buyer.name.eq("ann")))
      yield* equals("orders", orders.length, 1)
      yield* Database.delete(Trial.Person.filter({ id: ann.id }))
      yield* equals("orders gone", yield* Database.count(Shop.Order), 0)
    })
  ),

  trial(
    "deleting a row takes the rows with it that cascade, through every level",
    Effect.gen(function* () {
      const [first, second] = yield* Database.insertMany(Trial.Root, [{}, {}])
      const branches = yield* Database.insertMany(Trial.Branch, [
        { rootId: first!.id },
        { rootId: first!.id },
        { rootId: second!.id }
      ])
      yield* Database.insertMany(
        Trial.Leaf,
        branches.map((branch) => ({ branchId: branch.id }))
      )
      yield* equals("deleted", yield* Database.delete(Trial.Root.filter({ id: first!.id })), 1)
      yield* equals("branches", yield* Database.count(Trial.Branch), 1)
      yield* equals("leaves", yield* Database.count(Trial.Leaf), 1)
      yield* equals(
        "roots",
        (yield* Database.all(Trial.Root)).map((root) => root.id),
        [second!.id]
      )
    })
  ),

  trial(
    "deleting a row sets the references to null that say so",
    Effect.gen(function* () {
      const { bob, one } = yield* library
      yield* Database.delete(Trial.Article.filter({ authorId: bob.id }))
      yield* equals("deleted", yield* Database.delete(Trial.Person.filter({ id: bob.id })), 1)
      const read = yield* Database.one(Trial.Article.filter({ id: one.id }))
      yield* equals("editor", read.editorId, null)
    })
  ),

  trial(
    "a row that others refer to and restrict is not deleted",
    Effect.gen(function* () {
      const { red } = yield* library
      const refused = yield* failsWith(
        "delete of a tag in use",
        Database.delete(Trial.Tag.filter({ id: red.id })),
        "ForeignKeyViolation"
      )
      yield* equals("missing or referenced", refused.kind === "missing", false)
      yield* equals("tags", yield* Database.count(Trial.Tag), 2)
      yield* Database.delete(Trial.Tagging.filter({ tagId: red.id }))
      yield* equals("unused", yield* Database.delete(Trial.Tag.filter({ id: red.id })), 1)
    })
  ),

  trial(
    "the rows of a model with a primary key of several fields are found, changed and deleted",
    Effect.gen(function* () {
      const { one, two, red, blue } = yield* library
      const pair = Trial.Tagging.filter({ articleId: one.id, tagId: red.id })
      yield* equals("found", yield* Database.one(pair), { articleId: one.id, tagId: red.id })
      yield* Database.update(Trial.Tagging.filter({ articleId: two.id }), { tagId: blue.id })
      const blues = Trial.Tagging.filter((tagging) => tagging.tag.name.eq("blue"))
      yield* equals("blue", yield* Database.count(blues), 2)
      yield* equals("deleted", yield* Database.delete(pair), 1)
      yield* equals("left", yield* Database.count(Trial.Tagging), 2)
    })
  )
]
