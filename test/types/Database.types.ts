// @effect-diagnostics floatingEffect:off -- nothing here runs
/** What the types of models, queries and `Database` promise and forbid. Checked by tsc, never run. */
import type { BigDecimal, DateTime, Effect, Option } from "effect"
import { Schema } from "effect"
import * as Model from "../../src/domain/Model.ts"
import * as Query from "../../src/domain/Query.ts"
import * as Database from "../../src/ports/Database.ts"
import type {
  MultipleFound,
  NotFound,
  ReadError,
  WriteError
} from "../../src/ports/DatabaseError.ts"

const { f } = Model

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <_ extends true>(): void => {}

/** Intersections and mapped types as one object type, so that `Equal` compares members. */
type Flat<A> = { [K in keyof A]: A[K] }

// --- models --------------------------------------------------------------------------------------

const User = Model.make("User", {
  id: f.uuidId(),
  email: f.text({ max: 100 }).unique(),
  balance: f.decimal(12, 2).nullable()
})
const Accounts = Model.models("accounts", { User })

const Email = Schema.String.pipe(Schema.pattern(/@/), Schema.brand("Email"))
const Question = Model.make(
  "Question",
  {
    id: f.id(),
    text: f.text({ max: 200 }),
    kind: f.enum(["single", "multi"]).default("single"),
    publishedAt: f.instant(),
    closesOn: f.date().nullable(),
    contact: f.text().check(Email).nullable(),
    meta: f.json(Schema.Struct({ tags: Schema.Array(Schema.String) })).nullable(),
    author: f.belongsTo(User, { as: "questions", onDelete: "cascade" }),
    reviewer: f.belongsTo(User, { as: "reviews", nullable: true, onDelete: "setNull" }),
    previous: f.self({ as: "next", nullable: true }),
    createdAt: f.createdAt()
  },
  { uniques: [["text", "author"]], checks: (question) => ({ id: question.id.gt(0) }) }
)
const Choice = Model.make("Choice", {
  id: f.id(),
  question: f.belongsTo(Question, { as: "choices" }),
  text: f.text(),
  votes: f.int().default(0)
})
const Poll = Model.make("Poll", { id: f.id(), question: f.oneToOne(Question, { as: "poll" }) })
const Tag = Model.make("Tag", { id: f.id(), name: f.text() })
const Tagging = Model.make(
  "Tagging",
  { question: f.belongsTo(Question), tag: f.belongsTo(Tag) },
  { pk: ["question", "tag"], link: { question: "tags", tag: "questions" } }
)
const Polls = Model.models("polls", { Question, Choice, Poll, Tag, Tagging }, { uses: [Accounts] })

same<
  Equal<
    Flat<Model.Row<typeof Question>>,
    {
      readonly id: number
      readonly text: string
      readonly kind: "single" | "multi"
      readonly publishedAt: DateTime.Utc
      readonly closesOn: string | null
      readonly contact: typeof Email.Type | null
      readonly meta: { readonly tags: ReadonlyArray<string> } | null
      readonly authorId: string
      readonly reviewerId: string | null
      readonly previousId: number | null
      readonly createdAt: DateTime.Utc
    }
  >
>()
same<
  Equal<
    Flat<Model.Insert<typeof Choice>>,
    { readonly questionId: number; readonly text: string; readonly votes?: number | undefined }
  >
>()
same<
  Equal<
    Flat<Model.Insert<typeof User>>,
    {
      readonly email: string
      readonly id?: string | undefined
      readonly balance?: BigDecimal.BigDecimal | null | undefined
    }
  >
>()
same<
  Equal<
    Flat<Model.Update<typeof User>>,
    { readonly email?: string; readonly balance?: BigDecimal.BigDecimal | null }
  >
>()

