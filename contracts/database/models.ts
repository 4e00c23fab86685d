/** The models that the Database contract tries adapters with, and rows to start from. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Database from "../../src/ports/Database.ts"
import { type Clause, clause } from "../Contract.ts"

const { f } = Model

export const Person = Model.make("Person", {
  id: f.id(),
  email: f.text({ max: 100 }).unique(),
  name: f.text({ max: 50 }),
  active: f.bool().default(true)
})

export const Profile = Model.make("Profile", {
  id: f.id(),
  person: f.oneToOne(Person, { as: "profile", onDelete: "cascade" }),
  bio: f.text().nullable()
})

export const Article = Model.make(
  "Article",
  {
    id: f.id(),
    title: f.text({ max: 200 }),
    kind: f.enum(["news", "essay"]).default("news"),
    views: f.int().default(0),
    publishedAt: f.instant().nullable(),
    meta: f.json(Schema.Struct({ since: Schema.DateFromString })).nullable(),
    author: f.belongsTo(Person, { as: "articles", onDelete: "cascade" }),
    editor: f.belongsTo(Person, { as: "edited", nullable: true, onDelete: "setNull" }),
    createdAt: f.createdAt(),
    updatedAt: f.updatedAt()
  },
  {
    uniques: [["title", "author"]],
    indexes: [["publishedAt"]],
    checks: (article) => ({ views: article.views.gte(0) })
  }
)

export const Comment = Model.make("Comment", {
  id: f.id(),
  article: f.belongsTo(Article, { as: "comments", onDelete: "cascade" }),
  parent: f.self({ as: "replies", nullable: true, onDelete: "cascade" }),
  text: f.text(),
  votes: f.int().default(0)
})

export const Tag = Model.make("Tag", { id: f.id(), name: f.text({ max: 40 }).unique() })

export const Tagging = Model.make(
  "Tagging",
  {
    article: f.belongsTo(Article, { onDelete: "cascade" }),
    tag: f.belongsTo(Tag, { onDelete: "restrict" })
  },
  { pk: ["article", "tag"], link: { article: "tags", tag: "articles" } }
)

/** A field of each kind, all of which may be null. */
export const Sample = Model.make("Sample", {
  id: f.uuidId(),
  label: f.text({ max: 20 }).nullable(),
  int: f.int().nullable(),
  bigint: f.bigint().nullable(),
  float: f.float().nullable(),
  // 18 digits are what every adapter has (`Capabilities.maxDecimalDigits`).
  decimal: f.decimal(18, 4).nullable(),
  /** Of fewer digits after the point. */
  price: f.decimal(12, 2).nullable(),
  text: f.text().nullable(),
  short: f.text({ max: 5 }).nullable(),
  bool: f.bool().nullable(),
  instant: f.instant().nullable(),
  date: f.date().nullable(),
  uuid: f.uuid().nullable(),
  json: f.json(Schema.Unknown).nullable(),
  since: f.json(Schema.Struct({ day: Schema.DateFromString })).nullable(),
  bytes: f.bytes().nullable(),
  choice: f.enum(["one", "two"]).nullable(),
  even: f
    .int()
    .check(Schema.Int.pipe(Schema.filter((n) => n % 2 === 0)))
    .nullable()
})

/** Defaults of both sorts, a column of another name, and nothing but defaults. */
export const Ticket = Model.make("Ticket", {
  id: f.id(),
  state: f.text({ max: 10 }).default("open").column("ticket_state"),
  code: f
    .int()
    .default(() => nextCode++)
    .unique()
    .column("n")
})

let nextCode = 1

/** Names that mean something to SQL. */
export const Hostile = Model.make(
  "Hostile",
  {
    id: f.id(),
    select: f.text({ max: 50 }).column("se\"le`ct'; --"),
    order: f.int().default(0).column("order")
  },
  { table: 'group "by` \\x' }
)

