import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as TestClient from "../../src/bootstrap/TestClient.ts"
import { html, trusted } from "../../src/domain/Html.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import * as HttpRequest from "../../src/ports/HttpRequest.ts"
import * as View from "../../src/ports/View.ts"
import { clientOf } from "../support/site.ts"

const echo = Route.make(["GET", "POST", "PUT", "PATCH", "DELETE"], "/echo/", "echo")
const item = Route.get("/items/:id(int)/", "item")
const hop = Route.make(["GET", "POST"], "/hop/:left(int)/", "hop")
const kept = Route.post("/kept/", "kept")
const away = Route.get("/away/", "away")
const cookies = Route.get("/cookies/", "cookies")
const form = Route.get("/form/", "form")

const views = [
  View.handle(echo, function* (_, request) {
    const type = HttpRequest.mediaType(request)
    const { fields, files } =
      type === "application/json" ? { fields: [], files: [] } : yield* request.form
    return HttpResponse.json({
      method: request.method,
      url: request.url,
      type,
      host: request.host,
      scheme: request.scheme,
      origin: request.header("origin") ?? null,
      json: type === "application/json" ? yield* request.json : null,
      fields: [...fields],
      files: files.map(({ field, name, size }) => [field, name, size])
    })
  }),
  View.handle(item, ({ id }, request) => HttpResponse.text(`item ${id} ${request.url}`)),
  View.handle(hop, ({ left }, request) =>
    HttpResponse.redirect(left === 0 ? "/echo/?done" : request.reverse(hop, { left: left - 1 }))
  ),
  View.handle(kept, () => HttpResponse.redirect("/echo/", { preserveMethod: true })),
  View.handle(away, () => HttpResponse.redirect("https://elsewhere.test/")),
  View.handle(cookies, (_, request) =>
    HttpResponse.withoutCookie(
      HttpResponse.withCookie(HttpResponse.json(request.cookies), "new", "1"),
      "old"
    )
  ),
  View.handle(form, () =>
    HttpResponse.html(
      html`${trusted(`<form class="x" action='/echo/?a=1&amp;b=2' method=post>
        <input name="text" value="&lt;b&gt; &amp; &#39;q&#x27;"><input name="empty">
        <input type="checkbox" name="on" checked><input type="checkbox" name="off" value="1">
        <input type="radio" name="one" value="1"><input type="radio" name="one" value="2" checked>
        <input name="gone" value="x" disabled><input type="submit" name="go" value="Go">
        <input data-name="no" value="checked"><textarea name="area">\nfirst\nsecond</textarea>
        <select name="pick"><option value="a">A</option><option selected>B</option></select>
        <select name="first"><option>1</option><option>2</option></select>
        <select name="many" multiple><option selected>x<option selected>y<option>z</select>
      </form><form><input name="second" value="2"></form>`)}`
    )
  )
]

const client = (options?: TestClient.Options) => clientOf({ views }, options)

describe("requests", () => {
  it.scoped("go to a path, or to a route with its parameters", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      assert.strictEqual((yield* browser.get("/items/7/")).text, "item 7 /items/7/")
      const query = { q: "a b", n: 2 }
      assert.strictEqual(
        (yield* browser.get(item, { id: 8 }, { query })).text,
        "item 8 /items/8/?q=a+b&n=2"
      )
      assert.strictEqual((yield* browser.get("/items/x/")).status, 404)
    })
  )

  it.scoped("carry forms, files, JSON and anything else", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      const sent = (options: TestClient.RequestOptions) =>
        Effect.map(browser.post(echo, options), ({ json }) => json as Record<string, unknown>)
      const urlencoded = yield* sent({ form: { a: "1 &", n: 2, list: ["x", "y"] } })
      assert.strictEqual(urlencoded["type"], "application/x-www-form-urlencoded")
      assert.deepStrictEqual(urlencoded["fields"], [
        ["a", "1 &"],
        ["n", "2"],
        ["list", "x"],
        ["list", "y"]
      ])
      const multipart = yield* sent({ form: { a: "1", file: new File(["four"], "f.txt") } })
      assert.strictEqual(multipart["type"], "multipart/form-data")
      assert.deepStrictEqual(multipart["files"], [["file", "f.txt", 4]])
      assert.deepStrictEqual((yield* sent({ json: { a: [1] } }))["json"], { a: [1] })
      const headers = { "content-type": "application/json" }
      assert.deepStrictEqual((yield* sent({ body: "[1]", headers }))["json"], [1])
    })
  )

  it.scoped("have the method that was named, the host and the scheme that were chosen", () =>
    Effect.gen(function* () {
      const browser = yield* client({ host: "shop.test", https: true })
      for (const [send, method] of [
        [browser.put, "PUT"],
        [browser.patch, "PATCH"],
        [browser.delete, "DELETE"]
      ] as const) {
        const { json } = yield* send(echo)
        assert.containsSubset(json, {
          method,
          host: "shop.test",
          scheme: "https",
          origin: "https://shop.test"
        })
      }
      assert.containsSubset((yield* browser.get(echo)).json, { method: "GET", origin: null })
    })
  )
})