// @ts-expect-error a reference points at a model with a field "id"
f.belongsTo(Tagging)
// @ts-expect-error a primary key is made of the model's fields
Model.make("X", { id: f.id() }, { pk: ["key"] })
// @ts-expect-error an index is made of the model's fields
Model.make("X", { id: f.id() }, { indexes: [["name"]] })
// @ts-expect-error a link goes through references
Model.make("X", { id: f.id(), name: f.text() }, { link: { name: "xs" } })
// @ts-expect-error a check is a condition
Model.make("X", { id: f.id() }, { checks: (x) => ({ positive: x.id.gt(0) && true }) })
// @ts-expect-error a default is a value of the field
f.int().default("0")
// @ts-expect-error a model is gathered under its own name
Model.models("polls", { Other: Tag })

// --- queries -------------------------------------------------------------------------------------

const filtered = Polls.Choice.filter((choice) =>
  Query.and(
    choice.question.text.icontains("x"),
    choice.question.author.email.eq("a@b"),
    choice.votes.gt(3),
    choice.votes.add(1).lte(choice.question.previous.id)
  )
)
same<Equal<(typeof filtered)["~row"], Model.Row<typeof Choice>>>()
Polls.Question.filter((question) =>
  Query.or(
    question.choices.some((choice) => choice.votes.gt(1)),
    question.tags.none((tag) => tag.name.eq("draft")),
    question.next.some(),
    question.reviewer.balance.isNull()
  )
)
Polls.Question.filter({ kind: "single", authorId: ["a", "b"], reviewerId: null })
Polls.User.filter((user) => user.questions.some((question) => question.kind.eq("multi")))

const loaded = Polls.Question.with("choices", (choice) =>
  choice
    .orderBy((x) => x.votes.desc())
    .limit(2)
    .with("question")
)
  .with("tags")
  .with("author")
  .with("reviewer")
  .with("poll")
  .with("next")
declare const row: (typeof loaded)["~row"]
same<Equal<(typeof row.choices)[number]["question"]["text"], string>>()
same<Equal<(typeof row.tags)[number], Model.Row<typeof Tag>>>()
same<Equal<typeof row.author, Model.Row<typeof User>>>()
same<Equal<typeof row.reviewer, Model.Row<typeof User> | null>>()
same<Equal<typeof row.poll, Model.Row<typeof Poll> | null>>()
same<Equal<typeof row.next, ReadonlyArray<Model.Row<typeof Question>>>>()
const deep = Polls.Choice.with("question", (question) => question.with("author"))
same<Equal<(typeof deep)["~row"]["question"]["author"]["email"], string>>()

// @ts-expect-error no such field
Polls.Choice.filter((choice) => choice.nope.eq(3))
// @ts-expect-error a number is not text
Polls.Choice.filter((choice) => choice.votes.gt("3"))
// @ts-expect-error a number has no text lookups
Polls.Choice.filter((choice) => choice.votes.icontains("3"))
// @ts-expect-error a value that the enum does not have
Polls.Question.filter((question) => question.kind.eq("nope"))
// @ts-expect-error a column of another type
Polls.Choice.filter((choice) => choice.votes.eq(choice.text))
// @ts-expect-error null is asked for by isNull
Polls.Question.filter((question) => question.closesOn.eq(null))
// @ts-expect-error JSON has no order
Polls.Question.orderBy((question) => question.meta.asc())
// @ts-expect-error a to-many relation is asked by some and none
Polls.Question.filter((question) => question.choices.votes.gt(1))
// @ts-expect-error a condition is no boolean
Polls.Question.filter((question) => question.id === 1)
// @ts-expect-error a condition is no promise
Polls.Question.filter(async (question) => question.id.eq(1))
// @ts-expect-error values by column are no promise
Polls.Question.filter(Promise.resolve({ id: 1 }))
// @ts-expect-error a wrong value by column
Polls.Question.filter({ kind: 1 })
// @ts-expect-error a value by column is never left undefined
Polls.Question.filter({ id: undefined })
// @ts-expect-error no such column
Polls.Question.filter({ nope: 1 })
// @ts-expect-error no such relation
Polls.Question.with("choicez")
// @ts-expect-error a column is no relation
Polls.Question.with("text")
// @ts-expect-error the reverse relation is the using app's
Accounts.User.with("questions")
// @ts-expect-error the answer of the refinement is a query
Polls.Question.with("choices", () => [])
// @ts-expect-error a relation that was not loaded
export const unloaded = row.choices[0]?.tags
// @ts-expect-error an order is made of columns
Polls.Question.orderBy(() => "text")

