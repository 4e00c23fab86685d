/**
 * Port: where a visitor's session lives between requests.
 *
 * Apps call `Service`. Adapters implement the smaller `Driver` and hand it to `make` (sessions kept
 * on the server) or `SealedDriver` and `makeSealed` (sessions kept by the visitor); both add what
 * must be the same everywhere: keys and their hashing, JSON, expiry, size, merging, refusals.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Session from "../domain/Session.ts"
import { type Unavailable, Unsupported } from "./PortError.ts"

/** What stores may differ in. The contract tests both answers of every flag. */
export interface Capabilities {
  /** `revoke`, and `rotate` for the old key, make a key useless at once. A sealed cookie cannot. */
  readonly revokes: boolean
  /**
   * `save` applies its changes to what is stored now: of two concurrent requests, neither loses a
   * top-level key that only it wrote. Without it the changes are applied to the session as it was
   * loaded, and the last writer's whole data wins.
   */
  readonly merges: boolean
  /** `removeExpired` removes what is over. Without it nothing is left behind to be removed. */
  readonly sweeps: boolean
  /**
   * Largest session in bytes: its JSON in UTF-8, after compression where the store compresses. A
   * session whose JSON is no larger always fits. `Infinity` for no limit.
   */
  readonly maxBytes: number
}

/** The weakest promises, for an adapter to spread and improve on. */
export const baseline: Capabilities = {
  revokes: false,
  merges: false,
  sweeps: false,
  maxBytes: 2048
}

/** Why a session was not stored. */
export type SaveError = SessionNotJson | SessionTooLarge | Unavailable

export interface Service {
  readonly capabilities: Capabilities
  /** Stores a new session under a new key; `expiresAt` in milliseconds since the epoch. */
  readonly create: (
    data: Session.Data,
    expiresAt: number
  ) => Effect.Effect<Session.Session, SaveError>
  /**
   * None for a key that is unknown, malformed, forged, expired or revoked: callers treat them
   * alike. A session whose stored data cannot be read is empty, with a warning in the log.
   */
  readonly load: (key: Session.Key) => Effect.Effect<Option.Option<Session.Session>, Unavailable>
  /**
   * Stores what a request changed. Succeeds with the session as it is stored now, which may have
   * another key. Fails with `SessionEnded` if the session was revoked, rotated or over meanwhile: a
   * late request never revives a session that a logout has ended.
   */
  readonly save: (
    session: Session.Session,
    changes: Session.Changes
  ) => Effect.Effect<Session.Session, SaveError | SessionEnded>
  /**
   * `save` under a new key, in one step: for every change of who the visitor is (login). The old
   * key is useless at once where `capabilities.revokes`.
   */
  readonly rotate: (
    session: Session.Session,
    changes?: Session.Changes
  ) => Effect.Effect<Session.Session, SaveError | SessionEnded>
  /**
   * Ends the session, if there is one. Fails with `Unsupported` where `capabilities.revokes` is
   * false: there the best a site can do is to remove the cookie.
   */
  readonly revoke: (key: Session.Key) => Effect.Effect<void, Unsupported | Unavailable>
  /**
   * Removes every session that is over and says how many they were: for a job once a day. Fails
   * with `Unsupported` where `capabilities.sweeps` is false.
   */
  readonly removeExpired: Effect.Effect<number, Unsupported | Unavailable>
}

/** SHA-256 of a key in base64url (43 characters): what is stored, so that a leaked table opens no session. */
export type Id = string

/** A stored session. */
export interface Row {
  readonly id: Id
  /** JSON. */
  readonly data: string
  /** Milliseconds since the epoch. Compared with Effect's Clock, never with a database's own. */
  readonly expiresAt: number
}

/** What an adapter that keeps sessions writes: rows in, rows out. No clock, no keys, no checks. */
export interface Driver {
  readonly capabilities: Capabilities
  /**
   * SHA-256 of the text in UTF-8, as base64url without padding. On Node:
   * `createHash("sha256").update(text).digest("base64url")`. Synchronous, since Web Crypto's digest
   * takes thirty times as long and queues behind password hashing. A plain hash will do: a key is
   * too random to be searched for.
   */
  readonly sha256: (text: string) => string
  /** Stores a row whose id is in use nowhere. */
  readonly insert: (row: Row) => Effect.Effect<void, Unavailable>
  readonly find: (id: Id) => Effect.Effect<Option.Option<Row>, Unavailable>
  /**
   * Replaces the row by what `change` makes of it, and gives that back; none if there is no such
   * row. The new row may have another id: then the old id is free. Where `capabilities.merges`, no
   * other replace of the row happens in between. `change` is pure and may be run more than once; if
   * it refuses (Left), nothing is stored.
   */
  readonly replace: <E>(
    id: Id,
    change: (row: Row) => Either.Either<Row, E>
  ) => Effect.Effect<Option.Option<Row>, E | Unavailable>
  /** Removes the row, if there is one. */
  readonly remove: (id: Id) => Effect.Effect<void, Unavailable>
  /** Removes the rows with `expiresAt` at or before `now` and counts them. */
  readonly removeExpired: (now: number) => Effect.Effect<number, Unavailable>
}

