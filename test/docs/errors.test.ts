/** docs/errors.md and the tagged errors of the sources are the same list, each with its advice. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { problem } from "../../src/adapters/http/ErrorResponse.ts"
import type * as View from "../../src/ports/View.ts"
import { pages, root } from "./pages.ts"

const declaration =
  /class (\w+) extends (?:Schema|Data)\.TaggedError(?:<\w+>)?\(\s*"([^"]+)"\s*\)\(\s*"(\w+)"/g

const declared = ["src", "contracts"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) =>
      [...readFileSync(join(root, folder, file), "utf8").matchAll(declaration)].map(
        ([, name = "", id = "", tag = ""]) => ({ file: `${folder}/${file}`, name, id, tag })
      )
    )
)

const page = pages.find(({ path }) => path === "docs/errors.md")!.text

/** Tag → what stands below its heading. */
const entries = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((entry) => {
      const [heading = "", ...text] = entry.split("\n")
      return [heading.replaceAll("`", "").trim(), text.join("\n")]
    })
)

describe("docs/errors.md", () => {
  it("finds every declaration", () => {
    const mentions = ["src", "contracts"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .flatMap((file) => [
          ...readFileSync(join(root, folder, file), "utf8").matchAll(/extends \w+\.TaggedError\b/g)
        ])
    )
    assert.lengthOf(declared, mentions.length)
  })

  it("has an entry for each tag, once, and none besides", () => {
    assert.deepStrictEqual([...entries.keys()].sort(), declared.map(({ tag }) => tag).sort())
    assert.lengthOf(page.match(/^### /gm)!, entries.size)
  })

  it.each([...entries])("%s: when it happens, what to do", (_, text) => {
    assert.match(text, /^- \*\*When\.\*\* \S/m)
    assert.match(text, /^- \*\*Do\.\*\* \S/m)
  })
})

describe("the statuses in docs/errors.md", () => {
  const source = readFileSync(join(root, "src/adapters/http/ErrorResponse.ts"), "utf8")
  const [table = ""] = /^const table: Table = \{\n[\s\S]*?^\}/m.exec(source)!
  const tags = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, tag = ""]) => tag)
  // Whatever a row reads of its failure.
  const failure = { limit: "memory", max: 1, reason: "it ends early", issues: [], status: 418 }

  it.each(tags)("%s", (_tag) => {
    // The rows were read from the table itself, so each tag is one of a view's failures.
    const { status } = problem({ ...failure, _tag } as unknown as View.Failure)
    const [, said] = /^- \*\*Answer\.\*\* (\S+)\./m.exec(entries.get(_tag)!) ?? []
    assert.strictEqual(said, _tag === "HttpFailure" ? "Yours" : String(status))
  })

  it("are said of nothing else", () => {
    const others = [...entries].filter(
      ([tag, text]) => !tags.includes(tag) && /^- \*\*Answer/m.test(text)
    )
    assert.deepStrictEqual(others, [])
    assert.isAtLeast(tags.length, 25)
  })
})

describe("tagged errors", () => {
  it.each(declared)(
    "$tag is called like its class, under an id of Portico's",
    ({ id, name, tag }) => {
      assert.strictEqual(tag, name)
      assert.match(id, new RegExp(`^portico/(domain|ports|bootstrap|contracts)/(?:\\w+/)*${tag}$`))
    }
  )

  it("have ids of their own", () => {
    const ids = declared.map(({ id }) => id)
    assert.strictEqual(new Set(ids).size, ids.length)
  })
})
