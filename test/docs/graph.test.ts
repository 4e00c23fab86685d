/** The graph in ARCHITECTURE.md shows the imports that the code has. */
import { spawnSync } from "node:child_process"
import { assert, it } from "vitest"
import { root } from "./pages.ts"

it("ARCHITECTURE.md shows the imports of the code", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/graph.mjs", "--check"], {
    cwd: root,
    encoding: "utf8"
  })
  assert.strictEqual(stderr, "")
  assert.strictEqual(status, 0)
})
