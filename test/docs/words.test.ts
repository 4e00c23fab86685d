/** What the pages name exists: commands and their options, settings, files, versions. */
import * as Either from "effect/Either"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import { polls } from "../../examples/polls/app.ts"
import * as Adapters from "../../src/bootstrap/Adapters.ts"
import * as App from "../../src/bootstrap/App.ts"
import * as Arguments from "../../src/bootstrap/internal/arguments.ts"
import { blocksOf, pages, root } from "./pages.ts"

const site = App.make({ name: "Polls", apps: [App.mount("/polls", polls)] })

/** The commands that come with Portico, each made by the file that is named for it. */
const builtIn = Promise.all(
  readdirSync(join(root, "src/bootstrap/cli")).map(async (file) => {
    const name = file.replace(/\.ts$/, "")
    const module = (await import(`../../src/bootstrap/cli/${name}.ts`)) as Readonly<
      Record<string, (site: App.Any, file?: string) => Arguments.Definition>
    >
    return module[name]!(site)
  })
)

const ofApps = polls.commands.map(({ name, summary }) =>
  Arguments.define({
    name,
    group: "Of polls",
    summary,
    parameters: {},
    run: () => Promise.reject(new Error("not run here")) as never
  })
)

/** Command lines of blocks, and those in the running text. */
const commandLines = pages.flatMap((page) => [
  ...blocksOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split(/\n|&&/))
    .map((line) => line.replace(/\s#.*$/, "").trim())
    .map((line) => line.replace(/^(?:\w+=\S+\s+)*/, ""))
    .filter((line) => /^(?:npx )?portico(?: |$)/.test(line)),
  ...[...page.text.matchAll(/(?<!`)`((?:npx )?portico [^`]+)`/g)].map(([, line = ""]) => line)
])

const argumentsOf = (line: string): ReadonlyArray<string> =>
  line
    .replace(/^(?:npx )?portico ?/, "")
    .split(/\s+/)
    .filter((word) => word !== "")

describe("the commands in README and docs", () => {
  it("exist, with their options", async () => {
    const definitions = [...(await builtIn), ...ofApps]
    const faults = commandLines.flatMap((line) => {
      const words = argumentsOf(line)
      // The one option that is taken away before commands are looked at.
      const at = words.indexOf("--site")
      const rest = at < 0 ? words : words.filter((_, i) => i !== at && i !== at + 1)
      const checked = Arguments.check(definitions, rest)
      return Either.isLeft(checked) ? [`${line}: ${checked.left.message}`] : []
    })
    assert.isAtLeast(commandLines.length, 20)
    assert.deepStrictEqual(faults, [])
  })

  it("are all in the page about the command line", async () => {
    const page = pages.find(({ path }) => path === "docs/guide/command-line.md")!
    for (const { name } of await builtIn) assert.include(page.text, `portico ${name}`)
  })
})

describe("the settings in README and docs", () => {
  const known = new Set(Object.values(site.settings).map(({ key }) => key))
  // Read by the command line, by the tests, and by the reload of the development server.
  const others = new Set(["PORTICO_SITE", "PORTICO_TEST_POSTGRES_URL", "PORTICO_TEST_MYSQL_URL"])

  it("exist", () => {
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bPORTICO_[A-Z_]*[A-Z]\b/g)].map(([key]) => ({ path, key }))
    )
    assert.isAtLeast(named.length, 10)
    assert.deepStrictEqual(
      named.filter(({ key }) => !known.has(key) && !others.has(key)),
      []
    )
  })

  it("are all in the page about settings, with their choices", () => {
    const page = pages.find(({ path }) => path === "docs/guide/settings-and-adapters.md")!
    for (const key of known) assert.include(page.text, `\`${key}\``)
    for (const { names } of Adapters.choices(site.adapters)) {
      for (const name of names) assert.match(page.text, new RegExp(`\`${name}[\`:]`))
    }
  })
})

describe("the versions in README and docs", () => {
  it("are those that Portico is tested with", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly devDependencies: Readonly<Record<string, string>>
    }
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<=[\s"])((?:@[\w-]+\/)?[\w-]+)@(\d+\.\d+\.\d+[\w.-]*)/g)].map(
        ([, name = "", version]) => ({ path, name, version })
      )
    )
    assert.isAtLeast(named.length, 5)
    assert.deepStrictEqual(
      named.filter(({ name, version }) => devDependencies[name] !== version),
      []
    )
  })
})

/** As GitHub makes an anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-")

describe("the links in README and docs", () => {
  it("lead to files and headings of this repository", () => {
    const links = pages.flatMap(({ path, text }) =>
      [...text.replaceAll(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(
        ([, to = ""]) => ({ path, to })
      )
    )
    const broken = links.filter(({ path, to }) => {
      if (/^[a-z]+:/.test(to)) return false
      const [file = "", anchor] = to.split("#")
      const target = file === "" ? join(root, path) : join(root, dirname(path), file)
      if (!existsSync(target)) return true
      if (anchor === undefined) return false
      const headings = [...readFileSync(target, "utf8").matchAll(/^#+ (.+)$/gm)]
      return !headings.some(([, heading = ""]) => anchorOf(heading) === anchor)
    })
    assert.isAtLeast(links.length, 30)
    assert.deepStrictEqual(broken, [])
  })

  it("reach every page from README", () => {
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      const page = pages.find((page) => page.path === path)
      for (const [, to = ""] of page?.text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g) ?? []) {
        const target = join(dirname(path), to)
        if (pages.some((page) => page.path === target)) visit(target)
        else if (existsSync(join(root, target, "README.md"))) visit(join(target, "README.md"))
      }
    }
    visit("README.md")
    assert.deepStrictEqual(
      pages.map(({ path }) => path).filter((path) => !reached.has(path)),
      []
    )
  })
})
