/**
 * bcrypt (Provos and Mazières, 1999) in Django's encodings: `bcrypt_sha256$$2b$12$…`, which takes
 * passwords of any length, and `bcrypt$$2b$12$…`, which takes 72 bytes.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { type Algorithm, AlgorithmUnavailable } from "../../../ports/PasswordHasher.ts"
import { same, within } from "./hashing.ts"

export interface Options {
  /** The binary logarithm of the work, 4 to 16. 12 if absent, Django's number. */
  readonly rounds?: number
}

export type Name = "bcrypt_sha256" | "bcrypt"

const defaultRounds = 12

/** bcrypt's own minimum, and about four seconds. */
const minRounds = 4
const maxRounds = 16

/** What bcrypt takes of a password; implementations cut the rest without a word. */
const maxPasswordBytes = 72

const load = Effect.map(
  Effect.tryPromise({
    try: () => import("bcrypt"),
    catch: (cause) =>
      new AlgorithmUnavailable({
        algorithm: "bcrypt",
        remedy: "Run: npm install bcrypt@6.0.0",
        cause
      })
  }),
  (module) => module.default
)

const parse = (name: Name, encoded: string) => {
  // $2y$ is PHP's name for the same algorithm; $2x$ marks hashes of an old bug and stays unknown.
  const match = /^\w+\$\$2([aby])\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/.exec(encoded)
  const [, minor, cost, salt, hash] = match ?? []
  if (salt === undefined || hash === undefined) {
    return Either.left(`it is not of the form ${name}$$2b$rounds$salt-and-hash`)
  }
  const rounds = Number(cost)
  return rounds < minRounds || rounds > maxRounds
    ? Either.left(`its rounds are ${rounds}, not ${minRounds} to ${maxRounds}`)
    : Either.right({
        rounds,
        salt: `$2${minor === "a" ? "a" : "b"}$${cost}$${salt}`,
        hash
      })
}

/** As Django: the digest in hexadecimal, which has 64 bytes and no NUL. */
const prepare = (name: Name, password: Uint8Array): Buffer =>
  name === "bcrypt"
    ? Buffer.from(password)
    : Buffer.from(createHash("sha256").update(password).digest("hex"))

/** A hash has 31 characters after 7 of version and rounds and 22 of salt. */
const hashStart = 29

export const make = (name: Name, options: Options = {}): Algorithm => {
  const rounds = within("rounds", options.rounds ?? defaultRounds, minRounds, maxRounds)
  return {
    name,
    maxPasswordBytes: name === "bcrypt" ? maxPasswordBytes : Infinity,
    hash: Effect.fnUntraced(function* (password) {
      const bcrypt = yield* load
      const hash = yield* Effect.promise(() => bcrypt.hash(prepare(name, password), rounds))
      return `${name}$${hash}`
    }),
    inspect: (encoded) =>
      Either.map(parse(name, encoded), (parsed) => ({ outdated: parsed.rounds !== rounds })),
    verify: Effect.fnUntraced(function* (password, encoded) {
      const bcrypt = yield* load
      const parsed = Either.getOrThrow(parse(name, encoded))
      const compute = Effect.promise(() => bcrypt.hash(prepare(name, password), parsed.salt))
      if (same((yield* compute).slice(hashStart), parsed.hash)) return true
      // As Django: a wrong password takes as long against an old, cheaper hash as against a new one.
      const missing = 2 ** Math.max(0, rounds - parsed.rounds) - 1
      if (missing > 0) yield* Effect.repeatN(compute, missing - 1)
      return false
    })
  }
}

/** Fails if the package cannot be loaded: found at the start of a site that hashes with it. */
export const check: Effect.Effect<void, AlgorithmUnavailable> = Effect.asVoid(load)