/** What an adapter without storage writes: it turns a session into its key and back. */
export interface SealedDriver {
  readonly capabilities: Pick<Capabilities, "maxBytes">
  /** The key, and the bytes of `data` as they are in it, to be held against `maxBytes`. */
  readonly seal: (
    sealed: Sealed
  ) => Effect.Effect<{ readonly key: string; readonly bytes: number }, Unavailable>
  /** None for what this site did not seal. */
  readonly open: (key: string) => Effect.Effect<Option.Option<Sealed>, Unavailable>
}

export type Sealed = Omit<Row, "id">

export class SessionStore extends Context.Tag("portico/ports/SessionStore")<
  SessionStore,
  Service
>() {}

/** The session is larger than the store can hold. Nothing was stored. */
export class SessionTooLarge extends Schema.TaggedError<SessionTooLarge>(
  "portico/ports/SessionStore/SessionTooLarge"
)("SessionTooLarge", { bytes: Schema.Number, maxBytes: Schema.Number }) {
  override get message() {
    return (
      `SessionStore.save: the session takes ${this.bytes} bytes and this store holds ${this.maxBytes}. ` +
      `Keep an id in the session and the data in the database, or choose a store on the server.`
    )
  }
}

/** A value that JSON cannot carry. Nothing was stored. */
export class SessionNotJson extends Schema.TaggedError<SessionNotJson>(
  "portico/ports/SessionStore/SessionNotJson"
)("SessionNotJson", {
  /** Where it is: "cart[0].when". */
  path: Schema.String,
  /** What it is: "Date", "undefined", "NaN", "a cycle". */
  found: Schema.String
}) {
  override get message() {
    return (
      `SessionStore.save: the value at "${this.path}" is not JSON (${this.found}). ` +
      `Store text, numbers, booleans, null, lists and plain objects, for example a date as its ISO text.`
    )
  }
}

/** The session was revoked, rotated or over before its changes could be stored. */
export class SessionEnded extends Schema.TaggedError<SessionEnded>(
  "portico/ports/SessionStore/SessionEnded"
)("SessionEnded", {}) {
  override get message() {
    return (
      `SessionStore.save: the session ended while it was in use, so its changes were not stored. ` +
      `Send the visitor to the start of what they were doing, without a session.`
    )
  }
}

/** 256 bits: no one guesses a key, and no two are alike. */
const keyBytes = 32

/** 32 bytes in base64url without padding (RFC 4648, 5). */
const keyShape = /^[A-Za-z0-9_-]{43}$/

/** FIPS 180-4's example: the digest of "abc". */
const sha256OfAbc = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"

/** From Web Crypto, since ports know no runtime. */
const newKey = Effect.sync((): Session.Key =>
  Redacted.make(
    Encoding.encodeBase64Url(globalThis.crypto.getRandomValues(new Uint8Array(keyBytes)))
  )
)

const utf8 = new TextEncoder()

/** A value that JSON would change or drop is refused, since the visitor would miss it later. */
const checkJson = (data: Session.Data): Effect.Effect<void, SessionNotJson> =>
  Option.match(Session.notJson(data), {
    onNone: () => Effect.void,
    onSome: (found) => new SessionNotJson(found)
  })

const encode = (data: Session.Data, maxBytes: number): Either.Either<string, SessionTooLarge> => {
  const text = JSON.stringify(data)
  const bytes = maxBytes === Infinity ? 0 : utf8.encode(text).length
  return bytes > maxBytes
    ? Either.left(new SessionTooLarge({ bytes, maxBytes }))
    : Either.right(text)
}

/** None for text that is no JSON object. */
const decode = (text: string): Option.Option<Session.Data> => {
  try {
    const data: unknown = JSON.parse(text)
    // What JSON.parse gives is Json by construction; what is left to check is the outermost shape.
    return Predicate.isRecord(data) ? Option.some(data as Session.Data) : Option.none()
  } catch {
    return Option.none()
  }
}

/** Data that cannot be read is empty; `load` has warned of it. */
const readable = (text: string): Session.Data => Option.getOrElse(decode(text), () => ({}))

const decodeOrWarn = (text: string): Effect.Effect<Session.Data> =>
  Option.match(decode(text), {
    onSome: Effect.succeed,
    onNone: () =>
      Effect.as(
        Effect.logWarning(
          "SessionStore.load: the stored data of a session is not a JSON object, so the session is empty. " +
            "Find out what else writes to this store."
        ),
        {}
      )
  })

