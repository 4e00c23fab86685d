/**
 * Who made this browser send this request? Tokens in Django's format, and the rules on Origin,
 * Referer and Sec-Fetch-Site. Used by the CSRF middleware; pure, so that every rule is tried alone.
 *
 * A visitor holds a secret in a cookie. A page carries it as a token: a fresh mask, then the secret
 * shifted by that mask, so that no two pages hold the same text (a compressed page would otherwise
 * give the secret away letter by letter, as BREACH does).
 */
import { constantTimeEquals } from "./Signature.ts"

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/** Characters. */
export const secretLength = 32

/** Characters: a mask and a cipher. */
export const tokenLength = 2 * secretLength

/** Random bytes, from a source fit for secrets. */
export type Random = (length: number) => Uint8Array

/** A new secret; also a new mask. */
export const makeSecret = (random: Random): string => {
  let secret = ""
  while (secret.length < secretLength) {
    for (const byte of random(secretLength)) {
      // 248 = 4 × 62: bytes above it would make the first letters likelier.
      if (byte < 248 && secret.length < secretLength) secret += alphabet[byte % 62]!
    }
  }
  return secret
}

/** The token for `secret` under `mask`: mask, then the sum of both, letter by letter, modulo 62. */
export const makeToken = (secret: string, mask: string): string => {
  let cipher = ""
  for (let i = 0; i < secretLength; i++) {
    cipher += alphabet[(alphabet.indexOf(secret[i]!) + alphabet.indexOf(mask[i]!)) % 62]!
  }
  return mask + cipher
}

/** The secret within a token. */
const unmask = (token: string): string => {
  let secret = ""
  for (let i = 0; i < secretLength; i++) {
    const cipher = alphabet.indexOf(token[secretLength + i]!)
    secret += alphabet[(62 + cipher - alphabet.indexOf(token[i]!)) % 62]!
  }
  return secret
}

/** What is wrong with the form of a token; undefined where nothing is. */
const malformed = (text: string): string | undefined =>
  text.length !== secretLength && text.length !== tokenLength
    ? "has incorrect length"
    : /^[A-Za-z0-9]*$/.test(text)
      ? undefined
      : "has invalid characters"

/**
 * The secret in a cookie: the bare secret, or a token, as Django stored it before 4.1. Undefined
 * for anything else: then a new secret is due.
 */
export const readSecret = (cookie: string): string | undefined =>
  malformed(cookie) === undefined ? secretOf(cookie) : undefined

const secretOf = (text: string): string => (text.length === tokenLength ? unmask(text) : text)

/** Methods that change nothing and so need no proof (RFC 9110, 9.2.1). */
export const isSafe = (method: string): boolean =>
  method === "GET" || method === "HEAD" || method === "OPTIONS" || method === "TRACE"

/** Why a request was refused, in the words of Django's failure page. */
export interface Refusal {
  readonly _tag: "OriginRefused" | "RefererRefused" | "CrossSite" | "TokenRefused"
  /** A sentence for the developer and the log. It may quote the client: escape it. */
  readonly reason: string
}

const refusal = (_tag: Refusal["_tag"], reason: string): Refusal => ({ _tag, reason })

/** Other sites whose pages may send forms here; made once by `trust`. */
export interface Trusted {
  readonly exact: ReadonlySet<string>
  /** Of `https://*.example.com`: scheme, and the host with its leading dot. */
  readonly subdomains: ReadonlyArray<readonly [scheme: string, suffix: string]>
  /** Host and port of all of them, a leading dot for subdomains. */
  readonly hosts: ReadonlyArray<string>
}

