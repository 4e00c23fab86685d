/**
 * What a match costs, by router and by size of the site: `npx jiti bench/router.ts`.
 *
 * The tables are timed in turns, one slice each per round, so that a busy machine slows all of them
 * alike; a figure is the lower quartile of its rounds. Compare figures within one run.
 */
import * as Effect from "effect/Effect"
import * as LinearRouter from "../src/adapters/http/LinearRouter.ts"
import * as RadixRouter from "../src/adapters/http/RadixRouter.ts"
import * as Route from "../src/domain/Route.ts"
import { Router, type Table } from "../src/ports/Router.ts"

const ROUNDS = 15
const SLICE_MS = 20

/** Routes by the dozen, as a site has them: lists, details, actions, files. */
const site = (size: number): ReadonlyArray<Route.Any> =>
  Array.from({ length: size }, (_, n) => {
    const app = `/app${Math.floor(n / 5)}`
    const pattern = [
      `${app}/`,
      `${app}/:id(int)/`,
      `${app}/:id(int)/edit/`,
      `${app}/:year(int)/:month(int)/:slug(slug)/`,
      `${app}/by-:author/`
    ][n % 5]
    return Route.make(["GET"], pattern as string, `r${n}`)
  })

const compile = (layer: typeof RadixRouter.layer, size: number): Table<number> =>
  Router.pipe(
    Effect.flatMap((router) =>
      router.compile(site(size).map((route, target) => ({ route, target })))
    ),
    Effect.provide(layer),
    Effect.runSync
  )

/** Paths of the last app: the worst place for a router that tries one after the other. */
const paths = (size: number) => {
  const app = `/app${size / 5 - 1}`
  return {
    static: `${app}/`,
    parameter: `${app}/123/`,
    "three parameters": `${app}/2024/2/some-title/`,
    mixed: `${app}/by-ann/`,
    encoded: `${app}/by-%C3%A9/`,
    "not found": `${app}/x/y/z`
  }
}

const cases = [
  ...[10, 100, 1000].map((size) => ({ name: `radix ${size}`, layer: RadixRouter.layer, size })),
  ...[10, 100, 1000].map((size) => ({ name: `linear ${size}`, layer: LinearRouter.layer, size }))
].flatMap(({ layer, name, size }) => {
  const table = compile(layer, size)
  return Object.entries(paths(size)).map(([kind, path]) => ({
    name,
    kind,
    path,
    table,
    rounds: [] as Array<number>
  }))
})

let sink = 0
/** Nanoseconds per match. The path is cut anew each time, as paths from a socket are. */
const slice = (table: Table<number>, path: string): number => {
  const line = `GET ${path} HTTP/1.1`
  const end = 4 + path.length
  const start = performance.now()
  let matches = 0
  let now = start
  while (now - start < SLICE_MS) {
    for (let i = 0; i < 500; i++)
      if (table.match("GET", line.slice(4, end))._tag === "Found") sink++
    matches += 500
    now = performance.now()
  }
  return ((now - start) * 1e6) / matches
}

for (let round = 0; round < ROUNDS; round++) {
  for (const one of cases) one.rounds.push(slice(one.table, one.path))
}

const figure = (rounds: ReadonlyArray<number>) =>
  [...rounds].sort((a, b) => a - b)[Math.floor(rounds.length / 4)] ?? NaN

const kinds = Object.keys(paths(10))
const names = [...new Set(cases.map((one) => one.name))]
const of = (name: string, kind: string) =>
  figure(cases.find((one) => one.name === name && one.kind === kind)?.rounds ?? [])

console.log("Microseconds per match; in brackets the ratio to radix 10.\n")
console.log(["".padEnd(12), ...kinds.map((kind) => kind.padStart(18))].join(""))
for (const name of names) {
  const cells = kinds.map((kind) => {
    const time = of(name, kind)
    return `${(time / 1000).toFixed(3)} (${(time / of("radix 10", kind)).toFixed(1)})`.padStart(18)
  })
  console.log([name.padEnd(12), ...cells].join(""))
}
if (sink === 0) throw new Error("Nothing was found, so nothing was measured.")
