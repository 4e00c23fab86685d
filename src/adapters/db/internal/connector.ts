/**
 * Pools of connections as the port's `Database`, with `SqlClient` beside it: what the three SQL
 * adapters have in common once they know how to open a connection.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { Compiler } from "@effect/sql/Statement"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Database from "../../../ports/Database.ts"
import type { DatabaseUnavailable, ReadError } from "../../../ports/DatabaseError.ts"
import * as Ddl from "./ddl.ts"
import { type Pool, unavailable } from "./pool.ts"
import * as Sql from "./sqlClient.ts"

/** What an adapter's layer provides. */
export type Provided = Database.Database | SqlClient.SqlClient

export interface Parts {
  /** The database's name for people. */
  readonly name: string
  readonly capabilities: Database.Capabilities
  readonly ddl: Ddl.Dialect
  /** The same pool twice where one kind of connection does both. */
  readonly readers: Pool
  readonly writers: Pool
  /** Rejects where the database does not answer. */
  readonly ping: () => Promise<void>
  /** Tries once to take the exclusive right to migrate: how to give it back, if it was free. */
  readonly tryMigrationLock: () => Promise<(() => Promise<void>) | undefined>
  readonly compiler: Compiler
  /** Of OpenTelemetry's registry of database systems. */
  readonly system: string
}

const pingMillis = 2000

const driverOf = (parts: Parts): Database.Driver => {
  const { capabilities, name, readers, writers } = parts
  return {
    name,
    capabilities,
    use: ({ readOnly }, use) => (readOnly ? readers : writers).use(use),
    migrationLock: polled(parts.tryMigrationLock),
    describe: (change) => Ddl.statements(parts.ddl, change),
    health: Effect.promise(async () => {
      const start = performance.now()
      const ok = await answers(parts.ping)
      const pools = new Set([readers, writers])
      const total = (count: (pool: Pool) => number) =>
        [...pools].reduce((sum, pool) => sum + count(pool), 0)
      return {
        ok,
        latencyMillis: performance.now() - start,
        inUse: total(({ gate }) => gate.inUse),
        waiting: total(({ gate }) => gate.waiting)
      }
    })
  }
}

const answers = async (ping: () => Promise<void>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), pingMillis)
  })
  const answered = await Promise.race([
    ping().then(
      () => true,
      () => false
    ),
    patience
  ])
  clearTimeout(timer)
  return answered
}

// Asking opens a connection: the longer a migration takes, the less often the waiters do.
const firstPollMillis = 25
const longestPollMillis = 500

/** Asks again and again, so that a waiter can be interrupted on every database. */
const polled = (attempt: Parts["tryMigrationLock"]): Effect.Effect<void, ReadError, Scope.Scope> =>
  Effect.suspend(() => {
    let giveBack: (() => Promise<void>) | undefined
    let stopped = false
    const acquire = Effect.async<void, DatabaseUnavailable>((resume) => {
      const ask = async (): Promise<void> => {
        for (
          let pause = firstPollMillis;
          !stopped;
          pause = Math.min(pause * 2, longestPollMillis)
        ) {
          giveBack = await attempt()
          if (giveBack !== undefined) return resume(Effect.void)
          await new Promise((wake) => setTimeout(wake, pause))
        }
      }
      asked = ask().catch((error) => resume(Effect.fail(unavailable(error))))
    })
    let asked: Promise<void> | undefined
    return Effect.acquireReleaseInterruptible(acquire, () =>
      Effect.promise(async () => {
        stopped = true
        await asked
        await giveBack?.()
      })
    )
  })

/** How long the end of the layer waits for work under way. */
const closeMillis = 30_000

/** `parts` opens what it needs to know the server; its pools end with the scope. */
export const connect = (
  parts: Effect.Effect<Parts, DatabaseUnavailable, Scope.Scope>
): Effect.Effect<Context.Context<Provided>, DatabaseUnavailable, Scope.Scope> =>
  Effect.flatMap(parts, (made) => {
    const service = Database.make(driverOf(made))
    return Effect.map(
      Sql.make({
        service,
        compiler: made.compiler,
        system: made.system,
        reserve: made.writers.reserve
      }),
      (client) =>
        Context.make(Database.Database, service).pipe(Context.add(SqlClient.SqlClient, client))
    )
  })

/** A pool that ends with the scope. */
export const scoped = (pool: Pool): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.succeed(pool), () => Effect.promise(() => pool.close(closeMillis)))

/** `layer` and `layerConfig` of an adapter, from how it reads its options and what it makes of them. */
export const layers = <Options, Settings>(
  settings: (options: Options) => Either.Either<Settings, ConfigError.ConfigError>,
  open: (settings: Settings) => Effect.Effect<Parts, DatabaseUnavailable, Scope.Scope>
) => {
  const layer = (
    options: Options
  ): Layer.Layer<Provided, ConfigError.ConfigError | DatabaseUnavailable> =>
    Layer.scopedContext(
      Effect.flatMap(
        Effect.suspend(() => settings(options)),
        (read) => connect(open(read))
      )
    )
  return {
    layer,
    layerConfig: (
      config: Config.Config.Wrap<Options>
    ): Layer.Layer<Provided, ConfigError.ConfigError | DatabaseUnavailable> =>
      Layer.unwrapEffect(Effect.map(Config.unwrap(config), layer))
  }
}

export const millis = (duration: Duration.DurationInput | undefined, absent: number): number =>
  duration === undefined ? absent : Duration.toMillis(duration)
