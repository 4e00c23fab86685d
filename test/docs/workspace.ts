/** A folder outside of the tree in which Portico and its packages are installed, as a reader has it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { root } from "./pages.ts"

export interface Workspace {
  readonly path: string
  readonly write: (file: string, text: string) => void
  readonly remove: () => void
}

export const makeWorkspace = (): Workspace => {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "portico-docs-")))
  const modules = join(path, "node_modules")
  mkdirSync(modules)
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
  symlinkSync(root, join(modules, "portico"))
  // What the pages show parts of, as a package.
  const polls = join(root, "examples/polls")
  mkdirSync(join(modules, "polls"))
  for (const name of readdirSync(polls)) {
    symlinkSync(join(polls, name), join(modules, "polls", name))
  }
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  write("package.json", JSON.stringify({ private: true, type: "module" }))
  write(
    "node_modules/polls/package.json",
    JSON.stringify({ name: "polls", type: "module", exports: { "./*": "./*" } })
  )
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) }
}
