/**
 * Port: middleware, what happens around every answer of a site: 404s, errors and redirects included.
 *
 * A middleware is a function from handler to handler, applied once at start-up; the first of a
 * site's list is the outermost. Its `next` always answers with a response: failures and defects of
 * what lies inside have become error pages by then. What it needs is in `R`.
 *
 * ```ts
 * const poweredBy = Middleware.make("poweredBy", (next) => (request) =>
 *   Middleware.mapResponse(next(request), (response) =>
 *     HttpResponse.withHeader(response, "x-powered-by", "Portico")))
 * ```
 */
import * as Effect from "effect/Effect"
import { HttpResponse } from "../domain/HttpResponse.ts"
import { Layered } from "./Layered.ts"
import type { Answer, Failure, Handler, Provided } from "./View.ts"

export type { Answer, Handler } from "./View.ts"

export interface Middleware<out R = never> {
  /** For messages and listings. */
  readonly name: string
  /** What is around `next`. Called once, at start-up; what it returns is called for every request. */
  readonly wrap: <R2>(next: Handler<R2>) => Handler<R | R2 | Provided>
  /** Names of middleware that must be around this one: a site without them does not start. */
  readonly inside?: ReadonlyArray<string>
}

/** A middleware of this name. `inside` names others whose work it needs: `["sessions"]`. */
export const make = <R = never>(
  name: string,
  wrap: <R2>(next: Handler<R2>) => Handler<R | R2 | Provided>,
  options: { readonly inside?: ReadonlyArray<string> } = {}
): Middleware<Exclude<R, Provided>> =>
  // Exclude is not resolved for a free R, though `wrap` adds Provided itself.
  ({ name, wrap, ...options }) as unknown as Middleware<Exclude<R, Provided>>

/** What is wrong with the order of a site's middleware, and the remedy; undefined where nothing is. */
export const misordered = (middleware: ReadonlyArray<Middleware<never>>): string | undefined => {
  const names = middleware.map(({ name }) => name)
  for (const [at, { inside = [], name }] of middleware.entries()) {
    for (const outer of inside) {
      const found = names.indexOf(outer)
      if (found >= 0 && found < at) continue
      return (
        `Middleware: "${name}" must be inside "${outer}", ` +
        (found < 0
          ? `which the site does not have. Add "${outer}" before "${name}".`
          : `which comes after it. Move "${outer}" before "${name}".`)
      )
    }
  }
  return undefined
}

/** The answer with its response changed: at once where it is there at once, so that no fiber is made. */
export const mapResponse = <R>(
  answer: Answer<R>,
  f: (response: HttpResponse) => HttpResponse
): Answer<R> => (answer instanceof HttpResponse ? f(answer) : new Layered(answer, f, undefined))

/** The answer's response handed on to `f`, which may answer at once or not. */
export const flatMapResponse = <R, R2>(
  answer: Answer<R>,
  f: (response: HttpResponse) => Answer<R2>
): Answer<R | R2> =>
  answer instanceof HttpResponse ? f(answer) : new Layered<R | R2>(answer, f, undefined)

/** The answer as an effect. */
export const toEffect = <R>(answer: Answer<R>): Effect.Effect<HttpResponse, Failure, R> =>
  answer instanceof HttpResponse ? Effect.succeed(answer) : answer

/** `middleware` around `handler`, the first outermost. */
export const compose = <R, R2>(
  middleware: ReadonlyArray<Middleware<R>>,
  handler: Handler<R2>
): Handler<R | R2 | Provided> =>
  middleware.reduceRight<Handler<R | R2 | Provided>>((next, { wrap }) => wrap(next), handler)
