/**
 * Brings sessions to views (`portico/ports/Sessions`): finds the session by its cookie when a view
 * first asks for it, and stores what the request changed before the answer leaves. A request that
 * does not touch its session meets neither the store nor a cookie.
 *
 * What a failed request (status 500 and above) changed is not stored.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as Session from "../../../domain/Session.ts"
import type * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"
import * as Sessions from "../../../ports/Sessions.ts"
import * as SessionStore from "../../../ports/SessionStore.ts"
import type * as View from "../../../ports/View.ts"

export interface Options {
  /** Name of the cookie. `sessionid` if absent. */
  readonly cookie?: string
  /** Seconds that a session lives after it was last changed. Two weeks if absent. */
  readonly maxAge?: number
  /** The cookie goes when the browser is closed; on the server the session still lives for `maxAge`. */
  readonly untilBrowserCloses?: boolean
}

// Django's SESSION_COOKIE_AGE: two weeks in seconds.
const twoWeeks = 1_209_600

export const make = (options: Options = {}): Middleware.Middleware<SessionStore.SessionStore> => {
  const { cookie = "sessionid", maxAge = twoWeeks, untilBrowserCloses = false } = options

  const withKey = (
    response: HttpResponse.HttpResponse,
    request: HttpRequest.Service,
    { key }: Session.Session
  ) =>
    HttpResponse.withCookie(response, cookie, Redacted.value(key), {
      ...(untilBrowserCloses ? {} : { maxAge }),
      httpOnly: true,
      sameSite: "lax",
      secure: request.scheme === "https"
    })

  const withoutKey = (response: HttpResponse.HttpResponse, request: HttpRequest.Service) =>
    request.cookies[cookie] === undefined
      ? response
      : HttpResponse.withoutCookie(response, cookie, { secure: request.scheme === "https" })

  const revoke = (store: SessionStore.Service, { key }: Session.Session) =>
    // A store that cannot revoke keeps nothing either: there the removed cookie is all there was.
    store.capabilities.revokes ? store.revoke(key) : Effect.void

  const close = Effect.fnUntraced(function* (
    request: HttpRequest.Service,
    visit: Sessions.Visit,
    answer: HttpResponse.HttpResponse
  ) {
    const response = HttpResponse.withVary(answer, "Cookie")
    const { changes, ended, stored } = visit
    const isChanged = !Session.isUnchanged(changes)
    if (response.status >= 500) return response
    if (!isChanged && !visit.rotated && ended === undefined) {
      return stored === undefined ? withoutKey(response, request) : response
    }
    const store = yield* SessionStore.SessionStore
    if (ended !== undefined) yield* revoke(store, ended)
    const expiresAt = (yield* Clock.currentTimeMillis) + maxAge * 1000
    if (stored === undefined) {
      return isEmpty(visit.data)
        ? withoutKey(response, request)
        : withKey(response, request, yield* store.create(visit.data, expiresAt))
    }
    const dated = Session.expireAt(changes, expiresAt)
    const saved = yield* visit.rotated ? store.rotate(stored, dated) : store.save(stored, dated)
    // As it is stored now: another request may have put in what this one knows nothing of.
    if (!isEmpty(saved.data)) return withKey(response, request, saved)
    yield* revoke(store, saved)
    return withoutKey(response, request)
  })

  return Middleware.make<SessionStore.SessionStore>("sessions", (next) => (request) => {
    const visit = Sessions.visit(load, cookie)
    Sessions.current.set(request, visit)
    const answer = next(request)
    // A view that answered at once ran no effect, and only effects touch sessions.
    if (answer instanceof HttpResponse.HttpResponse) return answer
    return Middleware.flatMapResponse(answer, (response): View.Answer<SessionStore.SessionStore> =>
      visit.opened ? close(request, visit, response) : response
    )
  })
}

const isEmpty = (data: Session.Data): boolean => Object.keys(data).length === 0

/**
 * Views ask for their session with the request alone. The store is in their context nevertheless:
 * this middleware demands it of the site, and without this middleware there is no `load`.
 */
// @effect-diagnostics-next-line missingEffectContext:off
const load = ((key) =>
  Effect.flatMap(SessionStore.SessionStore, (store) =>
    store.load(key)
  )) as SessionStore.Service["load"]
