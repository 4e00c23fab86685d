/**
 * The HTTP entry point: serves a site until it is told to end.
 *
 * ```ts
 * // main.ts
 * import * as Http from "portico/bootstrap/Http"
 * Http.main(site)
 * ```
 */
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodeServer from "../adapters/http/NodeServer.ts"
import * as HttpServer from "../ports/HttpServer.ts"
import type * as Adapters from "./Adapters.ts"
import type * as App from "./App.ts"
import * as Checks from "./Checks.ts"
import { httpSite } from "./internal/httpSite.ts"
import { report } from "./internal/report.ts"
import { services, type Settled, settle } from "./internal/start.ts"

/** Values that win over the environment, by key: `{ PORT: "0" }`. */
export type Overrides = Readonly<Record<string, string | undefined>>

/** Starts the site: settings, services, checks, then the server. It ends with the scope. */
export const start = <R>(
  site: App.Site<R>,
  overrides: Overrides = {}
): Effect.Effect<HttpServer.Address, Adapters.Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const settled = yield* settle(site, overrides)
    const { host, port } = settled.values
    const context = yield* Layer.build(services(site, settled))
    return yield* Effect.gen(function* () {
      yield* Checks.beforeServing(site, settled)
      if (isInMemory(site, settled)) yield* migrate(site)
      else if (settled.values.environment === "development") yield* remindOfMigrations(site)
      const served = yield* httpSite(site, settled)
      const server = yield* Layer.build(NodeServer.layer({ ...site.http.connections, host, port }))
      return yield* Effect.flatMap(HttpServer.HttpServer, (_) => _.serve(served)).pipe(
        Effect.provide(server)
      )
    }).pipe(Effect.provide(context))
  })

/** A database that begins with this process: nobody else can migrate it. */
const isInMemory = (site: App.Any, settled: Settled): boolean =>
  Checks.chosen(site, settled).some(
    ({ adapter, port }) => port === "Database" && adapter === "memory"
  )

const migrate = (site: App.Any) =>
  Effect.flatMap(
    Effect.promise(() =>
      Promise.all([import("./internal/migrations.ts"), import("./internal/load.ts")])
    ),
    ([{ applyAll }, { loadModule }]) => applyAll(site, loadModule)
  )

/** At a desk a forgotten migration is the usual fault; in production nothing is looked for. */
const remindOfMigrations = (site: App.Any) =>
  Effect.promise(() => import("./internal/deepChecks.ts")).pipe(
    Effect.flatMap(({ migrationFindings }) => migrationFindings(site)),
    Effect.flatMap(
      Effect.forEach((finding) => Console.error(Checks.line(finding)), { discard: true })
    )
  )

/** Serves until interrupted, and says where. */
export const serve = <R>(
  site: App.Site<R>,
  overrides: Overrides = {}
): Effect.Effect<never, Adapters.Failure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const address = yield* start(site, overrides)
      yield* Console.log(`${site.name} is at ${address.url}`)
      return yield* Effect.never
    })
  )

/** The whole of a `main.ts`: serves the site, ends gracefully on SIGTERM and SIGINT. */
export const main = <R>(site: App.Site<R>): void =>
  runMain(report(serve(site)), { disableErrorReporting: true })
