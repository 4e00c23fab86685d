/**
 * The dependency graph of ARCHITECTURE.md, drawn from the imports of src and contracts.
 *
 *   node scripts/graph.mjs           writes it between the markers
 *   node scripts/graph.mjs --check   status 1 where the page says something else
 */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const page = new URL("../ARCHITECTURE.md", import.meta.url)
const [from, to] = ["<!-- graph: node scripts/graph.mjs -->", "<!-- /graph -->"]

const depcruise = () =>
  JSON.parse(
    execFileSync(
      fileURLToPath(new URL("../node_modules/.bin/depcruise", import.meta.url)),
      [
        "--config",
        ".dependency-cruiser.cjs",
        "--no-ignore-known",
        "-T",
        "json",
        "src",
        "contracts"
      ],
      // Status 1 tells of broken rules, which are another check's business.
      { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] }
    )
  ).modules

/** `src/adapters/db/internal/url.ts` → `adapters/db`; undefined for what is not drawn. */
const folderOf = (file) =>
  /^src\/(adapters\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? /^(contracts)\//.exec(file)?.[1]

/** Every technology that an adapter imports. Effect and Node are everywhere. */
const technologyOf = (file) => {
  const name = /^node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[1]?.replace(/^@types\//, "")
  return name === "effect" ? undefined : name
}

const draw = (modules) => {
  const edges = new Set()
  const technologies = new Map()
  for (const { dependencies, source } of modules) {
    const folder = folderOf(source)
    if (folder === undefined) continue
    if (!technologies.has(folder)) technologies.set(folder, new Set())
    for (const { resolved } of dependencies) {
      const other = folderOf(resolved)
      if (other !== undefined && other !== folder) edges.add(`${folder} ${other}`)
      const technology = technologyOf(resolved)
      if (technology !== undefined && folder.startsWith("adapters/")) {
        technologies.get(folder).add(technology)
      }
    }
  }
  const id = (folder) => folder.replace("/", "_")
  const label = (folder) => [folder, ...[...technologies.get(folder)].sort()].join("<br/>")
  return [
    "```mermaid",
    "flowchart RL",
    ...[...technologies.keys()].sort().map((folder) => `  ${id(folder)}["${label(folder)}"]`),
    ...[...edges].sort().map((edge) => `  ${edge.split(" ").map(id).join(" --> ")}`),
    "```"
  ].join("\n")
}

const text = readFileSync(page, "utf8")
const [before, after] = [text.indexOf(from), text.indexOf(to)]
if (before < 0 || after < before) {
  console.error(`graph: ARCHITECTURE.md has no "${from}" … "${to}". Put the two lines back.`)
  process.exit(2)
}
const drawn = `${text.slice(0, before + from.length)}\n${draw(depcruise())}\n${text.slice(after)}`
if (!process.argv.includes("--check")) writeFileSync(page, drawn)
else if (drawn !== text) {
  console.error(
    "graph: ARCHITECTURE.md shows other imports than the code has. Run: node scripts/graph.mjs"
  )
  process.exitCode = 1
}
