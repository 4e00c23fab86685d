/**
 * The session of the visitor whose request is being answered, for views: typed values by key. Made
 * of the request alone; the session middleware brings the store, loads a session when it is first
 * asked for and stores what changed once the view has answered. A request that does not touch its
 * session costs nothing.
 *
 * ```ts
 * const cart = Sessions.key("cart", Schema.Array(Schema.Number))
 * // in a view
 * yield* Sessions.update(cart, (ids = []) => [...ids, id])
 * ```
 *
 * Changes are merged key by key: two requests of one visitor lose nothing that only one of them
 * wrote. A value is written with `set`; changing an object that `get` gave changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Session from "../domain/Session.ts"
import * as HttpRequest from "./HttpRequest.ts"
import type { Unavailable } from "./PortError.ts"
import type * as SessionStore from "./SessionStore.ts"

/** A typed value of sessions: its name and how it becomes JSON. */
export interface Key<A> {
  readonly name: string
  /** Undefined for what an older version of the site, or nobody, wrote. */
  readonly decode: (json: unknown) => A | undefined
  readonly encode: (value: A) => Session.Json
}

/** A key. Made once, beside the views that use it; two of one name are the same value. */
export const key = <A, I extends Session.Json>(
  name: string,
  schema: Schema.Schema<A, I>
): Key<A> => {
  const decode = Schema.decodeUnknownOption(schema)
  return {
    name,
    decode: (json) => Option.getOrUndefined(decode(json)),
    encode: Schema.encodeSync(schema)
  }
}

/**
 * The value of `key`: undefined where there is none, or where what is stored does not fit the key's
 * schema any more.
 */
export const get = <A>(
  key: Key<A>
): Effect.Effect<A | undefined, Unavailable, HttpRequest.HttpRequest> =>
  Effect.map(opened, (visit) => read(visit, key))

/** Stores `value` under `key`, in place of any value that is there. */
export const set = <A>(
  key: Key<A>,
  value: A
): Effect.Effect<void, Unavailable, HttpRequest.HttpRequest> =>
  Effect.map(opened, (visit) => write(visit, key, value))

/** Stores what `f` makes of the value of `key`, and succeeds with it. */
export const update = <A>(
  key: Key<A>,
  f: (value: A | undefined) => A
): Effect.Effect<A, Unavailable, HttpRequest.HttpRequest> =>
  Effect.map(opened, (visit) => {
    const value = f(read(visit, key))
    write(visit, key, value)
    return value
  })

/** Forgets the value of `key`, and succeeds with it: for what is shown once. */
export const remove = <A>(
  key: Key<A>
): Effect.Effect<A | undefined, Unavailable, HttpRequest.HttpRequest> =>
  Effect.map(opened, (visit) => {
    const value = read(visit, key)
    if (Object.hasOwn(visit.data, key.name)) change(visit, Session.remove(visit.changes, key.name))
    return value
  })

/** Forgets every value. The session stays; one without values is not kept. */
export const clear: Effect.Effect<void, Unavailable, HttpRequest.HttpRequest> = Effect.suspend(() =>
  Effect.map(opened, (visit) => {
    for (const name of Object.keys(visit.data)) change(visit, Session.remove(visit.changes, name))
  })
)

/**
 * Gives the session a new key and keeps its values: due whenever it changes who the visitor is, so
 * that a key planted beforehand opens nothing.
 */
export const rotate: Effect.Effect<void, Unavailable, HttpRequest.HttpRequest> = Effect.suspend(
  () =>
    Effect.map(opened, (visit) => {
      visit.rotated = true
    })
)

/**
 * Ends the session: its key opens nothing from here on, its values are gone, the cookie is removed.
 * What is set afterwards begins a new session.
 */
export const flush: Effect.Effect<void, Unavailable, HttpRequest.HttpRequest> = Effect.suspend(() =>
  Effect.map(opened, (visit) => {
    visit.ended = visit.stored ?? visit.ended
    visit.stored = undefined
    visit.data = {}
    visit.changes = Session.noChanges
    visit.rotated = false
  })
)

// ---------------------------------------------------------------------------------------------
// Between views and the middleware

/** What one request did to its session so far. Made by the middleware, for each request. */
export interface Visit {
  /** Brings the session that a key opens. */
  readonly load: SessionStore.Service["load"]
  /** Name of the cookie that holds the key. */
  readonly cookie: string
  /** The answer depends on the session. */
  opened: boolean
  /** The session as it is stored; undefined where there is none. */
  stored: Session.Session | undefined
  /** The values as this request sees them: `stored` with `changes`. */
  data: Session.Data
  changes: Session.Changes
  /** A new key is due. */
  rotated: boolean
  /** A stored session to be revoked. */
  ended: Session.Session | undefined
}

/** Set by the middleware, once for each request. */
export const current: HttpRequest.Local<Visit> = HttpRequest.local("session")

/** A visit that has not touched its session. */
export const visit = (load: SessionStore.Service["load"], cookie: string): Visit => ({
  load,
  cookie,
  opened: false,
  stored: undefined,
  data: {},
  changes: Session.noChanges,
  rotated: false,
  ended: undefined
})

const open = Effect.fnUntraced(function* (visit: Visit, key: string) {
  const stored = yield* visit.load(Redacted.make(key))
  // Another fiber of this request may have been faster, and may have changed it already.
  if (visit.opened) return visit
  visit.opened = true
  // An unknown key is never adopted: a visitor's own choice of key could be known to others.
  if (Option.isSome(stored)) {
    visit.stored = stored.value
    visit.data = stored.value.data
  }
  return visit
})

const missing = Effect.dieMessage(
  "Sessions: no session middleware is around this view. Add it to the site, outside of whatever uses the session."
)

const opened: Effect.Effect<Visit, Unavailable, HttpRequest.HttpRequest> = Effect.flatMap(
  HttpRequest.HttpRequest,
  (request) => {
    const visit = current.get(request)
    if (visit === undefined) return missing
    if (visit.opened) return Exit.succeed(visit)
    const key = request.cookies[visit.cookie]
    if (key !== undefined && key !== "") return open(visit, key)
    visit.opened = true
    return Exit.succeed(visit)
  }
)

const read = <A>(visit: Visit, key: Key<A>): A | undefined =>
  Object.hasOwn(visit.data, key.name) ? key.decode(visit.data[key.name]) : undefined

const write = <A>(visit: Visit, key: Key<A>, value: A): void =>
  change(visit, Session.set(visit.changes, key.name, key.encode(value)))

const change = (visit: Visit, changes: Session.Changes): void => {
  visit.changes = changes
  visit.data = Session.apply(visit.stored?.data ?? {}, changes)
}
