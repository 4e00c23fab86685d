/**
 * What type-checking a large site costs: 50 models of 14 columns with relations, 300 queries that each
 * filter, order and load, 200 routes with views. Prints the compiler's own figures.
 *
 *     npx jiti bench/types/run.ts [--keep]
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const folder = join(root, "bench/types/generated")

const models = 50
const queries = 300
const routes = 200

const modelText = (i: number): string => `
export const M${i} = Model.make("M${i}", {
  id: f.id(),
  name: f.text({ max: 100 }),
  slug: f.text({ max: 50 }).unique(),
  note: f.text().nullable(),
  count: f.int().default(0),
  total: f.bigint().default(0n),
  ratio: f.float().nullable(),
  price: f.decimal(12, 2),
  active: f.bool().default(true),
  at: f.instant(),
  day: f.date().nullable(),
  kind: f.enum(["a", "b", "c"]).default("a"),
  createdAt: f.createdAt(),
  ${i === 0 ? `other: f.int()` : `parent: f.belongsTo(M${i - 1}, { as: "children${i}", onDelete: "cascade" })`}
})`

const modelsFile = `import { f, Model } from "portico"
${Array.from({ length: models }, (_, i) => modelText(i)).join("\n")}

export const All = Model.models("bench", { ${Array.from({ length: models }, (_, i) => `M${i}`).join(", ")} })
`

const queryText = (i: number): string => {
  const m = 1 + (i % (models - 2))
  return `
export const q${i} = Database.all(
  All.M${m}
    .filter((q) => Query.and(q.count.gt(${i}), Query.or(q.name.contains("x"), q.parent.name.eq("y"))))
    .orderBy((q) => [q.at.desc(), q.id.asc()])
    .with("parent")
    .with("children${m + 1}", (c) => c.filter({ active: true }).limit(3))
)
export const r${i} = Effect.map(q${i}, (rows) => rows.map((row) => [row.id, row.parent.name, row.children${m + 1}.length] as const))`
}

const queriesFile = `import { Effect } from "effect"
import { Database, Query } from "portico"
import { All } from "./models.ts"
${Array.from({ length: queries }, (_, i) => queryText(i)).join("\n")}
`

const routeText = (i: number): string => `
export const route${i} = Route.get("/section${i}/:id(int)/:slug(slug)/", "route${i}")
export const view${i} = View.handle(route${i}, function* ({ id, slug }, request) {
  const n: number = id
  const url = request.reverse(route${i}, { id: n + 1, slug })
  yield* Effect.void
  return HttpResponse.json({ url, slug })
})`

const routesFile = `import { Effect } from "effect"
import { HttpResponse, Route, View } from "portico"
${Array.from({ length: routes }, (_, i) => routeText(i)).join("\n")}
`

const program = (files: ReadonlyArray<readonly [name: string, text: string]>) => {
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) fs.writeFileSync(join(folder, name), text)
  fs.writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: ["*.ts"],
      exclude: []
    })
  )
  const { status, stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["-p", join(folder, "tsconfig.json"), "--extendedDiagnostics", "--singleThreaded"],
    { encoding: "utf8" }
  )
  if (status !== 0)
    throw new Error(`the generated program does not compile:\n${stdout.slice(0, 3000)}`)
  const figure = (name: string) =>
    Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1])
  return {
    instantiations: figure("Instantiations"),
    types: figure("Types"),
    seconds: figure("Check time")
  }
}

const empty = [
  "empty.ts",
  `import { Database, Model, Route } from "portico"\nexport const all = [Database, Model, Route]\n`
] as const
const rows = {
  "portico imported, nothing used": program([empty]),
  "50 models": program([["models.ts", modelsFile]]),
  "50 models, 300 queries": program([
    ["models.ts", modelsFile],
    ["queries.ts", queriesFile]
  ]),
  "200 routes and views": program([["routes.ts", routesFile]]),
  "all of it": program([
    ["models.ts", modelsFile],
    ["queries.ts", queriesFile],
    ["routes.ts", routesFile]
  ])
}
if (!process.argv.includes("--keep")) fs.rmSync(folder, { recursive: true, force: true })

const base = rows["portico imported, nothing used"]
console.log("program                          instantiations   (own)      types   check s")
for (const [name, { instantiations, seconds, types }] of Object.entries(rows)) {
  const own = instantiations - base.instantiations
  console.log(
    `${name.padEnd(32)}${String(instantiations).padStart(15)}${String(own).padStart(8)}${String(types).padStart(11)}${seconds.toFixed(2).padStart(10)}`
  )
}
