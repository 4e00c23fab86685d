import { SqlClient } from "@effect/sql"
import BetterSqlite from "better-sqlite3"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname } from "node:path"
import { assert, describe, it } from "vitest"
import type { Provided } from "../../../src/adapters/db/internal/connector.ts"
import * as Sqlite from "../../../src/adapters/db/Sqlite.ts"
import * as Database from "../../../src/ports/Database.ts"
import { temporaryFile } from "../../support/sqlDatabases.ts"
import { createTables, Polls } from "./models.ts"

const wait = (millis: number) =>
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, millis)))

const addTag = (name: string) => Database.insert(Polls.Tag, { name })

const tagNames = Effect.map(Database.all(Polls.Tag.orderBy((t) => t.id.asc())), (tags) =>
  tags.map(({ name }) => name)
)

const raw = (text: string, parameters: ReadonlyArray<unknown> = []) =>
  Database.withSession({ readOnly: false }, (session) => session.raw(text, parameters))

/** Runs `use` over a file, with the tables of the polls, and tells it the file's name. */
const onFile = <A, E>(
  options: Sqlite.Options,
  use: (filename: string) => Effect.Effect<A, E, Provided>
): Promise<A> =>
  Effect.gen(function* () {
    const filename = yield* temporaryFile
    return yield* Effect.provide(
      Effect.zipRight(createTables, use(filename)),
      Sqlite.layer({ ...options, filename })
    )
  }).pipe(Effect.scoped, Effect.runPromise)

/** Another process, as far as SQLite can tell. */
const foreign = (filename: string) => new BetterSqlite(filename, { timeout: 0 })

const startUp = (options: Sqlite.Options) =>
  Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(Sqlite.layer(options)))))

