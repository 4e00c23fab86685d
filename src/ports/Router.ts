/**
 * Port: which route answers a request, and which URL leads to a route.
 *
 * Servers call `match`, apps call `reverse`. Adapters implement the smaller `Driver`, an index over
 * patterns, and hand it to `make`, which adds what must be the same everywhere: decoding, methods,
 * HEAD, OPTIONS, trailing slashes, namespaces and reversal.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { near } from "../domain/Near.ts"
import * as Route from "../domain/Route.ts"

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
  readonly prefix?: Route.AnyPattern
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
  /** The whole pattern, with the mount's prefix: what logs and spans call `http.route`. */
  readonly pattern: string
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
    patterns: ReadonlyArray<Route.AnyPattern>,
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

// ---------------------------------------------------------------------------------------------
// make
// ---------------------------------------------------------------------------------------------

/** The port's service from an adapter's driver. */
export const make = (driver: Driver): Service => ({
  capabilities: driver.capabilities,
  compile: (entries) =>
    Effect.withSpan(
      Effect.suspend(() => Either.map(mountAll(entries), (mounted) => tableOf(driver, mounted))),
      "Router.compile"
    )
})

/** An entry in its place: with the prefix's pattern and the namespaces' names. */
interface Mounted<out T> extends Row<T> {
  readonly whole: Route.AnyPattern
  /** The parameters of the mount's prefix. */
  readonly outer: ReadonlyArray<Route.Parameter>
  /** Instance namespaces of the mount, as `Found` reports them. */
  readonly namespaces: ReadonlyArray<string>
  /** Whether every namespace is its app's default instance. */
  readonly isDefault: boolean
  /** The qualified name in each way that it may be written: by instance and by app. */
  readonly names: ReadonlySet<string>
}

const none: ReadonlyArray<never> = []

const mount = <T>({ mount: at, route, target }: Entry<T>): Mounted<T> => {
  const namespaces = at?.namespaces ?? none
  const apps = at?.apps ?? namespaces
  const whole = at?.prefix === undefined ? route.pattern : Route.join(at.prefix, route.pattern)
  return {
    methods: route.methods,
    pattern: whole.source === "" ? "/" : whole.source,
    name: [...namespaces, route.name].join(":"),
    route,
    target,
    whole,
    outer: at?.prefix?.parameters ?? none,
    namespaces,
    isDefault: namespaces.every((namespace, level) => namespace === (apps[level] ?? namespace)),
    names: new Set(
      namespaces
        .map((namespace, level) => [namespace, apps[level] ?? namespace])
        .reduce<ReadonlyArray<string>>(
          (heads, choices) => heads.flatMap((head) => choices.map((one) => `${head}${one}:`)),
          [""]
        )
        .map((head) => head + route.name)
    )
  }
}

const describe = (entry: Entry<unknown>, methods = entry.route.methods): string => {
  const { namespaces = none, prefix } = entry.mount ?? {}
  // Not `Route.join`, which refuses what is described here: a parameter that both have.
  const pattern = (prefix?.source.replace(/\/$/, "") ?? "") + entry.route.pattern.source
  const name = [...namespaces, entry.route.name].join(":")
  return `${methods.join("|")} ${pattern === "" ? "/" : pattern} (${name})`
}

