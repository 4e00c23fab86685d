/** The hashers of this folder: whichever comes first, the others verify. */
import { type Algorithm, make, type Service } from "../../../ports/PasswordHasher.ts"
import * as argon2 from "./argon2.ts"
import * as bcrypt from "./bcrypt.ts"
import { within } from "./hashing.ts"
import * as pbkdf2 from "./pbkdf2.ts"
import * as scrypt from "./scrypt.ts"

/** What every hasher takes. */
export interface Shared {
  /**
   * Longest password in bytes of UTF-8, 1 to 1 048 576; 4096 if absent, the limit of CVE-2013-1443.
   */
  readonly maxPasswordBytes?: number
  /**
   * Hashes at once, 1 to 1024; 2 if absent, since they share Node's pool of four threads with files and DNS.
   * Raise it together with UV_THREADPOOL_SIZE.
   */
  readonly concurrency?: number
}

export const maxPasswordBytes = 4096

/** More is no password, and PBKDF2 and bcrypt_sha256 digest it all. */
const mostPasswordBytes = 1024 * 1024

/** In no order of merit. A package is loaded when one of its hashes turns up. */
const names = [
  "argon2",
  "scrypt",
  "pbkdf2_sha256",
  "pbkdf2_sha1",
  "bcrypt_sha256",
  "bcrypt"
] as const

type Name = (typeof names)[number]

/**
 * At the least cost, since these only verify: an algorithm tops the work for a wrong password up to
 * its own cost, which says nothing where another one hashes.
 */
const verifiers: { readonly [N in Name]: () => Algorithm } = {
  argon2: argon2.make,
  scrypt: scrypt.make,
  pbkdf2_sha256: () => pbkdf2.sha256({ iterations: 1 }),
  pbkdf2_sha1: () => pbkdf2.sha1,
  bcrypt_sha256: () => bcrypt.make("bcrypt_sha256", { rounds: 4 }),
  bcrypt: () => bcrypt.make("bcrypt", { rounds: 4 })
}

const others = (first: string) => names.filter((name) => name !== first)

/** The names of all algorithms, `first` first. */
export const verifying = (first: Name): ReadonlyArray<string> => [first, ...others(first)]

/** Hashes with `first`. */
export const assemble = (first: Algorithm, shared: Shared): Service =>
  make({
    algorithms: [first, ...others(first.name).map((name) => verifiers[name]())],
    maxPasswordBytes: within(
      "maxPasswordBytes",
      shared.maxPasswordBytes ?? maxPasswordBytes,
      1,
      mostPasswordBytes
    ),
    // The most threads that Node's pool can have.
    concurrency: within("concurrency", shared.concurrency ?? 2, 1, 1024)
  })
