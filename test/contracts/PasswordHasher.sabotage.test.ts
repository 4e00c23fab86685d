/** For every clause of the PasswordHasher contract, a wrong hasher that it catches. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, Layer, Redacted } from "effect"
import { pbkdf2Sync } from "node:crypto"
import { run } from "../../contracts/run.ts"
import { contract } from "../../contracts/PasswordHasherContract.ts"
import * as pbkdf2 from "../../src/adapters/auth/internal/pbkdf2.ts"
import * as scrypt from "../../src/adapters/auth/internal/scrypt.ts"
import * as Hasher from "../../src/ports/PasswordHasher.ts"

const first = pbkdf2.sha256({ iterations: 4000 })

const capabilities: Hasher.Capabilities = {
  hashes: "pbkdf2_sha256",
  verifies: ["pbkdf2_sha256", "scrypt"],
  maxPasswordBytes: 200
}

/** A right hasher, to be spoilt in one place. */
const make = (spoil: Partial<Hasher.Algorithm> = {}): Hasher.Service =>
  Hasher.make({
    algorithms: [{ ...first, ...spoil }, scrypt.make({ n: 1024, p: 1 })],
    maxPasswordBytes: 200,
    concurrency: 2
  })

/** Wrong instead of the port's `make`. */
const service = (spoil: (service: Hasher.Service) => Partial<Hasher.Service>): Hasher.Service => {
  const right = make()
  return { ...right, ...spoil(right) }
}

/** Sees every password through `change`. */
const seeing = (change: (password: string) => string): Hasher.Service =>
  service(({ hash, verify, verifyUnknown }) => {
    const changed = (password: Redacted.Redacted) => Redacted.make(change(Redacted.value(password)))
    return {
      hash: (password) => hash(changed(password)),
      verify: (password, encoded) => verify(changed(password), encoded),
      verifyUnknown: (password) => verifyUnknown(changed(password))
    }
  })

const wrong: Hasher.Verdict = { valid: false, needsRehash: false }

/** Whether only a fault explains such an encoding. */
const isFaulty = (encoded: string) =>
  encoded.startsWith("pbkdf2_sha256$")
    ? Either.isLeft(first.inspect(encoded))
    : !encoded.startsWith("scrypt$") && !encoded.startsWith("!")

interface Sabotage {
  readonly what: string
  readonly make: () => Hasher.Service
  readonly breaks: ReadonlyArray<string>
}

