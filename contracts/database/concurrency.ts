/** Many fibers at one database. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { TransactionConflict } from "../../src/ports/DatabaseError.ts"
import * as Database from "../../src/ports/Database.ts"
import { equals, holds } from "../Contract.ts"
import { library, person, Trial, trial } from "./models.ts"

const inRealTime = Effect.withClock(Clock.make())

const times = <A>(count: number, make: (i: number) => A): ReadonlyArray<A> =>
  Array.from({ length: count }, (_, i) => make(i))

export const concurrency = (can: Database.Capabilities) => [
  trial(
    "of many fibers that insert one unique value exactly one succeeds",
    Effect.gen(function* () {
      const outcomes = yield* Effect.all(
        times(50, () => Effect.either(person("same"))),
        { concurrency: "unbounded" }
      )
      yield* equals("stored", outcomes.filter(Either.isRight).length, 1)
      const tags = outcomes.filter(Either.isLeft).map(({ left }) => left._tag)
      yield* equals("refused", new Set(tags).size === 1 && tags[0], "UniqueViolation")
      yield* equals("rows", yield* Database.count(Trial.Person), 1)
    })
  ),

  trial(
    "updates that calculate lose nothing, however many run at the same time",
    Effect.gen(function* () {
      const { one } = yield* library
      const query = Trial.Article.filter({ id: one.id })
      const more = Database.transaction(
        Database.update(query, (article) => ({ views: article.views.add(1) })),
        { retry: 50 }
      )
      yield* inRealTime(
        Effect.all(
          times(40, () => more),
          { concurrency: "unbounded" }
        )
      )
      yield* equals("views", (yield* Database.one(query)).views, 50)
    })
  ),

  trial(
    "transactions that read, then write, lose nothing when serializable and tried again",
    Effect.gen(function* () {
      const { one } = yield* library
      const query = Trial.Article.filter({ id: one.id })
      const more = Database.transaction(
        Effect.gen(function* () {
          const { views } = yield* Database.one(query)
          yield* Effect.yieldNow()
          yield* Database.update(query, { views: views + 1 })
        }),
        { isolation: "serializable", retry: 100 }
      )
      yield* inRealTime(
        Effect.all(
          times(20, () => more),
          { concurrency: 5 }
        )
      )
      yield* equals("views", (yield* Database.one(query)).views, 30)
    })
  ),

  trial(
    "what a transaction has not committed is not seen outside of it",
    Effect.gen(function* () {
      const { one } = yield* library
      const query = Trial.Article.filter({ id: one.id })
      const written = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const writer = yield* Effect.fork(
        Database.transaction(
          Effect.gen(function* () {
            yield* Database.update(query, { views: 99 })
            yield* Deferred.succeed(written, undefined)
            yield* Deferred.await(go)
          })
        )
      )
      yield* Deferred.await(written)
      const before = (yield* Database.one(query)).views
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(writer)
      yield* equals("before the commit", before, 10)
      yield* equals("after the commit", (yield* Database.one(query)).views, 99)
    })
  ),

  trial(
    "two serializable transactions never both rest on what the other changes",
    Effect.gen(function* () {
      const { ann, bob } = yield* library
      const active = Trial.Person.filter({ active: true })
      // Each may leave only while the other one stays.
      const leave = (id: number) =>
        Database.transaction(
          Effect.gen(function* () {
            const count = yield* Database.count(active)
            yield* Effect.yieldNow()
            if (count > 1) yield* Database.update(Trial.Person.filter({ id }), { active: false })
          }),
          { isolation: "serializable", retry: 20 }
        )
      yield* inRealTime(Effect.all([leave(ann.id), leave(bob.id)], { concurrency: 2 }))
      yield* equals("active", yield* Database.count(active), 1)
    })
  ),

  can.writesConcurrently
    ? trial(
        "two transactions write different rows at the same time",
        Effect.gen(function* () {
          const { one, two } = yield* library
          const met = yield* Deferred.make<void>()
          let arrived = 0
          const write = (id: number) =>
            Database.transaction(
              Effect.gen(function* () {
                yield* Database.update(Trial.Article.filter({ id }), { views: 77 })
                if (++arrived === 2) yield* Deferred.succeed(met, undefined)
                yield* Deferred.await(met)
              })
            )
          yield* Effect.all([write(one.id), write(two.id)], { concurrency: 2 })
          yield* equals("views", yield* Database.count(Trial.Article.filter({ views: 77 })), 2)
        })
      )
    : trial(
        "a transaction that writes waits for the one before it",
        Effect.gen(function* () {
          const { one, two } = yield* library
          const log: Array<string> = []
          const write = (name: string, id: number) =>
            Database.transaction(
              Effect.gen(function* () {
                yield* Database.update(Trial.Article.filter({ id }), { views: 77 })
                log.push(`${name} begins`)
                yield* Effect.yieldNow()
                log.push(`${name} ends`)
              })
            )
          const both = [write("a", one.id), write("b", two.id)]
          yield* inRealTime(Effect.all(both, { concurrency: 2 }))
          yield* equals("in turn", log, ["a begins", "a ends", "b begins", "b ends"])
          yield* equals("views", yield* Database.count(Trial.Article.filter({ views: 77 })), 2)
        })
      ),

  trial(
    "two transactions that wait for each other end: one conflicts, and tried again both succeed",
    Effect.gen(function* () {
      const { one, two } = yield* library
      let attempts = 0
      const add = (id: number) =>
        Database.update(Trial.Article.filter({ id }), (article) => ({
          views: article.views.add(1)
        }))
      const both = (first: number, second: number) =>
        Database.transaction(
          Effect.gen(function* () {
            attempts++
            yield* add(first)
            yield* Effect.sleep(30)
            yield* add(second)
          }),
          { retry: 20 }
        )
      yield* inRealTime(
        Effect.all([both(one.id, two.id), both(two.id, one.id)], { concurrency: 2 })
      )
      const rows = yield* Database.all(
        Trial.Article.filter({ id: [one.id, two.id] }).orderBy((article) => article.id.asc())
      )
      yield* equals(
        "views",
        rows.map((row) => row.views),
        [12, 22]
      )
      yield* holds("attempts", attempts >= 2, attempts)
    })
  ),

  trial(
    "a conflict that ends the whole transaction can not be swallowed by a nested one",
    Effect.gen(function* () {
      const { one, two } = yield* library
      const add = (id: number) =>
        Database.update(Trial.Article.filter({ id }), (article) => ({
          views: article.views.add(1)
        }))
      const outcome = (first: number, second: number, name: string) =>
        Effect.either(
          Database.transaction(
            Effect.gen(function* () {
              yield* add(first)
              yield* Effect.sleep(30)
              const inner = yield* Effect.either(Database.transaction(add(second)))
              yield* Database.insert(Trial.Tag, { name })
              return inner
            })
          )
        )
      const outcomes = yield* inRealTime(
        Effect.all([outcome(one.id, two.id, "x"), outcome(two.id, one.id, "y")], { concurrency: 2 })
      )
      const kept = yield* Database.count(Trial.Tag.filter({ name: ["x", "y"] }))
      yield* equals("tags of those that succeeded", kept, outcomes.filter(Either.isRight).length)
      for (const result of outcomes) {
        if (Either.isRight(result) && Either.isLeft(result.right)) {
          const { left } = result.right
          const ended = left instanceof TransactionConflict && left.killsTransaction
          yield* equals("the outer one goes on although it ended", ended, false)
        }
      }
    })
  ),

  trial(
    "a fiber that waits for its turn can be interrupted",
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const holder = yield* Effect.fork(
        Database.transaction(
          Effect.gen(function* () {
            yield* Database.insert(Trial.Tag, { name: "a" })
            const inner = Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(go))
            yield* Effect.all(
              [
                Database.transaction(inner),
                Effect.gen(function* () {
                  yield* Deferred.await(begun)
                  const waiting = yield* Effect.fork(Database.insert(Trial.Tag, { name: "never" }))
                  yield* Effect.yieldNow()
                  yield* Fiber.interrupt(waiting)
                  yield* Deferred.succeed(go, undefined)
                })
              ],
              { concurrency: 2 }
            )
            yield* Database.insert(Trial.Tag, { name: "b" })
          })
        )
      )
      yield* Fiber.join(holder)
      const tags = yield* Database.all(Trial.Tag.orderBy((tag) => tag.name.asc()))
      yield* equals(
        "tags",
        tags.map((tag) => tag.name),
        ["a", "b"]
      )
    })
  )
]
