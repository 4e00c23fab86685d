/**
 * Port: brings a database's structure to where the migrations are, and back. Made of the port
 * Database alone, so every database adapter brings its migrator with it.
 *
 * What is applied is a set, kept in the table `portico_migration`: a migration that arrives late with
 * a lower number is applied all the same.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Migration from "../domain/Migration.ts"
import * as Model from "../domain/Model.ts"
import { f } from "../domain/Model.ts"
import { didYouMean } from "../domain/Near.ts"
import * as Database from "./Database.ts"
import type { ReadError, WriteError } from "./DatabaseError.ts"

/** Where to go: to a migration of an app, forwards or backwards. */
export interface Target {
  readonly app: string
  /**
   * A migration's name or the beginning of one (`0001`); `zero` for before the first; absent for the
   * last. Migrations of other apps go along as far as they are needed.
   */
  readonly name?: string
}

export type Direction = "forwards" | "backwards"

/** A migration that is to be applied, or undone. */
export interface Planned {
  readonly direction: Direction
  readonly migration: Migration.Migration
  /**
   * The changes still to make, in order; backwards, the reversed ones. Fewer than the migration has
   * where a database that cannot undo a change of structure stopped on the way.
   */
  readonly changes: ReadonlyArray<Migration.Change>
}

export interface Progress {
  readonly _tag: "Started" | "Finished"
  readonly planned: Planned
  /** Milliseconds since the start; 0 when it starts. */
  readonly millis: number
}

export interface ApplyOptions {
  /** Absent for everything that is not applied yet. */
  readonly target?: Target
  /** Records without changing the structure, for a database that has it already. */
  readonly fake?: boolean
  /** Called before and after each migration. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
}

/**
 * `partial`: stopped on the way, on a database that does not roll changes of structure back.
 * `edited`: applied, and not what it was then. `missing`: applied, and no longer among the migrations.
 */
export type Condition = "applied" | "pending" | "partial" | "edited" | "missing"

export interface Status extends Migration.Id {
  readonly condition: Condition
  /** When it was applied, wholly. */
  readonly appliedAt?: DateTime.Utc
}

export interface Service {
  /** Where each migration stands, in the order of application; those without a file come last. */
  readonly status: (
    migrations: ReadonlyArray<Migration.Migration>
  ) => Effect.Effect<ReadonlyArray<Status>, Migration.GraphFault | ReadError>
  /** What `apply` would do. Writes nothing. */
  readonly plan: (
    migrations: ReadonlyArray<Migration.Migration>,
    target?: Target
  ) => Effect.Effect<ReadonlyArray<Planned>, PlanError>
  /**
   * Applies or undoes migrations, each in a transaction of its own where the database rolls changes
   * of structure back; elsewhere a failed migration goes on at the failed step the next time. Only one
   * migrator works at a time; others wait, and then find the work done. Answers what it did.
   */
  readonly apply: (
    migrations: ReadonlyArray<Migration.Migration>,
    options?: ApplyOptions
  ) => Effect.Effect<ReadonlyArray<Planned>, PlanError | MigrationFailed | WriteError>
}

export class Migrator extends Context.Tag("portico/ports/Migrator")<Migrator, Service>() {}

/** No migration has the name that was asked for, or several do. */
export class MigrationUnknown extends Schema.TaggedError<MigrationUnknown>(
  "portico/ports/Migrator/MigrationUnknown"
)("MigrationUnknown", {
  app: Schema.String,
  /** The name that was asked for; absent where there is no such app. */
  migration: Schema.optionalWith(Schema.String, { exact: true }),
  /** The names to choose from: migrations of the app, or apps. */
  choices: Schema.Array(Schema.String)
}) {
  override get message() {
    const asked =
      this.migration === undefined
        ? `no app "${this.app}" has migrations`
        : `${this.app} has no single migration "${this.migration}"`
    return `Migrator: ${asked}.${didYouMean(this.migration ?? this.app, this.choices)} Choose one of: ${this.choices.join(", ") || "none yet; run makemigrations"}.`
  }
}

/** Migrations were edited after they had been applied: what the database has is not what they say. */
export class MigrationDrift extends Schema.TaggedError<MigrationDrift>(
  "portico/ports/Migrator/MigrationDrift"
)("MigrationDrift", { migrations: Schema.Array(Schema.String) }) {
  override get message() {
    return `Migrator: ${this.migrations.join(", ")} changed after being applied. Restore the file, and put the change into a new migration.`
  }
}

/** A change was refused by the database. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>(
  "portico/ports/Migrator/MigrationFailed"
)("MigrationFailed", {
  migration: Schema.String,
  direction: Schema.Literal("forwards", "backwards"),
  /** What the step was: "Add column polls_question.closes_on". */
  change: Schema.String,
  /** Changes of this migration that are made and stay; 0 where the database rolled them back. */
  kept: Schema.Number,
  cause: Schema.Defect
}) {
  override get message() {
    const reason = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return (
      `Migrator.apply: ${this.migration} stopped ${this.direction} at "${this.change}": ` +
      `${reason.replace(/(?<![.!?])$/, ".")} ` +
      (this.kept === 0
        ? `Nothing of it remains; correct the cause and run migrate again.`
        : `${this.kept} of its changes are made, and this database cannot undo them; correct the cause and run migrate again to go on from there.`)
    )
  }
}

