/** What only sessions in cookies promise: they can be read by nobody and fit the browser. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Effect, Exit, Layer, Option, Redacted } from "effect"
import { Buffer } from "node:buffer"
import { randomBytes } from "node:crypto"
import * as CookieSessions from "../../../src/adapters/auth/CookieSessions.ts"
import type * as Session from "../../../src/domain/Session.ts"
import { SessionStore } from "../../../src/ports/SessionStore.ts"

const secret = Redacted.make("0123456789abcdef0123456789abcdef")
const next = Redacted.make("fedcba9876543210fedcba9876543210")

const data = (session: Option.Option<Session.Session>) =>
  Option.getOrUndefined(Option.map(session, (s) => s.data))

describe("CookieSessions", () => {
  it.effect("shows the visitor nothing of what is inside", () =>
    Effect.gen(function* () {
      const store = CookieSessions.make({ secret })
      const { key } = yield* store.create({ secretly: "admin-of-everything" }, 60_000)
      const bytes = Buffer.from(Redacted.value(key), "base64url").toString("latin1")
      assert.notInclude(bytes, "secretly")
      assert.notInclude(bytes, "admin")
    })
  )

  it.effect("seals the same session differently each time", () =>
    Effect.gen(function* () {
      const store = CookieSessions.make({ secret })
      const keys = yield* Effect.replicateEffect(store.create({ a: 1 }, 60_000), 20)
      const nonces = keys.map(({ key }) => Redacted.value(key).slice(0, 17))
      assert.strictEqual(new Set(nonces).size, 20)
    })
  )

  it.effect("refuses every key in which one bit is changed", () =>
    Effect.gen(function* () {
      const store = CookieSessions.make({ secret })
      const { key } = yield* store.create({ a: 1 }, 60_000)
      const bytes = Buffer.from(Redacted.value(key), "base64url")
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7))
        const loaded = yield* store.load(Redacted.make(changed.toString("base64url")))
        assert.isTrue(Option.isNone(loaded), `bit ${bit}`)
      }
    })
  )

  it.effect("opens what an old secret sealed, and seals with the new one", () =>
    Effect.gen(function* () {
      const before = CookieSessions.make({ secret })
      const after = CookieSessions.make({ secret: next, fallbackSecrets: [secret] })
      const old = yield* before.create({ a: 1 }, 60_000)
      assert.deepStrictEqual(data(yield* after.load(old.key)), { a: 1 })
      const saved = yield* after.save(old, { set: { b: 2 }, remove: [] })
      assert.deepStrictEqual(data(yield* after.load(saved.key)), { a: 1, b: 2 })
      assert.isTrue(Option.isNone(yield* before.load(saved.key)))
      const without = CookieSessions.make({ secret: next })
      assert.isTrue(Option.isNone(yield* without.load(old.key)))
    })
  )

  it.effect("fits a cookie with its attributes into 4096 bytes, whatever is inside", () =>
    Effect.gen(function* () {
      const store = CookieSessions.make({ secret })
      const { maxBytes } = CookieSessions.capabilities
      const noise = randomBytes(maxBytes)
        .toString("base64")
        .slice(0, maxBytes - 8)
      const { key } = yield* store.create({ x: noise }, 60_000)
      const cookie =
        `__Host-sessionid=${Redacted.value(key)}; Domain=www.a-rather-long-name.example.com; ` +
        `Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=1209600; HttpOnly; Secure; SameSite=Strict`
      assert.isAtMost(cookie.length, 4096)
    })
  )

  it.effect("packs what compresses well, up to 64 KiB", () =>
    Effect.gen(function* () {
      const store = CookieSessions.make({ secret })
      const text = "abc".repeat(15_000)
      const { key } = yield* store.create({ text }, 60_000)
      assert.deepStrictEqual(data(yield* store.load(key)), { text })
      const huge = yield* Effect.flip(store.create({ text: "a".repeat(2 ** 20) }, 60_000))
      assert.strictEqual(huge._tag, "SessionTooLarge")
    })
  )

  it("refuses a short secret", () => {
    assert.throws(() => CookieSessions.make({ secret: Redacted.make("short") }), /5 characters/)
    const fallbackSecrets = [Redacted.make("short")]
    assert.throws(() => CookieSessions.make({ secret, fallbackSecrets }), /openssl rand/)
  })

  it.effect("takes its secret from the config", () =>
    Effect.gen(function* () {
      const layer = CookieSessions.layerConfig({ secret: Config.redacted("PORTICO_SECRET") })
      const from = (entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.flatMap(SessionStore, (store) => store.create({ a: 1 }, 60_000)).pipe(
          Effect.provide(layer),
          Effect.withConfigProvider(ConfigProvider.fromMap(new Map(entries)))
        )
      const { key } = yield* from([["PORTICO_SECRET", Redacted.value(secret)]])
      const store = CookieSessions.make({ secret })
      assert.deepStrictEqual(data(yield* store.load(key)), { a: 1 })
      const missing = yield* Effect.exit(from([]))
      assert.include(Exit.isFailure(missing) ? Cause.pretty(missing.cause) : "", "PORTICO_SECRET")
    })
  )

  it.effect("is a layer of two functions and no state", () =>
    Effect.gen(function* () {
      const here = yield* Layer.build(CookieSessions.layer({ secret }))
      const there = yield* Layer.build(CookieSessions.layer({ secret }))
      const read = (context: typeof here) => Effect.provide(SessionStore, context)
      const { key } = yield* (yield* read(here)).create({ a: 1 }, 60_000)
      assert.deepStrictEqual(data(yield* (yield* read(there)).load(key)), { a: 1 })
    }).pipe(Effect.scoped)
  )
})
