/** Every block of TypeScript in README and docs compiles against the sources. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { blocksOf, examples, type Module, modulesOf, pages, root } from "./pages.ts"
import { makeWorkspace, type Workspace } from "./workspace.ts"

const folderOf = (page: string): string => page.replace(/\.\w+$/, "")

const written = pages.map((page) => ({
  page: page.path,
  modules: blocksOf(page)
    .filter(({ language }) => language === "ts")
    .flatMap(modulesOf)
}))

/** What the examples in doc comments may name without saying where it is from. */
const names = [
  'import { Clock, Effect, Schema } from "effect"',
  'import * as Portico from "portico"',
  'import * as Cli from "portico/bootstrap/Cli"',
  'import * as Http from "portico/bootstrap/Http"',
  'import * as TestSite from "portico/bootstrap/TestSite"',
  'import { it } from "@effect/vitest"',
  'import { assert } from "vitest"',
  'import { polls } from "polls/app.ts"',
  'import { Polls } from "polls/models.ts"',
  'import * as routes from "polls/routes.ts"',
  'import site from "polls/site.ts"',
  'import { detail, index } from "polls/views.ts"',
  "const { App, ContentPolicy, Database, HttpRequest, HttpResponse, Middleware } = Portico",
  "const { ReusableApp, Route, Sessions, Signer, View } = Portico",
  "declare const { home, id, publishedAt, request }: any"
].join("; ")

/** An example as a module: in a generator, where `yield*` and names of its own are allowed. */
const exampleModules = examples.map(({ code, line, path }) => ({
  page: path,
  modules: [
    {
      name: `line-${line}.ts`,
      line,
      code: `${names}; export const example = Effect.gen(function* () { yield* Effect.void; ${code
        .replaceAll(/^import .*$/gm, "")
        .replaceAll(/^export (?:default )?/gm, "")}})`
    }
  ]
}))

const compilerOptions = {
  ...(JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as { compilerOptions: object })
    .compilerOptions,
  // A page shows a part, not all that a program would do with it.
  noUnusedLocals: false,
  plugins: []
}

/** `docs/guide/testing/line-12.ts(3,5): error TS…` as the reader of the page looks for it. */
const inPage = (message: string, modules: ReadonlyMap<string, Module & { page: string }>) =>
  message.replace(/^(\S+\.ts)\((\d+),/gm, (whole, file: string, line: string) => {
    const module = modules.get(file)
    return module === undefined ? whole : `${module.page}:${module.line + Number(line) - 1} (`
  })

const compile = (workspace: Workspace, files: typeof written): string => {
  const modules = new Map<string, Module & { page: string }>()
  for (const { modules: all, page } of files) {
    for (const module of all) {
      const file = `${folderOf(page)}/${module.name}`
      assert.notProperty(Object.fromEntries(modules), file, `${page} has two blocks called so`)
      modules.set(file, { ...module, page })
      // A block without imports and exports would share its names with all others of its kind.
      workspace.write(file, `${module.code}\nexport {}\n`)
    }
  }
  workspace.write("tsconfig.json", JSON.stringify({ compilerOptions, files: [...modules.keys()] }))
  const { stderr, stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["-p", "tsconfig.json", "--pretty", "false"],
    { cwd: workspace.path, encoding: "utf8" }
  )
  return inPage(`${stdout}${stderr}`.trim(), modules)
}

describe("the TypeScript of README and docs", () => {
  let workspace: Workspace
  beforeAll(() => {
    workspace = makeWorkspace()
  })
  afterAll(() => workspace.remove())

  it("compiles", () => {
    assert.isAtLeast(written.flatMap(({ modules }) => modules).length, 30)
    assert.strictEqual(compile(workspace, written), "")
  })

  it("compiles in the doc comments of the sources, too", () => {
    assert.isAtLeast(exampleModules.length, 10)
    assert.strictEqual(compile(workspace, exampleModules), "")
  })

  it("would be reported by page and line", () => {
    const text = 'Look:\n\n```ts\nimport { Route } from "portico"\nRoute.get("/", 5)\n```\n'
    const modules = blocksOf({ path: "bad.md", text }).flatMap(modulesOf)
    assert.match(compile(workspace, [{ page: "bad.md", modules }]), /^bad\.md:5 \(.*error TS/)
  })
})
