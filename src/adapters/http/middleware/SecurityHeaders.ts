/**
 * What keeps browsers from being used against a site's visitors: content sniffing, framing, leaking
 * addresses, foreign scripts, plain http. A header that the view has set stays as it is.
 */
import * as Html from "../../../domain/Html.ts"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as ContentPolicy from "../../../ports/ContentPolicy.ts"
import * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"

/** A default that is switched off by `false`. */
export interface Options {
  /** `nosniff`: browsers believe the content type. */
  readonly contentTypeOptions?: boolean
  /** Who may frame pages: nobody if absent. */
  readonly frameOptions?: "DENY" | "SAMEORIGIN" | false
  /** `same-origin` if absent: other sites do not learn where a visitor came from. */
  readonly referrerPolicy?: string | ReadonlyArray<string> | false
  /** `same-origin` if absent: pages of other sites hold no handle on a window of this one. */
  readonly openerPolicy?: "same-origin" | "same-origin-allow-popups" | "unsafe-none" | false
  /** The policy of pages; `ContentPolicy.strict` if absent. */
  readonly contentPolicy?: ContentPolicy.Policy | false
  /** A policy that is reported on and not enforced. None if absent. */
  readonly reportOnlyPolicy?: ContentPolicy.Policy
  /**
   * Browsers use https alone for this long. Off if absent, since it cannot be taken back; sent over
   * https alone (RFC 6797, 7.2).
   */
  readonly strictTransport?: {
    /** Seconds. */
    readonly maxAge: number
    readonly includeSubDomains?: boolean
    readonly preload?: boolean
  }
  /** Sends plain http to https. Off if absent. */
  readonly redirectToHttps?: {
    /** Absent: the host that was asked for. */
    readonly host?: string
    /** Paths that may be had over http, such as a health check. */
    readonly exempt?: ReadonlyArray<RegExp>
  }
}

const list = (value: string | ReadonlyArray<string>): string =>
  (typeof value === "string" ? value.split(",") : value).map((item) => item.trim()).join(",")

const transport = ({
  includeSubDomains = false,
  maxAge,
  preload = false
}: NonNullable<Options["strictTransport"]>): string =>
  `max-age=${maxAge}${includeSubDomains ? "; includeSubDomains" : ""}${preload ? "; preload" : ""}`

/**
 * Adds fixed headers to responses. Most responses have no header but a content type, so for those
 * the whole array is made once for each type and shared by all responses that have it.
 */
const adder = (
  fixed: HttpResponse.Headers
): ((response: HttpResponse.HttpResponse) => HttpResponse.HttpResponse) => {
  const byType = new Map<string, HttpResponse.Headers>()
  // A site has few content types; a view that makes them up must not fill the memory.
  const most = 64
  return (response) => {
    const { body, headers, status } = response
    if (headers.length === 0) return new HttpResponse.HttpResponse(status, fixed, body)
    if (headers.length !== 2 || headers[0] !== "content-type") {
      return HttpResponse.withDefaults(response, fixed)
    }
    const known = byType.get(headers[1]!)
    if (known !== undefined) return new HttpResponse.HttpResponse(status, known, body)
    const merged = HttpResponse.withDefaults(response, fixed)
    if (byType.size < most) byType.set(headers[1]!, merged.headers)
    return merged
  }
}

export const make = (options: Options = {}): Middleware.Middleware => {
  const {
    contentPolicy = ContentPolicy.strict,
    contentTypeOptions = true,
    frameOptions = "DENY",
    openerPolicy = "same-origin",
    redirectToHttps,
    referrerPolicy = "same-origin",
    reportOnlyPolicy,
    strictTransport
  } = options

  const policies = (
    enforced: ContentPolicy.Policy | false | undefined,
    nonce: string | undefined
  ): Record<string, string> => ({
    ...header("content-security-policy", enforced && ContentPolicy.render(enforced, nonce)),
    ...header(
      "content-security-policy-report-only",
      reportOnlyPolicy && ContentPolicy.render(reportOnlyPolicy, nonce)
    )
  })

  const plain = {
    ...header("x-frame-options", frameOptions),
    ...header("x-content-type-options", contentTypeOptions && "nosniff"),
    ...header("referrer-policy", referrerPolicy && list(referrerPolicy)),
    ...header("cross-origin-opener-policy", openerPolicy)
  }
  const secure = {
    ...plain,
    ...header("strict-transport-security", strictTransport && transport(strictTransport))
  }
  const withPolicies = policies(contentPolicy, undefined)
  const add = {
    http: adder(HttpResponse.defaults({ ...plain, ...withPolicies })),
    https: adder(HttpResponse.defaults({ ...secure, ...withPolicies }))
  }
  const bare = { http: HttpResponse.defaults(plain), https: HttpResponse.defaults(secure) }
  const givesNonce = contentPolicy !== false || reportOnlyPolicy !== undefined

  const finish = (request: HttpRequest.Service, response: HttpResponse.HttpResponse) => {
    const nonce = ContentPolicy.used.get(request)
    const chosen = ContentPolicy.chosen.get(request)
    if (nonce === undefined && chosen === undefined) return add[request.scheme](response)
    const enforced = chosen === undefined ? contentPolicy : chosen.policy
    return HttpResponse.withDefaults(
      response,
      bare[request.scheme].concat(HttpResponse.defaults(policies(enforced, nonce)))
    )
  }

  return Middleware.make("securityHeaders", (next) => (request) => {
    if (
      redirectToHttps !== undefined &&
      request.scheme === "http" &&
      !redirectToHttps.exempt?.some((exempt) => exempt.test(request.path))
    ) {
      const response = HttpResponse.redirect(
        `https://${redirectToHttps.host ?? request.host}${request.url}`,
        { permanent: true, preserveMethod: request.method !== "GET" && request.method !== "HEAD" }
      )
      return finish(request, response)
    }
    if (givesNonce) HttpRequest.provideToTemplates(request, "csp_nonce", nonceValue)
    return Middleware.mapResponse(next(request), (response) => finish(request, response))
  })
}

const header = (
  name: string,
  value: string | false | undefined
): Readonly<Record<string, string>> =>
  value === undefined || value === false ? {} : { [name]: value }

const nonceValue: HttpRequest.TemplateValue = (request) =>
  // Letters, digits, "-" and "_": nothing to escape.
  Html.trustedLazily(() => ContentPolicy.nonceOf(request))
