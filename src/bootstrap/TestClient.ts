/**
 * A browser for tests: sends requests to a site in this process, keeps cookies, follows redirects,
 * fills forms. Nothing listens, nothing is faked between client and views.
 *
 * ```ts
 * it.scoped("a vote counts", () =>
 *   Effect.gen(function* () {
 *     const client = (yield* TestSite.make(site)).visitor()
 *     const page = yield* client.get(routes.detail, { id: 1 })
 *     const after = yield* client.submit(page, { choice: "2" }, { follow: true })
 *     assert.include(after.text, "1 vote")
 *   }))
 * ```
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as WebHandler from "../adapters/http/WebHandler.ts"
import * as Csrf from "../domain/Csrf.ts"
import type * as Route from "../domain/Route.ts"
import * as CsrfToken from "../ports/CsrfToken.ts"
import type * as HttpServer from "../ports/HttpServer.ts"
import type * as Router from "../ports/Router.ts"

export interface Options {
  /** The name that the site is called by. `localhost` if absent. */
  readonly host?: string
  /** Requests come over https. False if absent. */
  readonly https?: boolean
  /** Sent with every request, by name in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Requests carry no CSRF token but those that the test sends. False if absent: then the client
   * has a token of its own, so that a test may post without fetching a form.
   */
  readonly enforceCsrf?: boolean
}

/** Values of a form: a list for a field sent several times, a `File` for an upload. */
export type Fields = Readonly<Record<string, string | number | File | ReadonlyArray<string>>>

export interface RequestOptions {
  /** By name in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** Put after the path. */
  readonly query?: Readonly<Record<string, string | number>>
  /** Follows redirects within the site. False if absent. */
  readonly follow?: boolean
  /** A form: urlencoded, or multipart where a value is a file. */
  readonly form?: Fields
  /** A JSON body. */
  readonly json?: unknown
  /** Any other body; name its type in `headers`. */
  readonly body?: string | Uint8Array
}

export interface Response {
  readonly status: number
  readonly headers: Headers
  /** The body as UTF-8. */
  readonly text: string
  readonly bytes: Uint8Array
  /** The body as JSON. Throws where it is not. */
  readonly json: unknown
  /** Path and query of the address that answered, after redirects. */
  readonly url: string
  /** Where redirects led, in order. */
  readonly redirects: ReadonlyArray<string>
  /** The page's forms, in order. */
  readonly forms: ReadonlyArray<Form>
  /** The page's first form. Throws where there is none. */
  readonly form: Form
}

/** A form of a page, as a browser would send it unchanged. */
export interface Form {
  /** Path and query. */
  readonly action: string
  readonly method: "GET" | "POST"
  /** Values by name; a list where a name occurs more than once. */
  readonly fields: Readonly<Record<string, string | ReadonlyArray<string>>>
}

/** A path, or a route with its parameters, if it has any; then options. */
export interface Send {
  (path: string, options?: RequestOptions): Effect.Effect<Response>
  <P>(
    route: Route.Route<P>,
    ...args: keyof P extends never
      ? readonly [options?: RequestOptions]
      : readonly [params: P, options?: RequestOptions]
  ): Effect.Effect<Response>
}

export interface Client {
  readonly get: Send
  readonly head: Send
  readonly options: Send
  readonly post: Send
  readonly put: Send
  readonly patch: Send
  readonly delete: Send
  /** Sends the page's first form with these values in place of its own. */
  readonly submit: (
    page: Response,
    values?: Fields,
    options?: RequestOptions
  ) => Effect.Effect<Response>
  /** Cookies that the client holds, by name. Set and delete them at will. */
  readonly cookies: Map<string, string>
}

// More redirects than this are a loop: the Fetch standard's limit.
const mostRedirects = 20

/** A client without cookies. The site ends with the scope. */
export const make = (
  site: HttpServer.Site,
  options: Options = {}
): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.map(WebHandler.make(site), (handler) => clientOf(handler, site.table.reverse, options))

