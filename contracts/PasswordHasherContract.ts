/** What every hasher of passwords promises, in the words of `ports/PasswordHasher`. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as TestServices from "effect/TestServices"
import * as Password from "../src/domain/Password.ts"
import { type Capabilities, PasswordHasher } from "../src/ports/PasswordHasher.ts"
import { clause, type Contract, equals, failsWith, holds } from "./Contract.ts"

const horse = Redacted.make("correct horse")

const right = { valid: true, needsRehash: false }
const wrong = { valid: false, needsRehash: false }

/** Hashes a password and proves that it verifies, so that a later "not valid" says something. */
const hashed = (password = horse) =>
  Effect.gen(function* () {
    const hasher = yield* PasswordHasher
    const encoded = yield* hasher.hash(password)
    yield* equals("the password itself", yield* hasher.verify(password, encoded), right)
    return { hasher, encoded }
  })

/**
 * Answers of Django 5.2 (its `make_password` with these salts), each at a cost that is behind:
 * encodings of the same password by different algorithms.
 */
const known: Readonly<Record<string, readonly [password: string, encoded: string]>> = {
  argon2: ["pässwörd ☃", "argon2$argon2id$v=19$m=1024,t=1,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw"],
  scrypt: [
    "é",
    "scrypt$1024$0$8$1$PdkUcA97Ep/ksfOwvOCT1IOpejk3kXLiLz4HYMPZgehmoAN3j27fKJSKXqBVZcQYwihj+K6OxKdY4dGG1aqeEA=="
  ],
  pbkdf2_sha256: [
    "pässwörd ☃ 日本",
    "pbkdf2_sha256$1000$saltsaltsalt$cEnKSY17LpEJaI7A+0SzTAFqmKbEA3LEwOlCowXjDYk="
  ],
  pbkdf2_sha1: ["correct horse", "pbkdf2_sha1$1000$seasalt$iQvkNOF1wEL4Khh8eogJ8rUhipM="],
  bcrypt_sha256: [
    "p".repeat(200),
    "bcrypt_sha256$$2b$06$7oGGlAQvX0cQ1V1rYbCvfe47beBWzwgwtFJaJUMicReRX2fYYTl4q"
  ],
  bcrypt: ["correct horse", "bcrypt$$2b$06$7oGGlAQvX0cQ1V1rYbCvfe6ECQ4WL6knpeQ3Qq28lWmvrEYKCSkxC"]
}

/** Parts of encodings, by algorithm: nothing of it is a hash, all of it names one. */
const malformed: Readonly<Record<string, ReadonlyArray<string>>> = {
  argon2: [
    "argon2$",
    "argon2$argon2id$v=19$m=1024,t=1,p=1$MTIzNDU2Nzg",
    "argon2$argon2id$v=19$m=1024,t=1,p=1$MTIzNDU2Nzg$",
    "argon2$argon2id$v=19$m=x,t=1,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw",
    "argon2$argon2id$v=19$m=0,t=0,p=0$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw",
    "argon2$argon2x$v=19$m=1024,t=1,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw",
    "argon2$argon2id$v=20$m=1024,t=1,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw"
  ],
  scrypt: [
    "scrypt$",
    "scrypt$1024$0$8$1",
    "scrypt$1024$0$8$1$",
    "scrypt$1024$$8$1$AAAA",
    "scrypt$1000$0$8$1$AAAA",
    "scrypt$0$0$0$0$AAAA",
    "scrypt$-1$0$8$1$AAAA",
    "scrypt$1e3$0$8$1$AAAA"
  ],
  pbkdf2_sha256: [
    "pbkdf2_sha256$",
    "pbkdf2_sha256$10$salt",
    "pbkdf2_sha256$10$salt$",
    "pbkdf2_sha256$10$$AAAA",
    "pbkdf2_sha256$0$salt$AAAA",
    "pbkdf2_sha256$-1$salt$AAAA",
    "pbkdf2_sha256$x$salt$AAAA",
    "pbkdf2_sha256$10$salt$é☃"
  ],
  pbkdf2_sha1: ["pbkdf2_sha1$", "pbkdf2_sha1$10$salt$"],
  bcrypt_sha256: [
    "bcrypt_sha256$",
    "bcrypt_sha256$$2b$12$",
    "bcrypt_sha256$$2b$06$7oGGlAQvX0cQ1V1rYbCvfe47beBWzwgwtFJaJUMicReRX2fYYTl4",
    "bcrypt_sha256$$2z$06$7oGGlAQvX0cQ1V1rYbCvfe47beBWzwgwtFJaJUMicReRX2fYYTl4q"
  ],
  bcrypt: ["bcrypt$", "bcrypt$$2b$00$7oGGlAQvX0cQ1V1rYbCvfe6ECQ4WL6knpeQ3Qq28lWmvrEYKCSkxC"]
}

