/**
 * Port: what brings requests to a site and answers to clients.
 *
 * Bootstrap calls `Service`, or an adapter's own way in (a fetch handler, a platform app). Adapters
 * bring exchanges to `start`, which holds everything that must be the same everywhere: allowed
 * hosts, routing, middleware, running the answer, errors, ranges, timeouts, interruption, the end.
 *
 * The path of a request avoids what is dear in Effect: an answer that is there at once makes no
 * fiber; one that is not runs in a fiber whose context is laid over the site's, with no FiberRef
 * changed and no scope made until someone adds to it.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as HttpResponse from "../domain/HttpResponse.ts"
import * as HttpRequest from "./HttpRequest.ts"
import { Layered, recovering } from "./Layered.ts"
import * as Middleware from "./Middleware.ts"
import * as Router from "./Router.ts"
import * as View from "./View.ts"

/** What servers may differ in. The contract tests both answers of every flag. */
export interface Capabilities {
  /** Opens a port of its own. Without it, `serve` is not there and something else brings requests. */
  readonly listens: boolean
  /** Sends files from disk. Without it a response with a file answers 500. */
  readonly sendsFiles: boolean
}

export interface Service {
  readonly capabilities: Capabilities
  /**
   * Serves the site until the scope closes: then no connection is accepted, what is in flight gets
   * the grace period, and what is left is interrupted and cut.
   */
  readonly serve: (site: Site) => Effect.Effect<Address, ListenFailed, Scope.Scope>
}

export interface Address {
  readonly host: string
  readonly port: number
  /** "http://127.0.0.1:8000": without a slash at its end. */
  readonly url: string
}

/** What an adapter writes. */
export interface Driver {
  readonly capabilities: Capabilities
  /** The status and words for a failure. */
  readonly problem: (failure: View.Failure) => Problem
  /** The answer for a problem for which the site has no page of its own. Must not throw. */
  readonly page: (problem: Problem, request: HttpRequest.Service) => HttpResponse.HttpResponse
  readonly multipart: HttpRequest.Multipart
  /** For the fibers of requests, unless the site has chosen one. */
  readonly scheduler?: Scheduler.Scheduler
}

/** One request and the way back. An adapter makes one for each request; `start` answers it. */
export interface Exchange extends HttpRequest.Raw {
  /**
   * Sends the answer. Called once. `headers` are added to those of the response. The body of an
   * answer to HEAD is not sent, its headers are. `sent` is called when the last byte has been handed
   * over or the client has gone; without it no one waits for that.
   */
  readonly send: (
    response: HttpResponse.HttpResponse,
    headers: ReadonlyArray<string> | undefined,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ) => void
  /** The answer is not there at once: `interrupt` is due if the client goes before `send`. */
  readonly wait: (interrupt: () => void) => void
}

/** A site that answers exchanges. */
export interface Running {
  readonly handle: (exchange: Exchange) => void
  /**
   * Runs an effect of the server's own (a stream that is sent) with the site's loggers and clock. It
   * is interrupted with the views when the grace period is over.
   */
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.RuntimeFiber<A, E>
  /** Ends when the grace period is over: for what the adapter cannot run by `fork`. */
  readonly overrun: Effect.Effect<void>
  /** Requests that are not answered yet, and answers that are still being sent. */
  readonly active: () => number
  /** True from the moment the end has begun: adapters close connections after their answer. */
  readonly draining: () => boolean
  /**
   * Waits for what is in flight, the grace period at most, then interrupts it and waits for its
   * finalizers. New exchanges answer 503 from the start.
   */
  readonly drain: Effect.Effect<void>
}

export class HttpServer extends Context.Tag("portico/ports/HttpServer")<HttpServer, Service>() {}

