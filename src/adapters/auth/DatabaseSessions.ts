/**
 * Sessions in a table of the site's own database: they outlive a restart and are shared by all of
 * its processes. Give `app` to the site, whose migrations then make the table.
 *
 * A session is written within the transaction that is open, if one is: a login that is rolled back
 * leaves no session behind.
 */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Migration from "../../domain/Migration.ts"
import * as Model from "../../domain/Model.ts"
import { Database, type Service as DatabaseService } from "../../ports/Database.ts"
import { type ReadError, TransactionConflict, type WriteError } from "../../ports/DatabaseError.ts"
import { Unavailable } from "../../ports/PortError.ts"
import * as ReusableApp from "../../ports/ReusableApp.ts"
import {
  type Capabilities,
  type Driver,
  make as makeStore,
  type Row,
  type Service,
  SessionStore
} from "../../ports/SessionStore.ts"
import { sha256 } from "./internal/digest.ts"

export const capabilities: Capabilities = {
  revokes: true,
  merges: true,
  sweeps: true,
  // Every request reads its session whole; databases take more (MySQL's packet: 16 MiB).
  maxBytes: 1024 * 1024
}

const { f } = Model

export const Session = Model.make(
  "Session",
  {
    /** SHA-256 in base64url. */
    id: f.text({ max: 43 }),
    data: f.text(),
    /** Milliseconds since the epoch. */
    expiresAt: f.int(),
    /** Counts the writes: a write that was read before another one's does not take place. */
    version: f.int()
  },
  { table: "portico_session", indexes: [["expiresAt"]] }
)

export const models = Model.models("sessions", { Session })

/** The table, for the site's list of apps. */
export const app: ReusableApp.ReusableApp = ReusableApp.make({
  name: "sessions",
  models,
  migrations: [
    Migration.make({
      app: "sessions",
      name: "0001_initial",
      dependsOn: [],
      changes: [
        {
          _tag: "CreateTable",
          table: {
            name: "portico_session",
            columns: [
              { name: "id", type: { _tag: "Text", max: 43 } },
              { name: "data", type: { _tag: "Text" } },
              { name: "expires_at", type: { _tag: "Int" } },
              { name: "version", type: { _tag: "Int" } }
            ],
            primaryKey: ["id"],
            uniques: [],
            indexes: [{ name: "ix_portico_session_expires_at", columns: ["expires_at"] }],
            checks: [],
            foreignKeys: []
          }
        }
      ]
    })
  ]
})

/**
 * Of those who write one session at once, one succeeds in each round: more rounds than a browser
 * has requests at once. Inside a transaction that cannot see the others' writes they end, too.
 */
const maxAttempts = 64

const unavailable = (operation: string) => (cause: ReadError | WriteError) =>
  new Unavailable({ port: "SessionStore", operation, cause })

/** Another writer was there first, in the database's words. */
const isCollision = (error: WriteError): boolean =>
  error._tag === "TransactionConflict" &&
  (error.kind === "serialization" || error.kind === "deadlock")

const lost = new TransactionConflict({ kind: "serialization", killsTransaction: false })

const driver = (database: DatabaseService): Driver => {
  const byId = (id: string) => models.Session.filter({ id })

  /** Whether the row was still as it was read. */
  const write = (id: string, version: number, next: Row): Effect.Effect<boolean, WriteError> =>
    database.update(models.Session.filter({ id, version }), { ...next, version: version + 1 }).pipe(
      Effect.map((written) => written === 1),
      Effect.catchIf(isCollision, () => Effect.succeed(false))
    )

  const replace = <E>(
    id: string,
    change: (row: Row) => Either.Either<Row, E>,
    attempts: number
  ): Effect.Effect<Option.Option<Row>, E | Unavailable> =>
    Effect.gen(function* () {
      const found = yield* Effect.mapError(database.first(byId(id)), unavailable("save"))
      if (Option.isNone(found)) return Option.none()
      const { version, ...row } = found.value
      const next = yield* change(row)
      if (yield* Effect.mapError(write(id, version, next), unavailable("save"))) {
        return Option.some(next)
      }
      if (attempts === 1) return yield* unavailable("save")(lost)
      return yield* replace(id, change, attempts - 1)
    })

  return {
    capabilities,
    sha256,
    insert: (row) =>
      database
        .insert(models.Session, { ...row, version: 0 })
        .pipe(Effect.asVoid, Effect.mapError(unavailable("create"))),
    find: (id) => Effect.mapError(database.first(byId(id)), unavailable("load")),
    replace: (id, change) => replace(id, change, maxAttempts),
    remove: (id) =>
      database.delete(byId(id)).pipe(Effect.asVoid, Effect.mapError(unavailable("revoke"))),
    removeExpired: (now) =>
      Effect.mapError(
        database.delete(models.Session.filter(({ expiresAt }) => expiresAt.lte(now))),
        unavailable("removeExpired")
      )
  }
}

export const make: Effect.Effect<Service, never, Database> = Effect.map(Database, (database) =>
  makeStore(driver(database))
)

export const layer: Layer.Layer<SessionStore, never, Database> = Layer.effect(SessionStore, make)