/** Encodings that would take minutes or gigabytes. */
const absurd: Readonly<Record<string, string>> = {
  argon2: "argon2$argon2id$v=19$m=4294967295,t=4294967295,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw",
  scrypt: "scrypt$1073741824$salt$8$1$AAAA",
  pbkdf2_sha256: "pbkdf2_sha256$2147483647$salt$AAAA",
  pbkdf2_sha1: "pbkdf2_sha1$2147483647$salt$AAAA",
  bcrypt_sha256: "bcrypt_sha256$$2b$31$7oGGlAQvX0cQ1V1rYbCvfe47beBWzwgwtFJaJUMicReRX2fYYTl4q",
  bcrypt: "bcrypt$$2b$31$7oGGlAQvX0cQ1V1rYbCvfe6ECQ4WL6knpeQ3Qq28lWmvrEYKCSkxC"
}

/** Stored text of which Django 5.2 says that no password matches it. */
const foreign = [
  "",
  "$",
  "$$$",
  "unsalted",
  "nope$1$2$3",
  "098f6bcd4621d373cade4e832627b4f6",
  "md5$$098f6bcd4621d373cade4e832627b4f6",
  "sha1$$a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
  "toString$1",
  "__proto__$1"
]

/** `effect` on the wall's clock, and the milliseconds it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(TestServices.provideLive(Effect.timed(effect)), ([duration]) =>
    Duration.toMillis(duration)
  )

/** The shortest of some runs: what the work itself takes on a busy machine. */
const cost = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.replicateEffect(timed(effect), 5), (times) => Math.min(...times))