/** The address cannot be listened on. */
export class ListenFailed extends Schema.TaggedError<ListenFailed>(
  "portico/ports/HttpServer/ListenFailed"
)("ListenFailed", {
  host: Schema.String,
  port: Schema.Number,
  /** `taken`: another program has the port. `refused`: the system does not allow it. */
  kind: Schema.Literal("taken", "refused", "unknown"),
  cause: Schema.Defect
}) {
  override get message() {
    const at = `${this.host}:${this.port}`
    return this.kind === "taken"
      ? `HttpServer.serve: ${at} is in use by another program. End it, or choose another port.`
      : this.kind === "refused"
        ? `HttpServer.serve: the system does not let this program listen on ${at}. Choose a port above 1023 or an address of this machine.`
        : `HttpServer.serve: cannot listen on ${at}. See "cause" for the system's reason.`
  }
}

// ---------------------------------------------------------------------------------------------
// A site

/** What an error page shows. */
export interface Problem {
  /** From 400 to 599. */
  readonly status: number
  /** The status in words: "Not Found". */
  readonly title: string
  /** For the client to read. Never what a defect says, except in development. */
  readonly detail: string
  /** What was wrong with the input, by path. */
  readonly issues?: ReadonlyArray<typeof HttpRequest.Issue.Type>
  /** Sent with the answer. Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** In development: the whole cause, or the routes that do not match, as text. */
  readonly cause?: string
}

/** What a site allows and for how long. */
export interface Options {
  /**
   * Hosts that requests may name: "example.com", ".example.com" (with all its subdomains), "*".
   * None: in development localhost in its forms, else no request is answered.
   */
  readonly allowedHosts?: ReadonlyArray<string>
  /** Error pages show causes, and localhost is allowed. Default: false. */
  readonly development?: boolean
  /** Proxies in front whose `X-Forwarded-For`, `-Proto` and `-Host` are believed. Default: 0. */
  readonly proxies?: number
  /** Limits of every body, where the view sets none. Default: `HttpRequest.limits`. */
  readonly limits?: Partial<HttpRequest.Limits>
  /** Milliseconds until an answer must have begun; then it is interrupted and 503. Default: 30 000. */
  readonly requestTimeout?: number
  /** Milliseconds that requests in flight get when the server ends. Default: 10 000. */
  readonly gracePeriod?: number
}

/** Everything a server needs to answer for a site. Made by `site`. */
export interface Site {
  readonly table: Router.Table<View.Endpoint<never>>
  readonly middleware: ReadonlyArray<Middleware.Middleware<never>>
  /** Has what views and middleware need, which `site` has checked. */
  readonly runtime: Runtime.Runtime<never>
  /** The site's own error pages. One that fails gives way to the server's. */
  readonly errorPage: ErrorPage<never> | undefined
  readonly allowedHosts: ReadonlyArray<string>
  readonly development: boolean
  readonly proxies: number
  readonly limits: HttpRequest.Limits
  readonly requestTimeout: number
  readonly gracePeriod: number
}

export type ErrorPage<R> = (problem: Problem, request: HttpRequest.Service) => View.Answer<R>

/** Endpoints as the router's entries: `mount` puts a prefix and namespaces before all of them. */
export const mount = <R>(
  endpoints: ReadonlyArray<View.Endpoint<R>>,
  mount?: Router.Mount
): ReadonlyArray<Router.Entry<View.Endpoint<R>>> =>
  endpoints.map((target) =>
    mount === undefined ? { route: target.route, target } : { route: target.route, target, mount }
  )

type EntryNeeds<T> = T extends Router.Entry<View.Endpoint<infer R>> ? R : never
type MiddlewareNeeds<T> = T extends Middleware.Middleware<infer R> ? R : never

/**
 * A site from its endpoints and middleware (the first outermost), with the services that are there.
 * Fails where two routes contradict each other.
 */
export const site = <
  const Entries extends ReadonlyArray<Router.Entry<View.Endpoint<unknown>>>,
  const Around extends ReadonlyArray<Middleware.Middleware<unknown>> = readonly [],
  PageNeeds = never
>(
  parts: Options & {
    readonly entries: Entries
    readonly middleware?: Around
    readonly errorPage?: ErrorPage<PageNeeds>
  }
): Effect.Effect<
  Site,
  Router.RouteConflict,
  | Router.Router
  | EntryNeeds<Entries[number]>
  | MiddlewareNeeds<Around[number]>
  | Exclude<PageNeeds, View.Provided>
