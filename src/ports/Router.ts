/**
 * Port: which route answers a request, and which URL leads to a route.
 *
 * Servers call `match`, apps call `reverse`. Adapters implement the smaller `Driver`, an index over
 * patterns, and hand it to `make`, which adds what must be the same everywhere: decoding, methods,
 * HEAD, OPTIONS, trailing slashes, namespaces and reversal.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Route from "../domain/Route.ts"

/** What routers may differ in. */
export interface Capabilities {
  /**
   * The work of a match does not grow with the number of routes: a site of a thousand routes answers
   * as fast as one of ten. Where false, every route before the right one is tried.
   */
  readonly indexes: boolean
}

/** Where a route of an app hangs in the site. */
export interface Mount {
  /** Put before the route's pattern: `Route.pattern("/polls")`. Absent = the site's root. */
  readonly prefix?: Route.Pattern<any>
  /** Instance namespaces, outermost first: `["author-polls"]`. Put before the route's name. */
  readonly namespaces: ReadonlyArray<string>
  /**
   * The app that each namespace is an instance of: `["polls"]`. Absent = the same names, so each is
   * its app's default instance.
   */
  readonly apps?: ReadonlyArray<string>
}

/** A route and what it leads to (a view, to the server; anything, to the router). */
export interface Entry<out T> {
  readonly route: Route.Any
  readonly target: T
  readonly mount?: Mount
}

/** Parameter values by name, decoded. */
export interface Params {
  readonly [name: string]: unknown
}

/** What `match` answers: a plain value, made for every request. */
export type Match<T> =
  | Found<T>
  /** No route has this path: 404. */
  | { readonly _tag: "NotFound" }
  /** The path exists for other methods: 405 with `Allow`. */
  | { readonly _tag: "MethodNotAllowed"; readonly allow: string }
  /** An OPTIONS request to a path without an OPTIONS route: 204 with `Allow`. */
  | { readonly _tag: "Options"; readonly allow: string }
  /** The path exists with a slash at its end. `to` is that path, percent-encoded, without the query. */
  | { readonly _tag: "Redirect"; readonly to: string }
  /** The percent-encoding is broken, or holds a NUL: 400. */
  | { readonly _tag: "Malformed" }

export interface Found<T> {
  readonly _tag: "Found"
  readonly target: T
  /** The entry's route, the very value. */
  readonly route: Route.Any
  /** Those of the mount's prefix and the route's own. Do not change: shared between requests. */
  readonly params: Params
  /** The instance namespaces of the entry's mount. */
  readonly namespaces: ReadonlyArray<string>
}

export interface ReverseOptions extends Route.ReverseOptions {
  /**
   * The match of the current request, or its namespaces: a route that is mounted more than once leads
   * to the instance that the visitor is in, and its `params` fill the mount's prefix.
   */
  readonly current?: {
    readonly namespaces: ReadonlyArray<string>
    readonly params?: Params
  }
  /** Values for the parameters of the mount's prefix. They win over `current`. */
  readonly mount?: Params
}

/** The arguments after the route: its parameters, if it has any, and options. */
export type ReverseArgs<P> = keyof P extends never
  ? readonly [options?: ReverseOptions]
  : readonly [params: P, options?: ReverseOptions]

/** One line of the `portico routes` table. */
export interface Row<out T> {
  readonly methods: ReadonlyArray<Route.Method>
  /** The whole pattern, with the mount's prefix. */
  readonly pattern: string
  /** The qualified name: `polls:detail`. */
  readonly name: string
  readonly route: Route.Any
  readonly target: T
}

/** All routes of a site, ready to match and to reverse. */
export interface Table<out T> {
  /**
   * The answer to a request. `path` is the request's path as sent: percent-encoded, without the
   * query. Never throws.
   *
   * The first entry, in the order given, that takes the path and the method wins. HEAD is answered
   * by a HEAD route, else as GET.
   */
  readonly match: (method: string, path: string) => Match<T>
  /**
   * The URL of a route value, wherever it is mounted: in `current`'s instance, else in the app's
   * default instance, else in the last one. Throws `NotReversible` where a value fits no URL and
   * `NoSuchRoute` where the route is not in the table.
   */
  readonly reverse: <P>(route: Route.Route<P>, ...args: ReverseArgs<P>) => string
  /** `reverse`, with the failures as values. */
  readonly reverseEither: <P>(
    route: Route.Route<P>,
    ...args: ReverseArgs<P>
  ) => Either.Either<string, Route.NotReversible | NoSuchRoute>
  /**
   * The URL of a route by its qualified name, for templates and settings. A namespace may be an
   * instance's or an app's. `params` holds the prefix's parameters too.
   */
  readonly reverseName: (
    name: string,
    params?: Params,
    options?: ReverseOptions
  ) => Either.Either<string, Route.NotReversible | NoSuchRoute>
  /** In the order of matching. */
  readonly routes: ReadonlyArray<Row<T>>
}

export interface Service {
  readonly capabilities: Capabilities
  /** Checks the entries against each other and indexes them. Done once, at start. */
  readonly compile: <T>(entries: ReadonlyArray<Entry<T>>) => Effect.Effect<Table<T>, RouteConflict>
}

/** What an adapter writes. */
export interface Driver {
  readonly capabilities: Capabilities
  /**
   * A lookup over patterns: `hit(at, params)` for the first of `patterns` that matches the path,
   * `undefined` where none does. `at` is its position. The path is decoded and begins with a slash;
   * slashes that were percent-encoded are `Route.ENCODED_SLASH`. `Route.match` says what matches.
   */
  readonly index: <Hit>(
    patterns: ReadonlyArray<Route.Pattern<any>>,
    hit: (at: number, params: Params) => Hit
  ) => (path: string) => Hit | undefined
}

export class Router extends Context.Tag("portico/ports/Router")<Router, Service>() {}

/** Two entries of a table contradict each other. */
export class RouteConflict extends Schema.TaggedError<RouteConflict>(
  "portico/ports/Router/RouteConflict"
)("RouteConflict", {
  /**
   * `pattern`: both take one method of the same paths. `name`: one name leads to two patterns.
   * `namespace`: two mounts share their namespaces. `parameter`: prefix and route share a parameter.
   */
  kind: Schema.Literal("pattern", "name", "namespace", "parameter"),
  /** Method, pattern and name of the earlier entry, `GET /polls/ (polls:index)`, and of the later. */
  first: Schema.String,
  second: Schema.String
}) {
  override get message() {
    return `Router.compile: ${this.first} and ${this.second} ${remedies[this.kind]}`
  }
}

const remedies = {
  pattern: "match the same requests, so the second is never reached. Remove one of them.",
  name: "share a name, but lead to different paths. Give each its own name.",
  namespace: "are mounted twice under one namespace. Give each mount its own.",
  parameter: "share the name of a parameter. Rename it in the prefix or in the route."
} as const

/** No route has this name, or the route is not part of the site. */
export class NoSuchRoute extends Schema.TaggedError<NoSuchRoute>(
  "portico/ports/Router/NoSuchRoute"
)("NoSuchRoute", {
  name: Schema.String,
  /** Names that look alike, nearest first. */
  near: Schema.Array(Schema.String)
}) {
  override get message() {
    return (
      `Router.reverse: no route is called "${this.name}". ` +
      (this.near.length > 0
        ? `Did you mean ${this.near.map((name) => `"${name}"`).join(", ")}?`
        : `Mount it in the site, or look its name up with "portico routes".`)
    )
  }
}
