/**
 * How passwords are written down: `algorithm$parameters$salt$hash`, Django's encodings. What hashes
 * and verifies them is the business of `ports/PasswordHasher`.
 */

/** A hashed password as a row keeps it; 128 characters or fewer. */
export type Encoded = string

/** Starts what no password matches: an account that cannot sign in with a password. */
export const unusablePrefix = "!"

/** Whether there is a hash at all. It may still be of an algorithm that nobody knows. */
export const isUsable = (encoded: Encoded): boolean => !encoded.startsWith(unusablePrefix)

/** The name before the first `$`; the empty text if there is none, so that no hash is shown. */
export const algorithmOf = (encoded: Encoded): string =>
  /^([a-z0-9_]{1,32})\$/.exec(encoded)?.[1] ?? ""

/** What salts are made of where the encoding keeps them as text. */
export const saltCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/** 22 of 62 characters make 130 bits, the first length that reaches 128. */
export const saltLength = 22

/** Whether a salt has 128 bits or more, in Django's count: its length as text of 62 characters. */
export const isLongSalt = (salt: string): boolean => salt.length >= saltLength