export const contract: Contract<PasswordHasher, Capabilities> = {
  name: "PasswordHasher",
  clauses: (can) => [
    clause(
      "the layer reports the capabilities that the adapter exports",
      Effect.gen(function* () {
        yield* equals("capabilities", (yield* PasswordHasher).capabilities, can)
        yield* equals("the first that verifies", can.verifies[0], can.hashes)
      })
    ),

    clause(
      "verify accepts the password that was hashed and no other",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        const others = [
          "",
          "correct hors",
          "correct horse ",
          " correct horse",
          "Correct horse",
          "x"
        ]
        for (const other of others) {
          const verdict = yield* hasher.verify(Redacted.make(other), encoded)
          yield* equals(JSON.stringify(other), verdict, wrong)
        }
      })
    ),

    clause(
      "the empty password and passwords beyond ASCII are passwords",
      Effect.gen(function* () {
        for (const password of ["", " ", "pässwörd ☃ 日本 😀", "$$2b$12$"]) {
          const { hasher, encoded } = yield* hashed(Redacted.make(password))
          yield* equals(
            "another",
            yield* hasher.verify(Redacted.make(`${password}x`), encoded),
            wrong
          )
        }
      })
    ),

    clause(
      "a password is not normalised: é in one code point and in two are two passwords",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed(Redacted.make("caf\u00e9"))
        const other = yield* hasher.verify(Redacted.make("cafe\u0301"), encoded)
        yield* equals("the other form", other, wrong)
      })
    ),

    clause(
      "every byte counts, after a NUL and up to the last of maxPasswordBytes",
      Effect.gen(function* () {
        const ends = [
          ["a\u0000b", "a\u0000c"],
          ["x".repeat(can.maxPasswordBytes), `${"x".repeat(can.maxPasswordBytes - 1)}y`]
        ] as const
        for (const [password, other] of ends) {
          const { hasher, encoded } = yield* hashed(Redacted.make(password))
          yield* equals("the other end", yield* hasher.verify(Redacted.make(other), encoded), wrong)
        }
      })
    ),

    clause(
      "a longer password than maxPasswordBytes is refused by hash and not valid for verify",
      Effect.gen(function* () {
        // Two bytes each: what is counted is bytes, not characters.
        const long = Redacted.make("é".repeat(Math.floor(can.maxPasswordBytes / 2) + 1))
        const { hasher, encoded } = yield* hashed()
        const refused = yield* failsWith("hash", hasher.hash(long), "PasswordTooLong")
        yield* equals("the limit", refused.maxBytes, can.maxPasswordBytes)
        yield* holds("the size", refused.bytes > can.maxPasswordBytes, refused.bytes)
        yield* equals("verify", yield* hasher.verify(long, encoded), wrong)
        const huge = Redacted.make("x".repeat(2 ** 20))
        yield* equals("1 MiB", yield* hasher.verify(huge, encoded), wrong)
        yield* equals("1 MiB, no user", yield* hasher.verifyUnknown(huge), wrong)
      })
    ),

    clause(
      "two hashes of one password differ and both verify",
      Effect.gen(function* () {
        const { encoded: first } = yield* hashed()
        const { encoded: second } = yield* hashed()
        yield* holds("they differ", first !== second)
      })
    ),

    clause(
      "a hash names its algorithm, fits 128 characters and does not show the password",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        yield* equals("identify", hasher.identify(encoded), Either.right(can.hashes))
        yield* holds("the length", encoded.length <= 128, encoded.length)
        yield* holds("the password", !encoded.includes(Redacted.value(horse)))
      })
    ),

    clause(
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        yield* holds("a fresh one", !hasher.needsRehash(encoded))
        for (const algorithm of can.verifies) {
          const vector = known[algorithm]
          if (vector === undefined) continue
          const [password, old] = vector
          yield* holds(`an old one of ${algorithm}`, hasher.needsRehash(old))
          const verdict = yield* hasher.verify(Redacted.make(password), old)
          yield* equals(`${algorithm}, right`, verdict, { valid: true, needsRehash: true })
          const other = yield* hasher.verify(Redacted.make(`${password}x`), old)
          yield* equals(`${algorithm}, wrong`, other, wrong)
        }
      })
    ),

    clause(
      "identify tells the algorithm of every encoding it verifies",
      Effect.gen(function* () {
        const hasher = yield* PasswordHasher
        for (const algorithm of can.verifies) {
          const encoded = `${algorithm}$1$salt$hash`
          yield* equals(algorithm, hasher.identify(encoded), Either.right(algorithm))
        }
      })
    ),

    clause(
      "an unknown algorithm is refused by identify with the list, and valid for no password",
      Effect.gen(function* () {
        const { hasher } = yield* hashed()
        for (const encoded of foreign) {
          const refused = yield* failsWith(encoded, hasher.identify(encoded), "UnknownAlgorithm")
          yield* equals("the list", refused.known, can.verifies)
          yield* equals("the name", refused.algorithm, Password.algorithmOf(encoded))
          yield* equals(encoded, yield* hasher.verify(Redacted.make("x"), encoded), wrong)
        }
      })
    ),

    clause(
      "a malformed encoding is valid for no password and breaks nothing",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        const cut = [encoded.slice(0, -1), encoded.slice(0, 40), `${encoded}x`, `${encoded}$`]
        const listed = can.verifies.flatMap((algorithm) => malformed[algorithm] ?? [])
        for (const broken of [...cut, ...listed]) {
          yield* equals(broken, yield* hasher.verify(horse, broken), wrong)
          yield* equals(broken, yield* hasher.verify(Redacted.make(""), broken), wrong)
        }
      })
    ),

    clause(
      "an encoding of absurd cost is refused before it costs anything",
      Effect.gen(function* () {
        const { hasher } = yield* hashed()
        for (const algorithm of can.verifies) {
          const encoded = absurd[algorithm]
          if (encoded === undefined) continue
          const verdict = hasher.verify(horse, encoded).pipe(
            Effect.disconnect,
            Effect.timeoutTo({
              duration: "5 seconds",
              onSuccess: (verdict) => verdict,
              onTimeout: () => "no answer within five seconds" as const
            }),
            TestServices.provideLive
          )
          yield* equals<unknown>(algorithm, yield* verdict, wrong)
        }
      })
    ),

    clause(
      "an unusable password is new each time, matches nothing and stays unusable",
      Effect.gen(function* () {
        const { hasher } = yield* hashed()
        const first = yield* hasher.unusable
        yield* holds("it is unusable", !Password.isUsable(first), first)
        yield* holds("it is new", first !== (yield* hasher.unusable))
        for (const encoded of [first, "!", "!abcdef"]) {
          yield* holds("no rehash", !hasher.needsRehash(encoded))
          yield* failsWith("identify", hasher.identify(encoded), "UnknownAlgorithm")
          for (const password of ["", "!", first, first.slice(1)]) {
            yield* equals(encoded, yield* hasher.verify(Redacted.make(password), encoded), wrong)
          }
        }
      })
    ),

    clause(
      "who has no account, or no usable password, learns it no faster than a wrong password",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        const other = Redacted.make("x")
        const full = yield* cost(hasher.verify(other, encoded))
        yield* equals("no user", yield* hasher.verifyUnknown(other), wrong)
        const answers = {
          "no user": hasher.verifyUnknown(other),
          "unusable password": hasher.verify(other, "!abc"),
          "unknown algorithm": hasher.verify(other, "nope$1$2$3"),
          "malformed hash": hasher.verify(other, `${can.hashes}$`)
        }
        for (const [what, answer] of Object.entries(answers)) {
          const time = yield* cost(answer)
          yield* holds(`${what} takes as long`, time >= full / 3, { time, full })
        }
      })
    ),

    clause(
      "other work goes on while a password is hashed or verified",
      Effect.gen(function* () {
        const { hasher, encoded } = yield* hashed()
        const tick = Effect.as(TestServices.provideLive(Effect.sleep(0)), "tick")
        // Several, since a timer takes a millisecond and a cheap hash no longer.
        const hash = Effect.as(Effect.replicateEffect(hasher.hash(horse), 8), "hash")
        const verify = Effect.as(Effect.replicateEffect(hasher.verify(horse, encoded), 8), "verify")
        yield* equals("beside hash", yield* Effect.raceFirst(hash, tick), "tick")
        yield* equals("beside verify", yield* Effect.raceFirst(verify, tick), "tick")
      })
    ),

    clause(
      "many at once are all answered right",
      Effect.gen(function* () {
        const { hasher } = yield* hashed()
        const trial = (i: number) =>
          Effect.gen(function* () {
            const encoded = yield* hasher.hash(Redacted.make(`password ${i}`))
            return [
              yield* hasher.verify(Redacted.make(`password ${i}`), encoded),
              yield* hasher.verify(Redacted.make(`password ${i + 1}`), encoded)
            ]
          })
        const trials = Array.from({ length: 6 }, (_, i) => trial(i))
        const answers = yield* Effect.all(trials, { concurrency: "unbounded" })
        for (const answer of answers) yield* equals("right, wrong", answer, [right, wrong])
      })
    )
  ]
}
