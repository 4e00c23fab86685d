/**
 * Port: views, the functions that answer requests. An app writes them; the servers run them.
 *
 * ```ts
 * const detail = Route.get("/polls/:id(int)/", "detail")
 *
 * export const views = [
 *   View.handle(detail, function* ({ id }) {
 *     const question = yield* Database.one(Polls.Question.filter({ id }))
 *     return yield* View.render("polls/detail", { question })
 *   })
 * ]
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { YieldWrap } from "effect/Utils"
import * as HttpResponse from "../domain/HttpResponse.ts"
import type * as Route from "../domain/Route.ts"
import type * as DatabaseError from "./DatabaseError.ts"
import * as HttpRequest from "./HttpRequest.ts"
import type { Unavailable, Unsupported } from "./PortError.ts"
import type * as Router from "./Router.ts"
import type { SaveError, SessionEnded } from "./SessionStore.ts"
import { TemplateEngine, type TemplateFailure, type Values } from "./TemplateEngine.ts"

/** An answer that a view chose instead of its page: made by `fail`, `notFound` and `forbidden`. */
export class HttpFailure extends Schema.TaggedError<HttpFailure>("portico/ports/View/HttpFailure")(
  "HttpFailure",
  {
    /** From 400 to 599. */
    status: Schema.Number,
    /** For the client to read: shown on the error page. */
    detail: Schema.String,
    /** Sent with the response: names in lower case (`retry-after`, `www-authenticate`). */
    headers: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.String }), {
      exact: true
    })
  }
) {
  override get message() {
    return `View.fail: ${this.status} ${this.detail}. Change the request accordingly.`
  }
}

/** Every failure that has a status. A view that can fail in another way does not compile. */
export type Failure =
  | HttpFailure
  | HttpRequest.BodyError
  | HttpRequest.BodyInvalid
  | HttpRequest.QueryInvalid
  | DatabaseError.WriteError
  | DatabaseError.NotFound
  | DatabaseError.MultipleFound
  | TemplateFailure
  | SaveError
  | SessionEnded
  | Unsupported
  | Unavailable

/** A response, at once or as an effect. What can be answered at once costs no fiber. */
export type Answer<R = never> =
  | HttpResponse.HttpResponse
  | Effect.Effect<HttpResponse.HttpResponse, Failure, R>

/** Answers a request. `R` is what it needs besides the request itself. */
export type Handler<R = never> = (request: HttpRequest.Service) => Answer<R>

/** What the server gives to every request: not part of what a view needs. */
export type Provided = HttpRequest.HttpRequest | Scope.Scope

export type { Options } from "./HttpRequest.ts"

/** A route and the view that answers it. */
export interface Endpoint<out R = never> {
  readonly route: Route.Any
  readonly handler: Handler<R | Provided>
  readonly options: HttpRequest.Options
}

/* oxlint-disable typescript/no-explicit-any -- see the comments at each */
// The needs are left open (`any`) for `NeedsOf` to read. One signature for both kinds of handler:
// with overloads, and with a check beside the inferred type, a generator that names its parameters
// is inferred as its constraint.
type Runs = Generator<
  YieldWrap<Effect.Effect<unknown, Failure, any>>,
  HttpResponse.HttpResponse,
  any
>
type Answers = HttpResponse.HttpResponse | Effect.Effect<HttpResponse.HttpResponse, Failure, any>

type NeedsOf<A> =
  A extends Generator<infer Yielded, any, any>
    ? [Yielded] extends [never]
      ? never
      : [Yielded] extends [YieldWrap<Effect.Effect<infer _A, infer _E, infer R>>]
        ? R
        : never
    : A extends Effect.Effect<infer _A, infer _E, infer R>
      ? R
      : never

/**
 * A view of `route`. The handler is a generator function, or a function that returns a response or
 * an effect of one; it gets the route's parameters, decoded, and the request. It may fail with a
 * `Failure` only: another one is caught, or becomes one by `fail`.
 */
export const handle = <R extends Route.Any, A extends Runs | Answers>(
  route: R,
  handler: (params: Route.Params<R>, request: HttpRequest.Service) => A,
  options: HttpRequest.Options = {}
): Endpoint<Exclude<NeedsOf<A>, Provided>> => {
  // The signature has checked what the two kinds of handler return.
  const run: (params: any, request: HttpRequest.Service) => Answer<any> = isGenerator(handler)
    ? (Effect.fnUntraced(handler as any) as any)
    : (handler as any)
  return { route, options, handler: (request) => run(request.match.params, request) }
}
/* oxlint-enable typescript/no-explicit-any */

// One wrapping at registration: a generator function made per request costs 3.5-5 µs (measured,
// Node 20), and `Effect.fn` 15.
const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as Function

const isGenerator = (handler: Function): boolean => handler instanceof GeneratorFunction

/** Changes what an endpoint's handler does: for what Django writes as a decorator. */
export const wrap = <R, R2>(
  endpoint: Endpoint<R>,
  f: (next: Handler<R | Provided>) => Handler<R2>
): Endpoint<Exclude<R2, Provided>> => ({
  ...endpoint,
  // Exclude is not resolved for a free R2, though the server gives what it takes away.
  handler: f(endpoint.handler) as Handler<Exclude<R2, Provided> | Provided>
})

/** Answers with an error page of this status. `detail` is shown to the client. */
export const fail = (
  status: number,
  detail: string,
  headers?: Readonly<Record<string, string>>
): Effect.Effect<never, HttpFailure> =>
  Exit.fail(
    new HttpFailure(headers === undefined ? { status, detail } : { status, detail, headers })
  )

/** 404. */
export const notFound = (
  detail = "There is nothing at this address."
): Effect.Effect<never, HttpFailure> => fail(404, detail)

/** 403. */
export const forbidden = (detail = "You may not do this."): Effect.Effect<never, HttpFailure> =>
  fail(403, detail)

/** A page from a template, with what middleware gives to templates (`HttpRequest.provideToTemplates`). */
export const render = (
  template: string,
  context?: Values,
  options?: HttpResponse.Options
): Effect.Effect<
  HttpResponse.HttpResponse,
  TemplateFailure,
  TemplateEngine | HttpRequest.HttpRequest
> =>
  Effect.contextWithEffect(
    (services: Context.Context<TemplateEngine | HttpRequest.HttpRequest>) => {
      const request = Context.get(services, HttpRequest.HttpRequest)
      const page = Context.get(services, TemplateEngine).renderExit(
        template,
        HttpRequest.templateContext(request, context)
      )
      return Exit.map(page, (html) => HttpResponse.html(html, options))
    }
  )

/**
 * Sends the browser to a route, with 302: `yield* View.redirect(detail, { id })`. For another status
 * write `HttpResponse.redirect(request.reverse(detail, { id }), { permanent: true })`.
 */
export const redirect = <P>(
  route: Route.Route<P>,
  ...args: Router.ReverseArgs<P>
): Effect.Effect<HttpResponse.HttpResponse, never, HttpRequest.HttpRequest> =>
  Effect.map(HttpRequest.HttpRequest, (request) =>
    HttpResponse.redirect(request.reverse(route, ...args))
  )
