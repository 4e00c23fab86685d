/**
 * Refuses requests that another site made a visitor's browser send (cross-site request forgery).
 * Every request but GET, HEAD, OPTIONS and TRACE proves where it comes from: by what the browser
 * says of its origin, and by a token that only pages of this site hold, in the form field
 * `csrfmiddlewaretoken` or the header `X-CSRFToken`. Requests that no form can send (JSON, PUT,
 * DELETE …) need no token where the browser vouches for their origin, or where they carry no cookie.
 *
 * A view opts out with `{ csrfExempt: true }`. Pages get `csrf_input` and `csrf_token`; one that
 * shows neither costs no token, no cookie and no `Vary`.
 */
import * as Effect from "effect/Effect"
import * as Csrf from "../../../domain/Csrf.ts"
import * as Html from "../../../domain/Html.ts"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as CsrfToken from "../../../ports/CsrfToken.ts"
import * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"
import * as View from "../../../ports/View.ts"

export interface Options {
  /**
   * Other origins whose pages may send forms here: "https://example.com", "https://*.example.com".
   * None if absent.
   */
  readonly trustedOrigins?: ReadonlyArray<string>
  /** The page of a refusal says why. False if absent. */
  readonly development?: boolean
}

/** Name of the form's field. */
export const fieldName = "csrfmiddlewaretoken"

/** Name of the header, as requests carry it. */
export const headerName = "x-csrftoken"

// 364 days in seconds: Django's CSRF_COOKIE_AGE.
const cookieAge = 31_449_600

export const make = (options: Options = {}): Middleware.Middleware => {
  const trusted = Csrf.trust(options.trustedOrigins ?? [])

  const refuse = (
    request: HttpRequest.Service,
    { reason }: Csrf.Refusal
  ): Effect.Effect<never, View.HttpFailure> =>
    Effect.zipRight(
      Effect.logWarning(`Csrf: ${request.method} ${request.path} was refused. ${reason}`),
      View.forbidden(options.development === true ? `${reason} ${hint}` : advice)
    )

  return Middleware.make("csrf", (next) => (request) => {
    const visitor: CsrfToken.Visitor = { secret: undefined, sent: false }
    CsrfToken.current.set(request, visitor)
    HttpRequest.provideToTemplates(request, "csrf_token", tokenValue)
    HttpRequest.provideToTemplates(request, "csrf_input", inputValue)

    const answer = () =>
      Middleware.mapResponse(next(request), (response) => finish(request, visitor, response))

    if (
      Csrf.isSafe(request.method) ||
      request.options.csrfExempt === true ||
      // Nothing is changed where no view answers, and a 404 or 405 says more than a 403.
      request.match.route === undefined
    ) {
      return answer()
    }

    const origin = request.header("origin")
    const fetchSite = request.header("sec-fetch-site")
    const foreign = Csrf.checkProvenance(
      {
        scheme: request.scheme,
        host: request.host,
        origin,
        referer: request.header("referer"),
        fetchSite
      },
      trusted
    )
    if (foreign !== undefined) return refuse(request, foreign)

    const mediaType = HttpRequest.mediaType(request)
    const hasCookies = request.header("cookie") !== undefined
    if (Csrf.needsNoToken({ method: request.method, mediaType, origin, fetchSite, hasCookies })) {
      return answer()
    }

    const cookie = request.cookies[CsrfToken.cookieName]
    const header = request.header(headerName)
    const check = (field: string | undefined) => Csrf.checkToken({ cookie, field, header })
    // A good header is proof enough, and leaves a large upload unread until the view asks for it.
    const refusal = check(undefined)
    if (refusal === undefined) return answer()
    if (cookie === undefined || !isForm(mediaType)) return refuse(request, refusal)
    return Effect.flatMap(request.form, ({ fields }) => {
      const refusal = check(fields.get(fieldName) ?? undefined)
      return refusal === undefined ? Middleware.toEffect(answer()) : refuse(request, refusal)
    })
  })
}

const advice =
  "This form could not be verified. Go back, reload the page and send it again; cookies must be allowed."

const hint =
  `Show {{ csrf_input }} within the form, send the token as X-CSRFToken, or list the other site in App.make({ http: { csrf: { trustedOrigins } } }). ` +
  `A view for clients that are not browsers takes { csrfExempt: true }.`

const isForm = (mediaType: string): boolean =>
  mediaType === "application/x-www-form-urlencoded" || mediaType === "multipart/form-data"

const tokenValue: HttpRequest.TemplateValue = (request) =>
  Html.trustedLazily(() => CsrfToken.tokenOf(request))

const inputValue: HttpRequest.TemplateValue = (request) =>
  Html.trustedLazily(
    // Letters and digits alone: nothing to escape.
    () => `<input type="hidden" name="${fieldName}" value="${CsrfToken.tokenOf(request)}">`
  )

const finish = (
  request: HttpRequest.Service,
  { secret, sent }: CsrfToken.Visitor,
  response: HttpResponse.HttpResponse
): HttpResponse.HttpResponse =>
  sent && secret !== undefined
    ? HttpResponse.withVary(
        HttpResponse.withCookie(response, CsrfToken.cookieName, secret, {
          maxAge: cookieAge,
          sameSite: "lax",
          secure: request.scheme === "https"
        }),
        "Cookie"
      )
    : response
