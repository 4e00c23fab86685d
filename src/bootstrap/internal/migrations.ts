/**
 * The work behind the migration commands, as Effects over apps: `makemigrations`, `migrate`,
 * `showmigrations`, `sqlmigrate`. They print for people and ask nothing.
 */
import * as Arr from "effect/Array"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { mkdir, writeFile } from "node:fs/promises"
import { join, relative } from "node:path"
import * as DatabaseSessions from "../../adapters/auth/DatabaseSessions.ts"
import * as Migration from "../../domain/Migration.ts"
import * as Model from "../../domain/Model.ts"
import { didYouMean } from "../../domain/Near.ts"
import * as Database from "../../ports/Database.ts"
import * as Migrator from "../../ports/Migrator.ts"
import type { Failure } from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Settings from "../Settings.ts"
import * as Files from "./migrationFiles.ts"
import { settle } from "./start.ts"
import { style, table } from "./terminal.ts"

/** Imports a module; the commands get one that reads TypeScript. */
export type LoadModule = (path: string) => Promise<unknown>

/**
 * The apps of a site, as the migration commands see them. The table of sessions is there whichever
 * store is chosen, so that choosing the database later needs no migration.
 */
export const appsOf = (site: App.Any): ReadonlyArray<Files.App> =>
  distinct([DatabaseSessions.app, ...site.apps.map(({ app }) => app)])

/** Gives a command the site's database and nothing else, as the settings choose it. */
export const withDatabase = <A, E extends Failure>(
  site: App.Any,
  effect: Effect.Effect<A, E, Database.Database | Migrator.Migrator>
): Effect.Effect<A, Failure> =>
  Effect.flatMap(settle(site), ({ sources }) =>
    Effect.provide(
      effect,
      Migrator.layer.pipe(
        Layer.provideMerge(site.adapters.database.layer),
        Layer.provide(Layer.setConfigProvider(Settings.provider(site.settings, sources)))
      )
    )
  )

/** Every migration of the apps; an app that is mounted twice counts once. */
export const loadAll = (apps: ReadonlyArray<Files.App>, loadModule: LoadModule) =>
  Effect.map(
    Effect.forEach(distinct(apps), (app) => Files.load(app, loadModule)),
    Arr.flatten
  )

/** Brings the database of a site to where its migrations are, without a word. */
export const applyAll = (
  site: App.Any,
  loadModule: LoadModule
): Effect.Effect<void, Failure, Database.Database> =>
  Effect.gen(function* () {
    const migrations = yield* loadAll(appsOf(site), loadModule)
    const migrator = yield* Migrator.Migrator
    yield* migrator.apply(migrations)
  }).pipe(Effect.provide(Migrator.layer))

const distinct = (apps: ReadonlyArray<Files.App>): ReadonlyArray<Files.App> =>
  Arr.dedupeWith(apps, (a, b) => a.name === b.name)

// ---------------------------------------------------------------------------------------------
// makemigrations
// ---------------------------------------------------------------------------------------------

/** `makemigrations --check` found changes without a migration. */
export class MigrationsMissing extends Schema.TaggedError<MigrationsMissing>(
  "portico/bootstrap/MigrationsMissing"
)("MigrationsMissing", { apps: Schema.Array(Schema.String) }) {
  override get message() {
    return `makemigrations: the models of ${this.apps.join(", ")} have changes without a migration. Run portico makemigrations.`
  }
}

/** An app was asked for that the site does not have, or one that has no place for files. */
export class MigrationsUnwritable extends Schema.TaggedError<MigrationsUnwritable>(
  "portico/bootstrap/MigrationsUnwritable"
)("MigrationsUnwritable", { reason: Schema.String, remedy: Schema.String }) {
  override get message() {
    return `makemigrations: ${this.reason}. ${this.remedy}`
  }
}

export interface MakeOptions {
  /** Names of apps; absent or empty for all. */
  readonly only?: ReadonlyArray<string>
  /** Replaces what the changes would be called; the number is put before it. */
  readonly name?: string
  /** Writes a migration without changes, for one app. */
  readonly empty?: boolean
  /** Writes nothing and fails with `MigrationsMissing` where there is something to write. */
  readonly check?: boolean
  /** Writes nothing and prints the files. */
  readonly dryRun?: boolean
}

export interface Made {
  readonly migration: Migration.Migration
  /** Absolute; where the file is, or would be. */
  readonly path: string
}

