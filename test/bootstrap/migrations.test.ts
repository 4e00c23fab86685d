/** The work behind makemigrations, migrate, showmigrations and sqlmigrate. */
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Layer } from "effect"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { runInThisContext } from "node:vm"
import * as Memory from "../../src/adapters/db/Memory.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import type { App } from "../../src/bootstrap/internal/migrationFiles.ts"
import * as Work from "../../src/bootstrap/internal/migrations.ts"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import { f } from "../../src/domain/Model.ts"
import * as Migrator from "../../src/ports/Migrator.ts"

/** Printed files import "portico", which a temporary directory does not have: their data is enough. */
const loadModule: Work.LoadModule = async (path) => {
  const text = await readFile(path, "utf8")
  const data = text.slice(text.indexOf("Migration.make(") + "Migration.make".length)
  return { default: runInThisContext(data) }
}

const workshop = Effect.gen(function* () {
  const root = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "portico-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true }))
  )
  const app = (
    name: string,
    models: Model.AnyModels | undefined,
    migrations: ReadonlyArray<Migration.Migration> = []
  ): App => ({ name, directory: pathToFileURL(join(root, name, "/")), models, migrations })
  const files = (name: string) =>
    Effect.promise(() => readdir(join(root, name, "migrations")).catch(() => []))
  return { app, files, root }
})

/** What is printed while the effect runs, as lines. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const real = yield* Console.consoleWith(Effect.succeed)
    const log = (...words: ReadonlyArray<unknown>) =>
      Effect.sync(() => void lines.push(...words.join(" ").split("\n")))
    const exit = yield* Effect.exit(Effect.withConsole(effect, { ...real, log }))
    return { exit, lines }
  })

const work = (apps: ReadonlyArray<App>, options?: Work.MakeOptions) =>
  Work.makemigrations(apps, loadModule, options)

/** Without what it prints. */
const make = (...parameters: Parameters<typeof work>) =>
  Effect.flatMap(printed(work(...parameters)), ({ exit }) => exit)

const ids = (made: ReadonlyArray<Work.Made>) =>
  made.map(({ migration }) => Migration.idOf(migration))

const Question = Model.make("Question", { id: f.id(), text: f.text({ max: 200 }) })
const Polls = Model.models("polls", { Question })
const DatedQuestion = Model.make("Question", {
  id: f.id(),
  text: f.text({ max: 200 }),
  closesOn: f.date().nullable()
})
const Dated = Model.models("polls", { Question: DatedQuestion })
const Post = Model.make("Post", {
  id: f.id(),
  question: f.belongsTo(Question, { nullable: true })
})
const Blog = Model.models("blog", { Post }, { uses: [Polls] })