// --- Database ------------------------------------------------------------------------------------

same<
  Equal<
    ReturnType<typeof Database.all<number>>,
    Effect.Effect<ReadonlyArray<number>, ReadError, Database.Database>
  >
>()
const all = Database.all(deep)
same<
  Equal<
    typeof all,
    Effect.Effect<ReadonlyArray<(typeof deep)["~row"]>, ReadError, Database.Database>
  >
>()
const one = Database.one(Polls.Tag)
same<
  Equal<
    typeof one,
    Effect.Effect<Model.Row<typeof Tag>, ReadError | NotFound | MultipleFound, Database.Database>
  >
>()
const first = Database.first(Polls.Tag.limit(1))
same<
  Equal<
    typeof first,
    Effect.Effect<Option.Option<Model.Row<typeof Tag>>, ReadError, Database.Database>
  >
>()
const inserted = Database.insert(Polls.Choice, { questionId: 1, text: "x" })
same<
  Equal<typeof inserted, Effect.Effect<Model.Row<typeof Choice>, WriteError, Database.Database>>
>()
const many = Database.insertMany(Polls.Tag, [{ name: "a" }])
same<
  Equal<
    typeof many,
    Effect.Effect<ReadonlyArray<Model.Row<typeof Tag>>, WriteError, Database.Database>
  >
>()
const counted = Database.insertMany(Polls.Tag, [{ name: "a" }], { returning: false })
same<Equal<typeof counted, Effect.Effect<number, WriteError, Database.Database>>>()
const updated = Database.update(Polls.Choice.filter({ id: 1 }), (choice) => ({
  votes: choice.votes.add(1),
  text: "x"
}))
same<Equal<typeof updated, Effect.Effect<number, WriteError, Database.Database>>>()
Database.update(Polls.Question, { closesOn: null, kind: "multi" })
declare const effect: Effect.Effect<number, "failure", Option.Option<1>>
const transaction = Database.transaction(effect, { isolation: "serializable", retry: 3 })
same<
  Equal<
    typeof transaction,
    Effect.Effect<number, "failure" | WriteError, Database.Database | Option.Option<1>>
  >
>()

// @ts-expect-error a required field is missing
Database.insert(Polls.Choice, { text: "x" })
// @ts-expect-error the database makes the id
Database.insert(Polls.Choice, { id: 1, questionId: 1, text: "x" })
// @ts-expect-error no such field
Database.insert(Polls.Choice, { questionId: 1, text: "x", nope: 1 })
// @ts-expect-error a wrong value
Database.insert(Polls.Choice, { questionId: "1", text: "x" })
// @ts-expect-error an insert goes to a table, not to a query
Database.insert(Polls.Choice.filter({ id: 1 }), { questionId: 1, text: "x" })
// @ts-expect-error a row of many lacks a field
Database.insertMany(Polls.Choice, [{ questionId: 1, text: "x" }, { questionId: 1 }])
// @ts-expect-error an identity never changes
Database.update(Polls.Choice, { id: 2 })
// @ts-expect-error nor does a made key
Database.update(Polls.User, { id: "x" })
// @ts-expect-error a wrong value
Database.update(Polls.Choice, { votes: "2" })
// @ts-expect-error an expression of another type
Database.update(Polls.Choice, (choice) => ({ votes: choice.text.lower() }))
// @ts-expect-error null where the field may not be null
Database.update(Polls.Choice, { votes: null })
// @ts-expect-error no such isolation
Database.transaction(effect, { isolation: "snapshot" })
