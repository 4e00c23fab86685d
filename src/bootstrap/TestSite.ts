/**
 * A whole site for tests, in this process: its settings given, its database migrated, visitors that
 * never leave the machine.
 *
 * ```ts
 * it.scoped("a vote counts", () =>
 *   Effect.gen(function* () {
 *     const test = yield* TestSite.make(site)
 *     yield* test.run(Database.insert(Polls.Question, { text: "Why?", publishedAt }))
 *     const page = yield* test.visitor().get("/polls/")
 *     assert.include(page.text, "Why?")
 *   }))
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodeServer from "../adapters/http/NodeServer.ts"
import * as WebHandler from "../adapters/http/WebHandler.ts"
import * as HttpServer from "../ports/HttpServer.ts"
import type * as Adapters from "./Adapters.ts"
import type * as App from "./App.ts"
import { httpSite } from "./internal/httpSite.ts"
import { loadModule } from "./internal/load.ts"
import { applyAll, type LoadModule } from "./internal/migrations.ts"
import { services, settle } from "./internal/start.ts"
import * as TestClient from "./TestClient.ts"

export interface Options {
  /**
   * Values that win over the environment, by key. Unless they say otherwise the environment is "test"
   * and the rows are in memory.
   */
  readonly settings?: Readonly<Record<string, string>>
  /** How migrations in files are imported, where neither the test runner nor Portico can do it. */
  readonly load?: LoadModule
}

export interface TestSite<R> {
  /** Another visitor, with cookies of their own. */
  readonly visitor: (options?: TestClient.Options) => TestClient.Client
  /** Runs an effect with the site's services: to prepare rows, and to look at them. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E>
}

const defaults = { PORTICO_ENV: "test", DATABASE_URL: "memory:" }

/** A test runner that reads TypeScript keeps one copy of each module: it goes first. */
const loadInTests: LoadModule = (path) =>
  process.env["VITEST"] === undefined
    ? loadModule(path)
    : import(path).catch(() => loadModule(path))

interface Started<R> {
  readonly served: HttpServer.Site
  readonly run: TestSite<R>["run"]
}

const start = <R>(
  site: App.Site<R>,
  { load = loadInTests, settings = {} }: Options
): Effect.Effect<Started<R | Adapters.Ports>, Adapters.Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const settled = yield* settle(site, { ...defaults, ...settings })
    const context = yield* Layer.build(services(site, settled))
    const run = <A, E>(effect: Effect.Effect<A, E, R | Adapters.Ports>) =>
      Effect.provide(effect, context)
    yield* run(applyAll(site, load))
    return { served: yield* run(httpSite(site, settled)), run }
  })

/** Starts the site and migrates its database. It ends with the scope. */
export const make = <R>(
  site: App.Site<R>,
  options: Options = {}
): Effect.Effect<TestSite<R | Adapters.Ports>, Adapters.Failure, Scope.Scope> =>
  Effect.gen(function* () {
    const { run, served } = yield* start(site, options)
    const handler = yield* WebHandler.make(served)
    return {
      visitor: (client) => TestClient.clientOf(handler, served.table.reverse, client),
      run
    }
  })

/** As `make`, on a free port of this machine: for tests with a browser or another program. */
export const listen = <R>(
  site: App.Site<R>,
  options: Options = {}
): Effect.Effect<
  Pick<TestSite<R | Adapters.Ports>, "run"> & { readonly address: HttpServer.Address },
  Adapters.Failure,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const { run, served } = yield* start(site, options)
    const server = yield* Layer.build(NodeServer.layer({ host: "127.0.0.1", port: 0 }))
    const { serve } = Context.get(server, HttpServer.HttpServer)
    return { address: yield* serve(served), run }
  })