/** Each entry in its place, or the first two that contradict each other. */
const mountAll = <T>(
  entries: ReadonlyArray<Entry<T>>
): Either.Either<ReadonlyArray<Mounted<T>>, RouteConflict> => {
  const mounted: Array<Mounted<T>> = []
  const byRequest = new Map<string, Entry<T>>()
  const byName = new Map<string, readonly [shape: string, entry: Entry<T>]>()
  const byNamespace = new Map<string, readonly [mount: string, entry: Entry<T>]>()
  const conflict = (kind: RouteConflict["kind"], first: string, second: string) =>
    Either.left(new RouteConflict({ kind, first, second }))

  for (const entry of entries) {
    const { mount: at, route } = entry
    const shared = at?.prefix?.parameters.find(({ name }) =>
      route.pattern.parameters.some((inner) => inner.name === name)
    )
    if (shared !== undefined) {
      return conflict("parameter", `the prefix ${at?.prefix?.source}`, describe(entry))
    }
    const one = mount(entry)
    for (const method of new Set(route.methods)) {
      const request = `${method} ${one.whole.shape}`
      const earlier = byRequest.get(request)
      if (earlier !== undefined) {
        return conflict("pattern", describe(earlier, [method]), describe(entry, [method]))
      }
      byRequest.set(request, entry)
    }
    // GET and POST of one URL may share a name: it leads to the same place.
    const shape = `${one.whole.shape} ${one.whole.parameters.map((p) => p.name).join(" ")}`
    const [namedShape, named] = byName.get(one.name) ?? [shape, entry]
    if (namedShape !== shape) return conflict("name", describe(named), describe(entry))
    byName.set(one.name, [shape, entry])

    if (at !== undefined && at.namespaces.length > 0) {
      const place = JSON.stringify([at.prefix?.shape ?? "", at.apps ?? at.namespaces])
      const namespace = at.namespaces.join(":")
      const [knownPlace, known] = byNamespace.get(namespace) ?? [place, entry]
      if (knownPlace !== place) return conflict("namespace", describe(known), describe(entry))
      byNamespace.set(namespace, [place, entry])
    }
    mounted.push(one)
  }
  return Either.right(mounted)
}

const tableOf = <T>(driver: Driver, mounted: ReadonlyArray<Mounted<T>>): Table<T> => {
  const reverser = reversal(mounted)
  return {
    match: matching(driver, mounted),
    ...reverser,
    routes: mounted.map(({ methods, name, pattern, route, target }) => ({
      methods,
      pattern,
      name,
      route,
      target
    }))
  }
}

// ---------------------------------------------------------------------------------------------
// Matching
// ---------------------------------------------------------------------------------------------

const notFound: Match<never> = { _tag: "NotFound" }
const malformed: Match<never> = { _tag: "Malformed" }

/** In the order in which `Allow` lists them. */
const methods: ReadonlyArray<Route.Method> = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS"
]

const matching = <T>(driver: Driver, mounted: ReadonlyArray<Mounted<T>>): Table<T>["match"] => {
  const finders = new Map<string, (path: string) => Found<T> | undefined>()
  for (const method of methods) {
    const own = mounted.filter((one) => one.methods.includes(method))
    if (own.length === 0) continue
    const hit = (at: number, params: Params): Found<T> => {
      // A position that the driver was given.
      const { namespaces, pattern, route, target } = own[at]!
      return { _tag: "Found", target, route, pattern, params, namespaces }
    }
    finders.set(
      method,
      driver.index(
        own.map((one) => one.whole),
        hit
      )
    )
  }
  const findGet = finders.get("GET")

  /** The methods that a path takes, for `Allow`; empty where there is no such path. */
  const allowed = (path: string): string => {
    const found = new Set<string>()
    for (const [method, find] of finders) if (find(path) !== undefined) found.add(method)
    if (found.size === 0) return ""
    if (found.has("GET")) found.add("HEAD")
    found.add("OPTIONS")
    return methods.filter((method) => found.has(method)).join(", ")
  }

  const missed = (method: string, path: string, decoded: string): Match<T> => {
    const hit = method === "HEAD" ? findGet?.(decoded) : undefined
    if (hit !== undefined) return hit
    const allow = allowed(decoded)
    if (allow !== "") return { _tag: method === "OPTIONS" ? "Options" : "MethodNotAllowed", allow }
    return decoded.endsWith("/") || allowed(`${decoded}/`) === ""
      ? notFound
      : { _tag: "Redirect", to: slashed(path) }
  }

  return (method, path) => {
    if (path.charCodeAt(0) !== 47) return notFound
    const decoded = path.includes("%") ? decode(path) : path
    if (decoded === undefined) return malformed
    // Every dot segment but those around an encoded slash shows in the raw path.
    if ((decoded.includes("/.") || decoded !== path) && Route.hasDotSegment(decoded)) {
      return notFound
    }
    const find = method === "GET" ? findGet : finders.get(method)
    return find?.(decoded) ?? missed(method, path, decoded)
  }
}

