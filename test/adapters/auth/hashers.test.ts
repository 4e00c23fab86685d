/** The algorithms against their own specifications, and what the hashers refuse. */
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Config,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  Layer,
  Redacted,
  TestServices
} from "effect"
import { Buffer } from "node:buffer"
import * as Argon2Hasher from "../../../src/adapters/auth/Argon2Hasher.ts"
import * as BcryptHasher from "../../../src/adapters/auth/BcryptHasher.ts"
import * as Pbkdf2Hasher from "../../../src/adapters/auth/Pbkdf2Hasher.ts"
import * as ScryptHasher from "../../../src/adapters/auth/ScryptHasher.ts"
import * as argon2 from "../../../src/adapters/auth/internal/argon2.ts"
import * as bcrypt from "../../../src/adapters/auth/internal/bcrypt.ts"
import * as pbkdf2 from "../../../src/adapters/auth/internal/pbkdf2.ts"
import * as scrypt from "../../../src/adapters/auth/internal/scrypt.ts"
import * as PasswordHasher from "../../../src/ports/PasswordHasher.ts"

const hex = (base64: string) => Buffer.from(base64, "base64").toString("hex")

describe("PBKDF2 (RFC 6070, RFC 7914, 11)", () => {
  for (const [name, password, salt, iterations, expected] of [
    ["pbkdf2_sha1", "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"],
    ["pbkdf2_sha1", "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"],
    ["pbkdf2_sha1", "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"],
    [
      "pbkdf2_sha1",
      "passwordPASSWORDpassword",
      "saltSALTsaltSALTsaltSALTsaltSALTsalt",
      4096,
      "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"
    ],
    ["pbkdf2_sha1", "pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"],
    [
      "pbkdf2_sha256",
      "passwd",
      "salt",
      1,
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc" +
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
    ],
    [
      "pbkdf2_sha256",
      "Password",
      "NaCl",
      80_000,
      "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56" +
        "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"
    ]
  ] as const) {
    it.effect(`${name}, ${JSON.stringify(password)}, ${iterations}`, () =>
      Effect.gen(function* () {
        const bytes = expected.length / 2
        const hash = yield* pbkdf2.derive(name, Buffer.from(password), salt, iterations, bytes)
        assert.strictEqual(hex(hash), expected)
      })
    )
  }
})

