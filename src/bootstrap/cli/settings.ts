/** `portico settings`: every key, its value, where that comes from and what it is for. */
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { style, table } from "../internal/terminal.ts"
import * as Settings from "../Settings.ts"

export const settings = (site: App.Any) =>
  define({
    name: "settings",
    group: "Looking",
    summary: "Show every setting with its value, its source and its meaning. Secrets are masked.",
    details:
      "A value is looked for in the environment, then in .env, then among the site's own defaults, then among Portico's.",
    examples: ["portico settings", "PORT=80 portico settings --json"],
    parameters: {
      json: Options.boolean("json").pipe(Options.withDescription("Print JSON instead of a table."))
    },
    run: ({ json }) =>
      Effect.gen(function* () {
        const sources = yield* Settings.readSources(site.defaults, process.cwd())
        const environment = Settings.environmentOf(sources)
        const rows = Object.values(site.settings).map((setting) => {
          const { source, text } = Settings.find(setting, sources, environment)
          const value = Settings.masked(setting, text)
          return { key: setting.key, value, source, shape: setting.shape, meaning: setting.meaning }
        })
        yield* Console.log(
          json
            ? JSON.stringify(rows, null, 2)
            : table(
                ["SETTING", "VALUE", "FROM", "MEANING"],
                rows.map(({ key, meaning, source, value }) => [
                  key,
                  value,
                  source === "default" ? style("dim", source) : source,
                  meaning
                ])
              )
        )
        const decoded = Settings.decode(site.settings, sources)
        if (Either.isLeft(decoded)) return yield* decoded.left
      })
  })
