/** For every clause of the SessionStore contract, a wrong store that it catches. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Either, Exit, Layer, Option, Redacted } from "effect"
import { createHash } from "node:crypto"
import { run } from "../../contracts/run.ts"
import { contract } from "../../contracts/SessionStoreContract.ts"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import * as Session from "../../src/domain/Session.ts"
import * as Store from "../../src/ports/SessionStore.ts"

const capabilities: Store.Capabilities = {
  revokes: true,
  merges: true,
  sweeps: true,
  maxBytes: Infinity
}

/** A right driver, to be spoilt in one place. Its rows are for the saboteur to see. */
const right = (can: Store.Capabilities = capabilities) => {
  const rows = new Map<string, Store.Row>()
  const driver: Store.Driver = {
    capabilities: can,
    sha256: (text) => createHash("sha256").update(text).digest("base64url"),
    insert: (row) => Effect.sync(() => void rows.set(row.id, row)),
    find: (id) => Effect.sync(() => Option.fromNullable(rows.get(id))),
    replace: (id, change) =>
      Effect.suspend(() => {
        const row = rows.get(id)
        if (row === undefined) return Effect.succeedNone
        return Either.map(change(row), (next) => {
          rows.delete(id)
          rows.set(next.id, next)
          return Option.some(next)
        })
      }),
    remove: (id) => Effect.sync(() => void rows.delete(id)),
    removeExpired: (now) =>
      Effect.sync(() => {
        const over = [...rows.values()].filter((row) => row.expiresAt <= now)
        for (const row of over) rows.delete(row.id)
        return over.length
      })
  }
  return { rows, driver }
}

type Right = ReturnType<typeof right>

/** Wrong below the port's `make`. */
const driver =
  (spoil: (right: Right) => Partial<Store.Driver>, can = capabilities) =>
  (): Store.Service => {
    const made = right(can)
    return Store.make({ ...made.driver, ...spoil(made) })
  }

/** Wrong instead of the port's `make`. */
const service =
  (spoil: (service: Store.Service, right: Right) => Partial<Store.Service>, can = capabilities) =>
  (): Store.Service => {
    const made = right(can)
    const store = Store.make(made.driver)
    return { ...store, ...spoil(store, made) }
  }

const secret = Redacted.make("0123456789abcdef0123456789abcdef")

/** Wrong in a store without state. */
const sealed = (spoil: (service: Store.Service) => Partial<Store.Service>) => () => {
  const store = CookieSessions.make({ secret })
  return { ...store, ...spoil(store) }
}

interface Sabotage {
  readonly what: string
  readonly make: () => Store.Service
  readonly capabilities?: Store.Capabilities
  readonly breaks: ReadonlyArray<string>
}

const cookie = CookieSessions.capabilities
const small = { ...capabilities, maxBytes: 400 }