describe("scrypt (RFC 7914, 12)", () => {
  for (const [password, salt, n, r, p, expected] of [
    [
      "",
      "",
      16,
      1,
      1,
      "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442" +
        "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    ],
    [
      "password",
      "NaCl",
      1024,
      8,
      16,
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162" +
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    ],
    [
      "pleaseletmein",
      "SodiumChloride",
      16_384,
      8,
      1,
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    ]
  ] as const) {
    it.effect(`${JSON.stringify(password)}, n ${n}`, () =>
      Effect.gen(function* () {
        const hash = yield* scrypt.derive(Buffer.from(password), salt, { n, r, p })
        assert.strictEqual(hex(hash), expected)
      })
    )
  }

  it.effect("takes more memory than OpenSSL allows unless told", () =>
    Effect.gen(function* () {
      const hasher = ScryptHasher.make({ n: 32_768, r: 8, p: 1 })
      const password = Redacted.make("correct horse")
      const encoded = yield* hasher.hash(password)
      assert.isTrue((yield* hasher.verify(password, encoded)).valid)
    })
  )
})

// RFC 9106's own vectors have associated data, which the package does not take.
describe("Argon2 (test.c of the reference implementation)", () => {
  for (const [variant, version, memoryCost, timeCost, parallelism, expected] of [
    [
      "argon2id",
      "19",
      65_536,
      2,
      1,
      "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
    ],
    [
      "argon2id",
      "19",
      256,
      2,
      1,
      "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
    ],
    [
      "argon2id",
      "19",
      256,
      2,
      2,
      "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"
    ],
    [
      "argon2i",
      "19",
      65_536,
      2,
      1,
      "c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0"
    ],
    [
      "argon2i",
      "16",
      65_536,
      2,
      1,
      "f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694"
    ]
  ] as const) {
    it.effect(`${variant}, v ${version}, m ${memoryCost}, p ${parallelism}`, () =>
      Effect.gen(function* () {
        const salt = Buffer.from("somesalt")
        const parameters = { variant, version, memoryCost, timeCost, parallelism, salt }
        const hash = yield* argon2.derive(Buffer.from("password"), parameters, 32)
        assert.strictEqual(hex(hash), expected)
      })
    )
  }
})

describe("bcrypt (wrapper.c of crypt_blowfish, used by OpenBSD's and John's tests)", () => {
  const algorithm = bcrypt.make("bcrypt", { rounds: 5 })
  for (const [password, encoded] of [
    ["U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
    ["U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"],
    ["U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"],
    ["", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"],
    [
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
      "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
    ],
    // PHP's name for the same algorithm.
    ["U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"]
  ] as const) {
    it.effect(`${JSON.stringify(password.slice(0, 20))}, ${encoded.slice(0, 4)}`, () =>
      Effect.gen(function* () {
        const verify = (text: string) => algorithm.verify(Buffer.from(text), `bcrypt$${encoded}`)
        assert.isTrue(yield* verify(password))
        assert.isFalse(yield* verify(`x${password}`))
      })
    )
  }
})

describe("a hasher", () => {
  it.effect("computes no more hashes at once than it may, also when some are interrupted", () =>
    Effect.gen(function* () {
      let running = 0
      let most = 0
      const slow = {
        ...pbkdf2.sha256({ iterations: 1 }),
        hash: () =>
          Effect.promise(async () => {
            most = Math.max(most, ++running)
            await new Promise((done) => setTimeout(done, 40))
            running--
            return "hash"
          })
      }
      const hasher = PasswordHasher.make({
        algorithms: [slow],
        maxPasswordBytes: 10,
        concurrency: 2
      })
      const hash = hasher.hash(Redacted.make("x"))
      // A thread cannot be stopped: who gives up leaves it at work.
      const givenUp = TestServices.provideLive(Effect.timeoutOption(Effect.disconnect(hash), 1))
      yield* Effect.all([givenUp, givenUp], { concurrency: "unbounded" })
      assert.strictEqual(running, 2)
      yield* Effect.all([hash, hash, hash, hash], { concurrency: "unbounded" })
      assert.strictEqual(most, 2)
    })
  )

  it.effect("spends exactly one hash on a user who does not exist", () =>
    Effect.gen(function* () {
      let hashes = 0
      const counting = {
        ...pbkdf2.sha256({ iterations: 1 }),
        hash: () => Effect.sync(() => `hash ${++hashes}`)
      }
      const hasher = PasswordHasher.make({
        algorithms: [counting],
        maxPasswordBytes: 10,
        concurrency: 2
      })
      yield* hasher.verifyUnknown(Redacted.make("x"))
      assert.strictEqual(hashes, 1)
      yield* hasher.verify(Redacted.make("x"), "!unusable")
      assert.strictEqual(hashes, 2)
    })
  )

  it.live("takes as long for a wrong password against an older, cheaper hash", () =>
    Effect.gen(function* () {
      const hasher = Pbkdf2Hasher.make({ iterations: 100_000 })
      const password = Redacted.make("right")
      const old = yield* Pbkdf2Hasher.make({ iterations: 1 }).hash(password)
      const fresh = yield* hasher.hash(password)
      const verify = (text: string, encoded: string) => {
        const timed = Effect.timed(hasher.verify(Redacted.make(text), encoded))
        return Effect.map(Effect.replicateEffect(timed, 3), (runs) =>
          Math.min(...runs.map(([duration]) => Duration.toMillis(duration)))
        )
      }
      const full = yield* verify("wrong", fresh)
      assert.isBelow(yield* verify("right", old), full / 3)
      assert.isAbove(yield* verify("wrong", old), full / 3)
    })
  )

  const message = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.map(Effect.exit(effect), (exit) =>
      Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "no failure"
    )

  it.effect("refuses a cost that cannot be meant, at the start of the site", () =>
    Effect.gen(function* () {
      for (const [layer, expected] of [
        [Pbkdf2Hasher.layer({ iterations: 0 }), "iterations is 0"],
        [Pbkdf2Hasher.layer({ iterations: 1e9 }), "iterations is 1000000000"],
        [ScryptHasher.layer({ n: 1000 }), "not a power of two"],
        [ScryptHasher.layer({ n: 2 ** 20, r: 8 }), "bytes of memory"],
        [Argon2Hasher.layer({ memoryCost: 4 }), "memoryCost is 4"],
        [BcryptHasher.layer({ rounds: 3 }), "rounds is 3"],
        [ScryptHasher.layer({ concurrency: 0 }), "concurrency is 0"],
        [ScryptHasher.layer({ maxPasswordBytes: 0 }), "maxPasswordBytes is 0"]
      ] as const) {
        assert.include(yield* message(Effect.scoped(Layer.build(layer))), expected)
      }
    })
  )

  it.effect("reads its cost from the config", () =>
    Effect.gen(function* () {
      const encoded = yield* Effect.flatMap(PasswordHasher.PasswordHasher, (hasher) =>
        hasher.hash(Redacted.make("x"))
      ).pipe(
        Effect.provide(Pbkdf2Hasher.layerConfig({ iterations: Config.integer("ITERATIONS") })),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["ITERATIONS", "1234"]])))
      )
      assert.include(encoded, "$1234$")
    })
  )
})
