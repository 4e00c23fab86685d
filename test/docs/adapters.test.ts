/** docs/adapters.md is made from the adapters' `capabilities`: `npx vitest run test/docs/adapters.test.ts -u`. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { adapterFiles, root } from "../workshop/adapterFiles.ts"

type Capabilities = Readonly<Record<string, unknown>>

/** The port whose capabilities a file declares, by the type it gives them. */
const portOf = (path: string): string => {
  const text = readFileSync(join(root, path), "utf8")
  const qualified = /^export const capabilities: (\w+)\.Capabilities/m.exec(text)?.[1]
  if (qualified !== undefined) return qualified
  return /import[^;]*?\bCapabilities\b[^;]*?from "\.\.\/\.\.\/ports\/(\w+)\.ts"/.exec(text)![1]!
}

/** The first sentence of each capability's docstring. */
const meanings = (port: string): ReadonlyMap<string, string> => {
  const text = readFileSync(join(root, `src/ports/${port}.ts`), "utf8")
  const body = /^export interface Capabilities \{\n([\s\S]*?)^\}/m.exec(text)![1]!
  return new Map(
    [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s*readonly (\w+)/g)].map(
      ([, comment = "", name = ""]) => [name, comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim()]
    )
  )
}

const shown = (value: unknown): string =>
  typeof value === "boolean"
    ? value
      ? "yes"
      : "no"
    : Array.isArray(value)
      ? value.join(", ")
      : value === Infinity
        ? "unlimited"
        : String(value)

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

it("docs/adapters.md says what the adapters declare", async () => {
  const adapters = await Promise.all(
    adapterFiles.map(async ({ name, path }) => ({
      path,
      name: name.slice(name.indexOf("/") + 1),
      capabilities: ((await import(join(root, path))) as { readonly capabilities?: Capabilities })
        .capabilities
    }))
  )
  const declaring = adapters.flatMap(({ capabilities, ...adapter }) =>
    capabilities === undefined ? [] : [{ ...adapter, capabilities, port: portOf(adapter.path) }]
  )
  const sections = [...new Set(declaring.map(({ port }) => port))].sort().map((port) => {
    const own = declaring.filter((adapter) => adapter.port === port)
    const names = Object.keys(own[0]!.capabilities)
    const meaning = meanings(port)
    return [
      `## ${port}`,
      "",
      row(["", ...own.map(({ name, path }) => `[${name}](../${path})`)]),
      row(["---", ...own.map(() => "---")]),
      ...names.map((name) =>
        row([`\`${name}\``, ...own.map(({ capabilities }) => shown(capabilities[name]))])
      ),
      "",
      ...names.map((name) => `- \`${name}\`: ${meaning.get(name)}`)
    ].join("\n")
  })
  const text = [
    "# Adapters and what they can do",
    "",
    "Made from the `capabilities` that the adapters export; a test fails when this page says something else. What an adapter",
    "does not declare is refused with `Unsupported`, or by the remedy that the port names, and never ignored.",
    "",
    sections.join("\n\n"),
    ""
  ].join("\n")
  await expect(text).toMatchFileSnapshot(join(root, "docs/adapters.md"))
})
