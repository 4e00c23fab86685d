/**
 * The middleware of every site, in the order that a request meets it: headers first, so that they are
 * on every answer; files before sessions, so that they cost none.
 */
import * as AccessLog from "../../adapters/http/middleware/AccessLog.ts"
import * as Csrf from "../../adapters/http/middleware/Csrf.ts"
import * as SecurityHeaders from "../../adapters/http/middleware/SecurityHeaders.ts"
import * as Sessions from "../../adapters/http/middleware/Sessions.ts"
import * as StaticFiles from "../../adapters/http/middleware/StaticFiles.ts"
import type * as Middleware from "../../ports/Middleware.ts"
import type * as SessionStore from "../../ports/SessionStore.ts"
import type * as App from "../App.ts"
import { directories, type Settled } from "./start.ts"

export const middleware = (
  site: App.Any,
  { values }: Settled
): ReadonlyArray<Middleware.Middleware<SessionStore.SessionStore>> => {
  const development = values.environment === "development"
  const { csrf, headers, sessions } = site.http
  return [
    ...(development ? [AccessLog.make()] : []),
    SecurityHeaders.make(headers),
    StaticFiles.make({
      directories: directories(site, "static").map(({ path }) => path),
      development
    }),
    Sessions.make(sessions),
    Csrf.make({ ...csrf, development })
  ]
}
