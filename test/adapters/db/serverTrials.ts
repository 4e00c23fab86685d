/** What PostgreSQL and MariaDB are both tried with: connections that break, wait, time out, end. */
import { SqlClient } from "@effect/sql"
import type { Duration } from "effect"
import { Config, ConfigProvider, Effect, Exit, Fiber, Layer, Option, Redacted, Scope } from "effect"
import { assert, beforeAll, describe, it } from "vitest"
import type { Provided } from "../../../src/adapters/db/internal/connector.ts"
import * as Database from "../../../src/ports/Database.ts"
import type { DatabaseUnavailable } from "../../../src/ports/DatabaseError.ts"
import { absent, database, type Server, type TestDatabase } from "../../support/sqlDatabases.ts"
import { createTables, Polls } from "./models.ts"

interface Options {
  readonly url?: Redacted.Redacted
  readonly max?: number
  readonly acquireTimeout?: Duration.DurationInput
  readonly statementTimeout?: Duration.DurationInput
  readonly lockTimeout?: Duration.DurationInput
}

type Adapter = Layer.Layer<Provided, unknown>

export interface Trials {
  readonly server: Server
  readonly layer: (options: Options) => Adapter
  readonly layerConfig: (config: { readonly url: Config.Config<Redacted.Redacted> }) => Adapter
  /** A statement that takes so many seconds. */
  readonly sleep: (seconds: number) => string
  /** Rows: the other sessions of this database that run something now. */
  readonly running: string
  /** Ends every session of the adapter, on `run`'s connection. */
  readonly kill: (run: TestDatabase["run"]) => Promise<void>
}

const wait = (millis: number) =>
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, millis)))

const raw = (text: string, parameters: ReadonlyArray<unknown> = []) =>
  Database.withSession({ readOnly: false }, (session) => session.raw(text, parameters))

const addTag = (name: string) => Database.insert(Polls.Tag, { name })

const tagNames = Effect.map(Database.all(Polls.Tag.orderBy((t) => t.id.asc())), (tags) =>
  tags.map(({ name }) => name)
)

