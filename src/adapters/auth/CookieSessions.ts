/**
 * Sessions sealed into the visitor's cookie: no state on the server, and no way to end a session
 * early. The visitor can neither read nor change what is in it, but can send an old one again until
 * it expires.
 *
 *   key = base64url(format, nonce, AES-256-GCM(compressed?, expiresAt, data), tag)
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import {
  type Capabilities,
  makeSealed,
  type Sealed,
  type Service,
  SessionStore
} from "../../ports/SessionStore.ts"

export interface Options {
  /** The site's secret: 32 characters or more, from a random source. */
  readonly secret: Redacted.Redacted
  /** Secrets of the past: sessions sealed with them still open. None if absent. */
  readonly fallbackSecrets?: ReadonlyArray<Redacted.Redacted>
}

/** The first byte of every key, so that another format can follow. */
const format = 1
/** NIST SP 800-38D, 8.2.2: a random nonce has 96 bits; 8.3: change the secret before 2^32 saves. */
const nonceBytes = 12
const tagBytes = 16
/** Compressed or not (1), and the expiry as a double (8). */
const headerBytes = 9

/** RFC 6265, 6.1: a browser keeps 4096 bytes of a cookie, counting its name and attributes. */
const cookieBytes = 4096
/** For name and attributes: the longest usual set takes 150, the rest is for `Domain` and `Path`. */
const attributeBytes = 256
/** base64 makes four characters of three bytes. */
const maxBytes =
  Math.floor(((cookieBytes - attributeBytes) * 3) / 4) - (1 + nonceBytes + headerBytes + tagBytes)

export const capabilities: Capabilities = {
  revokes: false,
  merges: false,
  sweeps: false,
  maxBytes
}

/**
 * Bytes from which compression is tried. A usual session stays below, since the length of
 * compressed text tells a little about secrets that stand beside what a visitor sent (CRIME).
 */
const compressFrom = 1024
/** Compression blocks the event loop: more than this is not tried, and is therefore too large. */
const compressUpTo = 64 * 1024

const keyOf = (secret: Redacted.Redacted): Uint8Array => {
  const text = Redacted.value(secret)
  if (text.length < 32) {
    throw new Error(
      `CookieSessions: the secret has ${text.length} characters, too few to keep sessions safe. ` +
        `Set 32 or more from a random source, for example: openssl rand -base64 32`
    )
  }
  // RFC 5869. The info keeps these keys apart from every other use of the same secret.
  return new Uint8Array(hkdfSync("sha256", text, "", "portico/adapters/auth/CookieSessions", 32))
}

const seal = (key: Uint8Array, { data, expiresAt }: Sealed) => {
  const plain = Buffer.from(data)
  const tried =
    plain.length >= compressFrom && plain.length <= compressUpTo ? deflateRawSync(plain) : plain
  const compressed = tried.length < plain.length
  const body = compressed ? tried : plain
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(compressed ? 1 : 0)
  header.writeDoubleBE(expiresAt, 1)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  const sealed = [cipher.update(header), cipher.update(body), cipher.final()]
  const parts = [Buffer.of(format), nonce, ...sealed, cipher.getAuthTag()]
  return { key: Buffer.concat(parts).toString("base64url"), bytes: body.length }
}

const open = (keys: ReadonlyArray<Uint8Array>, text: string): Option.Option<Sealed> => {
  // Longer than any cookie: not ours, and not worth decoding.
  if (text.length > cookieBytes) return Option.none()
  const bytes = Buffer.from(text, "base64url")
  // Node skips what is not base64url and ignores spare bits: one session, one text.
  if (bytes.toString("base64url") !== text) return Option.none()
  if (bytes[0] !== format || bytes.length < 1 + nonceBytes + headerBytes + tagBytes) {
    return Option.none()
  }
  const nonce = bytes.subarray(1, 1 + nonceBytes)
  const sealed = bytes.subarray(1 + nonceBytes, -tagBytes)
  const tag = bytes.subarray(-tagBytes)
  for (const key of keys) {
    const opened = unseal(key, nonce, sealed, tag)
    if (Option.isSome(opened)) return opened
  }
  return Option.none()
}

const unseal = (
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array
): Option.Option<Sealed> => {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes })
    decipher.setAuthTag(tag)
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()])
    const body = plain.subarray(headerBytes)
    const data =
      plain.readUInt8() === 1 ? inflateRawSync(body, { maxOutputLength: compressUpTo }) : body
    return Option.some({ data: data.toString(), expiresAt: plain.readDoubleBE(1) })
  } catch {
    // `final` throws if the tag does not fit.
    return Option.none()
  }
}

/** Throws if a secret is shorter than 32 characters. */
export const make = (options: Options): Service => {
  const key = keyOf(options.secret)
  const keys = [key, ...(options.fallbackSecrets ?? []).map(keyOf)]
  return makeSealed({
    capabilities,
    seal: (sealed) => Effect.sync(() => seal(key, sealed)),
    open: (text) => Effect.sync(() => open(keys, text))
  })
}

export const layer = (options: Options): Layer.Layer<SessionStore> =>
  Layer.sync(SessionStore, () => make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<SessionStore, ConfigError.ConfigError> =>
  Layer.effect(SessionStore, Effect.map(Config.unwrap(config), make))
