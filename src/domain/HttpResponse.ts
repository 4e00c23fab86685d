/**
 * What a view answers: status, headers and body as a value. Made by views, middleware and error
 * pages; written to the wire by the servers.
 *
 * What a client could turn against the site is refused here, whoever makes the response: header
 * values that hold a line break, cookies that browsers would misread, redirects to `javascript:`.
 */
import type * as Stream from "effect/Stream"
import type { Html } from "./Html.ts"

export type Body =
  /** No body at all. */
  | undefined
  /** Sent as UTF-8. */
  | string
  | Uint8Array
  | StreamBody
  | FileBody

export interface StreamBody {
  readonly _tag: "Stream"
  /** Errors and needs are dealt with before: a stream that dies cuts the connection. */
  readonly stream: Stream.Stream<Uint8Array>
  /** Bytes, where known beforehand. */
  readonly length?: number
}

export interface FileBody {
  readonly _tag: "File"
  /** Where the server finds it. Never built from a visitor's text without a check. */
  readonly path: string
  /** Bytes of the whole file. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  /** First byte to send; absent for 0. */
  readonly start?: number
  /** Bytes to send from `start`; absent for the rest. */
  readonly length?: number
}

/** Names and values in turn, `["content-type", "text/plain"]`: names in lower case, repeats allowed. */
export type Headers = ReadonlyArray<string>

/** A class for the sake of `instanceof` and of one shape for the engine; made by the functions below. */
export class HttpResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
  constructor(status: number, headers: Headers, body: Body) {
    this.status = status
    this.headers = headers
    this.body = body
  }
}

export const isHttpResponse = (u: unknown): u is HttpResponse => u instanceof HttpResponse

