/**
 * Port: text that only this site can have written, for links, cookies and hidden fields that come
 * back through a visitor's hands.
 *
 * ```ts
 * const signer = (yield* Signer.Signer).for("polls/invitation")
 * const now = yield* Clock.currentTimeMillis
 * const code = signer.dumps({ poll: 1 }, now)
 * const back = signer.loads(code, now, 3 * 24 * 60 * 60)
 * ```
 */
import * as Context from "effect/Context"
import * as Redacted from "effect/Redacted"
import * as Signature from "../domain/Signature.ts"

export interface Service {
  /** The signer for one purpose: what is signed for another is forged. Make it once. */
  readonly for: (purpose: string) => Signature.Signer
  /** The signer of one cookie, as Django's `set_signed_cookie`. */
  readonly forCookie: (name: string, salt?: string) => Signature.Signer
}

/** What an adapter writes: hashing and compression. */
export type Driver = Signature.Primitives

export interface Options {
  /** 32 characters or more, from a random source. */
  readonly secret: Redacted.Redacted
  /** Secrets of the past, as long: what they signed is still good. None if absent. */
  readonly fallbackSecrets?: ReadonlyArray<Redacted.Redacted>
}

export class Signer extends Context.Tag("portico/ports/Signer")<Signer, Service>() {}

/** Throws if a secret is shorter than 32 characters. */
export const make = (driver: Driver, { fallbackSecrets = [], secret }: Options): Service => {
  const keys = { key: keyOf(secret), fallbackKeys: fallbackSecrets.map(keyOf) }
  return {
    for: (purpose) => Signature.make(driver, { ...keys, salt: purpose }),
    forCookie: (name, salt = "") => Signature.forCookie(driver, name, { ...keys, salt })
  }
}

/** One empty text among the secrets would let anybody sign. */
const keyOf = (secret: Redacted.Redacted): string => {
  const text = Redacted.value(secret)
  if (text.length >= 32) return text
  throw new Error(
    `Signer: a secret has ${text.length} characters, too few to keep signatures from being forged. ` +
      `Set 32 or more from a random source, for example: openssl rand -base64 32`
  )
}