/** The path as `Route.match` reads it; `undefined` where it is no text. */
const decode = (path: string): string | undefined => {
  try {
    const decoded = decodeURIComponent(path.replace(/%2f/gi, Route.ENCODED_SLASH))
    return decoded.includes("\0") ? undefined : decoded
  } catch {
    return undefined
  }
}

/**
 * A path as sent, with a slash at its end, fit for a `Location`: the start cannot be read as another
 * host (`//host`, or `/\host` in browsers) and only what RFC 3986 allows stays unencoded.
 */
const slashed = (path: string): string => {
  const location = `${path}/`
    .replace(/\p{Cs}/gu, "\uFFFD")
    .replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent)
  return location.startsWith("//") ? `/%2F${location.slice(2)}` : location
}

// ---------------------------------------------------------------------------------------------
// Reversal
// ---------------------------------------------------------------------------------------------

const reversal = <T>(
  mounted: ReadonlyArray<Mounted<T>>
): Pick<Table<T>, "reverse" | "reverseEither" | "reverseName"> => {
  const byRoute = new Map<Route.Any, Array<Mounted<T>>>()
  const byName = new Map<string, Array<Mounted<T>>>()
  const add = <K>(index: Map<K, Array<Mounted<T>>>, key: K, one: Mounted<T>) => {
    const list = index.get(key)
    if (list === undefined) index.set(key, [one])
    else list.push(one)
  }
  for (const one of mounted) {
    add(byRoute, one.route, one)
    for (const name of one.names) add(byName, name, one)
  }

  const lead = (
    candidates: ReadonlyArray<Mounted<T>> | undefined,
    name: string,
    params: Params,
    options: ReverseOptions | undefined
  ): Either.Either<string, Route.NotReversible | NoSuchRoute> => {
    const one = instance(candidates ?? none, options?.current?.namespaces ?? none)
    if (one === undefined) return Either.left(new NoSuchRoute({ name, near: alike(name, byName) }))
    const all = one.outer.length === 0 ? params : { ...outerParams(one.outer, options), ...params }
    return Route.fill(one.name, one.whole, all, options)
  }

  const reverseEither: Table<T>["reverseEither"] = (route, ...args) => {
    const [params, options] = Route.reverseArguments<ReverseOptions>(route, args)
    return lead(byRoute.get(route), route.name, params, options)
  }

  return {
    reverseEither,
    reverse: (route, ...args) =>
      Either.getOrThrowWith(reverseEither(route, ...args), (error) => error),
    reverseName: (name, params = {}, options) => lead(byName.get(name), name, params, options)
  }
}

/**
 * Django's rule for an app that is mounted more than once: the instance of the current request, else
 * the default instance, else the last one.
 */
const instance = <T>(
  candidates: ReadonlyArray<Mounted<T>>,
  current: ReadonlyArray<string>
): Mounted<T> | undefined => {
  if (candidates.length < 2) return candidates[0]
  const shared = ({ namespaces }: Mounted<T>) => {
    const differs = namespaces.findIndex((namespace, level) => namespace !== current[level])
    return differs === -1 ? namespaces.length : differs
  }
  const most = Math.max(...candidates.map(shared))
  const nearest = candidates.filter((one) => shared(one) === most)
  return nearest.find((one) => one.isDefault) ?? nearest.at(-1)
}

const outerParams = (
  outer: ReadonlyArray<Route.Parameter>,
  options: ReverseOptions | undefined
): Params => {
  const params: Record<string, unknown> = {}
  for (const { name } of outer) {
    const value = options?.mount?.[name] ?? options?.current?.params?.[name]
    if (value !== undefined) params[name] = value
  }
  return params
}

/** Up to three names that may be meant: without its namespace, or misspelt. */
const alike = (name: string, known: ReadonlyMap<string, unknown>): ReadonlyArray<string> => {
  const names = [...known.keys()]
  const qualified = names.filter((one) => one.endsWith(`:${name}`))
  return [...new Set([...qualified, ...near(name, names)])].slice(0, 3)
}