const sabotages: ReadonlyArray<Sabotage> = [
  {
    what: "forgets",
    make: driver(() => ({ find: () => Effect.succeedNone })),
    breaks: [
      "load returns what create stored",
      "an empty session is a session",
      "every kind of JSON comes back as it was stored",
      "what a caller does to its data afterwards does not reach the store",
      "every session gets a key of its own, of 256 bits or more",
      "a key that was never issued loads as None",
      "an issued key with any letter changed loads as None",
      "a key that the store did not issue is never adopted",
      "a session loads until its expiresAt and as None from then on",
      "a session that is over cannot be saved or rotated back to life",
      "save sets and removes the keys it names and leaves the others",
      "save without changes leaves everything as it is",
      "save moves the expiry when it is told to, either way",
      "concurrent saves of one session lose no key that only one of them wrote",
      "of two saves of one key the later wins",
      "rotate keeps data and expiry under a new key",
      "rotate stores changes in the same step",
      "a revoked key loads as None, and no other session is touched",
      "a late save or rotate does not revive a revoked session",
      "revoking a key that no session has succeeds",
      "the key that a rotation replaced is useless at once",
      "of two rotations at once one wins and the other learns that the session ended",
      "removeExpired removes the sessions that are over, counts them and leaves the others",
      "a session of 1 MiB is stored",
      "what is not JSON is refused with its place, and nothing is stored"
    ]
  },
  {
    what: "forgets empty sessions",
    make: driver(({ driver }) => ({
      find: (id) =>
        Effect.map(
          driver.find(id),
          Option.filter((row) => row.data !== "{}")
        )
    })),
    breaks: ["an empty session is a session"]
  },
  {
    what: "declares other capabilities than it exports",
    make: service(() => ({ capabilities: { ...capabilities, maxBytes: 1 } })),
    breaks: ["the layer reports the capabilities that the adapter exports"]
  },
  {
    what: "stores text without its control characters",
    make: driver(({ driver }) => ({
      insert: (row) => driver.insert({ ...row, data: row.data.replaceAll("\\u0000", "") })
    })),
    breaks: ["every kind of JSON comes back as it was stored"]
  },
  {
    what: "keeps the caller's object",
    make: service((store, { rows }) => {
      const kept = new Map<string, Session.Data>()
      return {
        create: (data, expiresAt) =>
          Effect.tap(store.create(data, expiresAt), (session) =>
            Effect.sync(() => kept.set(Redacted.value(session.key), data))
          ),
        load: (key) =>
          Effect.map(
            store.load(key),
            Option.map((session) => ({
              ...session,
              data: rows.size === 1 ? (kept.get(Redacted.value(key)) ?? session.data) : session.data
            }))
          ),
        save: (session, changes) =>
          Effect.tap(store.save(session, changes), () => Effect.sync(() => kept.clear())),
        rotate: (session, changes) =>
          Effect.tap(store.rotate(session, changes), () => Effect.sync(() => kept.clear()))
      }
    }),
    breaks: ["what a caller does to its data afterwards does not reach the store"]
  },
  {
    what: "gives every session the same key",
    make: service((store, { rows }) => {
      const only = Redacted.make("A".repeat(43))
      const id = createHash("sha256").update("A".repeat(43)).digest("base64url")
      return {
        create: (data, expiresAt) =>
          Effect.sync(() => {
            rows.set(id, { id, data: JSON.stringify(data), expiresAt })
            return { key: only, data, expiresAt }
          })
      }
    }),
    breaks: [
      "every session gets a key of its own, of 256 bits or more",
      "a key that was never issued loads as None",
      "a key that the store did not issue is never adopted",
      "a revoked key loads as None, and no other session is touched",
      "removeExpired removes the sessions that are over, counts them and leaves the others",
      "what is not JSON is refused with its place, and nothing is stored"
    ]
  },
  {
    what: "looks at the first letters of a key alone",
    make: service((store) => {
      const keys: Array<Session.Key> = []
      const known = (key: Session.Key) =>
        keys.find((k) => Redacted.value(k).startsWith(Redacted.value(key).slice(0, 30))) ?? key
      return {
        create: (data, expiresAt) =>
          Effect.tap(store.create(data, expiresAt), (session) =>
            Effect.sync(() => keys.push(session.key))
          ),
        load: (key) =>
          Redacted.value(key).length < 30
            ? Effect.succeedNone
            : Effect.map(
                store.load(known(key)),
                Option.map((session) => ({ ...session, key }))
              )
      }
    }),
    breaks: ["an issued key with any letter changed loads as None"]
  },
  {
    what: "opens an empty session for any key",
    make: service((store) => ({
      load: (key) =>
        Effect.map(store.load(key), (session) =>
          Option.orElseSome(session, () => ({ key, data: {}, expiresAt: 60_000 }))
        )
    })),
    breaks: [
      "a key that was never issued loads as None",
      "an issued key with any letter changed loads as None",
      "a key that the store did not issue is never adopted",
      "a session loads until its expiresAt and as None from then on",
      "a session that is over cannot be saved or rotated back to life",
      "save moves the expiry when it is told to, either way",
      "a revoked key loads as None, and no other session is touched",
      "a late save or rotate does not revive a revoked session",
      "the key that a rotation replaced is useless at once"
    ]
  },
  {
    what: "adopts the key that a visitor brought",
    make: driver(({ driver, rows }) => ({
      replace: (id, change) =>
        Effect.suspend(() => {
          if (!rows.has(id)) rows.set(id, { id, data: "{}", expiresAt: 60_000 })
          return driver.replace(id, change)
        })
    })),
    breaks: [
      "a key that the store did not issue is never adopted",
      "a late save or rotate does not revive a revoked session",
      "the key that a rotation replaced is useless at once",
      "of two rotations at once one wins and the other learns that the session ended"
    ]
  },
  {
    what: "never lets a session end",
    make: service((store, { rows }) => ({
      load: (key) => Effect.withClock(store.load(key), frozen),
      save: (session, changes) => Effect.withClock(store.save(session, changes), frozen),
      rotate: (session, changes) => Effect.withClock(store.rotate(session, changes), frozen),
      removeExpired: Effect.sync(() => rows.size)
    })),
    breaks: [
      "a session loads until its expiresAt and as None from then on",
      "a session that is over cannot be saved or rotated back to life",
      "save moves the expiry when it is told to, either way",
      "removeExpired removes the sessions that are over, counts them and leaves the others"
    ]
  },
  {
    what: "lets a session end at once by another clock",
    make: service((store) => ({ load: (key) => Effect.withClock(store.load(key), Clock.make()) })),
    breaks: [
      "load returns what create stored",
      "an empty session is a session",
      "every kind of JSON comes back as it was stored",
      "what a caller does to its data afterwards does not reach the store",
      "every session gets a key of its own, of 256 bits or more",
      "a key that was never issued loads as None",
      "an issued key with any letter changed loads as None",
      "a key that the store did not issue is never adopted",
      "a session loads until its expiresAt and as None from then on",
      "a session that is over cannot be saved or rotated back to life",
      "save sets and removes the keys it names and leaves the others",
      "save without changes leaves everything as it is",
      "save moves the expiry when it is told to, either way",
      "concurrent saves of one session lose no key that only one of them wrote",
      "of two saves of one key the later wins",
      "rotate keeps data and expiry under a new key",
      "rotate stores changes in the same step",
      "a revoked key loads as None, and no other session is touched",
      "a late save or rotate does not revive a revoked session",
      "revoking a key that no session has succeeds",
      "the key that a rotation replaced is useless at once",
      "of two rotations at once one wins and the other learns that the session ended",
      "removeExpired removes the sessions that are over, counts them and leaves the others",
      "a session of 1 MiB is stored",
      "what is not JSON is refused with its place, and nothing is stored"
    ]
  },
  {
    what: "saves what is over",
    make: service((store) => ({
      save: (session, changes) => Effect.withClock(store.save(session, changes), frozen),
      rotate: (session, changes) => Effect.withClock(store.rotate(session, changes), frozen)
    })),
    breaks: ["a session that is over cannot be saved or rotated back to life"]
  },
  {
    what: "drops the keys that a save does not name",
    make: service((store) => ({
      save: (session, changes) =>
        store.save(session, {
          ...changes,
          remove: Object.keys(session.data).filter((key) => !(key in changes.set))
        })
    })),
    breaks: [
      "save sets and removes the keys it names and leaves the others",
      "save without changes leaves everything as it is",
      "save moves the expiry when it is told to, either way",
      "concurrent saves of one session lose no key that only one of them wrote",
      "of two saves of one key the later wins"
    ]
  },
  {
    what: "removes nothing when it saves",
    make: service((store) => ({
      save: (session, changes) => store.save(session, { ...changes, remove: [] })
    })),
    breaks: [
      "save sets and removes the keys it names and leaves the others",
      "concurrent saves of one session lose no key that only one of them wrote"
    ]
  },
  {
    what: "ignores the expiry of a save",
    make: service((store) => ({
      save: (session, { set, remove }) => store.save(session, { set, remove })
    })),
    breaks: ["save moves the expiry when it is told to, either way"]
  },
  {
    what: "saves in two steps, so that concurrent saves overwrite each other",
    make: driver(({ rows }) => ({
      replace: (id, change) =>
        Effect.gen(function* () {
          const row = rows.get(id)
          if (row === undefined) return Option.none()
          const next = yield* change(row)
          yield* Effect.yieldNow()
          rows.delete(id)
          rows.set(next.id, next)
          return Option.some(next)
        })
    })),
    breaks: [
      "concurrent saves of one session lose no key that only one of them wrote",
      "of two rotations at once one wins and the other learns that the session ended"
    ]
  },
  {
    what: "keeps the first of two values",
    make: service((store) => {
      const seen = new Set<string>()
      return {
        save: (session, changes) => {
          const again = "n" in changes.set && seen.size > 0
          if ("n" in changes.set) seen.add("n")
          return store.save(session, again ? Session.noChanges : changes)
        }
      }
    }),
    breaks: ["of two saves of one key the later wins"]
  },
  {
    what: "rotates without a new key",
    make: service((store) => ({
      rotate: (session, changes = Session.noChanges) => store.save(session, changes)
    })),
    breaks: [
      "rotate keeps data and expiry under a new key",
      "the key that a rotation replaced is useless at once",
      "of two rotations at once one wins and the other learns that the session ended"
    ]
  },
  {
    what: "rotates and forgets the changes",
    make: service((store) => ({ rotate: (session) => store.rotate(session) })),
    breaks: [
      "rotate stores changes in the same step",
      "what is not JSON is refused with its place, and nothing is stored"
    ]
  },
  {
    what: "rotates into an empty session",
    make: service((store) => ({
      rotate: (session, changes) =>
        store.rotate(session, {
          set: {},
          ...changes,
          remove: Object.keys(session.data)
        })
    })),
    breaks: [
      "rotate keeps data and expiry under a new key",
      "rotate stores changes in the same step",
      "the key that a rotation replaced is useless at once"
    ]
  },
  {
    what: "rotates and leaves the old key alive",
    make: service((store) => ({
      rotate: (session, changes = Session.noChanges) =>
        Effect.gen(function* () {
          const saved = yield* store.save(session, changes)
          return yield* store.create(saved.data, saved.expiresAt)
        })
    })),
    breaks: [
      "the key that a rotation replaced is useless at once",
      "of two rotations at once one wins and the other learns that the session ended"
    ]
  },
  {
    what: "revokes nothing",
    make: driver(() => ({ remove: () => Effect.void })),
    breaks: [
      "a revoked key loads as None, and no other session is touched",
      "a late save or rotate does not revive a revoked session"
    ]
  },
  {
    what: "revokes every session",
    make: driver(({ rows }) => ({ remove: () => Effect.sync(() => rows.clear()) })),
    breaks: [
      "a revoked key loads as None, and no other session is touched",
      "the key that a rotation replaced is useless at once"
    ]
  },
  {
    what: "dies when there is nothing to revoke",
    make: driver(({ driver, rows }) => ({
      remove: (id) => (rows.has(id) ? driver.remove(id) : Effect.dieMessage("no such session"))
    })),
    breaks: [
      "revoking a key that no session has succeeds",
      "the key that a rotation replaced is useless at once"
    ]
  },
  {
    what: "saves a session that was revoked meanwhile",
    make: service((store) => ({
      save: (session, changes) =>
        Effect.catchTag(store.save(session, changes), "SessionEnded", () =>
          store.create(Session.apply(session.data, changes), session.expiresAt)
        )
    })),
    breaks: [
      "a session that is over cannot be saved or rotated back to life",
      "a late save or rotate does not revive a revoked session",
      "the key that a rotation replaced is useless at once"
    ]
  },
  {
    what: "sweeps one moment late",
    make: driver(({ driver }) => ({ removeExpired: (now) => driver.removeExpired(now - 1) })),
    breaks: ["removeExpired removes the sessions that are over, counts them and leaves the others"]
  },
  {
    what: "counts without sweeping",
    make: driver(({ rows }) => ({
      removeExpired: (now) =>
        Effect.sync(() => [...rows.values()].filter((row) => row.expiresAt <= now).length)
    })),
    breaks: ["removeExpired removes the sessions that are over, counts them and leaves the others"]
  },
  {
    what: "sweeps all",
    make: driver(({ driver, rows }) => ({
      removeExpired: (now) =>
        Effect.tap(driver.removeExpired(now), (n) => Effect.sync(() => n > 0 && rows.clear()))
    })),
    breaks: ["removeExpired removes the sessions that are over, counts them and leaves the others"]
  },
  {
    what: "cuts a session at 64 KiB",
    make: driver(({ driver }) => ({
      insert: (row) => driver.insert({ ...row, data: row.data.slice(0, 65_536) })
    })),
    breaks: ["a session of 1 MiB is stored"]
  },
  {
    what: "declares a limit and keeps none",
    capabilities: small,
    make: service((_, { driver }) => Store.make({ ...driver, capabilities })),
    breaks: [
      "the layer reports the capabilities that the adapter exports",
      "a session of maxBytes fits, and a larger one is refused and changes nothing"
    ]
  },
  {
    what: "refuses a session that would just fit",
    capabilities: small,
    make: () => {
      const { driver } = right(small)
      return {
        ...Store.make({ ...driver, capabilities: { ...small, maxBytes: small.maxBytes - 1 } }),
        capabilities: small
      }
    },
    breaks: ["a session of maxBytes fits, and a larger one is refused and changes nothing"]
  },
  {
    what: "stores what JSON.stringify makes of anything",
    make: service((store) => ({
      create: (data, expiresAt) => store.create(laundered(data), expiresAt),
      save: (session, changes) => store.save(session, { ...changes, set: laundered(changes.set) }),
      rotate: (session, changes) =>
        store.rotate(session, changes && { ...changes, set: laundered(changes.set) })
    })),
    breaks: ["what is not JSON is refused with its place, and nothing is stored"]
  },
  {
    what: "merges although it says that it does not",
    capabilities: cookie,
    make: () => ({
      ...Store.make({
        ...right().driver,
        capabilities: { ...capabilities, maxBytes: cookie.maxBytes }
      }),
      capabilities: cookie
    }),
    breaks: [
      "of two saves of one loaded session the last writer's whole data wins",
      "revoke is refused and the key still loads",
      "removeExpired is refused"
    ]
  },
  {
    what: "claims to have revoked",
    capabilities: cookie,
    make: sealed(() => ({ revoke: () => Effect.void })),
    breaks: ["revoke is refused and the key still loads"]
  },
  {
    what: "claims to have swept",
    capabilities: cookie,
    make: sealed(() => ({ removeExpired: Effect.succeed(0) })),
    breaks: ["removeExpired is refused"]
  },
  {
    what: "rotates into a key that it does not know",
    capabilities: cookie,
    make: sealed((store) => ({
      rotate: (session, changes) =>
        Effect.map(store.rotate(session, changes), (rotated) => ({
          ...rotated,
          key: Redacted.make("A".repeat(43))
        }))
    })),
    breaks: [
      "rotate keeps data and expiry under a new key",
      "rotate stores changes in the same step",
      "of two rotations at once at least one leads to the session"
    ]
  }
]

