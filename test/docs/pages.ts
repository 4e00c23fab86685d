/** The pages of README and docs, taken apart for the tests that hold them to the code. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Page {
  /** From the root, with slashes: "docs/guide/testing.md". */
  readonly path: string
  readonly text: string
}

const markdownIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .sort()

export const pages: ReadonlyArray<Page> = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...markdownIn("docs")
].map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))

export interface Block {
  readonly language: string
  readonly text: string
  /** The page's line that the block's first line is. Counts from 1. */
  readonly line: number
  /** What the comments right before the block say to the compiler, by file; "" for the first. */
  readonly hidden: ReadonlyMap<string, string>
}

const fence = /((?:<!-- compile[^:]*:[^>]*-->\n+)*)^```(\w+)\n([\s\S]*?)^```$/gm
const hiddenComment = /<!-- compile([^:]*):([^>]*)-->/g

export const blocksOf = ({ text }: Page): ReadonlyArray<Block> =>
  [...text.matchAll(fence)].map((match) => {
    const [, comments = "", language = "", inside = ""] = match
    const before = text.slice(0, match.index + match[0].indexOf("```"))
    return {
      language,
      text: inside,
      line: before.split("\n").length + 1,
      hidden: new Map(
        [...comments.matchAll(hiddenComment)].map(([, file = "", code = ""]) => [
          file.trim(),
          code.trim().replaceAll(/\s*\n\s*/g, " ")
        ])
      )
    }
  })

export interface Module {
  /** "models.ts", or "line-12.ts" for a block that names no file. */
  readonly name: string
  readonly code: string
  /** The page's line that is line 1 of `code`. */
  readonly line: number
}

const fileLine = /^\/\/ ([\w./-]+\.ts)\b/

/**
 * The modules of a block of TypeScript: a line `// name.ts` begins another. A comment that names a
 * file which the block does not show is that file.
 */
export const modulesOf = (block: Block): ReadonlyArray<Module> => {
  const modules: Array<{ name: string; line: number; lines: Array<string> }> = []
  block.text.split("\n").forEach((text, i) => {
    const name = fileLine.exec(text)?.[1]
    if (name !== undefined || modules.length === 0) {
      modules.push({ name: name ?? `line-${block.line}.ts`, line: block.line + i, lines: [] })
    }
    modules.at(-1)!.lines.push(text)
  })
  const shown = modules.map(({ line, lines, name }, i) => {
    const hidden = block.hidden.get(name) ?? (i === 0 ? block.hidden.get("") : undefined)
    const [first = "", ...rest] = lines
    // On the first line, so that the lines of the page stay what they are.
    const start = hidden === undefined ? first : `${hidden} ${first}`
    return { name, line, code: [start, ...rest].join("\n") }
  })
  const named = new Set(modules.map(({ name }) => name))
  const unseen = [...block.hidden].flatMap(([name, code]) =>
    name === "" || named.has(name) ? [] : [{ name, code, line: block.line }]
  )
  return [...unseen, ...shown]
}

export interface Example {
  /** From the root: "src/ports/View.ts". */
  readonly path: string
  readonly code: string
  /** The file's line that is line 1 of `code`. */
  readonly line: number
}

const commentFence = /^( *)\* ```ts\n((?:\1\*.*\n)*?)\1\* ```$/gm

/** The blocks of TypeScript in the doc comments of the sources. */
export const examples: ReadonlyArray<Example> = ["src", "contracts"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const path = `${folder}/${file.replaceAll("\\", "/")}`
      const text = readFileSync(join(root, path), "utf8")
      return [...text.matchAll(commentFence)].map((match) => ({
        path,
        line: text.slice(0, match.index).split("\n").length + 1,
        code: match[2]!.replaceAll(/^ *\* ?/gm, "")
      }))
    })
)
