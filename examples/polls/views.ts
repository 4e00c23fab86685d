/** What the pages show, and what a vote does. */
import { Clock, DateTime, Effect, Option } from "effect"
import { Database, HttpRequest, View } from "portico"
import { Polls } from "./models.ts"
import * as routes from "./routes.ts"

/** Questions whose day has come; those of the future do not exist for visitors. */
const published = Effect.map(DateTime.now, (now) =>
  Polls.Question.filter((question) => question.publishedAt.lte(now))
)

const withChoices = (id: number) =>
  Effect.flatMap(published, (questions) =>
    Database.one(
      questions.filter({ id }).with("choices", (choices) => choices.orderBy((choice) => choice.id.asc()))
    )
  )
