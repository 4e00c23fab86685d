// @effect-diagnostics floatingEffect:off -- nothing here runs
/** What the types of views, middleware and sites promise. Checked by tsc, never run. */
import { Context, Effect, type Scope } from "effect"
import * as Html from "../../src/domain/Html.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import type * as HttpRequest from "../../src/ports/HttpRequest.ts"
import * as HttpServer from "../../src/ports/HttpServer.ts"
import * as Middleware from "../../src/ports/Middleware.ts"
import type * as Router from "../../src/ports/Router.ts"
import type { TemplateEngine } from "../../src/ports/TemplateEngine.ts"
import * as View from "../../src/ports/View.ts"

const is =
  <Expected>() =>
  <Actual>(
    _value: Actual,
    ..._same: [Expected] extends [Actual] ? ([Actual] extends [Expected] ? [] : [never]) : [never]
  ) => {}

class Clock extends Context.Tag("Clock")<Clock, { readonly now: number }>() {}
class Mail extends Context.Tag("Mail")<Mail, { readonly send: Effect.Effect<void> }>() {}
class Unmapped {
  readonly _tag = "Unmapped"
}

const detail = Route.get("/polls/:id(int)/", "detail")
const index = Route.get("/", "index")

// Parameters are those of the route, decoded; what the view yields is what it needs.
const generator = View.handle(detail, function* ({ id }, request) {
  is<number>()(id)
  is<HttpRequest.Service>()(request)
  const { now } = yield* Clock
  return HttpResponse.json({ id, now })
})
is<View.Endpoint<Clock>>()(generator)

// Plain responses, effects, and either of them.
is<View.Endpoint<never>>()(View.handle(index, () => HttpResponse.text("x")))
is<View.Endpoint<Clock>>()(View.handle(index, () => Effect.as(Clock, HttpResponse.empty())))
is<View.Endpoint<Mail>>()(
  View.handle(detail, ({ id }) =>
    id === 1 ? HttpResponse.empty() : Effect.as(Mail, HttpResponse.empty())
  )
)

// The request and its scope come from the server.
is<View.Endpoint<never>>()(
  View.handle(index, function* () {
    yield* Effect.addFinalizer(() => Effect.void)
    return yield* View.redirect(detail, { id: 1 })
  })
)
is<View.Endpoint<TemplateEngine>>()(
  View.handle(index, () => View.render("polls/index", { polls: [] }))
)

// A generator that yields nothing needs nothing.
is<View.Endpoint<never>>()(
  // oxlint-disable-next-line require-yield -- that is the case
  View.handle(index, function* () {
    return HttpResponse.empty()
  })
)

// A generator may end by failing.
is<View.Endpoint<never>>()(
  View.handle(index, function* () {
    return yield* View.notFound("No such poll")
  })
)

// A failure without a status does not compile, from a generator and from an effect.
// @ts-expect-error
View.handle(index, function* () {
  yield* Effect.fail(new Unmapped())
  return HttpResponse.empty()
})
// @ts-expect-error
View.handle(index, () => Effect.fail(new Unmapped()))
// Mapped, it does.
View.handle(index, () =>
  Effect.catchTag(Effect.fail(new Unmapped()), "Unmapped", () => View.forbidden())
)

// A view answers with a response.
// @ts-expect-error
View.handle(index, () => "text")
// @ts-expect-error
View.handle(index, function* () {
  yield* Clock
  return { status: 200 }
})

// A page is made of Html, so that text has been escaped.
HttpResponse.html(Html.html`<b>${"text"}</b>`)
// @ts-expect-error
HttpResponse.html("<b>text</b>")

// Parameters of a redirect are those of the route.
// @ts-expect-error
View.redirect(detail)
// @ts-expect-error
View.redirect(detail, { id: "1" })
// @ts-expect-error
View.redirect(index, { id: 1 })

// Middleware adds what it needs to what its handler needs.
const mail = Middleware.make<Mail>(
  "mail",
  (next) => (request) => Effect.zipRight(Mail, Middleware.toEffect(next(request)))
)
is<Middleware.Middleware<Mail>>()(mail)

// A site needs what its views, middleware and pages need, and a router.
const site = HttpServer.site({
  entries: HttpServer.mount([generator, View.handle(index, () => HttpResponse.empty())]),
  middleware: [mail]
})
is<Effect.Effect<HttpServer.Site, Router.RouteConflict, Router.Router | Clock | Mail>>()(site)

is<Scope.Scope>()(null as unknown as Exclude<View.Provided, HttpRequest.HttpRequest>)
