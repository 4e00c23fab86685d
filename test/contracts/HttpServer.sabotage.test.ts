/** The contract must catch servers that are wrong: for every clause at least one that breaks it. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Scope, Stream } from "effect"
import { isolated } from "../../contracts/Contract.ts"
import { contract, type Service } from "../../contracts/HttpServerContract.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as HttpRequest from "../../src/ports/HttpRequest.ts"
import type { Capabilities, Site } from "../../src/ports/HttpServer.ts"
import * as Middleware from "../../src/ports/Middleware.ts"
import { layerOf, node, web } from "../support/httpTrials.ts"

interface Sabotage {
  readonly trial: Service
  /** What the harness claims; the trial's own, unless said otherwise. */
  readonly claims?: Capabilities
  readonly breaks: ReadonlyArray<string>
}

// --- ways of being wrong

const site = (change: (site: Site) => Partial<Site>, trial = web): Service => ({
  ...trial,
  start: (site) => trial.start({ ...site, ...change(site) })
})

const around = (name: string, wrap: Middleware.Middleware["wrap"]) =>
  site(({ middleware }) => ({ middleware: [...middleware, Middleware.make(name, wrap)] }))

/** Every request seen through `read`. */
const proxied = (
  read: (request: HttpRequest.Service, key: string | symbol) => Option.Option<unknown>
) =>
  around(
    "proxied",
    (next) => (request) =>
      next(
        new Proxy(request, {
          get: (target, key) =>
            Option.getOrElse(read(request, key), () => Reflect.get(target, key, target))
        })
      )
  )

const requests = (change: (request: Request) => Request | Promise<Request>): Service => ({
  ...web,
  start: (site) =>
    Effect.map(web.start(site), (client) => ({
      exchange: (request) =>
        Effect.flatMap(
          Effect.promise(async () => change(request)),
          client.exchange
        )
    }))
})

const responses = (
  change: (response: Response, request: Request) => Response | Promise<Response>
): Service => ({
  ...web,
  start: (site) =>
    Effect.map(web.start(site), (client) => ({
      exchange: (request) =>
        Effect.flatMap(client.exchange(request), (response) =>
          Effect.tryPromise(async () => change(response, request))
        )
    }))
})

/** The response with other headers, status or body. */
const altered = (
  response: Response,
  {
    body = response.body,
    headers = () => {},
    status = response.status
  }: {
    readonly body?: BodyInit | null
    readonly headers?: (headers: Headers) => void
    readonly status?: number
  }
) => {
  const own = new Headers(response.headers)
  headers(own)
  return new Response(status === 204 || status === 304 ? null : body, { status, headers: own })
}

const without = (name: string, only: (response: Response) => boolean = () => true) =>
  responses((response) =>
    only(response) ? altered(response, { headers: (own) => own.delete(name) }) : response
  )

const unasked = (name: string) =>
  requests((request) => {
    const headers = new Headers(request.headers)
    headers.delete(name)
    return new Request(request, { headers })
  })

const raw = (
  change: (answer: { readonly text: string; readonly closed: boolean }) => {
    readonly text: string
    readonly closed: boolean
  }
): Service => ({
  ...node,
  start: (site) =>
    Effect.map(node.start(site), (client) => ({
      ...client,
      raw: (text, millis) => Effect.map(client.raw!(text, millis), change)
    }))
})

const deaf = (request: Request) => new Request(request, { signal: new AbortController().signal })

const shared = new Map<HttpRequest.Local<never>, unknown>()
const read = new WeakSet<HttpRequest.Service>()

// --- the wrong servers

