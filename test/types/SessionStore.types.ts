/** What the types of sessions promise. Checked by tsc, not run. */
import type { Effect, Layer, Redacted } from "effect"
import type * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import type * as DatabaseSessions from "../../src/adapters/auth/DatabaseSessions.ts"
import type * as Session from "../../src/domain/Session.ts"
import type { Database } from "../../src/ports/Database.ts"
import type { Unavailable, Unsupported } from "../../src/ports/PortError.ts"
import type * as SessionStore from "../../src/ports/SessionStore.ts"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const yes = <_Proof extends true>() => {}

declare const store: SessionStore.Service
declare const session: Session.Session

// A key is redacted: text of a visitor has to be wrapped, and is never printed by mistake.
yes<Same<Session.Key, Redacted.Redacted<string>>>()
// @ts-expect-error text is no key
export const plain = store.load("key")

// Every operation says what can happen, and nothing else.
yes<Same<Effect.Effect.Error<ReturnType<typeof store.load>>, Unavailable>>()
yes<Same<Effect.Effect.Error<ReturnType<typeof store.revoke>>, Unsupported | Unavailable>>()
yes<
  Same<
    Effect.Effect.Error<ReturnType<typeof store.save>>,
    | SessionStore.SessionTooLarge
    | SessionStore.SessionNotJson
    | SessionStore.SessionEnded
    | Unavailable
  >
>()

export const json = store.create({ a: [1, { b: null }], c: "text" }, 0)
// @ts-expect-error a date is not JSON
export const date = store.create({ a: new Date() }, 0)
// @ts-expect-error undefined is not JSON
export const nothing = store.save(session, { set: { a: undefined }, remove: [] })
// @ts-expect-error what is loaded is read only
session.data["a"] = 1

// Sessions in the database need a database, those in cookies need a secret and nothing more.
yes<Same<Layer.Layer.Context<typeof DatabaseSessions.layer>, Database>>()
yes<Same<ReturnType<typeof CookieSessions.layer>, Layer.Layer<SessionStore.SessionStore>>>()
type CookieOptions = Parameters<typeof CookieSessions.layer>[0]
// @ts-expect-error a secret is redacted
export const bare: CookieOptions = { secret: "0123456789abcdef0123456789abcdef" }
