/**
 * What every HTTP server must do with a site: the clauses that any adapter of `HttpServer`, or any
 * other way to bring requests to `HttpServer.start`, stands trial on.
 *
 * Time is the system's here, not the `TestClock`'s: sockets and timers go by it.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpResponse from "../src/domain/HttpResponse.ts"
import * as Route from "../src/domain/Route.ts"
import * as HttpRequest from "../src/ports/HttpRequest.ts"
import * as HttpServer from "../src/ports/HttpServer.ts"
import * as Middleware from "../src/ports/Middleware.ts"
import type * as Router from "../src/ports/Router.ts"
import * as View from "../src/ports/View.ts"
import { Broken, clause, type Contract, equals, holds } from "./Contract.ts"

/** A server on trial, and the means to look at it from outside. */
export interface Service {
  readonly capabilities: HttpServer.Capabilities
  /** Serves the site until the scope closes. Clients get 1 second or less for their headers. */
  readonly start: (site: HttpServer.Site) => Effect.Effect<Client, unknown, Scope.Scope>
  /** A file with this content, gone with the scope. Its time is the start of 2020, UTC. */
  readonly write: (content: string) => Effect.Effect<string, never, Scope.Scope>
  readonly exists: (path: string) => Effect.Effect<boolean>
}

export interface Client {
  /**
   * Sends a request and gives its answer, redirects and all as they are. The host is that of the
   * request's address. Interrupting it, or aborting the request's signal, is the client going away.
   */
  readonly exchange: (request: Request) => Effect.Effect<Response, Cause.UnknownException>
  /**
   * Sends text over a connection of its own; gives what came back when the server has closed the
   * connection, or after `millis`. Only where the server listens.
   */
  readonly raw?: (
    text: string,
    millis: number
  ) => Effect.Effect<{ readonly text: string; readonly closed: boolean }>
}

export class Trial extends Context.Tag("portico/contracts/HttpServer")<Trial, Service>() {}

type Needs = Trial | Router.Router

const base = "http://site.test"

const request = (path: string, init?: RequestInit) =>
  new Request(path.startsWith("http") ? path : base + path, { redirect: "manual", ...init })

/**
 * A form by its bytes: where a server cancels the stream of a form as it ends, Node 20's fetch
 * throws out of everybody's reach.
 */
const byBytes = (init: RequestInit | undefined): Effect.Effect<RequestInit | undefined> =>
  init?.body instanceof FormData
    ? Effect.promise(async () => {
        const form = new Response(init.body)
        const headers = { "content-type": form.headers.get("content-type")! }
        return { ...init, headers, body: new Uint8Array(await form.arrayBuffer()) }
      })
    : Effect.succeed(init)

/** Serves these endpoints with what a trial wants: one host, short times. */
const served = (
  endpoints: ReadonlyArray<View.Endpoint>,
  options: HttpServer.Options & {
    readonly middleware?: ReadonlyArray<Middleware.Middleware>
    readonly errorPage?: HttpServer.ErrorPage<never>
  } = {}
) =>
  Effect.gen(function* () {
    const trial = yield* Trial
    const site = yield* HttpServer.site({
      allowedHosts: ["site.test"],
      gracePeriod: 2000,
      ...options,
      entries: HttpServer.mount(endpoints)
    })
    const client = yield* trial.start(site)
    return {
      ...client,
      /** Status and whole body. */
      get: (path: string, init?: RequestInit) =>
        byBytes(init).pipe(
          Effect.flatMap((bytes) => client.exchange(request(path, bytes))),
          Effect.flatMap(read)
        )
    }
    // What a view logs about its deliberate faults is no part of a verdict.
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))

const read = (response: Response) =>
  Effect.map(
    Effect.promise(() => response.text()),
    (text) => ({ status: response.status, headers: response.headers, text })
  )

/** By the system's clock. */
const pause = (millis: number) =>
  Effect.promise(() => new Promise((resolve) => setTimeout(resolve, millis)))

/** The effect's exit, or undefined if it takes longer, even to be interrupted. By the system's clock. */
const within = <A, E, R>(millis: number, effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    Effect.map(pause(millis), () => undefined),
    Effect.disconnect(Effect.exit(effect))
  )

/** The effect, or a broken clause if it takes longer. */
const settles = <A, E, R>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  millis = 5000
): Effect.Effect<A, E | Broken, R> =>
  Effect.flatMap(within(millis, effect), (exit): Effect.Effect<A, E | Broken> =>
    exit === undefined
      ? Effect.fail(new Broken({ what, actual: `nothing after ${millis} ms`, expected: "an end" }))
      : exit
  )

const utf8 = new TextEncoder()

const ok = Route.get("/", "ok")
const hello = View.handle(ok, () => HttpResponse.text("hello"))

const json = (value: unknown): RequestInit => ({
  method: "POST",
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" }
})

const post = Route.post("/post", "post")

const Poll = HttpRequest.bodyOf(
  Schema.Struct({ question: Schema.NonEmptyString, choices: Schema.Array(Schema.String) })
)

const poll = View.handle(post, function* (_, request) {
  return HttpResponse.json(yield* Poll(request))
})

/** What a form held, as JSON. */
const echoForm = View.handle(post, function* (_, request) {
  const { fields, files } = yield* request.form
  return HttpResponse.json({
    fields: [...fields],
    files: files.map(({ contentType, field, name, size }) => ({ field, name, contentType, size })),
    paths: files.map(({ path }) => path)
  })
})

const numbers = (count: number, each: (n: number) => Effect.Effect<void> = () => Effect.void) =>
  Stream.range(1, count).pipe(
    Stream.rechunk(1),
    Stream.mapEffect((n) => Effect.as(each(n), utf8.encode(`${n}\n`)))
  )

