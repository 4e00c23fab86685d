import { Effect, Exit, Layer, Redacted } from "effect"
import { assert, describe, it } from "vitest"
import * as Postgres from "../../../src/adapters/db/Postgres.ts"
import * as Database from "../../../src/ports/Database.ts"
import { absent, database } from "../../support/sqlDatabases.ts"
import { createTables, Polls } from "./models.ts"
import { tryServer } from "./serverTrials.ts"

tryServer({
  server: "postgres",
  layer: Postgres.layer,
  layerConfig: Postgres.layerConfig,
  sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
  running:
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()",
  kill: async (run) => {
    await run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
  }
})

describe.skipIf(absent("postgres") !== undefined)("Postgres", () => {
  const raw = (text: string, parameters: ReadonlyArray<unknown> = []) =>
    Database.withSession({ readOnly: false }, (session) => session.raw(text, parameters))

  const withPool = async <A, E>(
    options: Postgres.Options,
    use: Effect.Effect<A, E, Database.Database>
  ) => {
    const { empty, url } = await database("postgres")
    await empty()
    return Effect.runPromise(
      Effect.zipRight(createTables, use).pipe(
        Effect.provide(Postgres.layer({ ...options, url: Redacted.make(url.href) }))
      )
    )
  }

  it("refuses a database that can not hold every text", async () => {
    const { run, url } = await database("postgres")
    const name = `${url.pathname.slice(1)}_ascii`
    await run(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`
    )
    const ascii = new URL(url)
    ascii.pathname = `/${name}`
    const exit = await Effect.runPromiseExit(
      Effect.scoped(Layer.build(Postgres.layer({ url: Redacted.make(ascii.href) })))
    )
    await run(`DROP DATABASE ${name} WITH (FORCE)`)
    assert.match(
      Exit.match(exit, { onFailure: String, onSuccess: () => "started" }),
      /encoded in SQL_ASCII/
    )
  })

  it("keeps a bounded number of prepared statements on a connection", () =>
    withPool(
      { max: 1 },
      Effect.gen(function* () {
        for (let n = 0; n < 700; n++) {
          // Ten conditions, each of one of two kinds: as many texts as numbers.
          const query = Polls.Tag.filter((t) => ({
            _tag: "And",
            of: Array.from({ length: 10 }, (_, bit) =>
              n & (2 ** bit) ? t.id.gt(0) : t.name.ne("")
            )
          }))
          yield* Database.all(query)
        }
        const [kept] = yield* raw("SELECT count(*)::int AS count FROM pg_prepared_statements")
        assert.deepStrictEqual(kept, { count: 500 })
      })
    ))

  it("prepares nothing where a proxy would lose it", () =>
    withPool(
      { max: 1, prepare: false },
      Effect.gen(function* () {
        yield* Database.all(Polls.Tag)
        yield* Database.all(Polls.Tag)
        const [kept] = yield* raw("SELECT count(*)::int AS count FROM pg_prepared_statements")
        assert.deepStrictEqual(kept, { count: 0 })
      })
    ))

  it("gives up a connection whose plans another process made wrong", () =>
    withPool(
      { max: 1 },
      Effect.gen(function* () {
        yield* Database.insert(Polls.Tag, { name: "a" })
        yield* Database.all(Polls.Tag)
        const { run } = yield* Effect.promise(() => database("postgres"))
        yield* Effect.promise(() => run("ALTER TABLE polls_tag ALTER COLUMN name TYPE text"))
        yield* Effect.exit(Database.all(Polls.Tag))
        assert.deepStrictEqual(yield* Database.all(Polls.Tag), [{ id: 1, name: "a" }])
      })
    ))

  it("answers raw SQL with pg's values, and days as they are written", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const [row] = yield* raw(
          "SELECT $1::date AS day, $2::timestamp AS local, 5 AS n, true AS yes, '{\"a\":1}'::jsonb AS json",
          ["2024-02-29", "2026-03-29 01:30:00"]
        )
        assert.deepStrictEqual(row, {
          day: "2024-02-29",
          local: "2026-03-29 01:30:00",
          n: 5,
          yes: true,
          json: { a: 1 }
        })
      })
    ))
})
