import { assert, it } from "@effect/vitest"
import { SqlClient } from "@effect/sql"
import { Effect } from "effect"
import * as RawSql from "../../src/adapters/db/RawSql.ts"
import * as App from "../../src/bootstrap/App.ts"
import * as Settings from "../../src/bootstrap/Settings.ts"
import * as TestSite from "../../src/bootstrap/TestSite.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import * as Database from "../../src/ports/Database.ts"
import * as View from "../../src/ports/View.ts"

const answer = Settings.number("ANSWER", { meaning: "The answer.", min: 0, max: 100, default: "1" })

const select = View.handle(Route.get("/", "select"), function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* Effect.orDie(
    sql<{ n: number }>`SELECT ${yield* Settings.get(answer)} + 1 AS n`
  )
  return HttpResponse.json(rows)
})

const site = App.make({
  name: "Raw",
  views: [select],
  services: RawSql.layer,
  settings: { answer }
})

const settings = { DATABASE_URL: "sqlite::memory:", ANSWER: "41" }

it.scopedLive("a site's views speak SQL and read its settings", () =>
  Effect.gen(function* () {
    const { visitor } = yield* TestSite.make(site, { settings })
    assert.deepStrictEqual((yield* visitor().get("/")).json, [{ n: 42 }])
  })
)

it.scopedLive("raw SQL shares the transaction", () =>
  Effect.gen(function* () {
    const { run } = yield* TestSite.make(site, { settings })
    yield* run(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE note (text TEXT)`
        yield* Effect.flip(
          Database.transaction(
            Effect.zipRight(sql`INSERT INTO note VALUES ('x')`, Effect.fail("no"))
          )
        )
        assert.deepStrictEqual(yield* sql`SELECT * FROM note`, [])
      })
    )
  })
)

it.scopedLive("a database without SQL is refused, with what to do", () =>
  Effect.gen(function* () {
    const failure = yield* Effect.flip(TestSite.make(site))
    assert.strictEqual(failure._tag, "Unsupported")
    assert.include(failure.message, "speaksSql")
  })
)
