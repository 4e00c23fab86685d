/**
 * A site: apps, routes and adapters put together, and checked. `App.make` is what the module `site.ts`
 * exports, and what the entry points (`Http`, `Cli`) run.
 *
 * ```ts
 * export default App.make({
 *   name: "Polls",
 *   apps: [App.mount("/polls", polls)],
 *   views: [home]
 * })
 * ```
 */
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Route from "../domain/Route.ts"
import type * as Csrf from "../adapters/http/middleware/Csrf.ts"
import type * as SecurityHeaders from "../adapters/http/middleware/SecurityHeaders.ts"
import type * as Sessions from "../adapters/http/middleware/Sessions.ts"
import type * as NodeServer from "../adapters/http/NodeServer.ts"
import type * as HttpRequest from "../ports/HttpRequest.ts"
import type * as HttpServer from "../ports/HttpServer.ts"
import type * as Middleware from "../ports/Middleware.ts"
import type * as ReusableApp from "../ports/ReusableApp.ts"
import type * as Router from "../ports/Router.ts"
import type * as View from "../ports/View.ts"
import * as Adapters from "./Adapters.ts"
import * as Settings from "./Settings.ts"

/**
 * An app at a prefix: `App.mount("/polls", polls)`. Mounted a second time, it needs a `namespace` of
 * its own.
 */
export const mount = <R, const P extends string>(
  prefix: Route.Checked<P, {}>,
  app: ReusableApp.ReusableApp<R>,
  options: { readonly namespace?: string } = {}
): ReusableApp.Mounted<R> => ({
  app,
  // "/" would put a slash before each route's own.
  prefix: Route.pattern<string>(prefix === "/" ? "" : prefix),
  namespace: options.namespace ?? app.name
})

/** What every site gives to its views, middleware and commands. */
export type Provided = Adapters.Ports | HttpRequest.HttpRequest | Scope.Scope

/** What a compile error shows at a view, middleware or app that needs a service nobody gives. */
export interface MissingServices<R> {
  readonly "This site does not give a service that this needs. Add a layer for it to `services`": R
}

// `any`: what each part needs is read from its own type, as `ReusableApp.NeedsOf` says.
type AnyApps = ReadonlyArray<ReusableApp.Mounted<any>>
type AnyViews = ReadonlyArray<ReusableApp.AnyView>
type AnyMiddleware = ReadonlyArray<ReusableApp.AnyMiddleware>

/** What a layer gives, if it can be built from the ports: one that needs more gives nothing here. */
type Gives<L> = [L] extends [never]
  ? never
  : [L] extends [Layer.Layer<infer S, Adapters.Failure, infer R>]
    ? [Exclude<R, Adapters.Ports>] extends [never]
      ? S
      : never
    : never

type Unmet<T, L> = Exclude<ReusableApp.NeedsOf<T>, Provided | Gives<L>>

type Complete<Parts> = {
  readonly [K in keyof Parts]: [Unmet<Parts[K], never>] extends [never]
    ? Parts[K]
    : Parts[K] & MissingServices<Unmet<Parts[K], never>>
}

type Sufficient<Part, L> = [Unmet<Part, L>] extends [never]
  ? unknown
  : MissingServices<Unmet<Part, L>>

/** How the server and the default middleware treat requests. All have safe defaults. */
export interface HttpOptions extends Pick<
  HttpServer.Options,
  "gracePeriod" | "limits" | "requestTimeout"
> {
  /** How long clients may take, and how much they may say, on connections of `NodeServer`. */
  readonly connections?: Omit<NodeServer.Options, "host" | "port">
  /** Content security policy, HSTS, the redirect to https. */
  readonly headers?: SecurityHeaders.Options
  /** The cookie's name and age. */
  readonly sessions?: Sessions.Options
  /** Origins whose pages may send forms here. */
  readonly csrf?: Pick<Csrf.Options, "trustedOrigins">
  /** The site's own error pages; one that fails gives way to Portico's. */
  readonly errorPage?: HttpServer.ErrorPage<Adapters.Ports>
}

interface Common {
  /** For people: the line that `serve` prints, Portico's own pages. */
  readonly name: string
  /**
   * `import.meta.url` of the module that declares the site: its `templates/` and `static/` lie
   * beside that file, and win over those of its apps.
   */
  readonly at?: string
  /** What the ports are made of: `Adapters.standard()` unless said otherwise. */
  readonly adapters?: Adapters.Standard
  readonly http?: HttpOptions
  /** Keys of the site's own, checked and printed with Portico's; views read them by `Settings.get`. */
  readonly settings?: Settings.Settings
  /** Values for keys that the environment does not give: `{ DATABASE_URL: "sqlite:./polls.db" }`. */
  readonly defaults?: Readonly<Record<string, string>>
}