export type PlanError = Migration.GraphFault | MigrationUnknown | MigrationDrift | ReadError

// ---------------------------------------------------------------------------------------------
// The journal
// ---------------------------------------------------------------------------------------------

const Entry = Model.make(
  "Migration",
  {
    app: f.text({ max: 100 }),
    name: f.text({ max: 200 }),
    // Of the changes that are made; once the migration is applied, of all of them.
    checksum: f.text({ max: 16 }),
    stepsDone: f.int(),
    // Null until the migration is applied wholly.
    appliedAt: f.instant().nullable()
  },
  { pk: ["app", "name"] }
)
type Entry = Model.Row<typeof Entry>

const Journal = Model.models("portico", { Migration: Entry })

const createJournal: ReadonlyArray<Migration.Change> = Migration.stateOf(
  Model.registryOf(Journal)
).map((table) => ({ _tag: "CreateTable", table }))

/** By id; nothing where the table is yet to be made. */
const read = (db: Database.Service): Effect.Effect<ReadonlyMap<string, Entry>, ReadError> =>
  db.all(Journal.Migration).pipe(
    Effect.catchIf(isTableMissing, () => Effect.succeed<ReadonlyArray<Entry>>([])),
    Effect.map((entries) => new Map(entries.map((entry) => [Migration.idOf(entry), entry])))
  )

const isTableMissing = (error: ReadError): boolean =>
  error._tag === "QueryFault" && error.kind === "schema"

const ensureJournal = (db: Database.Service): Effect.Effect<void, WriteError> =>
  db.count(Journal.Migration).pipe(
    Effect.asVoid,
    Effect.catchIf(isTableMissing, () => alterAll(db, createJournal))
  )

const alterAll = (
  db: Database.Service,
  changes: ReadonlyArray<Migration.Change>
): Effect.Effect<void, WriteError> =>
  Effect.forEach(changes, (change) => alter(db, change), { discard: true })

const alter = (db: Database.Service, change: Migration.Change): Effect.Effect<void, WriteError> =>
  db.withSession({ readOnly: false }, (session) => session.alter(change))

const isApplied = (entry: Entry | undefined): boolean =>
  entry !== undefined && entry.appliedAt !== null

const isEdited = (migration: Migration.Migration, entry: Entry): boolean =>
  entry.checksum !== Migration.checksum(migration.changes.slice(0, entry.stepsDone)) ||
  (isApplied(entry) && entry.stepsDone !== migration.changes.length)

// ---------------------------------------------------------------------------------------------
// Plans
// ---------------------------------------------------------------------------------------------

type Entries = ReadonlyMap<string, Entry>

const forwards = (migration: Migration.Migration, entries: Entries): Planned => ({
  direction: "forwards",
  migration,
  changes: migration.changes.slice(entries.get(Migration.idOf(migration))?.stepsDone ?? 0)
})

const backwards = (migration: Migration.Migration, entries: Entries): Planned => ({
  direction: "backwards",
  migration,
  changes: migration.changes
    .slice(0, entries.get(Migration.idOf(migration))?.stepsDone)
    .map(Migration.reverse)
    .reverse()
})