> =>
  Effect.gen(function* () {
    const router = yield* Router.Router
    // The signature demands what views, middleware and pages need; from here on it is in the runtime.
    const table = yield* router.compile(
      parts.entries as ReadonlyArray<unknown> as ReadonlyArray<Router.Entry<View.Endpoint<never>>>
    )
    const middleware = (parts.middleware ?? []) as ReadonlyArray<Middleware.Middleware<never>>
    const misordered = Middleware.misordered(middleware)
    if (misordered !== undefined) return yield* Effect.dieMessage(misordered)
    const runtime = yield* Effect.runtime<never>()
    const { allowedHosts = [], development = false } = parts
    return {
      table,
      middleware,
      runtime,
      errorPage: parts.errorPage as ErrorPage<never> | undefined,
      allowedHosts: allowedHosts.length === 0 && development ? localhost : allowedHosts,
      development,
      proxies: parts.proxies ?? 0,
      limits: { ...HttpRequest.limits, ...parts.limits },
      requestTimeout: parts.requestTimeout ?? 30_000,
      gracePeriod: parts.gracePeriod ?? 10_000
    }
  })

const localhost: ReadonlyArray<string> = [".localhost", "127.0.0.1", "[::1]"]

// ---------------------------------------------------------------------------------------------
// Hosts

// Host and port: letters, digits, dots and hyphens, or an IPv6 address in brackets.
const hostShape = /^([a-z0-9_.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::[0-9]{1,5})?$/

/** Remembered answers, so that a client cannot fill the memory with made-up hosts. */
const rememberedHosts = 256

/** Whether requests may name this host. */
export const hostCheck = (allowed: ReadonlyArray<string>): ((host: string) => boolean) => {
  const patterns = allowed.map((pattern) => pattern.toLowerCase())
  const accepts = (host: string): boolean => {
    const name = hostShape.exec(host.toLowerCase())?.[1]?.replace(/\.$/, "")
    if (name === undefined) return false
    return patterns.some(
      (pattern) =>
        pattern === "*" ||
        (pattern.startsWith(".")
          ? name === pattern.slice(1) || name.endsWith(pattern)
          : name === pattern)
    )
  }
  const accepted = new Set<string>()
  return (host) => {
    if (accepted.has(host)) return true
    if (!accepts(host)) return false
    if (accepted.size < rememberedHosts) accepted.add(host)
    return true
  }
}

// ---------------------------------------------------------------------------------------------
// Running answers

const requestKey = HttpRequest.HttpRequest.key
const scopeKey = Scope.Scope.key

/**
 * The services of a request: the site's, the request and its scope, without copying the site's. All
 * of `Map` that contexts use; `size` is exact, since contexts of equal size are compared by entry.
 */
class Overlay implements ReadonlyMap<string, unknown> {
  private readonly site: ReadonlyMap<string, unknown>
  private readonly request: Current
  constructor(site: ReadonlyMap<string, unknown>, request: Current) {
    this.site = site
    this.request = request
  }
  get(key: string) {
    return key === requestKey
      ? this.request
      : key === scopeKey
        ? this.request.scope
        : this.site.get(key)
  }
  has(key: string) {
    return key === requestKey || key === scopeKey || this.site.has(key)
  }
  get size() {
    return this.site.size + 2
  }
  *entries(): MapIterator<[string, unknown]> {
    yield* this.site.entries()
    yield [requestKey, this.request]
    yield [scopeKey, this.request.scope]
  }
  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key
  }
  *values(): MapIterator<unknown> {
    for (const [, value] of this.entries()) yield value
  }
  [Symbol.iterator]() {
    return this.entries()
  }
  forEach(f: (value: unknown, key: string, map: ReadonlyMap<string, unknown>) => void) {
    for (const [key, value] of this.entries()) f(value, key, this)
  }
}

