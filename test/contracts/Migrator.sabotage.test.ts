/** For every clause of the Migrator contract, a wrong migrator that it catches. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Struct } from "effect"
import { contract } from "../../contracts/MigratorContract.ts"
import { run } from "../../contracts/run.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import * as Migration from "../../src/domain/Migration.ts"
import * as Database from "../../src/ports/Database.ts"
import * as Migrator from "../../src/ports/Migrator.ts"

/** A database that keeps what a failed change of structure left, as MySQL does. */
const keeping: Database.Capabilities = { ...Sqlite.capabilities, rollsBackSchema: false }

interface Wrong {
  readonly what: string
  /** Wrong under the migrator. */
  readonly database?: (db: Database.Service) => Partial<Database.Service>
  /** Wrong in place of the migrator. */
  readonly migrator?: (right: Migrator.Service) => Partial<Migrator.Service>
  readonly capabilities?: Database.Capabilities
  readonly breaks: ReadonlyArray<string>
}

const trial = ({ capabilities = Sqlite.capabilities, database, migrator }: Partial<Wrong>) => {
  const declared = Layer.effect(
    Database.Database,
    Effect.map(Database.Database, (db): Database.Service => ({ ...db, capabilities }))
  ).pipe(Layer.provide(Sqlite.layer({ filename: ":memory:" })))
  const made = Layer.effect(
    Migrator.Migrator,
    Effect.map(Database.Database, (db): Migrator.Service => {
      const right = Migrator.make({ ...db, ...database?.(db) })
      return { ...right, ...migrator?.(right) }
    })
  )
  return Effect.map(
    run(contract, { name: "sabotage", capabilities, layer: Layer.provideMerge(made, declared) }),
    (verdicts) =>
      verdicts.filter(({ exit }) => Exit.isFailure(exit)).map((verdict) => verdict.clause)
  )
}

/** Changes each change of structure, or leaves it out. */
const altering =
  (change: (change: Migration.Change) => Migration.Change | undefined) =>
  (db: Database.Service): Partial<Database.Service> => ({
    withSession: (options, use) =>
      db.withSession(options, (session) =>
        use({
          ...session,
          alter: (each) => {
            const altered = change(each)
            return altered === undefined ? Effect.void : session.alter(altered)
          }
        })
      )
  })

const makes = "apply makes tables that models write and read"
const keeps = "apply keeps rows, and gives them the default of a column that comes later"
const unique = "a unique that comes with a column holds"
const order = "apply goes by dependencies, across apps, however the migrations are given"
const once = "what is applied is not applied again"
const late = "a migration that arrives late with a lower name is applied"
const six = "of six migrators at once each migration is applied by one, and all find it applied"
const waits = "apply waits for whoever has the right to migrate"
const plans = "plan tells what apply would do, and neither it nor status does it"
const when = "status tells when each migration was applied"
const missing = "status shows what is applied and no longer there"
const toApp = "apply to an app applies what it needs and no more"
const toName = "apply to a migration, by the beginning of its name, goes so far and no further"
const back =
  "apply to an earlier migration undoes what came after, with what needs it in other apps"
const forth = "rows survive going back and forth, but for the columns that went"
const zero = "apply to zero leaves nothing of the app, and all can be made again"
const edited =
  "a migration that was edited after it was applied stops everything, and status shows it"
const fake = "a fake migration is recorded and changes nothing, forwards and back"
const stops = "what comes after a migration that fails is not applied, what came before stays"
const nothing = "of a migration that fails nothing remains"
const stopped = "a migration that fails is shown as stopped, and what it made stays"
const corrected = "a migration that failed is applied wholly once it is corrected"
const free = "after a failure the way back to zero is free"
const unknown = "an app or a migration that is not there is refused, with those that are"
const graph = "migrations that do not fit together are refused before anything is done"
const progress = "progress is told before and after each migration, with the time between"