const sabotages: ReadonlyArray<Sabotage> = [
  {
    what: "declares other capabilities than it exports",
    make: () => service(() => ({ capabilities: { ...capabilities, maxPasswordBytes: 1 } })),
    breaks: ["the layer reports the capabilities that the adapter exports"]
  },
  {
    what: "accepts every password",
    make: () => make({ verify: () => Effect.succeed(true) }),
    breaks: [
      "verify accepts the password that was hashed and no other",
      "the empty password and passwords beyond ASCII are passwords",
      "a password is not normalised: é in one code point and in two are two passwords",
      "every byte counts, after a NUL and up to the last of maxPasswordBytes",
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right",
      "a malformed encoding is valid for no password and breaks nothing",
      "other work goes on while a password is hashed or verified",
      "many at once are all answered right"
    ]
  },
  {
    what: "accepts no password",
    make: () => make({ verify: () => Effect.succeed(false) }),
    breaks: [
      "verify accepts the password that was hashed and no other",
      "the empty password and passwords beyond ASCII are passwords",
      "a password is not normalised: é in one code point and in two are two passwords",
      "every byte counts, after a NUL and up to the last of maxPasswordBytes",
      "a longer password than maxPasswordBytes is refused by hash and not valid for verify",
      "two hashes of one password differ and both verify",
      "a hash names its algorithm, fits 128 characters and does not show the password",
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right",
      "an unknown algorithm is refused by identify with the list, and valid for no password",
      "a malformed encoding is valid for no password and breaks nothing",
      "an encoding of absurd cost is refused before it costs anything",
      "an unusable password is new each time, matches nothing and stays unusable",
      "who has no account, or no usable password, learns it no faster than a wrong password",
      "other work goes on while a password is hashed or verified",
      "many at once are all answered right"
    ]
  },
  {
    what: "trims passwords",
    make: () => seeing((password) => password.trim()),
    breaks: ["verify accepts the password that was hashed and no other"]
  },
  {
    what: "ignores case",
    make: () => seeing((password) => password.toLowerCase()),
    breaks: ["verify accepts the password that was hashed and no other"]
  },
  {
    what: "has no empty password",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          Redacted.value(password) === "" ? Effect.succeed(wrong) : verify(password, encoded)
      })),
    breaks: ["the empty password and passwords beyond ASCII are passwords"]
  },
  {
    what: "normalises passwords",
    make: () => seeing((password) => password.normalize("NFKC")),
    breaks: ["a password is not normalised: é in one code point and in two are two passwords"]
  },
  {
    what: "stops at a NUL",
    make: () => seeing((password) => password.split("\0", 1).join("")),
    breaks: ["every byte counts, after a NUL and up to the last of maxPasswordBytes"]
  },
  {
    what: "cuts passwords at 72 bytes without a word",
    make: () => seeing((password) => password.slice(0, 72)),
    breaks: [
      "every byte counts, after a NUL and up to the last of maxPasswordBytes",
      "a longer password than maxPasswordBytes is refused by hash and not valid for verify"
    ]
  },
  {
    what: "counts characters and not bytes",
    make: () =>
      service(({ hash }) => ({
        hash: (password) =>
          Redacted.value(password).length <= 200
            ? Effect.catchTag(hash(password), "PasswordTooLong", () => Effect.succeed("cut"))
            : hash(password)
      })),
    breaks: ["a longer password than maxPasswordBytes is refused by hash and not valid for verify"]
  },
  {
    what: "fails when a password to verify is too long",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          Redacted.value(password).length > 200
            ? Effect.dieMessage("long")
            : verify(password, encoded)
      })),
    breaks: ["a longer password than maxPasswordBytes is refused by hash and not valid for verify"]
  },
  {
    what: "uses one salt for all",
    make: () =>
      make({
        hash: (password) =>
          Effect.map(
            pbkdf2.derive("pbkdf2_sha256", password, "a".repeat(22), 4000),
            (hash) => `pbkdf2_sha256$4000$${"a".repeat(22)}$${hash}`
          )
      }),
    breaks: ["two hashes of one password differ and both verify"]
  },
  {
    what: "writes hashes of 2 KiB",
    make: () =>
      service(({ hash, verify, needsRehash }) => ({
        hash: (password) => Effect.map(hash(password), (encoded) => encoded + " ".repeat(2048)),
        verify: (password, encoded) =>
          verify(password, encoded.endsWith(" ".repeat(2048)) ? encoded.trimEnd() : encoded),
        needsRehash: (encoded) => needsRehash(encoded.trimEnd())
      })),
    breaks: ["a hash names its algorithm, fits 128 characters and does not show the password"]
  },
  {
    what: "never asks for a rehash",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          Effect.map(verify(password, encoded), ({ valid }) => ({ valid, needsRehash: false })),
        needsRehash: () => false
      })),
    breaks: [
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right"
    ]
  },
  {
    what: "always asks for a rehash",
    make: () =>
      make({
        inspect: (encoded) => Either.map(first.inspect(encoded), () => ({ outdated: true }))
      }),
    breaks: [
      "verify accepts the password that was hashed and no other",
      "the empty password and passwords beyond ASCII are passwords",
      "a password is not normalised: é in one code point and in two are two passwords",
      "every byte counts, after a NUL and up to the last of maxPasswordBytes",
      "a longer password than maxPasswordBytes is refused by hash and not valid for verify",
      "two hashes of one password differ and both verify",
      "a hash names its algorithm, fits 128 characters and does not show the password",
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right",
      "an unknown algorithm is refused by identify with the list, and valid for no password",
      "a malformed encoding is valid for no password and breaks nothing",
      "an encoding of absurd cost is refused before it costs anything",
      "an unusable password is new each time, matches nothing and stays unusable",
      "who has no account, or no usable password, learns it no faster than a wrong password",
      "other work goes on while a password is hashed or verified",
      "many at once are all answered right"
    ]
  },
  {
    what: "asks for a rehash of unusable passwords",
    make: () =>
      service(({ needsRehash }) => ({
        needsRehash: (encoded) => encoded.startsWith("!") || needsRehash(encoded)
      })),
    breaks: ["an unusable password is new each time, matches nothing and stays unusable"]
  },
  {
    what: "identifies its first algorithm alone",
    make: () =>
      service(({ identify }) => ({
        identify: (encoded) =>
          encoded.startsWith("scrypt$")
            ? Either.left(new Hasher.UnknownAlgorithm({ algorithm: "scrypt", known: [] }))
            : identify(encoded)
      })),
    breaks: ["identify tells the algorithm of every encoding it verifies"]
  },
  {
    what: "takes any algorithm for its own",
    make: () => service(() => ({ identify: () => Either.right("pbkdf2_sha256") })),
    breaks: [
      "identify tells the algorithm of every encoding it verifies",
      "an unknown algorithm is refused by identify with the list, and valid for no password",
      "an unusable password is new each time, matches nothing and stays unusable"
    ]
  },
  {
    what: "dies of an unknown algorithm or a malformed hash",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          isFaulty(encoded) ? Effect.dieMessage("unreadable") : verify(password, encoded)
      })),
    breaks: [
      "an unknown algorithm is refused by identify with the list, and valid for no password",
      "a malformed encoding is valid for no password and breaks nothing",
      "an encoding of absurd cost is refused before it costs anything",
      "who has no account, or no usable password, learns it no faster than a wrong password"
    ]
  },
  {
    what: "accepts a hash that was cut short",
    make: () =>
      make({
        inspect: () => Either.right({ outdated: false }),
        verify: (password, encoded) =>
          Effect.gen(function* () {
            const [, iterations = "", salt = "", hash = ""] = encoded.split("$")
            if (!(Number(iterations) > 0 && Number(iterations) < 100_000)) return false
            const right = yield* pbkdf2.derive("pbkdf2_sha256", password, salt, Number(iterations))
            return right.startsWith(hash)
          })
      }),
    breaks: [
      "a fresh hash needs no rehash, one of another cost or algorithm does, when the password is right",
      "a malformed encoding is valid for no password and breaks nothing",
      "who has no account, or no usable password, learns it no faster than a wrong password"
    ]
  },
  {
    what: "does what an absurd cost asks for",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          encoded.includes("2147483647") ? Effect.never : verify(password, encoded)
      })),
    breaks: ["an encoding of absurd cost is refused before it costs anything"]
  },
  {
    what: "has one unusable password",
    make: () => service(() => ({ unusable: Effect.succeed("!") })),
    breaks: ["an unusable password is new each time, matches nothing and stays unusable"]
  },
  {
    what: "takes an unusable password for a plain one",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          encoded === `!${Redacted.value(password)}`
            ? Effect.succeed({ valid: true, needsRehash: true })
            : verify(password, encoded)
      })),
    breaks: ["an unusable password is new each time, matches nothing and stays unusable"]
  },
  {
    what: "answers at once when there is no user",
    make: () => service(() => ({ verifyUnknown: () => Effect.succeed(wrong) })),
    breaks: ["who has no account, or no usable password, learns it no faster than a wrong password"]
  },
  {
    what: "answers at once to what cannot be verified",
    make: () =>
      service(({ verify }) => ({
        verify: (password, encoded) =>
          isFaulty(encoded) ? Effect.succeed(wrong) : verify(password, encoded)
      })),
    breaks: ["who has no account, or no usable password, learns it no faster than a wrong password"]
  },
  {
    what: "hashes on the event loop",
    make: () =>
      make({
        hash: (password) =>
          Effect.sync(() => {
            const salt = globalThis.crypto.randomUUID()
            const hash = pbkdf2Sync(password, salt, 4000, 32, "sha256").toString("base64")
            return `pbkdf2_sha256$4000$${salt}$${hash}`
          })
      }),
    breaks: ["other work goes on while a password is hashed or verified"]
  },
  {
    what: "mixes up what is hashed at once",
    make: () => {
      let latest = Redacted.make("")
      return service(({ hash }) => ({
        hash: (password) =>
          Effect.sync(() => void (latest = password)).pipe(
            Effect.zipRight(Effect.yieldNow()),
            Effect.zipRight(Effect.suspend(() => hash(latest)))
          )
      }))
    },
    breaks: ["many at once are all answered right"]
  }
]

const failed = (what: string, make: () => Hasher.Service) =>
  Effect.map(
    run(contract, { name: what, capabilities, layer: Layer.sync(Hasher.PasswordHasher, make) }),
    (verdicts) => verdicts.filter((v) => Exit.isFailure(v.exit)).map((v) => v.clause)
  )

describe("sabotage of the PasswordHasher contract", () => {
  for (const { breaks, make, what } of sabotages) {
    it.live(`a hasher that ${what} is caught`, () =>
      Effect.map(failed(what, make), (clauses) => {
        assert.isNotEmpty(clauses)
        assert.deepStrictEqual(clauses, breaks)
      })
    )
  }

  it.live("the right hasher passes, so that the sabotages are to blame", () =>
    Effect.map(failed("right", make), (clauses) => assert.deepStrictEqual(clauses, []))
  )

  it("every clause is broken by a sabotage", () => {
    const broken = new Set(sabotages.flatMap((sabotage) => sabotage.breaks))
    const clauses = contract.clauses(capabilities).map((clause) => clause.name)
    assert.deepStrictEqual(
      clauses.filter((clause) => !broken.has(clause)),
      []
    )
  })
})
