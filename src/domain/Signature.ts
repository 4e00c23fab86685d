/**
 * Text that only this site can have written: signatures, signed times and signed values in the
 * formats of Django's `Signer`, `TimestampSigner` and `signing.dumps`. Used by signed cookies,
 * sessions in cookies and one-time links. Pure: hashing and compression are handed in.
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Schema from "effect/Schema"

/** What the platform computes. Synchronous: a signature of a cookie takes microseconds. */
export interface Primitives {
  readonly sha256: (data: Uint8Array) => Uint8Array
  readonly hmacSha256: (key: Uint8Array, data: Uint8Array) => Uint8Array
  /** zlib format (RFC 1950). */
  readonly deflate: (data: Uint8Array) => Uint8Array
  /** Throws on anything but zlib data, and on more than `maxBytes` of output. */
  readonly inflate: (data: Uint8Array, maxBytes: number) => Uint8Array
}

export interface Options {
  /** The site's secret. It never appears in what is signed. */
  readonly key: string
  /** Secrets of the past: still accepted, never used for signing. None if absent. */
  readonly fallbackKeys?: ReadonlyArray<string>
  /** What the signature is for. Text signed under one salt is not valid under another. */
  readonly salt: string
  /** Stands between text and signature; not a letter, digit, `-`, `_` or `=`. `:` if absent. */
  readonly separator?: string
}

/** The text is not what was signed, or was signed by somebody else or for something else. */
export class BadSignature extends Schema.TaggedError<BadSignature>(
  "portico/domain/Signature/BadSignature"
)("BadSignature", { reason: Schema.String }) {
  override get message() {
    return `Signature: ${this.reason}. Treat the value as forged.`
  }
}

/** The signature is good and too old. */
export class SignatureExpired extends Schema.TaggedError<SignatureExpired>(
  "portico/domain/Signature/SignatureExpired"
)("SignatureExpired", {
  /** Seconds. */
  age: Schema.Number,
  /** Seconds. */
  maxAge: Schema.Number
}) {
  override get message() {
    return `Signature: signed ${this.age} s ago and valid for ${this.maxAge} s. Ask for a new one.`
  }
}

/** Times are in milliseconds since the epoch, as Effect's `Clock` gives them; ages in seconds. */
export interface Signer {
  /** `text:signature`. */
  readonly sign: (text: string) => string
  readonly unsign: (signed: string) => Either.Either<string, BadSignature>
  /** `text:time:signature`; the time is kept in whole seconds. */
  readonly signAt: (text: string, now: number) => string
  /** Any age is good if `maxAge` is absent; exactly `maxAge` is still good. */
  readonly unsignAt: (
    signed: string,
    now: number,
    maxAge?: number
  ) => Either.Either<string, BadSignature | SignatureExpired>
  /** `value` as JSON in base64, signed with the time; with `compress`, packed where that is shorter. */
  readonly dumps: (value: unknown, now: number, options?: { readonly compress?: boolean }) => string
  /** What `dumps` was given. Decode it with a Schema: keys change, formats of the past stay signed. */
  readonly loads: (
    signed: string,
    now: number,
    maxAge?: number
  ) => Either.Either<unknown, BadSignature | SignatureExpired>
}

