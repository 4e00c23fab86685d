/** What the compiler says about session keys and the needs of views that use them. */
import type { Effect } from "effect"
import { Schema } from "effect"
import type * as HttpRequest from "../../src/ports/HttpRequest.ts"
import type { Unavailable } from "../../src/ports/PortError.ts"
import * as Sessions from "../../src/ports/Sessions.ts"
import * as Middleware from "../../src/adapters/http/middleware/Sessions.ts"
import type { Middleware as Around } from "../../src/ports/Middleware.ts"
import type { SessionStore } from "../../src/ports/SessionStore.ts"

const cart = Sessions.key("cart", Schema.Array(Schema.Number))
const profile = Sessions.key(
  "profile",
  Schema.Struct({ since: Schema.Date, note: Schema.optionalWith(Schema.String, { exact: true }) })
)

// A view that uses its session needs the request and nothing else.
export const get: Effect.Effect<
  ReadonlyArray<number> | undefined,
  Unavailable,
  HttpRequest.HttpRequest
> = Sessions.get(cart)
export const update: Effect.Effect<
  ReadonlyArray<number>,
  Unavailable,
  HttpRequest.HttpRequest
> = Sessions.update(cart, (ids = []) => [...ids, 1])

// The store is the middleware's need, and so the site's.
export const around: Around<SessionStore> = Middleware.make()
// @ts-expect-error -- without a store the middleware cannot be mounted
export const without: Around = Middleware.make()

export const written = Sessions.set(profile, { since: new Date(0) })
// @ts-expect-error -- a list of numbers takes no text
export const text = Sessions.set(cart, ["1"])
// @ts-expect-error -- the value is the decoded one, not its JSON
export const json = Sessions.set(profile, { since: "1970-01-01" })
// @ts-expect-error -- sessions hold JSON: this schema's encoded side is a bigint
export const notJson = Sessions.key("big", Schema.BigIntFromSelf)
