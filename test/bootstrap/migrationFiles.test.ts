import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Either, FastCheck as fc } from "effect"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { runInThisContext } from "node:vm"
import * as Files from "../../src/bootstrap/internal/migrationFiles.ts"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import { f } from "../../src/domain/Model.ts"

const Question = Model.make(
  "Question",
  {
    id: f.id(),
    text: f.text({ max: 200 }),
    kind: f.enum(["single", "multi"]).default("single"),
    publishedAt: f.instant()
  },
  { indexes: [["publishedAt"]], checks: (q) => ({ text: q.text.ne("") }) }
)
const Choice = Model.make("Choice", {
  id: f.id(),
  question: f.belongsTo(Question, { as: "choices", onDelete: "cascade" }),
  text: f.text({ max: 200 }),
  votes: f.int().default(0)
})
const registry = Model.registryOf(Model.models("polls", { Question, Choice }))

const initial = Migration.make({
  app: "polls",
  name: "0001_initial",
  dependsOn: [],
  changes: Either.getOrThrow(Migration.difference([], Migration.stateOf(registry)))
})

/** What the printed module exports, without a loader: its text is data after one call. */
const evaluate = (file: string): unknown =>
  runInThisContext(file.slice(file.indexOf("Migration.make(") + "Migration.make".length))

describe("print", () => {
  it("is read by people", () =>
    expect(Files.print(initial)).toMatchFileSnapshot("./migrationFiles/0001_initial.ts.txt"))

  it("keeps small ones small", () => {
    const file = Files.print(
      Migration.make({
        app: "polls",
        name: "0002_closes_on",
        dependsOn: [{ app: "polls", name: "0001_initial" }],
        changes: [
          {
            _tag: "AddColumn",
            table: "polls_question",
            column: { name: "closes_on", type: { _tag: "Date" }, nullable: true }
          }
        ]
      })
    )
    assert.strictEqual(
      file,
      `import { Migration } from "portico"

export default Migration.make({
  app: "polls",
  name: "0002_closes_on",
  dependsOn: [{ app: "polls", name: "0001_initial" }],
  changes: [
    {
      _tag: "AddColumn",
      table: "polls_question",
      column: { name: "closes_on", type: { _tag: "Date" }, nullable: true }
    }
  ]
})
`
    )
  })

  it("says everything that the migration says", () => {
    assert.deepStrictEqual(evaluate(Files.print(initial)), initial)
    const value = fc.oneof(fc.jsonValue(), fc.constant(JSON.parse(`{ "__proto__": 1, "a-b": 2 }`)))
    fc.assert(
      fc.property(fc.string(), fc.array(value, { maxLength: 4 }), (name, defaults) => {
        const migration: Migration.Migration = {
          app: "polls",
          name,
          dependsOn: [],
          changes: defaults.map((json) => ({
            _tag: "AddColumn",
            table: name,
            // fast-check's JSON values are JSON values; its type knows no readonly.
            column: { name, type: { _tag: "Json" }, default: json as Migration.Json }
          }))
        }
        assert.strictEqual(
          JSON.stringify(evaluate(Files.print(migration))),
          JSON.stringify(migration)
        )
      }),
      { numRuns: 200, seed: 1 }
    )
  })
})

describe("load", () => {
  const files = (
    files: Readonly<Record<string, unknown>>,
    values: ReadonlyArray<Migration.Migration> = []
  ) =>
    Effect.gen(function* () {
      const root = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "portico-"))),
        (path) => Effect.promise(() => rm(path, { recursive: true }))
      )
      const directory = join(root, "migrations")
      yield* Effect.promise(() => mkdir(directory))
      for (const name of Object.keys(files)) {
        yield* Effect.promise(() => writeFile(join(directory, name), ""))
      }
      return yield* Files.load(
        {
          name: "polls",
          directory: pathToFileURL(`${root}/`),
          models: undefined,
          migrations: values
        },
        (path) => {
          const module = files[path.slice(directory.length + 1)]
          return module instanceof Error ? Promise.reject(module) : Promise.resolve(module)
        }
      )
    })
  const named = (name: string, app = "polls") =>
    Migration.make({ app, name, dependsOn: [], changes: [] })

  it.scoped("answers values, then files by name, and leaves other files alone", () =>
    Effect.gen(function* () {
      const found = yield* files(
        {
          "0002_b.ts": { default: named("0002_b") },
          "0001_a.js": { default: named("0001_a") },
          "0002_b.js": new Error("the compiled twin is not loaded"),
          "0002_b.d.ts": new Error("declarations are not loaded"),
          "README.md": new Error("texts are not loaded"),
          "helpers.ts": new Error("what has no number is not loaded")
        },
        [named("0000_value")]
      )
      assert.deepStrictEqual(
        found.map(({ name }) => name),
        ["0000_value", "0001_a", "0002_b"]
      )
    })
  )

  const invalid: Record<string, readonly [unknown, RegExp]> = {
    "a module that throws": [new Error("boom"), /does not load: boom\./],
    "a module without a default": [{}, /exports no migration by default/],
    "a default that is none": [{ default: { app: "polls" } }, /exports no migration by default/],
    "a migration of another name": [
      { default: named("0009_other") },
      /holds the migration polls\.0009_other, and stands where polls\.0001_a belongs/
    ],
    "a migration of another app": [
      { default: named("0001_a", "blog") },
      /holds the migration blog\.0001_a/
    ]
  }
  for (const [what, [module, message]] of Object.entries(invalid)) {
    it.scoped(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(files({ "0001_a.ts": module }))
        assert.strictEqual(error._tag, "MigrationFileInvalid")
        assert.match(error.message, message)
        assert.include(error.message, "0001_a.ts")
      })
    )
  }

  it.effect("of an app without files, or without a directory yet, answers the values", () =>
    Effect.gen(function* () {
      const app = { name: "polls", models: undefined, migrations: [named("0001_a")] }
      const never = () => Promise.reject(new Error("nothing to load"))
      assert.lengthOf(yield* Files.load({ ...app, directory: undefined }, never), 1)
      const gone = pathToFileURL(join(tmpdir(), "portico-is-not-there/"))
      assert.lengthOf(yield* Files.load({ ...app, directory: gone }, never), 1)
    })
  )
})
