/**
 * One line in the log for each request: `GET /polls/ 200 3.1 ms`. For development; in production the
 * proxy or a tracer knows more. Failures are logged by the server itself.
 */
import * as Effect from "effect/Effect"
import type { HttpResponse } from "../../../domain/HttpResponse.ts"
import type * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"

export const make = (): Middleware.Middleware =>
  Middleware.make("accessLog", (next) => (request) => {
    const start = performance.now()
    return Effect.tap(Middleware.toEffect(next(request)), (response) =>
      Effect.logInfo(line(request, response, performance.now() - start))
    )
  })

/** The line, with the time in milliseconds. The query may hold what no log should. */
const line = (request: HttpRequest.Service, { status }: HttpResponse, time: number): string =>
  `${request.method} ${request.path} ${status} ${time.toFixed(1)} ms`