/** `ids` and all that they need, or all that needs them. */
const closure = (
  ids: Iterable<string>,
  next: (id: string) => ReadonlyArray<string>
): ReadonlySet<string> => {
  const found = new Set(ids)
  // A set hands out what is added to it while it is walked.
  for (const id of found) for (const other of next(id)) found.add(other)
  return found
}

const planned = (
  sorted: ReadonlyArray<Migration.Migration>,
  entries: Entries,
  target: Target | undefined
): Either.Either<ReadonlyArray<Planned>, MigrationUnknown> => {
  const ids = new Map(sorted.map((migration) => [Migration.idOf(migration), migration]))
  const pending = (among: ReadonlySet<string>) =>
    sorted
      .filter((migration) => among.has(Migration.idOf(migration)))
      .filter((migration) => !isApplied(entries.get(Migration.idOf(migration))))
      .map((migration) => forwards(migration, entries))
  if (target === undefined) return Either.right(pending(new Set(ids.keys())))

  const own = sorted.filter(({ app }) => app === target.app)
  if (own.length === 0) {
    const choices = [...new Set(sorted.map(({ app }) => app))]
    return Either.left(new MigrationUnknown({ app: target.app, choices }))
  }
  const needed = (id: string) => ids.get(id)?.dependsOn.map(Migration.idOf) ?? []
  const needing = (id: string) =>
    sorted
      .filter(({ dependsOn }) => dependsOn.some((other) => Migration.idOf(other) === id))
      .map(Migration.idOf)
  const undone = (from: ReadonlyArray<Migration.Migration>) => {
    const all = closure(from.map(Migration.idOf), needing)
    return sorted
      .filter((migration) => all.has(Migration.idOf(migration)))
      .filter((migration) => entries.has(Migration.idOf(migration)))
      .map((migration) => backwards(migration, entries))
      .reverse()
  }
  const { name } = target
  if (name === "zero") return Either.right(undone(own))
  if (name === undefined) return Either.right(pending(closure(own.map(Migration.idOf), needed)))

  const exact = own.filter((migration) => migration.name === name)
  const goals = exact.length > 0 ? exact : own.filter((m) => m.name.startsWith(name))
  const [goal] = goals
  if (goal === undefined || goals.length > 1) {
    const choices = ["zero", ...own.map((migration) => migration.name)]
    return Either.left(new MigrationUnknown({ app: target.app, migration: name, choices }))
  }
  const after = closure(needing(Migration.idOf(goal)), needing)
  const back = undone(own.filter((migration) => after.has(Migration.idOf(migration))))
  return Either.right(back.length > 0 ? back : pending(closure([Migration.idOf(goal)], needed)))
}

// ---------------------------------------------------------------------------------------------
// Making
// ---------------------------------------------------------------------------------------------

const prepare = Effect.fnUntraced(function* (
  db: Database.Service,
  migrations: ReadonlyArray<Migration.Migration>,
  target: Target | undefined
) {
  const sorted = yield* Migration.sorted(migrations)
  const entries = yield* read(db)
  const edited = sorted.filter((migration) => {
    const entry = entries.get(Migration.idOf(migration))
    return entry !== undefined && isEdited(migration, entry)
  })
  if (edited.length > 0) {
    return yield* new MigrationDrift({ migrations: edited.map(Migration.idOf) })
  }
  return { entries, plan: yield* planned(sorted, entries, target) }
})

/** Records that the first `stepsDone` changes of a migration are made. */
const record = (
  db: Database.Service,
  migration: Migration.Migration,
  stepsDone: number,
  known: boolean,
  appliedAt: DateTime.Utc | null
): Effect.Effect<void, WriteError> => {
  const { app, name, changes } = migration
  const entry = { checksum: Migration.checksum(changes.slice(0, stepsDone)), stepsDone, appliedAt }
  return known
    ? Effect.asVoid(db.update(Journal.Migration.filter({ app, name }), entry))
    : Effect.asVoid(db.insert(Journal.Migration, { app, name, ...entry }))
}

const forget = (
  db: Database.Service,
  { app, name }: Migration.Id
): Effect.Effect<void, WriteError> =>
  Effect.asVoid(db.delete(Journal.Migration.filter({ app, name })))

