/**
 * Settings: every key that a site reads from its environment, with type, default and meaning. One
 * decode from the process's environment and `.env`; all faults are reported together.
 *
 * Read by `App.make`, and printed by `portico settings` and `portico check`.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Either from "effect/Either"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/** Where a site runs: decides what is shown, checked and reloaded. */
export type Environment = "development" | "production" | "test"

export const environments: ReadonlyArray<Environment> = ["development", "production", "test"]

/** One key. Make it with `text`, `number`, `choice`, `secret` or `of`. */
export interface Setting<A> {
  /** The name in the environment: `PORTICO_SECRET`. */
  readonly key: string
  /** What it does, in one line. */
  readonly meaning: string
  /** What a value looks like, for people: "a whole number from 0 to 65535". */
  readonly shape: string
  /** The value, as text, where nobody gives one; absent where somebody must. */
  readonly default: string | undefined
  /** Environments in which the default does not count and a value must be given. */
  readonly requiredIn: ReadonlyArray<Environment>
  /** Never shown: not in tables, not in errors. */
  readonly secret: boolean
  /** The value, or what is wrong with the text; never the text itself. */
  readonly decode: (text: string) => Either.Either<A, string>
}

export interface Options {
  readonly meaning: string
  readonly default?: string
  readonly requiredIn?: ReadonlyArray<Environment>
}

/** A key with a decoding of its own. */
export const of = <A>(
  key: string,
  options: Options & {
    readonly shape: string
    readonly secret?: boolean
    readonly decode: (text: string) => Either.Either<A, string>
  }
): Setting<A> => ({
  key,
  meaning: options.meaning,
  shape: options.shape,
  default: options.default,
  requiredIn: options.requiredIn ?? [],
  secret: options.secret ?? false,
  decode: options.decode
})

export const text = (key: string, options: Options): Setting<string> =>
  of(key, { ...options, shape: "a text", decode: Either.right })

/** A whole number, both ends included. */
export const number = (
  key: string,
  options: Options & { readonly min: number; readonly max: number }
): Setting<number> => {
  const shape = `a whole number from ${options.min} to ${options.max}`
  return of(key, {
    ...options,
    shape,
    decode: (given) => {
      const value = /^-?\d+$/.test(given) ? Number(given) : Number.NaN
      return value >= options.min && value <= options.max
        ? Either.right(value)
        : Either.left(`is not ${shape}`)
    }
  })
}

/** One of a few words. */
export const choice = <const Names extends ReadonlyArray<string>>(
  key: string,
  names: Names,
  options: Options
): Setting<Names[number]> => {
  const shape = `one of ${names.join(", ")}`
  return of<Names[number]>(key, {
    ...options,
    shape,
    decode: (given) =>
      names.includes(given)
        ? Either.right(given)
        : Either.left(`is ${JSON.stringify(given)}, which is not ${shape}`)
  })
}

/** A text that is never shown. `minLength` counts characters. */
export const secret = (
  key: string,
  options: Options & { readonly minLength: number }
): Setting<Redacted.Redacted> => {
  const shape = `a secret of at least ${options.minLength} characters`
  return of(key, {
    ...options,
    shape,
    secret: true,
    decode: (given) =>
      given.length < options.minLength
        ? Either.left(`has ${given.length} characters, which is not ${shape}`)
        : new Set(given).size < 5
          ? Either.left(`repeats fewer than 5 different characters`)
          : Either.right(Redacted.make(given))
  })
}

/** The key whose scheme chooses the database. Its password is masked where it is shown. */
export const databaseUrl = (schemes: ReadonlyArray<string>): Setting<Redacted.Redacted> =>
  of("DATABASE_URL", {
    meaning: "Where the rows live.",
    shape:
      "sqlite:./file.db, postgres://user:password@host/name, mysql://user:password@host/name or memory:",
    default: "sqlite:./site.db",
    decode: (given) => {
      const scheme = /^([a-z][a-z0-9+.-]*):/.exec(given)?.[1]
      const known = [...schemes, "postgresql", "mariadb"]
      return scheme !== undefined && known.includes(scheme)
        ? Either.right(Redacted.make(given))
        : Either.left(`does not begin with one of ${schemes.map((name) => `${name}:`).join(", ")}`)
    }
  })

/** Good enough for a desk: everybody knows it, so it is refused where others may come. */
export const developmentSecret = "portico-development-secret-never-use-it-where-visitors-are"

/** The keys of every site. */
export const core = {
  environment: choice("PORTICO_ENV", ["development", "production", "test"], {
    meaning: "Where this site runs: reload and helpful error pages, or speed and discretion.",
    default: "development"
  }),
  secret: secret("PORTICO_SECRET", {
    meaning: "Signs and seals what visitors carry: cookie sessions, tokens.",
    minLength: 32,
    default: developmentSecret,
    requiredIn: ["production"]
  }),
  host: text("HOST", { meaning: "The address to listen on.", default: "127.0.0.1" }),
  port: number("PORT", {
    meaning: "The port to listen on; 0 takes a free one.",
    min: 0,
    max: 65_535,
    default: "8000"
  }),
  allowedHosts: of<ReadonlyArray<string>>("PORTICO_ALLOWED_HOSTS", {
    meaning: "Host names this site answers to. `.example.org` covers subdomains.",
    shape: "names with commas between them, or * for any",
    // Django's ALLOWED_HOSTS with DEBUG on (settings reference).
    default: "localhost,.localhost,127.0.0.1,[::1]",
    requiredIn: ["production"],
    decode: (given) => {
      const names = given.split(",").map((name) => name.trim())
      return names.every((name) =>
        /^(\*|\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:.]+\])$/.test(name)
      )
        ? Either.right(names)
        : Either.left("holds something that is not a host name")
    }
  }),
  proxies: number("PORTICO_PROXIES", {
    meaning:
      "How many proxies in front are believed about the client's address, scheme and host (X-Forwarded-…).",
    min: 0,
    max: 10,
    default: "0"
  }),
  databaseUrl: databaseUrl(["sqlite", "postgres", "mysql", "memory"])
} as const

