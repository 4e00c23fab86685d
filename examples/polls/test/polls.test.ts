/** What Django's tutorial tests in its fifth part, and a vote. */
import { it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { Database } from "portico"
import * as TestSite from "portico/bootstrap/TestSite"
import { assert } from "vitest"
import { Polls } from "../models.ts"
import * as routes from "../routes.ts"
import site from "../site.ts"

const started = TestSite.make(site, { load: (path) => import(path) })

/** A question published this many days from now. */
const question = (text: string, days: number) =>
  Effect.gen(function* () {
    const publishedAt = DateTime.add(yield* DateTime.now, { days })
    const { id } = yield* Database.insert(Polls.Question, { text, publishedAt })
    yield* Database.insertMany(Polls.Choice, [
      { questionId: id, text: "Yes" },
      { questionId: id, text: "No" }
    ])
    return id
  })

it.scopedLive("without questions the index says so", () =>
  Effect.gen(function* () {
    const { visitor } = yield* started
    assert.include((yield* visitor().get(routes.index)).text, "No polls are available.")
  })
)

it.scopedLive("the index lists past questions, the latest first, and none of the future", () =>
  Effect.gen(function* () {
    const { run, visitor } = yield* started
    yield* run(
      Effect.all([question("Older?", -30), question("Newer?", -5), question("Future?", 30)])
    )
    const { text } = yield* visitor().get(routes.index)
    assert.isBelow(text.indexOf("Newer?"), text.indexOf("Older?"))
    assert.notInclude(text, "Future?")
  })
)

it.scopedLive("a question of the future is not there yet", () =>
  Effect.gen(function* () {
    const { run, visitor } = yield* started
    const id = yield* run(question("Future?", 5))
    assert.strictEqual((yield* visitor().get(routes.detail, { id })).status, 404)
    assert.strictEqual((yield* visitor().get(routes.results, { id })).status, 404)
    assert.strictEqual((yield* visitor().post(routes.vote, { id })).status, 404)
  })
)

it.scopedLive("a vote counts, and leads to the results", () =>
  Effect.gen(function* () {
    const { run, visitor } = yield* started
    const id = yield* run(question("Well?", -1))
    const client = visitor()
    const page = yield* client.get(routes.detail, { id })
    const [yes] = yield* run(Database.all(Polls.Choice.filter({ questionId: id, text: "Yes" })))
    const results = yield* client.submit(page, { choice: yes!.id }, { follow: true })
    assert.strictEqual(results.url, `/polls/${id}/results/`)
    assert.include(results.text, "1 vote<")
  })
)
