/**
 * What others get: Portico from its packed tarball, a third party's adapter beside it, the polls site on
 * both. Proves the exports map, the executable, the published contracts, and that nothing is loaded
 * which was not chosen.
 */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const root = resolve(import.meta.dirname, "../..")

/** Packages that only a chosen adapter may need. */
const drivers = [
  "pg",
  "mysql2",
  "better-sqlite3",
  "bcrypt",
  "@node-rs",
  "handlebars",
  "eta",
  "liquidjs"
]

let folder: string
let workspace: string

const run = (
  command: string,
  args: ReadonlyArray<string>,
  cwd: string,
  env: NodeJS.ProcessEnv = {}
) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
    timeout: 120_000
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr, all: stdout + stderr }
}

const succeed = (...args: Parameters<typeof run>): string => {
  const { all, status } = run(...args)
  assert.strictEqual(status, 0, all)
  return all
}

const tool = (name: string) => join(root, "node_modules/.bin", name)

/** A folder with the packed Portico and links to everything else, but for `without`. */
const install = (name: string, tarball: string, without: ReadonlyArray<string> = []): string => {
  const modules = join(folder, name, "node_modules")
  fs.mkdirSync(join(modules, "portico"), { recursive: true })
  succeed("tar", ["-xzf", tarball, "-C", join(modules, "portico"), "--strip-components=1"], folder)
  for (const entry of fs.readdirSync(join(root, "node_modules"))) {
    if (entry === "portico" || without.includes(entry)) continue
    fs.symlinkSync(join(root, "node_modules", entry), join(modules, entry))
  }
  return join(folder, name)
}

const portico = (...args: ReadonlyArray<string>) => [
  join(workspace, "node_modules/portico/dist/src/bootstrap/bin.js"),
  ...args
]

beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "portico-package-"))
  // Built and packed in a copy, so that the test leaves the project's own dist alone.
  const source = join(folder, "source")
  fs.mkdirSync(source)
  for (const entry of [
    "package.json",
    "README.md",
    "LICENSE",
    "tsconfig.json",
    "tsconfig.build.json",
    "src",
    "contracts"
  ]) {
    fs.cpSync(join(root, entry), join(source, entry), { recursive: true })
  }
  fs.symlinkSync(join(root, "node_modules"), join(source, "node_modules"))
  succeed(tool("tsc"), ["-p", "tsconfig.build.json"], source)
  const packed = succeed(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
    source
  )
  const tarball = join(
    folder,
    packed
      .trim()
      .split("\n")
      .findLast((line) => line.endsWith(".tgz"))!
  )

  workspace = install("workspace", tarball)
  install("bare", tarball, drivers)
  const adapter = join(workspace, "portico-file-sessions")
  fs.cpSync(join(root, "examples/third-party-adapter"), adapter, {
    recursive: true,
    filter: (path) => !/node_modules|dist/.test(path)
  })
  fs.cpSync(join(root, "examples/polls"), join(workspace, "polls"), { recursive: true })
  fs.writeFileSync(join(workspace, "package.json"), `{ "type": "module" }`)
  fs.writeFileSync(join(folder, "bare/package.json"), `{ "type": "module" }`)
  fs.symlinkSync(adapter, join(workspace, "node_modules/portico-file-sessions"))
}, 180_000)

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

const built = () => {
  const adapter = join(workspace, "portico-file-sessions")
  if (!fs.existsSync(join(adapter, "dist"))) succeed(tool("tsc"), ["-p", "tsconfig.json"], adapter)
  return adapter
}