/** A wrong moment is a mistake of the program, not of the visitor. */
const checkExpiry = (expiresAt: number | undefined): Effect.Effect<void> =>
  expiresAt === undefined || Number.isSafeInteger(expiresAt)
    ? Effect.void
    : Effect.dieMessage(
        `SessionStore.save: expiresAt is ${expiresAt}. Give whole milliseconds since the epoch.`
      )

/** A store that keeps sessions and hands out random keys. */
export const make = (driver: Driver): Service => {
  const { merges, maxBytes, revokes, sweeps } = driver.capabilities
  if (driver.sha256("abc") !== sha256OfAbc) {
    throw new Error(
      "SessionStore.make: the driver's sha256 is not SHA-256 in base64url, so a leaked store would open sessions. " +
        'On Node give (text) => createHash("sha256").update(text).digest("base64url").'
    )
  }
  const idOf = (key: Session.Key): Id => driver.sha256(Redacted.value(key))

  const write = Effect.fnUntraced(function* (
    session: Session.Session,
    changes: Session.Changes,
    nextKey: Session.Key
  ) {
    yield* checkExpiry(changes.expiresAt)
    yield* checkJson(changes.set)
    const now = yield* Clock.currentTimeMillis
    const nextId = idOf(nextKey)
    const stored = yield* driver.replace(
      idOf(session.key),
      (row): Either.Either<Row, SessionTooLarge | SessionEnded> => {
        if (row.expiresAt <= now) return Either.left(new SessionEnded())
        const base = merges ? readable(row.data) : session.data
        return Either.map(encode(Session.apply(base, changes), maxBytes), (data) => ({
          id: nextId,
          data,
          expiresAt: changes.expiresAt ?? row.expiresAt
        }))
      }
    )
    if (Option.isNone(stored)) return yield* new SessionEnded()
    const { data, expiresAt } = stored.value
    return { key: nextKey, data: readable(data), expiresAt }
  })

  return {
    capabilities: driver.capabilities,
    create: Effect.fnUntraced(function* (data, expiresAt) {
      yield* checkExpiry(expiresAt)
      yield* checkJson(data)
      const text = yield* encode(data, maxBytes)
      const key = yield* newKey
      yield* driver.insert({ id: idOf(key), data: text, expiresAt })
      return { key, data, expiresAt }
    }),
    load: Effect.fnUntraced(function* (key) {
      if (!keyShape.test(Redacted.value(key))) return Option.none()
      const row = yield* driver.find(idOf(key))
      const now = yield* Clock.currentTimeMillis
      if (Option.isNone(row) || row.value.expiresAt <= now) return Option.none()
      const { data, expiresAt } = row.value
      return Option.some({ key, data: yield* decodeOrWarn(data), expiresAt })
    }),
    save: (session, changes) => write(session, changes, session.key),
    rotate: (session, changes = Session.noChanges) =>
      Effect.flatMap(newKey, (key) => write(session, changes, key)),
    revoke: Effect.fnUntraced(function* (key) {
      if (!revokes) return yield* unsupported("revoke", "revokes")
      yield* driver.remove(idOf(key))
    }),
    removeExpired: sweeps
      ? Effect.flatMap(Clock.currentTimeMillis, driver.removeExpired)
      : unsupported("removeExpired", "sweeps")
  }
}

/** A store that keeps nothing: the key is the session, sealed. */
export const makeSealed = (driver: SealedDriver): Service => {
  const { maxBytes } = driver.capabilities

  const seal = Effect.fnUntraced(function* (data: Session.Data, expiresAt: number) {
    yield* checkExpiry(expiresAt)
    yield* checkJson(data)
    const { bytes, key } = yield* driver.seal({ data: JSON.stringify(data), expiresAt })
    if (bytes > maxBytes) return yield* new SessionTooLarge({ bytes, maxBytes })
    return { key: Redacted.make(key), data, expiresAt }
  })

  const write = Effect.fnUntraced(function* (
    session: Session.Session,
    changes: Session.Changes = Session.noChanges
  ) {
    const now = yield* Clock.currentTimeMillis
    if (session.expiresAt <= now) return yield* new SessionEnded()
    return yield* seal(Session.apply(session.data, changes), changes.expiresAt ?? session.expiresAt)
  })

  return {
    capabilities: { revokes: false, merges: false, sweeps: false, maxBytes },
    create: seal,
    load: Effect.fnUntraced(function* (key) {
      const sealed = yield* driver.open(Redacted.value(key))
      const now = yield* Clock.currentTimeMillis
      if (Option.isNone(sealed) || sealed.value.expiresAt <= now) return Option.none()
      const { data, expiresAt } = sealed.value
      return Option.some({ key, data: yield* decodeOrWarn(data), expiresAt })
    }),
    save: write,
    rotate: write,
    revoke: () => unsupported("revoke", "revokes"),
    removeExpired: unsupported("removeExpired", "sweeps")
  }
}

const unsupported = (operation: string, capability: keyof Capabilities) =>
  Effect.suspend(() => new Unsupported({ port: "SessionStore", operation, capability }))
