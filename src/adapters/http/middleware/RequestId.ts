/**
 * A name for each request, so that an answer, its log lines and a visitor's complaint find each
 * other: sent as `x-request-id` and added to everything that is logged for the request.
 */
import * as Effect from "effect/Effect"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"

export interface Options {
  /** Takes over the id that a proxy has given. For sites behind one alone. False if absent. */
  readonly trustHeader?: boolean
}

/** The id of the request that is being answered; undefined without the middleware. */
export const current: HttpRequest.Local<string> = HttpRequest.local("request id")

// What proxies make: UUIDs, ULIDs, trace ids. Nothing else reaches a log.
const idShape = /^[A-Za-z0-9_-]{8,64}$/

export const make = ({ trustHeader = false }: Options = {}): Middleware.Middleware =>
  Middleware.make("requestId", (next) => (request) => {
    const given = trustHeader ? request.header("x-request-id") : undefined
    const id = given !== undefined && idShape.test(given) ? given : globalThis.crypto.randomUUID()
    current.set(request, id)
    const answer = next(request)
    return Middleware.mapResponse(
      answer instanceof HttpResponse.HttpResponse
        ? answer
        : Effect.annotateLogs(answer, "request", id),
      (response) => HttpResponse.withHeader(response, "x-request-id", id)
    )
  })