/** The site's runtime as a base for fibers of requests: nothing in it that costs and is not wanted. */
const trimmed = (runtime: Runtime.Runtime<never>, scheduler: Scheduler.Scheduler | undefined) => {
  const locals = new Map(runtime.fiberRefs.locals)
  // The context comes with each request. Refs at their first value are what a fiber has anyway.
  locals.delete(FiberRef.currentContext)
  locals.delete(FiberRef.currentRuntimeFlags)
  for (const [ref, [[, value]]] of locals)
    if (value === FiberRefs.getOrDefault(FiberRefs.empty(), ref)) locals.delete(ref)
  if (scheduler !== undefined && !locals.has(FiberRef.currentScheduler)) {
    locals.set(FiberRef.currentScheduler, [[FiberId.none, scheduler]])
  }
  const services = new Map(runtime.context.unsafeMap)
  services.delete(requestKey)
  services.delete(scopeKey)
  return {
    services,
    fiberRefs: FiberRefs.unsafeMake(locals),
    runtimeFlags: RuntimeFlags.disable(runtime.runtimeFlags, RuntimeFlags.RuntimeMetrics)
  }
}

/** Whether a tracer of the site's own is installed: Effect's native one shows its spans to no one. */
const isTraced = (runtime: Runtime.Runtime<never>): boolean => {
  const present = FiberRefs.getOrDefault(runtime.fiberRefs, DefaultServices.currentServices)
  const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)
  return (
    Context.get(present, Tracer.Tracer) !== native ||
    Context.getOption(runtime.context, Tracer.Tracer).pipe(
      Option.exists((tracer) => tracer !== native)
    )
  )
}

// W3C Trace Context, 3.2.
const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/

const withSpan = (
  request: Current,
  answer: Effect.Effect<HttpResponse.HttpResponse, View.Failure>
): Effect.Effect<HttpResponse.HttpResponse, View.Failure> => {
  const { route } = request.match
  const parent = traceparent.exec(request.header("traceparent") ?? "")
  return Effect.withSpan(
    Effect.tap(answer, (response) =>
      Effect.annotateCurrentSpan("http.response.status_code", response.status)
    ),
    // Names and attributes: OpenTelemetry's semantic conventions for HTTP servers.
    route === undefined ? request.method : `${request.method} ${route.pattern.source}`,
    {
      kind: "server",
      captureStackTrace: false,
      attributes: {
        "http.request.method": request.method,
        "url.path": request.path,
        "url.scheme": request.scheme,
        ...(route === undefined ? {} : { "http.route": route.pattern.source })
      },
      ...(parent === null
        ? {}
        : {
            parent: Tracer.externalSpan({
              traceId: parent[1]!,
              spanId: parent[2]!,
              sampled: (Number.parseInt(parent[3]!, 16) & 1) === 1
            })
          })
    }
  )
}

const unanswered: View.Handler = () =>
  Effect.dieMessage("HttpServer: the request was answered before it was routed.")

/** A request on its way through a site. */
class Current extends HttpRequest.Live {
  /** What the router chose. */
  handler: View.Handler = unanswered
  /** The answer in which failures have become pages, so that they are not looked for twice. */
  settled: View.Answer | undefined = undefined
}

const isExit = (
  answer: Effect.Effect<HttpResponse.HttpResponse, View.Failure>
): answer is Exit.Exit<HttpResponse.HttpResponse, View.Failure> =>
  // What layers hand on is told at once; telling an exit from any effect takes longer.
  !(answer instanceof Layered) && Exit.isExit(answer)

/** Who interrupts, as causes show it. */
const server = FiberId.make(-1, 0)

/** Milliseconds between two looks at the requests that take long. */
const wheelTurn = 250

interface Pending {
  readonly request: Current
  readonly exchange: Exchange
  readonly fiber: Fiber.RuntimeFiber<HttpResponse.HttpResponse, View.Failure>
  readonly due: number
  timedOut: boolean
}

