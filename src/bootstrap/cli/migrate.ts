/** `portico migrate`: brings the database to where the migrations are, or back. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { loadModule } from "../internal/load.ts"
import * as Migrations from "../internal/migrations.ts"

export const migrate = (site: App.Any) =>
  define({
    name: "migrate",
    group: "Database",
    summary: "Apply the migrations that are not applied yet, or go back to an earlier one.",
    details:
      "Several programs may run this at the same time: one works, the others wait and find the work done.",
    examples: [
      "portico migrate",
      "portico migrate polls 0002",
      "portico migrate polls zero",
      "portico migrate --plan"
    ],
    parameters: {
      app: Args.text({ name: "app" }).pipe(
        Args.withDescription("The app to migrate, with what it needs; all unless named."),
        Args.optional
      ),
      name: Args.text({ name: "migration" }).pipe(
        Args.withDescription(
          "Where to go, forwards or back: the beginning of a migration's name, or zero."
        ),
        Args.optional
      ),
      fake: Options.boolean("fake").pipe(
        Options.withDescription("Record the migrations without changing the database.")
      ),
      plan: Options.boolean("plan").pipe(
        Options.withDescription("Print what would be done, and do nothing.")
      )
    },
    run: ({ app, fake, name, plan }) =>
      Migrations.withDatabase(
        site,
        Migrations.migrate(Migrations.appsOf(site), loadModule, {
          fake,
          plan,
          ...Option.match(app, {
            onNone: () => ({}),
            onSome: (app) => ({
              target: {
                app,
                ...Option.match(name, { onNone: () => ({}), onSome: (name) => ({ name }) })
              }
            })
          })
        })
      ).pipe(Effect.asVoid)
  })
