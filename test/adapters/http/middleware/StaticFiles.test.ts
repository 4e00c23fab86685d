import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Files from "../../../../src/adapters/http/middleware/StaticFiles.ts"
import * as HttpResponse from "../../../../src/domain/HttpResponse.ts"
import * as Route from "../../../../src/domain/Route.ts"
import * as HttpRequest from "../../../../src/ports/HttpRequest.ts"
import * as StaticFiles from "../../../../src/ports/StaticFiles.ts"
import * as View from "../../../../src/ports/View.ts"
import { clientOf } from "../../../support/site.ts"

const name = Route.get("/name/:file(path)", "name")
const prefix = Route.get("/prefix/", "prefix")

const views = [
  View.handle(name, ({ file }, request) => HttpResponse.text(StaticFiles.url(request, file))),
  View.handle(prefix, (_, request) =>
    HttpResponse.text(String(HttpRequest.templateContext(request)["static_url"]))
  )
]

/** Two directories: the site's, which wins, and an app's. */
const directories = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "portico-static-"))
    const [site, app] = [join(root, "site"), join(root, "app")]
    for (const directory of [join(site, "polls"), join(app, "polls")]) {
      mkdirSync(directory, { recursive: true })
    }
    writeFileSync(join(root, "secret.txt"), "secret")
    writeFileSync(join(site, "polls", "style.css"), "site")
    writeFileSync(join(app, "polls", "style.css"), "app")
    writeFileSync(join(app, "polls", "script.min.js"), "script")
    writeFileSync(join(app, "LICENSE"), "licence")
    writeFileSync(join(app, "a b.txt"), "space")
    writeFileSync(join(app, ".env"), "hidden")
    writeFileSync(join(app, "odd.constructor"), "odd")
    symlinkSync(join(root, "secret.txt"), join(app, "link.txt"))
    symlinkSync(root, join(app, "up"))
    symlinkSync(join(app, "LICENSE"), join(app, "inside.txt"))
    return { root, site, app }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true }))
)

const setUp = (options: Partial<Files.Options> = {}) =>
  Effect.gen(function* () {
    const { app, root, site } = yield* directories
    const middleware = [Files.make({ directories: [site, app, join(root, "none")], ...options })]
    const client = yield* clientOf({ views, middleware })
    return { client, site }
  }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)))

describe("StaticFiles", () => {
  it.scoped("a file is served with its type, the site's before an app's", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      const style = yield* client.get("/static/polls/style.css")
      assert.deepStrictEqual([style.status, style.text], [200, "site"])
      assert.strictEqual(style.headers.get("content-type"), "text/css; charset=utf-8")
      assert.strictEqual(style.headers.get("cache-control"), "public, max-age=60")
      const licence = yield* client.get("/static/LICENSE")
      assert.strictEqual(licence.headers.get("content-type"), "application/octet-stream")
      const odd = yield* client.get("/static/odd.constructor")
      assert.strictEqual(odd.headers.get("content-type"), "application/octet-stream")
      assert.strictEqual((yield* client.get("/static/a%20b.txt")).text, "space")
      const head = yield* client.head("/static/polls/style.css")
      assert.deepStrictEqual([head.status, head.text], [200, ""])
    })
  )

  it.scoped("nothing outside of the directories is served, and nothing hidden", () =>
    Effect.gen(function* () {
      for (const development of [false, true]) {
        const { client } = yield* setUp({ development })
        assert.strictEqual((yield* client.get("/static/inside.txt")).text, "licence")
        for (const path of [
          "..%2Fsecret.txt",
          "polls/..%2F..%2Fsecret.txt",
          "%2e%2e/secret.txt",
          "..%5Csecret.txt",
          "link.txt",
          "up/secret.txt",
          ".env",
          "polls/.%2Fstyle.css",
          "polls//style.css",
          "polls",
          "",
          "LICENSE/",
          "LICENSE%00",
          "%ff",
          "C:%5Cx"
        ]) {
          const { status, text } = yield* client.get(`/static/${path}`)
          assert.oneOf(status, [400, 404], path)
          assert.notInclude(text, "secret", path)
        }
      }
    })
  )

  it.scoped("an address with the content's hash may be kept for ever", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      for (const [file, address, text] of [
        ["polls/style.css", /^\/static\/polls\/style\.[0-9a-f]{12}\.css$/, "site"],
        ["polls/script.min.js", /^\/static\/polls\/script\.min\.[0-9a-f]{12}\.js$/, "script"],
        ["LICENSE", /^\/static\/LICENSE\.[0-9a-f]{12}$/, "licence"],
        ["a b.txt", /^\/static\/a%20b\.[0-9a-f]{12}\.txt$/, "space"]
      ] as const) {
        const url = (yield* client.get(name, { file })).text
        assert.match(url, address)
        const response = yield* client.get(url)
        assert.strictEqual(response.text, text)
        assert.strictEqual(
          response.headers.get("cache-control"),
          "public, max-age=31536000, immutable"
        )
      }
    })
  )

  it.scoped("an address with the hash of other content is served, and not kept for ever", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      const old = yield* client.get("/static/polls/style.000000000000.css")
      assert.deepStrictEqual([old.status, old.text], [200, "site"])
      assert.strictEqual(old.headers.get("cache-control"), "public, max-age=60")
      assert.strictEqual((yield* client.get("/static/polls/none.000000000000.css")).status, 404)
    })
  )

  it.scoped("the name of a file that is not there is a fault of the view", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      assert.strictEqual((yield* client.get(name, { file: "polls/style.css" })).status, 200)
      assert.strictEqual((yield* client.get(name, { file: "polls/stile.css" })).status, 500)
    })
  )

  it.scoped("in development names are plain and changed files are seen at once", () =>
    Effect.gen(function* () {
      const { client, site } = yield* setUp({ development: true })
      const url = (yield* client.get(name, { file: "polls/style.css" })).text
      assert.strictEqual(url, "/static/polls/style.css")
      const before = yield* client.get(url)
      assert.strictEqual(before.headers.get("cache-control"), "no-cache")
      writeFileSync(join(site, "polls", "style.css"), "changed")
      utimesSync(join(site, "polls", "style.css"), 1, 1)
      const headers = { "if-none-match": before.headers.get("etag")! }
      assert.strictEqual((yield* client.get(url, { headers })).text, "changed")
    })
  )

  it.scoped("a browser that has the file is told so, and one that wants a part gets it", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      const etag = (yield* client.get("/static/polls/style.css")).headers.get("etag")!
      const fresh = yield* client.get("/static/polls/style.css", {
        headers: { "if-none-match": etag }
      })
      assert.deepStrictEqual([fresh.status, fresh.text], [304, ""])
      const part = yield* client.get("/static/polls/style.css", { headers: { range: "bytes=1-2" } })
      assert.deepStrictEqual([part.status, part.text], [206, "it"])
    })
  )

  it.scoped("pages know the prefix, which may be another", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp({ prefix: "/assets/" })
      assert.strictEqual((yield* client.get(prefix)).text, "/assets/")
      assert.strictEqual((yield* client.get("/assets/polls/style.css")).text, "site")
      assert.strictEqual((yield* client.get("/static/polls/style.css")).status, 404)
    })
  )

  it.scoped("only GET and HEAD reach files", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      assert.strictEqual((yield* client.post("/static/polls/style.css")).status, 404)
    })
  )

  it("a prefix without slashes is refused at start-up", () => {
    for (const prefix of ["static", "/static", "static/", ""]) {
      assert.throws(() => Files.make({ directories: [], prefix }), /Write it as/)
    }
  })
})
