/**
 * Port: turning passwords into text that cannot be turned back, and checking them against it.
 *
 * Apps call `Service`. An adapter names its `Algorithm`s in order and hands them to `make`: the first
 * hashes, all of them verify, and what another than the first has hashed is due for rehashing. That
 * is how a site moves from one algorithm to the next, one login at a time.
 */
import * as Array from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Password from "../domain/Password.ts"

/** What hashers may differ in. */
export interface Capabilities {
  /** The algorithm of new hashes. */
  readonly hashes: string
  /** The algorithms whose hashes can be verified, `hashes` first. */
  readonly verifies: ReadonlyArray<string>
  /** Longest password in bytes of UTF-8. Every byte counts; a longer one is refused, never cut. */
  readonly maxPasswordBytes: number
}

/** What `verify` found. */
export interface Verdict {
  readonly valid: boolean
  /** The password is right and its hash is behind: store a new `hash` of it now. */
  readonly needsRehash: boolean
}

export interface Service {
  readonly capabilities: Capabilities
  /**
   * Hashes under a new salt with the first algorithm. A password is its UTF-8 bytes as they come:
   * as in Django, nothing is normalised or trimmed.
   */
  readonly hash: (
    password: Redacted.Redacted
  ) => Effect.Effect<Password.Encoded, PasswordTooLong | AlgorithmUnavailable>
  /**
   * Compares in constant time. What nobody can have hashed (unusable, malformed, of an unknown
   * algorithm, of an absurd cost) is not valid, takes as long as a hash, and is logged if it points
   * to a fault. A password longer than any that is hashed is not valid.
   */
  readonly verify: (
    password: Redacted.Redacted,
    encoded: Password.Encoded
  ) => Effect.Effect<Verdict, AlgorithmUnavailable>
  /**
   * For a login whose user does not exist: never valid, and takes as long as a hash, so that the
   * time of the answer does not tell who has an account.
   */
  readonly verifyUnknown: (
    password: Redacted.Redacted
  ) => Effect.Effect<Verdict, AlgorithmUnavailable>
  /**
   * Whether algorithm, parameters or salt are not those of new hashes; true for a malformed hash,
   * false for an unusable password, which stays unusable.
   */
  readonly needsRehash: (encoded: Password.Encoded) => boolean
  /** The name of the algorithm, one of `capabilities.verifies`. */
  readonly identify: (encoded: Password.Encoded) => Either.Either<string, UnknownAlgorithm>
  /** A new value that no password matches: `!` and 40 random characters. */
  readonly unusable: Effect.Effect<Password.Encoded>
}

/** One algorithm, as an adapter writes it. All its work happens off the event loop. */
export interface Algorithm {
  /** What stands before the first `$` of an encoding. */
  readonly name: string
  /** Longest password whose every byte counts; `Infinity` for no limit. */
  readonly maxPasswordBytes: number
  /** Hashes under a new random salt of 128 bits or more. */
  readonly hash: (password: Uint8Array) => Effect.Effect<Password.Encoded, AlgorithmUnavailable>
  /**
   * Reads the parameters. Left says what is wrong ("its hash is missing", "it asks for 4 GiB of
   * memory"), without anything of salt or hash. `outdated` if a new hash would have others.
   */
  readonly inspect: (
    encoded: Password.Encoded
  ) => Either.Either<{ readonly outdated: boolean }, string>
  /** Only called with what `inspect` accepts. Compares in constant time. */
  readonly verify: (
    password: Uint8Array,
    encoded: Password.Encoded
  ) => Effect.Effect<boolean, AlgorithmUnavailable>
}

/** What an adapter hands to `make`. */
export interface Driver {
  /** The first hashes, all verify. */
  readonly algorithms: Array.NonEmptyReadonlyArray<Algorithm>
  /** Longest password in bytes of UTF-8 that is looked at; more would only heat the server. */
  readonly maxPasswordBytes: number
  /** Hashes computed at once; others wait their turn. */
  readonly concurrency: number
}

export class PasswordHasher extends Context.Tag("portico/ports/PasswordHasher")<
  PasswordHasher,
  Service
>() {}

/** The password has more bytes than the algorithm takes. Nothing was hashed. */
export class PasswordTooLong extends Schema.TaggedError<PasswordTooLong>(
  "portico/ports/PasswordHasher/PasswordTooLong"
)("PasswordTooLong", { bytes: Schema.Number, maxBytes: Schema.Number }) {
  override get message() {
    return (
      `PasswordHasher.hash: the password has ${this.bytes} bytes and ${this.maxBytes} are allowed. ` +
      `Ask for a shorter one.`
    )
  }
}

