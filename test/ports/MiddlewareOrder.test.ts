import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as Middleware from "../../src/ports/Middleware.ts"
import { siteOf } from "../support/site.ts"

const around = (name: string, inside?: ReadonlyArray<string>) =>
  Middleware.make(name, (next) => next, inside === undefined ? {} : { inside })

const sessions = around("sessions")
const login = around("login", ["sessions"])

describe("the order of middleware", () => {
  it.each([
    [[], undefined],
    [[sessions, login], undefined],
    [[sessions, around("other"), login], undefined],
    [
      [login, sessions],
      'Middleware: "login" must be inside "sessions", which comes after it. Move "sessions" before "login".'
    ],
    [
      [login],
      'Middleware: "login" must be inside "sessions", which the site does not have. Add "sessions" before "login".'
    ]
  ])("%#", (middleware, expected) => {
    assert.strictEqual(Middleware.misordered(middleware), expected)
  })

  it.effect("a site in the wrong order does not start", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(siteOf({ views: [], middleware: [login, sessions] }))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.include(String(exit), "must be inside")
      yield* siteOf({ views: [], middleware: [sessions, login] })
    })
  )
})
