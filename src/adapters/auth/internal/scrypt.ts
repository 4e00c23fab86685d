/** scrypt (RFC 7914) in Django's encoding: `scrypt$n$salt$r$p$hash`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { scrypt } from "node:crypto"
import { isLongSalt } from "../../../domain/Password.ts"
import type { Algorithm } from "../../../ports/PasswordHasher.ts"
import { newSalt, same, within } from "./hashing.ts"

export interface Options {
  /** CPU and memory: a power of two. 16 384 if absent. */
  readonly n?: number
  /** Block size; memory is 128 · n · r bytes. 8 if absent. */
  readonly r?: number
  /** Passes, one after the other. 5 if absent. */
  readonly p?: number
}

/** Django 5.2's numbers, which are also a row of OWASP's Password Storage Cheat Sheet. */
const defaults = { n: 16_384, r: 8, p: 5 }

/** 256 MiB in one pass, and four seconds or so in all. */
const maxMemory = 256 * 1024 * 1024
const maxWork = 4 * maxMemory

const hashBytes = 64

interface Parameters {
  readonly n: number
  readonly r: number
  readonly p: number
}

const excess = ({ n, r, p }: Parameters): string | undefined =>
  n < 2 || !Number.isSafeInteger(n) || 2 ** Math.round(Math.log2(n)) !== n
    ? `its n is ${n}, which is not a power of two`
    : r < 1 || p < 1
      ? "its r or p is not positive"
      : 128 * n * r > maxMemory
        ? `it asks for ${128 * n * r} bytes of memory, more than ${maxMemory}`
        : 128 * n * r * p > maxWork
          ? `it asks for ${p} passes over ${128 * n * r} bytes, too much work`
          : undefined

const parse = (encoded: string) => {
  const match = /^scrypt\$(\d{1,10})\$([^$]+)\$(\d{1,10})\$(\d{1,10})\$(.*)$/.exec(encoded)
  const [, n, salt, r, p, hash] = match ?? []
  if (salt === undefined || hash === undefined) {
    return Either.left("it is not of the form scrypt$n$salt$r$p$hash")
  }
  const parameters = { n: Number(n), r: Number(r), p: Number(p) }
  const reason = excess(parameters)
  return reason === undefined ? Either.right({ ...parameters, salt, hash }) : Either.left(reason)
}

/** The hash in base64. */
export const derive = (
  password: Uint8Array,
  salt: string,
  { n, r, p }: Parameters
): Effect.Effect<string> =>
  Effect.async((resume) => {
    // OpenSSL refuses 32 MiB and more unless told: N blocks, p blocks and some to spare.
    const maxmem = 128 * r * (n + p) + 1024 * 1024
    scrypt(password, salt, hashBytes, { N: n, r, p, maxmem }, (error, key) =>
      resume(error ? Effect.die(error) : Effect.succeed(key.toString("base64")))
    )
  })

export const make = (options: Options = {}): Algorithm => {
  const cost: Parameters = {
    n: within("n", options.n ?? defaults.n, 2, 2 ** 20),
    r: within("r", options.r ?? defaults.r, 1, 64),
    p: within("p", options.p ?? defaults.p, 1, 64)
  }
  const reason = excess(cost)
  if (reason !== undefined) {
    throw new Error(`PasswordHasher: scrypt cannot be used: ${reason}. Choose another n, r and p.`)
  }
  return {
    name: "scrypt",
    maxPasswordBytes: Infinity,
    hash: (password) =>
      Effect.suspend(() => {
        const salt = newSalt()
        return Effect.map(
          derive(password, salt, cost),
          (hash) => `scrypt$${cost.n}$${salt}$${cost.r}$${cost.p}$${hash}`
        )
      }),
    inspect: (encoded) =>
      Either.map(parse(encoded), ({ n, r, p, salt }) => ({
        outdated: n !== cost.n || r !== cost.r || p !== cost.p || !isLongSalt(salt)
      })),
    verify: Effect.fnUntraced(function* (password, encoded) {
      const parsed = Either.getOrThrow(parse(encoded))
      return same(yield* derive(password, parsed.salt, parsed), parsed.hash)
    })
  }
}