/** Writes the migrations that lead from those that exist to the models. Answers what it wrote. */
export const makemigrations = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  loadModule: LoadModule,
  options: MakeOptions = {}
) {
  const chosen = yield* choose(distinct(apps), options)
  const existing = yield* Effect.flatMap(loadAll(apps, loadModule), Migration.sorted)
  const made = yield* Effect.forEach(yield* drafts(apps, chosen, existing, options), (migration) =>
    Effect.map(placeOf(apps, migration), (path): Made => ({ migration, path }))
  )
  if (made.length === 0) {
    yield* Console.log("No changes.")
    return made
  }
  const writes = options.check !== true && options.dryRun !== true
  for (const { migration, path } of made) {
    const file = Files.print(migration)
    if (writes) {
      yield* Effect.tryPromise({
        try: async () => {
          await mkdir(join(path, ".."), { recursive: true })
          // Never over a file that is there.
          await writeFile(path, file, { flag: "wx" })
        },
        catch: (cause) =>
          new MigrationsUnwritable({
            reason: `${path} cannot be written (${cause instanceof Error ? cause.message : String(cause)})`,
            remedy: "See that the directory may be written to and that no such file exists."
          })
      })
    }
    yield* Console.log(`${style("bold", migration.app)}  ${relative(process.cwd(), path)}`)
    yield* Effect.forEach(migration.changes, (change) => Console.log(`  ${signed(change)}`), {
      discard: true
    })
    if (options.dryRun === true) yield* Console.log(`\n${file}`)
  }
  if (options.check === true) {
    return yield* new MigrationsMissing({ apps: made.map(({ migration }) => migration.app) })
  }
  if (writes) yield* Console.log(`Apply with ${style("cyan", "portico migrate")}.`)
  return made
})

/** A change in one line, with a sign before it; what loses data stands out. */
const signed = (change: Migration.Change): string => {
  const line = Migration.describe(change)
  const loses = change._tag === "DropTable" || change._tag === "DropColumn"
  return change._tag.startsWith("Drop")
    ? `${style("red", "-")} ${line}${loses ? style("yellow", " (its data is lost)") : ""}`
    : `${style("green", "+")} ${line}`
}

const choose = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  { empty, name, only = [] }: MakeOptions
) {
  const names = apps.map((app) => app.name)
  const unknown = only.find((app) => !names.includes(app))
  if (unknown !== undefined) {
    return yield* new MigrationsUnwritable({
      reason: `there is no app "${unknown}"`,
      remedy:
        `${didYouMean(unknown, names).trim()} Choose from: ${names.join(", ") || "none"}.`.trim()
    })
  }
  if (empty === true && only.length !== 1) {
    return yield* new MigrationsUnwritable({
      reason: "an empty migration is for one app",
      remedy: "Name it: portico makemigrations polls --empty."
    })
  }
  if (name !== undefined && !/^[a-z0-9_]+$/.test(name)) {
    return yield* new MigrationsUnwritable({
      reason: `"${name}" cannot name a migration`,
      remedy: "Use lower case letters, digits and underscores."
    })
  }
  return only.length === 0 ? apps : apps.filter((app) => only.includes(app.name))
})

interface Draft {
  readonly app: string
  readonly name: string
  readonly last: Migration.Migration | undefined
  readonly changes: ReadonlyArray<Migration.Change>
}

/** The missing migrations, in the order in which they would apply. */
const drafts = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  chosen: ReadonlyArray<Files.App>,
  existing: ReadonlyArray<Migration.Migration>,
  options: MakeOptions
) {
  const models = distinct(apps).flatMap((app) => Arr.fromNullable(app.models))
  const registry = Model.merge(models)
  const refusals: Array<Migration.ChangeRefused["refusals"][number]> = []
  const found = chosen.flatMap((app): ReadonlyArray<Draft> => {
    const own = existing.filter((migration) => migration.app === app.name)
    const last = own.at(-1)
    // A migration that came late may end the history with a low number.
    const highest = own
      .map(({ name }) => name)
      .sort()
      .at(-1)
    const make = (changes: ReadonlyArray<Migration.Change>): Draft => {
      const name = Migration.nameAfter(highest, changes)
      const number = name.slice(0, name.indexOf("_"))
      return {
        app: app.name,
        name: options.name === undefined ? name : `${number}_${options.name}`,
        last,
        changes
      }
    }
    if (options.empty === true) return [make([])]
    if (app.models === undefined) return []
    return Either.match(
      Migration.difference(Migration.replay(own), Migration.stateOf(registry, app.name)),
      {
        onLeft: (refused) => {
          refusals.push(...refused.refusals)
          return []
        },
        onRight: (changes) => (changes.length === 0 ? [] : [make(changes)])
      }
    )
  })
  refusals.push(...moved(found))
  if (refusals.length > 0) return yield* new Migration.ChangeRefused({ refusals })
  const all = [...existing, ...found.map((draft) => complete(draft, existing, found))]
  const sorted = yield* Migration.sorted(all)
  const known = new Set(existing.map(Migration.idOf))
  return sorted.filter((migration) => !known.has(Migration.idOf(migration)))
})

