/** A site without the native packages: what runs, and what it is told. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { vi } from "vitest"
import * as Argon2Hasher from "../../../src/adapters/auth/Argon2Hasher.ts"
import * as BcryptHasher from "../../../src/adapters/auth/BcryptHasher.ts"
import * as ScryptHasher from "../../../src/adapters/auth/ScryptHasher.ts"

vi.mock("@node-rs/argon2", () => {
  throw new Error("Cannot find package '@node-rs/argon2'")
})
vi.mock("bcrypt", () => {
  throw new Error("Cannot find package 'bcrypt'")
})

describe("without the native packages", () => {
  for (const [layer, line] of [
    [Argon2Hasher.layer(), "npm install @node-rs/argon2@2.2.1"],
    [BcryptHasher.layer(), "npm install bcrypt@6.0.0"]
  ] as const) {
    it.effect(`a site that hashes with it does not start: ${line}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
        assert.strictEqual(error._tag, "AlgorithmUnavailable")
        assert.isTrue(error.message.endsWith(`Run: ${line}`))
      })
    )
  }

  it.effect(
    "scrypt hashes and verifies, and names the package when one of its hashes turns up",
    () =>
      Effect.gen(function* () {
        const hasher = ScryptHasher.make({ n: 1024, p: 1 })
        const password = Redacted.make("correct horse")
        const encoded = yield* hasher.hash(password)
        assert.isTrue((yield* hasher.verify(password, encoded)).valid)
        const foreign = "argon2$argon2id$v=19$m=1024,t=1,p=1$MTIzNDU2Nzg$OAwsyCheHQv0+syYFYowFw"
        const error = yield* Effect.flip(hasher.verify(password, foreign))
        assert.include(error.message, "npm install @node-rs/argon2@2.2.1")
      })
  )
})
