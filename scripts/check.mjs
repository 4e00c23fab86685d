/**
 * `npm run check`: everything that is checked without running the code, one line a check. With
 * names as arguments only those run: `npm run check types lint`.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const run = (command, args) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: process.env })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    child.on("error", (error) => resolve({ ok: false, output: String(error) }))
    child.on("exit", (code) => resolve({ ok: code === 0, output }))
  })

const tool = (name, ...args) => run(join("node_modules", ".bin", name), args)

/** The language service answers "Checked 0 files" with exit status 0 when it is not set up. */
const effectDiagnostics = async () => {
  const result = await tool("effect-language-service", "diagnostics", "--project", "tsconfig.json")
  const checked = Number(/Checked (\d+) files/.exec(result.output)?.[1] ?? 0)
  return checked > 0 ? result : { ok: false, output: `${result.output}\nNo file was checked.` }
}

const packed = async () => {
  const folder = mkdtempSync(join(tmpdir(), "portico-pack-"))
  try {
    const pack = await run("npm", [
      "pack",
      "--silent",
      "--ignore-scripts",
      "--pack-destination",
      folder
    ])
    if (!pack.ok) return pack
    const tarball = join(folder, pack.output.trim().split("\n").pop())
    const lint = await tool("publint", tarball, "--strict")
    const types = await tool("attw", tarball, "--profile", "esm-only")
    return { ok: lint.ok && types.ok, output: `${lint.output}\n${types.output}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const checks = {
  types: () => tool("tsc", "-p", "tsconfig.json"),
  lint: () => tool("oxlint", "--type-aware", "--deny-warnings"),
  format: () => tool("oxfmt", "--check", "."),
  effect: effectDiagnostics,
  architecture: () =>
    tool(
      "depcruise",
      "--config",
      ".dependency-cruiser.cjs",
      "src",
      "contracts",
      "test",
      "examples",
      "bench"
    ),
  unused: () => tool("knip"),
  build: () => tool("tsc", "-p", "tsconfig.build.json"),
  package: packed
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in checks))
if (unknown.length > 0) {
  console.error(
    `check: no check is called ${unknown.join(", ")}. There are: ${Object.keys(checks).join(", ")}.`
  )
  process.exit(2)
}

let failed = 0
for (const [name, check] of Object.entries(checks)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const start = performance.now()
  const { ok, output } = await check()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${ok ? "✓" : "✗"} ${name.padEnd(14)}${seconds.padStart(6)} s`)
  if (ok) continue
  failed++
  console.log(output.trim().replace(/^/gm, "    "))
}
process.exitCode = failed > 0 ? 1 : 0