describe("Sqlite", () => {
  it("waits for another process's lock without holding the event loop", () =>
    onFile({}, (filename) =>
      Effect.gen(function* () {
        const other = foreign(filename)
        other.exec("BEGIN IMMEDIATE")
        let ticks = 0
        const ticker = setInterval(() => ticks++, 5)
        const release = setTimeout(() => other.exec("COMMIT"), 200)
        yield* addTag("a")
        clearInterval(ticker)
        clearTimeout(release)
        other.close()
        assert.isAbove(ticks, 15)
        assert.deepStrictEqual(yield* tagNames, ["a"])
      })
    ))

  it("gives up waiting for it as a conflict, and stops at once when interrupted", () =>
    onFile({ lockTimeout: "60 millis" }, (filename) =>
      Effect.gen(function* () {
        const other = foreign(filename)
        other.exec("BEGIN IMMEDIATE")
        const failure = yield* Effect.flip(addTag("a"))
        assert.deepInclude(failure, { _tag: "TransactionConflict", kind: "busy" })
        const waiter = yield* Effect.fork(addTag("b"))
        yield* wait(10)
        const start = performance.now()
        yield* Fiber.interrupt(waiter)
        assert.isBelow(performance.now() - start, 40)
        // Nobody waits to read.
        assert.deepStrictEqual(yield* tagNames, [])
        other.exec("COMMIT")
        other.close()
        yield* addTag("c")
        assert.deepStrictEqual(yield* tagNames, ["c"])
      })
    ))

  it("reads while it writes", () =>
    onFile({}, () =>
      Effect.gen(function* () {
        const writer = yield* Effect.fork(
          Database.transaction(Effect.zipRight(addTag("a"), wait(100)))
        )
        yield* wait(10)
        const start = performance.now()
        assert.deepStrictEqual(yield* tagNames, [])
        assert.isBelow(performance.now() - start, 50)
        yield* Fiber.join(writer)
        assert.deepStrictEqual(yield* tagNames, ["a"])
      })
    ))

  it("refuses after a while who needs the writer twice", () =>
    onFile({ acquireTimeout: "50 millis" }, () =>
      Effect.gen(function* () {
        const failure = yield* Database.transaction(Database.detached(Effect.flip(addTag("a"))))
        assert.deepInclude(failure, { _tag: "DatabaseUnavailable", kind: "poolTimeout" })
        yield* addTag("b")
      })
    ))

  it("keeps what it is asked to, after an end and a new start", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const layer = Sqlite.layer({ url: Redacted.make(`sqlite:${filename}?readers=1`) })
      yield* Effect.provide(Effect.zipRight(createTables, addTag("a")), layer)
      assert.deepStrictEqual(yield* Effect.provide(tagNames, layer), ["a"])
    }).pipe(Effect.scoped, Effect.runPromise))

  it("leaves nothing of a database in memory behind", async () => {
    const file = await Effect.gen(function* () {
      yield* createTables
      const [main] = yield* raw("SELECT file FROM pragma_database_list WHERE name = 'main'")
      assert.isTrue(fs.existsSync(String(main!["file"])))
      return String(main!["file"])
    }).pipe(Effect.provide(Sqlite.layer({ filename: ":memory:" })), Effect.runPromise)
    assert.isFalse(fs.existsSync(file))
    assert.isFalse(fs.existsSync(dirname(file)))
  })

  it("waits at its end for what is under way", async () => {
    const scope = await Effect.runPromise(Scope.make())
    const context = await Effect.runPromise(
      Scope.extend(Layer.build(Sqlite.layer({ filename: ":memory:" })), scope)
    )
    const run = <A, E>(effect: Effect.Effect<A, E, Provided>) =>
      Effect.runPromiseExit(Effect.provide(effect, context))
    await run(createTables)
    const work = run(Database.transaction(Effect.zipRight(wait(80), addTag("kept"))))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await Effect.runPromise(Scope.close(scope, Exit.void))
    assert.isTrue(Exit.isSuccess(await work))
    const late = await run(Effect.flip(tagNames))
    assert.deepInclude(Exit.isSuccess(late) ? late.value : {}, { kind: "shutdown" })
  })

  it("fails typed for a place that has no file, and for a file that is no database", async () => {
    assert.deepInclude(await startUp({ filename: "/no/such/folder/a.db" }), {
      _tag: "DatabaseUnavailable",
      kind: "connect"
    })
    const text = fs.mkdtempSync(`${tmpdir()}/portico-`)
    fs.writeFileSync(
      `${text}/a.db`,
      "this is no database, and long enough to be told apart ".repeat(20)
    )
    const failure = await startUp({ filename: `${text}/a.db` })
    fs.rmSync(text, { recursive: true })
    assert.deepInclude(failure, { _tag: "DatabaseUnavailable", kind: "connect" })
    assert.match(String(await startUp({})), /no filename is given/)
  })

  it("reads its options from the URL in the configuration", () =>
    Database.transaction(Database.detached(Effect.flip(addTag("a")))).pipe(
      Effect.tap((failure) => assert.deepInclude(failure, { kind: "poolTimeout" })),
      Effect.provide(Sqlite.layerConfig({ url: Config.redacted("DATABASE_URL") })),
      Effect.withConfigProvider(
        ConfigProvider.fromMap(new Map([["DATABASE_URL", "sqlite::memory:?acquireTimeout=30ms"]]))
      ),
      Effect.runPromise
    ))

  it("shares the transaction with raw SQL, and takes what the other databases take", () =>
    onFile({}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const undone = Effect.gen(function* () {
          yield* addTag("a")
          assert.deepStrictEqual(yield* sql`SELECT name FROM polls_tag`, [{ name: "a" }])
          return yield* Effect.fail("undo")
        })
        yield* Effect.ignore(sql.withTransaction(undone))
        assert.deepStrictEqual(yield* tagNames, [])
        const at = new Date("2026-03-29T01:30:00Z")
        assert.deepStrictEqual(
          yield* raw("SELECT ? AS yes, ? AS at, ? AS none", [true, at, null]),
          [{ yes: 1, at: "2026-03-29T01:30:00.000Z", none: null }]
        )
      })
    ))

  it("says that a pattern is no regular expression", () =>
    onFile({}, () =>
      Effect.gen(function* () {
        yield* addTag("abc")
        const matching = (pattern: string) =>
          Database.count(Polls.Tag.filter((t) => t.name.regex(pattern)))
        assert.strictEqual(yield* matching("^a.c$"), 1)
        const failure = yield* Effect.flip(matching("("))
        assert.deepInclude(failure, { _tag: "QueryFault", kind: "syntax" })
      })
    ))
})
