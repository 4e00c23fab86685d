/**
 * What a request costs, beside peers: CPU time of the server per request, in alternating rounds of one
 * run, as ratios. Servers on core 0, the load on core 1; all servers are warm at the same time.
 *
 *     npm run build && npm ci --prefix bench/http/peers && node bench/http/run.mjs [--rounds 9] [--only json,page]
 *
 * Needs Linux, `wrk` and `taskset` (Debian: wrk, util-linux).
 */
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { makeTable } from "./shared.mjs"

const here = import.meta.dirname
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    only: { type: "string" },
    json: { type: "string" }
  }
})

const servers = {
  raw: ["servers/raw.mjs"],
  fastify: ["peers/fastify.mjs"],
  platform: ["servers/platform.mjs"],
  // A site is TypeScript; what is measured is the built Portico under it.
  portico: ["../../node_modules/jiti/lib/jiti-cli.mjs", "servers/portico.ts"]
}

const scenarios = {
  json: { path: "/json", expects: /^{"message":"Hello, World!"}$/ },
  parameter: { path: "/users/42", expects: /^{"id":47}$/ },
  post: {
    path: "/people",
    body: JSON.stringify({ name: "Ada", age: 36, tags: ["mathematics", "engines"] }),
    expects: /"name":"Ada"/
  },
  page: { path: "/page", expects: /&lt;script&gt;alert\(&#(x27|39);This should be text/ }
}

const asked = options.only?.split(",") ?? Object.keys(scenarios)
const rounds = Number(options.rounds)
const folder = fs.mkdtempSync(join(tmpdir(), "portico-bench-"))
const database = join(folder, "bench.db")
makeTable(database)

const running = {}
const stop = () => {
  for (const { child } of Object.values(running)) child.kill("SIGKILL")
  fs.rmSync(folder, { recursive: true, force: true })
}
process.on("exit", stop)
process.on("SIGINT", () => process.exit(130))

/** Nanoseconds on a processor, of all threads (Linux, Documentation/scheduler/sched-stats). */
const cpuOf = (pid) =>
  fs
    .readdirSync(`/proc/${pid}/task`)
    .reduce(
      (sum, task) =>
        sum + Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
      0
    )

const get = (port, { body, path }) =>
  fetch(
    `http://127.0.0.1:${port}${path}`,
    body === undefined
      ? {}
      : { method: "POST", body, headers: { "content-type": "application/json" } }
  )

let port = 20_000 + Math.floor(Math.random() * 20_000)
for (const [name, args] of Object.entries(servers)) {
  const at = port++
  const started = performance.now()
  const child = spawn(
    "taskset",
    ["-c", "0", process.execPath, ...args.map((arg) => resolve(here, arg))],
    {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        NODE_ENV: "production",
        PORT: String(at),
        HOST: "127.0.0.1",
        BENCH_DB: database,
        DATABASE_URL: `sqlite:${database}`,
        PORTICO_ENV: "production",
        PORTICO_SECRET: "bench-secret-bench-secret-bench-secret",
        PORTICO_ALLOWED_HOSTS: "127.0.0.1"
      }
    }
  )
  running[name] = { child, port: at }
  for (let tries = 0; ; tries++) {
    try {
      await (await get(at, scenarios.json)).text()
      break
    } catch (error) {
      if (tries > 200 || child.exitCode !== null)
        throw new Error(`${name} does not answer`, { cause: error })
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  running[name].startMillis = performance.now() - started
  for (const [title, scenario] of Object.entries(scenarios)) {
    const text = await (await get(at, scenario)).text()
    if (!scenario.expects.test(text))
      throw new Error(`${name} answers ${title} with ${text.slice(0, 300)}`)
  }
}

const load = ({ port: at }, { body, path }, seconds) => {
  const script = join(folder, "post.lua")
  fs.writeFileSync(
    script,
    body === undefined
      ? ""
      : `wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = ${JSON.stringify(body)}\n`
  )
  const text = execFileSync(
    "taskset",
    [
      "-c",
      "1",
      "wrk",
      "-t1",
      "-c32",
      `-d${seconds}s`,
      "-s",
      script,
      `http://127.0.0.1:${at}${path}`
    ],
    { encoding: "utf8" }
  )
  if (/Non-2xx/.test(text)) throw new Error(text)
  return Number(/(\d+) requests in/.exec(text)[1])
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

const results = {}
for (const title of asked) {
  const scenario = scenarios[title]
  const costs = Object.fromEntries(Object.keys(servers).map((name) => [name, []]))
  for (const server of Object.values(running)) load(server, scenario, 2)
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(servers)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const server = running[name]
      const before = cpuOf(server.child.pid)
      const requests = load(server, scenario, 1)
      costs[name].push((cpuOf(server.child.pid) - before) / 1000 / requests)
    }
  }
  results[title] = Object.fromEntries(
    Object.entries(costs).map(([name, samples]) => [
      name,
      {
        micros: median(samples),
        fastest: Math.min(...samples),
        ofRaw: median(costs.raw.map((raw, i) => raw / samples[i])),
        ofFastify: median(costs.fastify.map((fastify, i) => fastify / samples[i])),
        ofPlatform: median(costs.platform.map((platform, i) => platform / samples[i]))
      }
    ])
  )
  console.log(
    `\n${title}, ${rounds} rounds          CPU µs/request (fastest)   × raw   × fastify   × platform`
  )
  for (const [name, result] of Object.entries(results[title])) {
    const { fastest, micros, ofFastify, ofPlatform, ofRaw } = result
    console.log(
      `  ${name.padEnd(12)}${micros.toFixed(1).padStart(26)} (${fastest.toFixed(1)})${ofRaw.toFixed(2).padStart(10)}${ofFastify.toFixed(2).padStart(12)}${ofPlatform.toFixed(2).padStart(13)}`
    )
  }
}

console.log("\nserver        memory loaded, MB   start to first answer, ms")
for (const [name, { child, startMillis }] of Object.entries(running)) {
  const status = fs.readFileSync(`/proc/${child.pid}/status`, "utf8")
  const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
  console.log(
    `  ${name.padEnd(12)}${megabytes.toFixed(0).padStart(18)}${startMillis.toFixed(0).padStart(28)}`
  )
}
if (options.json !== undefined) fs.writeFileSync(options.json, JSON.stringify(results, null, 2))
process.exit(0)
