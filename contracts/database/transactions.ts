/** What happens together, what is undone, and what may not go unnoticed. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Model from "../../src/domain/Model.ts"
import * as Database from "../../src/ports/Database.ts"
import { TransactionConflict } from "../../src/ports/DatabaseError.ts"
import { equals, failsWith, holds } from "../Contract.ts"
import { library, Trial, trial } from "./models.ts"

const tag = (name: string) => Database.insert(Trial.Tag, { name })

const tags = Effect.map(Database.all(Trial.Tag.orderBy((row) => row.name.asc())), (rows) =>
  rows.map((row) => row.name)
)

/** A failure of the effect itself, no database's. */
class Refused {
  readonly _tag = "Refused"
}
const refuse = Effect.fail(new Refused())

/** Pauses between attempts are waited for in real time, not on the clause's clock. */
const inRealTime = Effect.withClock(Clock.make())

const conflict = Effect.fail(
  new TransactionConflict({ kind: "serialization", killsTransaction: false })
)

export const transactions = (can: Database.Capabilities) => [
  trial(
    "a transaction that succeeds keeps its writes and answers its value",
    Effect.gen(function* () {
      const answer = yield* Database.transaction(
        Effect.zipRight(
          tag("a"),
          Effect.map(tag("b"), (row) => row.name)
        )
      )
      yield* equals("answer", answer, "b")
      yield* equals("tags", yield* tags, ["a", "b"])
    })
  ),

  trial(
    "a transaction sees its own writes",
    Database.transaction(
      Effect.gen(function* () {
        yield* tag("a")
        yield* equals("inserted", yield* tags, ["a"])
        yield* Database.update(Trial.Tag, { name: "b" })
        yield* equals("updated", yield* tags, ["b"])
        yield* Database.delete(Trial.Tag)
        yield* equals("deleted", yield* tags, [])
      })
    )
  ),

  trial(
    "a transaction that fails keeps nothing and fails the same way",
    Effect.gen(function* () {
      yield* tag("before")
      yield* failsWith(
        "transaction",
        Database.transaction(
          Effect.gen(function* () {
            yield* tag("a")
            yield* Database.update(Trial.Tag.filter({ name: "before" }), { name: "after" })
            yield* equals("within", yield* tags, ["a", "after"])
            return yield* refuse
          })
        ),
        "Refused"
      )
      yield* equals("tags", yield* tags, ["before"])
    })
  ),

  trial(
    "a transaction that dies keeps nothing and dies the same way",
    Effect.gen(function* () {
      const defect = new Error("a defect of the program")
      const exit = yield* Effect.exit(
        Database.transaction(Effect.zipRight(tag("a"), Effect.die(defect)))
      )
      yield* equals("exit", exit, Exit.die(defect))
      yield* equals("tags", yield* tags, [])
      yield* Database.transaction(tag("later"))
      yield* equals("later", yield* tags, ["later"])
    })
  ),

  trial(
    "a transaction that is interrupted keeps nothing and gives its connection back",
    Effect.gen(function* () {
      for (let i = 0; i < 20; i++) {
        const begun = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(
          Database.transaction(
            Effect.zipRight(
              tag("a"),
              Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
            )
          )
        )
        yield* Deferred.await(begun)
        const exit = yield* Fiber.interrupt(fiber)
        yield* holds("interrupted", Exit.isInterrupted(exit), exit)
      }
      yield* equals("tags", yield* tags, [])
      const { ok, inUse, waiting } = yield* Database.health
      yield* equals("connections", [ok, inUse, waiting], [true, 0, 0])
      yield* tag("later")
      yield* equals("later", yield* tags, ["later"])
    })
  ),

  trial(
    "a nested transaction that fails undoes its own writes alone",
    Effect.gen(function* () {
      yield* Database.transaction(
        Effect.gen(function* () {
          yield* tag("a")
          const inner = Effect.zipRight(tag("b"), refuse)
          yield* failsWith("inner", Database.transaction(inner), "Refused")
          yield* equals("within", yield* tags, ["a"])
          yield* Database.transaction(tag("c"))
        })
      )
      yield* equals("tags", yield* tags, ["a", "c"])
    })
  ),

  trial(
    "a transaction that fails undoes the nested ones that succeeded",
    Effect.gen(function* () {
      const inner = Effect.zipRight(Database.transaction(tag("a")), tag("b"))
      yield* failsWith("outer", Database.transaction(Effect.zipRight(inner, refuse)), "Refused")
      yield* equals("tags", yield* tags, [])
      yield* Database.transaction(Database.transaction(Database.transaction(tag("deep"))))
      yield* equals("deep", yield* tags, ["deep"])
    })
  ),

  trial(
    "nested transactions that run at the same time do not undo each other",
    Effect.gen(function* () {
      const failing = Database.transaction(
        Effect.zipRight(tag("undone"), Effect.zipRight(Effect.yieldNow(), refuse))
      )
      const fine = (name: string) =>
        Database.transaction(Effect.zipRight(tag(name), Effect.yieldNow()))
      yield* Database.transaction(
        Effect.all(
          [fine("a"), Effect.ignore(failing), fine("b"), Effect.ignore(failing), tag("c")],
          {
            concurrency: "unbounded"
          }
        )
      )
      yield* equals("tags", yield* tags, ["a", "b", "c"])
    })
  ),

  trial(
    "a statement of the outer transaction waits for the nested one",
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      yield* Database.transaction(
        Effect.gen(function* () {
          const inner = yield* Effect.fork(
            Effect.ignore(
              Database.transaction(
                Effect.gen(function* () {
                  yield* tag("inner")
                  yield* Deferred.succeed(begun, undefined)
                  yield* Deferred.await(go)
                  return yield* refuse
                })
              )
            )
          )
          yield* Deferred.await(begun)
          const outer = yield* Effect.fork(tag("outer"))
          yield* Effect.yieldNow()
          yield* Deferred.succeed(go, undefined)
          yield* Fiber.join(inner)
          yield* Fiber.join(outer)
        })
      )
      yield* equals("tags", yield* tags, ["outer"])
    })
  ),

  trial(
    "a transaction whose statement failed is not committed, even if the failure is swallowed",
    Effect.gen(function* () {
      yield* tag("a")
      const swallowed = Database.transaction(Effect.zipRight(tag("b"), Effect.ignore(tag("a"))))
      const fault = yield* failsWith("transaction", swallowed, "QueryFault")
      yield* equals("kind", fault.kind, "aborted")
      yield* equals("tags", yield* tags, ["a"])
    })
  ),

  trial(
    "after a statement failed the transaction takes no further one",
    Effect.gen(function* () {
      yield* tag("a")
      const goesOn = Database.transaction(
        Effect.gen(function* () {
          yield* failsWith("first", tag("a"), "UniqueViolation")
          const fault = yield* failsWith("next", tags, "QueryFault")
          yield* equals("kind", fault.kind, "aborted")
          const nested = yield* failsWith("nested", Database.transaction(tags), "QueryFault")
          yield* equals("kind", nested.kind, "aborted")
          return yield* refuse
        })
      )
      yield* failsWith("transaction", goesOn, "Refused")
      yield* equals("tags", yield* tags, ["a"])
    })
  ),

  trial(
    "a nested transaction contains the failure of its statements",
    Effect.gen(function* () {
      yield* tag("a")
      yield* Database.transaction(
        Effect.gen(function* () {
          const inner = Database.transaction(Effect.zipRight(tag("b"), tag("a")))
          yield* failsWith("inner", inner, "UniqueViolation")
          yield* tag("c")
        })
      )
      yield* equals("tags", yield* tags, ["a", "c"])
    })
  ),

  trial(
    "a value that is refused early leaves the transaction usable",
    Effect.gen(function* () {
      yield* Database.transaction(
        Effect.gen(function* () {
          yield* tag("a")
          yield* failsWith("too long", tag("x".repeat(41)), "ValueRejected")
          yield* tag("b")
        })
      )
      yield* equals("tags", yield* tags, ["a", "b"])
    })
  ),

  trial(
    "a fiber that outlives its transaction is refused",
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const late = yield* Database.transaction(
        Effect.zipRight(
          tag("a"),
          Effect.forkDaemon(Effect.zipRight(Deferred.await(go), tag("late")))
        )
      )
      yield* Deferred.succeed(go, undefined)
      const fault = yield* failsWith("late", Fiber.join(late), "QueryFault")
      yield* equals("kind", fault.kind, "closed")
      yield* equals("tags", yield* tags, ["a"])
    })
  ),

  trial(
    "detached work runs outside the transaction",
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const outside = Database.detached(Effect.zipRight(Deferred.await(go), tag("detached")))
      const fiber = yield* Database.transaction(
        Effect.zipRight(tag("a"), Effect.forkDaemon(outside))
      )
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(fiber)
      yield* equals("tags", yield* tags, ["a", "detached"])
      const seen = Database.transaction(Effect.zipRight(tag("b"), Database.detached(tags)))
      yield* equals("seen from outside", yield* seen, ["a", "detached"])
    })
  ),

  trial(
    "onCommit runs after the commit, in order, at once outside of a transaction",
    Effect.gen(function* () {
      const log: Array<string> = []
      const note = (text: string) => Database.onCommit(Effect.sync(() => log.push(text)))
      yield* Database.transaction(
        Effect.gen(function* () {
          yield* tag("a")
          yield* note("first")
          yield* Database.transaction(note("nested"))
          yield* Database.onCommit(Effect.map(tags, (names) => log.push(...names)))
          yield* equals("before the commit", log, [])
        })
      )
      yield* equals("after", log, ["first", "nested", "a"])
      yield* note("now")
      yield* equals("outside", log, ["first", "nested", "a", "now"])
    })
  ),

  trial(
    "onCommit does not run for what is undone",
    Effect.gen(function* () {
      const log: Array<string> = []
      const note = (text: string) => Database.onCommit(Effect.sync(() => log.push(text)))
      yield* Effect.ignore(Database.transaction(Effect.zipRight(note("failed"), refuse)))
      yield* Database.transaction(
        Effect.zipRight(
          Effect.ignore(Database.transaction(Effect.zipRight(note("undone"), refuse))),
          Effect.zipRight(tag("kept"), note("kept"))
        )
      )
      yield* equals("log", log, ["kept"])
      yield* equals("tags", yield* tags, ["kept"])
    })
  ),

  trial(
    "an onCommit that fails does not undo the transaction, nor stop the next one",
    Effect.gen(function* () {
      const log: Array<string> = []
      yield* Database.transaction(
        Effect.gen(function* () {
          yield* tag("a")
          yield* Database.onCommit(Effect.fail("no"))
          yield* Database.onCommit(Effect.die("no"))
          yield* Database.onCommit(Effect.sync(() => log.push("next")))
        })
      ).pipe(Logger.withMinimumLogLevel(LogLevel.None))
      yield* equals("tags", yield* tags, ["a"])
      yield* equals("next", log, ["next"])
    })
  ),

  trial(
    "a read-only transaction reads and refuses writes",
    Effect.gen(function* () {
      yield* tag("a")
      const reads = Database.transaction(tags, { readOnly: true })
      yield* equals("read", yield* reads, ["a"])
      const writes = Database.transaction(tag("b"), { readOnly: true })
      const fault = yield* failsWith("write", writes, "QueryFault")
      yield* equals("kind", fault.kind, "readOnly")
      yield* equals("tags", yield* tags, ["a"])
      const nested = Database.transaction(
        Effect.zipRight(Effect.either(Database.transaction(tag("c"), { readOnly: true })), tag("d"))
      )
      yield* nested
      yield* equals("nested", yield* tags, ["a", "d"])
    })
  ),

  ...(["read committed", "repeatable read", "serializable"] as const).map((isolation) =>
    can.isolation.includes(isolation)
      ? trial(
          `a transaction runs with the isolation "${isolation}"`,
          Effect.gen(function* () {
            yield* Database.transaction(tag("a"), { isolation })
            yield* equals("tags", yield* tags, ["a"])
            const undone = Database.transaction(Effect.zipRight(tag("b"), refuse), { isolation })
            yield* failsWith("failing", undone, "Refused")
            yield* equals("tags", yield* tags, ["a"])
          })
        )
      : trial(
          `the isolation "${isolation}" is refused`,
          Effect.gen(function* () {
            const fault = yield* failsWith(
              "transaction",
              Database.transaction(tag("a"), { isolation }),
              "QueryFault"
            )
            yield* equals("kind", fault.kind, "unsupported")
            yield* equals("tags", yield* tags, [])
          })
        )
  ),

  trial(
    "the isolation of a nested transaction is refused",
    Effect.gen(function* () {
      const [isolation] = can.isolation
      const nested = Database.transaction(
        Effect.either(Database.transaction(tag("a"), { isolation: isolation! }))
      )
      yield* holds("refused", (yield* nested)._tag === "Left")
      yield* Database.transaction(tag("b"), { isolation: isolation! })
      yield* equals("tags", yield* tags, ["b"])
    })
  ),

  trial(
    "a transaction is tried again after a conflict, and the failed attempts leave nothing",
    Effect.gen(function* () {
      let attempts = 0
      const third = Effect.gen(function* () {
        attempts++
        yield* tag(`attempt ${attempts}`)
        return attempts < 3 ? yield* conflict : attempts
      })
      const answer = yield* inRealTime(Database.transaction(third, { retry: 5 }))
      yield* equals("answer", answer, 3)
      yield* equals("tags", yield* tags, ["attempt 3"])
    })
  ),

  trial(
    "a transaction is tried again after conflicts alone, and not for ever",
    Effect.gen(function* () {
      let attempts = 0
      const counted = Effect.suspend(() => tag(`attempt ${++attempts}`))
      const always = Database.transaction(Effect.zipRight(counted, conflict), { retry: 2 })
      yield* failsWith("always", inRealTime(always), "TransactionConflict")
      yield* equals("attempts", attempts, 3)
      attempts = 0
      const once = Database.transaction(Effect.zipRight(counted, conflict))
      yield* failsWith("without retry", inRealTime(once), "TransactionConflict")
      yield* equals("attempts", attempts, 1)
      attempts = 0
      const other = Database.transaction(Effect.zipRight(counted, refuse), { retry: 2 })
      yield* failsWith("another failure", inRealTime(other), "Refused")
      yield* equals("attempts", attempts, 1)
      yield* tag("kept")
      yield* equals("tags", yield* tags, ["kept"])
    })
  ),

  trial(
    "withSession speaks to the connection of the transaction, and its failure dooms it",
    Effect.gen(function* () {
      const { one } = yield* library
      const title = "from the session"
      const change = Database.withSession({ readOnly: false }, (session) =>
        session.execute(Model.registryOf(Trial), {
          _tag: "Update",
          model: "portico_contract.Article",
          set: [["title", { _tag: "Literal", value: title, type: { _tag: "Text" } }]],
          where: {
            _tag: "Compare",
            operator: "eq",
            left: { _tag: "Column", path: ["id"] },
            right: { _tag: "Literal", value: one.id, type: { _tag: "Int" } }
          }
        })
      )
      const seen = Effect.map(
        Database.one(Trial.Article.filter({ id: one.id })),
        (row) => row.title
      )
      const within = Database.transaction(Effect.zipRight(change, Effect.zipRight(seen, refuse)))
      yield* failsWith("undone", within, "Refused")
      yield* equals("undone", yield* seen, "One")
      yield* Database.transaction(change)
      yield* equals("kept", yield* seen, title)
      const failing = Effect.ignore(Database.withSession({ readOnly: false }, () => refuse))
      const doomed = Database.transaction(Effect.zipRight(tag("x"), failing))
      const fault = yield* failsWith("doomed", doomed, "QueryFault")
      yield* equals("kind", fault.kind, "aborted")
    })
  ),

  can.speaksSql
    ? trial(
        "raw SQL runs on the connection of the transaction",
        Effect.gen(function* () {
          const remove = Database.withSession({ readOnly: false }, (session) =>
            session.raw("DELETE FROM portico_contract_tag", [])
          )
          yield* tag("a")
          yield* failsWith(
            "undone",
            Database.transaction(Effect.zipRight(remove, refuse)),
            "Refused"
          )
          yield* equals("kept", yield* tags, ["a"])
          yield* Database.transaction(remove)
          yield* equals("deleted", yield* tags, [])
          const nonsense = Database.withSession({ readOnly: true }, (session) =>
            session.raw("SELEC nonsense", [])
          )
          const fault = yield* failsWith("nonsense", nonsense, "QueryFault")
          yield* equals("kind", fault.kind, "syntax")
        })
      )
    : trial(
        "raw SQL is refused",
        Effect.gen(function* () {
          const raw = Database.withSession({ readOnly: true }, (session) =>
            session.raw("SELECT 1", [])
          )
          const fault = yield* failsWith("raw", raw, "QueryFault")
          yield* equals("kind", fault.kind, "unsupported")
          yield* tag("a")
          yield* equals("tags", yield* tags, ["a"])
        })
      )
]