const sabotages: Readonly<Record<string, Sabotage>> = {
  "claims more than it has": {
    trial: { ...web, capabilities: { ...web.capabilities, sendsFiles: false } },
    claims: web.capabilities,
    breaks: ["the server reports the capabilities that the adapter exports"]
  },
  "loses the query": {
    trial: requests((request) => new Request(request.url.replace(/\?.*/, ""), request)),
    breaks: [
      "every method reaches the view that is routed for it, with path, query and body",
      "a missing slash at the end is redirected with its query, and other methods keep theirs"
    ]
  },
  "joins cookies": {
    trial: responses((response) =>
      altered(response, {
        headers: (own) => {
          const cookies = own.getSetCookie()
          own.delete("set-cookie")
          if (cookies.length > 0) own.set("set-cookie", cookies.join(", "))
        }
      })
    ),
    breaks: ["headers arrive as they were set, and a cookie each in a header of its own"]
  },
  "loses cookies": {
    trial: unasked("cookie"),
    breaks: ["cookies of a request are decoded, and a malformed one is given as it is"]
  },
  "knows no 422": {
    trial: responses((response) =>
      response.status === 422 ? altered(response, { status: 400 }) : response
    ),
    breaks: [
      "a JSON body is read through its schema, and one that does not fit is 422 with the paths",
      "a body that is not what it says is 400"
    ]
  },
  "takes urlencoded forms for text": {
    trial: requests((request) => {
      if (!request.headers.get("content-type")?.includes("urlencoded")) return request
      const headers = new Headers(request.headers)
      headers.set("content-type", "text/plain")
      return new Request(request, { headers })
    }),
    breaks: [
      "an urlencoded form is read through its schema, a single value where a list is due",
      "a body over a limit is 413: declared or not, fields, files and uploads"
    ]
  },
  "keeps uploaded files": {
    trial: { ...web, exists: () => Effect.succeed(true) },
    breaks: ["a multipart form gives fields and files, and the files are gone after the answer"]
  },
  "invents a form": {
    trial: requests((request) =>
      request.method === "POST" && request.body === null
        ? new Request(request, { method: "POST", body: new URLSearchParams({ made: "up" }) })
        : request
    ),
    breaks: ["a form without a body has no fields, and a file input that was left empty no file"]
  },
  "has no limits": {
    trial: site(() => ({
      limits: { memory: Infinity, fields: Infinity, files: Infinity, upload: Infinity }
    })),
    breaks: [
      "a body over a limit is 413: declared or not, fields, files and uploads",
      "a view that is prebuffered gets its body, and its faults, like any other"
    ]
  },
  "mends what is malformed": {
    trial: requests(async (request) => {
      const json = request.headers.get("content-type") === "application/json"
      return json && (await request.clone().text()) === "{"
        ? new Request(request, { method: "POST", body: `{"question":"made up","choices":[]}` })
        : request
    }),
    breaks: [
      "a body that is not what it says is 400",
      "a view that is prebuffered gets its body, and its faults, like any other"
    ]
  },
  "reads a body once": {
    trial: proxied((request, key) => {
      if (key === "json" && read.has(request)) return Option.some(Effect.dieMessage("read"))
      if (key === "text") read.add(request)
      return Option.none()
    }),
    breaks: ["a body that is read twice is read once"]
  },
  "forgets views that are prebuffered": {
    trial: site(({ table }) => ({
      table: {
        ...table,
        match: (method, path) => {
          const match = table.match(method, path)
          return match._tag === "Found" && match.target.options.prebuffer === true
            ? { ...match, target: { ...match.target, handler: () => HttpResponse.empty() } }
            : match
        }
      }
    })),
    breaks: ["a view that is prebuffered gets its body, and its faults, like any other"]
  },
  "streams no bodies in": {
    trial: proxied((_, key) => (key === "stream" ? Option.some(Stream.empty) : Option.none())),
    breaks: ["a body streams to its view, which sets the pace"]
  },
  "refuses what is large": {
    trial: requests(async (request) => {
      const text = request.headers.get("content-type")?.startsWith("text/plain") ?? false
      if (text && (await request.clone().text()).length >= 1_000_000) throw new Error("too large")
      return request
    }),
    breaks: ["a body of a megabyte that the view does not read does not disturb the answer"]
  },
  "buffers answers": {
    trial: responses(async (response) => altered(response, { body: await response.arrayBuffer() })),
    breaks: [
      "a streamed answer arrives while it is made, and its scope closes after it",
      "a streamed answer ends its stream when the client goes",
      "closing cuts a streamed answer that outlives the grace period, and ends"
    ]
  },
  "ends what died": {
    trial: responses((response) => {
      if (response.body === null) return response
      const reader = response.body.getReader()
      return altered(response, {
        body: new ReadableStream({
          pull: async (controller) => {
            const { done, value } = await reader
              .read()
              .catch(() => ({ done: true, value: undefined }))
            if (done) controller.close()
            else controller.enqueue(value)
          }
        })
      })
    }),
    breaks: [
      "a streamed answer that dies is cut, not ended",
      "closing cuts a streamed answer that outlives the grace period, and ends"
    ]
  },
  "does not notice clients that go": {
    trial: {
      ...web,
      start: (site) =>
        Effect.map(web.start(site), ({ exchange }) => ({
          exchange: (request) => Effect.disconnect(Effect.uninterruptible(exchange(deaf(request))))
        }))
    },
    breaks: [
      "a streamed answer ends its stream when the client goes",
      "a client that goes away interrupts the view, and its finalizers run",
      "a client that goes away while it sends ends the reading of its body",
      "a request that was aborted before it came interrupts its view"
    ]
  },
  "takes HEAD for GET": {
    trial: requests((request) =>
      request.method === "HEAD" ? new Request(request, { method: "GET" }) : request
    ),
    breaks: [
      "HEAD answers with GET's headers and no body",
      "a file is sent whole, with its length, time and tag"
    ]
  },
  "measures what is not there": {
    trial: responses((response) =>
      response.status === 204 || response.status === 304
        ? altered(response, { headers: (own) => own.set("content-length", "7") })
        : response
    ),
    breaks: [
      "204 and 304 have neither body nor length, whatever the view gave (RFC 9110, 8.6 and 15)"
    ]
  },
  "drops headers of failures": {
    trial: without("retry-after"),
    breaks: ["a typed failure answers with its status, words and headers"]
  },
  "tells clients everything": {
    trial: site(() => ({ development: true })),
    breaks: ["a defect answers 500 and tells the client nothing of it"]
  },
  "tells developers nothing": {
    trial: site(() => ({ development: false })),
    breaks: ["in development the page of a defect shows its cause, escaped"]
  },
  "takes 500 for 200": {
    trial: responses((response) =>
      response.status === 500 ? altered(response, { status: 200 }) : response
    ),
    breaks: [
      "a defect answers 500 and tells the client nothing of it",
      "in development the page of a defect shows its cause, escaped",
      "a header with a line break never becomes a second header"
    ]
  },
  "never closes scopes": {
    trial: around(
      "leaks",
      (next) => (request) =>
        Effect.flatMap(Scope.make(), (scope) =>
          Effect.provideService(Middleware.toEffect(next(request)), Scope.Scope, scope)
        )
    ),
    breaks: [
      "a streamed answer arrives while it is made, and its scope closes after it",
      "a client that goes away interrupts the view, and its finalizers run",
      "what a view adds to its scope is closed once, after the answer",
      "an answer that takes longer than requestTimeout is interrupted and 503",
      "closing interrupts what outlives the grace period, and ends",
      "a request that was aborted before it came interrupts its view"
    ]
  },
  "gives views another request": {
    trial: around(
      "other",
      (next) => (request) =>
        Effect.provideService(
          Middleware.toEffect(next(request)),
          HttpRequest.HttpRequest,
          new Proxy(request, {
            get: (target, key) => (key === "path" ? "/other/" : Reflect.get(target, key, target))
          })
        )
    ),
    breaks: ["a view finds the request and its scope among its services, in child fibers too"]
  },
  "has all the time": {
    trial: site(() => ({ requestTimeout: 2 ** 30 })),
    breaks: ["an answer that takes longer than requestTimeout is interrupted and 503"]
  },
  "ends without grace": {
    trial: site(() => ({ gracePeriod: 0 })),
    breaks: ["closing waits for what is in flight, which gets its answer"]
  },
  "never ends": {
    trial: site(() => ({ gracePeriod: 2 ** 30 })),
    breaks: [
      "closing interrupts what outlives the grace period, and ends",
      "closing cuts a streamed answer that outlives the grace period, and ends"
    ]
  },
  "answers for every host": {
    trial: site(() => ({ allowedHosts: ["*"] })),
    breaks: ["a request for a host that is not allowed is 400 and nothing of the site sees it"]
  },
  "believes everyone": {
    trial: site(() => ({ proxies: 1 })),
    breaks: ["forwarded headers are believed only from behind as many proxies as the site has"]
  },
  "does not say what is allowed": {
    trial: without("allow"),
    breaks: [
      "an unknown path is 404, a known one for other methods 405 with Allow, OPTIONS 204 with Allow"
    ]
  },
  "redirects without the query": {
    trial: responses((response) =>
      altered(response, {
        headers: (own) => {
          const location = own.get("location")
          if (location !== null) own.set("location", location.replace(/\?.*/, ""))
        }
      })
    ),
    breaks: [
      "a missing slash at the end is redirected with its query, and other methods keep theirs"
    ]
  },
  "mends broken encodings": {
    trial: requests((request) =>
      request.url.includes("%zz")
        ? new Request(request.url.replace("%zz", "%25"), request)
        : request
    ),
    breaks: ["broken percent-encoding in the path is 400"]
  },
  "turns middleware inside out": {
    trial: site(({ middleware }) => ({ middleware: middleware.toReversed() })),
    breaks: [
      "middleware is around every answer, the first outermost, and sees failures as responses"
    ]
  },
  "leaves middleware out of errors": {
    trial: without("x-order", ({ status }) => status >= 400),
    breaks: [
      "middleware is around every answer, the first outermost, and sees failures as responses"
    ]
  },
  "adds headers to successes alone": {
    trial: without("x-added", ({ status }) => status >= 400),
    breaks: ["headers that were added to a request's answer are on it, errors included"]
  },
  "has error pages of its own alone": {
    trial: site(() => ({ errorPage: undefined })),
    breaks: ["a site's own error page answers, and one that fails gives way"]
  },
  "shares locals": {
    trial: proxied((_, key) => (key === "locals" ? Option.some(shared) : Option.none())),
    breaks: ["answers to requests at the same time do not mix"]
  },
  "has no time for files": {
    trial: without("last-modified"),
    breaks: ["a file is sent whole, with its length, time and tag"]
  },
  "sends files whole": {
    trial: unasked("range"),
    breaks: [
      "a range of a file is 206, one outside of it 416 (RFC 9110, 14)",
      "a range is taken only of the file that If-Range names"
    ]
  },
  "sends ranges of any file": {
    trial: unasked("if-range"),
    breaks: ["a range is taken only of the file that If-Range names"]
  },
  "sends files again": {
    trial: unasked("if-none-match"),
    breaks: ["a file that the client has is 304 without a body"]
  },
  "sends files though it says that it cannot": {
    trial: { ...web, capabilities: { ...web.capabilities, sendsFiles: false } },
    breaks: ["a response with a file is refused with 500"]
  },
  "answers out of order": {
    trial: raw(({ closed, text }) => ({
      closed,
      text: text
        .replace("answer 1", "answer 0")
        .replace("answer 2", "answer 1")
        .replace("answer 0", "answer 2")
    })),
    breaks: ["pipelined requests are answered in their order"]
  },
  "keeps slow clients": {
    trial: raw(({ text }) => ({ text, closed: false })),
    breaks: [
      "a client that does not finish its headers is cut",
      "a body with two lengths is refused and ends its connection (RFC 9112, 6.3)"
    ]
  },
  "chooses one of two lengths": {
    trial: raw(({ closed, text }) => ({ closed, text: text.replace("400 Bad Request", "200 OK") })),
    breaks: ["a body with two lengths is refused and ends its connection (RFC 9112, 6.3)"]
  },
  "continues everything": {
    trial: raw(({ closed, text }) => ({
      closed,
      text: text.startsWith("HTTP/1.1 413") ? `HTTP/1.1 100 Continue\r\n\r\n${text}` : text
    })),
    breaks: ["Expect: 100-continue is continued when the body is read, and not when it is refused"]
  },
  "knows no absolute targets": {
    trial: raw(({ closed, text }) => ({
      closed,
      text: closed && text.endsWith("hello") ? text.replace("200 OK", "404 Not Found") : text
    })),
    breaks: ["a target in absolute form is routed by its path (RFC 9112, 3.2.2)"]
  },
  "closes after every answer": {
    trial: raw(({ text }) => ({ text, closed: true })),
    breaks: ["a connection is kept for the next request"]
  }
}

