/** `portico contract`: puts an adapter on trial, the configured ones or one from a module. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Contract, Harness } from "../../../contracts/Contract.ts"
import { isMet, run, type Verdict } from "../../../contracts/run.ts"
import { didYouMean } from "../../domain/Near.ts"
import * as Database from "../../ports/Database.ts"
import * as PasswordHasher from "../../ports/PasswordHasher.ts"
import * as Router from "../../ports/Router.ts"
import * as SessionStore from "../../ports/SessionStore.ts"
import type * as TemplateEngine from "../../ports/TemplateEngine.ts"
import type * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Checks from "../Checks.ts"
import { define, UsageFault } from "../internal/arguments.ts"
import { loadModule } from "../internal/load.ts"
import { services, settle } from "../internal/start.ts"
import { style } from "../internal/terminal.ts"

// `any`: a contract and its harness agree on the port between themselves.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyContract = Contract<any, any>
// oxlint-disable-next-line typescript/no-explicit-any
type AnyHarness = Harness<any, any, Adapters.Failure>

/** Some adapter breaks its contract. */
export class ContractBroken extends Schema.TaggedError<ContractBroken>(
  "portico/bootstrap/ContractBroken"
)("ContractBroken", { unmet: Schema.Number, clauses: Schema.Number }) {
  override get message() {
    return `${this.unmet} of ${this.clauses} clauses are not met. Mend the adapter, or declare the capability it lacks.`
  }
}

/** The contracts by the names of their ports. */
const contracts: Readonly<Record<string, () => Promise<{ readonly contract: AnyContract }>>> = {
  Router: () => import("../../../contracts/RouterContract.ts"),
  HttpServer: () => import("../../../contracts/HttpServerContract.ts"),
  TemplateEngine: () => import("../../../contracts/TemplateEngineContract.ts"),
  SessionStore: () => import("../../../contracts/SessionStoreContract.ts"),
  PasswordHasher: () => import("../../../contracts/PasswordHasherContract.ts"),
  Database: () => import("../../../contracts/DatabaseContract.ts")
}

const names = Object.keys(contracts)

/** The ports whose configured adapter can stand trial as it is; the others need a harness of their own. */
const configured = {
  Router: Router.Router,
  SessionStore: SessionStore.SessionStore,
  PasswordHasher: PasswordHasher.PasswordHasher,
  Database: Database.Database
} as const

type Configured = keyof typeof configured

const isConfigured = (port: string): port is Configured => Object.hasOwn(configured, port)

/** The engines in whose language the contract's templates are written. */
const engines = {
  mustache: {
    adapter: () => import("../../adapters/templates/Mustache.ts"),
    templates: () => import("../../../contracts/templates/mustache.ts")
  },
  handlebars: {
    adapter: () => import("../../adapters/templates/Handlebars.ts"),
    templates: () => import("../../../contracts/templates/handlebars.ts")
  },
  eta: {
    adapter: () => import("../../adapters/templates/Eta.ts"),
    templates: () => import("../../../contracts/templates/eta.ts")
  },
  liquid: {
    adapter: () => import("../../adapters/templates/Liquid.ts"),
    templates: () => import("../../../contracts/templates/liquid.ts")
  }
} as const

const isEngine = (name: string): name is keyof typeof engines => Object.hasOwn(engines, name)

/** The configured engine with the contract's templates; none for the engine of a third party. */
const engineFromSettings = (
  site: App.Any
): Effect.Effect<AnyHarness | undefined, Adapters.Failure> =>
  Effect.gen(function* () {
    const settled = yield* settle(site)
    const name = Checks.chosen(site, settled).find(({ port }) => port === "TemplateEngine")!.adapter
    if (!isEngine(name)) return undefined
    return yield* Effect.promise(async () => {
      const { harness } = await import("../../../contracts/TemplateEngineContract.ts")
      const engine = engines[name]
      // Each driver has a template type of its own, which the trial never looks at.
      const { driver } = (await engine.adapter()) as {
        readonly driver: TemplateEngine.Driver<unknown>
      }
      return harness({ name, driver, sources: (await engine.templates()).sources })
    })
  })

const load = (port: string): Effect.Effect<AnyContract> =>
  Effect.map(Effect.promise(contracts[port]!), ({ contract }) => contract)

const fromSettings = (
  site: App.Any,
  port: Configured
): Effect.Effect<AnyHarness, Adapters.Failure> =>
  Effect.gen(function* () {
    const settled = yield* settle(site)
    const layer = services(site, settled)
    // Each tag's service has `capabilities`; which, its own contract knows.
    const { capabilities } = yield* Effect.provide(
      configured[port] as Effect.Effect<{ readonly capabilities: unknown }, never, Adapters.Ports>,
      layer
    )
    const name = Checks.chosen(site, settled).find((choice) => choice.port === port)!.adapter
    if (port !== "Database") return { name, capabilities, layer }
    const { withoutTables } = yield* Effect.promise(
      () => import("../../../contracts/database/models.ts")
    )
    return {
      name,
      capabilities,
      layer: Layer.tap(layer, (context) => Effect.provide(withoutTables, context))
    }
  })

