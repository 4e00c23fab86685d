/** `portico layers`: which adapter stands behind each port, as the settings choose. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Checks from "../Checks.ts"
import { define } from "../internal/arguments.ts"
import { settle } from "../internal/start.ts"
import { style } from "../internal/terminal.ts"

export const layers = (site: App.Any) =>
  define({
    name: "layers",
    group: "Looking",
    summary:
      "Show the tree of the site: each port, the adapter behind it and the setting that chose it.",
    examples: ["portico layers", "DATABASE_URL=memory: portico layers"],
    parameters: {},
    run: () =>
      Effect.gen(function* () {
        const settled = yield* settle(site)
        const choices = Checks.chosen(site, settled)
        const others = new Map(
          Adapters.choices(site.adapters).map(({ names, port }) => [port, names])
        )
        const lines = choices.map(({ adapter, key, port }, i) => {
          const rest = others.get(port)!.filter((name) => name !== adapter)
          const branch = i === choices.length - 1 ? "└─" : "├─"
          const choice = `${style("cyan", port)} ← ${style("bold", adapter)}`
          return `${branch} ${choice}  ${style("dim", `${key} (or ${rest.join(", ")})`)}`
        })
        const apps = site.apps.map(
          ({ app, namespace, prefix }) =>
            `${namespace === app.name ? app.name : `${app.name} as ${namespace}`} at ${prefix?.source || "/"}`
        )
        yield* Console.log(
          [
            style("bold", site.name),
            ...(apps.length === 0 ? [] : [`├─ apps: ${apps.join(", ")}`]),
            ...lines
          ].join("\n")
        )
      })
  })
