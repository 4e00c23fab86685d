/**
 * The token that proves to this site that its own page sent a form, for views: pages get it as
 * `csrf_input` (the hidden field) and `csrf_token` (its value) without asking here. The middleware
 * makes it when a page first shows it, and checks it.
 */
import * as Effect from "effect/Effect"
import * as Csrf from "../domain/Csrf.ts"
import * as HttpRequest from "./HttpRequest.ts"

/** A token for this visitor: for a script that sends it as `X-CSRFToken`. Fresh on each call. */
export const token: Effect.Effect<string, never, HttpRequest.HttpRequest> = Effect.map(
  HttpRequest.HttpRequest,
  (request) => tokenOf(request)
)

/**
 * Gives the visitor a new secret, so that tokens handed out before are void: due whenever a session
 * changes who the visitor is.
 */
export const rotate: Effect.Effect<void, never, HttpRequest.HttpRequest> = Effect.map(
  HttpRequest.HttpRequest,
  (request) => {
    const visitor = current.get(request) ?? missing()
    visitor.secret = Csrf.makeSecret(random)
    visitor.sent = true
  }
)

// ---------------------------------------------------------------------------------------------
// Between views and the middleware

/** The secret of one request's visitor. */
export interface Visitor {
  /** Undefined until one is needed. */
  secret: string | undefined
  /** The cookie is due with the answer. */
  sent: boolean
}

/** Set by the middleware, once for each request. */
export const current: HttpRequest.Local<Visitor> = HttpRequest.local("csrf")

/** Name of the cookie that holds the secret. */
export const cookieName = "csrftoken"

/** A fresh token; from here on the answer renews the cookie. */
export const tokenOf = (request: HttpRequest.Service): string => {
  const visitor = current.get(request) ?? missing()
  if (visitor.secret === undefined) {
    const cookie = request.cookies[cookieName]
    visitor.secret =
      (cookie === undefined ? undefined : Csrf.readSecret(cookie)) ?? Csrf.makeSecret(random)
  }
  visitor.sent = true
  return Csrf.makeToken(visitor.secret, Csrf.makeSecret(random))
}

/** Web Crypto, since ports know no runtime. */
const random: Csrf.Random = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length))

const missing = (): never => {
  throw new Error(
    "CsrfToken: no CSRF middleware is around this view. Add it to the site, outside of whatever shows a token."
  )
}
