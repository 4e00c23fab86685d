/** What `Database.make` does with a driver that misbehaves, and how often it asks it. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, TestClock } from "effect"
import { library, person, Trial, withTables } from "../../contracts/database/models.ts"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Database from "../../src/ports/Database.ts"
import {
  DatabaseUnavailable,
  QueryFault,
  TransactionConflict,
  type WriteError
} from "../../src/ports/DatabaseError.ts"

/** The memory adapter, with sessions changed and everything that they are asked for written down. */
const watched = (change: (session: Database.Session) => Partial<Database.Session> = () => ({})) => {
  const log: Array<string> = []
  const driver = Memory.driver()
  const noting = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      log.push(what)
      return effect
    })
  const layer = Layer.sync(Database.Database, () =>
    Database.make({
      ...driver,
      use: (options, use) =>
        driver.use(options, (session) => {
          const changed = { ...session, ...change(session) }
          return use({
            ...changed,
            execute: (registry, statement) =>
              noting(statement._tag, changed.execute(registry, statement)),
            begin: (options) => noting("begin", changed.begin(options)),
            commit: noting("commit", changed.commit),
            rollback: noting("rollback", changed.rollback),
            savepoint: (name) => noting("savepoint", changed.savepoint(name)),
            release: (name) => noting("release", changed.release(name)),
            rollbackTo: (name) => noting("rollbackTo", changed.rollbackTo(name))
          })
        })
    })
  )
  return { log, layer }
}

const conflict = new TransactionConflict({ kind: "serialization", killsTransaction: true })
const lost = new DatabaseUnavailable({ kind: "lost", phase: "statement" })

const failures = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? [...Cause.failures(exit.cause)] : []

describe("Database.make", () => {
  it.effect("a COMMIT that fails is a typed failure, followed by a ROLLBACK", () => {
    const { log, layer } = watched(() => ({ commit: Effect.fail(conflict) }))
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(Database.transaction(person("ann")))
      assert.deepStrictEqual(failures(exit), [conflict])
      assert.deepStrictEqual(log, ["begin", "Insert", "commit", "rollback"])
      assert.strictEqual(yield* Database.count(Trial.Person), 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a COMMIT that meets a conflict is tried again with the whole transaction", () => {
    let commits = 0
    const { log, layer } = watched((session) => ({
      commit: Effect.suspend(() => (++commits < 3 ? Effect.fail(conflict) : session.commit))
    }))
    return Effect.gen(function* () {
      const fiber = yield* Effect.fork(Database.transaction(person("ann"), { retry: 2 }))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(log.filter((entry) => entry === "Insert").length, 3)
      assert.strictEqual(yield* Database.count(Trial.Person), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a conflict counts even if the effect made another failure of it", () => {
    let statements = 0
    const { layer } = watched((session) => ({
      execute: (registry, statement) =>
        ++statements === 1 ? Effect.fail(conflict) : session.execute(registry, statement)
    }))
    return Effect.gen(function* () {
      const renamed = Effect.mapError(person("ann"), () => "failed")
      const fiber = yield* Effect.fork(Database.transaction(renamed, { retry: 1 }))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).name, "ann")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a ROLLBACK that fails does not replace what led to it", () => {
    const { layer } = watched(() => ({ rollback: Effect.fail(lost) }))
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(Database.transaction(Effect.fail("mine")))
      assert.deepStrictEqual(exit, Exit.fail("mine"))
    }).pipe(Effect.provide(layer))
  })

  it.effect("a BEGIN that fails runs nothing of the transaction", () => {
    const { log, layer } = watched(() => ({ begin: () => Effect.fail(lost) }))
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(Database.transaction(person("ann")))
      assert.deepStrictEqual(failures(exit), [lost])
      assert.deepStrictEqual(log, ["begin", "rollback"])
    }).pipe(Effect.provide(layer))
  })

  for (const error of [conflict, lost]) {
    it.effect(`a ${error._tag} within a nested transaction ends the outer one too`, () => {
      const { log, layer } = watched((session) => ({
        execute: (registry, statement) =>
          statement._tag === "Delete" ? Effect.fail(error) : session.execute(registry, statement)
      }))
      return Effect.gen(function* () {
        const swallowed = Effect.ignore(Database.transaction(Database.delete(Trial.Tag)))
        const next: Array<WriteError> = []
        const exit = yield* Effect.exit(
          Database.transaction(
            Effect.zipRight(
              swallowed,
              Effect.ignore(Effect.tapError(person("ann"), (e) => Effect.sync(() => next.push(e))))
            )
          )
        )
        assert.deepStrictEqual(failures(exit), [error])
        assert.instanceOf(next[0], QueryFault)
        // The savepoint is gone with the transaction: nobody goes back to it.
        assert.deepStrictEqual(log, ["begin", "savepoint", "Delete", "rollback"])
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("a savepoint that can not be undone ends the outer transaction", () => {
    const { layer } = watched(() => ({ rollbackTo: () => Effect.fail(lost) }))
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(
        Database.transaction(Effect.ignore(Database.transaction(Effect.fail("mine"))))
      )
      assert.deepStrictEqual(failures(exit), [lost])
    }).pipe(Effect.provide(layer))
  })

  it.effect("two databases do not share a transaction", () => {
    const other = Memory.make
    return Effect.gen(function* () {
      const second = yield* other
      const failing = Effect.zipRight(
        Effect.zipRight(
          person("ann"),
          Effect.provideService(person("bob"), Database.Database, second)
        ),
        Effect.fail("mine")
      )
      yield* Effect.ignore(Database.transaction(failing))
      assert.strictEqual(yield* Database.count(Trial.Person), 0)
      assert.strictEqual(yield* second.count(Trial.Person), 1)
    }).pipe(Effect.provide(Memory.layer))
  })

  it.effect("onCommit dies in a fiber that outlives its transaction", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      let ran = false
      const hook = Database.onCommit(Effect.sync(() => (ran = true)))
      const late = yield* Database.transaction(
        Effect.forkDaemon(Effect.zipRight(Deferred.await(go), hook))
      )
      yield* Deferred.succeed(go, undefined)
      const exit = yield* Fiber.await(late)
      assert.match(String(exit), /has ended.*Database\.detached/s)
      assert.isFalse(ran)
    }).pipe(Effect.provide(Memory.layer))
  )

  it.effect("relations are loaded with one statement each, and none for no rows", () => {
    const { log, layer } = watched()
    return Effect.gen(function* () {
      yield* withTables
      yield* library
      const asked = (query: Parameters<typeof Database.all>[0]) =>
        Effect.suspend(() => {
          log.length = 0
          return Effect.map(Database.all(query), () => log.length)
        })
      const people = Trial.Person.with("articles", (article) =>
        article.with("comments").with("tags").with("editor")
      ).with("profile")
      assert.strictEqual(yield* asked(people), 5)
      assert.strictEqual(yield* asked(Trial.Article.with("author").with("editor")), 1)
      assert.strictEqual(yield* asked(people.filter({ name: "nobody" })), 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "a batch beyond the parameters of a statement goes in several, in one transaction",
    () => {
      const { log, layer } = watched()
      return Effect.gen(function* () {
        yield* Database.insertMany(
          Trial.Tag,
          Array.from({ length: Memory.capabilities.maxParameters + 1 }, (_, i) => ({
            name: `${i}`
          }))
        )
        assert.deepStrictEqual(log, ["begin", "Insert", "Insert", "commit"])
      }).pipe(Effect.provide(layer))
    }
  )
})