/** Every member is optional; `headers` are names and values by name. */
export interface Options {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

// Shared by every response of their kind: the servers read them and never write to them.
const noHeaders: Headers = []
const textHeaders: Headers = ["content-type", "text/plain; charset=utf-8"]
const htmlHeaders: Headers = ["content-type", "text/html; charset=utf-8"]
const jsonHeaders: Headers = ["content-type", "application/json"]
const xmlHeaders: Headers = ["content-type", "application/xml; charset=utf-8"]
const bytesHeaders: Headers = ["content-type", "application/octet-stream"]

const of = (headers: Headers, body: Body, options: Options | undefined): HttpResponse =>
  options === undefined
    ? new HttpResponse(200, headers, body)
    : withHeaders(
        new HttpResponse(checkStatus(options.status ?? 200), headers, body),
        options.headers
      )

/** Plain text. */
export const text = (body: string, options?: Options): HttpResponse =>
  of(textHeaders, body, options)

/** A page. Takes `Html` alone, so that text is escaped before it gets here. */
export const html = (body: Html, options?: Options): HttpResponse =>
  of(htmlHeaders, body.markup, options)

/** `JSON.stringify(value)`. Dates and the like go through a Schema first where their format matters. */
export const json = (value: unknown, options?: Options): HttpResponse =>
  // JSON.stringify answers undefined for undefined and functions, which is not JSON.
  of(jsonHeaders, JSON.stringify(value) ?? "null", options)

/** XML that is complete, declaration included. */
export const xml = (body: string, options?: Options): HttpResponse => of(xmlHeaders, body, options)

export const bytes = (body: Uint8Array, options?: Options): HttpResponse =>
  of(bytesHeaders, body, options)

const noContent = new HttpResponse(204, noHeaders, undefined)

/** No body: 204 unless said otherwise. */
export const empty = (status = 204): HttpResponse =>
  status === 204 ? noContent : new HttpResponse(checkStatus(status), noHeaders, undefined)

/**
 * A body that is made while it is sent. `length` in bytes where it is known beforehand. A stream
 * that dies cuts the connection, so that the client cannot take half for whole.
 */
export const stream = (
  body: Stream.Stream<Uint8Array>,
  options?: Options & { readonly length?: number }
): HttpResponse =>
  of(
    bytesHeaders,
    options?.length === undefined
      ? { _tag: "Stream", stream: body }
      : { _tag: "Stream", stream: body, length: options.length },
    options
  )

/**
 * A file that the server reads while sending, with ranges and conditional requests. Built by file
 * storages and by `portico/adapters/http/Files`, which look up size and time.
 */
export const file = (
  file: { readonly path: string; readonly size: number; readonly modifiedAt: number },
  options?: Options
): HttpResponse => of(bytesHeaders, { _tag: "File", ...file }, options)

/** Values for `redirect`. */
export interface RedirectOptions {
  /** 301 or 308 instead of 302 or 307. Browsers remember it. */
  readonly permanent?: boolean
  /** The browser repeats method and body: 307 or 308. */
  readonly preserveMethod?: boolean
}

/**
 * Sends the browser to `location`: a path, or an absolute address with http or https. Everything
 * else is refused. It may name another site; a visitor's own text is checked first by `isLocal`.
 */
export const redirect = (location: string, options?: RedirectOptions): HttpResponse => {
  const target = redirectTarget(location)
  if (target === undefined) {
    throw new TypeError(
      `HttpResponse.redirect: ${JSON.stringify(location)} is neither a path nor an http(s) address. ` +
        `Redirect to a path of this site, or to an address that begins with https://.`
    )
  }
  const status = options?.preserveMethod
    ? options.permanent
      ? 308
      : 307
    : options?.permanent
      ? 301
      : 302
  return new HttpResponse(status, ["location", target], undefined)
}

// A URL's scheme: RFC 3986, 3.1.
const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/
// oxlint-disable-next-line no-control-regex -- browsers strip control characters from addresses
const control = /[\u0000-\u001f\u007f]/

/** encodeURIComponent throws on half a surrogate pair. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd")

/** `location` with what headers cannot carry percent-encoded; undefined where it must not be followed. */
const redirectTarget = (location: string): string | undefined => {
  if (control.test(location)) return undefined
  const found = scheme.exec(location)
  if (found !== null && !/^https?$/i.test(found[1]!)) return undefined
  // Spaces and everything beyond ASCII are percent-encoded as UTF-8; what is encoded stays as it is.
  return location.replace(/[^\u0021-\u007e]+/gu, (run) => encodeURIComponent(wellFormed(run)))
}

/**
 * Whether a browser that is sent to `location` stays on this site (or goes to one of `hosts`): the
 * check for a "next" address that a visitor supplied. Backslashes, control characters and extra
 * slashes, by which browsers are led astray, are refused.
 */
export const isLocal = (location: string, hosts: ReadonlyArray<string> = []): boolean => {
  // Browsers read a backslash as a slash.
  if (location === "" || location.includes("\\") || location !== location.trim()) return false
  if (control.test(location) || location.startsWith("///")) return false
  const absolute = scheme.test(location)
  if (!absolute && !location.startsWith("//")) return true
  if (absolute && !/^https?:\/\/[^/]/i.test(location)) return false
  try {
    const url = new URL(location, "http://portico.invalid")
    return url.username === "" && url.password === "" && hosts.includes(url.host)
  } catch {
    return false
  }
}

const checkStatus = (status: number): number => {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status
  throw new RangeError(
    `HttpResponse: ${status} is not a final status. Choose a whole number from 200 to 599.`
  )
}

// A header's name is a token: RFC 9110, 5.6.2. Upper case is not taken, so that names compare as they are.
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
// Field values: RFC 9110, 5.5. Node sends one byte per character, so nothing above 0xff.
const headerValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/** Throws where the pair would let a text of the client's become a header of its own. */
export const checkHeader = (name: string, value: string): void => {
  if (!headerName.test(name)) {
    throw new TypeError(
      `HttpResponse: ${JSON.stringify(name)} is not a header name. Use lower-case letters, digits and hyphens.`
    )
  }
  if (!headerValue.test(value)) {
    throw new TypeError(
      `HttpResponse: the value of "${name}" holds a line break or another character that headers cannot carry. ` +
        `Encode it, for example with encodeURIComponent.`
    )
  }
}

/** The value of the first header of this name; undefined where there is none. */
export const header = (response: HttpResponse, name: string): string | undefined => {
  const { headers } = response
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

const without = (headers: Headers, name: string): Array<string> => {
  const kept: Array<string> = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) kept.push(headers[i]!, headers[i + 1]!)
  }
  return kept
}

