/**
 * Sessions as files in a directory: for sites on one machine, without a database. Written as anyone
 * outside Portico writes an adapter: `capabilities`, `Options`, `make`, `layer`, `layerConfig`.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import { Unavailable } from "portico/ports/PortError"
import * as SessionStore from "portico/ports/SessionStore"

export const capabilities: SessionStore.Capabilities = {
  ...SessionStore.baseline,
  revokes: true,
  merges: true,
  sweeps: true,
  maxBytes: Infinity
}

export interface Options {
  /** Made where it does not exist. Only this program should be able to read it. */
  readonly directory: string
}

const Stored = Schema.parseJson(Schema.Struct({ data: Schema.String, expiresAt: Schema.Number }))

/** Milliseconds after which a lock is one that a crashed process left. */
const staleAfter = 10_000

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code

export const make = ({ directory }: Options): SessionStore.Service => {
  const attempt = <A>(operation: string, run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new Unavailable({ port: "SessionStore", operation, cause })
    })

  // An id is 43 characters of base64url: a safe file name.
  const fileOf = (id: SessionStore.Id) => join(directory, `${id}.json`)

  const write = async ({ data, expiresAt, id }: SessionStore.Row) => {
    await fs.mkdir(directory, { recursive: true, mode: 0o700 })
    const draft = join(
      directory,
      `${id}.${process.pid}.${Math.random().toString(36).slice(2)}.draft`
    )
    await fs.writeFile(draft, JSON.stringify({ data, expiresAt }), { mode: 0o600 })
    // A rename is atomic: nobody reads half a session.
    await fs.rename(draft, fileOf(id))
  }

  const read = async (id: SessionStore.Id): Promise<Option.Option<SessionStore.Row>> => {
    try {
      const text = await fs.readFile(fileOf(id), "utf8")
      return Option.map(Schema.decodeOption(Stored)(text), (stored) => ({ id, ...stored }))
    } catch (error) {
      if (hasCode(error, "ENOENT")) return Option.none()
      throw error
    }
  }

  const remove = (id: SessionStore.Id) => fs.rm(fileOf(id), { force: true })

  /** A directory as a lock: making one succeeds for one process alone. */
  const lock = (id: SessionStore.Id): Effect.Effect<void, Unavailable> => {
    const path = `${fileOf(id)}.lock`
    return attempt("replace", async () => {
      await fs.mkdir(directory, { recursive: true, mode: 0o700 })
      try {
        await fs.mkdir(path)
        return true
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error
        const age =
          Date.now() - ((await fs.stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
        if (age > staleAfter) await fs.rmdir(path).catch(() => undefined)
        return false
      }
    }).pipe(
      Effect.flatMap((taken) =>
        taken
          ? Effect.void
          : Effect.zipRight(
              pause,
              Effect.suspend(() => lock(id))
            )
      )
    )
  }

  // Not Effect.sleep: a test's clock must not stop a lock.
  const pause = Effect.promise(() => new Promise<void>((resolve) => setTimeout(resolve, 2)))

  const unlock = (id: SessionStore.Id) => Effect.promise(() => fs.rmdir(`${fileOf(id)}.lock`))

  return SessionStore.make({
    capabilities,
    sha256: (text) => createHash("sha256").update(text).digest("base64url"),
    insert: (row) => attempt("create", () => write(row)),
    find: (id) => attempt("load", () => read(id)),
    replace: (id, change) =>
      Effect.acquireUseRelease(
        lock(id),
        () =>
          Effect.gen(function* () {
            const found = yield* attempt("replace", () => read(id))
            if (Option.isNone(found)) return Option.none<SessionStore.Row>()
            const changed = change(found.value)
            if (Either.isLeft(changed)) return yield* Effect.fail(changed.left)
            yield* attempt("replace", () => write(changed.right))
            if (changed.right.id !== id) yield* attempt("replace", () => remove(id))
            return Option.some(changed.right)
          }),
        () => unlock(id)
      ),
    remove: (id) => attempt("revoke", () => remove(id)),
    removeExpired: (now) =>
      attempt("removeExpired", async () => {
        const files = await fs.readdir(directory).catch((error: unknown) => {
          if (hasCode(error, "ENOENT")) return []
          throw error
        })
        let removed = 0
        for (const file of files) {
          if (!file.endsWith(".json")) continue
          const row = await read(file.slice(0, -".json".length))
          if (Option.isNone(row) || row.value.expiresAt > now) continue
          await remove(row.value.id)
          removed++
        }
        return removed
      })
  })
}

export const layer = (options: Options): Layer.Layer<SessionStore.SessionStore> =>
  Layer.sync(SessionStore.SessionStore, () => make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<SessionStore.SessionStore, ConfigError.ConfigError> =>
  Layer.effect(SessionStore.SessionStore, Effect.map(Config.unwrap(config), make))
