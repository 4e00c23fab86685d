import { assert, describe, it } from "@effect/vitest"
import { Config, Effect, Either, Redacted } from "effect"
import * as Settings from "../../src/bootstrap/Settings.ts"

const sources = (given: Partial<Settings.Sources> = {}): Settings.Sources => ({
  environment: {},
  dotenv: {},
  site: {},
  ...given
})

const faults = (settings: Settings.Settings, given: Partial<Settings.Sources>) =>
  Either.match(Settings.decode(settings, sources(given)), {
    onLeft: (error) => error,
    onRight: () => assert.fail("should have been refused")
  })

describe("decode", () => {
  it("has a value for every key at a desk, with nothing set", () => {
    const values = Either.getOrThrow(Settings.decode(Settings.core, sources()))
    assert.strictEqual(values.environment, "development")
    assert.strictEqual(values.port, 8000)
    assert.deepStrictEqual(values.allowedHosts, ["localhost", ".localhost", "127.0.0.1", "[::1]"])
  })

  it("reports every fault together, each with key, problem and shape", () => {
    const error = faults(Settings.core, {
      environment: { PORT: "http", PORTICO_ENV: "prod", DATABASE_URL: "oracle:x" }
    })
    assert.deepStrictEqual(
      error.faults.map(({ key }) => key),
      ["PORTICO_ENV", "PORT", "DATABASE_URL"]
    )
    assert.include(error.message, "3 settings need attention")
    assert.include(
      error.message,
      `PORTICO_ENV is "prod", which is not one of development, production, test`
    )
    assert.include(error.message, "Give a whole number from 0 to 65535.")
  })

  it("never shows a secret, right or wrong", () => {
    const error = faults(Settings.core, {
      environment: { PORTICO_SECRET: "hunter2", DATABASE_URL: "oracle://me:hunter3@host" }
    })
    assert.notInclude(error.message, "hunter")
    assert.notInclude(JSON.stringify(error), "hunter")
    assert.include(error.message, "PORTICO_SECRET has 7 characters")
  })

  it("demands in production what has a default only at a desk", () => {
    const error = faults(Settings.core, { environment: { PORTICO_ENV: "production" } })
    assert.deepStrictEqual(
      error.faults.map(({ key, source }) => [key, source]),
      [
        ["PORTICO_SECRET", "missing"],
        ["PORTICO_ALLOWED_HOSTS", "missing"]
      ]
    )
    assert.include(error.message, "must be given in production")
  })

  it("refuses a secret that repeats itself", () => {
    const error = faults(Settings.core, { environment: { PORTICO_SECRET: "ab".repeat(40) } })
    assert.include(error.message, "fewer than 5 different characters")
  })

  it("refuses hosts that are none", () => {
    for (const hosts of ["exa mple.org", "http://example.org", "a,,b", "exam_ple.org/x"]) {
      assert.include(
        faults(Settings.core, { environment: { PORTICO_ALLOWED_HOSTS: hosts } }).message,
        "PORTICO_ALLOWED_HOSTS"
      )
    }
  })
})

describe("find", () => {
  const { port } = Settings.core
  const at = (given: Partial<Settings.Sources>) =>
    Settings.find(port, sources(given), "development")

  it("prefers the environment, then .env, then the site, then the default", () => {
    const all = { environment: { PORT: "1" }, dotenv: { PORT: "2" }, site: { PORT: "3" } }
    assert.deepStrictEqual(at(all), { text: "1", source: "environment" })
    assert.deepStrictEqual(at({ ...all, environment: {} }), { text: "2", source: ".env" })
    assert.deepStrictEqual(at({ site: all.site }), { text: "3", source: "site" })
    assert.deepStrictEqual(at({}), { text: "8000", source: "default" })
  })

  it("takes an empty text for none", () => {
    assert.deepStrictEqual(at({ environment: { PORT: "" } }), { text: "8000", source: "default" })
  })
})

describe("provider", () => {
  it.effect("answers Config with what decode sees", () =>
    Effect.gen(function* () {
      const given = sources({ dotenv: { PORT: "81", OWN: "x" } })
      const provided = Effect.withConfigProvider(Settings.provider(Settings.core, given))
      assert.strictEqual(yield* provided(Settings.config(Settings.core.port)), 81)
      assert.strictEqual(yield* provided(Config.string("OWN")), "x")
      assert.strictEqual(
        Redacted.value(yield* provided(Settings.config(Settings.core.databaseUrl))),
        "sqlite:./site.db"
      )
    })
  )
})

describe("masked", () => {
  it("hides secrets, and passwords in URLs", () => {
    assert.notInclude(Settings.masked(Settings.core.secret, "hunter2"), "hunter2")
    assert.strictEqual(
      Settings.masked(Settings.core.databaseUrl, "postgres://me:hunter2@host/name"),
      "postgres://me:••••@host/name"
    )
    assert.strictEqual(
      Settings.masked(Settings.core.databaseUrl, "postgres://me:hun@ter2@host/name"),
      "postgres://me:••••@host/name"
    )
    assert.strictEqual(Settings.masked(Settings.core.databaseUrl, "memory:"), "memory:")
  })
})