/** Reads origins such as `https://example.com` and `https://*.example.com`. */
export const trust = (origins: ReadonlyArray<string>): Trusted => {
  const exact = new Set<string>()
  const subdomains: Array<readonly [string, string]> = []
  const hosts: Array<string> = []
  for (const origin of origins) {
    const found = /^(https?):\/\/(\*?)([^/*?#]+)$/.exec(origin)
    if (found === null || (found[2] === "*" && !found[3]!.startsWith("."))) {
      throw new Error(
        `Csrf.trust: ${JSON.stringify(origin)} is no origin. ` +
          `Write it with its scheme and without a path: "https://example.com" or "https://*.example.com".`
      )
    }
    // A match has what its groups have, which the type of a match does not say.
    const [, scheme, star, host] = found as unknown as readonly [string, string, string, string]
    if (star === "*") subdomains.push([scheme, host])
    else exact.add(origin)
    hosts.push(host)
  }
  return { exact, subdomains, hosts }
}

/** What a request says about where it comes from. */
export interface Provenance {
  readonly scheme: "http" | "https"
  /** With the port, where the address has one: "example.com:8000". */
  readonly host: string
  readonly origin: string | undefined
  readonly referer: string | undefined
  /** Of `Sec-Fetch-Site` (W3C Fetch Metadata): browsers write it and no script can. */
  readonly fetchSite: string | undefined
}

// Scheme and authority (RFC 3986, appendix B), unlike `URL` without repair of what is wrong.
const address = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/

/** Whether `host` is `pattern`, or below it where the pattern begins with a dot. */
const isSameDomain = (host: string, pattern: string): boolean => {
  const lower = pattern.toLowerCase()
  return lower.startsWith(".") ? host.endsWith(lower) || host === lower.slice(1) : host === lower
}

const isTrustedOrigin = (origin: string, from: Provenance, trusted: Trusted): boolean => {
  if (origin === `${from.scheme}://${from.host}` || trusted.exact.has(origin)) return true
  if (trusted.subdomains.length === 0) return false
  const found = address.exec(origin)
  return (
    found !== null &&
    trusted.subdomains.some(
      ([scheme, suffix]) => scheme === found[1] && isSameDomain(found[2]!, suffix)
    )
  )
}

/** The host without the port that https implies. */
const withoutDefaultPort = (host: string): string => host.replace(/:443$/, "")

const checkReferer = (from: Provenance, trusted: Trusted): Refusal | undefined => {
  const { referer } = from
  const refused = (reason: string) =>
    refusal("RefererRefused", `Referer checking failed - ${reason}`)
  if (referer === undefined) return refused("no Referer.")
  const found = address.exec(referer)
  if (found === null || found[2] === "" || /^[^[]*\]|\[[^\]]*$/.test(found[2]!)) {
    return refused("Referer is malformed.")
  }
  if (found[1] !== "https") return refused("Referer is insecure while host is secure.")
  const host = found[2]!
  return trusted.hosts.some((pattern) => isSameDomain(host, pattern)) ||
    isSameDomain(withoutDefaultPort(host), withoutDefaultPort(from.host))
    ? undefined
    : refused(`${referer} does not match any trusted origins.`)
}

/**
 * Refuses what another site sent. A browser that says "same-origin" is believed, since it is on the
 * visitor's side and no page can make it lie: so a proxy that hides https does no harm. Otherwise
 * an Origin must be this site or a trusted one, and over https its absence calls for a Referer.
 */
export const checkProvenance = (from: Provenance, trusted: Trusted): Refusal | undefined => {
  if (from.fetchSite === "same-origin") return undefined
  if (from.origin !== undefined) {
    return isTrustedOrigin(from.origin, from, trusted)
      ? undefined
      : refusal(
          "OriginRefused",
          `Origin checking failed - ${from.origin} does not match any trusted origins.`
        )
  }
  if (from.fetchSite === "cross-site" || from.fetchSite === "same-site") {
    return refusal("CrossSite", `Sec-Fetch-Site is ${from.fetchSite} and there is no Origin.`)
  }
  return from.scheme === "https" ? checkReferer(from, trusted) : undefined
}

/** Where a request may carry its token. */
export interface Tokens {
  readonly cookie: string | undefined
  /** The field `csrfmiddlewaretoken`; undefined where there is no form. */
  readonly field: string | undefined
  /** The header `X-CSRFToken`. */
  readonly header: string | undefined
}

/** Refuses a request whose token does not prove that a page of this site made it. */
export const checkToken = ({ cookie, field, header }: Tokens): Refusal | undefined => {
  const refused = (reason: string) => refusal("TokenRefused", reason)
  if (cookie === undefined || cookie === "") return refused("CSRF cookie not set.")
  const badCookie = malformed(cookie)
  if (badCookie !== undefined) return refused(`CSRF cookie ${badCookie}.`)
  const token = field === undefined || field === "" ? header : field
  if (token === undefined) return refused("CSRF token missing.")
  const source = token === field ? "POST" : "the 'X-Csrftoken' HTTP header"
  const bad = malformed(token)
  if (bad !== undefined) return refused(`CSRF token from ${source} ${bad}.`)
  return constantTimeEquals(secretOf(cookie), secretOf(token))
    ? undefined
    : refused(`CSRF token from ${source} incorrect.`)
}

// What an HTML form can send to any site, without asking that site first (Fetch, "CORS-safelisted").
const formTypes: ReadonlySet<string> = new Set([
  "",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "text/plain"
])

/**
 * Whether a request needs no token because no other site could have made it with this visitor's
 * cookies: its method or media type is one that browsers send to other sites only after asking
 * them, and either the browser vouches for the page or there is no cookie to ride on. Such are the
 * requests of scripts and of programs to a JSON API. Ask after `checkProvenance` has passed.
 */
export const needsNoToken = (request: {
  readonly method: string
  /** In lower case, without parameters; "" for none. */
  readonly mediaType: string
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly hasCookies: boolean
}): boolean =>
  (request.method !== "POST" || !formTypes.has(request.mediaType)) &&
  (request.fetchSite === "same-origin" || request.origin !== undefined || !request.hasCookies)