/** The text of a response's body, piece by piece. */
const pieces = (response: Response) => {
  const reader = response.body!.getReader()
  return Effect.map(
    Effect.tryPromise(() => reader.read()),
    ({ value }) => (value === undefined ? undefined : new TextDecoder().decode(value))
  )
}

/** A view that waits until it is interrupted, and the moments of that. */
const hanging = Effect.gen(function* () {
  const began = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<void>()
  const closed = yield* Deferred.make<void>()
  const view = View.handle(ok, function* () {
    yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
    yield* Deferred.succeed(began, undefined)
    yield* Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
    return HttpResponse.empty()
  })
  return { began, ended, closed, view }
})

const file = Effect.gen(function* () {
  const path = yield* (yield* Trial).write("0123456789")
  const modifiedAt = Date.UTC(2020, 0, 1)
  return yield* served([View.handle(ok, () => HttpResponse.file({ path, size: 10, modifiedAt }))])
})

const always: ReadonlyArray<ReturnType<typeof clause<Needs>>> = [
  clause(
    "every method reaches the view that is routed for it, with path, query and body",
    Effect.gen(function* () {
      const echo = View.handle(
        Route.make(["GET", "POST", "PUT", "PATCH", "DELETE"], "/echo/:word/", "echo"),
        function* ({ word }, request) {
          const body = yield* request.text
          const query = request.query.getAll("q").join("+")
          return HttpResponse.text(`${request.method} ${word} ${query} ${body}`, { status: 201 })
        }
      )
      const { get } = yield* served([echo])
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        const body = method === "GET" ? {} : { body: "täxt" }
        const { status, text } = yield* get("/echo/na%C3%AFve/?q=a%20b&q=%26", { method, ...body })
        yield* equals(
          method,
          { status, text },
          {
            status: 201,
            text: `${method} naïve a b+& ${method === "GET" ? "" : "täxt"}`
          }
        )
      }
    })
  ),

  clause(
    "headers arrive as they were set, and a cookie each in a header of its own",
    Effect.gen(function* () {
      const view = View.handle(ok, () => {
        const one = HttpResponse.withHeader(HttpResponse.text("x"), "x-one", "1")
        return HttpResponse.withCookie(
          HttpResponse.withCookie(one, "a", "1 2", { httpOnly: true }),
          "b",
          "2"
        )
      })
      const { headers } = yield* (yield* served([view])).get("/")
      yield* equals("type", headers.get("content-type"), "text/plain; charset=utf-8")
      yield* equals("header", headers.get("x-one"), "1")
      const cookies = headers.getSetCookie()
      yield* equals(
        "cookies",
        cookies.map((cookie) => cookie.split(";")[0]!),
        ["a=1%202", "b=2"]
      )
      yield* holds("httpOnly", /; *HttpOnly/i.test(cookies[0] ?? ""), cookies)
    })
  ),

  clause(
    "cookies of a request are decoded, and a malformed one is given as it is",
    Effect.gen(function* () {
      const view = View.handle(ok, (_, request) => HttpResponse.json(request.cookies))
      const { text } = yield* (yield* served([view])).get("/", {
        headers: { cookie: 'a=1%202; bad=%E0%A4%A; a=second; q="x"' }
      })
      yield* equals("cookies", JSON.parse(text), { a: "1 2", bad: "%E0%A4%A", q: "x" })
    })
  ),

  clause(
    "a JSON body is read through its schema, and one that does not fit is 422 with the paths",
    Effect.gen(function* () {
      const { get } = yield* served([poll])
      const value = { question: "Why?", choices: ["a"] }
      const good = yield* get("/post", json(value))
      yield* equals("good", [good.status, JSON.parse(good.text)], [200, value])
      const bad = yield* get("/post", json({ question: "", choices: ["a", 2] }))
      yield* equals("status", bad.status, 422)
      const { issues } = JSON.parse(bad.text) as { issues: ReadonlyArray<{ path: unknown }> }
      yield* equals(
        "paths",
        issues.map(({ path }) => path),
        [["question"], ["choices", 1]]
      )
    })
  ),

  clause(
    "an urlencoded form is read through its schema, a single value where a list is due",
    Effect.gen(function* () {
      const { get } = yield* served([poll])
      const body = new URLSearchParams({ question: "Why & how?", choices: "ä" })
      const { status, text } = yield* get("/post", { method: "POST", body })
      yield* equals(
        "form",
        [status, JSON.parse(text)],
        [200, { question: "Why & how?", choices: ["ä"] }]
      )
    })
  ),

  clause(
    "a multipart form gives fields and files, and the files are gone after the answer",
    Effect.gen(function* () {
      const there: Array<boolean> = []
      const trial = yield* Trial
      const view = View.wrap(
        echoForm,
        (next) => (request) =>
          Middleware.flatMapResponse(next(request), (response) =>
            Effect.gen(function* () {
              const { files } = yield* request.form
              for (const { path } of files) there.push(yield* trial.exists(path))
              return response
            })
          )
      )
      const { get } = yield* served([view])
      const body = new FormData()
      body.append("a", "1")
      body.append("a", "zwölf")
      body.append(
        "upload",
        new Blob(["x".repeat(300_000)], { type: "text/csv" }),
        "../../etc/naïve.csv"
      )
      const { status, text } = yield* get("/post", { method: "POST", body })
      yield* equals("status", status, 200)
      const seen = JSON.parse(text) as {
        fields: unknown
        files: unknown
        paths: ReadonlyArray<string>
      }
      yield* equals("fields", seen.fields, [
        ["a", "1"],
        ["a", "zwölf"]
      ])
      yield* equals("files", seen.files, [
        { field: "upload", name: "naïve.csv", contentType: "text/csv", size: 300_000 }
      ])
      yield* equals("there while the view ran", there, [true])
      yield* settles(
        "gone",
        Effect.gen(function* () {
          while (yield* trial.exists(seen.paths[0]!)) yield* pause(10)
        })
      )
    })
  ),

  clause(
    "a form without a body has no fields, and a file input that was left empty no file",
    Effect.gen(function* () {
      const { get } = yield* served([echoForm])
      const nothing = `{"fields":[],"files":[],"paths":[]}`
      const none = yield* get("/post", { method: "POST" })
      yield* equals("none", [none.status, none.text], [200, nothing])
      const left = yield* get("/post", {
        method: "POST",
        headers: { "content-type": "multipart/form-data; boundary=b" },
        body: `--b\r\ncontent-disposition: form-data; name="f"; filename=""\r\n\r\n\r\n--b--\r\n`
      })
      yield* equals("left", [left.status, left.text], [200, nothing])
    })
  ),

  clause(
    "a body over a limit is 413: declared or not, fields, files and uploads",
    Effect.gen(function* () {
      const limits = { memory: 1000, fields: 3, files: 1, upload: 5000 }
      const { get } = yield* served(
        [
          View.handle(post, function* (_, request) {
            return HttpResponse.text(yield* request.text)
          }),
          View.handle(Route.post("/form", "form"), function* (_, request) {
            const { fields, files } = yield* request.form
            return HttpResponse.text(`${fields.size} ${files.length}`)
          }),
          View.handle(
            Route.post("/large", "large"),
            function* (_, request) {
              return HttpResponse.text(yield* request.text)
            },
            { limits: { memory: 2000 } }
          )
        ],
        { limits }
      )
      const form = (files: number, fields: number, bytes = 1) => {
        const body = new FormData()
        for (let i = 0; i < fields; i++) body.append(`f${i}`, "x".repeat(bytes))
        for (let i = 0; i < files; i++) body.append("file", new Blob(["x".repeat(bytes)]), "a.txt")
        return { method: "POST", body }
      }
      const statuses = [
        yield* get("/post", { method: "POST", body: "x".repeat(1000) }),
        yield* get("/post", {
          method: "POST",
          body: "x".repeat(1001),
          headers: { "content-length": "1001" }
        }),
        yield* get("/post", streamed(["x".repeat(600), "x".repeat(600)])),
        yield* get("/large", { method: "POST", body: "x".repeat(1001) }),
        yield* get("/form", { method: "POST", body: new URLSearchParams("a=&b=&c=") }),
        yield* get("/form", { method: "POST", body: new URLSearchParams("a=&b=&c=&d=") }),
        yield* get("/form", form(1, 3)),
        yield* get("/form", form(1, 4)),
        yield* get("/form", form(2, 0)),
        yield* get("/form", form(0, 2, 600)),
        yield* get("/form", form(1, 0, 3000)),
        yield* get("/form", form(1, 0, 6000))
      ].map(({ status }) => status)
      yield* equals(
        "statuses",
        statuses,
        [200, 413, 413, 200, 200, 413, 200, 413, 413, 413, 200, 413]
      )
    })
  ),

  clause(
    "a body that is not what it says is 400",
    Effect.gen(function* () {
      const { get } = yield* served([poll])
      const multipart = (body: string, boundary = "; boundary=b") => ({
        method: "POST",
        body,
        headers: { "content-type": `multipart/form-data${boundary}` }
      })
      const part = '--b\r\ncontent-disposition: form-data; name="question"\r\n\r\nWhy?\r\n'
      const statuses = [
        yield* get("/post", { ...json(0), body: "{" }),
        yield* get("/post", { ...json(0), body: new Uint8Array([0x22, 0xff, 0x22]) }),
        yield* get("/post", multipart(part)),
        yield* get("/post", multipart(`${part}--b--\r\n`, "")),
        yield* get("/post", multipart("nothing of the kind"))
      ].map(({ status }) => status)
      yield* equals("statuses", statuses, [400, 400, 400, 400, 400])
      // Positive control: the same part, complete. The field that is missing is another matter.
      yield* equals("complete", (yield* get("/post", multipart(`${part}--b--\r\n`))).status, 422)
    })
  ),

  clause(
    "a body that is read twice is read once",
    Effect.gen(function* () {
      const view = View.handle(post, function* (_, request) {
        const [a, b] = yield* Effect.all([request.text, request.json], { concurrency: 2 })
        return HttpResponse.json([a, b, yield* request.text])
      })
      const { text } = yield* (yield* served([view])).get("/post", json(1))
      yield* equals("readings", JSON.parse(text), ["1", 1, "1"])
    })
  ),

  clause(
    "a view that is prebuffered gets its body, and its faults, like any other",
    Effect.gen(function* () {
      const { get } = yield* served([{ ...poll, options: { prebuffer: true } }], {
        limits: { memory: 100 }
      })
      const value = { question: "Why?", choices: [] }
      const good = yield* get("/post", json(value))
      yield* equals("good", [good.status, JSON.parse(good.text)], [200, value])
      yield* equals("malformed", (yield* get("/post", { ...json(0), body: "{" })).status, 400)
      yield* equals("too large", (yield* get("/post", json("x".repeat(200)))).status, 413)
    })
  ),

  clause(
    "a body streams to its view, which sets the pace",
    Effect.gen(function* () {
      const view = View.handle(post, function* (_, request) {
        const sizes = yield* Stream.runFold(
          Stream.tap(request.stream, () => pause(1)),
          0,
          (sum, bytes) => sum + bytes.length
        )
        return HttpResponse.json(sizes)
      })
      const { get } = yield* served([view])
      const answer = yield* get(
        "/post",
        streamed(Array.from({ length: 40 }, () => "x".repeat(20_000)))
      )
      yield* equals("bytes", [answer.status, answer.text], [200, "800000"])
    })
  ),

  clause(
    "a body of a megabyte that the view does not read does not disturb the answer",
    Effect.gen(function* () {
      const { get } = yield* served([View.handle(post, () => HttpResponse.text("unread")), hello])
      const answer = yield* get("/post", { method: "POST", body: "x".repeat(1_000_000) })
      yield* equals("answer", [answer.status, answer.text], [200, "unread"])
      yield* equals("the next", (yield* get("/")).text, "hello")
    })
  ),

  clause(
    "a streamed answer arrives while it is made, and its scope closes after it",
    Effect.gen(function* () {
      const go = yield* Deferred.make<void>()
      const events: Array<string> = []
      const closed = yield* Deferred.make<void>()
      const view = View.handle(ok, function* () {
        yield* Effect.addFinalizer(() => {
          events.push("closed")
          return Deferred.succeed(closed, undefined)
        })
        return HttpResponse.stream(
          numbers(3, (n) =>
            n === 3 ? Effect.tap(Deferred.await(go), () => events.push("last")) : Effect.void
          )
        )
      })
      const { exchange } = yield* served([view])
      const response = yield* settles("headers", exchange(request("/")))
      const next = pieces(response)
      let text = ""
      while (text !== "1\n2\n") text += yield* settles("first pieces", next)
      yield* equals("before the end", events, [])
      yield* Deferred.succeed(go, undefined)
      yield* equals("last piece", yield* settles("last piece", next), "3\n")
      yield* equals("end", yield* settles("end", next), undefined)
      yield* settles("closed", Deferred.await(closed))
      yield* equals("order", events, ["last", "closed"])
    })
  ),

  clause(
    "a streamed answer that dies is cut, not ended",
    Effect.gen(function* () {
      const view = View.handle(ok, () =>
        HttpResponse.stream(
          numbers(2, (n) => (n === 2 ? Effect.die(new Error("broken")) : Effect.void))
        )
      )
      const { exchange } = yield* served([view])
      // Headers and body may fail together.
      const whole = yield* settles(
        "end",
        Effect.exit(
          Effect.flatMap(exchange(request("/")), (response) =>
            Effect.tryPromise(() => response.text())
          )
        )
      )
      yield* holds("failure", Exit.isFailure(whole), whole)
    })
  ),

  clause(
    "a streamed answer ends its stream when the client goes",
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      const view = View.handle(ok, () =>
        HttpResponse.stream(
          Stream.ensuring(
            Stream.concat(numbers(1), Stream.never),
            Deferred.succeed(ended, undefined)
          )
        )
      )
      const { exchange } = yield* served([view])
      const abort = new AbortController()
      const response = yield* settles("headers", exchange(request("/", { signal: abort.signal })))
      yield* equals("piece", yield* settles("piece", pieces(response)), "1\n")
      yield* equals("still open", yield* Deferred.isDone(ended), false)
      abort.abort()
      yield* settles("ended", Deferred.await(ended))
    })
  ),

  clause(
    "HEAD answers with GET's headers and no body",
    Effect.gen(function* () {
      let streamed = false
      const { get } = yield* served([
        hello,
        View.handle(Route.get("/stream", "stream"), () =>
          HttpResponse.stream(
            Stream.sync(() => {
              streamed = true
              return utf8.encode("abc")
            }),
            { length: 3 }
          )
        )
      ])
      const whole = yield* get("/")
      const head = yield* get("/", { method: "HEAD" })
      yield* equals("GET", whole.text, "hello")
      yield* equals("HEAD", [head.status, head.text], [200, ""])
      yield* equals("length", head.headers.get("content-length"), "5")
      yield* equals("type", head.headers.get("content-type"), whole.headers.get("content-type"))
      const stream = yield* get("/stream", { method: "HEAD" })
      yield* equals("stream", [stream.status, stream.text, streamed], [200, "", false])
    })
  ),

  clause(
    "204 and 304 have neither body nor length, whatever the view gave (RFC 9110, 8.6 and 15)",
    Effect.gen(function* () {
      const { get } = yield* served(
        [204, 304].map((status) =>
          View.handle(Route.make(["GET"], `/${status}`, `s${status}`), () =>
            HttpResponse.text("nothing", { status })
          )
        )
      )
      for (const expected of [204, 304]) {
        const { headers, status, text } = yield* get(`/${expected}`)
        yield* equals("answer", [status, text, headers.get("content-length")], [expected, "", null])
      }
    })
  ),

  clause(
    "a typed failure answers with its status, words and headers",
    Effect.gen(function* () {
      const { get } = yield* served([
        View.handle(ok, () => View.fail(429, "Slow <down>", { "retry-after": "7" })),
        View.handle(Route.get("/later", "later"), function* () {
          yield* pause(1)
          return yield* View.notFound("No such poll")
        })
      ])
      const page = yield* get("/", { headers: { accept: "text/html" } })
      yield* equals("status", [page.status, page.headers.get("retry-after")], [429, "7"])
      yield* holds("escaped", page.text.includes("Slow &lt;down&gt;"), page.text)
      const document = yield* get("/later", { headers: { accept: "application/json" } })
      yield* equals(
        "problem",
        [document.headers.get("content-type"), JSON.parse(document.text)],
        ["application/problem+json", { status: 404, title: "Not Found", detail: "No such poll" }]
      )
    })
  ),

  clause(
    "a defect answers 500 and tells the client nothing of it",
    Effect.gen(function* () {
      const { get } = yield* served([
        View.handle(ok, () => {
          throw new Error("secret")
        }),
        View.handle(Route.get("/later", "later"), function* () {
          yield* pause(1)
          return yield* Effect.die(new Error("secret"))
        })
      ])
      for (const path of ["/", "/later"]) {
        const { headers, status, text } = yield* get(path)
        yield* equals(path, status, 500)
        const seen = text + JSON.stringify([...headers])
        yield* holds("no detail", !/secret|\.ts\b|\.js\b/.test(seen), seen)
      }
    })
  ),

  clause(
    "in development the page of a defect shows its cause, escaped",
    Effect.gen(function* () {
      const view = View.handle(ok, () => Effect.die(new Error("<b>secret</b>")))
      const { status, text } = yield* (yield* served([view], { development: true })).get("/")
      yield* equals("status", status, 500)
      yield* holds("cause", text.includes("&lt;b&gt;secret"), text)
    })
  ),

  clause(
    "a header with a line break never becomes a second header",
    Effect.gen(function* () {
      const { get } = yield* served([
        View.handle(ok, () =>
          HttpResponse.withHeader(HttpResponse.text("x"), "x-a", "b\r\nx-evil: 1")
        ),
        View.handle(
          Route.get("/bare", "bare"),
          () => new HttpResponse.HttpResponse(200, ["x-a", "b\r\nx-evil: 1"], "x")
        ),
        View.handle(Route.get("/added", "added"), (_, request) => {
          request.addHeader("x-a", "b\r\nx-evil: 1")
          return HttpResponse.text("x")
        })
      ])
      for (const path of ["/", "/bare", "/added"]) {
        const { headers, status } = yield* get(path)
        yield* equals(path, [status, headers.get("x-evil")], [500, null])
      }
    })
  ),

  clause(
    "a client that goes away interrupts the view, and its finalizers run",
    Effect.gen(function* () {
      const { began, closed, ended, view } = yield* hanging
      const { exchange } = yield* served([view])
      const fiber = yield* Effect.fork(exchange(request("/")))
      yield* settles("began", Deferred.await(began))
      yield* equals("not yet", yield* Deferred.isDone(ended), false)
      yield* Fiber.interrupt(fiber)
      yield* settles("interrupted", Deferred.await(ended))
      yield* settles("closed", Deferred.await(closed))
    })
  ),

  clause(
    "a client that goes away while it sends ends the reading of its body",
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const view = View.handle(post, function* (_, request) {
        yield* Deferred.succeed(began, undefined)
        const body = yield* Effect.ensuring(request.text, Deferred.succeed(ended, undefined))
        return HttpResponse.text(body)
      })
      const { exchange } = yield* served([view])
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(utf8.encode("first"))
      })
      const fiber = yield* Effect.fork(exchange(request("/post", half(body))))
      yield* settles("began", Deferred.await(began))
      yield* pause(20)
      yield* equals("not yet", yield* Deferred.isDone(ended), false)
      yield* Fiber.interrupt(fiber)
      yield* settles("ended", Deferred.await(ended))
    })
  ),

  clause(
    "what a view adds to its scope is closed once, after the answer",
    Effect.gen(function* () {
      const events: Array<string> = []
      const closed = yield* Deferred.make<void>()
      const view = View.handle(ok, function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => events.push("open")),
          () =>
            Effect.zipRight(
              Effect.sync(() => events.push("close")),
              Deferred.succeed(closed, undefined)
            )
        )
        yield* pause(1)
        events.push("answer")
        return HttpResponse.text("x")
      })
      yield* (yield* served([view])).get("/")
      yield* settles("closed", Deferred.await(closed))
      yield* equals("order", events, ["open", "answer", "close"])
    })
  ),

  clause(
    "a view finds the request and its scope among its services, in child fibers too",
    Effect.gen(function* () {
      const view = View.handle(Route.get("/:word/", "word"), function* ({ word }) {
        const both = yield* Effect.all(
          [HttpRequest.HttpRequest, Effect.delay(HttpRequest.HttpRequest, 0)].map((tag) =>
            Effect.map(Effect.zipLeft(tag, Effect.scope), ({ path }) => path)
          ),
          { concurrency: 2 }
        ).pipe(Effect.withClock(realClock))
        return HttpResponse.json([word, ...both])
      })
      const { get } = yield* served([view])
      const answers = yield* Effect.all(
        ["a", "b"].map((word) => get(`/${word}/`)),
        { concurrency: 2 }
      )
      yield* equals(
        "answers",
        answers.map(({ text }) => JSON.parse(text)),
        [
          ["a", "/a/", "/a/"],
          ["b", "/b/", "/b/"]
        ]
      )
    })
  ),

  clause(
    "an answer that takes longer than requestTimeout is interrupted and 503",
    Effect.gen(function* () {
      const { closed, ended, view } = yield* hanging
      const { get } = yield* served([view], { requestTimeout: 60 })
      const { status } = yield* settles("answer", get("/"))
      yield* equals("status", status, 503)
      yield* settles("interrupted", Deferred.await(ended))
      yield* settles("closed", Deferred.await(closed))
    })
  ),

  clause(
    "closing waits for what is in flight, which gets its answer",
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const view = View.handle(ok, function* () {
        yield* Deferred.succeed(began, undefined)
        yield* Deferred.await(go)
        return HttpResponse.text("finished")
      })
      const scope = yield* Scope.make()
      const { get } = yield* Scope.extend(served([view]), scope)
      const fiber = yield* Effect.fork(get("/"))
      yield* settles("began", Deferred.await(began))
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* pause(30)
      yield* equals("closed early", closing.unsafePoll(), null)
      // A new one is refused: no connection, or 503.
      const late = yield* settles("late", Effect.exit(get("/")))
      yield* holds("refused", Exit.isFailure(late) || late.value.status === 503, late)
      yield* Deferred.succeed(go, undefined)
      yield* equals("answer", (yield* settles("answer", Fiber.join(fiber))).text, "finished")
      yield* settles("closed", Fiber.join(closing))
    })
  ),

  clause(
    "closing interrupts what outlives the grace period, and ends",
    Effect.gen(function* () {
      const { began, closed, ended, view } = yield* hanging
      const scope = yield* Scope.make()
      const { get } = yield* Scope.extend(served([view], { gracePeriod: 50 }), scope)
      const fiber = yield* Effect.fork(get("/"))
      yield* settles("began", Deferred.await(began))
      yield* settles("closing", Scope.close(scope, Exit.void))
      yield* settles("interrupted", Deferred.await(ended))
      yield* settles("closed", Deferred.await(closed))
      const last = yield* settles("client", Fiber.await(fiber))
      yield* holds("cut", Exit.isFailure(last) || last.value.status === 503, last)
    })
  ),

  clause(
    "closing cuts a streamed answer that outlives the grace period, and ends",
    Effect.gen(function* () {
      const ended = yield* Deferred.make<void>()
      const view = View.handle(ok, () =>
        HttpResponse.stream(
          Stream.ensuring(
            Stream.concat(numbers(1), Stream.never),
            Deferred.succeed(ended, undefined)
          )
        )
      )
      const scope = yield* Scope.make()
      const { exchange } = yield* Scope.extend(served([view], { gracePeriod: 50 }), scope)
      const response = yield* settles("headers", exchange(request("/")))
      const next = pieces(response)
      yield* equals("piece", yield* settles("piece", next), "1\n")
      yield* settles("closing", Scope.close(scope, Exit.void))
      yield* settles("ended", Deferred.await(ended))
      const last = yield* settles("client", Effect.exit(next))
      yield* holds("cut", Exit.isFailure(last), last)
    })
  ),

  clause(
    "a request for a host that is not allowed is 400 and nothing of the site sees it",
    Effect.gen(function* () {
      const seen: Array<string> = []
      const watch = Middleware.make("watch", (next) => (request) => {
        seen.push(request.host)
        return next(request)
      })
      const { get } = yield* served([hello], {
        allowedHosts: ["site.test", ".wild.test"],
        middleware: [watch]
      })
      const hosts = [
        "site.test",
        "a.b.wild.test:81",
        "wild.test",
        "evil.test",
        "notwild.test",
        "site.test.evil"
      ]
      const statuses: Array<number> = []
      for (const host of hosts) statuses.push((yield* get(`http://${host}/`)).status)
      yield* equals("statuses", statuses, [200, 200, 200, 400, 400, 400])
      yield* equals("seen", seen, hosts.slice(0, 3))
    })
  ),

  clause(
    "forwarded headers are believed only from behind as many proxies as the site has",
    Effect.gen(function* () {
      const view = View.handle(ok, (_, request) =>
        HttpResponse.json([request.scheme, request.host, request.remoteAddress])
      )
      const headers = {
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.test",
        "x-forwarded-for": "6.6.6.6, 1.2.3.4"
      }
      const options = { allowedHosts: ["site.test", "shop.test"] }
      const direct = JSON.parse(
        (yield* (yield* served([view], options)).get("/", { headers })).text
      )
      yield* equals("direct", direct.slice(0, 2), ["http", "site.test"])
      yield* holds("address", direct[2] !== "1.2.3.4" && direct[2] !== "6.6.6.6", direct)
      const behind = yield* (yield* served([view], { ...options, proxies: 1 })).get("/", {
        headers
      })
      yield* equals("behind", JSON.parse(behind.text), ["https", "shop.test", "1.2.3.4"])
    })
  ),

  clause(
    "an unknown path is 404, a known one for other methods 405 with Allow, OPTIONS 204 with Allow",
    Effect.gen(function* () {
      const { get } = yield* served([hello])
      yield* equals("unknown", (yield* get("/none")).status, 404)
      const wrong = yield* get("/", { method: "POST" })
      yield* equals(
        "method",
        [wrong.status, wrong.headers.get("allow")],
        [405, "GET, HEAD, OPTIONS"]
      )
      const options = yield* get("/", { method: "OPTIONS" })
      yield* equals(
        "options",
        [options.status, options.headers.get("allow")],
        [204, "GET, HEAD, OPTIONS"]
      )
    })
  ),

  clause(
    "a missing slash at the end is redirected with its query, and other methods keep theirs",
    Effect.gen(function* () {
      const { get } = yield* served([
        View.handle(Route.make(["GET", "POST"], "/polls/", "polls"), () => HttpResponse.empty())
      ])
      const page = yield* get("/polls?page=2&q=a%2Fb")
      yield* equals(
        "GET",
        [page.status, page.headers.get("location")],
        [301, "/polls/?page=2&q=a%2Fb"]
      )
      const form = yield* get("/polls?x", { method: "POST" })
      yield* equals("POST", [form.status, form.headers.get("location")], [308, "/polls/?x"])
    })
  ),

  clause(
    "broken percent-encoding in the path is 400",
    Effect.gen(function* () {
      const { get } = yield* served([
        View.handle(Route.get("/:word/", "word"), () => HttpResponse.empty())
      ])
      yield* equals("whole", (yield* get("/100%25/")).status, 204)
      yield* equals("broken", (yield* get("/100%zz/")).status, 400)
    })
  ),

  clause(
    "middleware is around every answer, the first outermost, and sees failures as responses",
    Effect.gen(function* () {
      const mark = (name: string) =>
        Middleware.make(
          name,
          (next) => (request) =>
            Middleware.mapResponse(next(request), (response) =>
              HttpResponse.addHeader(response, "x-order", `${name}${response.status}`)
            )
        )
      const breaks = Middleware.make(
        "breaks",
        (next) => (request) => (request.path === "/broken" ? View.forbidden() : next(request))
      )
      const { get } = yield* served(
        [
          hello,
          View.handle(Route.get("/later", "later"), () =>
            Effect.as(pause(1), HttpResponse.empty())
          ),
          View.handle(Route.get("/defect", "defect"), () => Effect.die("defect"))
        ],
        { middleware: [mark("a"), mark("b"), breaks, mark("c")] }
      )
      const orders: Array<string | null> = []
      for (const path of ["/", "/later", "/none", "/defect", "/broken"]) {
        orders.push((yield* get(path)).headers.get("x-order"))
      }
      yield* equals("orders", orders, [
        "c200, b200, a200",
        "c204, b204, a204",
        "c404, b404, a404",
        "c500, b500, a500",
        "b403, a403"
      ])
    })
  ),

  clause(
    "headers that were added to a request's answer are on it, errors included",
    Effect.gen(function* () {
      const adds = Middleware.make("adds", (next) => (request) => {
        request.addHeader("x-added", "1")
        request.addHeader("set-cookie", "c=1")
        return next(request)
      })
      const { get } = yield* served([hello], { middleware: [adds] })
      for (const path of ["/", "/none"]) {
        const { headers } = yield* get(path)
        yield* equals(path, [headers.get("x-added"), headers.getSetCookie().length], ["1", 1])
      }
    })
  ),

  clause(
    "a site's own error page answers, and one that fails gives way",
    Effect.gen(function* () {
      const { get } = yield* served([hello], {
        errorPage: ({ detail, status }, request) => {
          if (request.path === "/throws") throw new Error("secret")
          if (request.path === "/fails") return Effect.zipRight(pause(1), View.fail(418, "secret"))
          return Effect.as(pause(1), HttpResponse.text(`own: ${detail}`, { status }))
        }
      })
      const own = yield* get("/none")
      yield* equals("own", [own.status, own.text], [404, "own: There is nothing at this address."])
      for (const path of ["/throws", "/fails"]) {
        const { status, text } = yield* get(path)
        yield* equals(path, [status, text.includes("secret")], [404, false])
      }
    })
  ),

  clause(
    "answers to requests at the same time do not mix",
    Effect.gen(function* () {
      const view = View.handle(Route.get("/:n(int)/", "n"), function* ({ n }, request) {
        counter.set(request, n)
        request.addHeader("x-n", String(n))
        yield* pause(n % 3)
        return HttpResponse.text(`${n} ${counter.get(request)}`)
      })
      const { get } = yield* served([view])
      const ns = Array.from({ length: 20 }, (_, n) => n)
      const answers = yield* Effect.all(
        ns.map((n) => get(`/${n}/`)),
        { concurrency: "unbounded" }
      )
      yield* equals(
        "answers",
        answers.map(({ headers, text }) => `${text} ${headers.get("x-n")}`),
        ns.map((n) => `${n} ${n} ${n}`)
      )
    })
  )
]

