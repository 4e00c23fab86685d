/**
 * Both ways between Portico and `@effect/platform`: a site as an `HttpApp`, a site served by any of
 * its servers, and an `HttpApp` (an `HttpApi`, an RPC server) under a path of a site.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as PlatformHeaders from "@effect/platform/Headers"
import * as Platform from "@effect/platform/HttpServer"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpResponse from "../../domain/HttpResponse.ts"
import * as Route from "../../domain/Route.ts"
import type * as HttpRequest from "../../ports/HttpRequest.ts"
import {
  type Address,
  type Capabilities,
  type Exchange,
  HttpServer,
  type Running,
  type Site,
  start
} from "../../ports/HttpServer.ts"
import type * as View from "../../ports/View.ts"
import { feed, originForm, streamOf } from "./internal/bodies.ts"
import { driver } from "./internal/driver.ts"

export const capabilities: Capabilities = { listens: true, sendsFiles: true }

type Response = HttpServerResponse.HttpServerResponse

class PlatformExchange implements Exchange {
  readonly method: string
  readonly url: string
  readonly encrypted: boolean
  interrupt: (() => void) | undefined = undefined
  private readonly request: HttpServerRequest.HttpServerRequest
  private readonly running: Running
  private readonly resume: (response: Response) => void

  constructor(
    request: HttpServerRequest.HttpServerRequest,
    running: Running,
    resume: (response: Response) => void
  ) {
    this.method = request.method
    this.url = originForm(request.originalUrl)
    this.encrypted = request.originalUrl.startsWith("https:")
    this.request = request
    this.running = running
    this.resume = resume
  }

  get headers() {
    return this.request.headers
  }

  get remoteAddress() {
    return Option.getOrUndefined(this.request.remoteAddress)
  }

  get hasBody() {
    const length = this.headers["content-length"]
    return (
      (length !== undefined && length !== "0") || this.headers["transfer-encoding"] !== undefined
    )
  }

  read(sink: HttpRequest.Sink): HttpRequest.Reader {
    return feed(this.running, this.request.stream, sink)
  }

  wait(interrupt: () => void): void {
    this.interrupt = interrupt
  }

  send(
    { body, headers: own, status }: HttpResponse.HttpResponse,
    added: ReadonlyArray<string> | undefined,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): void {
    this.interrupt = undefined
    const headers: Record<string, string> = {}
    const cookies: Array<string> = []
    const put = (parts: ReadonlyArray<string>) => {
      for (let i = 0; i < parts.length; i += 2) {
        const name = parts[i]!
        const value = parts[i + 1]!
        // The platform's headers have one value for each name; cookies are kept beside them.
        if (name === "set-cookie") cookies.push(value)
        else headers[name] = name in headers ? `${headers[name]}, ${value}` : value
      }
    }
    put(own)
    if (added !== undefined) put(added)
    const options = {
      status,
      headers: PlatformHeaders.fromInput(headers),
      cookies: Cookies.fromSetCookie(cookies),
      contentType: headers["content-type"] ?? "application/octet-stream"
    }
    if (body === undefined) {
      this.resume(HttpServerResponse.empty({ ...options }))
      return sent?.(Exit.void)
    }
    if (typeof body === "string" || body instanceof Uint8Array) {
      this.resume(
        typeof body === "string"
          ? HttpServerResponse.text(body, options)
          : HttpServerResponse.uint8Array(body, options)
      )
      return sent?.(Exit.void)
    }
    const { length, stream: bytes } = streamOf(body)
    // The platform ends an answer properly even where its stream died; the client must not believe it.
    const stream = bytes.pipe(
      Stream.interruptWhen(Effect.zipRight(this.running.overrun, Effect.interrupt)),
      Stream.onError(() => Effect.sync(() => cut(this.request.source)))
    )
    if (this.method === "HEAD") {
      if (length !== undefined) {
        options.headers = PlatformHeaders.set(options.headers, "content-length", String(length))
      }
      this.resume(HttpServerResponse.empty(options))
      return sent?.(Exit.void)
    }
    this.resume(
      HttpServerResponse.stream(
        sent === undefined
          ? stream
          : Stream.ensuringWith(stream, (exit) => Effect.sync(() => sent(exit))),
        length === undefined ? options : { ...options, contentLength: length }
      )
    )
  }
}

/** Closes the connection under a request, where its platform lets that be done. */
const cut = (source: unknown): void => {
  if (Predicate.hasProperty(source, "destroy") && Predicate.isFunction(source.destroy))
    source.destroy()
}

const appOf = (running: Running): HttpApp.Default =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    // The platform runs apps uninterruptibly; without this a client that goes would not be noticed.
    Effect.interruptible(
      Effect.async<Response>((resume) => {
        const exchange = new PlatformExchange(request, running, (response) =>
          resume(Effect.succeed(response))
        )
        running.handle(exchange)
        return Effect.sync(() => exchange.interrupt?.())
      })
    )
  )

/** The site as an `HttpApp`, for any platform server or handler. When the scope closes, it drains. */
export const toHttpApp = (site: Site): Effect.Effect<HttpApp.Default, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => start(driver(capabilities), site)),
      (running) => running.drain
    ),
    appOf
  )

