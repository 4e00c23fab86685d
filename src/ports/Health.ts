/**
 * Whether the site can do its work, made of ports only: what load balancers and people on call ask.
 */
import * as Effect from "effect/Effect"
import * as HttpResponse from "../domain/HttpResponse.ts"
import * as Route from "../domain/Route.ts"
import * as Database from "./Database.ts"
import * as View from "./View.ts"

export interface Report {
  readonly status: "ok" | "failing"
  readonly database: Database.Health & { readonly name: string }
}

/** Asks each port that knows. Never fails: what does not answer is reported as failing. */
export const check: Effect.Effect<Report, never, Database.Database> = Effect.gen(function* () {
  const database = yield* Database.Database
  const health = yield* database.health
  return {
    status: health.ok ? "ok" : "failing",
    database: { name: database.name, ...health }
  }
})

const noStore = { headers: { "cache-control": "no-store" } }

/**
 * A view for `/healthz`: the report as JSON, with 200 where all is well and 503 where not, which
 * takes the machine out of a load balancer's rotation.
 */
export const view = View.handle(Route.get("/healthz", "healthz"), function* () {
  const report = yield* check
  return HttpResponse.json(report, { ...noStore, status: report.status === "ok" ? 200 : 503 })
})
