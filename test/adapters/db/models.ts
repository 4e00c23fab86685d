/** Models for the tests of the SQL adapters. */
import { Effect, Either, Schema } from "effect"
import * as Migration from "../../../src/domain/Migration.ts"
import * as Model from "../../../src/domain/Model.ts"
import * as Database from "../../../src/ports/Database.ts"

const { f } = Model

export const User = Model.make("User", {
  id: f.id(),
  email: f.text({ max: 100 }).unique(),
  name: f.text({ max: 50 }),
  balance: f.decimal(12, 2).nullable()
})

export const Question = Model.make(
  "Question",
  {
    id: f.id(),
    text: f.text({ max: 200 }),
    note: f.text().nullable(),
    views: f.bigint().default(0n),
    publishedAt: f.instant().nullable(),
    meta: f.json(Schema.Unknown).nullable(),
    author: f.belongsTo(User, { as: "questions", onDelete: "cascade" }),
    reviewer: f.belongsTo(User, { as: "reviews", nullable: true, onDelete: "setNull" })
  },
  { checks: (question) => ({ views: question.views.gte(0n) }) }
)

export const Tag = Model.make("Tag", { id: f.id(), name: f.text({ max: 40 }) })

export const Tagging = Model.make(
  "Tagging",
  {
    question: f.belongsTo(Question, { onDelete: "cascade" }),
    tag: f.belongsTo(Tag, { onDelete: "restrict" })
  },
  { pk: ["question", "tag"], link: { question: "tags", tag: "questions" } }
)

export const Polls = Model.models("polls", { User, Question, Tag, Tagging })

export const registry = Model.registryOf(Polls)

const changes = Either.getOrThrowWith(
  Migration.difference([], Migration.stateOf(registry)),
  (refused) => refused
)

export const createTables = Database.withSession({ readOnly: false }, (session) =>
  Effect.forEach(changes, (change) => session.alter(change), { discard: true })
)