/** The response with this header in place of any of the same name. Names in lower case. */
export const withHeader = (response: HttpResponse, name: string, value: string): HttpResponse => {
  checkHeader(name, value)
  const headers = without(response.headers, name)
  headers.push(name, value)
  return new HttpResponse(response.status, headers, response.body)
}

/** The response with this header beside any of the same name (`link`, `vary`, `set-cookie`). */
export const addHeader = (response: HttpResponse, name: string, value: string): HttpResponse => {
  checkHeader(name, value)
  return new HttpResponse(response.status, [...response.headers, name, value], response.body)
}

export const withHeaders = (
  response: HttpResponse,
  headers: Readonly<Record<string, string>> | undefined
): HttpResponse => {
  if (headers === undefined) return response
  let result = response
  for (const name of Object.keys(headers)) result = withHeader(result, name, headers[name]!)
  return result
}

export const withoutHeader = (response: HttpResponse, name: string): HttpResponse =>
  new HttpResponse(response.status, without(response.headers, name), response.body)

/** Headers that were checked once, for `withDefaults`. */
export const defaults = (headers: Readonly<Record<string, string>>): Headers =>
  withHeaders(noContent, headers).headers

/** The response with those of `headers` (from `defaults`) whose names it does not have yet. */
export const withDefaults = (response: HttpResponse, headers: Headers): HttpResponse => {
  const own = response.headers
  const merged = own.slice()
  for (let i = 0; i < headers.length; i += 2) {
    let taken = false
    for (let j = 0; j < own.length && !taken; j += 2) taken = own[j] === headers[i]
    if (!taken) merged.push(headers[i]!, headers[i + 1]!)
  }
  return new HttpResponse(response.status, merged, response.body)
}

/** The response whose `vary` names `name` too, once (RFC 9110, 12.5.5). */
export const withVary = (response: HttpResponse, name: string): HttpResponse => {
  const present = header(response, "vary")
  if (present === undefined) return withHeader(response, "vary", name)
  const names = present.split(",").map((item) => item.trim().toLowerCase())
  return names.includes("*") || names.includes(name.toLowerCase())
    ? response
    : withHeader(response, "vary", `${present}, ${name}`)
}

export const withStatus = (response: HttpResponse, status: number): HttpResponse =>
  new HttpResponse(checkStatus(status), response.headers, response.body)

export const withBody = (response: HttpResponse, body: Body): HttpResponse =>
  new HttpResponse(response.status, response.headers, body)

/** Django's defaults: path `/`, no domain, until the browser closes, readable by scripts, `Lax`. */
export interface CookieOptions {
  /** Seconds. Absent: until the browser closes. 0 or less deletes. */
  readonly maxAge?: number
  readonly expires?: Date
  readonly path?: string
  /** Absent: this host alone. */
  readonly domain?: string
  /** Sent over https alone. */
  readonly secure?: boolean
  /** Hidden from scripts. */
  readonly httpOnly?: boolean
  /** Absent: `lax`. `none` is refused without `secure`, as browsers drop such a cookie. */
  readonly sameSite?: "strict" | "lax" | "none"
}

// RFC 6265, 4.1.1: a cookie's name is a token; its value has no controls, spaces, quotes, commas,
// semicolons or backslashes.
const cookieName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const cookieValue = /^[\u0021\u0023-\u002b\u002d-\u003a\u003c-\u005b\u005d-\u007e]*$/
const cookieAttribute = /^[\u0020-\u003a\u003c-\u007e]*$/

