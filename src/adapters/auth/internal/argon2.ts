/**
 * Argon2 (RFC 9106) in Django's encoding: `argon2$` and the PHC string `argon2id$v=19$m=…,t=…,p=…$salt$hash`.
 * Hashes are Argon2id; Argon2i and Argon2d verify.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Buffer } from "node:buffer"
import { saltLength } from "../../../domain/Password.ts"
import { type Algorithm, AlgorithmUnavailable } from "../../../ports/PasswordHasher.ts"
import { newSalt, same, within } from "./hashing.ts"

export interface Options {
  /** KiB. 19 456 if absent. */
  readonly memoryCost?: number
  /** Passes over the memory. 2 if absent. */
  readonly timeCost?: number
  /** Lanes. 1 if absent. */
  readonly parallelism?: number
}

/**
 * OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane. Django's 100 MiB in 8 lanes
 * would take as many times the memory for each login at once.
 */
const defaults = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** 1 GiB, and sixteen passes over as much in all. */
const maxMemoryKib = 1024 * 1024
const maxWorkKib = 16 * maxMemoryKib
const maxLanes = 64

const hashBytes = 32

/** The package's const enums cannot be imported under `isolatedModules`; these are their values. */
const variants = { argon2d: 0, argon2i: 1, argon2id: 2 } as const
const versions = { "16": 0, "19": 1 } as const

const load = Effect.tryPromise({
  try: () => import("@node-rs/argon2"),
  catch: (cause) =>
    new AlgorithmUnavailable({
      algorithm: "argon2",
      remedy: "Run: npm install @node-rs/argon2@2.2.1",
      cause
    })
})

interface Parameters {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

interface Parsed extends Parameters {
  readonly variant: keyof typeof variants
  readonly version: keyof typeof versions
  readonly salt: Uint8Array
  /** base64 without padding, as the PHC string has it. */
  readonly hash: string
}

const shape =
  /^argon2\$(argon2id|argon2i|argon2d)\$(?:v=(16|19)\$)?m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{6,})$/

const parse = (encoded: string): Either.Either<Parsed, string> => {
  const match = shape.exec(encoded)
  const [, variant, version = "16", m, t, p, salt, hash] = match ?? []
  if (salt === undefined || hash === undefined) {
    return Either.left("it is not of the form argon2$argon2id$v=19$m=…,t=…,p=…$salt$hash")
  }
  const parameters = { memoryCost: Number(m), timeCost: Number(t), parallelism: Number(p) }
  const { memoryCost, parallelism, timeCost } = parameters
  if (memoryCost > maxMemoryKib || memoryCost * timeCost > maxWorkKib || parallelism > maxLanes) {
    return Either.left(
      `it asks for ${timeCost} passes over ${memoryCost} KiB in ${parallelism} lanes, too much work`
    )
  }
  // RFC 9106, 3.1: one lane, one pass, and 8 KiB for each lane at least.
  if (timeCost < 1 || parallelism < 1 || memoryCost < 8 * parallelism) {
    return Either.left("its memory, passes or lanes are fewer than Argon2 allows")
  }
  return Either.right({
    ...parameters,
    // The regular expression admits these alone.
    variant: variant as keyof typeof variants,
    version: version as keyof typeof versions,
    salt: Buffer.from(salt, "base64"),
    hash
  })
}

const unpadded = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("base64").replaceAll("=", "")

/** The hash in base64 without padding. */
export const derive = Effect.fnUntraced(function* (
  password: Uint8Array,
  { memoryCost, parallelism, salt, timeCost, variant, version }: Omit<Parsed, "hash">,
  outputLen: number
) {
  const { hashRaw } = yield* load
  const options = {
    memoryCost,
    timeCost,
    parallelism,
    outputLen,
    salt,
    algorithm: variants[variant],
    version: versions[version]
  }
  return unpadded(yield* Effect.promise(() => hashRaw(password, options)))
})

/** Fails if the package cannot be loaded: found at the start of a site that hashes with it. */
export const check: Effect.Effect<void, AlgorithmUnavailable> = Effect.asVoid(load)

export const make = (options: Options = {}): Algorithm => {
  const parallelism = within(
    "parallelism",
    options.parallelism ?? defaults.parallelism,
    1,
    maxLanes
  )
  const memoryCost = within(
    "memoryCost",
    options.memoryCost ?? defaults.memoryCost,
    8 * parallelism,
    maxMemoryKib
  )
  const cost: Parameters = {
    memoryCost,
    timeCost: within(
      "timeCost",
      options.timeCost ?? defaults.timeCost,
      1,
      Math.floor(maxWorkKib / memoryCost)
    ),
    parallelism
  }
  return {
    name: "argon2",
    maxPasswordBytes: Infinity,
    hash: (password) =>
      Effect.suspend(() => {
        const salt = Buffer.from(newSalt())
        const { memoryCost: m, parallelism: p, timeCost: t } = cost
        return Effect.map(
          derive(password, { ...cost, variant: "argon2id", version: "19", salt }, hashBytes),
          (hash) => `argon2$argon2id$v=19$m=${m},t=${t},p=${p}$${unpadded(salt)}$${hash}`
        )
      }),
    inspect: (encoded) =>
      Either.map(parse(encoded), (parsed) => ({
        outdated:
          parsed.variant !== "argon2id" ||
          parsed.version !== "19" ||
          parsed.memoryCost !== cost.memoryCost ||
          parsed.timeCost !== cost.timeCost ||
          parsed.parallelism !== cost.parallelism ||
          // Django's rule, which counts bytes as letters: a shared table does not rehash for ever.
          parsed.salt.length < saltLength
      })),
    verify: Effect.fnUntraced(function* (password, encoded) {
      const parsed = Either.getOrThrow(parse(encoded))
      const length = Buffer.from(parsed.hash, "base64").length
      return same(yield* derive(password, parsed, length), parsed.hash)
    })
  }
}