const wrongs: ReadonlyArray<Wrong> = [
  {
    what: "records and makes nothing",
    migrator: ({ apply }) => ({
      apply: (migrations, options) => apply(migrations, { ...options, fake: true })
    }),
    breaks: [makes, keeps, unique, forth, zero, fake, stops, nothing, corrected, free]
  },
  {
    what: "forgets the defaults of new columns",
    database: altering((change) =>
      change._tag === "AddColumn"
        ? {
            ...change,
            column: { name: change.column.name, type: change.column.type, nullable: true }
          }
        : change
    ),
    breaks: [keeps, forth, fake, corrected]
  },
  {
    what: "leaves uniques out",
    database: altering((change) =>
      change._tag === "AddColumn" ? Struct.omit(change, "uniques") : change
    ),
    breaks: [unique, back, forth, zero]
  },
  {
    what: "tells the last first",
    migrator: ({ apply }) => ({
      apply: (migrations, options) =>
        Effect.map(apply(migrations, options), (done) => [...done].reverse())
    }),
    breaks: [order, once, plans, toApp, toName, back, zero, free, unknown, graph]
  },
  {
    what: "forgets what it applied",
    database: () => ({ insert: () => Effect.succeed({} as never) }),
    breaks: [
      keeps,
      once,
      late,
      six,
      plans,
      when,
      missing,
      back,
      forth,
      zero,
      edited,
      fake,
      stops,
      nothing,
      corrected,
      free
    ]
  },
  {
    what: "knows a highest number",
    migrator: ({ apply, status }) => ({
      apply: (migrations, options) =>
        Effect.gen(function* () {
          const applied = (yield* status(migrations)).filter(
            ({ condition }) => condition === "applied"
          )
          const isLate = ({ app, name }: Migration.Id) =>
            applied.some((each) => each.app === app && each.name > name) &&
            !applied.some((each) => each.app === app && each.name === name)
          if (options?.target === undefined && migrations.some(isLate)) return []
          return yield* apply(migrations, options)
        })
    }),
    breaks: [late]
  },
  {
    what: "takes no lock",
    database: () => ({ migrationLock: Effect.void }),
    breaks: [six, waits]
  },
  {
    what: "plans by doing",
    migrator: ({ apply }) => ({
      plan: (migrations, target) =>
        Effect.catchTags(apply(migrations, target === undefined ? {} : { target }), {
          MigrationFailed: Effect.die,
          UniqueViolation: Effect.die,
          ForeignKeyViolation: Effect.die,
          NotNullViolation: Effect.die,
          CheckViolation: Effect.die,
          ValueRejected: Effect.die
        })
    }),
    breaks: [plans]
  },
  {
    what: "has no clock",
    migrator: ({ status }) => ({
      status: (migrations) =>
        Effect.map(status(migrations), (all) =>
          all.map(({ app, condition, name }) => ({ app, name, condition }))
        )
    }),
    breaks: [when]
  },
  {
    what: "shows files alone",
    migrator: ({ status }) => ({
      status: (migrations) =>
        Effect.map(status(migrations), (all) =>
          all.filter(({ condition }) => condition !== "missing")
        )
    }),
    breaks: [missing]
  },
  {
    what: "goes everywhere, whatever the target",
    migrator: ({ apply }) => ({
      apply: (migrations, options = {}) => apply(migrations, Struct.omit(options, "target"))
    }),
    breaks: [toApp, toName, back, forth, zero, fake, free, unknown]
  },
  {
    what: "wants whole names",
    migrator: ({ apply }) => ({
      apply: (migrations, options = {}) =>
        options.target?.name === undefined ||
        options.target.name === "zero" ||
        migrations.some(({ name }) => name === options.target?.name)
          ? apply(migrations, options)
          : Effect.fail(
              new Migrator.MigrationUnknown({
                app: options.target.app,
                migration: options.target.name,
                choices: [
                  "zero",
                  ...migrations
                    .filter(({ app }) => app === options.target?.app)
                    .map(({ name }) => name)
                    .sort()
                ]
              })
            )
    }),
    breaks: [toName, forth, fake]
  },
  {
    what: "goes back in its own app alone",
    migrator: ({ apply }) => ({
      apply: (migrations, options = {}) =>
        options.target?.name === undefined
          ? apply(migrations, options)
          : apply(
              migrations.filter(({ app }) => app === options.target?.app),
              options
            )
    }),
    breaks: [back, zero]
  },
  {
    what: "keeps columns on the way back",
    database: altering((change) => (change._tag === "DropColumn" ? undefined : change)),
    breaks: [forth]
  },
  {
    what: "keeps tables on the way back",
    database: altering((change) => (change._tag === "DropTable" ? undefined : change)),
    breaks: [forth, zero, free]
  },
  {
    what: "does not notice edits",
    migrator: ({ apply, status }) => ({
      apply: (migrations, options) =>
        Effect.catchTag(apply(migrations, options), "MigrationDrift", () => Effect.succeed([])),
      status: (migrations) =>
        Effect.map(status(migrations), (all) =>
          all.map((each) =>
            each.condition === "edited" ? { ...each, condition: "applied" as const } : each
          )
        )
    }),
    breaks: [edited]
  },
  {
    what: "makes what is fake",
    migrator: ({ apply }) => ({
      apply: (migrations, options = {}) => apply(migrations, Struct.omit(options, "fake"))
    }),
    breaks: [fake]
  },
  {
    what: "goes on after a failure",
    migrator: ({ apply }) => ({
      apply: (migrations, options) =>
        Effect.tapErrorTag(apply(migrations, options), "MigrationFailed", (failed) =>
          apply(
            migrations.map((each) =>
              Migration.idOf(each) === failed.migration ? { ...each, changes: [] } : each
            ),
            options
          )
        )
    }),
    breaks: [stops, nothing, corrected, free]
  },
  {
    what: "uses no transaction",
    database: () => ({ transaction: (effect) => effect }),
    breaks: [nothing, corrected]
  },
  {
    what: "rolls back where it should go on",
    capabilities: keeping,
    database: () => ({ capabilities: Sqlite.capabilities }),
    breaks: [stopped]
  },
  {
    what: "does not record its steps",
    capabilities: keeping,
    database: () => ({ update: () => Effect.succeed(0) }),
    breaks: [
      keeps,
      once,
      late,
      six,
      plans,
      when,
      missing,
      back,
      forth,
      zero,
      edited,
      fake,
      stops,
      stopped,
      corrected,
      free
    ]
  },
  {
    what: "refuses without choices",
    migrator: ({ apply, plan }) => {
      const bare = <A, E, R>(effect: Effect.Effect<A, E | Migrator.MigrationUnknown, R>) =>
        Effect.mapError(effect, (error) =>
          error instanceof Migrator.MigrationUnknown
            ? new Migrator.MigrationUnknown({ app: error.app, choices: [] })
            : error
        )
      return {
        apply: (migrations, options) => bare(apply(migrations, options)),
        plan: (migrations, target) => bare(plan(migrations, target))
      }
    },
    breaks: [unknown]
  },
  {
    what: "takes what does not fit together for nothing to do",
    migrator: ({ apply }) => ({
      apply: (migrations, options) =>
        Effect.catchTag(apply(migrations, options), "GraphFault", () => Effect.succeed([]))
    }),
    breaks: [graph]
  },
  {
    what: "works in silence",
    migrator: ({ apply }) => ({
      apply: (migrations, options = {}) => apply(migrations, Struct.omit(options, "onProgress"))
    }),
    breaks: [progress]
  }
]

describe("the Migrator contract", () => {
  for (const capabilities of [Sqlite.capabilities, keeping]) {
    it.live(
      `is met where the structure ${capabilities.rollsBackSchema ? "rolls back" : "stays"}`,
      () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* trial({ capabilities }), [])
        })
    )
  }

  for (const wrong of wrongs) {
    it.live(`catches a migrator that ${wrong.what}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* trial(wrong), wrong.breaks)
      })
    )
  }

  it("has no clause that nothing breaks", () => {
    const broken = new Set(wrongs.flatMap(({ breaks }) => breaks))
    const clauses = [Sqlite.capabilities, keeping].flatMap((can) => contract.clauses(can))
    assert.deepStrictEqual(
      [...new Set(clauses.map(({ name }) => name))].filter((name) => !broken.has(name)),
      []
    )
  })
})
