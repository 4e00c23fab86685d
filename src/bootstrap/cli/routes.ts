/** `portico routes`: every route in the order of matching. */
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Router from "../../ports/Router.ts"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { settle } from "../internal/start.ts"
import { style, table } from "../internal/terminal.ts"
import * as Settings from "../Settings.ts"
import * as Layer from "effect/Layer"

export const routes = (site: App.Any) =>
  define({
    name: "routes",
    group: "Looking",
    summary: "List every route: method, path, name and the app whose view answers.",
    examples: ["portico routes", "portico routes --name polls"],
    parameters: {
      name: Options.text("name").pipe(
        Options.withDescription("Only routes whose name or path holds this text."),
        Options.optional
      )
    },
    run: ({ name }) =>
      Effect.gen(function* () {
        const { sources } = yield* settle(site)
        const compiled = yield* Effect.flatMap(Router.Router, (_) => _.compile(site.entries)).pipe(
          Effect.provide(
            Layer.provide(
              site.adapters.router.layer,
              Layer.setConfigProvider(Settings.provider(site.settings, sources))
            )
          )
        )
        const owner = new Map(
          site.apps.flatMap(({ app }) => app.views.map((view) => [view.route, app.name] as const))
        )
        const wanted = Option.getOrElse(name, () => "")
        const rows = compiled.routes
          .filter((row) => row.name.includes(wanted) || row.pattern.includes(wanted))
          .map(({ methods, name: qualified, pattern, route }) => [
            methods.join(" "),
            style("cyan", pattern),
            qualified,
            owner.get(route) ?? "site"
          ])
        yield* Console.log(
          rows.length === 0
            ? `No route has "${wanted}" in its name or path.`
            : table(["METHOD", "PATH", "NAME", "VIEW OF"], rows)
        )
      })
  })
