import { Effect, Exit, Layer, Redacted } from "effect"
import { assert, describe, it } from "vitest"
import * as Mysql from "../../../src/adapters/db/Mysql.ts"
import * as Database from "../../../src/ports/Database.ts"
import { absent, database } from "../../support/sqlDatabases.ts"
import { createTables, Polls } from "./models.ts"
import { tryServer } from "./serverTrials.ts"

tryServer({
  server: "mysql",
  layer: Mysql.layer,
  layerConfig: Mysql.layerConfig,
  sleep: (seconds) => `SELECT SLEEP(${seconds})`,
  running:
    "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND command <> 'Sleep' AND id <> CONNECTION_ID()",
  kill: async (run) => {
    const sessions = await run(
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    )
    for (const { id } of sessions) await run(`KILL ${String(id)}`)
  }
})

describe.skipIf(absent("mysql") !== undefined)("Mysql", () => {
  const raw = (text: string, parameters: ReadonlyArray<unknown> = []) =>
    Database.withSession({ readOnly: false }, (session) => session.raw(text, parameters))

  const withPool = async <A, E>(
    options: Mysql.Options,
    use: Effect.Effect<A, E, Database.Database>
  ) => {
    const { empty, url } = await database("mysql")
    await empty()
    return Effect.runPromise(
      Effect.zipRight(createTables, use).pipe(
        Effect.provide(Mysql.layer({ ...options, url: Redacted.make(url.href) }))
      )
    )
  }

  const failureOf = async (url: URL) => {
    const exit = await Effect.runPromiseExit(
      Effect.scoped(Layer.build(Mysql.layer({ url: Redacted.make(url.href) })))
    )
    return Exit.match(exit, { onFailure: String, onSuccess: () => "started" })
  }

  it("refuses a database that can not hold every text", async () => {
    const { run, url } = await database("mysql")
    const latin = new URL(url)
    latin.pathname = `${url.pathname}_latin`
    await run(`CREATE DATABASE ${latin.pathname.slice(1)} CHARACTER SET latin1`)
    const failure = await failureOf(latin)
    await run(`DROP DATABASE ${latin.pathname.slice(1)}`)
    assert.match(failure, /character set latin1/)
  })

  it("fails typed for a wrong password, without showing it", async () => {
    const { run, url } = await database("mysql")
    const account = `portico_${url.pathname.slice(-12)}`
    await run(`CREATE USER ${account} IDENTIFIED BY 'right'`)
    const wrong = new URL(url)
    wrong.username = account
    wrong.password = "wrong-secret"
    const failure = await failureOf(wrong)
    await run(`DROP USER ${account}`)
    assert.match(failure, /DatabaseUnavailable.*connect/s)
    assert.notInclude(failure, "wrong-secret")
  })

  it("keeps a bounded number of prepared statements on a connection", () =>
    withPool(
      { max: 1 },
      Effect.gen(function* () {
        for (let n = 0; n < 400; n++) {
          // Ten conditions, each of one of two kinds: as many texts as numbers.
          const query = Polls.Tag.filter((t) => ({
            _tag: "And",
            of: Array.from({ length: 10 }, (_, bit) =>
              n & (2 ** bit) ? t.id.gt(0) : t.name.ne("")
            )
          }))
          yield* Database.all(query)
        }
        const [prepared, closed] = yield* raw(
          "SHOW SESSION STATUS WHERE Variable_name IN ('Com_stmt_prepare', 'Com_stmt_close')"
        ).pipe(
          Effect.map((rows) => {
            const counts = new Map(rows.map((row) => [row["Variable_name"], Number(row["Value"])]))
            return [counts.get("Com_stmt_prepare")!, counts.get("Com_stmt_close")!]
          })
        )
        assert.isAtLeast(prepared!, 400)
        assert.isAtMost(prepared! - closed!, 251)
      })
    ))

  it("assigns the columns of an update from the row as it was", () =>
    withPool(
      {},
      Effect.gen(function* () {
        const author = yield* Database.insert(Polls.User, { email: "a@x", name: "a" })
        const { id } = yield* Database.insert(Polls.Question, {
          text: "old",
          note: "note",
          authorId: author.id
        })
        yield* Database.update(Polls.Question.filter({ id }), (q) => ({
          text: q.note as never,
          note: q.text as never
        }))
        const { note, text } = yield* Database.one(Polls.Question.filter({ id }))
        assert.deepStrictEqual({ note, text }, { note: "old", text: "note" })
      })
    ))

  it("reads rows back in their order, whoever made their keys", () =>
    withPool(
      { returning: false },
      Effect.gen(function* () {
        const counted = yield* Database.insertMany(Polls.Tag, [{ name: "b" }, { name: "a" }])
        assert.deepStrictEqual(counted, [
          { id: 1, name: "b" },
          { id: 2, name: "a" }
        ])
        const author = yield* Database.insert(Polls.User, { email: "a@x", name: "a" })
        const { id } = yield* Database.insert(Polls.Question, { text: "q", authorId: author.id })
        const links = [
          { questionId: id, tagId: 2 },
          { questionId: id, tagId: 1 }
        ]
        assert.deepStrictEqual(yield* Database.insertMany(Polls.Tagging, links), links)
      })
    ))

  it("writes rows whose names hold what its package would take for parameters", () =>
    withPool(
      {},
      Effect.gen(function* () {
        yield* raw("CREATE TABLE `odd?` (`a?` INT, b TEXT)")
        yield* raw("INSERT INTO `odd?` (`a?`, b) VALUES (?, ?), (?, ?)", [1, "?", 2, "??"])
        assert.deepStrictEqual(yield* raw("SELECT * FROM `odd?` ORDER BY `a?`"), [
          { "a?": 1, b: "?" },
          { "a?": 2, b: "??" }
        ])
      })
    ))
})