export const tryServer = ({ kill, layer, layerConfig, running, server, sleep }: Trials): void => {
  const reason = absent(server)
  describe.skipIf(reason !== undefined)(reason ?? `${server}, when`, () => {
    let db: TestDatabase
    beforeAll(async () => {
      db = await database(server)
    })

    const at = (change: (url: URL) => void) => {
      const url = new URL(db.url)
      change(url)
      return Redacted.make(url.href)
    }

    /** Runs `use` on a pool of these options, with the tables of the polls, empty. */
    const withPool = <A, E>(options: Options, use: Effect.Effect<A, E, Provided>): Promise<A> => {
      const url = Redacted.make(db.url.href)
      return Effect.runPromise(
        Effect.zipRight(
          Effect.promise(db.empty),
          Effect.provide(Effect.zipRight(createTables, use), layer({ ...options, url }))
        )
      )
    }

    const startUp = (url: Redacted.Redacted) =>
      Effect.runPromise(
        Effect.flip(Layer.build(layer({ url })).pipe(Effect.scoped))
      ) as Promise<DatabaseUnavailable>

    describe("it starts", () => {
      it("fails typed for a host, a port, a user and a database that are not there", async () => {
        for (const url of [
          at((url) => (url.hostname = "nowhere.invalid")),
          at((url) => (url.port = "1")),
          at((url) => (url.username = "nobody_of_this_name")),
          at((url) => (url.pathname = "/no_such_database"))
        ]) {
          const failure = await startUp(url)
          assert.deepInclude(failure, {
            _tag: "DatabaseUnavailable",
            kind: "connect",
            phase: "connect"
          })
          assert.exists(failure.cause)
        }
      })

      it("reads its options from the URL in the configuration", async () => {
        const url = at((url) => (url.search = "?max=1&acquireTimeout=50ms"))
        const provider = ConfigProvider.fromMap(new Map([["DATABASE_URL", Redacted.value(url)]]))
        const config = layerConfig({ url: Config.redacted("DATABASE_URL") })
        const failure = await Database.transaction(
          Database.detached(Effect.flip(raw("SELECT 1")))
        ).pipe(Effect.provide(config), Effect.withConfigProvider(provider), Effect.runPromise)
        assert.deepInclude(failure, { _tag: "DatabaseUnavailable", kind: "poolTimeout" })
      })

      it("fails for an option that it does not have", async () => {
        const failure = await startUp(at((url) => (url.search = "?poolSize=3")))
        assert.match(String(failure), /unknown option "poolSize"/)
      })
    })

    describe("all connections are lent", () => {
      it("refuses after a while who needs a second one of one, and lends it again", () =>
        withPool(
          { max: 1, acquireTimeout: "50 millis" },
          Effect.gen(function* () {
            const failure = yield* Database.transaction(Database.detached(Effect.flip(tagNames)))
            assert.deepInclude(failure, { kind: "poolTimeout", phase: "acquire" })
            assert.deepStrictEqual(yield* tagNames, [])
          })
        ))

      it("serves who waits in the order of coming, and drops who stops waiting", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            const holder = yield* Effect.fork(
              Database.transaction(Effect.zipRight(addTag("held"), wait(80)))
            )
            yield* wait(20)
            const order: Array<string> = []
            const waiter = (name: string) =>
              Effect.tap(
                Effect.fork(Effect.tap(addTag(name), () => Effect.sync(() => order.push(name)))),
                () => Effect.yieldNow()
              )
            const first = yield* waiter("first")
            const second = yield* waiter("second")
            const third = yield* waiter("third")
            yield* wait(5)
            assert.strictEqual((yield* Database.health).waiting, 3)
            const start = performance.now()
            yield* Fiber.interrupt(second)
            assert.isBelow(performance.now() - start, 40)
            yield* Fiber.joinAll([holder, first, third])
            assert.deepStrictEqual(order, ["first", "third"])
            assert.deepStrictEqual(yield* tagNames, ["held", "first", "third"])
            assert.deepInclude(yield* Database.health, { ok: true, inUse: 0, waiting: 0 })
          })
        ))
    })

    describe("a statement is interrupted", () => {
      it("stops it on the server and has the connection back within a second", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            const sleeper = yield* Effect.fork(raw(sleep(20)))
            // A loaded machine may take its time to begin; the statement itself takes 20 s.
            const begun = Effect.map(
              Effect.promise(() => db.run(running)),
              ({ length }) => length === 1
            )
            for (let tries = 0; tries < 100 && !(yield* begun); tries++) yield* wait(50)
            assert.isTrue(yield* begun)
            const start = performance.now()
            yield* Fiber.interrupt(sleeper)
            assert.deepStrictEqual(yield* tagNames, [])
            assert.isBelow(performance.now() - start, 1000)
            assert.lengthOf(yield* Effect.promise(() => db.run(running)), 0)
          })
        ))

      it("rolls its transaction back", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            const doomed = yield* Effect.fork(
              Database.transaction(Effect.zipRight(addTag("gone"), raw(sleep(20))))
            )
            yield* wait(50)
            yield* Fiber.interrupt(doomed)
            assert.deepStrictEqual(yield* tagNames, [])
          })
        ))

      it("never stops the statement after it", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            for (let round = 0; round < 100; round++) {
              const sleeper = yield* Effect.fork(raw(sleep(0.002)))
              yield* wait(round % 5)
              yield* Fiber.interrupt(sleeper)
              yield* raw(sleep(0.001))
            }
          })
        ))
    })

    it("a query calculates what no column holds, it fails as a read does", () =>
      withPool(
        { max: 1 },
        Effect.gen(function* () {
          yield* addTag("a")
          const huge = Number.MAX_SAFE_INTEGER
          const query = Polls.Tag.filter((tag) => tag.id.add(1).mul(huge).mul(huge).gt(0))
          const refused = { _tag: "QueryFault", kind: "value" } as const
          assert.deepInclude(yield* Effect.flip(Database.all(query)), refused)
          assert.deepInclude(yield* Effect.flip(Database.count(query)), refused)
        })
      ))

    describe("raw SQL begins a transaction and does not end it", () => {
      it("ends it with the use of the connection", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            yield* Database.withSession({ readOnly: false }, (session) =>
              Effect.zipRight(
                session.raw("BEGIN", []),
                session.raw("INSERT INTO polls_tag (name) VALUES ('left')", [])
              )
            )
            assert.deepStrictEqual(yield* tagNames, [])
            yield* addTag("kept")
            assert.deepStrictEqual(yield* tagNames, ["kept"])
          })
        ))
    })

    describe("something takes too long", () => {
      it("stops the statement, and the connection goes on", () =>
        withPool(
          { max: 1, statementTimeout: "100 millis" },
          Effect.gen(function* () {
            const failure = yield* Effect.flip(raw(sleep(20)))
            assert.deepInclude(failure, { _tag: "DatabaseUnavailable", kind: "statementTimeout" })
            assert.deepStrictEqual(yield* tagNames, [])
          })
        ))

      it("gives up waiting for another's lock, as a conflict", () =>
        withPool(
          { max: 2, lockTimeout: "1 second" },
          Effect.gen(function* () {
            const { id } = yield* addTag("one")
            const rename = Database.update(Polls.Tag.filter({ id }), { name: "two" })
            const failure = yield* Database.transaction(
              Effect.zipRight(rename, Database.detached(Effect.flip(rename)))
            )
            assert.deepInclude(failure, { _tag: "TransactionConflict", kind: "lockTimeout" })
          })
        ))
    })

    describe("connections are killed", () => {
      it("replaces idle ones", () =>
        withPool(
          { max: 3 },
          Effect.gen(function* () {
            yield* Effect.all([addTag("a"), addTag("b"), addTag("c")], { concurrency: "unbounded" })
            yield* Effect.promise(() => kill(db.run))
            yield* wait(50)
            assert.lengthOf(yield* tagNames, 3)
          })
        ))

      it("fails a transaction that was under way, typed, and stores nothing of it", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            const exit = yield* Effect.exit(
              Database.transaction(
                Effect.gen(function* () {
                  yield* addTag("gone")
                  yield* Effect.promise(() => kill(db.run))
                  yield* addTag("never")
                })
              )
            )
            const failure = Option.getOrThrow(Exit.causeOption(exit))
            assert.strictEqual(failure._tag === "Fail" && failure.error._tag, "DatabaseUnavailable")
            assert.deepStrictEqual(yield* tagNames, [])
          })
        ))
    })

    it("it ends, waits for what is under way and then ends its connections", async () => {
      await db.empty()
      const scope = await Effect.runPromise(Scope.make())
      const context = await Effect.runPromise(
        Scope.extend(Layer.build(layer({ url: Redacted.make(db.url.href) })), scope)
      )
      const run = <A, E>(effect: Effect.Effect<A, E, Provided>) =>
        Effect.runPromiseExit(Effect.provide(effect, context))
      await run(createTables)
      const work = run(Database.transaction(Effect.zipRight(wait(150), addTag("kept"))))
      await new Promise((resolve) => setTimeout(resolve, 30))
      await Effect.runPromise(Scope.close(scope, Exit.void))
      assert.isTrue(Exit.isSuccess(await work))
      assert.lengthOf(await db.run(`SELECT name FROM polls_tag WHERE name = 'kept'`), 1)
      const late = await run(Effect.flip(tagNames))
      assert.deepInclude(Exit.isSuccess(late) ? late.value : {}, { kind: "shutdown" })
    })

    describe("raw SQL is written", () => {
      it("runs in the current transaction, with values as parameters", () =>
        withPool(
          { max: 1 },
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const hostile = `'; DROP TABLE polls_tag; -- ? $1 \\`
            yield* Effect.exit(
              Database.transaction(
                Effect.gen(function* () {
                  yield* addTag(hostile)
                  const found = yield* sql<{
                    name: string
                  }>`SELECT name FROM ${sql("polls_tag")} WHERE name = ${hostile}`
                  assert.deepStrictEqual(
                    found.map(({ name }) => name),
                    [hostile]
                  )
                  yield* sql`INSERT INTO polls_tag ${sql.insert({ name: "raw" })}`
                  return yield* Effect.fail("undo")
                })
              )
            )
            assert.deepStrictEqual(yield* tagNames, [])
            yield* sql.withTransaction(
              Effect.zipRight(
                sql`INSERT INTO polls_tag ${sql.insert({ name: "raw" })}`,
                addTag("row")
              )
            )
            assert.deepStrictEqual(yield* sql`SELECT name FROM polls_tag ORDER BY id`.values, [
              ["raw"],
              ["row"]
            ])
          })
        ))

      it("tells the failure of a transaction from that of its content", () =>
        withPool(
          {},
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            assert.strictEqual(yield* Effect.flip(sql.withTransaction(Effect.fail("mine"))), "mine")
            const swallowed = Effect.ignore(sql`SELECT no_such_column FROM polls_tag`)
            const failure = yield* Effect.flip(sql.withTransaction(swallowed))
            assert.strictEqual(failure._tag, "SqlError")
            const fault = yield* Effect.flip(sql`SELECT no_such_column FROM polls_tag`)
            assert.deepInclude(fault.cause, { _tag: "QueryFault", kind: "schema" })
          })
        ))
    })
  })
}
