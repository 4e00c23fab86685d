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
import type * as HttpRequest from "../ports/HttpRequest.ts"
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
  prefix: Route.pattern(prefix),
  namespace: options.namespace ?? app.name
})

/** What every site gives to its views, middleware and commands. */
export type Provided = Adapters.Ports | HttpRequest.HttpRequest | Scope.Scope

/** What a compile error shows when a view needs a service that nobody gives. */
export interface MissingServices<R> {
  readonly "A view, middleware or command needs a service that this site does not give. Add a layer for it to `services`": R
}

type Complete<R, S> = [Exclude<R, Provided | S>] extends [never]
  ? unknown
  : MissingServices<Exclude<R, Provided | S>>

// `any`: see `ReusableApp.NeedsOf`, which reads what each of them asks for.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyMounted = ReusableApp.Mounted<any>

// Inferred as a whole: a layer is contravariant in what it gives, and a type parameter for that alone
// is inferred as nothing where it gives several services. Every layer gives at least `never`.
type AnyServices = Layer.Layer<never, Adapters.Failure, Adapters.Ports>

export interface Options<
  A extends AnyMounted,
  V extends ReusableApp.AnyView,
  M extends ReusableApp.AnyMiddleware,
  L extends AnyServices
> {
  /** For people: the line that `serve` prints, Portico's own pages. */
  readonly name: string
  /**
   * `import.meta.url` of the module that declares the site: its `templates/` and `static/` lie
   * beside that file, and win over those of its apps.
   */
  readonly at?: string
  readonly apps?: ReadonlyArray<A>
  /** Views of the site itself, tried before those of its apps. */
  readonly views?: ReadonlyArray<V>
  /** Inside the default middleware, around that of the apps. */
  readonly middleware?: ReadonlyArray<M>
  /** What the ports are made of: `Adapters.standard()` unless said otherwise. */
  readonly adapters?: Adapters.Standard
  /** Services of the site's own, made from the ports. */
  readonly services?: L
  /** Keys of the site's own, checked and printed with Portico's. */
  readonly settings?: Settings.Settings
  /** Values for keys that the environment does not give: `{ DATABASE_URL: "sqlite:./polls.db" }`. */
  readonly defaults?: Readonly<Record<string, string>>
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

/** Composes a site. What its views need and nobody gives does not compile. */
export const make = <
  A extends AnyMounted = never,
  V extends ReusableApp.AnyView = never,
  M extends ReusableApp.AnyMiddleware = never,
  L extends AnyServices = Layer.Layer<never>
>(
  options: Options<A, V, M, L> & Complete<ReusableApp.NeedsOf<A | V | M>, Layer.Layer.Success<L>>
): Site<ReusableApp.NeedsOf<A | V | M> | Adapters.Ports> => {
  type R = ReusableApp.NeedsOf<A | V | M>
  const apps = options.apps ?? []
  const adapters = options.adapters ?? Adapters.standard()
  return {
    [TypeId]: TypeId,
    name: options.name,
    directory: options.at === undefined ? undefined : new URL("./", options.at),
    apps,
    entries: [
      ...(options.views ?? []).map((view) => ({ route: view.route, target: view })),
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
    middleware: [...(options.middleware ?? []), ...apps.flatMap(({ app }) => app.middleware)],
    adapters,
    // `Complete` has checked that the ports and `services` give all of R between them.
    services: Layer.merge(
      Layer.context<Adapters.Ports>(),
      options.services ?? Layer.empty
    ) as Layer.Layer<R | Adapters.Ports, Adapters.Failure, Adapters.Ports>,
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
