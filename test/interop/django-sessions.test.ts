/** Sessions that Django has stored can be taken over; what it cannot read is empty here, too. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Logger, Option, Redacted } from "effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import { primitives } from "../../src/adapters/http/internal/crypto.ts"
import * as Session from "../../src/domain/Session.ts"
import * as Signature from "../../src/domain/Signature.ts"
import * as SessionStore from "../../src/ports/SessionStore.ts"

interface Vectors {
  readonly secret_key: string
  readonly encodings: ReadonlyArray<{
    readonly data: Session.Data
    readonly now: number
    readonly db_session_data: string
    readonly signed_cookie_key: string
  }>
  readonly tampered: ReadonlyArray<{ readonly encoded: string; readonly decoded: Session.Data }>
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url")

/** A store whose table the test writes to. */
const open = () => {
  const rows = new Map<string, SessionStore.Row>()
  const store = SessionStore.make({
    capabilities: { revokes: true, merges: true, sweeps: true, maxBytes: Infinity },
    sha256,
    insert: (row) => Effect.sync(() => void rows.set(row.id, row)),
    find: (id) => Effect.sync(() => Option.fromNullable(rows.get(id))),
    replace: (id, change) =>
      Effect.suspend(() => {
        const row = rows.get(id)
        if (row === undefined) return Effect.succeedNone
        return Either.map(change(row), (next) => {
          rows.set(next.id, next)
          return Option.some(next)
        })
      }),
    remove: (id) => Effect.sync(() => void rows.delete(id)),
    removeExpired: () => Effect.succeed(0)
  })
  return { rows, store }
}

for (const version of ["5.2", "3.2"]) {
  const vectors: Vectors = JSON.parse(
    readFileSync(new URL(`../vectors/django-${version}/sessions.json`, import.meta.url), "utf8")
  )
  const signer = (salt: string) => Signature.make(primitives, { key: vectors.secret_key, salt })

  describe(`Django ${version}`, () => {
    for (const { data, db_session_data, now, signed_cookie_key } of vectors.encodings) {
      it.effect(`takes over ${JSON.stringify(data).slice(0, 40)}`, () =>
        Effect.gen(function* () {
          const row = yield* signer("django.contrib.sessions.SessionStore").loads(
            db_session_data,
            now * 1000
          )
          const cookie = yield* signer("django.contrib.sessions.backends.signed_cookies").loads(
            signed_cookie_key,
            now * 1000
          )
          assert.deepStrictEqual(row, data)
          assert.deepStrictEqual(cookie, data)
          const { store } = open()
          const session = yield* store.create(data, 60_000)
          const loaded = yield* store.load(session.key)
          assert.deepStrictEqual(
            Option.map(loaded, (s) => s.data),
            Option.some(data)
          )
        })
      )
    }

    for (const { decoded, encoded } of vectors.tampered) {
      it.effect(`${JSON.stringify(encoded)} in the table is an empty session and a warning`, () => {
        const warnings: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) => {
          if (logLevel._tag === "Warning") warnings.push(String(message))
        })
        return Effect.gen(function* () {
          const { rows, store } = open()
          const session = yield* store.create({ user: 1 }, 60_000)
          for (const [id, row] of rows) rows.set(id, { ...row, data: encoded })
          const loaded = yield* store.load(session.key)
          assert.deepStrictEqual(
            Option.map(loaded, (s) => s.data),
            Option.some(decoded)
          )
          assert.lengthOf(warnings, 1)
          assert.include(warnings[0], "not a JSON object")
          // It can be written to again.
          const saved = yield* store.save(session, Session.set(Session.noChanges, "user", 2))
          assert.deepStrictEqual(saved.data, { user: 2 })
        }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      })

      it.effect(`${JSON.stringify(encoded)} in a cookie is no session`, () =>
        Effect.gen(function* () {
          const store = CookieSessions.make({ secret: Redacted.make(vectors.secret_key) })
          assert.deepStrictEqual(yield* store.load(Redacted.make(encoded)), Option.none())
        })
      )
    }
  })
}
