/**
 * `DATABASE_URL`: where a database is and how to use it, in one line.
 *
 *     postgres://app:secret@db.example:5432/shop?max=20&statementTimeout=5s
 *     mysql://app:secret@db.example/shop?lockTimeout=500ms
 *     sqlite:///var/lib/shop.db?readers=8     sqlite:shop.db     sqlite::memory:
 */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

export type Scheme = "sqlite" | "postgres" | "mysql"

export interface Parsed {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly password?: Redacted.Redacted
  readonly database?: string
  readonly filename?: string
  /** The options after the "?", by name. */
  readonly options: ReadonlyMap<string, string>
}

const schemes: Readonly<Record<string, Scheme>> = {
  "sqlite:": "sqlite",
  "file:": "sqlite",
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "mysql:": "mysql",
  "mariadb:": "mysql"
}

const example: Readonly<Record<Scheme, string>> = {
  sqlite: "sqlite:shop.db",
  postgres: "postgres://user:password@localhost:5432/shop",
  mysql: "mysql://user:password@localhost:3306/shop"
}

// Never with the URL itself: it holds a password.
const invalid = (message: string): Either.Either<never, ConfigError.ConfigError> =>
  Either.left(ConfigError.InvalidData([], message))

/** Fails for another scheme than `expected`, and for what is no URL. */
export const parse = (
  secret: Redacted.Redacted,
  expected: Scheme
): Either.Either<Parsed, ConfigError.ConfigError> => {
  const text = Redacted.value(secret)
  const scheme = /^[a-z0-9+.-]+:/i.exec(text)?.[0].toLowerCase()
  if (scheme === undefined || schemes[scheme] !== expected) {
    return invalid(
      `the database URL begins with ${scheme === undefined ? "no scheme" : `"${scheme}"`}. ` +
        `For this adapter write it like "${example[expected]}".`
    )
  }
  return expected === "sqlite" ? parseFile(text.slice(scheme.length)) : parseServer(text, expected)
}

const parseServer = (
  text: string,
  scheme: Scheme
): Either.Either<Parsed, ConfigError.ConfigError> => {
  try {
    const url = new URL(text)
    const database = decodeURIComponent(url.pathname.slice(1))
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1")
    return Either.right({
      ...(host === "" ? {} : { host: decodeURIComponent(host) }),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...(url.username === "" ? {} : { user: decodeURIComponent(url.username) }),
      ...(url.password === "" ? {} : { password: Redacted.make(decodeURIComponent(url.password)) }),
      ...(database === "" ? {} : { database }),
      options: new Map(url.searchParams)
    })
  } catch {
    return invalid(
      `the database URL can not be read. Write it like "${example[scheme]}", ` +
        `with "%23" for a "#" in the password and so on.`
    )
  }
}

/** `sqlite:a.db` and `sqlite:./a.db` are relative, `sqlite:///a.db` and `sqlite:/a.db` absolute. */
const parseFile = (rest: string): Either.Either<Parsed, ConfigError.ConfigError> => {
  const [path = "", query = ""] = rest.split("?", 2)
  const filename = path.replace(/^\/\/(?=\/|:memory:)/, "")
  if (filename === "" || filename.startsWith("//")) {
    return invalid(
      `the database URL names no file. Write it like "sqlite:shop.db" or "sqlite::memory:".`
    )
  }
  try {
    return Either.right({
      filename: decodeURIComponent(filename),
      options: new Map(new URLSearchParams(query))
    })
  } catch {
    return invalid(
      `the file's name in the database URL has a "%" that escapes nothing. Write "%25".`
    )
  }
}

// --- options -------------------------------------------------------------------------------------

/** Reads one option; `undefined` for a text that is none. */
export interface Reader<A> {
  readonly read: (text: string) => A | undefined
  readonly expected: string
}

export const count: Reader<number> = {
  expected: "a whole number from 1",
  read: (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined)
}

export const flag: Reader<boolean> = {
  expected: "true or false",
  read: (text) => (text === "true" ? true : text === "false" ? false : undefined)
}

const units: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export const duration: Reader<Duration.Duration> = {
  expected: `a time like "500ms", "5s" or "2m"`,
  read: (text) => {
    const [, amount, unit = ""] = /^(\d{1,9}(?:\.\d+)?) ?(ms|s|m|h)?$/.exec(text) ?? []
    return amount === undefined ? undefined : Duration.millis(Number(amount) * units[unit]!)
  }
}

/** The options that `readers` know. Fails for the first that is unknown or unreadable. */
export const readOptions = <const A extends object>(
  options: ReadonlyMap<string, string>,
  readers: { readonly [K in keyof A]: Reader<A[K]> }
): Either.Either<Partial<A>, ConfigError.ConfigError> => {
  const read: Partial<A> = {}
  for (const [name, text] of options) {
    if (!Object.hasOwn(readers, name)) {
      const known = Object.keys(readers).join(", ")
      return invalid(`the database URL has an unknown option "${name}". The options are: ${known}.`)
    }
    const key = name as keyof A
    const { expected, read: readText } = readers[key]
    const value = readText(text)
    if (value === undefined) {
      return invalid(`the database URL's option "${name}" is "${text}". Give ${expected}.`)
    }
    read[key] = value
  }
  return Either.right(read)
}

/** What neither the URL nor an option of its own says. */
export const missing = (scheme: Scheme, what: string) =>
  Either.left(
    ConfigError.MissingData(
      [],
      `no ${what} is given. Give one, or a URL like "${example[scheme]}".`
    )
  )