const tablesOf = (
  changes: ReadonlyArray<Migration.Change>,
  tag: "CreateTable" | "DropTable"
): ReadonlyArray<string> =>
  changes.flatMap((change) => (change._tag === tag ? [change.table.name] : []))

/** A table that one app drops and another creates would come back empty. */
const moved = (found: ReadonlyArray<Draft>): Migration.ChangeRefused["refusals"] =>
  found.flatMap((from) =>
    found
      .filter((to) => to !== from)
      .flatMap((to) =>
        tablesOf(from.changes, "DropTable")
          .filter((name) => tablesOf(to.changes, "CreateTable").includes(name))
          .map((name) => ({
            fact: `the table ${name} moves from ${from.app} to ${to.app}, which would lose its rows`,
            remedy: `Leave the model in ${from.app}, or give the new one another table and copy the rows.`
          }))
      )
  )

/** A draft with what it depends on: its predecessor, and what other apps must have done before. */
const complete = (
  { app, changes, last, name }: Draft,
  existing: ReadonlyArray<Migration.Migration>,
  found: ReadonlyArray<Draft>
): Migration.Migration => {
  const others = [...existing, ...found].filter((other) => other.app !== app)
  const pointsAt = new Set(changes.filter(isAddition).flatMap(targets))
  const drops = new Set(tablesOf(changes, "DropTable"))
  const creators = others.filter((other) =>
    tablesOf(other.changes, "CreateTable").some((created) => pointsAt.has(created))
  )
  const leavers = found
    .filter((other) => other.app !== app)
    .filter((other) =>
      other.changes
        .filter((change) => !isAddition(change))
        .flatMap(targets)
        .some((target) => drops.has(target))
    )
  const needed = [...Arr.fromNullable(last), ...creators, ...leavers].map(
    (other): Migration.Id => ({ app: other.app, name: other.name })
  )
  return {
    app,
    name,
    dependsOn: Arr.dedupeWith(needed, (a, b) => Migration.idOf(a) === Migration.idOf(b)),
    changes
  }
}

const isAddition = (change: Migration.Change): boolean =>
  change._tag === "CreateTable" || change._tag === "AddColumn"

/** The tables that what comes or goes refers to. */
const targets = (change: Migration.Change): ReadonlyArray<string> => {
  switch (change._tag) {
    case "CreateTable":
    case "DropTable":
      return change.table.foreignKeys.map((key) => key.table)
    case "AddColumn":
    case "DropColumn":
      return Arr.fromNullable(change.foreignKey).map((key) => key.table)
    default:
      return []
  }
}

const placeOf = (apps: ReadonlyArray<Files.App>, { app, name }: Migration.Id) => {
  const owner = apps.find((candidate) => candidate.name === app)
  const directory = owner === undefined ? undefined : Files.directoryOf(owner)
  return directory === undefined
    ? Effect.fail(
        new MigrationsUnwritable({
          reason: `the models of ${app} have changes without a migration, and the app has no directory for files`,
          remedy: `Give ReusableApp.make "at: import.meta.url"; of an app that you installed, install a version with the migration.`
        })
      )
    : Effect.succeed(join(directory, `${name}.ts`))
}

// ---------------------------------------------------------------------------------------------
// migrate
// ---------------------------------------------------------------------------------------------

export interface MigrateOptions {
  readonly target?: Migrator.Target
  readonly fake?: boolean
  /** Prints what would be done and does nothing. */
  readonly plan?: boolean
}

