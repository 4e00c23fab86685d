/**
 * A program that takes the right to migrate the database at a URL, says so and never ends: to be
 * killed by a test.
 */
import { Console, Effect, Redacted } from "effect"
import * as Mysql from "../../src/adapters/db/Mysql.ts"
import * as Postgres from "../../src/adapters/db/Postgres.ts"
import * as Sqlite from "../../src/adapters/db/Sqlite.ts"
import * as Database from "../../src/ports/Database.ts"

const [, , url = ""] = process.argv
const { layer } = url.startsWith("mysql:") ? Mysql : url.startsWith("sqlite:") ? Sqlite : Postgres

void Effect.gen(function* () {
  const db = yield* Database.Database
  yield* db.migrationLock
  yield* Console.log("taken")
  yield* Effect.sync(() => setInterval(() => {}, 1000))
  return yield* Effect.never
}).pipe(Effect.scoped, Effect.provide(layer({ url: Redacted.make(url) })), Effect.runPromise)
