/** `portico check`: what is wrong with the site, without serving it. */
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as App from "../App.ts"
import * as Checks from "../Checks.ts"
import { define } from "../internal/arguments.ts"
import { run } from "../internal/deepChecks.ts"
import { services, settle } from "../internal/start.ts"
import { style } from "../internal/terminal.ts"

export const check = (site: App.Any) =>
  define({
    name: "check",
    group: "Checking",
    summary: "Look for mistakes in settings, routes, templates and apps. Nothing is changed.",
    examples: ["portico check", "portico check --deploy"],
    parameters: {
      deploy: Options.boolean("deploy").pipe(
        Options.withDescription("Check as if the site ran in production.")
      )
    },
    run: ({ deploy }) =>
      Effect.gen(function* () {
        const settled = yield* settle(site, deploy ? { PORTICO_ENV: "production" } : {})
        const findings = yield* run(site, settled).pipe(Effect.provide(services(site, settled)))
        const errors = findings.filter(({ level }) => level === "error")
        if (findings.length === 0) {
          return yield* Console.log(`${style("green", "✓")} ${site.name}: no mistakes found.`)
        }
        yield* Effect.forEach(findings, (finding) => Console.log(Checks.line(finding)), {
          discard: true
        })
        if (errors.length > 0) {
          return yield* new Checks.ChecksFailed({ errors: errors.map(({ fact }) => fact) })
        }
      })
  })
