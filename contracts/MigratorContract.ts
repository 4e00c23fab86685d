/**
 * What a migrator promises over any database: every migration once, in order, wholly or resumably,
 * and back again.
 */
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import * as Migration from "../src/domain/Migration.ts"
import * as Model from "../src/domain/Model.ts"
import { f } from "../src/domain/Model.ts"
import { type Capabilities, Database } from "../src/ports/Database.ts"
import type { ReadError } from "../src/ports/DatabaseError.ts"
import { Migrator, type Planned } from "../src/ports/Migrator.ts"
import { clause, type Contract, equals, failsWith } from "./Contract.ts"

// ---------------------------------------------------------------------------------------------
// Two apps, and how they grew
// ---------------------------------------------------------------------------------------------

const id: Migration.ColumnState = { name: "id", type: { _tag: "Int" }, identity: true }

const table = (
  name: string,
  columns: ReadonlyArray<Migration.ColumnState>,
  rest: Partial<Migration.TableState> = {}
): Migration.Change => ({
  _tag: "CreateTable",
  table: {
    name,
    columns: [id, ...columns],
    primaryKey: ["id"],
    uniques: [],
    indexes: [],
    checks: [],
    foreignKeys: [],
    ...rest
  }
})

const reference = (from: string, column: string, to: string): Migration.ForeignKeyState => ({
  name: `fk_${from}_${column}`,
  column,
  table: to,
  references: "id",
  onDelete: "cascade"
})

const migration = (
  app: string,
  name: string,
  dependsOn: ReadonlyArray<Migration.Id>,
  ...changes: ReadonlyArray<Migration.Change>
): Migration.Migration => Migration.make({ app, name, dependsOn, changes })

const first = migration(
  "polls",
  "0001_initial",
  [],
  table("polls_question", [{ name: "text", type: { _tag: "Text", max: 200 } }])
)

const second = migration(
  "polls",
  "0002_kind",
  [first],
  {
    _tag: "AddColumn",
    table: "polls_question",
    column: { name: "kind", type: { _tag: "Text", max: 20 }, default: "single" }
  },
  table("polls_choice", [{ name: "question_id", type: { _tag: "Int" } }], {
    indexes: [{ name: "ix_polls_choice_question_id", columns: ["question_id"] }],
    foreignKeys: [reference("polls_choice", "question_id", "polls_question")]
  })
)

const third = migration("polls", "0003_code", [second], {
  _tag: "AddColumn",
  table: "polls_question",
  column: { name: "code", type: { _tag: "Text", max: 9 }, nullable: true },
  uniques: [{ name: "uq_polls_question_code", columns: ["code"] }]
})

const blog = migration(
  "blog",
  "0001_initial",
  [second],
  table("blog_post", [{ name: "question_id", type: { _tag: "Int" }, nullable: true }], {
    indexes: [{ name: "ix_blog_post_question_id", columns: ["question_id"] }],
    foreignKeys: [reference("blog_post", "question_id", "polls_question")]
  })
)

const all = [blog, third, second, first]
const inOrder = ["polls.0001_initial", "polls.0002_kind", "blog.0001_initial", "polls.0003_code"]

const kind = second.changes.slice(0, 1)
const code = third.changes.slice(0, 1)

/** Fails at its second change where two questions have one text. */
const failing = migration(
  "polls",
  "0002_broken",
  [first],
  ...kind,
  {
    _tag: "AddUnique",
    table: "polls_question",
    unique: { name: "uq_polls_question_text", columns: ["text"] }
  },
  ...code
)
const corrected = { ...failing, changes: [...kind, ...code] }
const after = migration("polls", "0003_after", [failing], table("polls_after", []))

/** The tables as an app reads them at each time. */
const Early = Model.models("polls", {
  Question: Model.make("Question", { id: f.id(), text: f.text({ max: 200 }) })
})
const Late = Model.models("polls", {
  Question: Model.make("Question", {
    id: f.id(),
    text: f.text({ max: 200 }),
    kind: f.text({ max: 20 }).nullable()
  })
})
const Coded = Model.models("polls", {
  Question: Model.make("Question", {
    id: f.id(),
    text: f.text({ max: 200 }),
    code: f.text({ max: 9 }).nullable().unique()
  })
})