/** Begins to answer for a site. Called by adapters; ends with `drain`. */
export const start = (driver: Driver, site: Site): Running => {
  const { services, fiberRefs, runtimeFlags } = trimmed(site.runtime, driver.scheduler)
  const fork = Runtime.runFork(
    Runtime.make({ context: site.runtime.context, fiberRefs, runtimeFlags })
  )
  const traced = isTraced(site.runtime)
  const isAllowed = hostCheck(site.allowedHosts)
  const shared: HttpRequest.Site = {
    limits: site.limits,
    proxies: site.proxies,
    multipart: driver.multipart,
    router: site.table
  }
  const limitsOf = new Map<View.Endpoint<never>, HttpRequest.Limits>()
  for (const { target } of site.table.routes) {
    limitsOf.set(
      target,
      target.options.limits === undefined
        ? site.limits
        : { ...site.limits, ...target.options.limits }
    )
  }
  let active = 0
  let draining = false
  let onIdle: (() => void) | undefined

  // --- failures

  const log = (level: "error" | "warning", message: string, cause: Cause.Cause<unknown>) => {
    fork(level === "error" ? Effect.logError(message, cause) : Effect.logWarning(message, cause))
  }

  /** A failure's headers may hold a text of the client's: what cannot be sent is a fault of ours. */
  const sendable = (problem: Problem, request: Current): Problem => {
    const { headers = {} } = problem
    try {
      for (const name of Object.keys(headers)) HttpResponse.checkHeader(name, headers[name]!)
      return problem
    } catch (defect) {
      log("error", `${request.method} ${request.path}: ${problem.status}`, Cause.die(defect))
      return serverFault
    }
  }

  /** The default page, which cannot fail. */
  const plainPage = (problem: Problem, request: Current): HttpResponse.HttpResponse =>
    HttpResponse.withHeaders(driver.page(problem, request), problem.headers)

  const page = (problem: Problem, request: Current): View.Answer => {
    if (site.errorPage === undefined) return plainPage(problem, request)
    const broken = (cause: Cause.Cause<unknown>) => {
      log("error", `The error page for ${problem.status} failed.`, cause)
      return plainPage(problem, request)
    }
    try {
      const own = site.errorPage(problem, request)
      return own instanceof HttpResponse.HttpResponse
        ? HttpResponse.withHeaders(own, problem.headers)
        : Effect.matchCauseEffect(own, {
            onFailure: (cause) =>
              Cause.isInterruptedOnly(cause)
                ? Effect.failCause(cause as Cause.Cause<never>)
                : Effect.sync(() => broken(cause)),
            onSuccess: (response) =>
              Effect.succeed(HttpResponse.withHeaders(response, problem.headers))
          })
    } catch (defect) {
      return broken(Cause.die(defect))
    }
  }

  const answerCause = (cause: Cause.Cause<View.Failure>, request: Current): View.Answer => {
    const failure = Cause.failureOption(cause)
    if (Option.isNone(failure) && Cause.isInterruptedOnly(cause)) {
      return Exit.failCause(cause as Cause.Cause<never>)
    }
    const problem = Option.isSome(failure)
      ? sendable(driver.problem(failure.value), request)
      : serverFault
    // A client that went away is not a fault of anyone's, and a 503 is one of the world outside.
    if (problem.status >= 500) {
      log("error", `${request.method} ${request.path}: ${problem.status}`, cause)
    }
    if (!site.development) return page(problem, request)
    if (problem.status >= 500) {
      const behind = `${excerptOf(failure)}${Cause.pretty(cause, { renderErrorCause: true })}`
      return page({ ...problem, cause: behind }, request)
    }
    return page(
      problem.status === 404 && request.match.route === undefined
        ? { ...problem, cause: routesTried() }
        : problem,
      request
    )
  }

  /** The lines of a template around its mistake, with the place above them. */
  const excerptOf = (failure: Option.Option<View.Failure>): string => {
    if (Option.isNone(failure) || !("excerpt" in failure.value)) return ""
    const { column, excerpt, file, line } = failure.value
    return `${file}:${line}:${column}\n\n${excerpt}\n\n`
  }

  const routesTried = (): string =>
    [
      "No route has this path. In the order of matching there are:",
      "",
      ...site.table.routes.map(
        ({ methods, name, pattern }) => `${methods.join(" ").padEnd(8)} ${pattern}  (${name})`
      )
    ].join("\n")

  /** The answer with failures and defects turned into pages, once however many layers ask. */
  const settled =
    (handler: View.Handler<never>): ((request: Current) => View.Answer) =>
    (request) => {
      let answer: View.Answer
      try {
        answer = handler(request)
      } catch (defect) {
        return answerCause(Cause.die(defect), request)
      }
      if (answer instanceof HttpResponse.HttpResponse || answer === request.settled) return answer
      if (isExit(answer)) {
        return Exit.isSuccess(answer) ? answer.value : answerCause(answer.cause, request)
      }
      return (request.settled = recovering(answer, (cause) => answerCause(cause, request)))
    }

  // --- what answers, from the inside out

  /** A handler chosen by the router, or by what it did not find. */
  const chosen = (request: Current): View.Answer => request.handler(request)

  // Requests reach handlers as `Live` values, since only `start` calls the outermost one.
  const around = site.middleware.reduceRight<(request: Current) => View.Answer>(
    (next, { wrap }) => settled(wrap(next as View.Handler<never>) as View.Handler<never>),
    settled(chosen as View.Handler<never>)
  )

  const notFound: View.Handler = () => View.notFound()
  const badPath: View.Handler = () =>
    View.fail(400, "The address holds a percent sign that encodes nothing. Write it as %25.")
  const notAllowed =
    (allow: string): View.Handler =>
    () =>
      View.fail(405, `This address answers ${allow}.`, { allow })
  const withAllow =
    (allow: string): View.Handler =>
    () =>
      HttpResponse.withHeader(HttpResponse.empty(), "allow", allow)
  const addSlash =
    (to: string): View.Handler =>
    (request) => {
      const at = request.url.indexOf("?")
      return HttpResponse.redirect(at < 0 ? to : to + request.url.slice(at), {
        permanent: true,
        preserveMethod: request.method !== "GET" && request.method !== "HEAD"
      })
    }

  // --- requests that are not answered at once

  const pending = new Set<Pending>()
  let wheel: ReturnType<typeof setTimeout> | undefined
  const turn = () => {
    wheel = undefined
    const now = performance.now()
    // In the order of their arrival, and all with the same time: the first that is not due ends it.
    for (const entry of pending) {
      if (entry.due > now) break
      if (entry.timedOut) continue
      entry.timedOut = true
      entry.fiber.unsafeInterruptAsFork(server)
    }
    if (pending.size > 0) wheel = setTimeout(turn, Math.min(wheelTurn, site.requestTimeout))
  }

  const over = () => {
    active--
    if (active === 0) onIdle?.()
  }

  const send = (exchange: Exchange, request: Current, response: HttpResponse.HttpResponse) => {
    const scope = request.openScope
    const body = response.body
    const final =
      typeof body === "string" && response.status !== 204 && response.status !== 304
        ? response
        : wire(response, request)
    if (scope === undefined && (typeof body !== "object" || body instanceof Uint8Array)) {
      exchange.send(final, request.added, undefined)
      return over()
    }
    exchange.send(final, request.added, (exit) => {
      if (scope === undefined) return over()
      fork(Scope.close(scope, exit)).addObserver(over)
    })
  }

  const settle = (
    exchange: Exchange,
    request: Current,
    exit: Exit.Exit<HttpResponse.HttpResponse, View.Failure>,
    timedOut: boolean
  ) => {
    if (Exit.isSuccess(exit)) return send(exchange, request, exit.value)
    // Only interruption gets here: the client is gone, the time is up, or the server ends.
    const problem = timedOut
      ? problemOf(503, "Service Unavailable", "The answer took too long. Try again later.")
      : draining
        ? problemOf(503, "Service Unavailable", "The server is ending. Try again later.")
        : serverFault
    if (timedOut) {
      const seconds = site.requestTimeout / 1000
      log(
        "warning",
        `${request.method} ${request.path}: interrupted after ${seconds} s`,
        exit.cause
      )
    }
    send(exchange, request, plainPage(problem, request))
  }

  const run = (exchange: Exchange, request: Current) => {
    let answer = around(request)
    if (traced) answer = withSpan(request, Middleware.toEffect(answer))
    if (answer instanceof HttpResponse.HttpResponse) return send(exchange, request, answer)
    const fiber = Runtime.runFork(
      {
        context: Context.unsafeMake<never>(
          new Overlay(services, request) as unknown as Map<string, unknown>
        ),
        fiberRefs,
        runtimeFlags
      } as Runtime.Runtime<never>,
      answer
    )
    const exit = fiber.unsafePoll()
    if (exit !== null) return settle(exchange, request, exit, false)
    const entry: Pending = {
      request,
      exchange,
      fiber,
      due: performance.now() + site.requestTimeout,
      timedOut: false
    }
    pending.add(entry)
    if (wheel === undefined) wheel = setTimeout(turn, Math.min(wheelTurn, site.requestTimeout))
    exchange.wait(() => fiber.unsafeInterruptAsFork(server))
    fiber.addObserver((exit) => {
      pending.delete(entry)
      settle(exchange, request, exit, entry.timedOut)
    })
  }

  const handle = (exchange: Exchange) => {
    active++
    const request = new Current(exchange, shared)
    if (request.url.charCodeAt(0) !== 47 && !toOriginForm(request)) {
      return send(
        exchange,
        request,
        plainPage(problemOf(400, "Bad Request", "The request names no path."), request)
      )
    }
    if (draining) {
      const problem = problemOf(
        503,
        "Service Unavailable",
        "The server is ending. Try again later."
      )
      return send(exchange, request, plainPage(problem, request))
    }
    // Nothing of the site sees a request for another host: middleware may build addresses from it.
    if (!isAllowed(request.host)) {
      fork(
        Effect.logWarning(
          `HttpServer: the host ${JSON.stringify(request.host)} is not allowed. If it is this site's, add it to PORTICO_ALLOWED_HOSTS (allowedHosts).`
        )
      )
      return send(
        exchange,
        request,
        plainPage(problemOf(400, "Bad Request", "This site does not answer to that host."), request)
      )
    }
    const match = site.table.match(request.method, request.path)
    if (match._tag === "Found") {
      const endpoint = match.target
      request.match = match
      request.options = endpoint.options
      // Views need what `site` demanded; `Provided` comes with the overlay.
      request.handler = endpoint.handler as View.Handler
      request.limits = limitsOf.get(endpoint) ?? site.limits
      if (request.options.prebuffer === true && exchange.hasBody) {
        // A failed read is kept by the request and met by the view that asks for the body.
        return request.collect(() => run(exchange, request))
      }
    } else {
      request.handler =
        match._tag === "NotFound"
          ? notFound
          : match._tag === "MethodNotAllowed"
            ? notAllowed(match.allow)
            : match._tag === "Options"
              ? withAllow(match.allow)
              : match._tag === "Redirect"
                ? addSlash(match.to)
                : badPath
    }
    run(exchange, request)
  }

  /** Waits until nothing is active, `millis` at most. By the system's time, as sockets go by that. */
  const idle = (millis: number) =>
    Effect.async<boolean>((resume) => {
      const settle = (isIdle: boolean) => {
        clearTimeout(timer)
        onIdle = undefined
        resume(Effect.succeed(isIdle))
      }
      const timer = setTimeout(settle, millis, false)
      onIdle = () => settle(true)
      if (active === 0) settle(true)
    })

  /** What is to be interrupted when the grace period is over, besides views. */
  const cuts = new Set<() => void>()

  return {
    handle,
    fork: (effect) => {
      const fiber = fork(effect)
      if (fiber.unsafePoll() === null) {
        const cut = () => fiber.unsafeInterruptAsFork(server)
        cuts.add(cut)
        fiber.addObserver(() => cuts.delete(cut))
      }
      return fiber
    },
    overrun: Effect.async<void>((resume) => {
      const cut = () => resume(Effect.void)
      cuts.add(cut)
      return Effect.sync(() => cuts.delete(cut))
    }),
    active: () => active,
    draining: () => draining,
    drain: Effect.gen(function* () {
      draining = true
      if (!(yield* idle(site.gracePeriod))) {
        for (const { fiber } of pending) fiber.unsafeInterruptAsFork(server)
        for (const cut of cuts) cut()
        // A connection that does not end even then is cut by the adapter.
        yield* idle(finalizerTime)
      }
      clearTimeout(wheel)
    })
  }
}

