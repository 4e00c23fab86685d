import { assert, inject, it } from "vitest"
import { missing } from "./missing.ts"

it("every database of the matrix runs, or the run says which is missing", () => {
  for (const kind of ["postgres", "mysql"] as const) {
    const url = inject(kind)
    assert.isTrue(url !== undefined ? url.startsWith(`${kind}://`) : process.env["CI"] !== "true")
  }
  assert.isArray(missing)
})
