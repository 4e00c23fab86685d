/**
 * Choosing adapters: the only module that knows more than one adapter of a port. A choice is a typed
 * record of layers; the config names one of them, and only that one's packages are loaded.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Database from "../ports/Database.ts"
import * as PasswordHasher from "../ports/PasswordHasher.ts"
import * as Router from "../ports/Router.ts"
import * as SessionStore from "../ports/SessionStore.ts"
import type * as Signer from "../ports/Signer.ts"
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
  Layer.unwrapEffect(
    Effect.map(Config.literal(...Object.keys(choices))(key), (name): Giving<Port> => choices[name]!)
  )

/** A driver package that the chosen adapter needs is not installed. */
export class DriverMissing extends Schema.TaggedError<DriverMissing>(
  "portico/bootstrap/Adapters/DriverMissing"
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

/** What stops a layer from being built: always with a message that says what to do. */
export interface Failure {
  readonly _tag: string
  readonly message: string
}

/** A port, the setting that chooses its adapter, and the layer that does as the setting says. */
export interface Choice<in Port, out R = never> {
  /** The port's short name: "SessionStore". */
  readonly port: string
  readonly setting: Settings.Setting<unknown>
  /** The adapters to choose from. */
  readonly names: ReadonlyArray<string>
  /** The name that a text for the setting chooses. */
  readonly nameOf: (text: string) => string
  readonly layer: Layer.Layer<Port, Failure, R>
}

/** The port's short name in its tag: "portico/ports/SessionStore" → "SessionStore". */
const shortName = (key: string): string => key.slice(key.lastIndexOf("/") + 1)

/** A key that a layer reads by itself is missing or wrong. */
export class ConfigMissing extends Schema.TaggedError<ConfigMissing>(
  "portico/bootstrap/Adapters/ConfigMissing"
)("ConfigMissing", { detail: Schema.String }) {
  override get message() {
    return `Adapters: the chosen adapter misses a setting. ${this.detail} Set it in the environment or in .env.`
  }
}

const failure = (error: Failure | ConfigError.ConfigError): Failure =>
  ConfigError.isConfigError(error) ? new ConfigMissing({ detail: String(error) }) : error

/** A choice among `choices` by a setting whose value names one of them. */
const choose = <Port, S, R>(
  port: Context.Tag<Port, S>,
  key: { readonly name: string; readonly default: string; readonly meaning: string },
  choices: Readonly<Record<string, Layer.Layer<Port, Failure | ConfigError.ConfigError, R>>>
): Choice<Port, R> => {
  const setting = Settings.choice(key.name, Object.keys(choices), key)
  return {
    port: shortName(port.key),
    setting,
    names: Object.keys(choices),
    nameOf: (text) => text,
    layer: Layer.mapError(
      Layer.unwrapEffect(Effect.map(Settings.config(setting), (name) => choices[name]!)),
      failure
    )
  }
}

const schemes: Readonly<Record<string, string>> = { postgresql: "postgres", mariadb: "mysql" }

/** The database that a URL's scheme names. */
const databaseOf = (url: string): string => {
  const scheme = url.slice(0, url.indexOf(":"))
  return schemes[scheme] ?? scheme
}

/** Where a site's files are, for the adapters that read some. Given by `App.make`. */
export class SiteFiles extends Context.Tag("portico/bootstrap/SiteFiles")<
  SiteFiles,
  {
    readonly environment: Settings.Environment
    /** The `templates/` directories, the site's before those of its apps. */
    readonly templates: ReadonlyArray<string>
  }
>() {}

const fromFiles = <E>(
  load: (options: {
    readonly directories: ReadonlyArray<string>
    readonly mode: "development" | "production"
  }) => Promise<Layer.Layer<TemplateEngine.TemplateEngine, E>>
) =>
  Layer.unwrapEffect(
    Effect.map(SiteFiles, ({ environment, templates }) =>
      lazy(() =>
        load({
          directories: templates,
          mode: environment === "development" ? "development" : "production"
        })
      )
    )
  )

type Layers<Port, R = never> = Readonly<
  Record<string, Layer.Layer<Port, Failure | ConfigError.ConfigError, R>>
>

/** Adapters of third parties, by the names that the settings will know them by. */
export interface Extra {
  /** The name is the scheme of `DATABASE_URL`. */
  readonly databases?: Layers<Database.Database>
  /** `PORTICO_TEMPLATES` */
  readonly templates?: Layers<TemplateEngine.TemplateEngine, SiteFiles>
  /** `PORTICO_SESSIONS` */
  readonly sessions?: Layers<SessionStore.SessionStore, Database.Database>
  /** `PORTICO_HASHER` */
  readonly hashers?: Layers<PasswordHasher.PasswordHasher>
  /** `PORTICO_ROUTER` */
  readonly routers?: Layers<Router.Router>
}

/** The ports that every site has. */
export type Ports =
  | Router.Router
  | Database.Database
  | TemplateEngine.TemplateEngine
  | SessionStore.SessionStore
  | PasswordHasher.PasswordHasher
  | Signer.Signer

/** A choice for each port, and the layer of them all. */
export interface Standard {
  readonly router: Choice<Router.Router>
  readonly database: Choice<Database.Database>
  readonly templates: Choice<TemplateEngine.TemplateEngine, SiteFiles>
  readonly sessions: Choice<SessionStore.SessionStore, Database.Database>
  readonly hasher: Choice<PasswordHasher.PasswordHasher>
}

const url = Settings.config(Settings.core.databaseUrl)
const secret = Settings.config(Settings.core.secret)

/**
 * The adapters that come with Portico, chosen by the settings, and those of third parties beside
 * them: `Adapters.standard({ sessions: { files: FileSessions.layer({ directory }) } })`.
 */
export const standard = (extra: Extra = {}): Standard => {
  const databases: Layers<Database.Database> = {
    sqlite: lazy(() => import("../adapters/db/Sqlite.ts").then((_) => _.layerConfig({ url }))),
    postgres: lazy(() => import("../adapters/db/Postgres.ts").then((_) => _.layerConfig({ url }))),
    mysql: lazy(() => import("../adapters/db/Mysql.ts").then((_) => _.layerConfig({ url }))),
    memory: lazy(() => import("../adapters/db/Memory.ts").then((_) => _.layer)),
    ...extra.databases
  }
  const databaseUrl = Settings.databaseUrl(Object.keys(databases))
  return {
    router: choose(
      Router.Router,
      { name: "PORTICO_ROUTER", default: "radix", meaning: "How routes are looked up." },
      {
        radix: lazy(() => import("../adapters/http/RadixRouter.ts").then((_) => _.layer)),
        linear: lazy(() => import("../adapters/http/LinearRouter.ts").then((_) => _.layer)),
        ...extra.routers
      }
    ),
    database: {
      port: "Database",
      setting: databaseUrl,
      names: Object.keys(databases),
      nameOf: databaseOf,
      layer: Layer.mapError(
        Layer.unwrapEffect(
          Effect.map(
            Settings.config(databaseUrl),
            (given) => databases[databaseOf(Redacted.value(given))]!
          )
        ),
        failure
      )
    },
    templates: choose(
      TemplateEngine.TemplateEngine,
      {
        name: "PORTICO_TEMPLATES",
        default: "mustache",
        meaning: "The language that pages are written in."
      },
      {
        mustache: fromFiles((_) =>
          import("../adapters/templates/Mustache.ts").then((engine) => engine.layer(_))
        ),
        handlebars: fromFiles((_) =>
          import("../adapters/templates/Handlebars.ts").then((engine) => engine.layer(_))
        ),
        eta: fromFiles((_) =>
          import("../adapters/templates/Eta.ts").then((engine) => engine.layer(_))
        ),
        liquid: fromFiles((_) =>
          import("../adapters/templates/Liquid.ts").then((engine) => engine.layer(_))
        ),
        ...extra.templates
      }
    ),
    sessions: choose(
      SessionStore.SessionStore,
      {
        name: "PORTICO_SESSIONS",
        default: "database",
        meaning: "Where what a visitor did is remembered between requests."
      },
      {
        database: lazy(() => import("../adapters/auth/DatabaseSessions.ts").then((_) => _.layer)),
        memory: lazy(() => import("../adapters/auth/MemorySessions.ts").then((_) => _.layer)),
        cookie: lazy(() =>
          import("../adapters/auth/CookieSessions.ts").then((_) => _.layerConfig({ secret }))
        ),
        ...extra.sessions
      }
    ),
    hasher: choose(
      PasswordHasher.PasswordHasher,
      {
        name: "PORTICO_HASHER",
        default: "argon2id",
        meaning: "How new passwords are hashed; the others still verify."
      },
      {
        argon2id: lazy(() => import("../adapters/auth/Argon2Hasher.ts").then((_) => _.layer())),
        scrypt: lazy(() => import("../adapters/auth/ScryptHasher.ts").then((_) => _.layer())),
        pbkdf2_sha256: lazy(() =>
          import("../adapters/auth/Pbkdf2Hasher.ts").then((_) => _.layer())
        ),
        bcrypt_sha256: lazy(() =>
          import("../adapters/auth/BcryptHasher.ts").then((_) => _.layer())
        ),
        ...extra.hashers
      }
    )
  }
}

// Not a choice: Django's formats leave nothing to choose.
const signer = lazy(() =>
  import("../adapters/http/NodeSigner.ts").then((_) => _.layerConfig({ secret }))
)

/** Every port of a site, as its settings say. */
export const layer = (adapters: Standard): Layer.Layer<Ports, Failure, SiteFiles> =>
  Layer.mergeAll(
    adapters.router.layer,
    adapters.templates.layer,
    adapters.hasher.layer,
    Layer.mapError(signer, failure),
    Layer.provideMerge(adapters.sessions.layer, adapters.database.layer)
  )

/** The choices in the order that people read them in. */
export const choices = (
  adapters: Standard
): ReadonlyArray<Pick<Choice<never>, "port" | "setting" | "names" | "nameOf">> => [
  adapters.router,
  adapters.database,
  adapters.templates,
  adapters.sessions,
  adapters.hasher
]
