/** `portico seed`: questions to begin with. */
import { Console, DateTime, Effect } from "effect"
import { Database, ReusableApp } from "portico"
import { Polls } from "./models.ts"

const questions: ReadonlyArray<
  readonly [text: string, daysAgo: number, choices: ReadonlyArray<string>]
> = [
  ["What’s new?", 0, ["Not much", "The sky", "Just hacking again"]],
  ["Tabs or spaces?", 1, ["Tabs", "Spaces", "Whatever the formatter says"]],
  ["Where should the office dog sleep?", 3, ["Under my desk", "In the sun", "Wherever it likes"]],
  ["How do you take your coffee?", 7, ["Black", "With milk", "I drink tea"]],
  ["Which day should have no meetings?", 12, ["Monday", "Wednesday", "Friday", "All of them"]],
  ["What will we ship next?", -30, ["More", "Less, but better"]]
]

const insert = Effect.gen(function* () {
  const now = yield* DateTime.now
  for (const [text, days, choices] of questions) {
    const question = yield* Database.insert(Polls.Question, {
      text,
      publishedAt: DateTime.subtract(now, { days })
    })
    yield* Database.insertMany(
      Polls.Choice,
      choices.map((choice) => ({ questionId: question.id, text: choice }))
    )
  }
})

export const seed = ReusableApp.command(
  "seed",
  "Store a few questions, unless there are some.",
  () =>
    Effect.gen(function* () {
      if (yield* Database.exists(Polls.Question)) {
        return yield* Console.log("There are questions already. Nothing was changed.")
      }
      yield* Database.transaction(insert)
      yield* Console.log(`Stored ${questions.length} questions.`)
    })
)
