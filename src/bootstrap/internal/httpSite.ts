/** A site as servers take it: its views with the default middleware around its own. */
import * as Effect from "effect/Effect"
import * as HttpServer from "../../ports/HttpServer.ts"
import type * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Settings from "../Settings.ts"
import { middleware } from "./middleware.ts"
import type { Settled } from "./start.ts"

export const httpSite = <R>(
  site: App.Site<R>,
  settled: Settled
): Effect.Effect<HttpServer.Site, Adapters.Failure, R | Adapters.Ports> => {
  const { allowedHosts, environment, proxies } = settled.values
  const { errorPage, gracePeriod, limits, requestTimeout } = site.http
  const served = HttpServer.site({
    entries: site.entries,
    middleware: [...middleware(site, settled), ...site.middleware],
    allowedHosts,
    proxies,
    development: environment === "development",
    ...(errorPage === undefined ? {} : { errorPage }),
    ...(gracePeriod === undefined ? {} : { gracePeriod }),
    ...(limits === undefined ? {} : { limits }),
    ...(requestTimeout === undefined ? {} : { requestTimeout })
  })
  // The runtime that views run in is captured here: they find the site's settings in it.
  return Effect.withConfigProvider(served, Settings.provider(site.settings, settled.sources))
}
