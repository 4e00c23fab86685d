/** Changes of structure on the engines: what they accept, keep, check and default. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Deferred, Effect, Either, Layer } from "effect"
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Migration from "../../../src/domain/Migration.ts"
import * as Model from "../../../src/domain/Model.ts"
import { f } from "../../../src/domain/Model.ts"
import * as Database from "../../../src/ports/Database.ts"
import * as Migrator from "../../../src/ports/Migrator.ts"
import { engines, fresh } from "../../support/freshDatabase.ts"
import { models, User } from "./ddl/models.ts"

const stateOf = (models: Model.AnyModels) => Migration.stateOf(Model.registryOf(models))

const changes = (from: Migration.State, to: Migration.State) =>
  Either.getOrThrow(Migration.difference(from, to))

const initial = Migration.make({
  app: "polls",
  name: "0001_initial",
  dependsOn: [],
  changes: changes([], stateOf(models))
})

// Keys over new and old foreign keys, a foreign key whose unique goes and whose index comes: what
// MySQL is particular about.
const GrownVote = Model.make(
  "Vote",
  {
    voter: f.belongsTo(User, { as: "votes", onDelete: "cascade" }),
    topic: f.text({ max: 20 }),
    rank: f.int().unique(),
    weight: f.decimal(6, 3).default(BigDecimal.unsafeFromString("1.5")),
    mood: f.enum(["up", "down"]).default("up"),
    reviewer: f.belongsTo(User, { as: "reviews", nullable: true, onDelete: "setNull" }),
    note: f.text({ max: 30 }).nullable()
  },
  {
    pk: ["voter", "topic"],
    uniques: [["reviewer", "note"]],
    indexes: [["mood", "rank"]]
  }
)
const grownModels = Model.models("polls", { User, Vote: GrownVote })
const grown = Migration.make({
  app: "polls",
  name: "0002_grown",
  dependsOn: [initial],
  changes: changes(Migration.replay([initial]), stateOf(grownModels))
})
const shrunk = Migration.make({
  app: "polls",
  name: "0003_shrunk",
  dependsOn: [grown],
  changes: changes(Migration.replay([initial, grown]), stateOf(models))
})
const all = [initial, grown, shrunk]

const raw = (sql: string) =>
  Effect.gen(function* () {
    const db = yield* Database.Database
    yield* db.withSession({ readOnly: false }, (session) => session.raw(sql, []))
  })

const migrate = (name?: string) =>
  Effect.gen(function* () {
    const migrator = yield* Migrator.Migrator
    return yield* migrator.apply(all, name === undefined ? {} : { target: { app: "polls", name } })
  })

for (const [name, engine] of Object.entries(engines)) {
  const test = (
    what: string,
    effect: Effect.Effect<void, unknown, Database.Database | Migrator.Migrator>
  ) =>
    it.scopedLive(what, () =>
      Effect.provide(effect, Layer.provideMerge(Migrator.layer, fresh(engine)))
    )

  describe.skipIf(engine.absent !== undefined)(`changes of structure: ${name}`, () => {
    test(
      "the database's defaults are those of the models",
      Effect.gen(function* () {
        const db = yield* Database.Database
        yield* migrate("0001")
        yield* raw(`INSERT INTO polls_user (email) VALUES ('a@x')`)
        const user = yield* db.one(models.User)
        assert.strictEqual(user.nick, "it's \\")
        assert.strictEqual(user.essay, "")
        assert.strictEqual(user.bio, null)
        assert.strictEqual(user.active, true)
        assert.isTrue(BigDecimal.equals(user.balance, BigDecimal.unsafeFromString("-1.5")))
        assert.strictEqual(user.ratio, 0.5)
        assert.strictEqual(user.big, 5n)
        assert.strictEqual(DateTime.formatIso(user.seen), "2020-02-29T01:02:03.004Z")
        assert.deepStrictEqual(user.meta, { tags: ["a'b"] })
        assert.deepStrictEqual([...user.avatar], [0, 255])
        assert.strictEqual(user.kind, "staff")
        assert.strictEqual(user.bossId, null)
      })
    )

    test(
      "the database checks what the models say, whoever writes",
      Effect.gen(function* () {
        yield* migrate("0001")
        const refused = (columns: string, values: string) =>
          Effect.map(
            Effect.flip(
              raw(`INSERT INTO polls_user (email, ${columns}) VALUES ('a@x', ${values})`)
            ),
            (error) => error._tag
          )
        const beyond = name === "sqlite" ? "-10051" : "-100.51"
        assert.strictEqual(yield* refused("balance", beyond), "CheckViolation")
        assert.strictEqual(yield* refused("nick", "'xy'"), "CheckViolation")
        assert.strictEqual(yield* refused("nick, kind", "'nobody', 'o''guest'"), "CheckViolation")
        assert.strictEqual(yield* refused("kind", "'other'"), "CheckViolation")
        assert.include(
          ["CheckViolation", "ValueRejected"],
          yield* refused("nick", `'${"é".repeat(51)}'`)
        )
        assert.include(
          ["CheckViolation", "ValueRejected"],
          yield* refused("essay", `'${"é".repeat(5001)}'`)
        )
        assert.strictEqual(yield* refused("boss_id", "7"), "ForeignKeyViolation")
        assert.strictEqual(yield* refused("active", "NULL"), "NotNullViolation")
        // And takes what meets them: code points are counted, not bytes.
        const good = `'${"é".repeat(50)}', 'o''guest', ${beyond.replace("51", "50")}`
        yield* raw(`INSERT INTO polls_user (email, nick, kind, balance) VALUES ('b@x', ${good})`)
      })
    )

    test(
      "every change goes forwards, back and forwards again, and rows stay",
      Effect.gen(function* () {
        const db = yield* Database.Database
        yield* migrate("0001")
        const user = yield* db.insert(models.User, { email: "a@x" })
        yield* db.insert(models.Vote, { voterId: user.id, topic: "t", rank: 1 })
        for (const target of ["0003", "0001", "0002", "0001", "0002"]) yield* migrate(target)
        const vote = yield* db.one(grownModels.Vote)
        assert.strictEqual(vote.mood, "up")
        assert.isTrue(BigDecimal.equals(vote.weight, BigDecimal.unsafeFromString("1.5")))
        assert.strictEqual(vote.rank, 1)

        // What came with the columns holds: unique, foreign key, what a delete does.
        const late = { voterId: user.id, reviewerId: user.id, note: "n" }
        const reviewer = yield* db.insert(models.User, { email: "b@x" })
        yield* db.insert(grownModels.Vote, {
          ...late,
          topic: "u",
          rank: 2,
          reviewerId: reviewer.id
        })
        const clash = yield* Effect.flip(
          db.insert(grownModels.Vote, { ...late, topic: "v", rank: 3, reviewerId: reviewer.id })
        )
        assert.strictEqual(clash._tag, "UniqueViolation")
        const dangling = yield* Effect.flip(
          db.insert(grownModels.Vote, { ...late, topic: "v", rank: 3, reviewerId: 99 })
        )
        assert.strictEqual(dangling._tag, "ForeignKeyViolation")
        yield* db.delete(models.User.filter({ id: reviewer.id }))
        assert.deepStrictEqual(
          (yield* db.all(grownModels.Vote)).map(({ reviewerId }) => reviewerId),
          [null, null]
        )
        yield* migrate("zero")
        assert.lengthOf(yield* migrate(), 3)
      })
    )

    test(
      "names and texts of any kind are only names and texts",
      Effect.gen(function* () {
        const db = yield* Database.Database
        const hostile = `a"b\`c'; DROP TABLE x; --`
        const change: Migration.Change = {
          _tag: "CreateTable",
          table: {
            name: hostile,
            columns: [
              { name: "id", type: { _tag: "Int" }, identity: true },
              { name: hostile, type: { _tag: "Text", max: 99 }, default: `\\'); -- "\`${hostile}` }
            ],
            primaryKey: ["id"],
            uniques: [{ name: `uq${hostile}`, columns: [hostile] }],
            indexes: [],
            checks: [],
            foreignKeys: []
          }
        }
        yield* db.withSession({ readOnly: false }, (session) =>
          Effect.zipRight(session.alter(change), session.alter(Migration.reverse(change)))
        )
      })
    )

    it.scopedLive("of six migrators on three pools each migration is applied by one", () =>
      Effect.gen(function* () {
        const url = yield* engine.url
        const pool = Layer.provideMerge(Migrator.layer, engine.layer(url))
        const done = yield* Effect.all(
          Array.from({ length: 3 }, () =>
            Effect.provide(Effect.all([migrate(), migrate()], { concurrency: 2 }), pool)
          ),
          { concurrency: 3 }
        )
        assert.deepStrictEqual(
          done.flat(2).map(({ migration }) => migration.name),
          ["0001_initial", "0002_grown", "0003_shrunk"]
        )
      })
    )

    it.scopedLive("the right to migrate ends with the process that has it, however it ends", () =>
      Effect.gen(function* () {
        const url = yield* engine.url
        const here = dirname(fileURLToPath(import.meta.url))
        const jiti = join(
          dirname(createRequire(import.meta.url).resolve("jiti/package.json")),
          "lib/jiti-cli.mjs"
        )
        const taken = yield* Deferred.make<void>()
        const holder = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn(process.execPath, [jiti, join(here, "../../support/holdMigrationLock.ts"), url], {
              stdio: ["ignore", "pipe", "inherit"]
            })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        holder.stdout.on("data", () => Deferred.unsafeDone(taken, Effect.void))
        yield* Deferred.await(taken)
        yield* Effect.provide(
          Effect.gen(function* () {
            const waiting = yield* Effect.fork(migrate())
            yield* Effect.sleep("150 millis")
            assert.isTrue((yield* waiting.status)._tag !== "Done")
            holder.kill("SIGKILL")
            assert.lengthOf(yield* waiting, 3)
          }),
          Layer.provideMerge(Migrator.layer, engine.layer(url))
        )
      })
    )
  })
}