/** A client of a handler that runs already: for several visitors of one site. */
export const clientOf = (
  handler: WebHandler.Handler,
  reverse: Router.Table<unknown>["reverse"],
  options: Options = {}
): Client => {
  const { enforceCsrf = false, host = "localhost", https = false } = options
  // `Send` has checked that the parameters are the route's.
  const address = reverse as (route: Route.Any, ...args: ReadonlyArray<unknown>) => string
  const origin = `${https ? "https" : "http"}://${host}`
  const cookies = new Map<string, string>()

  const exchange = async (
    method: string,
    url: string,
    request: RequestOptions
  ): Promise<globalThis.Response> => {
    const headers = new Headers({ host, ...options.headers, ...request.headers })
    if (!Csrf.isSafe(method)) {
      // Browsers name the origin of every request that may change something.
      if (!headers.has("origin")) headers.set("origin", origin)
      if (!enforceCsrf && !headers.has("x-csrftoken")) {
        const secret = cookies.get(CsrfToken.cookieName) ?? Csrf.makeSecret(random)
        cookies.set(CsrfToken.cookieName, secret)
        headers.set("x-csrftoken", secret)
      }
    }
    if (cookies.size > 0 && !headers.has("cookie")) {
      headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "))
    }
    const body = bodyOf(request, headers)
    const response = await handler(
      new Request(`${origin}${url}`, {
        method,
        headers,
        redirect: "manual",
        ...(body === undefined ? {} : { body })
      }),
      { remoteAddress: "127.0.0.1" }
    )
    for (const cookie of response.headers.getSetCookie()) keep(cookies, cookie)
    return response
  }

  const visit = async (method: string, url: string, request: RequestOptions): Promise<Response> => {
    const redirects: Array<string> = []
    let response = await exchange(method, url, request)
    let [at, by] = [url, method]
    while (request.follow === true && redirects.length < mostRedirects) {
      const location = response.headers.get("location")
      if (response.status < 300 || response.status > 399 || location === null) break
      const target = new URL(location, `${origin}${at}`)
      if (target.origin !== origin) break
      await response.arrayBuffer()
      at = target.pathname + target.search
      redirects.push(at)
      const repeats = response.status === 307 || response.status === 308
      // Fetch standard, "HTTP-redirect fetch": other statuses turn into a GET without a body.
      by = repeats || by === "HEAD" ? by : "GET"
      response = await exchange(
        by,
        at,
        repeats ? request : request.headers === undefined ? {} : { headers: request.headers }
      )
    }
    return responseOf(response, new Uint8Array(await response.arrayBuffer()), at, redirects)
  }

  const send =
    (method: string): Send =>
    (target: string | Route.Any, ...args: ReadonlyArray<unknown>) => {
      const hasParams = typeof target !== "string" && target.pattern.parameters.length > 0
      // `Send` has checked the arguments: parameters where the route has any, then options.
      const own = ((hasParams ? args[1] : args[0]) ?? {}) as RequestOptions
      const path =
        typeof target === "string" ? target : address(target, ...(hasParams ? [args[0]] : []))
      return Effect.promise(() => visit(method, withQuery(path, own.query), own))
    }

  return {
    get: send("GET"),
    head: send("HEAD"),
    options: send("OPTIONS"),
    post: send("POST"),
    put: send("PUT"),
    patch: send("PATCH"),
    delete: send("DELETE"),
    submit: (page, values = {}, own = {}) => {
      const { action, fields, method } = page.form
      const merged: Fields = { ...fields, ...values }
      return method === "GET"
        ? Effect.promise(() => visit("GET", withSearch(action, searchOf(merged)), own))
        : Effect.promise(() => visit("POST", action, { ...own, form: merged }))
    },
    cookies
  }
}

const random: Csrf.Random = (length) => globalThis.crypto.getRandomValues(new Uint8Array(length))

const withSearch = (path: string, search: URLSearchParams): string =>
  search.size === 0 ? path : `${path}${path.includes("?") ? "&" : "?"}${search}`

const withQuery = (path: string, query: RequestOptions["query"]): string =>
  withSearch(
    path,
    new URLSearchParams(Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]))
  )

const listOf = (value: Fields[string]): ReadonlyArray<string | File> =>
  typeof value === "number"
    ? [String(value)]
    : typeof value === "string" || value instanceof File
      ? [value]
      : value

const searchOf = (fields: Fields): URLSearchParams => {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    for (const one of listOf(value)) search.append(name, typeof one === "string" ? one : one.name)
  }
  return search
}

const bodyOf = (request: RequestOptions, headers: Headers): BodyInit | undefined => {
  if (request.form !== undefined) {
    const entries = Object.entries(request.form)
    if (!entries.some(([, value]) => value instanceof File)) return searchOf(request.form)
    const form = new FormData()
    for (const [name, value] of entries) for (const one of listOf(value)) form.append(name, one)
    return form
  }
  if (request.json !== undefined) {
    if (!headers.has("content-type")) headers.set("content-type", "application/json")
    return JSON.stringify(request.json)
  }
  // A Request takes bytes of its own memory alone; a shared buffer is no test's body.
  return request.body as BodyInit | undefined
}