/** A clock that stands still at 0. */
const frozen: Clock.Clock = {
  ...Clock.make(),
  currentTimeMillis: Effect.succeed(0),
  unsafeCurrentTimeMillis: () => 0
}

const laundered = (data: Session.Data): Session.Data =>
  JSON.parse(
    JSON.stringify(data, (_, value: unknown) => {
      if (typeof value === "bigint") return String(value)
      if (typeof value !== "object" || value === null || !("self" in value)) return value
      return null
    })
  )

const failed = (sabotage: Sabotage) =>
  Effect.map(
    run(contract, {
      name: sabotage.what,
      capabilities: sabotage.capabilities ?? capabilities,
      layer: Layer.sync(Store.SessionStore, sabotage.make)
    }),
    (verdicts) => verdicts.filter((v) => Exit.isFailure(v.exit)).map((v) => v.clause)
  )

describe("sabotage of the SessionStore contract", () => {
  for (const sabotage of sabotages) {
    it.live(`a store that ${sabotage.what} is caught`, () =>
      Effect.map(failed(sabotage), (clauses) => {
        assert.isNotEmpty(clauses)
        assert.deepStrictEqual(clauses, sabotage.breaks)
      })
    )
  }

  it.live("the right driver passes, so that the sabotages are to blame", () =>
    Effect.gen(function* () {
      for (const can of [capabilities, small]) {
        const make = () => Store.make(right(can).driver)
        assert.deepStrictEqual(
          yield* failed({ what: "right", capabilities: can, make, breaks: [] }),
          []
        )
      }
    })
  )

  it("every clause is broken by a sabotage", () => {
    const broken = new Set(sabotages.flatMap((sabotage) => sabotage.breaks))
    const clauses = [capabilities, small, cookie].flatMap((can) =>
      contract.clauses(can).map((clause) => clause.name)
    )
    assert.deepStrictEqual(
      clauses.filter((clause) => !broken.has(clause)),
      []
    )
  })
})