/** A chain of cascades. */
export const Root = Model.make("Root", { id: f.id() })
const cascade = { onDelete: "cascade" } as const
export const Branch = Model.make("Branch", {
  id: f.id(),
  root: f.belongsTo(Root, { as: "branches", ...cascade })
})
export const Leaf = Model.make("Leaf", {
  id: f.id(),
  branch: f.belongsTo(Branch, { as: "leaves", ...cascade })
})

export const Trial = Model.models("portico_contract", {
  Person,
  Profile,
  Article,
  Comment,
  Tag,
  Tagging,
  Sample,
  Ticket,
  Hostile,
  Root,
  Branch,
  Leaf
})

/** Of another app, and pointing at a model of the first. */
export const Order = Model.make("Order", {
  id: f.id(),
  buyer: f.belongsTo(Person, { as: "orders", onDelete: "cascade" })
})

export const Shop = Model.models("portico_contract_shop", { Order }, { uses: [Trial] })

const changes = Either.getOrThrowWith(
  Migration.difference([], Migration.stateOf(Model.merge([Trial, Shop]))),
  (refused) => refused
)

/** Creates the tables of `Trial` and `Shop`, by the migration that their models ask for. */
export const withTables = Database.withSession({ readOnly: false }, (session) =>
  Effect.forEach(changes, (change) => session.alter(change), { discard: true })
)

/**
 * Drops those of the tables that are there: before each clause of a trial on a database that outlives
 * its clauses.
 */
export const withoutTables = Effect.forEach(
  changes.toReversed(),
  (change) =>
    Effect.ignore(
      Database.withSession({ readOnly: false }, (session) =>
        session.alter(Migration.reverse(change))
      )
    ),
  { discard: true }
)

/** A clause over a database that has the tables of `Trial` and `Shop`, all empty. */
export const trial = <A, E>(
  name: string,
  run: Effect.Effect<A, E, Database.Database>
): Clause<Database.Database> => clause(name, Effect.zipRight(withTables, run))

export const person = (name: string) =>
  Database.insert(Trial.Person, { email: `${name}@example.org`, name })

/**
 * Ann and Bob. Ann wrote "One" (Bob is its editor; three comments; tags red and blue) and "Two" (one
 * comment; tag red), Bob wrote "Three" (no comment, no tag, not published).
 */
export const library = Effect.gen(function* () {
  const ann = yield* person("ann")
  const bob = yield* person("bob")
  const at = (text: string) => DateTime.unsafeMake(text)
  const [one, two, three] = yield* Database.insertMany(Trial.Article, [
    {
      title: "One",
      authorId: ann.id,
      editorId: bob.id,
      views: 10,
      publishedAt: at("2025-12-31T23:59:59.999Z")
    },
    {
      title: "Two",
      kind: "essay",
      authorId: ann.id,
      views: 20,
      publishedAt: at("2026-01-01T00:00:00Z")
    },
    { title: "Three", authorId: bob.id, views: 5 }
  ])
  const [a, b, c, d] = yield* Database.insertMany(Trial.Comment, [
    { articleId: one!.id, text: "a", votes: 3 },
    { articleId: one!.id, text: "b", votes: 1 },
    { articleId: one!.id, text: "c", votes: 2 },
    { articleId: two!.id, text: "d", votes: 7 }
  ])
  const [blue, red] = yield* Database.insertMany(Trial.Tag, [{ name: "blue" }, { name: "red" }])
  yield* Database.insertMany(Trial.Tagging, [
    { articleId: one!.id, tagId: red!.id },
    { articleId: one!.id, tagId: blue!.id },
    { articleId: two!.id, tagId: red!.id }
  ])
  return {
    ann,
    bob,
    one: one!,
    two: two!,
    three: three!,
    comments: [a!, b!, c!, d!] as const,
    red: red!,
    blue: blue!
  }
})

export const titles = (rows: ReadonlyArray<{ readonly title: string }>) =>
  rows.map(({ title }) => title)

export const texts = (rows: ReadonlyArray<{ readonly text: string }>) =>
  rows.map(({ text }) => text)

export const labels = (rows: ReadonlyArray<{ readonly label: string | null }>) =>
  rows.map(({ label }) => label)
