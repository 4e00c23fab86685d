/** `portico clearsessions`: removes the sessions that are over; for a job once a day. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as SessionStore from "../../ports/SessionStore.ts"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { services, settle } from "../internal/start.ts"

export const clearsessions = (site: App.Any) =>
  define({
    name: "clearsessions",
    group: "Database",
    summary: "Remove the sessions that are over. For a job once a day.",
    parameters: {},
    run: () =>
      Effect.gen(function* () {
        const settled = yield* settle(site)
        const removed = yield* Effect.flatMap(
          SessionStore.SessionStore,
          (store) => store.removeExpired
        ).pipe(Effect.provide(services(site, settled)))
        yield* Console.log(removed === 1 ? "Removed 1 session." : `Removed ${removed} sessions.`)
      })
  })