const clausesOf = (can: Capabilities) => contract.clauses(can)

const broken = ({ claims, trial }: Sabotage) => {
  const capabilities = claims ?? trial.capabilities
  return Effect.map(
    Effect.forEach(
      clausesOf(capabilities),
      (clause) =>
        Effect.map(
          Effect.exit(isolated(clause, { name: "sabotage", capabilities, layer: layerOf(trial) })),
          (exit) => ({ name: clause.name, exit })
        ),
      { concurrency: 8 }
    ),
    (verdicts) => verdicts.filter(({ exit }) => Exit.isFailure(exit)).map(({ name }) => name)
  )
}

describe("HttpServer sabotage", () => {
  const verdicts = new Map<string, ReadonlyArray<string>>()

  // Together, since most of the time is spent waiting for what must not come.
  beforeAll(
    () =>
      Effect.runPromise(
        Effect.forEach(
          Object.entries(sabotages),
          ([name, sabotage]) =>
            Effect.map(broken(sabotage), (clauses) => verdicts.set(name, clauses)),
          { concurrency: 4, discard: true }
        )
      ),
    120_000
  )

  for (const [name, { breaks }] of Object.entries(sabotages)) {
    it(`a server that ${name} is caught`, () => {
      assert.deepStrictEqual(verdicts.get(name), breaks)
    })
  }

  it("every clause is broken by a sabotage", () => {
    const all = [true, false].flatMap((listens) =>
      [true, false].flatMap((sendsFiles) =>
        clausesOf({ listens, sendsFiles }).map(({ name }) => name)
      )
    )
    const caught = new Set(Object.values(sabotages).flatMap(({ breaks }) => breaks))
    assert.deepStrictEqual(
      [...new Set(all)].filter((name) => !caught.has(name)),
      []
    )
  })
})
