/** Every example is started by a test, is read about, and imports Portico as its users do. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root } from "./adapterFiles.ts"

const filesOf = (name: string): ReadonlyArray<string> =>
  readdirSync(join(root, "examples", name), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
    .map((file) => `examples/${name}/${file.replaceAll("\\", "/")}`)

const read = (file: string): string => readFileSync(join(root, file), "utf8")

const examples = readdirSync(join(root, "examples")).filter((name) =>
  statSync(join(root, "examples", name)).isDirectory()
)

/** Those of one idea each, to be read in a minute. */
const small = ["hello", "json-api", "cli-only"]

const pages = ["README.md", "docs/guide/README.md"].map(read).join("\n")

describe.each(examples)("examples/%s", (name) => {
  const files = filesOf(name)
  const own = files.filter((file) => !file.startsWith(`examples/${name}/test/`))

  it("has a test, and a link from README or the guide", () => {
    assert.isTrue(files.some((file) => file.endsWith(".test.ts")))
    assert.include(pages, `examples/${name})`)
  })

  it("uses public names", () => {
    const foreign = own.flatMap((file) =>
      [...read(file).matchAll(/from "([^"]+)"/g)]
        .map(([, from = ""]) => `${file}: ${from}`)
        .filter((line) => /: (?:\.\.\/)+(?:src|contracts|test|dist)\/|\/internal\//.test(line))
    )
    assert.deepStrictEqual(foreign, [])
  })
})

describe.each(small)("examples/%s", (name) => {
  it("is under 40 lines a file", () => {
    for (const file of filesOf(name).filter((file) => !/\/(?:migrations|test)\//.test(file))) {
      assert.isBelow(read(file).trimEnd().split("\n").length, 40, file)
    }
  })
})