const counter = HttpRequest.local<number>("counter")

const realClock = Effect.runSync(Effect.clock)

const half = (body: ReadableStream<Uint8Array>): RequestInit =>
  // Fetch, "half": bodies that are streams must say so. Not in TypeScript's library.
  ({ method: "POST", body, duplex: "half" }) as RequestInit

/** A body without a declared length. */
const streamed = (texts: ReadonlyArray<string>): RequestInit => {
  let at = 0
  return half(
    new ReadableStream({
      pull: (controller) => {
        const text = texts[at++]
        if (text === undefined) controller.close()
        else controller.enqueue(utf8.encode(text))
      }
    })
  )
}

const files: ReadonlyArray<ReturnType<typeof clause<Needs>>> = [
  clause(
    "a file is sent whole, with its length, time and tag",
    Effect.gen(function* () {
      const { get } = yield* file
      const { headers, status, text } = yield* get("/")
      yield* equals(
        "file",
        [status, text, headers.get("content-length")],
        [200, "0123456789", "10"]
      )
      yield* equals("time", headers.get("last-modified"), "Wed, 01 Jan 2020 00:00:00 GMT")
      yield* equals("ranges", headers.get("accept-ranges"), "bytes")
      yield* holds("tag", /^"[^"]+"$/.test(headers.get("etag") ?? ""), headers.get("etag"))
      const head = yield* get("/", { method: "HEAD" })
      yield* equals("HEAD", [head.text, head.headers.get("content-length")], ["", "10"])
    })
  ),

  clause(
    "a range of a file is 206, one outside of it 416 (RFC 9110, 14)",
    Effect.gen(function* () {
      const { get } = yield* file
      const answers: Array<unknown> = []
      for (const range of [
        "bytes=2-4",
        "bytes=7-",
        "bytes=-2",
        "bytes=8-99",
        "bytes=10-",
        "bytes=4-2",
        "lines=1-2",
        "bytes=0-1,4-5"
      ]) {
        const { headers, status, text } = yield* get("/", { headers: { range } })
        answers.push([status, status === 416 ? "" : text, headers.get("content-range")])
      }
      const whole = [200, "0123456789", null]
      yield* equals("answers", answers, [
        [206, "234", "bytes 2-4/10"],
        [206, "789", "bytes 7-9/10"],
        [206, "89", "bytes 8-9/10"],
        [206, "89", "bytes 8-9/10"],
        [416, "", "bytes */10"],
        whole,
        whole,
        whole
      ])
    })
  ),

  clause(
    "a range is taken only of the file that If-Range names",
    Effect.gen(function* () {
      const { get } = yield* file
      const etag = (yield* get("/")).headers.get("etag")!
      const time = "Wed, 01 Jan 2020 00:00:00 GMT"
      const statuses: Array<number> = []
      for (const ifRange of [etag, time, `W/${etag}`, '"other"', "Wed, 01 Jan 2019 00:00:00 GMT"]) {
        statuses.push(
          (yield* get("/", { headers: { range: "bytes=0-1", "if-range": ifRange } })).status
        )
      }
      yield* equals("statuses", statuses, [206, 206, 200, 200, 200])
    })
  ),

  clause(
    "a file that the client has is 304 without a body",
    Effect.gen(function* () {
      const { get } = yield* file
      const etag = (yield* get("/")).headers.get("etag")!
      const time = "Wed, 01 Jan 2020 00:00:00 GMT"
      const past = "Wed, 01 Jan 2019 00:00:00 GMT"
      const conditions: ReadonlyArray<readonly [Record<string, string>, number]> = [
        [{ "if-none-match": etag }, 304],
        [{ "if-none-match": `"x", W/${etag}` }, 304],
        [{ "if-none-match": "*" }, 304],
        [{ "if-none-match": '"x"' }, 200],
        [{ "if-modified-since": time }, 304],
        [{ "if-modified-since": past }, 200],
        [{ "if-modified-since": time, "if-none-match": '"x"' }, 200]
      ]
      for (const [headers, expected] of conditions) {
        const { status, text } = yield* get("/", { headers })
        yield* equals(
          JSON.stringify(headers),
          [status, text],
          [expected, expected === 304 ? "" : "0123456789"]
        )
      }
    })
  )
]