/** Records the end of a migration: applied now, or undone. */
const conclude = (db: Database.Service, { direction, migration }: Planned, known: boolean) =>
  direction === "backwards"
    ? forget(db, migration)
    : Effect.flatMap(DateTime.now, (now) =>
        record(db, migration, migration.changes.length, known, now)
      )

const step = (
  db: Database.Service,
  { direction, migration }: Planned,
  change: Migration.Change,
  kept: number
): Effect.Effect<void, MigrationFailed> =>
  Effect.mapError(
    alter(db, change),
    (cause) =>
      new MigrationFailed({
        migration: Migration.idOf(migration),
        direction,
        change: Migration.describe(change),
        kept,
        cause
      })
  )

/** All changes and their record in one transaction. */
const atOnce = (
  db: Database.Service,
  plan: Planned,
  known: boolean
): Effect.Effect<void, MigrationFailed | WriteError> =>
  db.transaction(
    Effect.zipRight(
      Effect.forEach(plan.changes, (change) => step(db, plan, change, 0), { discard: true }),
      conclude(db, plan, known)
    )
  )

/** One change after the other, each recorded before the next, to go on after the last good one. */
const stepwise = (
  db: Database.Service,
  plan: Planned,
  known: boolean
): Effect.Effect<void, MigrationFailed | WriteError> => {
  const { changes, direction, migration } = plan
  const start =
    direction === "forwards" ? migration.changes.length - changes.length : changes.length
  const sign = direction === "forwards" ? 1 : -1
  // A backwards migration is recorded as unfinished before its first change is undone.
  return Effect.zipRight(
    record(db, migration, start, known, null),
    Effect.zipRight(
      Effect.forEach(
        changes,
        (change, i) =>
          // Nothing but a crash comes between a change and its record.
          Effect.uninterruptible(
            Effect.zipRight(
              step(db, plan, change, start + sign * i),
              record(db, migration, start + sign * (i + 1), true, null)
            )
          ),
        { discard: true }
      ),
      conclude(db, plan, true)
    )
  )
}

export const make = (db: Database.Service): Service => {
  const run = Effect.fnUntraced(function* (plan: Planned, known: boolean, options: ApplyOptions) {
    const start = yield* Clock.currentTimeMillis
    const report = options.onProgress ?? (() => Effect.void)
    yield* report({ _tag: "Started", planned: plan, millis: 0 })
    yield* options.fake === true
      ? conclude(db, plan, known)
      : db.capabilities.rollsBackSchema
        ? atOnce(db, plan, known)
        : stepwise(db, plan, known)
    const millis = (yield* Clock.currentTimeMillis) - start
    yield* report({ _tag: "Finished", planned: plan, millis })
  })

  return {
    status: Effect.fn("Migrator.status")(function* (migrations) {
      const sorted = yield* Migration.sorted(migrations)
      const entries = yield* read(db)
      const known = new Set(sorted.map(Migration.idOf))
      const at = (entry: Entry | undefined) =>
        entry === undefined || entry.appliedAt === null ? {} : { appliedAt: entry.appliedAt }
      return [
        ...sorted.map((migration): Status => {
          const { app, name } = migration
          const entry = entries.get(Migration.idOf(migration))
          const condition: Condition =
            entry === undefined
              ? "pending"
              : isEdited(migration, entry)
                ? "edited"
                : isApplied(entry)
                  ? "applied"
                  : "partial"
          return { app, name, condition, ...at(entry) }
        }),
        ...[...entries]
          .filter(([id]) => !known.has(id))
          .map(([, entry]): Status => ({
            app: entry.app,
            name: entry.name,
            condition: "missing",
            ...at(entry)
          }))
      ]
    }),
    plan: Effect.fn("Migrator.plan")(function* (migrations, target) {
      return (yield* prepare(db, migrations, target)).plan
    }),
    apply: Effect.fn("Migrator.apply")(function* (migrations, options = {}) {
      yield* db.migrationLock
      yield* ensureJournal(db)
      // Read under the lock: another migrator may have done the work in the meantime.
      const { entries, plan } = yield* prepare(db, migrations, options.target)
      for (const each of plan) {
        yield* run(each, entries.has(Migration.idOf(each.migration)), options)
      }
      return plan
    }, Effect.scoped)
  }
}

export const layer: Layer.Layer<Migrator, never, Database.Database> = Layer.effect(
  Migrator,
  Effect.map(Database.Database, make)
)
