/** The checks that read every template and ask the database: for `portico check` and a desk. */
import * as Effect from "effect/Effect"
import * as Migration from "../../domain/Migration.ts"
import type * as Database from "../../ports/Database.ts"
import * as Migrator from "../../ports/Migrator.ts"
import * as TemplateEngine from "../../ports/TemplateEngine.ts"
import type * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Checks from "../Checks.ts"
import { loadModule } from "./load.ts"
import { appsOf, loadAll } from "./migrations.ts"
import type { Settled } from "./start.ts"

/** Whether the database is where the migrations are. */
export const migrationFindings = (
  site: App.Any
): Effect.Effect<ReadonlyArray<Checks.Finding>, never, Database.Database> =>
  Effect.gen(function* () {
    const migrator = yield* Migrator.Migrator
    const plan = yield* migrator.plan(yield* loadAll(appsOf(site), loadModule))
    return plan.length === 0
      ? []
      : [
          {
            level: "warning" as const,
            fact: `${plan.length === 1 ? "1 migration is" : `${plan.length} migrations are`} not applied: ${plan.map(({ migration }) => Migration.idOf(migration)).join(", ")}.`,
            remedy: "Run portico migrate."
          }
        ]
  }).pipe(
    Effect.catchAll(({ message }) =>
      Effect.succeed([{ level: "error" as const, fact: message, remedy: "" }])
    ),
    Effect.provide(Migrator.layer)
  )

/** Every finding: also each template compiled, and the database's migrations. */
export const run = <R>(
  site: App.Site<R>,
  settled: Settled
): Effect.Effect<ReadonlyArray<Checks.Finding>, never, Adapters.Ports> =>
  Effect.gen(function* () {
    const templates = yield* TemplateEngine.TemplateEngine
    const broken = yield* templates.check
    return [
      ...(yield* Checks.quick(site, settled)),
      ...broken.map(({ message }): Checks.Finding => ({
        level: "error",
        fact: message,
        remedy: ""
      })),
      ...(yield* migrationFindings(site))
    ]
  })
