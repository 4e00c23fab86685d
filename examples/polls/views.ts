/** What the pages show, and what a vote does. */
import { DateTime, Effect } from "effect"
import { Database, type HttpRequest, View } from "portico"
import { Polls } from "./models.ts"
import * as routes from "./routes.ts"

/** Questions whose day has come; those of the future do not exist for visitors. */
const published = Effect.map(DateTime.now, (now) =>
  Polls.Question.filter((question) => question.publishedAt.lte(now))
)

const find = (id: number) =>
  Effect.flatMap(published, (questions) =>
    Database.one(
      questions.filter({ id }).with("choices", (choices) => choices.orderBy((_) => _.id.asc()))
    )
  )

type Question = Effect.Effect.Success<ReturnType<typeof find>>

const form = (question: Question, request: HttpRequest.Service, error = "") =>
  View.render("polls/detail", {
    question: question.text,
    choices: question.choices.map(({ id, text }) => ({ id, text })),
    action: request.reverse(routes.vote, { id: question.id }),
    error
  })

export const index = View.handle(routes.index, function* (_, request) {
  const questions = yield* published
  const latest = yield* Database.all(questions.orderBy((_) => _.publishedAt.desc()).limit(5))
  return yield* View.render("polls/index", {
    questions: latest.map(({ id, publishedAt, text }) => ({
      text,
      url: request.reverse(routes.detail, { id }),
      day: DateTime.formatIsoDateUtc(publishedAt)
    }))
  })
})

export const detail = View.handle(routes.detail, function* ({ id }, request) {
  return yield* form(yield* find(id), request)
})

export const vote = View.handle(routes.vote, function* ({ id }, request) {
  const question = yield* find(id)
  const { fields } = yield* request.form
  const choice = question.choices.find((choice) => String(choice.id) === fields.get("choice"))
  if (choice === undefined) return yield* form(question, request, "You didn’t select a choice.")
  yield* Database.transaction(
    Database.update(Polls.Choice.filter({ id: choice.id }), (_) => ({ votes: _.votes.add(1) }))
  )
  return yield* View.redirect(routes.results, { id })
})

export const results = View.handle(routes.results, function* ({ id }, request) {
  const { choices, text } = yield* find(id)
  const total = choices.reduce((sum, { votes }) => sum + votes, 0)
  return yield* View.render("polls/results", {
    question: text,
    choices: choices.map((choice) => ({
      text: choice.text,
      votes: choice.votes,
      label: choice.votes === 1 ? "1 vote" : `${choice.votes} votes`
    })),
    // A progress element wants a maximum above zero.
    total: Math.max(total, 1),
    again: request.reverse(routes.detail, { id }),
    index: request.reverse(routes.index)
  })
})