const refuseCookie = (name: string, fact: string, remedy: string): never => {
  throw new TypeError(
    `HttpResponse.withCookie: the cookie ${JSON.stringify(name)} ${fact}. ${remedy}`
  )
}

/** The value of a `set-cookie` header. `value` is percent-encoded where a cookie cannot carry it. */
export const serializeCookie = (
  name: string,
  value: string,
  options: CookieOptions = {}
): string => {
  if (!cookieName.test(name)) {
    refuseCookie(
      name,
      "has a name that browsers misread",
      "Use letters, digits, hyphens and underscores."
    )
  }
  const { domain, expires, httpOnly, maxAge, path = "/", sameSite = "lax" } = options
  // Prefixes: RFC 6265bis, 4.1.3. Browsers compare them without regard to case.
  const host = /^__host-/i.test(name)
  const secure = options.secure ?? (host || /^__secure-/i.test(name))
  if (!secure && (host || /^__secure-/i.test(name))) {
    refuseCookie(name, "has a prefix that asks for secure", "Leave secure out, or drop the prefix.")
  }
  if (host && (domain !== undefined || path !== "/")) {
    refuseCookie(
      name,
      "belongs to one host and the path /",
      "Leave domain and path out, or use __Secure-."
    )
  }
  if (sameSite === "none" && !secure) {
    refuseCookie(name, "is for other sites and not secure", "Set secure: true, or sameSite: lax.")
  }
  if (maxAge !== undefined && !Number.isFinite(maxAge)) {
    refuseCookie(name, `has the age ${maxAge}`, "Give maxAge in whole seconds.")
  }
  if (!cookieAttribute.test(path) || (domain !== undefined && !/^[A-Za-z0-9.-]+$/.test(domain))) {
    refuseCookie(
      name,
      "has a path or domain that browsers misread",
      "Use a plain path and a host name."
    )
  }
  let cookie = `${name}=${cookieValue.test(value) && !value.includes("%") ? value : encodeURIComponent(wellFormed(value))}`
  if (domain !== undefined) cookie += `; Domain=${domain}`
  if (expires !== undefined) cookie += `; Expires=${expires.toUTCString()}`
  if (maxAge !== undefined) cookie += `; Max-Age=${Math.trunc(maxAge)}`
  cookie += `; Path=${path}`
  if (secure) cookie += "; Secure"
  if (httpOnly) cookie += "; HttpOnly"
  return (
    cookie +
    (sameSite === "lax"
      ? "; SameSite=Lax"
      : sameSite === "strict"
        ? "; SameSite=Strict"
        : "; SameSite=None")
  )
}

const sameCookie = (header: string, name: string): boolean => header.startsWith(`${name}=`)

/** The response that sets this cookie, in place of an earlier one of the same name. */
export const withCookie = (
  response: HttpResponse,
  name: string,
  value: string,
  options?: CookieOptions
): HttpResponse => {
  const cookie = serializeCookie(name, value, options)
  const headers: Array<string> = []
  for (let i = 0; i < response.headers.length; i += 2) {
    const header = response.headers[i]!
    const value = response.headers[i + 1]!
    if (header !== "set-cookie" || !sameCookie(value, name)) headers.push(header, value)
  }
  headers.push("set-cookie", cookie)
  return new HttpResponse(response.status, headers, response.body)
}

const longAgo = new Date(0)

/** The response that deletes this cookie. Path and domain must be those it was set with. */
export const withoutCookie = (
  response: HttpResponse,
  name: string,
  options?: Pick<CookieOptions, "path" | "domain" | "sameSite" | "secure">
): HttpResponse =>
  withCookie(response, name, "", {
    ...options,
    ...(options?.sameSite === "none" ? { secure: true } : {}),
    expires: longAgo,
    maxAge: 0
  })