describe("redirects", () => {
  it.scoped("are answers, unless they are followed", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      const first = yield* browser.post(hop, { left: 1 }, { form: { a: "1" } })
      assert.deepStrictEqual([first.status, first.headers.get("location")], [302, "/hop/0/"])
      const last = yield* browser.post(hop, { left: 1 }, { form: { a: "1" }, follow: true })
      assert.deepStrictEqual(last.redirects, ["/hop/0/", "/echo/?done"])
      assert.strictEqual(last.url, "/echo/?done")
      assert.containsSubset(last.json, { method: "GET", fields: [] })
    })
  )

  it.scoped("keep method and body where the status says so", () =>
    Effect.gen(function* () {
      const { json } = yield* (yield* client()).post(kept, { form: { a: "1" }, follow: true })
      assert.containsSubset(json, { method: "POST", fields: [["a", "1"]] })
    })
  )

  it.scoped("do not leave the site, and end", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      assert.strictEqual((yield* browser.get(away, { follow: true })).status, 302)
      const loop = yield* browser.get(hop, { left: 30 }, { follow: true })
      assert.deepStrictEqual([loop.status, loop.redirects.length], [302, 20])
    })
  )
})

describe("cookies", () => {
  it.scoped("are kept, sent and deleted", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      browser.cookies.set("old", "0")
      assert.deepStrictEqual((yield* browser.get(cookies)).json, { old: "0" })
      assert.deepStrictEqual((yield* browser.get(cookies)).json, { new: "1" })
      browser.cookies.clear()
      assert.deepStrictEqual((yield* browser.get(cookies)).json, {})
    })
  )
})

describe("forms", () => {
  it.scoped("are read as a browser would send them", () =>
    Effect.gen(function* () {
      const page = yield* (yield* client()).get(form)
      assert.deepStrictEqual(page.form, {
        action: "/echo/?a=1&b=2",
        method: "POST",
        fields: {
          text: "<b> & 'q'",
          empty: "",
          on: "on",
          one: "2",
          area: "first\nsecond",
          pick: "B",
          first: "1",
          many: ["x", "y"]
        }
      })
      assert.deepStrictEqual(page.forms[1], {
        action: "/form/",
        method: "GET",
        fields: { second: "2" }
      })
    })
  )

  it.scoped("are sent with other values in place of their own", () =>
    Effect.gen(function* () {
      const browser = yield* client()
      const { json } = yield* browser.submit(yield* browser.get(form), { text: "new", many: ["z"] })
      const { fields, url } = json as {
        fields: ReadonlyArray<readonly [string, string]>
        url: string
      }
      assert.strictEqual(url, "/echo/?a=1&b=2")
      assert.deepStrictEqual(
        fields.filter(([name]) => name === "text" || name === "many"),
        [
          ["text", "new"],
          ["many", "z"]
        ]
      )
    })
  )

  it.scoped("that are not there are missed", () =>
    Effect.gen(function* () {
      const page = yield* (yield* client()).get("/items/1/")
      assert.throws(() => page.form, /has no form\. Look at its text: item 1/)
    })
  )
})
