/**
 * The command line entry point: `portico` and, with a site of its own, a program's `main.ts`.
 *
 * ```ts
 * Cli.main(site)
 * ```
 */
import * as Command from "@effect/cli/Command"
import * as Span from "@effect/cli/HelpDoc/Span"
import * as ValidationError from "@effect/cli/ValidationError"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { runMain } from "@effect/platform-node-shared/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Args from "@effect/cli/Args"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as ReusableApp from "../ports/ReusableApp.ts"
import type * as Adapters from "./Adapters.ts"
import * as App from "./App.ts"
import { check } from "./cli/check.ts"
import { clearsessions } from "./cli/clearsessions.ts"
import { contract } from "./cli/contract.ts"
import { layers } from "./cli/layers.ts"
import { makemigrations } from "./cli/makemigrations.ts"
import { migrate } from "./cli/migrate.ts"
import { routes } from "./cli/routes.ts"
import { serve } from "./cli/serve.ts"
import { settings } from "./cli/settings.ts"
import { showmigrations } from "./cli/showmigrations.ts"
import { sqlmigrate } from "./cli/sqlmigrate.ts"
import * as Arguments from "./internal/arguments.ts"
import { findSite, loadSite, SiteMissing } from "./internal/load.ts"
import { report } from "./internal/report.ts"
import { services, settle } from "./internal/start.ts"
import { withoutEscapes } from "./internal/terminal.ts"
import { version } from "./internal/version.ts"

/** An app's command, run with the site's services. */
const ofApp = (
  site: App.Any,
  app: string,
  command: ReusableApp.Command<unknown>
): Arguments.Definition =>
  Arguments.define({
    name: command.name,
    group: `Of ${app}`,
    summary: command.summary,
    parameters: { args: Args.repeated(Args.text({ name: "argument" })) },
    run: ({ args }) =>
      Effect.gen(function* () {
        const settled = yield* settle(site)
        yield* Effect.provide(command.run(args), services(site, settled)).pipe(
          Effect.mapError((failure): Adapters.Failure =>
            "_tag" in failure && typeof failure._tag === "string"
              ? { _tag: failure._tag, message: failure.message }
              : { _tag: "CommandFailed", message: failure.message }
          )
        )
      })
  })

const definitions = (
  site: App.Any,
  file: string | undefined
): ReadonlyArray<Arguments.Definition> => [
  serve(site, file),
  migrate(site),
  makemigrations(site),
  showmigrations(site),
  sqlmigrate(site),
  clearsessions(site),
  routes(site),
  settings(site),
  check(site),
  layers(site),
  contract(site),
  ...[...new Set(site.apps.map(({ app }) => app))].flatMap((app) =>
    app.commands.map((command) => ofApp(site, app.name, command))
  )
]

/** Runs a command line, without the two words for node and the program. */
export const run = (
  site: App.Any,
  args: ReadonlyArray<string>,
  file?: string
): Effect.Effect<void, Adapters.Failure> =>
  Effect.gen(function* () {
    const commands = definitions(site, file)
    yield* Arguments.check(commands, args)
    if (args.length === 0 || (args.length === 1 && (args[0] === "--help" || args[0] === "-h"))) {
      return yield* Console.log(Arguments.overview(commands, { version, site: site.name }))
    }
    const [first, ...rest] = commands.map(({ command }) => command)
    const root = Command.make("portico").pipe(
      Command.withDescription(`Run and look after ${site.name}, a site made with Portico.`),
      Command.withSubcommands([first!, ...rest])
    )
    const program = Command.run(root, {
      name: "portico",
      version,
      summary: Span.text("Django's promise for TypeScript, on Effect"),
      executable: "portico"
    })
    // `@effect/cli` expects node and the program before the arguments.
    yield* program(["node", "portico", ...args]).pipe(
      Effect.catchIf(ValidationError.isValidationError, () =>
        // It has printed what is wrong.
        Effect.sync(() => {
          process.exitCode = 2
        })
      ),
      Effect.provide(environment),
      withoutEscapes
    )
  })

const environment = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)

/** The whole of a command line program for a site: `Cli.main(site)`. */
export const main = (site: App.Any, args: ReadonlyArray<string> = process.argv.slice(2)): void =>
  runMain(report(run(site, args)), { disableErrorReporting: true })

/** Stands in where no site was found. */
const noSite = App.make({ name: "your site" })

/** Without a site there is help, and contracts to run on an adapter. */
const withoutSite = (args: ReadonlyArray<string>): Effect.Effect<void, Adapters.Failure> => {
  const [first] = args
  return first === undefined || first.startsWith("-") || first === "contract"
    ? run(noSite, args)
    : Effect.fail(
        new SiteMissing({
          problem: `there is no site here: ${process.cwd()} has no site.ts.`,
          remedy: "Go to the site's directory, or name its file: portico --site FILE."
        })
      )
}

/** The `portico` command: finds the site, then does as told. */
export const find = (args: ReadonlyArray<string>): void =>
  runMain(
    report(
      Effect.gen(function* () {
        const { rest, site } = yield* Arguments.takeSite(args)
        const file = findSite(site ?? process.env["PORTICO_SITE"], process.cwd())
        if (file === undefined) return yield* withoutSite(rest)
        return yield* run(yield* loadSite(file), rest, file)
      })
    ),
    { disableErrorReporting: true }
  )