/** Applies or undoes migrations, a line for each. Answers what it did, or would do. */
export const migrate = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  loadModule: LoadModule,
  options: MigrateOptions = {}
) {
  const migrator = yield* Migrator.Migrator
  const migrations = yield* loadAll(apps, loadModule)
  if (options.plan === true) {
    const plan = yield* migrator.plan(migrations, options.target)
    if (plan.length === 0) yield* Console.log(nothing)
    for (const each of plan) {
      yield* Console.log(`${verbs[each.direction][0]} ${Migration.idOf(each.migration)}`)
      yield* Effect.forEach(each.changes, (change) => Console.log(`  ${signed(change)}`), {
        discard: true
      })
    }
    return plan
  }
  const done = yield* migrator.apply(migrations, {
    ...(options.target === undefined ? {} : { target: options.target }),
    fake: options.fake ?? false,
    onProgress: ({ _tag, millis, planned }) => {
      const [doing, fine] = verbs[planned.direction]
      const line = `  ${doing} ${Migration.idOf(planned.migration)}…`
      return _tag === "Started"
        ? Effect.void
        : Console.log(
            `${line} ${style("green", options.fake === true ? "faked" : fine)} ${style("dim", `${millis} ms`)}`
          )
    }
  })
  if (done.length === 0) yield* Console.log(nothing)
  return done
})

const nothing = "Nothing to migrate."

const verbs: Readonly<Record<Migrator.Direction, readonly [doing: string, done: string]>> = {
  forwards: ["applying", "ok"],
  backwards: ["undoing", "ok"]
}

// ---------------------------------------------------------------------------------------------
// showmigrations, sqlmigrate
// ---------------------------------------------------------------------------------------------

const marks: Readonly<Record<Migrator.Condition, string>> = {
  applied: "[X]",
  pending: "[ ]",
  partial: "[~]",
  edited: "[!]",
  missing: "[?]"
}

const remarks: Readonly<Record<Migrator.Condition, string>> = {
  applied: "",
  pending: "",
  partial: "stopped on the way; migrate goes on",
  edited: "edited after being applied",
  missing: "applied, and no longer there"
}

/** Where each migration stands, by app. */
export const showmigrations = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  loadModule: LoadModule,
  only: ReadonlyArray<string> = []
) {
  const migrator = yield* Migrator.Migrator
  const all = yield* migrator.status(yield* loadAll(apps, loadModule))
  const shown = only.length === 0 ? all : all.filter(({ app }) => only.includes(app))
  yield* Console.log(
    shown.length === 0
      ? "No migrations. Make the first with portico makemigrations."
      : table(
          ["APP", "", "MIGRATION", "APPLIED"],
          [...shown]
            .sort((a, b) => (a.app < b.app ? -1 : a.app > b.app ? 1 : a.name < b.name ? -1 : 1))
            .map(({ app, appliedAt, condition, name }) => [
              app,
              condition === "applied" ? style("green", marks[condition]) : marks[condition],
              name,
              remarks[condition] === ""
                ? appliedAt === undefined
                  ? ""
                  : style("dim", DateTime.formatIso(appliedAt))
                : style("yellow", remarks[condition])
            ])
        )
  )
  return shown
})

/** The SQL of one migration, forwards or backwards, for the database that the site uses. */
export const sqlmigrate = Effect.fnUntraced(function* (
  apps: ReadonlyArray<Files.App>,
  loadModule: LoadModule,
  id: Migration.Id,
  direction: Migrator.Direction = "forwards"
) {
  const database = yield* Database.Database
  const all = yield* loadAll(apps, loadModule)
  const own = all.filter(({ app }) => app === id.app)
  if (own.length === 0) {
    const choices = [...new Set(all.map(({ app }) => app))]
    return yield* new Migrator.MigrationUnknown({ app: id.app, choices })
  }
  const found = own.filter(({ name }) => name === id.name)
  const [migration, ...more] =
    found.length > 0 ? found : own.filter(({ name }) => name.startsWith(id.name))
  if (migration === undefined || more.length > 0) {
    return yield* new Migrator.MigrationUnknown({
      app: id.app,
      migration: id.name,
      choices: own.map(({ name }) => name)
    })
  }
  const changes =
    direction === "forwards"
      ? migration.changes
      : migration.changes.map(Migration.reverse).reverse()
  const statements = changes.flatMap((change) => database.describe(change))
  yield* Console.log(
    statements.length === 0
      ? `-- ${database.name} needs no SQL for ${Migration.idOf(migration)}.`
      : statements.map((statement) => `${statement};`).join("\n")
  )
  return statements
})