describe.sequential("a third party's adapter on the packed Portico", () => {
  it("compiles against the published types", () => {
    built()
  })

  it("passes the published contract under vitest", { timeout: 120_000 }, () => {
    const text = succeed(tool("vitest"), ["run", "--root", built()], built())
    assert.match(text, /Tests\s+\d+ passed/)
  })

  it(
    "passes `portico contract`, which prints a verdict for each clause",
    { timeout: 60_000 },
    () => {
      const text = succeed(
        process.execPath,
        portico("contract", "SessionStore", "--adapter", join(built(), "harness.ts")),
        workspace
      )
      assert.match(text, /✓ load/)
      const [, met, all] = /(\d+) of (\d+) clauses are met/.exec(text)!
      assert.strictEqual(met, all)
      assert.isAbove(Number(all), 15)
    }
  )

  it("a broken adapter fails `portico contract` with status 1", { timeout: 60_000 }, () => {
    const file = join(built(), "broken.ts")
    fs.writeFileSync(
      file,
      `import * as Layer from "effect/Layer"
import * as SessionStore from "portico/ports/SessionStore"
import { make, capabilities } from "portico-file-sessions"
export { capabilities }
const store = make({ directory: ${JSON.stringify(join(folder, "broken"))} })
export const layer = Layer.succeed(SessionStore.SessionStore, { ...store, load: () => store.load("nobody" as never) } as never)
`
    )
    const { all, status } = run(
      process.execPath,
      portico("contract", "SessionStore", "--adapter", file),
      workspace
    )
    assert.strictEqual(status, 1, all)
    assert.match(all, /✗ load/)
    assert.match(all, /clauses are not met/)
  })

  it("serves the polls site, through one line", { timeout: 60_000 }, async () => {
    const site = ["--site", join(built(), "site.ts")]
    const env = {
      DATABASE_URL: `sqlite:${join(folder, "polls.db")}`,
      SESSIONS_DIRECTORY: join(folder, "sessions")
    }
    succeed(process.execPath, portico(...site, "migrate"), workspace, env)
    succeed(process.execPath, portico(...site, "seed"), workspace, env)
    assert.match(
      succeed(process.execPath, portico(...site, "layers"), workspace, env),
      /SessionStore ← files/
    )
    const server = spawn(
      process.execPath,
      portico(...site, "serve", "--port", "0", "--no-reload"),
      {
        cwd: workspace,
        env: { ...process.env, ...env, NO_COLOR: "1" },
        stdio: ["ignore", "pipe", "pipe"]
      }
    )
    try {
      const address = await new Promise<string>((found, fail) => {
        let text = ""
        const read = (chunk: Buffer) => {
          text += chunk.toString()
          const at = /http:\/\/\S+/.exec(text)
          if (at !== null) found(at[0])
        }
        server.stdout.on("data", read)
        server.stderr.on("data", read)
        server.once("exit", () => fail(new Error(text)))
      })
      const response = await fetch(`${address}/polls/`)
      assert.strictEqual(response.status, 200)
      assert.include(await response.text(), "Latest questions")
      const ended = new Promise((done) => server.once("exit", done))
      server.kill("SIGTERM")
      await ended
    } finally {
      server.kill("SIGKILL")
    }
  })
})

describe("the packed Portico", () => {
  const evaluate = (cwd: string, code: string) =>
    run(process.execPath, ["--input-type=module", "--eval", code], cwd)

  it("keeps internal modules to itself", () => {
    const { all, status } = evaluate(
      workspace,
      `await import("portico/adapters/db/internal/compile")`
    )
    assert.notStrictEqual(status, 0)
    assert.include(all, "ERR_PACKAGE_PATH_NOT_EXPORTED")
  })

  it("gives every layer by its path", () => {
    for (const name of [
      "domain/Route",
      "ports/SessionStore",
      "adapters/auth/MemorySessions",
      "adapters/http/middleware/Csrf",
      "bootstrap/Adapters",
      "contracts/SessionStoreContract"
    ]) {
      assert.strictEqual(evaluate(workspace, `await import("portico/${name}")`).status, 0, name)
    }
  })

  it("loads no driver for what was not chosen", () => {
    const bare = join(folder, "bare")
    const { all, status } = evaluate(
      bare,
      `await import("portico"); await import("portico/bootstrap/Http"); await import("portico/bootstrap/Cli")`
    )
    assert.strictEqual(status, 0, all)
  })

  it("says which package the chosen adapter needs, with its version", () => {
    const bare = join(folder, "bare")
    fs.writeFileSync(
      join(bare, "site.ts"),
      `import { App } from "portico"\nexport default App.make({ name: "Bare" })\n`
    )
    const { all, status } = run(
      process.execPath,
      [join(bare, "node_modules/portico/dist/src/bootstrap/bin.js"), "migrate"],
      bare,
      { DATABASE_URL: "sqlite:./bare.db" }
    )
    assert.notStrictEqual(status, 0)
    assert.match(all, /npm install better-sqlite3@12\.11\.1/)
  })
})
