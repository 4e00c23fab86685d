/** What every store of sessions promises, in the words of `ports/SessionStore`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Session from "../src/domain/Session.ts"
import { type Capabilities, SessionStore } from "../src/ports/SessionStore.ts"
import { clause, type Contract, equals, failsWith, holds } from "./Contract.ts"

/** Milliseconds since the epoch; a `TestClock` starts at 0. */
const expiresAt = 60_000

const data: Session.Data = { user: 1, cart: [{ id: 7, count: 2 }] }

/** Stores a session and proves that it is there, so that a later "it is gone" says something. */
const created = (content: Session.Data = data, until = expiresAt) =>
  Effect.gen(function* () {
    const store = yield* SessionStore
    const session = yield* store.create(content, until)
    yield* loads("the new session", session.key, content, until)
    return { store, session }
  })

const loads = (what: string, key: Session.Key, content: Session.Data, until = expiresAt) =>
  Effect.gen(function* () {
    const loaded = yield* Effect.flatMap(SessionStore, (store) => store.load(key))
    const seen = Option.map(loaded, (session) => ({
      key: Redacted.value(session.key),
      data: session.data,
      expiresAt: session.expiresAt
    }))
    yield* equals(what, Option.getOrNull(seen), {
      key: Redacted.value(key),
      data: content,
      expiresAt: until
    })
  })

const isGone = (what: string, key: Session.Key) =>
  Effect.gen(function* () {
    const loaded = yield* Effect.flatMap(SessionStore, (store) => store.load(key))
    yield* holds(what, Option.isNone(loaded), loaded)
  })

const setting = (content: Session.Data): Session.Changes => ({ set: content, remove: [] })

/** Text that no compression makes smaller than three quarters, the same in every run. */
const noise = (bytes: number, seed = 0x2545f491): string => {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  let state = seed
  let text = ""
  while (text.length < bytes) {
    // xorshift32 (Marsaglia, 2003).
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    text += letters[state & 63]
  }
  return text
}

/** A session whose JSON takes this many bytes. */
const ofBytes = (bytes: number): Session.Data => ({ x: noise(bytes - '{"x":""}'.length) })

/** The same text with another letter at `position`. */
const changedAt = (text: string, position: number): string =>
  text.slice(0, position) + (text[position] === "A" ? "B" : "A") + text.slice(position + 1)

/** What JSON would drop, change or refuse, as a program without types might hand it in. */
const notJson: ReadonlyArray<readonly [path: string, found: string, value: unknown]> = [
  ["a.b", "undefined", { b: undefined }],
  ["a[1]", "Date", [1, new Date(0)]],
  ["a", "NaN", Number.NaN],
  ["a", "Infinity", Number.POSITIVE_INFINITY],
  ["a", "bigint", 1n],
  ["a", "function", () => 1],
  ["a", "symbol", Symbol.iterator],
  ["a.deep[0].map", "Map", { deep: [{ map: new Map([[1, 2]]) }] }],
  ["a[0]", "undefined", Array(1)],
  ["a.self", "a cycle", cyclic()]
]

function cyclic() {
  const value: Record<string, unknown> = {}
  value["self"] = value
  return value
}