/** Stores a cookie, or removes one that the site has ended (RFC 6265, 5.3). */
const keep = (cookies: Map<string, string>, header: string): void => {
  const [pair = "", ...attributes] = header.split(";").map((part) => part.trim())
  const at = pair.indexOf("=")
  const maxAge = attributes.find((attribute) => /^max-age=/i.test(attribute))
  if (maxAge !== undefined && Number(maxAge.slice(8)) <= 0) cookies.delete(pair.slice(0, at))
  else cookies.set(pair.slice(0, at), pair.slice(at + 1))
}

const responseOf = (
  { headers, status }: globalThis.Response,
  bytes: Uint8Array,
  url: string,
  redirects: ReadonlyArray<string>
): Response => {
  const text = new TextDecoder().decode(bytes)
  return {
    status,
    headers,
    text,
    bytes,
    url,
    redirects,
    get json(): unknown {
      return JSON.parse(text)
    },
    get forms() {
      return formsOf(text, url)
    },
    get form() {
      const form = formsOf(text, url)[0]
      if (form !== undefined) return form
      throw new Error(
        `TestClient: the page at ${url} (status ${status}) has no form. Look at its text: ${text.slice(0, 200)}`
      )
    }
  }
}

// Pages of tests are well formed, so patterns will do where a browser needs a parser.
const formElement = /<form\b([^>]*)>([\s\S]*?)<\/form>/gi
const control =
  /<input\b([^>]*)>|<textarea\b([^>]*)>([\s\S]*?)<\/textarea>|<select\b([^>]*)>([\s\S]*?)<\/select>/gi
const option = /<option\b([^>]*)>([\s\S]*?)(?=<\/option>|<option\b|$)/gi

const formsOf = (page: string, url: string): ReadonlyArray<Form> =>
  [...page.matchAll(formElement)].map(([, attributes = "", inside = ""]) => {
    const target = new URL(attribute(attributes, "action") || url, `http://form${url}`)
    const fields: Record<string, string | ReadonlyArray<string>> = {}
    const add = (name: string | undefined, value: string) => {
      if (name === undefined || name === "") return
      const present = fields[name]
      fields[name] =
        present === undefined
          ? value
          : [...(typeof present === "string" ? [present] : present), value]
    }
    for (const [, input, textarea, text = "", select, options = ""] of inside.matchAll(control)) {
      if (input !== undefined) {
        if (isSent(input))
          add(attribute(input, "name"), attribute(input, "value") ?? checkedValue(input))
      } else if (textarea !== undefined) {
        // One line break after the tag is not part of the value (HTML, 4.10.11).
        if (!has(textarea, "disabled"))
          add(attribute(textarea, "name"), unescape(text.replace(/^\r?\n/, "")))
      } else if (select !== undefined && !has(select, "disabled")) {
        const all = [...options.matchAll(option)].map(([, own = "", text = ""]) => ({
          selected: has(own, "selected"),
          value: attribute(own, "value") ?? unescape(text.trim())
        }))
        const chosen = all.filter(({ selected }) => selected)
        const sent = chosen.length > 0 || has(select, "multiple") ? chosen : all.slice(0, 1)
        for (const { value } of sent) add(attribute(select, "name"), value)
      }
    }
    return {
      action: target.pathname + target.search,
      method: attribute(attributes, "method")?.toUpperCase() === "POST" ? "POST" : "GET",
      fields
    }
  })

const checkedValue = (input: string): string => (isTick(input) ? "on" : "")
const isTick = (input: string): boolean =>
  /^(checkbox|radio)$/i.test(attribute(input, "type") ?? "")
const isSent = (input: string): boolean =>
  !has(input, "disabled") &&
  !/^(submit|button|reset|image|file)$/i.test(attribute(input, "type") ?? "") &&
  (!isTick(input) || has(input, "checked"))

const has = (attributes: string, name: string): boolean =>
  new RegExp(`(?:^|\\s)${name}(?=[\\s=/]|$)`, "i").test(
    attributes.replace(/"[^"]*"|'[^']*'/g, '""')
  )

const attribute = (attributes: string, name: string): string | undefined => {
  const found = new RegExp(
    `(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`,
    "i"
  ).exec(attributes)
  return found === null ? undefined : unescape(found[1] ?? found[2] ?? found[3] ?? "")
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));/gi, (_, hex, digits, name) =>
    name === undefined
      ? String.fromCodePoint(hex === undefined ? Number(digits) : Number.parseInt(hex, 16))
      : named[name.toLowerCase()]!
  )
