/** docs/guide/getting-started.md, done as it says: its files in an empty folder, its commands, its page. */
import { it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert } from "vitest"
import type * as App from "../../src/bootstrap/App.ts"
import { appsOf, makemigrations } from "../../src/bootstrap/internal/migrations.ts"
import * as TestSite from "../../src/bootstrap/TestSite.ts"
import { blocksOf, modulesOf, pages } from "./pages.ts"
import { makeWorkspace } from "./workspace.ts"

const load = (path: string) => import(/* @vite-ignore */ path)

const page = pages.find(({ path }) => path === "docs/guide/getting-started.md")!

const files = blocksOf(page).flatMap((block) => {
  if (block.language === "ts") {
    return modulesOf(block).map(({ code, name }) => ({ name, text: code }))
  }
  const named = /^\{\{! (\S+) \}\}\n/.exec(block.text)
  return named === null ? [] : [{ name: named[1]!, text: block.text }]
})

it.scoped("getting started ends with a page from the database", () =>
  Effect.gen(function* () {
    const workspace = yield* Effect.acquireRelease(Effect.sync(makeWorkspace), (made) =>
      Effect.sync(made.remove)
    )
    assert.lengthOf(files, 5)
    for (const { name, text } of files) workspace.write(name, text)
    const { default: site } = (yield* Effect.promise(() =>
      load(join(workspace.path, "site.ts"))
    )) as { readonly default: App.Site }

    yield* makemigrations(appsOf(site), load, {})
    assert.isTrue(existsSync(join(workspace.path, "migrations/0001_initial.ts")))

    const test = yield* TestSite.make(site, { load })
    const visitor = test.visitor({ enforceCsrf: true })
    const first = yield* visitor.get("/")
    const written = yield* visitor.submit(first, { text: "Tea & <b>" }, { follow: true })
    assert.strictEqual(written.status, 200)
    assert.include(
      written.text,
      "<li>Tea &amp; &lt;b&gt;, <time>1970-01-01T00:00:00.000Z</time></li>"
    )

    // What the page says is there already.
    assert.strictEqual((yield* visitor.submit(first, { text: "" })).status, 422)
    const forged = yield* test.visitor({ enforceCsrf: true }).post("/", { form: { text: "x" } })
    assert.strictEqual(forged.status, 403)
    assert.include(first.headers.get("content-security-policy"), "default-src 'self'")
  })
)
