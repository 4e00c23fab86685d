/** Passwords that Django has hashed verify here, by whichever hasher a site chooses. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Redacted } from "effect"
import { readFileSync } from "node:fs"
import * as Argon2Hasher from "../../src/adapters/auth/Argon2Hasher.ts"
import * as BcryptHasher from "../../src/adapters/auth/BcryptHasher.ts"
import * as Pbkdf2Hasher from "../../src/adapters/auth/Pbkdf2Hasher.ts"
import * as ScryptHasher from "../../src/adapters/auth/ScryptHasher.ts"
import * as Password from "../../src/domain/Password.ts"
import type { Service } from "../../src/ports/PasswordHasher.ts"

interface Vectors {
  readonly defaults: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly hashes: ReadonlyArray<{
    readonly algorithm: string
    readonly password: string
    readonly encoded: string
  }>
  readonly negative: ReadonlyArray<{ readonly password: string; readonly encoded: string }>
  readonly odd_encodings: ReadonlyArray<{
    readonly encoded: string
    readonly usable: boolean
    readonly identify: string
    readonly check_password_x: boolean | string
  }>
}

const read = (version: string): Vectors =>
  JSON.parse(
    readFileSync(new URL(`../vectors/django-${version}/hashers.json`, import.meta.url), "utf8")
  )

/** Django's hasher for tests. A site must not take it, so Portico does not know it. */
const refused = (algorithm: string) => algorithm === "md5"

const verify = (hasher: Service, password: string, encoded: string) =>
  Effect.map(hasher.verify(Redacted.make(password), encoded), (verdict) => verdict.valid)

const identified = (hasher: Service, encoded: string) =>
  Either.match(hasher.identify(encoded), {
    onLeft: () => "error:ValueError",
    onRight: (algorithm) => algorithm
  })

/** Both versions gave many of the same answers: one trial of each is enough. */
const tried = new Set<string>()
const isNew = (...parts: ReadonlyArray<string>) => {
  const before = tried.size
  return tried.add(parts.join("\n")).size > before
}

for (const version of ["5.2", "3.2"]) {
  const vectors = read(version)
  describe(`Django ${version}`, () => {
    for (const { algorithm, encoded, password } of vectors.hashes) {
      if (!isNew(encoded, password)) continue
      const what = encoded.slice(0, 32)
      it.effect(`${what}… ${refused(algorithm) ? "is refused" : "verifies"}`, () =>
        Effect.gen(function* () {
          const hasher = yield* Argon2Hasher.make({ memoryCost: 1024 })
          const expected = refused(algorithm) ? "error:ValueError" : algorithm
          assert.strictEqual(identified(hasher, encoded), expected)
          assert.strictEqual(yield* verify(hasher, password, encoded), !refused(algorithm))
        })
      )
    }

    for (const { encoded, password } of vectors.negative) {
      if (!isNew(encoded, password)) continue
      it.effect(`${encoded.slice(0, 32)}… refuses another password`, () =>
        Effect.gen(function* () {
          const hasher = yield* Argon2Hasher.make({ memoryCost: 1024 })
          assert.isFalse(yield* verify(hasher, password, encoded))
        })
      )
    }

    for (const odd of vectors.odd_encodings) {
      it.effect(`${JSON.stringify(odd.encoded)} matches no password`, () =>
        Effect.gen(function* () {
          const hasher = yield* Argon2Hasher.make({ memoryCost: 1024 })
          assert.strictEqual(Password.isUsable(odd.encoded), odd.usable)
          assert.strictEqual(identified(hasher, odd.encoded), odd.identify)
          // Where Django raises ValueError, nobody can sign in either.
          assert.notStrictEqual(odd.check_password_x, true)
          assert.isFalse(yield* verify(hasher, "x", odd.encoded))
        })
      )
    }
  })
}

describe("Django 5.2's defaults", () => {
  const { defaults } = read("5.2")
  const password = Redacted.make("correct horse")

  it.effect("are those of PBKDF2, in its encoding", () =>
    Effect.gen(function* () {
      const encoded = yield* Pbkdf2Hasher.make().hash(password)
      assert.match(encoded, /^pbkdf2_sha256\$\d+\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=$/)
      assert.include(encoded, `$${defaults["pbkdf2_sha256"]!["iterations"]}$`)
    })
  )

  it.effect("are those of scrypt, in its encoding", () =>
    Effect.gen(function* () {
      const { block_size, parallelism, work_factor } = defaults["scrypt"]!
      const encoded = yield* ScryptHasher.make().hash(password)
      assert.match(encoded, /^scrypt\$\d+\$[A-Za-z0-9]{22}\$\d+\$\d+\$[A-Za-z0-9+/]{86}==$/)
      const [, n, , r, p] = encoded.split("$")
      assert.deepStrictEqual([n, r, p].map(Number), [work_factor, block_size, parallelism])
    })
  )

  it.effect("are those of bcrypt, in its encoding", () =>
    Effect.gen(function* () {
      const encoded = yield* (yield* BcryptHasher.make()).hash(password)
      assert.match(encoded, /^bcrypt_sha256\$\$2b\$\d\d\$[./A-Za-z0-9]{53}$/)
      assert.include(encoded, `$2b$${defaults["bcrypt_sha256"]!["rounds"]}$`)
    })
  )

  it.effect("are not those of Argon2, which takes OWASP's, in Django's encoding", () =>
    Effect.gen(function* () {
      const hasher = yield* Argon2Hasher.make()
      const encoded = yield* hasher.hash(password)
      assert.match(
        encoded,
        /^argon2\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{30}\$[A-Za-z0-9+/]{43}$/
      )
      const { memory_cost, parallelism, time_cost } = defaults["argon2"]!
      const django = `argon2$argon2id$v=19$m=${memory_cost},t=${time_cost},p=${parallelism}$`
      assert.isTrue(hasher.needsRehash(encoded.replace(/^.*p=1\$/, django)))
    })
  )
})

describe("Django's rule of what is behind", () => {
  const salt = "a".repeat(22)
  const hash = "cEnKSY17LpEJaI7A+0SzTAFqmKbEA3LEwOlCowXjDYk="
  const hasher = Pbkdf2Hasher.make({ iterations: 1000 })

  for (const [what, encoded, expected] of [
    ["the same parameters", `pbkdf2_sha256$1000$${salt}$${hash}`, false],
    ["fewer iterations", `pbkdf2_sha256$999$${salt}$${hash}`, true],
    ["more iterations", `pbkdf2_sha256$1001$${salt}$${hash}`, true],
    ["a salt under 128 bits", `pbkdf2_sha256$1000$${salt.slice(1)}$${hash}`, true],
    ["another algorithm", `pbkdf2_sha1$1000$${salt}$${hash}`, true],
    ["an unusable password", `!${salt}`, false]
  ] as const) {
    it(what, () => assert.strictEqual(hasher.needsRehash(encoded), expected))
  }
})
