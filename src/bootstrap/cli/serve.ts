/** `portico serve`: the development server with reload, or the production server. */
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import type * as App from "../App.ts"
import { define } from "../internal/arguments.ts"
import { childMark, superviseChanges } from "../internal/reload.ts"
import { settle } from "../internal/start.ts"
import { style } from "../internal/terminal.ts"

export const serve = (site: App.Any, file: string | undefined) =>
  define({
    name: "serve",
    group: "Serving",
    summary: "Serve the site.",
    details:
      "In development it starts anew when code changes. In production it ends gracefully: on SIGTERM what is in flight is finished first.",
    examples: [
      "portico serve",
      "portico serve --port 8080",
      "PORTICO_ENV=production portico serve"
    ],
    parameters: {
      host: Options.text("host").pipe(
        Options.withDescription("The address to listen on, in place of HOST."),
        Options.optional
      ),
      port: Options.text("port").pipe(
        Options.withDescription("The port to listen on, in place of PORT; 0 takes a free one."),
        Options.optional
      ),
      noReload: Options.boolean("no-reload").pipe(
        Options.withDescription("Do not start anew when code changes.")
      )
    },
    run: ({ host, noReload, port }) =>
      Effect.gen(function* () {
        const overrides = { HOST: Option.getOrUndefined(host), PORT: Option.getOrUndefined(port) }
        const given = Object.fromEntries(
          Object.entries(overrides).filter(([, value]) => value !== undefined)
        )
        const { values } = yield* settle(site, given)
        const reloads =
          values.environment === "development" && !noReload && process.env[childMark] === undefined
        if (reloads) {
          yield* Console.error(style("dim", "Development server: starts anew when code changes."))
          return yield* superviseChanges([
            ...(file === undefined ? [process.cwd()] : [dirname(file)]),
            ...site.apps.flatMap(({ app }) =>
              app.directory === undefined ? [] : [fileURLToPath(app.directory)]
            )
          ])
        }
        const { serve: run } = yield* Effect.promise(() => import("../Http.ts"))
        return yield* run(site, given)
      })
  })