/** Serves sites on the platform's server that is there: Node's, Bun's, or one for tests. */
export const layer: Layer.Layer<HttpServer, never, Platform.HttpServer> = Layer.effect(
  HttpServer,
  Effect.map(Platform.HttpServer, (server) => ({
    capabilities,
    serve: (site: Site) =>
      Effect.gen(function* () {
        const running = start(driver(capabilities), site)
        yield* server.serve(appOf(running))
        // First the site ends, answering 503, then the platform lets go: finalizers run in reverse.
        yield* Effect.addFinalizer(() => running.drain)
        return addressOf(server.address)
      })
  }))
)

const addressOf = (address: Platform.Address): Address => {
  if (address._tag === "UnixAddress") {
    return { host: address.path, port: 0, url: `unix://${address.path}` }
  }
  const { hostname, port } = address
  const name = hostname.includes(":") ? `[${hostname}]` : hostname
  return { host: hostname, port, url: `http://${name}:${port}` }
}

// ---------------------------------------------------------------------------------------------
// Platform apps under a path

const methods: ReadonlyArray<Route.Method> = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

/**
 * Endpoints that hand every request under `prefix` ("/api") to `app`, which sees the rest of the
 * path ("/api/users" as "/users"). `name` names the routes. An `HttpApi` comes as
 * `yield* HttpApiBuilder.httpApp`.
 */
export const mount = <E, R>(
  prefix: string,
  name: string,
  app: HttpApp.Default<E, R>,
  options: HttpRequest.Options = {}
): ReadonlyArray<
  View.Endpoint<Exclude<R, HttpServerRequest.HttpServerRequest | View.Provided>>
> => {
  const base = prefix.replace(/\/+$/, "")
  type Needs = Exclude<R, HttpServerRequest.HttpServerRequest | View.Provided>
  // Exclude is not resolved for a free R, though the server gives what it takes away.
  const handler = (request: HttpRequest.Service) =>
    run(app, base, request) as View.Answer<Needs | View.Provided>
  const endpoint = (source: string, name: string) => ({
    route: Route.make<string>(methods, source, name),
    handler,
    options: { csrfExempt: true, ...options }
  })
  return [endpoint(`${base}/`, name), endpoint(`${base}/:rest(path)`, `${name}-rest`)]
}

const run = <E, R>(
  app: HttpApp.Default<E, R>,
  base: string,
  request: HttpRequest.Service
): Effect.Effect<
  HttpResponse.HttpResponse,
  never,
  Exclude<R, HttpServerRequest.HttpServerRequest>
> =>
  Effect.flatMap(Effect.runtime<Exclude<R, HttpServerRequest.HttpServerRequest>>(), (runtime) => {
    const hasBody = request.method !== "GET" && request.method !== "HEAD"
    const web = new Request(`${request.scheme}://${request.host}${request.url}`, {
      method: request.method,
      headers: { ...request.headers },
      ...(hasBody
        ? {
            body: Stream.toReadableStreamRuntime(request.stream, runtime),
            // Fetch, "half": the body is sent before the answer is read. Not in TypeScript's library.
            duplex: "half"
          }
        : {})
    })
    const platformRequest = HttpServerRequest.fromWeb(web).modify({
      url: request.url.slice(base.length),
      ...(request.remoteAddress === undefined ? {} : { remoteAddress: request.remoteAddress })
    })
    return app.pipe(
      Effect.provideService(HttpServerRequest.HttpServerRequest, platformRequest),
      // The platform's own answers to its failures: a missing route is 404, a refused payload 400.
      Effect.catchAllCause((cause) =>
        Effect.flatMap(HttpServerError.causeResponse(cause), ([response, cause]) =>
          response.status >= 500
            ? Effect.as(
                Effect.logError(`${request.method} ${request.path}: ${response.status}`, cause),
                response
              )
            : Effect.succeed(response)
        )
      ),
      Effect.map((response) => fromPlatform(response, runtime))
    )
  })

const fromPlatform = (
  response: Response,
  runtime: Runtime.Runtime<never>
): HttpResponse.HttpResponse => {
  const headers: Array<string> = []
  for (const [name, value] of Object.entries(response.headers)) {
    // Said anew by the server, from what it sends.
    if (name !== "content-length" && name !== "transfer-encoding") headers.push(name, value)
  }
  for (const cookie of Cookies.toSetCookieHeaders(response.cookies)) {
    headers.push("set-cookie", cookie)
  }
  const { body } = response
  if (body.contentType !== undefined && !headers.includes("content-type")) {
    headers.push("content-type", body.contentType)
  }
  switch (body._tag) {
    case "Empty":
      return new HttpResponse.HttpResponse(response.status, headers, undefined)
    case "Uint8Array":
      return new HttpResponse.HttpResponse(response.status, headers, body.body)
    case "Stream":
      return new HttpResponse.HttpResponse(response.status, headers, {
        _tag: "Stream",
        stream: Stream.orDie(body.stream),
        ...(body.contentLength === undefined ? {} : { length: body.contentLength })
      })
    default: {
      const web = HttpServerResponse.toWeb(response, { runtime })
      return new HttpResponse.HttpResponse(
        response.status,
        headers,
        web.body === null
          ? undefined
          : {
              _tag: "Stream",
              stream: Stream.orDie(
                Stream.fromReadableStream({ evaluate: () => web.body!, onError: (cause) => cause })
              )
            }
      )
    }
  }
}