export const contract: Contract<SessionStore, Capabilities> = {
  name: "SessionStore",
  clauses: (can) => [
    clause(
      "the layer reports the capabilities that the adapter exports",
      Effect.gen(function* () {
        yield* equals("capabilities", (yield* SessionStore).capabilities, can)
      })
    ),

    clause("load returns what create stored", created()),

    clause("an empty session is a session", created({})),

    clause(
      "every kind of JSON comes back as it was stored",
      created({
        null: null,
        booleans: [true, false],
        numbers: [0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER],
        texts: ["", "é ☃ 日本 😀", "\u0000\u001f\u2028", "\"'\\/</script>", "\ud800"],
        deep: [[], [[]], {}, { a: { b: [{ c: null }] } }],
        "": "the empty key",
        "a key.with $ signs": 1,
        ...Object.fromEntries([["__proto__", { polluted: true }]])
      })
    ),

    clause(
      "what a caller does to its data afterwards does not reach the store",
      Effect.gen(function* () {
        const list = [1]
        const { session } = yield* created({ list })
        list.push(2)
        yield* loads("after the change", session.key, { list: [1] })
      })
    ),

    clause(
      "every session gets a key of its own, of 256 bits or more",
      Effect.gen(function* () {
        const { session: first } = yield* created()
        const { session: second } = yield* created({ user: 2 })
        const keys = [first, second].map((session) => Redacted.value(session.key))
        yield* holds("the keys differ", keys[0] !== keys[1])
        // 256 bits take 43 characters of base64url.
        yield* holds(
          "the keys are long",
          keys.every((key) => key.length >= 43),
          keys
        )
        yield* loads("the first, after the second", first.key, data)
      })
    ),

    clause(
      "a key that was never issued loads as None",
      Effect.gen(function* () {
        yield* created()
        for (const key of [
          "",
          "x",
          "made.up",
          "A".repeat(43),
          noise(200),
          "é☃",
          "../../etc/passwd"
        ]) {
          yield* isGone(JSON.stringify(key), Redacted.make(key))
        }
        yield* isGone("1 MiB", Redacted.make("A".repeat(2 ** 20)))
      })
    ),

    clause(
      "an issued key with any letter changed loads as None",
      Effect.gen(function* () {
        const { session } = yield* created()
        const key = Redacted.value(session.key)
        const last = key.length - 1
        for (const position of [0, 1, 20, Math.floor(last / 2), last - 1, last]) {
          yield* isGone(`letter ${position}`, Redacted.make(changedAt(key, position)))
        }
        yield* isGone("a letter more", Redacted.make(`${key}A`))
        yield* isGone("a letter less", Redacted.make(key.slice(0, -1)))
        yield* isGone("padded", Redacted.make(`${key}=`))
        yield* loads("the key itself", session.key, data)
      })
    ),

    clause(
      "a key that the store did not issue is never adopted",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        const invented = Redacted.make("A".repeat(43))
        yield* Effect.either(store.save({ ...session, key: invented }, setting({ user: 2 })))
        yield* isGone("after save", invented)
        yield* Effect.either(store.rotate({ ...session, key: invented }))
        yield* isGone("after rotate", invented)
      })
    ),

    clause(
      "a session loads until its expiresAt and as None from then on",
      Effect.gen(function* () {
        const { session } = yield* created()
        yield* TestClock.setTime(expiresAt - 1)
        yield* loads("a millisecond before", session.key, data)
        yield* TestClock.setTime(expiresAt)
        yield* isGone("at expiresAt", session.key)
        yield* TestClock.setTime(expiresAt + 86_400_000)
        yield* isGone("a day later", session.key)
      })
    ),

    clause(
      "a session that is over cannot be saved or rotated back to life",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        yield* TestClock.setTime(expiresAt)
        const later = { ...setting({ user: 2 }), expiresAt: 2 * expiresAt }
        yield* failsWith("save", store.save(session, later), "SessionEnded")
        yield* failsWith("rotate", store.rotate(session, later), "SessionEnded")
        yield* isGone("afterwards", session.key)
      })
    ),

    clause(
      "save sets and removes the keys it names and leaves the others",
      Effect.gen(function* () {
        const { store, session } = yield* created({ a: 1, b: 2, c: 3 })
        const saved = yield* store.save(session, { set: { b: 20, d: 4 }, remove: ["c", "none"] })
        yield* equals("the answer", saved.data, { a: 1, b: 20, d: 4 })
        yield* loads("the stored session", saved.key, { a: 1, b: 20, d: 4 })
      })
    ),

    clause(
      "save without changes leaves everything as it is",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        const saved = yield* store.save(session, Session.noChanges)
        yield* loads("afterwards", saved.key, data)
      })
    ),

    clause(
      "save moves the expiry when it is told to, either way",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        const longer = yield* store.save(session, Session.expireAt(Session.noChanges, 90_000))
        yield* equals("the answer", longer.expiresAt, 90_000)
        yield* loads("longer", longer.key, data, 90_000)
        yield* TestClock.setTime(80_000)
        yield* loads("past the first expiry", longer.key, data, 90_000)
        const shorter = yield* store.save(longer, Session.expireAt(Session.noChanges, 85_000))
        yield* TestClock.setTime(85_000)
        yield* isGone("at the shortened expiry", shorter.key)
      })
    ),

    can.merges
      ? clause(
          "concurrent saves of one session lose no key that only one of them wrote",
          Effect.gen(function* () {
            const { store, session } = yield* created({ kept: true, gone: true })
            const writes = Array.from({ length: 8 }, (_, i) => setting({ [`write ${i}`]: i }))
            const changes: ReadonlyArray<Session.Changes> = [
              ...writes,
              { set: {}, remove: ["gone"] }
            ]
            yield* Effect.forEach(changes, (change) => store.save(session, change), {
              concurrency: "unbounded"
            })
            const all = Object.assign({ kept: true }, ...writes.map((write) => write.set))
            yield* loads("afterwards", session.key, all)
          })
        )
      : clause(
          "of two saves of one loaded session the last writer's whole data wins",
          Effect.gen(function* () {
            const { store, session } = yield* created({ kept: true })
            yield* store.save(session, setting({ first: 1 }))
            const last = yield* store.save(session, setting({ last: 2 }))
            yield* loads("afterwards", last.key, { kept: true, last: 2 })
          })
        ),

    clause(
      "of two saves of one key the later wins",
      Effect.gen(function* () {
        const { store, session } = yield* created({ n: 0, kept: true })
        const first = yield* store.save(session, setting({ n: 1 }))
        const second = yield* store.save({ ...first, data: session.data }, setting({ n: 2 }))
        yield* loads("afterwards", second.key, { n: 2, kept: true })
      })
    ),

    clause(
      "rotate keeps data and expiry under a new key",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        const rotated = yield* store.rotate(session)
        yield* holds("the key is new", Redacted.value(rotated.key) !== Redacted.value(session.key))
        yield* loads("the new key", rotated.key, data)
      })
    ),

    clause(
      "rotate stores changes in the same step",
      Effect.gen(function* () {
        const { store, session } = yield* created({ a: 1, b: 2 })
        const changes: Session.Changes = { set: { user: 9 }, remove: ["a"], expiresAt: 90_000 }
        const rotated = yield* store.rotate(session, changes)
        yield* loads("the new key", rotated.key, { b: 2, user: 9 }, 90_000)
      })
    ),

    ...(can.revokes
      ? [
          clause<SessionStore>(
            "a revoked key loads as None, and no other session is touched",
            Effect.gen(function* () {
              const { store, session } = yield* created()
              const { session: other } = yield* created({ user: 2 })
              yield* store.revoke(session.key)
              yield* isGone("the revoked session", session.key)
              yield* loads("the other session", other.key, { user: 2 })
            })
          ),
          clause<SessionStore>(
            "a late save or rotate does not revive a revoked session",
            Effect.gen(function* () {
              const { store, session } = yield* created()
              yield* store.revoke(session.key)
              yield* failsWith("save", store.save(session, setting({ user: 2 })), "SessionEnded")
              yield* failsWith("rotate", store.rotate(session), "SessionEnded")
              yield* isGone("afterwards", session.key)
            })
          ),
          clause<SessionStore>(
            "revoking a key that no session has succeeds",
            Effect.gen(function* () {
              const { store, session } = yield* created()
              yield* store.revoke(session.key)
              yield* store.revoke(session.key)
              yield* store.revoke(Redacted.make("made up"))
            })
          ),
          clause<SessionStore>(
            "the key that a rotation replaced is useless at once",
            Effect.gen(function* () {
              const { store, session } = yield* created()
              const rotated = yield* store.rotate(session)
              yield* isGone("the old key", session.key)
              const late = store.save(session, setting({ user: 2 }))
              yield* failsWith("save with the old key", late, "SessionEnded")
              yield* store.revoke(session.key)
              yield* loads("the new key", rotated.key, data)
            })
          )
        ]
      : [
          clause<SessionStore>(
            "revoke is refused and the key still loads",
            Effect.gen(function* () {
              const { store, session } = yield* created()
              const refusal = yield* failsWith("revoke", store.revoke(session.key), "Unsupported")
              yield* equals("the capability", refusal.capability, "revokes")
              yield* loads("afterwards", session.key, data)
            })
          )
        ]),

    can.revokes && can.merges
      ? clause(
          "of two rotations at once one wins and the other learns that the session ended",
          Effect.gen(function* () {
            const { store, session } = yield* created()
            const outcomes = yield* Effect.all(
              [Effect.either(store.rotate(session)), Effect.either(store.rotate(session))],
              { concurrency: "unbounded" }
            )
            const tags = outcomes.map(
              Either.match({ onLeft: (error) => error._tag, onRight: () => "rotated" })
            )
            yield* equals("the outcomes", tags.sort(), ["SessionEnded", "rotated"])
          })
        )
      : clause(
          "of two rotations at once at least one leads to the session",
          Effect.gen(function* () {
            const { store, session } = yield* created()
            const rotation = Effect.option(store.rotate(session))
            const outcomes = yield* Effect.all([rotation, rotation], { concurrency: "unbounded" })
            yield* holds("one succeeds", outcomes.some(Option.isSome))
            for (const outcome of outcomes) {
              if (Option.isSome(outcome)) yield* loads("rotated", outcome.value.key, data)
            }
          })
        ),

    can.sweeps
      ? clause(
          "removeExpired removes the sessions that are over, counts them and leaves the others",
          Effect.gen(function* () {
            const { store } = yield* created({ n: 1 }, 1_000)
            yield* created({ n: 2 }, 2_000)
            const { session: last } = yield* created({ n: 3 }, 2_001)
            yield* equals("before any is over", yield* store.removeExpired, 0)
            yield* TestClock.setTime(2_000)
            yield* equals("two are over", yield* store.removeExpired, 2)
            yield* equals("a second time", yield* store.removeExpired, 0)
            yield* loads("the last", last.key, { n: 3 }, 2_001)
          })
        )
      : clause(
          "removeExpired is refused",
          Effect.gen(function* () {
            const { store } = yield* created()
            const refusal = yield* failsWith("the call", store.removeExpired, "Unsupported")
            yield* equals("the capability", refusal.capability, "sweeps")
          })
        ),

    Number.isFinite(can.maxBytes)
      ? clause(
          "a session of maxBytes fits, and a larger one is refused and changes nothing",
          Effect.gen(function* () {
            const full = ofBytes(can.maxBytes)
            const { store, session } = yield* created(full)
            // Noise of 64 letters still shrinks by a quarter where the store compresses.
            const excess = ofBytes(can.maxBytes * 2)
            const refused = yield* failsWith(
              "create",
              store.create(excess, expiresAt),
              "SessionTooLarge"
            )
            yield* equals("the limit", refused.maxBytes, can.maxBytes)
            yield* holds("the size is beyond it", refused.bytes > can.maxBytes, refused.bytes)
            const grown = setting({ more: noise(can.maxBytes, 42) })
            yield* failsWith("save", store.save(session, grown), "SessionTooLarge")
            yield* failsWith("rotate", store.rotate(session, grown), "SessionTooLarge")
            yield* loads("afterwards", session.key, full)
          })
        )
      : clause(
          "a session of 1 MiB is stored",
          Effect.gen(function* () {
            const { store, session } = yield* created({ x: "x".repeat(2 ** 20) })
            const saved = yield* store.save(session, setting({ x: 1 }))
            yield* loads("afterwards", saved.key, { x: 1 })
          })
        ),

    clause(
      "what is not JSON is refused with its place, and nothing is stored",
      Effect.gen(function* () {
        const { store, session } = yield* created()
        for (const [path, found, value] of notJson) {
          // The type forbids these values; a program without types may hand them in.
          const wrong = { a: value } as Session.Data
          const refused = yield* failsWith(found, store.create(wrong, expiresAt), "SessionNotJson")
          yield* equals("create says where", [refused.path, refused.found], [path, found])
          yield* failsWith(found, store.save(session, setting(wrong)), "SessionNotJson")
          yield* failsWith(found, store.rotate(session, setting(wrong)), "SessionNotJson")
        }
        yield* loads("afterwards", session.key, data)
      })
    )
  ]
}