const noFiles = [
  clause<Needs>(
    "a response with a file is refused with 500",
    Effect.gen(function* () {
      yield* equals("status", (yield* (yield* file).get("/")).status, 500)
    })
  )
]

/** Text over a connection, which a server that listens must have. */
const wire = (
  text: string,
  millis: number,
  endpoints: ReadonlyArray<View.Endpoint> = [hello],
  options?: HttpServer.Options
) =>
  Effect.flatMap(served(endpoints, options), ({ raw }) =>
    raw === undefined
      ? Effect.zipRight(holds("a server that listens can be written to", false), Effect.never)
      : raw(text, millis)
  )

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length

const connections: ReadonlyArray<ReturnType<typeof clause<Needs>>> = [
  clause(
    "pipelined requests are answered in their order",
    Effect.gen(function* () {
      const view = View.handle(Route.get("/:n(int)", "n"), function* ({ n }) {
        yield* pause(60 - 20 * n)
        return HttpResponse.text(`answer ${n}`)
      })
      const text = [1, 2, 3].map(
        (n) =>
          `GET /${n} HTTP/1.1\r\nhost: site.test\r\n${n === 3 ? "connection: close\r\n" : ""}\r\n`
      )
      const answer = yield* wire(text.join(""), 3000, [view])
      yield* equals(
        "order",
        [...answer.text.matchAll(/answer \d/g)].map(([found]) => found),
        ["answer 1", "answer 2", "answer 3"]
      )
    })
  ),

  clause(
    "a client that does not finish its headers is cut",
    Effect.gen(function* () {
      const { closed, text } = yield* wire("GET / HTTP/1.1\r\nhost: site.test\r\nx-slow: ", 5000)
      yield* equals("closed", closed, true)
      yield* holds("no answer", !text.includes("hello"), text)
    })
  ),

  clause(
    "a body with two lengths is refused and ends its connection (RFC 9112, 6.3)",
    Effect.gen(function* () {
      const smuggled = "GET / HTTP/1.1\r\nhost: site.test\r\n\r\n"
      for (const lengths of [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 6"
      ]) {
        const { closed, text } = yield* wire(
          `POST /post HTTP/1.1\r\nhost: site.test\r\n${lengths}\r\n\r\n0\r\n\r\n${smuggled}`,
          2000,
          [hello, View.handle(post, () => HttpResponse.text("taken"))]
        )
        yield* holds("400", text.startsWith("HTTP/1.1 400"), text)
        yield* equals("answers", [count(text, /HTTP\/1\.1 /g), closed], [1, true])
      }
    })
  ),

  clause(
    "Expect: 100-continue is continued when the body is read, and not when it is refused",
    Effect.gen(function* () {
      const view = View.handle(post, function* (_, request) {
        return HttpResponse.text(`got ${(yield* request.text).length}`)
      })
      const head = (length: number) =>
        `POST /post HTTP/1.1\r\nhost: site.test\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`
      const taken = yield* wire(`${head(3)}abc`, 2000, [view], { limits: { memory: 10 } })
      yield* holds(
        "continued",
        /^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 [^]*got 3/.test(taken.text),
        taken.text
      )
      const refused = yield* wire(head(11), 2000, [view], { limits: { memory: 10 } })
      yield* holds("refused", refused.text.startsWith("HTTP/1.1 413 "), refused.text)
    })
  ),

  clause(
    "a target in absolute form is routed by its path (RFC 9112, 3.2.2)",
    Effect.gen(function* () {
      const { text } = yield* wire(
        "GET http://site.test/?q HTTP/1.1\r\nhost: site.test\r\nconnection: close\r\n\r\n",
        2000
      )
      yield* holds("answer", text.startsWith("HTTP/1.1 200") && text.endsWith("hello"), text)
    })
  ),

  clause(
    "a connection is kept for the next request",
    Effect.gen(function* () {
      const one = "GET / HTTP/1.1\r\nhost: site.test\r\n\r\n"
      const { closed, text } = yield* wire(one + one, 1000)
      yield* equals("answers", [count(text, /HTTP\/1\.1 200/g), closed], [2, false])
    })
  )
]

const noConnections = [
  clause<Needs>(
    "a request that was aborted before it came interrupts its view",
    Effect.gen(function* () {
      const { closed, ended, view } = yield* hanging
      const { exchange } = yield* served([view])
      yield* Effect.fork(exchange(request("/", { signal: AbortSignal.abort() })))
      yield* settles("interrupted", Deferred.await(ended))
      yield* settles("closed", Deferred.await(closed))
    })
  )
]

export const contract: Contract<Needs, HttpServer.Capabilities> = {
  name: "HttpServer",
  clauses: (can) => [
    clause(
      "the server reports the capabilities that the adapter exports",
      Effect.gen(function* () {
        yield* equals("capabilities", (yield* Trial).capabilities, can)
      })
    ),
    ...always,
    ...(can.sendsFiles ? files : noFiles),
    ...(can.listens ? connections : noConnections)
  ]
}
