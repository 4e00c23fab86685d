/** The headers of Django's SecurityMiddleware and XFrameOptionsMiddleware, and Django 6's policies. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import * as SecurityHeaders from "../../src/adapters/http/middleware/SecurityHeaders.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Precondition from "../../src/domain/Precondition.ts"
import * as Route from "../../src/domain/Route.ts"
import * as ContentPolicy from "../../src/ports/ContentPolicy.ts"
import * as View from "../../src/ports/View.ts"
import { clientOf } from "../support/site.ts"

interface Row {
  // oxlint-disable-next-line typescript/no-explicit-any -- settings of as many types as Django has
  readonly settings: Readonly<Record<string, any>>
  readonly secure?: boolean
  readonly path?: string
  readonly view_headers?: Readonly<Record<string, string>>
  readonly status: number
  /** What Django sent; for rows with a proxy, see `proxied`. */
  readonly headers: Readonly<Record<string, string>>
}

interface PolicyRow {
  // oxlint-disable-next-line typescript/no-explicit-any -- lists, texts, booleans and tagged sets
  readonly policy: Readonly<Record<string, any>>
  readonly nonce: string | null
  readonly header: string
}

const load = (name: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/django-5.2/${name}.json`, import.meta.url), "utf8"))

const rows: ReadonlyArray<Row> = load("http").security
const constants: Readonly<Record<string, string>> = load("csp").constants
const policies: ReadonlyArray<PolicyRow> = load("csp").cases

/** Django's settings as ours. */
const optionsOf = ({ settings }: Row): SecurityHeaders.Options => {
  const {
    SECURE_CONTENT_TYPE_NOSNIFF: nosniff,
    SECURE_HSTS_INCLUDE_SUBDOMAINS: includeSubDomains = false,
    SECURE_HSTS_PRELOAD: preload = false,
    SECURE_HSTS_SECONDS: maxAge,
    SECURE_REDIRECT_EXEMPT: exempt = [],
    SECURE_REFERRER_POLICY: referrer,
    SECURE_SSL_HOST: host,
    SECURE_SSL_REDIRECT: redirect,
    X_FRAME_OPTIONS: frame
  } = settings
  return {
    contentPolicy: false,
    ...(nosniff === undefined ? {} : { contentTypeOptions: nosniff }),
    ...(frame === undefined ? {} : { frameOptions: frame.toUpperCase() }),
    ...(referrer === undefined ? {} : { referrerPolicy: referrer ?? false }),
    ...(maxAge === undefined ? {} : { strictTransport: { maxAge, includeSubDomains, preload } }),
    ...(redirect === true
      ? {
          redirectToHttps: {
            ...(host === undefined ? {} : { host }),
            // Django's patterns see the path without its first slash.
            exempt: exempt.map((pattern: string) => new RegExp(pattern.replace(/^\^/, "^/")))
          }
        }
      : {})
  }
}

const any = Route.get("/:rest(path)", "any")
const root = Route.get("/", "root")

// In the vectors' inputs the two rows with SECURE_PROXY_SSL_HEADER came with these values.
const proxied = ["https", "http, https"]

describe("security headers of Django 5.2", () => {
  const names = [
    "x-frame-options",
    "strict-transport-security",
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-opener-policy",
    "location"
  ]

  for (const [at, row] of rows.entries()) {
    const isProxied = "SECURE_PROXY_SSL_HEADER" in row.settings
    it.scoped(`${at}: ${JSON.stringify(row.settings)}`, () =>
      Effect.gen(function* () {
        const answer = () =>
          HttpResponse.withHeaders(
            HttpResponse.text("ok"),
            Object.fromEntries(
              Object.entries(row.view_headers ?? {}).map(([name, value]) => [
                name.toLowerCase(),
                value
              ])
            )
          )
        const client = yield* clientOf(
          {
            views: [View.handle(root, answer), View.handle(any, answer)],
            middleware: [SecurityHeaders.make(optionsOf(row))],
            options: { proxies: isProxied ? 1 : 0 }
          },
          { host: "testserver", https: row.secure === true }
        )
        const forwarded =
          proxied[rows.slice(0, at).filter((r) => "SECURE_PROXY_SSL_HEADER" in r.settings).length]!
        const response = yield* client.get(row.path ?? "/", {
          headers: isProxied ? { "x-forwarded-proto": forwarded } : {}
        })
        const expected: Record<string, string> = Object.fromEntries(
          Object.entries(row.headers).map(([name, value]) => [name.toLowerCase(), value])
        )
        // Django has two middlewares, and the redirect of one passes the other by: ours is stricter.
        if (row.status === 301) expected["x-frame-options"] = "DENY"
        // With one trusted proxy its own entry, the last, is what counts: the vector's first entry
        // is the client's word. Django takes the leftmost.
        if (isProxied && forwarded === "http, https") {
          expected["strict-transport-security"] = "max-age=5"
        }
        const actual = Object.fromEntries(
          names.flatMap((name) => {
            const value = response.headers.get(name)
            return value === null ? [] : [[name, value]]
          })
        )
        assert.strictEqual(response.status, row.status)
        assert.deepStrictEqual(actual, expected)
      })
    )
  }
})

describe("policies of Django 6.0", () => {
  it("the words are the same", () => {
    assert.include(ContentPolicy.strict["default-src"] as ReadonlyArray<string>, constants["SELF"])
    assert.include(ContentPolicy.strict["object-src"] as ReadonlyArray<string>, constants["NONE"])
  })

  for (const { header, nonce, policy } of policies) {
    it(header === "" ? `nothing for ${JSON.stringify(policy)}` : header, () => {
      const own: ContentPolicy.Policy = Object.fromEntries(
        Object.entries(policy).map(([name, sources]) => [
          name,
          Array.isArray(sources)
            ? sources.map((source) => (source === "$NONCE" ? ContentPolicy.nonceSource : source))
            : typeof sources === "object" && sources !== null
              ? // Django sorts sets; a Portico policy has an order, so the test sorts.
                [...sources.$set].sort()
              : sources
        ])
      )
      assert.strictEqual(ContentPolicy.render(own, nonce ?? undefined) ?? "", header)
    })
  }
})

describe("Vary of Django 5.2", () => {
  for (const { add, header, start } of load("http").vary as ReadonlyArray<{
    readonly start: string | null
    readonly add: ReadonlyArray<string>
    readonly header: string
  }>) {
    // A response that varies by everything says nothing else in Django; ours keeps the list before it.
    if (add.includes("*")) continue
    it(`${start} and ${add.join()} make ${header}`, () => {
      const before =
        start === null
          ? HttpResponse.text("")
          : HttpResponse.withHeader(HttpResponse.text(""), "vary", start)
      const after = add.reduce(HttpResponse.withVary, before)
      assert.strictEqual(HttpResponse.header(after, "vary"), header)
    })
  }
})

describe("conditional requests of Django 5.2", () => {
  for (const row of load("http").conditional as ReadonlyArray<{
    readonly method: string
    readonly etag?: string
    readonly last_modified?: string
    readonly request_headers: Readonly<Record<string, string>>
    readonly status: number
  }>) {
    it(`${row.method} ${JSON.stringify(row.request_headers)}: ${row.status}`, () => {
      const due = Precondition.check(
        row.method,
        {
          ifMatch: row.request_headers["HTTP_IF_MATCH"],
          ifNoneMatch: row.request_headers["HTTP_IF_NONE_MATCH"],
          ifModifiedSince: row.request_headers["HTTP_IF_MODIFIED_SINCE"],
          ifUnmodifiedSince: row.request_headers["HTTP_IF_UNMODIFIED_SINCE"]
        },
        {
          etag: row.etag,
          modifiedAt:
            row.last_modified === undefined ? undefined : Date.parse(`${row.last_modified}Z`)
        }
      )
      assert.strictEqual(due ?? 200, row.status)
    })
  }
})
