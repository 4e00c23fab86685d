/**
 * The command line before `@effect/cli` sees it: options that no command has are refused here, since
 * it would take them for arguments (`migrate --nope` ran with the app "--nope").
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"
import { didYouMean } from "../../domain/Near.ts"
import type { Failure } from "../Adapters.ts"
import { style } from "./terminal.ts"

/** What the command line has that no command takes. Ends with status 2. */
export class UsageFault extends Schema.TaggedError<UsageFault>("portico/bootstrap/UsageFault")(
  "UsageFault",
  { problem: Schema.String, remedy: Schema.String }
) {
  override get message() {
    return `${this.problem} ${this.remedy}`
  }
}

/** Under which heading the list of commands has it; an app's commands are under the app's name. */
export type Group = "Serving" | "Database" | "Looking" | "Checking" | (string & {})

/** A command as `portico` lists it, before it is handed to `@effect/cli`. */
export interface Definition {
  readonly name: string
  readonly group: Group
  readonly summary: string
  readonly parameters: Command.Command.Config
  // `any`: the parameters' types have done their work where the command was defined.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly command: Command.Command<string, never, Failure, any>
}

/** A command: its help, its parameters, and what it does with them. */
export const define = <const C extends Command.Command.Config>(options: {
  readonly name: string
  readonly group: Group
  /** One line for the list of commands. */
  readonly summary: string
  /** What the summary has no room for. */
  readonly details?: string
  /** Whole command lines, shown in the help. */
  readonly examples?: ReadonlyArray<string>
  readonly parameters: C
  readonly run: (
    input: Types.Simplify<Command.Command.ParseConfig<C>>
  ) => Effect.Effect<void, Failure>
}): Definition => {
  const { examples = [], group, name, parameters, summary } = options
  const help = HelpDoc.blocks([
    HelpDoc.p(summary),
    ...(options.details === undefined ? [] : [HelpDoc.p(options.details)]),
    ...(examples.length === 0
      ? []
      : [HelpDoc.h1("EXAMPLES"), ...examples.map((line) => HelpDoc.p(`$ ${line}`))])
  ])
  const command = Command.make(name, parameters, options.run).pipe(Command.withDescription(help))
  return { name, group, summary, parameters, command }
}

/** What `portico --help` prints: every command with its line, by group. */
export const overview = (
  definitions: ReadonlyArray<Definition>,
  about: { readonly version: string; readonly site: string }
): string => {
  const wide = Math.max(...definitions.map(({ name }) => name.length))
  const groups = [...new Set(definitions.map(({ group }) => group))]
  return [
    `${style("bold", `portico ${about.version}`)}  Run and look after ${about.site}.`,
    "",
    `Usage: portico ${style("dim", "[--site FILE]")} ${style("cyan", "COMMAND")} ${style("dim", "[options]")}`,
    ...groups.flatMap((group) => [
      "",
      style("bold", group),
      ...definitions
        .filter((definition) => definition.group === group)
        .map(({ name, summary }) => `  ${style("cyan", name.padEnd(wide))}  ${summary}`)
    ]),
    "",
    "Commands work on the site that ./site.ts exports, or on the one that --site (or PORTICO_SITE)",
    "names. Settings come from the environment and from .env: see portico settings.",
    "",
    `portico ${style("cyan", "COMMAND")} --help tells more and shows examples; --completions bash (zsh, fish)`,
    "prints a completion script; --version prints the version."
  ].join("\n")
}

const builtIn = ["--help", "-h", "--version", "--wizard", "--completions", "--log-level", "--site"]

/** `--port`, and whether a value follows it. */
interface Known {
  readonly name: string
  readonly takesValue: boolean
}

const knownOptions = (parameters: Command.Command.Config): ReadonlyArray<Known> =>
  Object.values(parameters).flatMap((parameter): ReadonlyArray<Known> => {
    if (!Options.isOptions(parameter)) return []
    return Option.match(Options.getIdentifier(parameter), {
      onNone: () => [],
      onSome: (name) => [
        { name: name.startsWith("-") ? name : `--${name}`, takesValue: !Options.isBool(parameter) }
      ]
    })
  })

const takesArguments = (parameters: Command.Command.Config): boolean =>
  Object.values(parameters).some((parameter) => Args.isArgs(parameter))

/** The word of the command line that names a command: the first that is not an option. */
const commandOf = (args: ReadonlyArray<string>): string | undefined =>
  args.find(
    (arg, i) =>
      !arg.startsWith("-") && args[i - 1] !== "--log-level" && args[i - 1] !== "--completions"
  )

/** Nothing, or what is wrong with the command line. */
export const check = (
  definitions: ReadonlyArray<Definition>,
  args: ReadonlyArray<string>
): Either.Either<void, UsageFault> => {
  const name = commandOf(args)
  const definition = definitions.find((candidate) => candidate.name === name)
  if (name !== undefined && definition === undefined) {
    return Either.left(
      new UsageFault({
        problem: `portico: there is no command "${name}".${didYouMean(
          name,
          definitions.map((d) => d.name)
        )}`,
        remedy: "See portico --help."
      })
    )
  }
  const known = definition === undefined ? [] : knownOptions(definition.parameters)
  const help = `See portico ${definition === undefined ? "" : `${definition.name} `}--help.`
  let words = 0
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === "--") break
    if (!arg.startsWith("-") || arg === "-") {
      words++
      continue
    }
    const option = arg.split("=", 1)[0]!
    const negated = option.replace(/^--no-/, "--")
    const match = known.find(
      (candidate) =>
        candidate.name === option || (!candidate.takesValue && candidate.name === negated)
    )
    if (match === undefined && !builtIn.includes(option)) {
      const names = [...known.map((candidate) => candidate.name), "--help", "--version", "--site"]
      return Either.left(
        new UsageFault({
          problem: `portico${name === undefined ? "" : ` ${name}`}: there is no option ${option}.${didYouMean(option, names)}`,
          remedy: help
        })
      )
    }
    const valued = match?.takesValue ?? (option === "--log-level" || option === "--completions")
    if (valued && !arg.includes("=")) i++
  }
  return definition !== undefined && words > 1 && !takesArguments(definition.parameters)
    ? Either.left(
        new UsageFault({
          problem: `portico ${definition.name}: it takes no arguments.`,
          remedy: help
        })
      )
    : Either.right(undefined)
}

/** The value of `--site FILE`, and the command line without it. */
export const takeSite = (
  args: ReadonlyArray<string>
): Effect.Effect<
  { readonly site: string | undefined; readonly rest: ReadonlyArray<string> },
  UsageFault
> => {
  const at = args.findIndex((arg) => arg === "--site" || arg.startsWith("--site="))
  if (at < 0) return Effect.succeed({ site: undefined, rest: args })
  const inline = args[at]!.includes("=")
  const site = inline ? args[at]!.slice("--site=".length) : args[at + 1]
  return site === undefined || site === "" || site.startsWith("-")
    ? Effect.fail(
        new UsageFault({
          problem: "portico: --site needs the file that exports the site.",
          remedy: "For example: portico --site site.ts serve"
        })
      )
    : Effect.succeed({ site, rest: args.filter((_, i) => i !== at && (inline || i !== at + 1)) })
}