export const make = (primitives: Primitives, options: Options): Signer => {
  const separator = options.separator ?? ":"
  // Django's `_SEP_UNSAFE`: such a separator could be part of the signature or the time.
  if (/^[A-Za-z0-9\-_=]*$/.test(separator)) {
    throw new Error(
      `Signature.make: the separator ${JSON.stringify(separator)} may occur in a signature. ` +
        `Choose one without letters, digits, "-", "_" and "=".`
    )
  }
  // HMAC keyed by SHA-256(salt + "signer" + key): Django's `salted_hmac`.
  const derive = (key: string) => primitives.sha256(utf8(`${options.salt}signer${key}`))
  const key = derive(options.key)
  const fallbacks = (options.fallbackKeys ?? []).map(derive)

  const signature = (derived: Uint8Array, text: string) =>
    Encoding.encodeBase64Url(primitives.hmacSha256(derived, utf8(text)))

  const sign: Signer["sign"] = (text) => text + separator + signature(key, text)

  const unsign: Signer["unsign"] = (signed) => {
    const at = signed.lastIndexOf(separator)
    if (at < 0) {
      return Either.left(new BadSignature({ reason: `no "${separator}" in the signed text` }))
    }
    const text = signed.slice(0, at)
    const given = signed.slice(at + separator.length)
    return constantTimeEquals(signature(key, text), given) ||
      fallbacks.some((fallback) => constantTimeEquals(signature(fallback, text), given))
      ? Either.right(text)
      : Either.left(new BadSignature({ reason: "the signature does not match the text" }))
  }

  const signAt: Signer["signAt"] = (text, now) =>
    sign(text + separator + encodeBase62(Math.floor(now / 1000)))

  const unsignAt: Signer["unsignAt"] = (signed, now, maxAge) =>
    Either.flatMap(
      unsign(signed),
      (stamped): Either.Either<string, BadSignature | SignatureExpired> => {
        const at = stamped.lastIndexOf(separator)
        const seconds = at < 0 ? undefined : decodeBase62(stamped.slice(at + separator.length))
        if (seconds === undefined) {
          return Either.left(new BadSignature({ reason: "the signed text carries no time" }))
        }
        const age = now / 1000 - seconds
        return maxAge !== undefined && age > maxAge
          ? Either.left(new SignatureExpired({ age, maxAge }))
          : Either.right(stamped.slice(0, at))
      }
    )

  return {
    sign,
    unsign,
    signAt,
    unsignAt,
    dumps: (value, now, { compress = false } = {}) => {
      const json = utf8(asciiJson(value))
      const packed = compress ? primitives.deflate(json) : undefined
      // Django compresses only where it saves at least two bytes, one being the leading dot.
      const body =
        packed !== undefined && packed.length < json.length - 1
          ? `.${Encoding.encodeBase64Url(packed)}`
          : Encoding.encodeBase64Url(json)
      return signAt(body, now)
    },
    loads: (signed, now, maxAge) =>
      Either.flatMap(unsignAt(signed, now, maxAge), (body) =>
        Either.mapLeft(
          Either.try(() => {
            const bytes = Either.getOrThrow(
              Encoding.decodeBase64Url(body.startsWith(".") ? body.slice(1) : body)
            )
            const json = body.startsWith(".") ? primitives.inflate(bytes, maxInflated) : bytes
            return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)) as unknown
          }),
          () => new BadSignature({ reason: "the signed text is not a packed value" })
        )
      )
  }
}

/**
 * The signer of one cookie, as Django's `set_signed_cookie`: a value copied to a cookie of another
 * name is forged. The cookie's value is `signAt(text, now)`.
 */
export const forCookie = (
  primitives: Primitives,
  name: string,
  options: Omit<Options, "salt"> & {
    /** Tells apart cookies of one name. `""` if absent. */
    readonly salt?: string
  }
): Signer =>
  make(primitives, {
    ...options,
    key: cookiePrefix + options.key,
    fallbackKeys: (options.fallbackKeys ?? []).map((key) => cookiePrefix + key),
    salt: name + (options.salt ?? "")
  })

const cookiePrefix = "django.http.cookies"

// A signed value travels in a cookie or a link: 1 MiB is far more than either carries, and stops a
// bomb made by somebody who once held a key.
const maxInflated = 2 ** 20

/**
 * Whether both texts are equal, in a time that depends on their lengths only. For secrets: `===`
 * stops at the first difference and so tells how much of a guess is right.
 */
export const constantTimeEquals = (a: string, b: string): boolean => {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) {
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1))
  }
  return difference === 0
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** An integer in Django's base 62: digits, capitals, small letters; `-` before a negative one. */
export const encodeBase62 = (value: number): string => {
  if (value === 0) return "0"
  let text = ""
  for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 62)) {
    text = base62[rest % 62]! + text
  }
  return value < 0 ? `-${text}` : text
}

/** `undefined` for what `encodeBase62` cannot have written. */
export const decodeBase62 = (text: string): number | undefined => {
  const digits = text.startsWith("-") ? text.slice(1) : text
  if (digits === "") return undefined
  let value = 0
  for (const digit of digits) {
    const index = base62.indexOf(digit)
    if (index < 0) return undefined
    value = value * 62 + index
  }
  return text === digits ? value : -value
}

const encoder = new TextEncoder()
const utf8 = (text: string) => encoder.encode(text)

/** Python's `json.dumps(value, separators=(",", ":"))`: everything beyond ASCII is escaped. */
const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
