import { it } from "@effect/vitest"
import { Effect } from "effect"
import * as TestSite from "portico/bootstrap/TestSite"
import { assert } from "vitest"
import site from "../site.ts"

const json = { accept: "application/json" }

it.scoped("takes, lists and finishes tasks; says what is wrong with others", () =>
  Effect.gen(function* () {
    const test = yield* TestSite.make(site, { load: (path) => import(path) })
    // A client that is no browser: no cookies, no token.
    const client = test.visitor({ enforceCsrf: true, headers: json })

    const added = yield* client.post("/tasks/", { json: { title: "Write", dueOn: "2026-12-01" } })
    assert.strictEqual(added.status, 201)
    const task = { id: 1, title: "Write", dueOn: "2026-12-01", doneAt: null }
    assert.deepStrictEqual(added.json, task)
    assert.deepStrictEqual((yield* client.get("/tasks/")).json, [task])

    assert.strictEqual((yield* client.put("/tasks/1/done")).status, 204)
    const [done] = (yield* client.get("/tasks/")).json as ReadonlyArray<{ doneAt: string }>
    assert.strictEqual(done!.doneAt, "1970-01-01T00:00:00.000Z")

    const empty = yield* client.post("/tasks/", { json: { title: "" } })
    assert.strictEqual(empty.status, 422)
    assert.strictEqual(empty.headers.get("content-type"), "application/problem+json")
    assert.deepNestedInclude(empty.json, { "issues[0].path": ["title"] })

    assert.strictEqual((yield* client.post("/tasks/", { json: { title: "Write" } })).status, 409)
    const noDate = { title: "Read", dueOn: "soon" }
    assert.strictEqual((yield* client.post("/tasks/", { json: noDate })).status, 422)
    assert.strictEqual((yield* client.put("/tasks/2/done")).status, 404)
  })
)
