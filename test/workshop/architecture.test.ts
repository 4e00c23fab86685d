/** Each rule of .dependency-cruiser.cjs bites: one planted violation per rule, in a tree of its own. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

/** File → text. Each `rule` must be reported for `from`, and nothing else may be. */
const clean: Readonly<Record<string, string>> = {
  "src/domain/Good.ts": `import * as Schema from "effect/Schema"\nexport const Good = Schema.String`,
  "src/ports/Port.ts": `import type { Good } from "../domain/Good.ts"\nexport type Port = typeof Good`,
  "src/adapters/db/internal/sql.ts": `export const sql = 1`,
  "src/adapters/db/Adapter.ts": `import pg from "pg"\nimport { sql } from "./internal/sql.ts"\nimport type { Port } from "../../ports/Port.ts"\nexport const adapter: readonly [Port | undefined, number, unknown] = [undefined, sql, pg]`,
  "src/adapters/auth/Other.ts": `export const other = 1`,
  "src/bootstrap/App.ts": `import { adapter } from "../adapters/db/Adapter.ts"\nexport const app = adapter`,
  "contracts/Contract.ts": `import type { Port } from "../src/ports/Port.ts"\nexport type Contract = Port`,
  "contracts/vitest.ts": `import { it } from "vitest"\nexport const register = it`
}

const planted: ReadonlyArray<readonly [rule: string, from: string, text: string]> = [
  [
    "domain-is-pure",
    "src/domain/Bad.ts",
    `import type { Port } from "../ports/Port.ts"\nexport type Bad = Port`
  ],
  [
    "core-runs-anywhere",
    "src/ports/Bad.ts",
    `import * as fs from "node:fs"\nexport const bad = fs`
  ],
  [
    "ports-know-no-adapter",
    "src/ports/Bad.ts",
    `import type { adapter } from "../adapters/db/Adapter.ts"\nexport type Bad = typeof adapter`
  ],
  [
    "adapters-stay-in-their-folder",
    "src/adapters/db/Bad.ts",
    `import { other } from "../auth/Other.ts"\nexport const bad = other`
  ],
  [
    "adapters-know-no-bootstrap",
    "src/adapters/auth/Bad.ts",
    `import type { app } from "../../bootstrap/App.ts"\nexport type Bad = typeof app`
  ],
  [
    "contracts-know-only-ports",
    "contracts/BadContract.ts",
    `import { it } from "vitest"\nexport const bad = it`
  ],
  [
    "contracts-run-anywhere",
    "contracts/BadContract.ts",
    `import * as net from "node:net"\nexport const bad = net`
  ],
  [
    "one-door-to-drivers",
    "src/bootstrap/Bad.ts",
    `import type { Pool } from "pg"\nexport type Bad = Pool`
  ],
  [
    "internal-is-internal",
    "src/bootstrap/Bad.ts",
    `import { sql } from "../adapters/db/internal/sql.ts"\nexport const bad = sql`
  ],
  [
    "examples-use-public-names",
    "examples/bad.ts",
    `import { sql } from "../src/adapters/db/internal/sql.ts"\nexport const bad = sql`
  ],
  [
    "no-cycles",
    "src/domain/Bad.ts",
    `import type { Worse } from "./Worse.ts"\nexport type Bad = Worse | 1`
  ],
  [
    "nothing-unresolved",
    "src/domain/Bad.ts",
    `import { nowhere } from "./Nowhere.ts"\nexport const bad = nowhere`
  ]
]

const root = resolve(import.meta.dirname, "../..")
const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs")
let tree: string

const write = (file: string, text: string) => {
  fs.mkdirSync(dirname(join(tree, file)), { recursive: true })
  fs.writeFileSync(join(tree, file), text)
}

const violations = (): ReadonlyArray<string> => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    // prettier-ignore
    [depcruise, "--config", ".dependency-cruiser.cjs", "--output-type", "json", "src", "contracts", "examples"],
    { cwd: tree, encoding: "utf8", maxBuffer: 2 ** 26 }
  )
  assert.isNotEmpty(stdout, stderr)
  const report: {
    summary: { violations: ReadonlyArray<{ rule: { name: string }; from: string }> }
  } = JSON.parse(stdout)
  return report.summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`)
}

beforeAll(() => {
  tree = fs.mkdtempSync(join(tmpdir(), "portico-architecture-"))
  fs.symlinkSync(join(root, "node_modules"), join(tree, "node_modules"))
  for (const file of [".dependency-cruiser.cjs", "tsconfig.json"]) {
    fs.copyFileSync(join(root, file), join(tree, file))
  }
  write("package.json", `{ "type": "module" }`)
  write("examples/good.ts", `export const good = 1`)
  for (const [file, text] of Object.entries(clean)) write(file, text)
})

afterAll(() => fs.rmSync(tree, { recursive: true, force: true }))

describe("the dependency rule", () => {
  it("finds nothing in a clean tree", () => assert.deepStrictEqual(violations(), []))

  for (const [rule, from, text] of planted) {
    it(`${rule} is reported`, () => {
      write(from, text)
      if (rule === "no-cycles") {
        write(
          "src/domain/Worse.ts",
          `import type { Bad } from "./Bad.ts"\nexport type Worse = Bad | 2`
        )
      }
      try {
        assert.include(violations(), `${rule}: ${from}`)
      } finally {
        fs.rmSync(join(tree, from))
        fs.rmSync(join(tree, "src/domain/Worse.ts"), { force: true })
      }
    })
  }

  it("has a planted violation for each of its rules", () => {
    const config: { forbidden: ReadonlyArray<{ name: string }> } = createRequire(import.meta.url)(
      join(root, ".dependency-cruiser.cjs")
    )
    assert.sameMembers(
      planted.map(([rule]) => rule),
      config.forbidden.map(({ name }) => name)
    )
  })
})
