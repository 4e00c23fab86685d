/** `portico showmigrations`: where each migration stands. */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { loadModule } from "../internal/load.ts"
import * as Migrations from "../internal/migrations.ts"

export const showmigrations = (site: App.Any) =>
  define({
    name: "showmigrations",
    group: "Database",
    summary: "Show which migrations are applied. Nothing is changed.",
    examples: ["portico showmigrations", "portico showmigrations polls"],
    parameters: {
      apps: Args.text({ name: "app" }).pipe(
        Args.withDescription("The apps to show; all unless named."),
        Args.repeated
      )
    },
    run: ({ apps }) =>
      Migrations.withDatabase(
        site,
        Migrations.showmigrations(Migrations.appsOf(site), loadModule, apps)
      ).pipe(Effect.asVoid)
  })
