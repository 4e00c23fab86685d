/** A site as servers take it: its views with the default middleware around its own. */
import type * as Effect from "effect/Effect"
import * as HttpServer from "../../ports/HttpServer.ts"
import type * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import { middleware } from "./middleware.ts"
import type { Settled } from "./start.ts"

export const httpSite = <R>(
  site: App.Site<R>,
  settled: Settled
): Effect.Effect<HttpServer.Site, Adapters.Failure, R | Adapters.Ports> => {
  const { allowedHosts, environment } = settled.values
  return HttpServer.site({
    entries: site.entries,
    middleware: [...middleware(site, settled), ...site.middleware],
    allowedHosts,
    development: environment === "development"
  })
}
