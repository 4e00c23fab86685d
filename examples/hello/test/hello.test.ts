import { it } from "@effect/vitest"
import { Effect } from "effect"
import * as TestSite from "portico/bootstrap/TestSite"
import { assert } from "vitest"
import site from "../site.ts"

it.scoped("greets by name, and escapes it", () =>
  Effect.gen(function* () {
    const test = yield* TestSite.make(site)
    const visitor = test.visitor()
    const page = yield* visitor.get("/", { follow: true })
    assert.deepStrictEqual(page.redirects, ["/world/"])
    assert.strictEqual(page.text, "<h1>Hello, world!</h1>")
    assert.include((yield* visitor.get("/<b>/")).text, "Hello, &lt;b&gt;!")
  })
)