// ---------------------------------------------------------------------------------------------
// Questions
// ---------------------------------------------------------------------------------------------

const did = (plan: ReadonlyArray<Planned>): ReadonlyArray<string> =>
  plan.map(({ direction, migration }) =>
    direction === "forwards" ? Migration.idOf(migration) : `undo ${Migration.idOf(migration)}`
  )

const apply = Effect.fnUntraced(function* (
  ...parameters: Parameters<(typeof Migrator)["Service"]["apply"]>
) {
  return did(yield* (yield* Migrator).apply(...parameters))
})

const conditions = Effect.fnUntraced(function* (migrations: ReadonlyArray<Migration.Migration>) {
  const status = yield* (yield* Migrator).status(migrations)
  return Object.fromEntries(status.map((each) => [Migration.idOf(each), each.condition]))
})

const isMissing = (error: ReadError): boolean =>
  error._tag === "QueryFault" && error.kind === "schema"

/** A database that makes tables when they are first used has an empty one where others have none. */
const texts = Effect.gen(function* () {
  const db = yield* Database
  return yield* db.all(Early.Question.orderBy((q) => q.id.asc())).pipe(
    Effect.map((rows) => rows.map(({ text }) => text)),
    Effect.catchIf(isMissing, () => Effect.succeed<ReadonlyArray<string>>([]))
  )
})

/** Of each question; without the column there is none. */
const kinds = Effect.gen(function* () {
  const db = yield* Database
  return yield* db.all(Late.Question).pipe(
    Effect.map((rows) => rows.flatMap(({ kind }) => Arr.fromNullable(kind))),
    Effect.catchIf(isMissing, () => Effect.succeed<ReadonlyArray<string>>([]))
  )
})

const ask = Effect.fnUntraced(function* (...texts: ReadonlyArray<string>) {
  const db = yield* Database
  for (const text of texts) yield* db.insert(Early.Question, { text })
})

const nap = TestServices.provideLive(Effect.sleep("60 millis"))