const fromModule = (path: string): Effect.Effect<AnyHarness, UsageFault> =>
  Effect.gen(function* () {
    const module = yield* Effect.tryPromise({
      try: () => loadModule(path),
      catch: (error) =>
        new UsageFault({
          problem: `portico contract: ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`,
          remedy: "Give the file of an adapter or of its harness."
        })
    })
    const found = (module["harness"] ?? module) as Partial<AnyHarness>
    if (!Layer.isLayer(found.layer) || found.capabilities === undefined) {
      return yield* new UsageFault({
        problem: `portico contract: ${path} exports no harness.`,
        remedy:
          "Export `capabilities` and a `layer` that needs nothing, or a `harness` with both. An adapter with options gets a module that chooses them."
      })
    }
    return {
      ...found,
      name: found.name ?? path,
      capabilities: found.capabilities,
      layer: found.layer
    }
  })

const lines = (verdict: Verdict): ReadonlyArray<string> => {
  const met = isMet(verdict)
  const mark = met ? style("green", "✓") : style("red", "✗")
  const note =
    verdict.expectedFailure === undefined
      ? ""
      : style("dim", `  (announced: ${verdict.expectedFailure})`)
  if (met || Exit.isSuccess(verdict.exit)) {
    return [
      `  ${mark} ${verdict.clause}${met ? note : "  was announced to fail, and is met: take it off the list."}`
    ]
  }
  const reason = Cause.pretty(verdict.exit.cause).split("\n").slice(0, 6)
  return [`  ${mark} ${verdict.clause}`, ...reason.map((line) => `      ${line}`)]
}

const trial = (port: string, harness: AnyHarness) =>
  Effect.gen(function* () {
    const contract = yield* load(port)
    yield* Console.log(style("bold", `${port} ← ${harness.name}`))
    const verdicts = yield* run(contract, harness)
    yield* Console.log(verdicts.flatMap(lines).join("\n"))
    const unmet = verdicts.filter((verdict) => !isMet(verdict)).length
    yield* Console.log(`  ${verdicts.length - unmet} of ${verdicts.length} clauses are met.\n`)
    return { unmet, clauses: verdicts.length }
  })

const list = Effect.gen(function* () {
  for (const port of names) {
    const contract = yield* load(port)
    const how =
      isConfigured(port) || port === "TemplateEngine"
        ? "as configured, or by --adapter"
        : "by --adapter"
    yield* Console.log(`${style("bold", contract.name.padEnd(16))} ${how}`)
  }
})

export const contract = (site: App.Any) =>
  define({
    name: "contract",
    group: "Checking",
    summary:
      "Put adapters on trial: run the contract of a port and print a verdict for each clause.",
    details:
      "Without --adapter the adapters that the settings choose stand trial. The Database contract makes, fills and drops tables of its own (portico_contract_…): it runs only with --scratch, against a database that may be written to.",
    examples: [
      "portico contract --list",
      "portico contract SessionStore",
      "portico contract SessionStore --adapter ./FileSessions.ts",
      "DATABASE_URL=sqlite:./scratch.db portico contract Database --scratch"
    ],
    parameters: {
      port: Args.text({ name: "port" }).pipe(
        Args.withDescription(`One of ${names.join(", ")}.`),
        Args.optional
      ),
      adapter: Options.text("adapter").pipe(
        Options.withDescription("A module that exports an adapter or its harness."),
        Options.optional
      ),
      list: Options.boolean("list").pipe(Options.withDescription("List the contracts.")),
      scratch: Options.boolean("scratch").pipe(
        Options.withDescription("The configured database may be written to.")
      )
    },
    run: ({ adapter, list: lists, port, scratch }) =>
      Effect.gen(function* () {
        if (lists) return yield* list
        const asked = Option.getOrUndefined(port)
        if (asked !== undefined && !names.includes(asked)) {
          return yield* new UsageFault({
            problem: `portico contract: there is no port "${asked}".${didYouMean(asked, names)}`,
            remedy: `There are ${names.join(", ")}.`
          })
        }
        const results: Array<{ readonly unmet: number; readonly clauses: number }> = []
        if (Option.isSome(adapter)) {
          if (asked === undefined) {
            return yield* new UsageFault({
              problem: "portico contract: --adapter needs the port that it is an adapter of.",
              remedy: `For example: portico contract SessionStore --adapter ${adapter.value}`
            })
          }
          results.push(yield* trial(asked, yield* fromModule(adapter.value)))
        } else {
          const engine =
            asked === undefined || asked === "TemplateEngine"
              ? yield* engineFromSettings(site)
              : undefined
          if (asked !== undefined && !isConfigured(asked) && engine === undefined) {
            return yield* new UsageFault({
              problem: `portico contract: ${asked} needs a harness.`,
              remedy: `Give its module: portico contract ${asked} --adapter ./harness.ts`
            })
          }
          if (asked === "Database" && !scratch) {
            return yield* new UsageFault({
              problem: "portico contract: the Database contract writes to the configured database.",
              remedy: "If that is what you want, add --scratch."
            })
          }
          if (engine !== undefined) results.push(yield* trial("TemplateEngine", engine))
          const ports = Object.keys(configured).filter(isConfigured)
          for (const each of asked === undefined ? ports : ports.filter((name) => name === asked)) {
            if (each === "Database" && !scratch) {
              yield* Console.log(
                style(
                  "dim",
                  "Database: not on trial, since its contract writes. Add --scratch to run it.\n"
                )
              )
            } else results.push(yield* trial(each, yield* fromSettings(site, each)))
          }
        }
        const unmet = results.reduce((sum, result) => sum + result.unmet, 0)
        const clauses = results.reduce((sum, result) => sum + result.clauses, 0)
        if (unmet > 0) return yield* new ContractBroken({ unmet, clauses })
      })
  })
