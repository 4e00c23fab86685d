import type { ConfigError } from "effect"
import { Duration, Either, Redacted } from "effect"
import { assert, describe, it } from "vitest"
import * as Url from "../../../src/adapters/db/internal/url.ts"

const parse = (url: string, scheme: Url.Scheme) => Url.parse(Redacted.make(url), scheme)

const read = (url: string, scheme: Url.Scheme) => {
  const { options, password, ...place } = Either.getOrThrow(parse(url, scheme))
  return {
    ...place,
    ...(password === undefined ? {} : { password: Redacted.value(password) }),
    options: Object.fromEntries(options)
  }
}

const messageOf = (result: Either.Either<unknown, ConfigError.ConfigError>) =>
  String(Either.getOrThrowWith(Either.flip(result), () => new Error("it was read")))

describe("a database URL", () => {
  it("says where a server is and how to use it", () => {
    assert.deepStrictEqual(
      read("postgres://app:p%40ss%2F%23@db.example:6432/shop?max=20&ssl=true", "postgres"),
      {
        host: "db.example",
        port: 6432,
        user: "app",
        password: "p@ss/#",
        database: "shop",
        options: { max: "20", ssl: "true" }
      }
    )
    assert.deepStrictEqual(read("postgresql://[::1]/shop", "postgres"), {
      host: "::1",
      database: "shop",
      options: {}
    })
    assert.deepStrictEqual(read("mariadb://root@127.0.0.1/", "mysql"), {
      host: "127.0.0.1",
      user: "root",
      options: {}
    })
  })

  it("says where a file is", () => {
    const filename = (url: string) => read(url, "sqlite").filename
    assert.strictEqual(filename("sqlite:shop.db"), "shop.db")
    assert.strictEqual(filename("sqlite:./data/shop.db"), "./data/shop.db")
    assert.strictEqual(filename("sqlite:/var/shop.db"), "/var/shop.db")
    assert.strictEqual(filename("sqlite:///var/my%20shop.db?readers=2"), "/var/my shop.db")
    assert.strictEqual(filename("sqlite::memory:"), ":memory:")
    assert.strictEqual(filename("sqlite://:memory:"), ":memory:")
    assert.deepStrictEqual(read("sqlite:a.db?readers=2", "sqlite").options, { readers: "2" })
  })

  it("is refused for another adapter, and where it can not be read, without showing it", () => {
    for (const [url, scheme, message] of [
      ["mysql://app:secret@db/shop", "postgres", /begins with "mysql:".*"postgres:\/\/user/],
      ["secret", "sqlite", /begins with no scheme/],
      ["postgres://app:secret@db:port/shop", "postgres", /can not be read/],
      ["postgres://app:%secret@db/shop", "postgres", /can not be read/],
      ["sqlite:", "sqlite", /names no file/],
      ["sqlite:secret%.db", "sqlite", /escapes nothing/]
    ] as const) {
      const found = messageOf(parse(url, scheme))
      assert.match(found, message)
      assert.notInclude(found, "secret")
    }
  })

  it("takes the options that the adapter has, in the forms that they have", () => {
    const readers = { max: Url.count, lockTimeout: Url.duration, prepare: Url.flag }
    const options = (query: string) => Url.readOptions(new Map(new URLSearchParams(query)), readers)
    assert.deepEqual(
      options("max=20&lockTimeout=1.5s&prepare=false"),
      Either.right({ max: 20, lockTimeout: Duration.millis(1500), prepare: false })
    )
    for (const [text, millis] of [
      ["250", 250],
      ["250ms", 250],
      ["2 s", 2000],
      ["2m", 120_000],
      ["1h", 3_600_000]
    ] as const) {
      assert.deepEqual(Url.duration.read(text), Duration.millis(millis))
    }
    assert.match(messageOf(options("pool=3")), /unknown option "pool".*max, lockTimeout, prepare/)
    assert.match(messageOf(options("max=0")), /"max" is "0"\. Give a whole number from 1/)
    assert.match(messageOf(options("max=1e3")), /Give a whole number/)
    assert.match(messageOf(options("lockTimeout=soon")), /Give a time like/)
    assert.match(messageOf(options("prepare=no")), /Give true or false/)
    assert.match(messageOf(options("toString=1")), /unknown option/)
  })
})