/** Milliseconds for finalizers after the grace period. */
const finalizerTime = 1000

const problemOf = (status: number, title: string, detail: string): Problem => ({
  status,
  title,
  detail
})

const serverFault: Problem = problemOf(
  500,
  "Internal Server Error",
  "Something went wrong on the server. Try again later."
)

/**
 * Takes the origin form out of an absolute one, whose host counts and not the header's (RFC 9112,
 * 3.2.2); false where there is none.
 */
const toOriginForm = (request: Current): boolean => {
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(request.url)
  if (absolute === null) return false
  const rest = request.url.slice(absolute[0].length)
  request.retarget(rest.startsWith("/") ? rest : `/${rest}`, absolute[1]!)
  return true
}

// ---------------------------------------------------------------------------------------------
// Files, ranges, conditions (RFC 9110, 13 and 14)

/** The response as it goes out: no body where none may be, files with their headers and ranges. */
const wire = (response: HttpResponse.HttpResponse, request: Current): HttpResponse.HttpResponse => {
  const { body, status } = response
  if (body === undefined) return response
  if (status === 204 || status === 304) return HttpResponse.withBody(response, undefined)
  if (typeof body === "string" || body instanceof Uint8Array || body._tag === "Stream") {
    return response
  }
  return status === 200 && (request.method === "GET" || request.method === "HEAD")
    ? withRange(withValidators(response, body), body, request)
    : response
}

