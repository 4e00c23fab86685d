import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import * as SecurityHeaders from "../../../../src/adapters/http/middleware/SecurityHeaders.ts"
import { html } from "../../../../src/domain/Html.ts"
import * as HttpResponse from "../../../../src/domain/HttpResponse.ts"
import * as Route from "../../../../src/domain/Route.ts"
import * as ContentPolicy from "../../../../src/ports/ContentPolicy.ts"
import * as HttpRequest from "../../../../src/ports/HttpRequest.ts"
import * as View from "../../../../src/ports/View.ts"
import { clientOf } from "../../../support/site.ts"

const plain = Route.get("/plain/", "plain")
const script = Route.get("/script/", "script")
const open = Route.get("/open/", "open")
const framed = Route.get("/framed/", "framed")
const own = Route.get("/own/", "own")
const broken = Route.get("/broken/", "broken")
const away = Route.get("/away/", "away")
const send = Route.post("/send/", "send")

const views = [
  View.handle(plain, () => HttpResponse.text("plain")),
  View.handle(script, (_, request) => {
    const { csp_nonce } = HttpRequest.templateContext(request)
    return HttpResponse.html(
      html`<script nonce="${csp_nonce}"></script>
        <style nonce="${csp_nonce}"></style>`
    )
  }),
  ContentPolicy.override(
    View.handle(open, () => HttpResponse.text("open")),
    undefined
  ),
  ContentPolicy.override(
    View.handle(framed, function* () {
      return HttpResponse.text(yield* ContentPolicy.nonce)
    }),
    { ...ContentPolicy.strict, "frame-ancestors": ["https://partner.test"] }
  ),
  View.handle(own, () =>
    HttpResponse.text("own", {
      headers: { "content-security-policy": "default-src *", "x-frame-options": "SAMEORIGIN" }
    })
  ),
  View.handle(broken, function* () {
    return yield* Effect.dieMessage("broken")
  }),
  View.handle(away, () => HttpResponse.redirect("/plain/")),
  View.handle(send, () => HttpResponse.text("sent"))
]

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

const site = (options: SecurityHeaders.Options = {}, https = false) =>
  clientOf({ views, middleware: [SecurityHeaders.make(options)] }, { https }).pipe(
    Effect.provide(quiet)
  )

const policy = ({ headers }: { readonly headers: Headers }) =>
  headers.get("content-security-policy")

const strict =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; " +
  "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

describe("SecurityHeaders", () => {
  it.scoped("every answer has them: pages, redirects, errors, addresses without a view", () =>
    Effect.gen(function* () {
      const client = yield* site()
      for (const [path, status] of [
        ["/plain/", 200],
        ["/away/", 302],
        ["/broken/", 500],
        ["/nowhere/", 404],
        ["/send/", 405]
      ] as const) {
        // Twice: the second answer takes what the first has prepared.
        for (let time = 0; time < 2; time++) {
          const { headers, status: actual } = yield* client.get(path)
          assert.strictEqual(actual, status)
          assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
          assert.strictEqual(headers.get("x-frame-options"), "DENY")
          assert.strictEqual(headers.get("referrer-policy"), "same-origin")
          assert.strictEqual(headers.get("cross-origin-opener-policy"), "same-origin")
          const policy = headers.get("content-security-policy") ?? ""
          // Error pages bring a policy of their own, which allows less.
          if (status < 400) assert.strictEqual(policy, strict)
          else assert.match(policy, /^default-src 'none'; /)
          assert.isNull(headers.get("strict-transport-security"))
        }
      }
    })
  )

  it.scoped("what the view has set stays, once", () =>
    Effect.gen(function* () {
      const { headers } = yield* (yield* site()).get(own)
      assert.strictEqual(headers.get("content-security-policy"), "default-src *")
      assert.strictEqual(headers.get("x-frame-options"), "SAMEORIGIN")
      assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
    })
  )

  it.scoped("a page that asks for the nonce gets one of its own, and the policy allows it", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const nonces: Array<string> = []
      for (let page = 0; page < 2; page++) {
        const response = yield* client.get(script)
        const [, first, second] =
          /nonce="([\w-]{22})".*nonce="([\w-]{22})"/s.exec(response.text) ?? []
        assert.isDefined(first)
        assert.strictEqual(first, second)
        assert.include(policy(response) ?? "", `script-src 'self' 'nonce-${first}'`)
        assert.include(policy(response) ?? "", `style-src 'self' 'nonce-${first}'`)
        nonces.push(first)
      }
      assert.notStrictEqual(nonces[0], nonces[1])
      assert.strictEqual(policy(yield* client.get(plain)), strict)
    })
  )

  it.scoped("a view may have another policy, or none", () =>
    Effect.gen(function* () {
      const client = yield* site()
      assert.isNull(policy(yield* client.get(open)))
      const response = yield* client.get(framed)
      assert.include(policy(response) ?? "", "frame-ancestors https://partner.test")
      assert.include(policy(response) ?? "", `'nonce-${response.text}'`)
      assert.strictEqual(policy(yield* client.get(plain)), strict)
    })
  )

  it.scoped("a policy may be reported on only, and the site's may be off", () =>
    Effect.gen(function* () {
      const client = yield* site({
        contentPolicy: false,
        reportOnlyPolicy: { "default-src": ["'self'"], "report-uri": "/csp" }
      })
      const { headers } = yield* client.get(plain)
      assert.isNull(headers.get("content-security-policy"))
      assert.strictEqual(
        headers.get("content-security-policy-report-only"),
        "default-src 'self'; report-uri /csp"
      )
    })
  )

  it.scoped("https is remembered over https alone", () =>
    Effect.gen(function* () {
      const options = { strictTransport: { maxAge: 60, includeSubDomains: true } }
      for (const [https, expected] of [
        [true, "max-age=60; includeSubDomains"],
        [false, null]
      ] as const) {
        const { headers } = yield* (yield* site(options, https)).get(plain)
        assert.strictEqual(headers.get("strict-transport-security"), expected)
      }
    })
  )

  it.scoped("plain http is sent to https: the query stays, and a form is sent again", () =>
    Effect.gen(function* () {
      const client = yield* site({ redirectToHttps: { exempt: [/^\/plain\//] } })
      const page = yield* client.get("/script/?a=1")
      assert.deepStrictEqual(
        [page.status, page.headers.get("location")],
        [301, "https://localhost/script/?a=1"]
      )
      assert.strictEqual((yield* client.post(send)).status, 308)
      assert.strictEqual((yield* client.get(plain)).status, 200)
    })
  )
})
