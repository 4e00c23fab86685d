/**
 * Choosing adapters: the only module that knows more than one adapter of a port. A choice is a typed
 * record of layers; the config names one of them, and only that one's packages are loaded.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Database from "../ports/Database.ts"
import * as PasswordHasher from "../ports/PasswordHasher.ts"
import * as Router from "../ports/Router.ts"
import * as SessionStore from "../ports/SessionStore.ts"
import * as TemplateEngine from "../ports/TemplateEngine.ts"
import * as Settings from "./Settings.ts"

/** Any layer that gives `Port`: what a record of choices is made of. */
// `any`: the record's own type keeps the errors and needs of each layer, and `fromConfig` reads them from it.
// oxlint-disable-next-line typescript/no-explicit-any
type Giving<Port> = Layer.Layer<Port, any, any>

// oxlint-disable-next-line typescript/no-explicit-any
type AnyLayer = Layer.Layer<any, any, any>

type ErrorOf<Choices extends Record<string, AnyLayer>> = Layer.Layer.Error<Choices[keyof Choices]>
type NeedOf<Choices extends Record<string, AnyLayer>> = Layer.Layer.Context<Choices[keyof Choices]>

/**
 * The adapter that the config at `key` names. A name outside `choices` fails with a `ConfigError`
 * that lists them. Only the chosen layer is built.
 */
export const fromConfig = <Port, S, const Choices extends Record<string, Giving<Port>>>(
  port: Context.Tag<Port, S>,
  key: string,
  choices: Choices
): Layer.Layer<Port, ConfigError.ConfigError | ErrorOf<Choices>, NeedOf<Choices>> =>
  choice(port, Settings.choice(key, Object.keys(choices), { meaning: "" }), choices).layer

/** A driver package that the chosen adapter needs is not installed. */
export class DriverMissing extends Schema.TaggedError<DriverMissing>(
  "portico/bootstrap/DriverMissing"
)("DriverMissing", { package: Schema.String, install: Schema.String }) {
  override get message() {
    return (
      `Adapters: the chosen adapter needs the package "${this.package}", which is not installed. ` +
      `Run: npm install ${this.install}`
    )
  }
}

/**
 * The versions that Portico is tested with. npm's `latest` of the `@effect` ones belongs to another
 * major version of Effect, so an install line always names the version.
 */
export const testedVersions: Readonly<Record<string, string>> = {
  "@effect/sql-mysql2": "0.53.0",
  "@effect/sql-pg": "0.53.0",
  "@effect/sql-sqlite-node": "0.53.0",
  "@node-rs/argon2": "2.2.1",
  bcrypt: "6.0.0",
  "better-sqlite3": "12.11.1",
  eta: "4.6.0",
  handlebars: "4.7.10",
  liquidjs: "10.30.1",
  mysql2: "3.24.6",
  pg: "8.23.1"
}

/** The package of a failed import, where the failure is that it is not installed. */
const missingPackage = (error: unknown): string | undefined => {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_MODULE_NOT_FOUND") {
    return undefined
  }
  return /Cannot find (?:package|module) '((?:@[^/']+\/)?[^./'@][^/']*)/.exec(error.message)?.[1]
}

/**
 * Imports an adapter when it is chosen, so that the packages of the others need not be installed.
 * Typed over the whole layer: with its parts as parameters a record would infer them as `any`.
 */
export const lazy = <L extends AnyLayer>(
  load: () => Promise<L>
): Layer.Layer<
  Layer.Layer.Success<L>,
  Layer.Layer.Error<L> | DriverMissing,
  Layer.Layer.Context<L>
> =>
  Layer.unwrapEffect(
    Effect.catchAll(Effect.tryPromise({ try: load, catch: (error) => error }), (error) => {
      const name = missingPackage(error)
      if (name === undefined) return Effect.die(error)
      const version = testedVersions[name]
      const install = version === undefined ? name : `${name}@${version}`
      return Effect.fail(new DriverMissing({ package: name, install }))
    })
  )

/** A port, the setting that chooses its adapter, and the layer that does as the setting says. */
export interface Choice<in Port, out E, out R> {
  /** The port's short name: "SessionStore". */
  readonly port: string
  readonly setting: Settings.Setting<string>
  readonly names: ReadonlyArray<string>
  readonly layer: Layer.Layer<Port, E, R>
}

/** The port's short name in its tag: "portico/ports/SessionStore" → "SessionStore". */
const shortName = (key: string): string => key.slice(key.lastIndexOf("/") + 1)

/** A choice among `choices` by a setting whose value is one of their names. */
export const choice = <Port, S, const Choices extends Record<string, Giving<Port>>>(
  port: Context.Tag<Port, S>,
  setting: Settings.Setting<string>,
  choices: Choices
): Choice<Port, ConfigError.ConfigError | ErrorOf<Choices>, NeedOf<Choices>> => ({
  port: shortName(port.key),
  setting,
  names: Object.keys(choices),
  layer: Layer.unwrapEffect(
    Effect.map(Settings.config(setting), (name): Giving<Port> => choices[name]!)
  )
})
