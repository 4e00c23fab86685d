/** A small site around views and middleware, with a client: for tests of either. */
import { Effect } from "effect"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"
import * as TestClient from "../../src/bootstrap/TestClient.ts"
import { type Html, html } from "../../src/domain/Html.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as HttpRequest from "../../src/ports/HttpRequest.ts"
import * as HttpServer from "../../src/ports/HttpServer.ts"
import type * as Middleware from "../../src/ports/Middleware.ts"
import type * as View from "../../src/ports/View.ts"

export const siteOf = <R = never, R2 = never>(parts: {
  readonly views: ReadonlyArray<View.Endpoint<R>>
  readonly middleware?: ReadonlyArray<Middleware.Middleware<R2>>
  readonly options?: HttpServer.Options
}) =>
  HttpServer.site({
    entries: HttpServer.mount(parts.views),
    middleware: parts.middleware ?? [],
    allowedHosts: ["*"],
    ...parts.options
  }).pipe(Effect.provide(RadixRouter.layer), Effect.orDie)

export const clientOf = <R = never, R2 = never>(
  parts: Parameters<typeof siteOf<R, R2>>[0],
  options?: TestClient.Options
) => Effect.flatMap(siteOf(parts), (site) => TestClient.make(site, options))

/** A page that shows these values of the template context, as an engine would. */
export const page = (request: HttpRequest.Service, ...names: ReadonlyArray<string>) => {
  const context = HttpRequest.templateContext(request)
  return HttpResponse.html(html`${names.map((name): Html => html`${context[name]}`)}`)
}