interface Parts<A, V, M> {
  readonly apps?: A
  /** Views of the site itself, tried before those of its apps. */
  readonly views?: V
  /** Inside the default middleware, around that of the apps. */
  readonly middleware?: M
}

/** A site whose parts need nothing but the ports. */
export type Options<A, V, M> = Common &
  Parts<A & Complete<A>, V & Complete<V>, M & Complete<M>> & { readonly services?: undefined }

/** A site with services of its own. */
export type OptionsWithServices<
  A extends AnyApps,
  V extends AnyViews,
  M extends AnyMiddleware,
  L
> = Common &
  Parts<A, V, M> & {
    /** A layer made from the ports. Its failures have a tag and a message. */
    // Not bounded, and checked here alone: a bound, or a check elsewhere, is what a layer that is made
    // in place would be inferred as.
    readonly services: L & Sufficient<A[number] | V[number] | M[number], L>
  }

export const TypeId: unique symbol = Symbol.for("portico/bootstrap/App")

/** A site: a value that says everything and has started nothing. */
export interface Site<in out R = Adapters.Ports> {
  readonly [TypeId]: typeof TypeId
  readonly name: string
  readonly directory: URL | undefined
  readonly apps: ReadonlyArray<ReusableApp.Mounted<R>>
  /** Every view and where it is mounted, in the order they are tried. */
  readonly entries: ReadonlyArray<Router.Entry<View.Endpoint<R>>>
  /** The site's own, then its apps'. */
  readonly middleware: ReadonlyArray<Middleware.Middleware<R>>
  readonly adapters: Adapters.Standard
  readonly http: HttpOptions
  readonly services: Layer.Layer<R, Adapters.Failure, Adapters.Ports>
  /** Every key that this site reads. */
  readonly settings: Settings.Settings
  readonly defaults: Readonly<Record<string, string>>
}

/** A site, whatever its views ask for. */
// `any`: a site is invariant in what it gives, since it both makes it and uses it up.
// oxlint-disable-next-line typescript/no-explicit-any
export type Any = Site<any>

export const isSite = (u: unknown): u is Any => typeof u === "object" && u !== null && TypeId in u

type Needs<A extends AnyApps, V extends AnyViews, M extends AnyMiddleware> =
  | ReusableApp.NeedsOf<A[number] | V[number] | M[number]>
  | Adapters.Ports

/** Composes a site. What its views need and nobody gives does not compile. */
export const make: {
  <const A extends AnyApps = [], const V extends AnyViews = [], const M extends AnyMiddleware = []>(
    options: Options<A, V, M>
  ): Site<Needs<A, V, M>>
  <
    L,
    const A extends AnyApps = [],
    const V extends AnyViews = [],
    const M extends AnyMiddleware = []
  >(
    options: OptionsWithServices<A, V, M, L>
  ): Site<Needs<A, V, M>>
} = (
  options: Common &
    Parts<AnyApps, AnyViews, AnyMiddleware> & {
      readonly services?: Layer.Layer<any, Adapters.Failure, Adapters.Ports> | undefined
    }
): Site<any> => {
  const { apps = [], middleware = [], views = [] } = options
  const adapters = options.adapters ?? Adapters.standard()
  return {
    [TypeId]: TypeId,
    name: options.name,
    directory: options.at === undefined ? undefined : new URL("./", options.at),
    apps,
    entries: [
      ...views.map((view) => ({ route: view.route, target: view })),
      ...apps.flatMap(({ app, namespace, prefix }) =>
        app.views.map((view) => ({
          route: view.route,
          target: view,
          mount: {
            ...(prefix === undefined ? {} : { prefix }),
            namespaces: [namespace],
            apps: [app.name]
          }
        }))
      )
    ],
    middleware: [...middleware, ...apps.flatMap(({ app }) => app.middleware)],
    adapters,
    http: options.http ?? {},
    // The types of the options have checked that the ports and `services` give all of it between them.
    services: Layer.merge(Layer.context<Adapters.Ports>(), options.services ?? Layer.empty),
    settings: {
      ...Settings.core,
      databaseUrl: adapters.database.setting,
      templates: adapters.templates.setting,
      sessions: adapters.sessions.setting,
      hasher: adapters.hasher.setting,
      router: adapters.router.setting,
      ...options.settings
    },
    defaults: options.defaults ?? {}
  }
}
