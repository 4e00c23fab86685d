/** `portico makemigrations`: writes what the models have and the migrations have not. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { loadModule } from "../internal/load.ts"
import * as Migrations from "../internal/migrations.ts"

export const makemigrations = (site: App.Any) =>
  define({
    name: "makemigrations",
    group: "Database",
    summary: "Write the migrations that lead from those that exist to the models.",
    details:
      "No database is asked. Renames, type changes and what else would lose data or copy a table are refused, with what to do instead.",
    examples: [
      "portico makemigrations",
      "portico makemigrations polls --name closes_on",
      "portico makemigrations --check"
    ],
    parameters: {
      apps: Args.text({ name: "app" }).pipe(
        Args.withDescription("The apps to look at; all unless named."),
        Args.repeated
      ),
      check: Options.boolean("check").pipe(
        Options.withDescription("Write nothing; end with status 1 where a migration is missing.")
      ),
      dryRun: Options.boolean("dry-run").pipe(
        Options.withDescription("Write nothing; print the files instead.")
      ),
      empty: Options.boolean("empty").pipe(
        Options.withDescription("Write a migration without changes, for the one app named.")
      ),
      name: Options.text("name").pipe(
        Options.withDescription("What the migration is called after its number."),
        Options.optional
      )
    },
    run: ({ apps, check, dryRun, empty, name }) =>
      Effect.asVoid(
        Migrations.makemigrations(Migrations.appsOf(site), loadModule, {
          only: apps,
          check,
          dryRun,
          empty,
          ...Option.match(name, { onNone: () => ({}), onSome: (name) => ({ name }) })
        })
      )
  })
