/** The views that the guide shows answer as its pages say. */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import * as App from "../../src/bootstrap/App.ts"
import * as TestSite from "../../src/bootstrap/TestSite.ts"
import type * as View from "../../src/ports/View.ts"
import { blocksOf, modulesOf, pages } from "./pages.ts"
import { makeWorkspace } from "./workspace.ts"

const workspace = makeWorkspace()
afterAll(() => workspace.remove())

const isEndpoint = (u: unknown): u is View.Endpoint<App.Provided> =>
  typeof u === "object" && u !== null && "route" in u && "handler" in u

/** A site of every view that a page of the guide exports. */
const siteOf = (name: string) =>
  Effect.promise(async () => {
    const page = pages.find(({ path }) => path === `docs/guide/${name}.md`)!
    const modules = blocksOf(page)
      .filter(({ language }) => language === "ts")
      .flatMap(modulesOf)
    for (const { code, name: file } of modules) workspace.write(`${name}/${file}`, code)
    const views: Array<View.Endpoint<App.Provided>> = []
    for (const { code, name: file } of modules) {
      if (!code.includes("View.handle(")) continue
      const module = (await import(
        /* @vite-ignore */ join(workspace.path, name, file)
      )) as Readonly<Record<string, unknown>>
      views.push(...Object.values(module).filter(isEndpoint))
    }
    return App.make({ name, views })
  })

const visitorOf = (name: string) =>
  Effect.map(
    Effect.flatMap(siteOf(name), (site) => TestSite.make(site)),
    (test) => test.visitor({ enforceCsrf: true })
  )

describe("the views of the guide", () => {
  it.scoped("requests-and-responses", () =>
    Effect.gen(function* () {
      const visitor = yield* visitorOf("requests-and-responses")
      const created = yield* visitor.post("/polls/", {
        json: { question: "Why?", choices: ["Because", "Why not"] }
      })
      assert.strictEqual(created.status, 201)
      assert.deepStrictEqual(created.json, { question: "Why?", choices: 2 })
      const refused = yield* visitor.post("/polls/", { json: { question: "", choices: "none" } })
      assert.strictEqual(refused.status, 422)
      assert.lengthOf((refused.json as { issues: ReadonlyArray<unknown> }).issues, 2)
      assert.deepStrictEqual((yield* visitor.get("/polls/")).json, { page: 1 })
      assert.deepStrictEqual((yield* visitor.get("/polls/", { query: { page: 7 } })).json, {
        page: 7
      })
      assert.strictEqual((yield* visitor.get("/polls/?page=x")).status, 400)
    })
  )

  it.scoped("routes-and-views", () =>
    Effect.gen(function* () {
      const visitor = yield* visitorOf("routes-and-views")
      assert.strictEqual((yield* visitor.get("/archive/2026/all/")).text, "all of 2026")
      const redirected = yield* visitor.get("/archive/2026/all", { follow: true })
      assert.deepStrictEqual(redirected.redirects, ["/archive/2026/all/"])
      const wrongMethod = yield* visitor.get("/vote/")
      assert.strictEqual(wrongMethod.status, 405)
      assert.include(wrongMethod.headers.get("allow"), "POST")
    })
  )

  it.scoped("sessions-and-security", () =>
    Effect.gen(function* () {
      const visitor = yield* visitorOf("sessions-and-security")
      assert.strictEqual((yield* visitor.get("/")).text, "Visit 1")
      assert.strictEqual((yield* visitor.get("/")).text, "Visit 2")
      const hook = yield* visitor.post("/hooks/payment/", { json: { paid: true } })
      assert.deepStrictEqual(hook.json, { received: true })
      const policy = (yield* visitor.get("/map/")).headers.get("content-security-policy")
      assert.include(policy, "img-src 'self' https://tiles.example.org")
      const { text: link } = yield* visitor.get("/invite/")
      assert.deepStrictEqual((yield* visitor.get(link)).json, { poll: 1 })
      const forged = `${link.slice(0, -2)}${link.endsWith("A/") ? "B" : "A"}/`
      assert.strictEqual((yield* visitor.get(forged)).status, 403)
    })
  )

  it.scoped("static-files", () =>
    Effect.gen(function* () {
      const visitor = yield* visitorOf("static-files")
      assert.strictEqual((yield* visitor.get("/logo/")).status, 500)
    })
  )
})
