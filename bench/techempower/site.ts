/**
 * A whole Portico site on the six paths of the TechEmpower benchmarks: router, default middleware, ORM
 * and template as any site has them, nothing special-cased.
 */
import { Effect } from "effect"
import { App, Database, HttpResponse, Route, View } from "portico"
import { Tables } from "./models.ts"

const message = "Hello, World!"

const json = View.handle(Route.get("/json", "json"), () => HttpResponse.json({ message }))

const plaintext = View.handle(Route.get("/plaintext", "plaintext"), () =>
  HttpResponse.text(message)
)

const randomId = () => 1 + Math.floor(Math.random() * 10_000)

const world = (id: number) => Database.one(Tables.World.filter({ id }))

const db = View.handle(Route.get("/db", "db"), () =>
  Effect.map(world(randomId()), (row) => HttpResponse.json(row))
)

/** How many rows the client asks for: 1 to 500, and 1 for everything else. */
const countOf = (query: URLSearchParams): number => {
  const n = Number.parseInt(query.get("queries") ?? "", 10)
  return n >= 1 ? Math.min(n, 500) : 1
}

const worlds = (query: URLSearchParams) =>
  Effect.forEach(Array.from({ length: countOf(query) }, randomId), world)

const queries = View.handle(Route.get("/queries", "queries"), (_, { query }) =>
  Effect.map(worlds(query), (rows) => HttpResponse.json(rows))
)

const fortunes = View.handle(Route.get("/fortunes", "fortunes"), function* () {
  const stored = yield* Database.all(Tables.Fortune)
  const rows = [...stored, { id: 0, message: "Additional fortune added at request time." }]
  rows.sort((a, b) => (a.message < b.message ? -1 : a.message > b.message ? 1 : 0))
  return yield* View.render("fortunes", { rows })
})

const updates = View.handle(Route.get("/updates", "updates"), function* (_, { query }) {
  const rows = yield* worlds(query)
  // In order of id, so that two requests do not wait for each other in a circle.
  const changed = rows
    .map(({ id }) => ({ id, randomNumber: randomId() }))
    .sort((a, b) => a.id - b.id)
  yield* Database.transaction(
    Effect.forEach(
      changed,
      ({ id, randomNumber }) => Database.update(Tables.World.filter({ id }), { randomNumber }),
      { discard: true }
    )
  )
  return HttpResponse.json(changed)
})

export default App.make({
  name: "TechEmpower",
  at: import.meta.url,
  views: [json, plaintext, db, queries, fortunes, updates]
})
