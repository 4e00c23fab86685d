import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, FiberRef, Layer, Logger, Option, Tracer } from "effect"
import * as WebHandler from "../../src/adapters/http/WebHandler.ts"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"
import * as Html from "../../src/domain/Html.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import * as HttpRequest from "../../src/ports/HttpRequest.ts"
import * as HttpServer from "../../src/ports/HttpServer.ts"
import * as Middleware from "../../src/ports/Middleware.ts"
import { TemplateEngine } from "../../src/ports/TemplateEngine.ts"
import * as View from "../../src/ports/View.ts"

const index = Route.get("/", "index")

/** The text that a handler answers a GET with. */
const ask = <R>(
  endpoint: View.Endpoint<R>,
  init?: RequestInit,
  options: HttpServer.Options & { readonly middleware?: ReadonlyArray<Middleware.Middleware> } = {}
) =>
  Effect.gen(function* () {
    const site = yield* HttpServer.site({
      allowedHosts: ["site.test"],
      entries: HttpServer.mount([endpoint]),
      ...options
    })
    const handler = yield* WebHandler.make(site)
    return yield* Effect.promise(async () => {
      const response = await handler(new Request("http://site.test/", init))
      return `${response.status} ${await response.text()}`
    })
  }).pipe(Effect.scoped, Effect.provide(RadixRouter.layer))

class Greeting extends Context.Tag("Greeting")<Greeting, string>() {}

describe("HttpServer.hostCheck", () => {
  it("takes names, subdomains and everything, as Django's ALLOWED_HOSTS does", () => {
    const check = HttpServer.hostCheck(["example.com", ".wild.test", "[::1]"])
    for (const host of [
      "example.com",
      "EXAMPLE.com:8000",
      "example.com.",
      "wild.test",
      "a.b.wild.test",
      "[::1]:80"
    ]) {
      assert.isTrue(check(host), host)
      assert.isTrue(check(host), `${host}, remembered`)
    }
    for (const host of [
      "",
      "example.com:",
      "example.com:port",
      "a.example.com",
      "example.com.evil",
      "evilwild.test",
      "example.com@evil",
      "example.com/",
      "exa mple.com",
      "[::2]",
      "example.com:80:80"
    ]) {
      assert.isFalse(check(host), host)
    }
    assert.isFalse(HttpServer.hostCheck([])("example.com"))
    assert.isTrue(HttpServer.hostCheck(["*"])("anything.test"))
    assert.isFalse(HttpServer.hostCheck(["*"])("no host"))
  })
})

describe("a request's fiber", () => {
  it.live("has the site's services, and others provided on top of them", () =>
    Effect.gen(function* () {
      const view = View.handle(index, function* () {
        const outer = yield* Greeting
        const inner = yield* Effect.provideService(
          Effect.flatMap(Effect.yieldNow(), () => Greeting),
          Greeting,
          "inner"
        )
        const { path } = yield* HttpRequest.HttpRequest
        return HttpResponse.text(`${outer} ${inner} ${yield* Greeting} ${path}`)
      })
      const text = yield* Effect.provideService(ask(view), Greeting, "outer")
      assert.strictEqual(text, "200 outer inner outer /")
    })
  )

  it.live("has the site's FiberRefs", () =>
    Effect.gen(function* () {
      const ref = FiberRef.unsafeMake("initial")
      const view = View.handle(index, () =>
        Effect.map(FiberRef.get(ref), (value) => HttpResponse.text(value))
      )
      assert.strictEqual(yield* Effect.locally(ask(view), ref, "site"), "200 site")
    })
  )

  it.live("leaves a turn of the event loop to others while it computes", () =>
    Effect.gen(function* () {
      let turns = 0
      const view = View.handle(index, function* () {
        const timer = setInterval(() => turns++, 0)
        for (let i = 0; i < 100; i++) {
          yield* Effect.yieldNow()
          const until = performance.now() + 1
          while (performance.now() < until);
        }
        clearInterval(timer)
        return HttpResponse.text("done")
      })
      assert.strictEqual(yield* ask(view), "200 done")
      assert.isAbove(turns, 3)
    })
  )
})

