/** What `make` adds to a driver and no contract can see from outside. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Either, Exit, Option, Redacted } from "effect"
import { createHash } from "node:crypto"
import * as SessionStore from "../../src/ports/SessionStore.ts"

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url")

const recording = (sha = sha256) => {
  const rows = new Map<string, SessionStore.Row>()
  const asked: Array<string> = []
  const store = SessionStore.make({
    capabilities: { revokes: true, merges: true, sweeps: true, maxBytes: Infinity },
    sha256: sha,
    insert: (row) => Effect.sync(() => void rows.set(row.id, row)),
    find: (id) =>
      Effect.sync(() => {
        asked.push(id)
        return Option.fromNullable(rows.get(id))
      }),
    replace: (id, change) =>
      Effect.suspend(() => {
        const row = rows.get(id)
        if (row === undefined) return Effect.succeedNone
        // A driver may try again: the first answer is thrown away.
        change(row)
        return Either.map(change(row), (next) => {
          rows.delete(id)
          rows.set(next.id, next)
          return Option.some(next)
        })
      }),
    remove: (id) => Effect.sync(() => void rows.delete(id)),
    removeExpired: () => Effect.succeed(0)
  })
  return { rows, asked, store }
}

describe("SessionStore.make", () => {
  it.effect("stores no key: neither a row's id nor its data opens a session", () =>
    Effect.gen(function* () {
      const { rows, store } = recording()
      const session = yield* store.create({ user: 1 }, 60_000)
      const rotated = yield* store.rotate(session)
      const key = Redacted.value(rotated.key)
      assert.deepStrictEqual([...rows.keys()], [sha256(key)])
      const leaked = JSON.stringify([...rows.values()])
      assert.notInclude(leaked, key)
      for (const id of rows.keys()) {
        assert.deepStrictEqual(yield* store.load(Redacted.make(id)), Option.none())
      }
    })
  )

  it("refuses a driver whose digest is not SHA-256", () => {
    assert.throws(() => recording((text) => text), /not SHA-256/)
    const hex = (text: string) => createHash("sha256").update(text).digest("hex")
    assert.throws(() => recording(hex), /base64url/)
  })

  it.effect("asks the driver for nothing that cannot be a key", () =>
    Effect.gen(function* () {
      const { asked, store } = recording()
      for (const key of ["", "x", "A".repeat(42), "A".repeat(44), "A".repeat(42) + "="]) {
        yield* store.load(Redacted.make(key))
      }
      assert.deepStrictEqual(asked, [])
      yield* store.load(Redacted.make("A".repeat(43)))
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("dies of a moment that is none", () =>
    Effect.gen(function* () {
      const { store } = recording()
      for (const expiresAt of [Number.NaN, Infinity, 1.5]) {
        const exit = yield* Effect.exit(store.create({}, expiresAt))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      }
    })
  )

  it.effect("shows no key where a session is printed", () =>
    Effect.gen(function* () {
      const { store } = recording()
      const session = yield* store.create({}, 60_000)
      assert.notInclude(JSON.stringify(session) + String(session.key), Redacted.value(session.key))
    })
  )
})
