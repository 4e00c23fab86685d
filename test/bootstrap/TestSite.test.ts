import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import * as App from "../../src/bootstrap/App.ts"
import * as TestSite from "../../src/bootstrap/TestSite.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import { SessionStore } from "../../src/ports/SessionStore.ts"
import * as View from "../../src/ports/View.ts"

const remember = Route.post("/remember/", "remember")
const site = App.make({
  name: "Test",
  views: [View.handle(remember, () => HttpResponse.text("remembered"))]
})

const quiet = Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none))

describe("TestSite.make", () => {
  it.scoped("starts a whole site with its default middleware and its services", () =>
    Effect.gen(function* () {
      const { run, visitor } = yield* TestSite.make(site)
      const response = yield* visitor().post(remember)
      assert.deepStrictEqual([response.status, response.text], [200, "remembered"])
      assert.strictEqual(response.headers.get("x-frame-options"), "DENY")
      assert.isTrue((yield* run(SessionStore)).capabilities.revokes)
    })
  )

  it.scoped("checks CSRF where the visitor does not take part", () =>
    Effect.gen(function* () {
      const { visitor } = yield* TestSite.make(site)
      assert.strictEqual((yield* visitor({ enforceCsrf: true }).post(remember)).status, 403)
    }).pipe(quiet)
  )

  it.scoped("reports every wrong setting together", () =>
    Effect.gen(function* () {
      const settings = { PORTICO_TEMPLATES: "jinja", PORTICO_SECRET: "short" }
      const failure = yield* Effect.flip(TestSite.make(site, { settings }))
      assert.strictEqual(failure._tag, "SettingsInvalid")
      assert.include(failure.message, 'PORTICO_TEMPLATES is "jinja"')
      assert.include(failure.message, "PORTICO_SECRET has 5 characters")
      assert.notInclude(failure.message, "short")
    })
  )
})