describe("makemigrations", () => {
  it.scoped("writes what is missing, once", () =>
    Effect.gen(function* () {
      const { app, files, root } = yield* workshop
      const polls = app("polls", Polls)
      const { exit, lines } = yield* printed(work([polls]))
      assert.strictEqual(exit._tag, "Success")
      assert.match(lines[0] ?? "", /^polls {2}.*polls\/migrations\/0001_initial\.ts$/)
      assert.deepStrictEqual(lines.slice(1), [
        "  + Create table polls_question",
        "Apply with portico migrate."
      ])
      assert.deepStrictEqual(yield* files("polls"), ["0001_initial.ts"])
      assert.deepStrictEqual((yield* printed(work([polls, polls]))).lines, ["No changes."])
      assert.deepStrictEqual(yield* files("polls"), ["0001_initial.ts"])

      const made = yield* make([app("polls", Dated)])
      assert.deepStrictEqual(ids(made), ["polls.0002_polls_question_closes_on"])
      assert.deepStrictEqual(made[0]?.migration.dependsOn, [{ app: "polls", name: "0001_initial" }])
      assert.strictEqual(
        made[0]?.path,
        join(root, "polls/migrations/0002_polls_question_closes_on.ts")
      )
      assert.deepStrictEqual((yield* printed(work([app("polls", Dated)]))).lines, ["No changes."])
    })
  )

  it.scoped("says which lines lose data", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      yield* make([app("polls", Dated)])
      const { lines } = yield* printed(work([app("polls", Polls)]))
      assert.include(lines, "  - Drop column polls_question.closes_on (its data is lost)")
    })
  )

  it.scoped("lets references to another app depend on the migration that makes the table", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const made = yield* make([app("blog", Blog), app("polls", Polls)])
      assert.deepStrictEqual(ids(made), ["polls.0001_initial", "blog.0001_initial"])
      assert.deepStrictEqual(made[1]?.migration.dependsOn, [{ app: "polls", name: "0001_initial" }])
    })
  )

  it.scoped("lets the end of a table depend on the end of what refers to it", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      yield* make([app("blog", Blog), app("polls", Polls)])
      const made = yield* make([
        app("polls", Model.models("polls", {})),
        app("blog", Model.models("blog", { Post: Model.make("Post", { id: f.id() }) }))
      ])
      assert.deepStrictEqual(ids(made), [
        "blog.0002_drop_blog_post_question_id",
        "polls.0002_drop_polls_question"
      ])
      assert.deepStrictEqual(made[1]?.migration.dependsOn, [
        { app: "polls", name: "0001_initial" },
        { app: "blog", name: "0002_drop_blog_post_question_id" }
      ])
    })
  )

  it.scoped("with check writes nothing and fails where something is missing", () =>
    Effect.gen(function* () {
      const { app, files } = yield* workshop
      const apps = [app("polls", Polls)]
      const error = yield* Effect.flip(make(apps, { check: true }))
      assert.strictEqual(error._tag, "MigrationsMissing")
      assert.include(error.message, "polls")
      assert.deepStrictEqual(yield* files("polls"), [])
      yield* make(apps)
      assert.deepStrictEqual(yield* make(apps, { check: true }), [])
    })
  )

  it.scoped("with dryRun prints the file and writes nothing", () =>
    Effect.gen(function* () {
      const { app, files } = yield* workshop
      const { lines } = yield* printed(work([app("polls", Polls)], { dryRun: true }))
      assert.include(lines, "export default Migration.make({")
      assert.notInclude(lines, "Apply with portico migrate.")
      assert.deepStrictEqual(yield* files("polls"), [])
    })
  )

  it.scoped("takes a name, makes empty ones, and looks at the apps named", () =>
    Effect.gen(function* () {
      const { app, files } = yield* workshop
      const apps = [app("blog", Blog), app("polls", Polls)]
      assert.deepStrictEqual(ids(yield* make(apps, { only: ["polls"], name: "start" })), [
        "polls.0001_start"
      ])
      assert.deepStrictEqual(yield* files("blog"), [])
      const empty = yield* make(apps, { only: ["polls"], empty: true })
      assert.deepStrictEqual(
        empty.map(({ migration }) => migration),
        [
          {
            app: "polls",
            name: "0002_empty",
            dependsOn: [{ app: "polls", name: "0001_start" }],
            changes: []
          }
        ]
      )
    })
  )

  it.scoped("refuses what it cannot do, with what to do", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const apps = [app("blog", Blog), app("polls", Polls)]
      const refused = (options: Work.MakeOptions) =>
        Effect.map(Effect.flip(make(apps, options)), ({ message }) => message)
      assert.match(yield* refused({ only: ["pols"] }), /no app "pols"\. .*polls/)
      assert.match(yield* refused({ empty: true }), /an empty migration is for one app\. Name it/)
      assert.match(yield* refused({ name: "No Name" }), /"No Name" cannot name a migration\. Use/)
      const bare: App = { name: "polls", directory: undefined, models: Polls, migrations: [] }
      assert.match(
        (yield* Effect.flip(make([bare]))).message,
        /the app has no directory for files\. Give ReusableApp\.make "at/
      )
    })
  )

  it.scoped("tells the refusals of all apps at once and writes nothing", () =>
    Effect.gen(function* () {
      const { app, files } = yield* workshop
      yield* make([app("blog", Blog), app("polls", Polls)])
      const error = yield* Effect.flip(
        make([
          app(
            "polls",
            Model.models("polls", {
              Question: Model.make("Question", { id: f.id(), text: f.text({ max: 100 }) })
            })
          ),
          app(
            "blog",
            Model.models("blog", { Post: Model.make("Post", { id: f.id(), at: f.instant() }) })
          )
        ])
      )
      assert.strictEqual(error._tag, "ChangeRefused")
      assert.match(error.message, /polls_question\.text changes from text\(200\) to text\(100\)/)
      assert.match(error.message, /blog_post\.at is new and not nullable/)
      assert.deepStrictEqual(yield* files("polls"), ["0001_initial.ts"])
    })
  )

  it.scoped("refuses a table that moves to another app", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      yield* make([app("polls", Polls)])
      const Moved = Model.make(
        "Question",
        { id: f.id(), text: f.text({ max: 200 }) },
        { table: "polls_question" }
      )
      const error = yield* Effect.flip(
        make([
          app("polls", Model.models("polls", {})),
          app("quiz", Model.models("quiz", { Question: Moved }))
        ])
      )
      assert.match(error.message, /the table polls_question moves from polls to quiz/)
    })
  )

  it.scoped("counts migrations given as values", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const initial = Migration.make({
        app: "polls",
        name: "0001_initial",
        dependsOn: [],
        changes: Migration.stateOf(Model.registryOf(Polls)).map((table) => ({
          _tag: "CreateTable",
          table
        }))
      })
      assert.deepStrictEqual(yield* make([app("polls", Polls, [initial])]), [])
      assert.deepStrictEqual(ids(yield* make([app("polls", Dated, [initial])])), [
        "polls.0002_polls_question_closes_on"
      ])
    })
  )

  it.scoped("counts on from the highest number, and depends on the last", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const value = (name: string, ...dependsOn: ReadonlyArray<string>) =>
        Migration.make({
          app: "polls",
          name,
          dependsOn: dependsOn.map((name) => ({ app: "polls", name })),
          changes: []
        })
      const apps = [app("polls", Polls, [value("0007_x"), value("0003_late", "0007_x")])]
      const [made] = yield* make(apps, { name: "next" })
      assert.strictEqual(made?.migration.name, "0008_next")
      assert.deepStrictEqual(made?.migration.dependsOn, [{ app: "polls", name: "0003_late" }])
    })
  )

  it.scoped("refuses histories that fork", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const value = (name: string) =>
        Migration.make({ app: "polls", name, dependsOn: [], changes: [] })
      const error = yield* Effect.flip(make([app("polls", Polls, [value("1"), value("2")])]))
      assert.strictEqual(error._tag, "GraphFault")
    })
  )
})

