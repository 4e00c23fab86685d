/** `portico sqlmigrate`: the SQL of a migration. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { loadModule } from "../internal/load.ts"
import * as Migrations from "../internal/migrations.ts"

export const sqlmigrate = (site: App.Any) =>
  define({
    name: "sqlmigrate",
    group: "Database",
    summary: "Print the SQL of a migration for the site's database. Nothing is changed.",
    examples: ["portico sqlmigrate polls 0001", "portico sqlmigrate polls 0002 --backwards"],
    parameters: {
      app: Args.text({ name: "app" }).pipe(Args.withDescription("The app of the migration.")),
      name: Args.text({ name: "migration" }).pipe(
        Args.withDescription("Its name, or the beginning of it.")
      ),
      backwards: Options.boolean("backwards").pipe(
        Options.withDescription("Print what undoes the migration.")
      )
    },
    run: ({ app, backwards, name }) =>
      Migrations.withDatabase(
        site,
        Migrations.sqlmigrate(
          Migrations.appsOf(site),
          loadModule,
          { app, name },
          backwards ? "backwards" : "forwards"
        )
      ).pipe(Effect.asVoid)
  })