/** Seconds are what HTTP dates have. */
const httpTime = (millis: number): number => Math.floor(millis / 1000) * 1000

const withValidators = (
  response: HttpResponse.HttpResponse,
  file: HttpResponse.FileBody
): HttpResponse.HttpResponse =>
  HttpResponse.withDefaults(response, [
    "last-modified",
    new Date(httpTime(file.modifiedAt)).toUTCString(),
    "etag",
    `"${Math.floor(file.modifiedAt).toString(16)}-${file.size.toString(16)}"`,
    "accept-ranges",
    "bytes"
  ])

const strong = (tag: string): string => tag.trim().replace(/^W\//, "")

const listsTag = (list: string, tag: string): boolean =>
  list.trim() === "*" || list.split(",").some((item) => strong(item) === strong(tag))

const withRange = (
  response: HttpResponse.HttpResponse,
  file: HttpResponse.FileBody,
  request: Current
): HttpResponse.HttpResponse => {
  const etag = HttpResponse.header(response, "etag")!
  const modified = Date.parse(HttpResponse.header(response, "last-modified")!)
  const noneMatch = request.header("if-none-match")
  const since = request.header("if-modified-since")
  const fresh =
    noneMatch !== undefined
      ? listsTag(noneMatch, etag)
      : since !== undefined && modified <= Date.parse(since)
  if (fresh) return HttpResponse.withBody(HttpResponse.withStatus(response, 304), undefined)
  const wanted = request.header("range")
  if (wanted === undefined || request.method === "HEAD") return response
  const ifRange = request.header("if-range")
  // A weak tag never matches here: RFC 9110, 13.1.5.
  if (ifRange !== undefined && ifRange !== etag && Date.parse(ifRange) !== modified) return response
  const range = parseRange(wanted, file.size)
  if (range === undefined) return response
  if (range === "unsatisfiable") {
    return HttpResponse.withHeader(
      HttpResponse.withBody(HttpResponse.withStatus(response, 416), undefined),
      "content-range",
      `bytes */${file.size}`
    )
  }
  const { end, start } = range
  return HttpResponse.withHeader(
    HttpResponse.withBody(HttpResponse.withStatus(response, 206), {
      ...file,
      start,
      length: end - start + 1
    }),
    "content-range",
    `bytes ${start}-${end}/${file.size}`
  )
}

/** One range; undefined for what is answered with the whole, as several ranges may be. */
const parseRange = (
  header: string,
  size: number
): { readonly start: number; readonly end: number } | "unsatisfiable" | undefined => {
  const found = /^bytes=(\d*)-(\d*)$/i.exec(header.trim())
  if (found === null) return undefined
  const [, first = "", last = ""] = found
  if (first === "" && last === "") return undefined
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined
  return start >= size || start > end ? "unsatisfiable" : { start, end }
}