export const contract: Contract<Migrator | Database, Capabilities> = {
  name: "Migrator",
  clauses: (can) => [
    clause(
      "apply makes tables that models write and read",
      Effect.gen(function* () {
        yield* apply([first])
        yield* ask("Which?")
        yield* equals("texts", yield* texts, ["Which?"])
      })
    ),

    clause(
      "apply keeps rows, and gives them the default of a column that comes later",
      Effect.gen(function* () {
        yield* apply([first])
        yield* ask("Which?")
        yield* equals("before", yield* kinds, [])
        yield* apply([first, second])
        yield* equals("texts", yield* texts, ["Which?"])
        yield* equals("kinds", yield* kinds, ["single"])
      })
    ),

    clause(
      "a unique that comes with a column holds",
      Effect.gen(function* () {
        const db = yield* Database
        yield* apply(all)
        yield* db.insert(Coded.Question, { text: "a", code: "x" })
        yield* failsWith(
          "the same code",
          db.insert(Coded.Question, { text: "b", code: "x" }),
          "UniqueViolation"
        )
        yield* db.insert(Coded.Question, { text: "c", code: "y" })
      })
    ),

    clause(
      "apply goes by dependencies, across apps, however the migrations are given",
      Effect.gen(function* () {
        yield* equals("done", yield* apply(all), inOrder)
      })
    ),

    clause(
      "what is applied is not applied again",
      Effect.gen(function* () {
        yield* equals("first", yield* apply(all), inOrder)
        yield* equals("second", yield* apply(all), [])
      })
    ),

    clause(
      "a migration that arrives late with a lower name is applied",
      Effect.gen(function* () {
        yield* apply([first, second, third])
        const late = migration("polls", "0000_late", [first], table("polls_late", []))
        const end = { ...second, dependsOn: [late] }
        yield* equals("done", yield* apply([first, late, end, third]), ["polls.0000_late"])
      })
    ),

    clause(
      "of six migrators at once each migration is applied by one, and all find it applied",
      Effect.gen(function* () {
        const done = yield* Effect.all(
          Array.from({ length: 6 }, () => apply(all)),
          { concurrency: "unbounded" }
        )
        yield* equals("done by all", done.flat().sort(), [...inOrder].sort())
        yield* equals("afterwards", yield* apply(all), [])
      })
    ),

    clause(
      "apply waits for whoever has the right to migrate",
      Effect.gen(function* () {
        const db = yield* Database
        const taken = yield* Deferred.make<void>()
        const finish = yield* Deferred.make<void>()
        const holder = yield* Effect.fork(
          Effect.scoped(
            Effect.gen(function* () {
              yield* db.migrationLock
              yield* Deferred.succeed(taken, undefined)
              yield* Deferred.await(finish)
            })
          )
        )
        yield* Deferred.await(taken)
        const waiting = yield* Effect.fork(apply([first]))
        yield* nap
        yield* equals("while another has it", yield* conditions([first]), {
          "polls.0001_initial": "pending"
        })
        yield* Deferred.succeed(finish, undefined)
        yield* Fiber.join(holder)
        yield* equals("afterwards", yield* Fiber.join(waiting), ["polls.0001_initial"])
      })
    ),

    clause(
      "plan tells what apply would do, and neither it nor status does it",
      Effect.gen(function* () {
        const { plan } = yield* Migrator
        const pending = Object.fromEntries(inOrder.map((name) => [name, "pending"]))
        yield* equals("plan", did(yield* plan(all)), inOrder)
        yield* equals("status", yield* conditions(all), pending)
        yield* equals("status again", yield* conditions(all), pending)
        yield* equals("apply", yield* apply(all), inOrder)
        yield* equals("plan afterwards", did(yield* plan(all)), [])
      })
    ),

    clause(
      "status tells when each migration was applied",
      Effect.gen(function* () {
        const { status } = yield* Migrator
        yield* TestClock.setTime(1_700_000_000_123)
        yield* apply([first])
        const found = (yield* status([first, second])).map(({ appliedAt, condition, name }) => [
          name,
          condition,
          appliedAt === undefined ? "never" : DateTime.formatIso(appliedAt)
        ])
        yield* equals("status", found, [
          ["0001_initial", "applied", "2023-11-14T22:13:20.123Z"],
          ["0002_kind", "pending", "never"]
        ])
      })
    ),

    clause(
      "status shows what is applied and no longer there",
      Effect.gen(function* () {
        yield* apply([first, second])
        yield* equals("status", yield* conditions([first]), {
          "polls.0001_initial": "applied",
          "polls.0002_kind": "missing"
        })
      })
    ),

    clause(
      "apply to an app applies what it needs and no more",
      Effect.gen(function* () {
        yield* equals("done", yield* apply(all, { target: { app: "blog" } }), [
          "polls.0001_initial",
          "polls.0002_kind",
          "blog.0001_initial"
        ])
      })
    ),

    clause(
      "apply to a migration, by the beginning of its name, goes so far and no further",
      Effect.gen(function* () {
        const target = { app: "polls", name: "0002" }
        yield* equals("done", yield* apply(all, { target }), [
          "polls.0001_initial",
          "polls.0002_kind"
        ])
      })
    ),

    clause(
      "apply to an earlier migration undoes what came after, with what needs it in other apps",
      Effect.gen(function* () {
        yield* apply(all)
        const target = { app: "polls", name: "0001_initial" }
        yield* equals("done", yield* apply(all, { target }), [
          "undo polls.0003_code",
          "undo blog.0001_initial",
          "undo polls.0002_kind"
        ])
        yield* equals("status", yield* conditions(all), {
          "polls.0001_initial": "applied",
          "polls.0002_kind": "pending",
          "blog.0001_initial": "pending",
          "polls.0003_code": "pending"
        })
      })
    ),

    clause(
      "rows survive going back and forth, but for the columns that went",
      Effect.gen(function* () {
        const db = yield* Database
        yield* apply(all)
        yield* db.insert(Late.Question, { text: "Which?", kind: "multi" })
        yield* apply(all, { target: { app: "polls", name: "0001" } })
        yield* equals("texts", yield* texts, ["Which?"])
        yield* equals("kinds", yield* kinds, [])
        yield* apply(all)
        yield* equals("texts again", yield* texts, ["Which?"])
        yield* equals("kinds again", yield* kinds, ["single"])
      })
    ),

    clause(
      "apply to zero leaves nothing of the app, and all can be made again",
      Effect.gen(function* () {
        yield* apply(all)
        yield* ask("Which?")
        yield* equals("before", yield* texts, ["Which?"])
        yield* equals(
          "done",
          yield* apply(all, { target: { app: "polls", name: "zero" } }),
          [...inOrder].reverse().map((name) => `undo ${name}`)
        )
        yield* equals("texts", yield* texts, [])
        yield* equals("again", yield* apply(all), inOrder)
        yield* equals("texts again", yield* texts, [])
      })
    ),

    clause(
      "a migration that was edited after it was applied stops everything, and status shows it",
      Effect.gen(function* () {
        yield* apply([first])
        const edited = { ...first, changes: [...first.changes, ...code] }
        const error = yield* failsWith("apply", apply([edited, second]), "MigrationDrift")
        yield* equals("named", error.migrations, ["polls.0001_initial"])
        yield* equals("status", yield* conditions([edited, second]), {
          "polls.0001_initial": "edited",
          "polls.0002_kind": "pending"
        })
        yield* equals("restored", yield* apply([first, second]), ["polls.0002_kind"])
      })
    ),

    clause(
      "a fake migration is recorded and changes nothing, forwards and back",
      Effect.gen(function* () {
        const target = { app: "polls", name: "0001" }
        yield* apply([first])
        yield* ask("Which?")
        const fake = { fake: true }
        yield* equals("done", yield* apply([first, second], fake), ["polls.0002_kind"])
        yield* equals("kinds", yield* kinds, [])
        yield* equals("recorded", yield* conditions([first, second]), {
          "polls.0001_initial": "applied",
          "polls.0002_kind": "applied"
        })
        yield* apply([first, second], { ...fake, target })
        yield* equals("forgotten", yield* conditions([first, second]), {
          "polls.0001_initial": "applied",
          "polls.0002_kind": "pending"
        })
        yield* apply([first, second])
        yield* apply([first, second], { ...fake, target })
        yield* equals("kept", yield* kinds, ["single"])
      })
    ),

    clause(
      "what comes after a migration that fails is not applied, what came before stays",
      Effect.gen(function* () {
        yield* apply([first])
        yield* ask("twice", "twice")
        const error = yield* failsWith("apply", apply([first, failing, after]), "MigrationFailed")
        yield* equals("migration", error.migration, "polls.0002_broken")
        yield* equals("change", error.change, "Add unique uq_polls_question_text")
        const found = yield* conditions([first, failing, after])
        yield* equals("before", found["polls.0001_initial"], "applied")
        yield* equals("after", found["polls.0003_after"], "pending")
        yield* equals("rows", yield* texts, ["twice", "twice"])
      })
    ),

    can.rollsBackSchema
      ? clause(
          "of a migration that fails nothing remains",
          Effect.gen(function* () {
            yield* apply([first])
            yield* ask("twice", "twice")
            const error = yield* failsWith("apply", apply([first, failing]), "MigrationFailed")
            yield* equals("kept", error.kept, 0)
            yield* equals("kinds", yield* kinds, [])
            yield* equals("status", yield* conditions([first, failing]), {
              "polls.0001_initial": "applied",
              "polls.0002_broken": "pending"
            })
          })
        )
      : clause(
          "a migration that fails is shown as stopped, and what it made stays",
          Effect.gen(function* () {
            yield* apply([first])
            yield* ask("twice", "twice")
            const error = yield* failsWith("apply", apply([first, failing]), "MigrationFailed")
            yield* equals("kept", error.kept, 1)
            yield* equals("kinds", yield* kinds, ["single", "single"])
            yield* equals("status", yield* conditions([first, failing]), {
              "polls.0001_initial": "applied",
              "polls.0002_broken": "partial"
            })
          })
        ),

    clause(
      "a migration that failed is applied wholly once it is corrected",
      Effect.gen(function* () {
        const db = yield* Database
        yield* apply([first])
        yield* ask("twice", "twice")
        yield* failsWith("apply", apply([first, failing]), "MigrationFailed")
        yield* equals("done", yield* apply([first, corrected]), ["polls.0002_broken"])
        yield* equals("kinds", yield* kinds, ["single", "single"])
        yield* db.insert(Coded.Question, { text: "coded", code: "x" })
        yield* equals("status", yield* conditions([first, corrected]), {
          "polls.0001_initial": "applied",
          "polls.0002_broken": "applied"
        })
        yield* equals("again", yield* apply([first, corrected]), [])
      })
    ),

    clause(
      "after a failure the way back to zero is free",
      Effect.gen(function* () {
        yield* apply([first])
        yield* ask("twice", "twice")
        yield* failsWith("apply", apply([first, failing]), "MigrationFailed")
        yield* apply([first, failing], { target: { app: "polls", name: "zero" } })
        yield* equals("texts", yield* texts, [])
        yield* equals("again", yield* apply([first, failing]), [
          "polls.0001_initial",
          "polls.0002_broken"
        ])
      })
    ),

    clause(
      "an app or a migration that is not there is refused, with those that are",
      Effect.gen(function* () {
        const { plan } = yield* Migrator
        const app = yield* failsWith("app", plan(all, { app: "pols" }), "MigrationUnknown")
        yield* equals("apps", [...app.choices].sort(), ["blog", "polls"])
        const target = { app: "polls", name: "0009" }
        const name = yield* failsWith("name", apply(all, { target }), "MigrationUnknown")
        yield* equals("names", name.choices, ["zero", "0001_initial", "0002_kind", "0003_code"])
        yield* failsWith("several", plan(all, { app: "polls", name: "000" }), "MigrationUnknown")
        yield* equals("nothing done", yield* apply(all), inOrder)
      })
    ),

    clause(
      "migrations that do not fit together are refused before anything is done",
      Effect.gen(function* () {
        const { plan, status } = yield* Migrator
        const missing = yield* failsWith("missing", apply([second]), "GraphFault")
        yield* equals("kind", missing.kind, "missing")
        const fork = migration("polls", "0002_other", [first], table("polls_other", []))
        const leaves = yield* failsWith("leaves", apply([first, second, fork]), "GraphFault")
        yield* equals("kind", leaves.kind, "leaves")
        yield* failsWith("plan", plan([second]), "GraphFault")
        yield* failsWith("status", status([second]), "GraphFault")
        yield* equals("nothing done", yield* apply(all), inOrder)
      })
    ),

    clause(
      "progress is told before and after each migration, with the time between",
      Effect.gen(function* () {
        const told = yield* Ref.make<ReadonlyArray<string>>([])
        yield* apply([first, second], {
          onProgress: ({ _tag, millis, planned }) =>
            Effect.zipRight(
              Ref.update(told, (lines) => [
                ...lines,
                `${_tag} ${planned.direction} ${planned.migration.name} ${millis}`
              ]),
              // What the clock gains between the two is the migration's time.
              _tag === "Started" ? TestClock.adjust(7) : Effect.void
            )
        })
        yield* equals("told", yield* Ref.get(told), [
          "Started forwards 0001_initial 0",
          "Finished forwards 0001_initial 7",
          "Started forwards 0002_kind 0",
          "Finished forwards 0002_kind 7"
        ])
      })
    )
  ]
}