/** No listed algorithm made this encoding. */
export class UnknownAlgorithm extends Schema.TaggedError<UnknownAlgorithm>(
  "portico/ports/PasswordHasher/UnknownAlgorithm"
)("UnknownAlgorithm", {
  /** The name before the first `$`; empty if there is none. */
  algorithm: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const what = this.algorithm === "" ? "no algorithm" : `the algorithm "${this.algorithm}"`
    return (
      `PasswordHasher.identify: the encoded password names ${what}. ` +
      `Known are ${this.known.join(", ")}: add the missing one, or let the user reset the password.`
    )
  }
}

/** An algorithm cannot run here: its package is not installed or does not load. */
export class AlgorithmUnavailable extends Schema.TaggedError<AlgorithmUnavailable>(
  "portico/ports/PasswordHasher/AlgorithmUnavailable"
)("AlgorithmUnavailable", {
  algorithm: Schema.String,
  /** What to do: "npm install …". */
  remedy: Schema.String,
  cause: Schema.Defect
}) {
  override get message() {
    return `PasswordHasher: the algorithm "${this.algorithm}" cannot run here. ${this.remedy}`
  }
}

const invalid: Verdict = { valid: false, needsRehash: false }

const utf8 = new TextEncoder()

export const make = (driver: Driver): Service => {
  const [first] = driver.algorithms
  const known = Array.map(driver.algorithms, (algorithm) => algorithm.name)
  const byName = new Map(driver.algorithms.map((algorithm) => [algorithm.name, algorithm]))
  const maxPasswordBytes = Math.min(driver.maxPasswordBytes, first.maxPasswordBytes)
  const semaphore = Effect.unsafeMakeSemaphore(driver.concurrency)

  // A hash that has begun cannot be stopped: its permit is kept until the thread is free again.
  const inTurn = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    semaphore.withPermits(1)(Effect.uninterruptible(work))

  /** The work of one hash, for an answer that is already known. */
  const burn = (password: Uint8Array) => Effect.as(inTurn(first.hash(password)), invalid)

  const find = (encoded: Password.Encoded): Option.Option<Algorithm> =>
    Option.fromNullable(byName.get(Password.algorithmOf(encoded)))

  const unknown = (encoded: Password.Encoded) =>
    new UnknownAlgorithm({ algorithm: Password.algorithmOf(encoded), known })

  const unreadable = (what: string, password: Uint8Array) =>
    Effect.zipRight(
      Effect.logWarning(
        `PasswordHasher.verify: a stored password cannot be verified: ${what}. ` +
          `Nobody can sign in with it: find out what wrote it, or let the user reset the password.`
      ),
      burn(password)
    )

  return {
    capabilities: { hashes: first.name, verifies: known, maxPasswordBytes },
    hash: (password) => {
      const bytes = utf8.encode(Redacted.value(password))
      return bytes.length > maxPasswordBytes
        ? new PasswordTooLong({ bytes: bytes.length, maxBytes: maxPasswordBytes })
        : inTurn(first.hash(bytes))
    },
    verify: Effect.fnUntraced(function* (password, encoded) {
      const bytes = utf8.encode(Redacted.value(password))
      if (bytes.length > driver.maxPasswordBytes) return invalid
      if (!Password.isUsable(encoded)) return yield* burn(bytes)
      const algorithm = find(encoded)
      if (Option.isNone(algorithm)) return yield* unreadable(unknown(encoded).message, bytes)
      const inspected = algorithm.value.inspect(encoded)
      if (Either.isLeft(inspected)) return yield* unreadable(inspected.left, bytes)
      const valid = yield* inTurn(algorithm.value.verify(bytes, encoded))
      const behind = algorithm.value !== first || inspected.right.outdated
      return { valid, needsRehash: valid && behind }
    }),
    verifyUnknown: (password) => {
      const bytes = utf8.encode(Redacted.value(password))
      return bytes.length > driver.maxPasswordBytes ? Effect.succeed(invalid) : burn(bytes)
    },
    needsRehash: (encoded) =>
      Password.isUsable(encoded) &&
      (Password.algorithmOf(encoded) !== first.name ||
        Either.match(first.inspect(encoded), {
          onLeft: () => true,
          onRight: ({ outdated }) => outdated
        })),
    identify: (encoded) =>
      Either.map(
        Either.fromOption(find(encoded), () => unknown(encoded)),
        (algorithm) => algorithm.name
      ),
    unusable: Effect.sync(
      () =>
        Password.unusablePrefix +
        // 30 bytes are 40 characters of base64url.
        Encoding.encodeBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(30)))
    )
  }
}
