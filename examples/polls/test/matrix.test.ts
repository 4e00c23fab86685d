/**
 * The site on every combination of database, template language and session store: the same walk, and
 * the same pages byte for byte (CSRF tokens aside).
 */
import { it } from "@effect/vitest"
import { DateTime, Effect, Logger, LogLevel, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { App, Database, HttpResponse, Route, Sessions, View } from "portico"
import * as TestSite from "portico/bootstrap/TestSite"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { absent, database, type Server } from "../../../test/support/sqlDatabases.ts"
import { polls } from "../app.ts"
import { Polls } from "../models.ts"
import * as routes from "../routes.ts"

const languages = ["mustache", "handlebars", "eta", "liquid"] as const
const stores = ["database", "memory", "cookie"] as const

/** Counts a visitor's visits: the polls alone never touch a session. */
const visits = Sessions.key("visits", Schema.Number)
const counter = View.handle(Route.get("/visits/", "visits"), function* () {
  return HttpResponse.text(String(yield* Sessions.update(visits, (count = 0) => count + 1)))
})
const home = View.handle(Route.get("/", "home"), () => View.redirect(routes.index))

const site = App.make({
  name: "Polls",
  apps: [App.mount("/polls", polls)],
  views: [home, counter]
})

const publishedAt = DateTime.unsafeMake("2026-01-02T03:04:05Z")

const prepared = Effect.gen(function* () {
  const question = yield* Database.insert(Polls.Question, {
    text: "Why <not> & 'how'?",
    publishedAt
  })
  yield* Database.insertMany(Polls.Choice, [
    { questionId: question.id, text: 'No "reason"' },
    { questionId: question.id, text: "Let’s see 👩‍🚀" }
  ])
  yield* Database.insert(Polls.Question, {
    text: "From the future",
    publishedAt: DateTime.unsafeMake("2999-01-01T00:00:00Z")
  })
  return question.id
})

const withoutToken = (page: string) =>
  page.replaceAll(/name="csrfmiddlewaretoken" value="\w+"/g, "")

/** Every page of the walk, in order. */
const walk = (settings: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const test = yield* TestSite.make(site, { settings, load: (path) => import(path) })
    const id = yield* test.run(prepared)
    const first = test.visitor({ enforceCsrf: true })
    const pages: Array<string> = []
    const see = (status: number) => (page: { readonly status: number; readonly text: string }) => {
      assert.strictEqual(page.status, status)
      pages.push(withoutToken(page.text))
    }

    const index = yield* first.get("/", { follow: true })
    see(200)(index)
    assert.deepStrictEqual(index.redirects, ["/polls/"])
    assert.include(index.text, "Why &lt;not&gt; &amp; &#x27;how&#x27;?")
    assert.notInclude(index.text, "From the future")

    const detail = yield* first.get(`/polls/${id}/`)
    see(200)(detail)
    const empty = yield* first.submit(detail)
    see(200)(empty)
    assert.include(empty.text, "You didn’t select a choice.")

    const [choice] = yield* test.run(Database.all(Polls.Choice.orderBy((_) => _.id.asc()).limit(1)))
    const voted = yield* first.submit(detail, { choice: choice!.id }, { follow: true })
    see(200)(voted)
    assert.deepStrictEqual(voted.redirects, [`/polls/${id}/results/`])
    assert.include(voted.text, "1 vote<")

    see(404)(yield* first.get("/polls/999999/"))
    see(404)(yield* first.get(`/polls/${id + 1}/`))
    see(404)(yield* first.get("/nowhere/"))
    see(403)(
      yield* first.post(`/polls/${id}/vote/`, {
        form: { choice: choice!.id, csrfmiddlewaretoken: "x".repeat(64) }
      })
    )

    const second = test.visitor({ enforceCsrf: true })
    const form = yield* second.get(`/polls/${id}/`)
    const both = yield* Effect.all(
      [first.submit(detail, { choice: choice!.id }), second.submit(form, { choice: choice!.id })],
      { concurrency: 2 }
    )
    assert.deepStrictEqual(
      both.map(({ status }) => status),
      [302, 302]
    )
    const results = yield* second.get(`/polls/${id}/results/`)
    see(200)(results)
    assert.include(results.text, "3 votes")

    assert.strictEqual((yield* first.get("/visits/")).text, "1")
    assert.strictEqual((yield* first.get("/visits/")).text, "2")
    assert.strictEqual((yield* second.get("/visits/")).text, "1")
    return pages
  })

const servers: Readonly<Record<string, Server>> = { postgres: "postgres", mysql: "mysql" }

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "portico-polls-"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The address of an empty database of this kind. */
const emptyDatabase = async (kind: string): Promise<string> => {
  const server = servers[kind]
  if (server === undefined) {
    return kind === "memory" ? "memory:" : `sqlite:${join(folder, `${randomUUID()}.db`)}`
  }
  const { empty, url } = await database(server)
  await empty()
  return url.href
}

/** The pages of the first combination that was walked: what all others must answer. */
let reference: ReadonlyArray<string> | undefined

describe.sequential("the polls site", () => {
  for (const kind of ["memory", "sqlite", "postgres", "mysql"]) {
    const server = servers[kind]
    const missing = server === undefined ? undefined : absent(server)
    for (const language of languages) {
      for (const store of stores) {
        it.scopedLive.skipIf(missing !== undefined)(`${kind} · ${language} · ${store}`, () =>
          Effect.gen(function* () {
            const pages = yield* walk({
              DATABASE_URL: yield* Effect.promise(() => emptyDatabase(kind)),
              PORTICO_TEMPLATES: language,
              PORTICO_SESSIONS: store
            })
            reference ??= pages
            assert.deepStrictEqual(pages, reference)
          }).pipe(
            // The refused token is logged as a warning, as it should be.
            Logger.withMinimumLogLevel(LogLevel.Error)
          )
        )
      }
    }
  }
})
