/**
 * Migrations as files: TypeScript modules that export plain data, printed by `makemigrations`, read
 * by people, loaded by all the migration commands.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { readdir } from "node:fs/promises"
import { basename, extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Migration from "../../domain/Migration.ts"
import type { AnyModels } from "../../domain/Model.ts"

/** What the migration commands need of a reusable app. */
export interface App {
  readonly name: string
  /** Its migrations lie in `migrations/` there; absent where it has no files. */
  readonly directory: URL | undefined
  readonly models: AnyModels | undefined
  /** Migrations given as values, beside those of the directory. */
  readonly migrations: ReadonlyArray<Migration.Migration>
}

/** A file among the migrations is not one. */
export class MigrationFileInvalid extends Schema.TaggedError<MigrationFileInvalid>(
  "portico/bootstrap/MigrationFileInvalid"
)("MigrationFileInvalid", {
  path: Schema.String,
  reason: Schema.String,
  cause: Schema.optionalWith(Schema.Defect, { exact: true })
}) {
  override get message() {
    return `Migrations: ${this.path} ${this.reason} Correct the file, or move it out of the directory.`
  }
}

/** Where the migrations of an app lie; undefined for an app without files. */
export const directoryOf = (app: App): string | undefined =>
  app.directory === undefined ? undefined : fileURLToPath(new URL("migrations", app.directory))

/** The best first: a source wins over what was compiled from it. */
const extensions = [".ts", ".mts", ".js", ".mjs"]

/** The migrations of an app: its values, then those of its directory by name. */
export const load = Effect.fnUntraced(function* (
  app: App,
  loadModule: (path: string) => Promise<unknown>
) {
  const directory = directoryOf(app)
  if (directory === undefined) return app.migrations
  const found = yield* Effect.tryPromise({
    try: () => readdir(directory),
    catch: (cause) =>
      new MigrationFileInvalid({ path: directory, reason: "cannot be read.", cause })
  }).pipe(
    Effect.catchIf(
      ({ cause }) => Predicate.hasProperty(cause, "code") && cause.code === "ENOENT",
      () => Effect.succeed<ReadonlyArray<string>>([])
    )
  )
  const files = extensions
    .flatMap((extension) => found.filter((file) => extname(file) === extension))
    .filter((file) => /^\d/.test(file) && !file.includes(".d."))
  const names = [...new Set(files.map(nameOf))].sort()
  const migrations = yield* Effect.forEach(names, (name) => {
    const file = files.find((candidate) => nameOf(candidate) === name) ?? name
    return loadFile(app, name, join(directory, file), loadModule)
  })
  return [...app.migrations, ...migrations]
})

const nameOf = (file: string): string => basename(file, extname(file))

const loadFile = Effect.fnUntraced(function* (
  app: App,
  name: string,
  path: string,
  loadModule: (path: string) => Promise<unknown>
) {
  const invalid = (reason: string, cause?: unknown) =>
    new MigrationFileInvalid({ path, reason, ...(cause === undefined ? {} : { cause }) })
  const module = yield* Effect.tryPromise({
    try: () => loadModule(path),
    catch: (cause) =>
      invalid(`does not load: ${cause instanceof Error ? cause.message : String(cause)}.`, cause)
  })
  const migration = Predicate.hasProperty(module, "default") ? module.default : undefined
  if (!Migration.isMigration(migration)) {
    return yield* invalid("exports no migration by default: export default Migration.make({ … }).")
  }
  if (migration.app !== app.name || migration.name !== name) {
    return yield* invalid(
      `holds the migration ${Migration.idOf(migration)}, and stands where ${app.name}.${name} belongs.`
    )
  }
  return migration
})

// ---------------------------------------------------------------------------------------------
// Printing
// ---------------------------------------------------------------------------------------------

/** The file of a migration, as a formatter of 100 columns leaves it. */
export const print = (migration: Migration.Migration): string => {
  const { app, changes, dependsOn, name } = migration
  const list =
    changes.length === 0
      ? "[]"
      : `[\n${changes.map((change) => `    ${expanded(change, 4)}`).join(",\n")}\n  ]`
  return `import { Migration } from "portico"

export default Migration.make({
  app: ${JSON.stringify(app)},
  name: ${JSON.stringify(name)},
  dependsOn: ${value(dependsOn, 2, "dependsOn: ".length)},
  changes: ${list}
})
`
}

const width = 100

const entriesOf = (object: object): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(object).filter(([, each]) => each !== undefined)

const key = (name: string): string =>
  // In a literal `__proto__` is no key unless it is computed.
  name === "__proto__"
    ? `["__proto__"]`
    : /^[A-Za-z_$][\w$]*$/.test(name)
      ? name
      : JSON.stringify(name)

const inline = (u: unknown): string => {
  if (Array.isArray(u)) return `[${u.map(inline).join(", ")}]`
  if (typeof u !== "object" || u === null) return JSON.stringify(u)
  const members = entriesOf(u).map(([name, each]) => `${key(name)}: ${inline(each)}`)
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
}

/** Several objects of several members each stand on lines of their own, however short. */
const isList = (u: ReadonlyArray<unknown>): boolean =>
  u.length > 1 && u.every((each) => Predicate.isRecord(each) && entriesOf(each).length > 1)

const hasList = (u: unknown): boolean =>
  Array.isArray(u)
    ? isList(u) || u.some(hasList)
    : typeof u === "object" && u !== null && Object.values(u).some(hasList)

/** `before` characters stand on the line already, beside the indentation; a comma may follow. */
const value = (u: unknown, indent: number, before: number): string => {
  const line = inline(u)
  if (!hasList(u) && indent + before + line.length + 1 <= width) return line
  if (Array.isArray(u)) {
    const inner = " ".repeat(indent + 2)
    return `[\n${u.map((each) => inner + value(each, indent + 2, 0)).join(",\n")}\n${" ".repeat(indent)}]`
  }
  return typeof u === "object" && u !== null ? expanded(u, indent) : line
}

const expanded = (object: object, indent: number): string => {
  const inner = " ".repeat(indent + 2)
  const members = entriesOf(object).map(
    ([name, each]) =>
      `${inner}${key(name)}: ${value(each, indent + 2, key(name).length + ": ".length)}`
  )
  return `{\n${members.join(",\n")}\n${" ".repeat(indent)}}`
}