describe("spans", () => {
  const view = View.handle(index, function* () {
    const span = Option.getOrUndefined(yield* Effect.option(Effect.currentSpan))
    return HttpResponse.json(
      span === undefined
        ? null
        : {
            name: span.name,
            kind: span.kind,
            route: span.attributes.get("http.route"),
            parent: Option.getOrUndefined(span.parent)?.spanId
          }
    )
  })

  it.live("are not made without a tracer", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask(view), "200 null")
    })
  )

  it.live("are made with one, under the caller's", () =>
    Effect.gen(function* () {
      const statuses: Array<unknown> = []
      const native = yield* Effect.tracer
      const tracer = Tracer.make({
        context: native.context.bind(native),
        span: (...args) => {
          const span = native.span(...args)
          const end = span.end.bind(span)
          span.end = (...args) => {
            if (span.kind === "server") {
              statuses.push(span.attributes.get("http.response.status_code"))
            }
            end(...args)
          }
          return span
        }
      })
      const text = yield* Effect.provide(
        ask(view, {
          headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
        }),
        Layer.setTracer(tracer)
      )
      assert.strictEqual(
        text,
        `200 {"name":"GET /","kind":"server","route":"/","parent":"b7ad6b7169203331"}`
      )
      assert.deepStrictEqual(statuses, [200])
    })
  )
})

describe("View.render", () => {
  it.live("gives the template what the view and middleware have, the view's first and lazily", () =>
    Effect.gen(function* () {
      let asked = 0
      const gives = Middleware.make("gives", (next) => (request) => {
        HttpRequest.provideToTemplates(request, "csrf", (request) => {
          asked++
          return `token of ${request.path}`
        })
        HttpRequest.provideToTemplates(request, "title", () => {
          throw new Error("the view has one")
        })
        return next(request)
      })
      const engine = {
        capabilities: { runsCode: false },
        renderExit: (name: string, values: Readonly<Record<string, unknown>> = {}) =>
          Effect.runSyncExit(
            Effect.succeed(Html.html`${name} ${values["title"]} ${values["csrf"]}`)
          )
      }
      // The two members that render uses.
      const provide = Effect.provideService(
        TemplateEngine,
        engine as unknown as TemplateEngine["Type"]
      )
      const page = View.handle(index, () => View.render("page", { title: "<T>" }, { status: 201 }))
      const rendered = yield* provide(ask(page, {}, { middleware: [gives] }))
      assert.strictEqual(rendered, "201 page &lt;T&gt; token of /")
      assert.strictEqual(asked, 1)
      const none = View.handle(index, () => HttpResponse.text("none"))
      yield* provide(ask(none, {}, { middleware: [gives] }))
      assert.strictEqual(asked, 1)
    })
  )
})

describe("a reversal", () => {
  it.live("leads to the instance that the request is in", () =>
    Effect.gen(function* () {
      const detail = Route.get("/:id(int)/", "detail")
      const view = View.handle(detail, ({ id }, request) =>
        HttpResponse.json([
          request.reverse(detail, { id: id + 1 }),
          request.reverse(detail, { id }, { query: { page: 2 } }),
          request.reverseName("polls:detail", { id })
        ])
      )
      const mounted = (name: string) =>
        HttpServer.mount([view], {
          prefix: Route.pattern(`/${name}`),
          namespaces: [name],
          apps: ["polls"]
        })
      const site = yield* HttpServer.site({
        allowedHosts: ["site.test"],
        entries: [...mounted("a"), ...mounted("b")]
      })
      const handler = yield* WebHandler.make(site)
      for (const name of ["a", "b"]) {
        const response = yield* Effect.promise(() =>
          handler(new Request(`http://site.test/${name}/1/`))
        )
        assert.deepStrictEqual(yield* Effect.promise(() => response.json()), [
          `/${name}/2/`,
          `/${name}/1/?page=2`,
          `/${name}/1/`
        ])
      }
    }).pipe(Effect.scoped, Effect.provide(RadixRouter.layer))
  )
})

describe("HttpRequest.queryOf", () => {
  it.live("reads the query through a schema, and a query that does not fit is 400", () =>
    Effect.gen(function* () {
      const { Schema } = yield* Effect.promise(() => import("effect"))
      const query = HttpRequest.queryOf(
        Schema.Struct({
          page: Schema.NumberFromString,
          tag: Schema.optional(Schema.Array(Schema.String))
        })
      )
      const list = View.handle(index, (_, request) =>
        Effect.map(query(request), (value) => HttpResponse.json(value))
      )
      const site = yield* HttpServer.site({
        allowedHosts: ["site.test"],
        entries: HttpServer.mount([list])
      })
      const handler = yield* WebHandler.make(site)
      const get = (search: string) =>
        Effect.promise(async () => {
          const response = await handler(new Request(`http://site.test/?${search}`))
          return [response.status, response.status === 200 ? await response.json() : ""]
        })
      assert.deepStrictEqual(yield* get("page=2&tag=a"), [200, { page: 2, tag: ["a"] }])
      assert.deepStrictEqual(yield* get("page=x"), [400, ""])
    }).pipe(
      Effect.scoped,
      Effect.provide(RadixRouter.layer),
      Effect.provide(Logger.remove(Logger.defaultLogger))
    )
  )
})
