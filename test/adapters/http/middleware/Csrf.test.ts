import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import * as Csrf from "../../../../src/adapters/http/middleware/Csrf.ts"
import * as HttpResponse from "../../../../src/domain/HttpResponse.ts"
import * as Route from "../../../../src/domain/Route.ts"
import { html } from "../../../../src/domain/Html.ts"
import * as CsrfToken from "../../../../src/ports/CsrfToken.ts"
import * as HttpRequest from "../../../../src/ports/HttpRequest.ts"
import * as View from "../../../../src/ports/View.ts"
import { clientOf, page } from "../../../support/site.ts"

const form = Route.get("/form/", "form")
const plain = Route.get("/plain/", "plain")
const send = Route.make(["POST", "PUT", "DELETE"], "/send/", "send")
const api = Route.post("/api/", "api")
const hook = Route.post("/hook/", "hook")
const login = Route.post("/login/", "login")
const script = Route.get("/token/", "token")

const views = [
  View.handle(form, (_, request) => {
    const { csrf_input } = HttpRequest.templateContext(request)
    return HttpResponse.html(
      html`<form method="post" action="/send/">${csrf_input}<input name="title" value="a" /></form>`
    )
  }),
  View.handle(plain, () => HttpResponse.text("plain")),
  View.handle(send, function* (_, request) {
    const { fields } = yield* request.form
    return HttpResponse.text(`got ${fields.get("title")}`)
  }),
  View.handle(api, () => HttpResponse.json({})),
  View.handle(hook, () => HttpResponse.text("hooked"), { csrfExempt: true }),
  View.handle(login, function* () {
    yield* CsrfToken.rotate
    return HttpResponse.text("in")
  }),
  View.handle(script, function* () {
    return HttpResponse.text(yield* CsrfToken.token)
  })
]

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

const site = (options: Csrf.Options = {}, https = false) =>
  clientOf({ views, middleware: [Csrf.make(options)] }, { enforceCsrf: true, https }).pipe(
    Effect.provide(quiet)
  )

