/**
 * Every public name, in surface.txt: a change of what users can import shows up in its review.
 * `npx vitest run test/workshop/surface.test.ts -u` writes the file anew.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, expect, it } from "vitest"
import { root } from "./adapterFiles.ts"

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)

const folders = [
  "src/domain",
  "src/ports",
  ...readdirSync(join(root, "src/adapters")).map((area) => `src/adapters/${area}`),
  "src/adapters/http/middleware",
  "src/bootstrap",
  "contracts"
]

// `bin.ts` runs; it is no module to import.
const modules = ["src/index.ts", ...folders.flatMap(filesIn)].filter(
  (file) => file !== "src/bootstrap/bin.ts"
)

/** `src/ports/Router.ts` → `portico/ports/Router`, as users write it. */
const specifierOf = (file: string): string =>
  file === "src/index.ts"
    ? "portico"
    : `portico/${file.replace(/^src\//, "").slice(0, -".ts".length)}`

interface Names {
  readonly values: ReadonlyArray<string>
  readonly types: ReadonlyArray<string>
}

const declared =
  /^export (?:declare )?(const|function\*?|class|abstract class|interface|type) (\w+)/gm
const destructured = /^export const \{([^}]*)\} =/gm
const listed = /^export (type )?\{([^}]*)\}/gm
const namespaced = /^export \* as (\w+) from/gm

/** What a list between braces exports: `a`, `a as b`, `type a`. */
const namesOf = (list: string): ReadonlyArray<{ readonly name: string; readonly type: boolean }> =>
  list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
    .map((item) => ({
      type: item.startsWith("type "),
      name: item.replace(/^type /, "").replace(/^.*(?: as |: )/, "")
    }))

const read = (file: string): Names => {
  const text = readFileSync(join(root, file), "utf8").replaceAll(
    // At the beginning of a line, since text may hold "/*".
    /^\s*\/\*[\s\S]*?\*\//gm,
    ""
  )
  assert.notMatch(text, /^export \* from/m, `${file}: a surface is written out`)
  const values = new Set<string>()
  const types = new Set<string>()
  for (const [, kind = "", name = ""] of text.matchAll(declared)) {
    if (kind === "interface" || kind === "type") types.add(name)
    else values.add(name)
  }
  for (const [, list = ""] of text.matchAll(destructured)) {
    for (const { name } of namesOf(list)) values.add(name)
  }
  for (const [, type, list = ""] of text.matchAll(listed)) {
    for (const item of namesOf(list))
      (type !== undefined || item.type ? types : values).add(item.name)
  }
  for (const [, name = ""] of text.matchAll(namespaced)) values.add(name)
  if (/^export default /m.test(text)) values.add("default")
  return { values: [...values].sort(), types: [...types].sort() }
}

describe("the public surface", () => {
  it("is what surface.txt says", async () => {
    const text = modules
      .map((file) => {
        const { types, values } = read(file)
        return [
          specifierOf(file),
          ...values.map((_) => `  ${_}`),
          ...types.map((_) => `  type ${_}`)
        ]
      })
      .flat()
      .join("\n")
    await expect(`${text}\n`).toMatchFileSnapshot("surface.txt")
  })

  // Reading the text is quick and shows types; importing proves that nothing was overlooked.
  it.each(modules)("%s exports at run time what was read", async (file) => {
    const module = (await import(join(root, file))) as object
    assert.deepStrictEqual(Object.keys(module).sort(), read(file).values)
  })
})
