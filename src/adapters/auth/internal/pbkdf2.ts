/**
 * PBKDF2 (RFC 8018, 5.2) in Django's encoding: `pbkdf2_sha256$iterations$salt$hash`. HMAC fills a
 * short key with NULs, so NULs at the end of a password do not count, in scrypt neither.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { pbkdf2 } from "node:crypto"
import { isLongSalt } from "../../../domain/Password.ts"
import type { Algorithm } from "../../../ports/PasswordHasher.ts"
import { newSalt, same, within } from "./hashing.ts"

export interface Options {
  /** 1 000 000 if absent, Django 5.2's number; OWASP's Password Storage Cheat Sheet asks for 600 000. */
  readonly iterations?: number
}

/** About three seconds. More in an encoding is not a password's cost but an attack on the server. */
const maxIterations = 10_000_000

const digests = {
  pbkdf2_sha256: { digest: "sha256", bytes: 32 },
  pbkdf2_sha1: { digest: "sha1", bytes: 20 }
} as const

type Name = keyof typeof digests

const parse = (name: Name, encoded: string) => {
  const match = /^\w+\$([1-9]\d{0,15})\$([^$]+)\$(.*)$/.exec(encoded)
  const [, iterations, salt, hash] = match ?? []
  return iterations === undefined || salt === undefined || hash === undefined
    ? Either.left(`it is not of the form ${name}$iterations$salt$hash`)
    : Number(iterations) > maxIterations
      ? Either.left(`it asks for ${iterations} iterations, more than ${maxIterations}`)
      : Either.right({ iterations: Number(iterations), salt, hash })
}

/** The hash in base64. */
export const derive = (
  name: Name,
  password: Uint8Array,
  salt: string,
  iterations: number,
  bytes: number = digests[name].bytes
): Effect.Effect<string> =>
  Effect.async((resume) => {
    pbkdf2(password, salt, iterations, bytes, digests[name].digest, (error, key) =>
      resume(error ? Effect.die(error) : Effect.succeed(key.toString("base64")))
    )
  })

const make = (name: Name, options: Options): Algorithm => {
  const iterations = within("iterations", options.iterations ?? 1_000_000, 1, maxIterations)
  return {
    name,
    maxPasswordBytes: Infinity,
    hash: (password) =>
      Effect.suspend(() => {
        const salt = newSalt()
        return Effect.map(
          derive(name, password, salt, iterations),
          (hash) => `${name}$${iterations}$${salt}$${hash}`
        )
      }),
    inspect: (encoded) =>
      Either.map(parse(name, encoded), (parsed) => ({
        outdated: parsed.iterations !== iterations || !isLongSalt(parsed.salt)
      })),
    verify: Effect.fnUntraced(function* (password, encoded) {
      const parsed = Either.getOrThrow(parse(name, encoded))
      const hash = yield* derive(name, password, parsed.salt, parsed.iterations)
      if (same(hash, parsed.hash)) return true
      // As Django: a wrong password takes as long against an old, cheaper hash as against a new one.
      const missing = iterations - parsed.iterations
      if (missing > 0) yield* derive(name, password, parsed.salt, missing)
      return false
    })
  }
}

export const sha256 = (options: Options = {}): Algorithm => make("pbkdf2_sha256", options)

/** For hashes of the past: no adapter hashes with it. */
export const sha1: Algorithm = make("pbkdf2_sha1", { iterations: 1 })