describe("Csrf", () => {
  it.scoped("a form with the page's token is accepted, and its body is there for the view", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const sent = yield* client.submit(yield* client.get(form), { title: "b" })
      assert.deepStrictEqual([sent.status, sent.text], [200, "got b"])
    })
  )

  it.scoped("a form of many parts is accepted too", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const { form: shown } = yield* client.get(form)
      const file = new File(["text"], "a.txt")
      const sent = yield* client.post(shown.action, { form: { ...shown.fields, file } })
      assert.deepStrictEqual([sent.status, sent.text], [200, "got a"])
    })
  )

  it.scoped("a form without token, with another visitor's, or without the cookie is refused", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const { form: shown } = yield* client.get(form)
      const { form: other } = yield* (yield* site()).get(form)
      const status = (fields: Record<string, string>) =>
        Effect.map(client.post(send, { form: fields }), (response) => response.status)
      assert.strictEqual(yield* status({ title: "a" }), 403)
      const { csrfmiddlewaretoken } = other.fields
      assert.strictEqual(yield* status({ csrfmiddlewaretoken: csrfmiddlewaretoken as string }), 403)
      const own = shown.fields["csrfmiddlewaretoken"] as string
      assert.strictEqual(yield* status({ csrfmiddlewaretoken: own }), 200)
      client.cookies.clear()
      assert.strictEqual(yield* status({ csrfmiddlewaretoken: own }), 403)
    })
  )

  it.scoped("another site's page is refused even with a good token, unless it is trusted", () =>
    Effect.gen(function* () {
      for (const [trustedOrigins, expected] of [
        [[], 403],
        [["https://*.pay.test"], 200]
      ] as const) {
        const client = yield* site({ trustedOrigins })
        const page = yield* client.get(form)
        const headers = { origin: "https://eu.pay.test", "sec-fetch-site": "cross-site" }
        assert.strictEqual((yield* client.submit(page, {}, { headers })).status, expected)
      }
    })
  )

  it.scoped("the page says why in development, and does not in production", () =>
    Effect.gen(function* () {
      const open = yield* (yield* site({ development: true })).post(send, { form: {} })
      assert.include(open.text, "CSRF cookie not set.")
      const closed = yield* (yield* site()).post(send, { form: {} })
      assert.notInclude(closed.text, "CSRF cookie")
      assert.include(closed.text, "reload the page")
    })
  )

  it.scoped("what a refusal quotes of the client is escaped", () =>
    Effect.gen(function* () {
      const client = yield* site({ development: true })
      const headers = { origin: "https://<b>.test" }
      const refused = yield* client.post(send, { form: {}, headers })
      assert.strictEqual(refused.status, 403)
      assert.notInclude(refused.text, "<b>.test")
    })
  )

  it.scoped("a page without a token sets no cookie and does not vary", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const { headers } = yield* client.get(plain)
      assert.isNull(headers.get("set-cookie"))
      assert.isNull(headers.get("vary"))
    })
  )

  it.scoped(
    "a page with a token renews the cookie: Lax, 364 days, readable, secure over https",
    () =>
      Effect.gen(function* () {
        for (const https of [false, true]) {
          const client = yield* site({}, https)
          const { headers } = yield* client.get(form)
          const secret = client.cookies.get("csrftoken")
          assert.match(secret ?? "", /^[A-Za-z0-9]{32}$/)
          assert.strictEqual(
            headers.get("set-cookie"),
            `csrftoken=${secret}; Max-Age=31449600; Path=/${https ? "; Secure" : ""}; SameSite=Lax`
          )
          assert.strictEqual(headers.get("vary"), "Cookie")
          const again = yield* client.get(form)
          assert.include(again.headers.get("set-cookie") ?? "", `csrftoken=${secret};`)
        }
      })
  )

  it.scoped("a cookie in the form of Django 3.2 keeps its secret", () =>
    Effect.gen(function* () {
      const client = yield* site()
      // test/vectors/django-3.2/csrf.json, the first pair
      client.cookies.set(
        "csrftoken",
        "OL8dKLzdocJ2isAjIhKtJ0RlgLKOmxgJ8JhCpOD3Wi6Dlo6wKmbTNfWUHOAotvun"
      )
      yield* client.get(form)
      assert.strictEqual(client.cookies.get("csrftoken"), "u8jzPde0IgxLd6GncfBAepfJBd0Kh8oO")
    })
  )

  it.scoped("the header carries the token of a script", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const token = (yield* client.get(script)).text
      const put = (headers: Record<string, string>) =>
        Effect.map(
          client.post(send, { form: { title: "x" }, headers }),
          (response) => response.status
        )
      assert.strictEqual(yield* put({ "x-csrftoken": token }), 200)
      assert.strictEqual(yield* put({ "x-csrftoken": `${token.slice(1)}a` }), 403)
    })
  )

  it.scoped("JSON from the site's own page needs no token, from another site it is refused", () =>
    Effect.gen(function* () {
      const client = yield* site()
      yield* client.get(form)
      const status = (headers: Record<string, string>) =>
        Effect.map(client.post(api, { json: {}, headers }), (response) => response.status)
      assert.strictEqual(yield* status({ origin: "https://evil.test" }), 403)
      assert.strictEqual(yield* status({ origin: "null", "sec-fetch-site": "cross-site" }), 403)
      assert.strictEqual(yield* status({ "content-type": "text/plain" }), 403)
      assert.strictEqual(yield* status({}), 200)
    })
  )

  it.scoped("an exempt view is not checked", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const headers = { origin: "https://evil.test" }
      assert.strictEqual((yield* client.post(hook, { form: {}, headers })).status, 200)
      assert.strictEqual((yield* client.post(send, { form: {}, headers })).status, 403)
    })
  )

  it.scoped("where no view answers, the answer is 404 or 405", () =>
    Effect.gen(function* () {
      const client = yield* site()
      assert.strictEqual((yield* client.post("/nowhere/", { form: {} })).status, 404)
      assert.strictEqual((yield* client.post("/form/", { form: {} })).status, 405)
    })
  )

  it.scoped("after rotate the old token is void and the new one is good", () =>
    Effect.gen(function* () {
      const client = yield* site()
      const before = yield* client.get(form)
      const old = client.cookies.get("csrftoken")
      const headers = { "x-csrftoken": old! }
      assert.strictEqual((yield* client.post(login, { headers })).status, 200)
      assert.notStrictEqual(client.cookies.get("csrftoken"), old)
      assert.strictEqual((yield* client.submit(before)).status, 403)
      assert.strictEqual((yield* client.submit(yield* client.get(form))).status, 200)
    })
  )

  it.scoped("the client of tests passes by default", () =>
    Effect.gen(function* () {
      const client = yield* clientOf({ views, middleware: [Csrf.make()] }, { https: true })
      assert.strictEqual((yield* client.post(send, { form: { title: "a" } })).text, "got a")
    })
  )

  it.scoped("a view outside of the middleware learns what is missing", () =>
    Effect.gen(function* () {
      const client = yield* clientOf({ views, options: { development: true } })
      const response = yield* client.get(script)
      assert.strictEqual(response.status, 500)
      assert.include(response.text, "no CSRF middleware")
    }).pipe(Effect.provide(quiet))
  )

  it.scoped("token and input of one page are values that hold while it is made", () =>
    Effect.gen(function* () {
      const twice = Route.get("/twice/", "twice")
      const client = yield* clientOf({
        views: [View.handle(twice, (_, request) => page(request, "csrf_input", "csrf_token"))],
        middleware: [Csrf.make()]
      })
      const { text } = yield* client.get(twice)
      assert.match(
        text,
        /^<input type="hidden" name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}">[A-Za-z0-9]{64}$/
      )
    })
  )
})
