/**
 * The Content-Security-Policy of the page that answers this request, for views: a nonce for a script
 * written into the page, and a policy in place of the site's. Pages get the nonce as `csp_nonce`.
 *
 * ```html
 * <script nonce="{{ csp_nonce }}">…</script>
 * ```
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as HttpRequest from "./HttpRequest.ts"
import type * as View from "./View.ts"

/** Stands for `'nonce-…'` in a source list; left out while no page asks for a nonce. */
export const nonceSource = "<nonce>"

/**
 * Sources by directive: `{ "script-src": ["'self'", nonceSource] }`. `true` is a directive without
 * sources; false, null and undefined leave one out.
 */
export type Policy = Readonly<
  Record<string, ReadonlyArray<string> | string | boolean | null | undefined>
>

/**
 * Self for everything, no plug-ins, no framing, no foreign base or form target. Inline scripts and
 * styles need a nonce; images may be data addresses, as icons in style sheets are.
 */
export const strict: Policy = {
  "default-src": ["'self'"],
  "script-src": ["'self'", nonceSource],
  "style-src": ["'self'", nonceSource],
  "img-src": ["'self'", "data:"],
  "object-src": ["'none'"],
  "base-uri": ["'self'"],
  "form-action": ["'self'"],
  "frame-ancestors": ["'none'"]
}

/** The header's value. Undefined where nothing is left to say. */
export const render = (policy: Policy, nonce: string | undefined): string | undefined => {
  const directives: Array<string> = []
  for (const [name, sources] of Object.entries(policy)) {
    if (sources === true) directives.push(name)
    else if (typeof sources === "string") directives.push(`${name} ${sources}`)
    else if (typeof sources === "object" && sources !== null) {
      const values = sources
        .map((source) =>
          source !== nonceSource ? source : nonce === undefined ? "" : `'nonce-${nonce}'`
        )
        .filter((source) => source !== "")
      if (values.length > 0) directives.push(`${name} ${values.join(" ")}`)
    }
  }
  return directives.length === 0 ? undefined : directives.join("; ")
}

/** The nonce of this answer: the same on each call. From here on the policy allows it. */
export const nonce: Effect.Effect<string, never, HttpRequest.HttpRequest> = Effect.map(
  HttpRequest.HttpRequest,
  (request) => nonceOf(request)
)

/** `endpoint` with this policy in place of the site's; `undefined` for none. */
export const override = <R>(
  endpoint: View.Endpoint<R>,
  policy: Policy | undefined
): View.Endpoint<R> => {
  const own = { policy }
  return {
    ...endpoint,
    handler: (request) => {
      chosen.set(request, own)
      return endpoint.handler(request)
    }
  }
}

// ---------------------------------------------------------------------------------------------
// Between views and the middleware

/** The nonce that this answer's page holds. */
export const used: HttpRequest.Local<string> = HttpRequest.local("csp nonce")

/** The policy that the view chose. */
export const chosen: HttpRequest.Local<{ readonly policy: Policy | undefined }> =
  HttpRequest.local("csp policy")

export const nonceOf = (request: HttpRequest.Service): string => {
  const present = used.get(request)
  if (present !== undefined) return present
  // 128 bits in base64url: CSP Level 3, 2.3.1 asks for no less.
  const made = Encoding.encodeBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(16)))
  used.set(request, made)
  return made
}