const sqlite = Layer.provideMerge(Migrator.layer, Sqlite.layer({ filename: ":memory:" }))

describe("migrate, showmigrations, sqlmigrate", () => {
  it.scoped("tell what they do", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const apps = [app("polls", Polls)]
      yield* make(apps)
      const later = [app("polls", Dated)]
      yield* make(later)
      const migrate = (options?: Work.MigrateOptions) =>
        Effect.map(printed(Work.migrate(later, loadModule, options)), ({ lines }) => lines)

      assert.deepStrictEqual(yield* migrate({ plan: true }), [
        "applying polls.0001_initial",
        "  + Create table polls_question",
        "applying polls.0002_polls_question_closes_on",
        "  + Add column polls_question.closes_on"
      ])
      assert.deepStrictEqual(
        (yield* migrate()).map((line) => line.replace(/\d+ ms/, "? ms")),
        [
          "  applying polls.0001_initial… ok ? ms",
          "  applying polls.0002_polls_question_closes_on… ok ? ms"
        ]
      )
      assert.deepStrictEqual(yield* migrate(), ["Nothing to migrate."])
      assert.deepStrictEqual(yield* migrate({ plan: true }), ["Nothing to migrate."])
      assert.deepStrictEqual(
        (yield* migrate({ target: { app: "polls", name: "0001" } })).map((line) =>
          line.replace(/\d+ ms/, "? ms")
        ),
        ["  undoing polls.0002_polls_question_closes_on… ok ? ms"]
      )
      const shown = yield* printed(Work.showmigrations(later, loadModule))
      assert.deepStrictEqual(
        shown.lines.map((line) => line.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, "<when>")),
        [
          "APP         MIGRATION                      APPLIED",
          "polls  [X]  0001_initial                   <when>",
          "polls  [ ]  0002_polls_question_closes_on"
        ]
      )
      const none = yield* printed(Work.showmigrations(later, loadModule, ["blog"]))
      assert.deepStrictEqual(none.lines, [
        "No migrations. Make the first with portico makemigrations."
      ])

      const sql = (name: string, direction?: Migrator.Direction) =>
        Effect.map(
          printed(Work.sqlmigrate(later, loadModule, { app: "polls", name }, direction)),
          ({ lines }) => lines
        )
      assert.deepStrictEqual(yield* sql("0002"), [
        'ALTER TABLE "polls_question" ADD COLUMN "closes_on" TEXT NULL;'
      ])
      assert.deepStrictEqual(yield* sql("0002", "backwards"), [
        'ALTER TABLE "polls_question" DROP COLUMN "closes_on";'
      ])
      const unknown = (id: Migration.Id) => Effect.flip(Work.sqlmigrate(later, loadModule, id))
      assert.match(
        (yield* unknown({ app: "polls", name: "0009" })).message,
        /polls has no single migration "0009"\. .*0001_initial/
      )
      assert.match(
        (yield* unknown({ app: "pols", name: "0001" })).message,
        /no app "pols" has migrations\. Did you mean polls\?/
      )
    }).pipe(Effect.provide(sqlite))
  )

  it.scoped("say that a database without SQL needs none", () =>
    Effect.gen(function* () {
      const { app } = yield* workshop
      const apps = [app("polls", Polls)]
      yield* make(apps)
      const { lines } = yield* printed(
        Work.sqlmigrate(apps, loadModule, { app: "polls", name: "0001" })
      )
      assert.deepStrictEqual(lines, ["-- memory needs no SQL for polls.0001_initial."])
    }).pipe(Effect.provide(Memory.layer))
  )
})