/** A site's keys by the names it reads them by. */
export type Settings = Readonly<Record<string, Setting<unknown>>>

/** What `decode` makes of settings. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer A> ? A : never
}

/** Where a value was found, in order of precedence. */
export type Source = "environment" | ".env" | "site" | "default" | "missing"

export interface Found {
  readonly text: string | undefined
  readonly source: Source
}

/** What the outside says: nothing here is decoded yet. */
export interface Sources {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly dotenv: Readonly<Record<string, string | undefined>>
  /** The defaults of the site itself, over Portico's. */
  readonly site: Readonly<Record<string, string | undefined>>
}

/** One key that is missing or wrong. */
export class Fault extends Schema.Class<Fault>("portico/bootstrap/Settings/Fault")({
  key: Schema.String,
  problem: Schema.String,
  shape: Schema.String,
  meaning: Schema.String,
  source: Schema.String
}) {}

/** Every key that is missing or wrong, together. The command line ends with status 2 on it. */
export class SettingsInvalid extends Schema.TaggedError<SettingsInvalid>(
  "portico/bootstrap/Settings/SettingsInvalid"
)("SettingsInvalid", { faults: Schema.Array(Fault) }) {
  override get message() {
    const lines = this.faults.map(
      ({ key, problem, shape, source }) =>
        `  ${key} ${problem}${source === "missing" ? "" : ` (from ${source})`}.\n    Give ${shape}.`
    )
    const many =
      this.faults.length === 1 ? "1 setting needs" : `${this.faults.length} settings need`
    return `${many} attention. Set them in the environment or in .env:\n${lines.join("\n")}`
  }
}

/** The text for `setting` and where it comes from. An empty text counts as none, as shells leave it. */
export const find = (
  setting: Setting<unknown>,
  sources: Sources,
  environment: Environment
): Found => {
  const { key } = setting
  for (const [source, values] of [
    ["environment", sources.environment],
    [".env", sources.dotenv],
    ["site", sources.site]
  ] as const) {
    const given = values[key]
    if (given !== undefined && given !== "") return { text: given, source }
  }
  return setting.default === undefined || setting.requiredIn.includes(environment)
    ? { text: undefined, source: "missing" }
    : { text: setting.default, source: "default" }
}

/** The environment that the sources name; a wrong name is reported by `decode` and counts as development. */
export const environmentOf = (sources: Sources): Environment =>
  Either.getOrElse(
    core.environment.decode(find(core.environment, sources, "development").text ?? ""),
    () => "development" as const
  )

/** All values, or all that is wrong. */
export const decode = <const S extends Settings>(
  settings: S,
  sources: Sources
): Either.Either<Values<S>, SettingsInvalid> => {
  const environment = environmentOf(sources)
  const faults: Array<Fault> = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const found = find(setting, sources, environment)
    const value =
      found.text === undefined
        ? Either.left(
            `is missing${setting.default === undefined ? "" : ` and must be given in ${environment}`}`
          )
        : setting.decode(found.text)
    if (Either.isRight(value)) values[name] = value.right
    else {
      const { key, meaning, shape } = setting
      faults.push(new Fault({ key, meaning, shape, problem: value.left, source: found.source }))
    }
  }
  return faults.length > 0
    ? Either.left(new SettingsInvalid({ faults }))
    : // `values` has a decoded value for each name of `settings`: the loop filled it.
      Either.right(values as Values<S>)
}

/** A config provider that answers as `find` does, so that `Config` and settings never disagree. */
export const provider = (settings: Settings, sources: Sources): ConfigProvider.ConfigProvider => {
  const environment = environmentOf(sources)
  const texts = new Map<string, string>()
  for (const values of [sources.site, sources.dotenv, sources.environment]) {
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined && value !== "") texts.set(key, value)
    }
  }
  for (const setting of Object.values(settings)) {
    const { text: given } = find(setting, sources, environment)
    if (given !== undefined) texts.set(setting.key, given)
  }
  return ConfigProvider.fromMap(texts)
}

/** A setting as an Effect `Config`, for layers that are built from config. */
export const config = <A>(setting: Setting<A>): Config.Config<A> =>
  Config.mapOrFail(Config.string(setting.key), (given) =>
    Either.mapLeft(setting.decode(given), (problem) =>
      ConfigError.InvalidData([setting.key], `${setting.key} ${problem}. Give ${setting.shape}.`)
    )
  )

/**
 * The value of a setting of this site, for views and commands: `yield* Settings.get(pageSize)`. It was
 * decoded at start, so that nothing can be wrong with it here; a setting that the site does not list is
 * a mistake of the program.
 */
export const get = <A>(setting: Setting<A>): Effect.Effect<A> => Effect.orDie(config(setting))

/** What a value may be shown as: secrets and passwords in URLs are masked. */
export const masked = (setting: Setting<unknown>, given: string | undefined): string =>
  given === undefined
    ? "(missing)"
    : setting.secret
      ? "•".repeat(8)
      : given.replace(/^([a-z]+:\/\/[^:/@]*):.*@/, "$1:••••@")

/** The process's environment and the `.env` file beside the site, where there is one. */
export const readSources = (
  site: Readonly<Record<string, string | undefined>>,
  directory: string
): Effect.Effect<Sources> =>
  Effect.map(
    Effect.promise(() => import("./internal/dotenv.ts")),
    ({ read }) => ({ environment: process.env, dotenv: read(directory), site })
  )
