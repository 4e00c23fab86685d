/**
 * Sessions in this process's memory: for tests and for sites of one process. Lost on restart.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import {
  type Capabilities,
  make as makeStore,
  type Row,
  type Service,
  SessionStore
} from "../../ports/SessionStore.ts"
import { sha256 } from "./internal/digest.ts"

export const capabilities: Capabilities = {
  revokes: true,
  merges: true,
  sweeps: true,
  maxBytes: Infinity
}

export const make = (): Service => {
  const rows = new Map<string, Row>()
  return makeStore({
    capabilities,
    sha256,
    insert: (row) => Effect.sync(() => void rows.set(row.id, row)),
    find: (id) => Effect.sync(() => Option.fromNullable(rows.get(id))),
    replace: (id, change) =>
      Effect.suspend(() => {
        const row = rows.get(id)
        if (row === undefined) return Effect.succeedNone
        return Either.map(change(row), (next) => {
          rows.delete(id)
          rows.set(next.id, next)
          return Option.some(next)
        })
      }),
    remove: (id) => Effect.sync(() => void rows.delete(id)),
    removeExpired: (now) =>
      Effect.sync(() => {
        const before = rows.size
        for (const row of rows.values()) if (row.expiresAt <= now) rows.delete(row.id)
        return before - rows.size
      })
  })
}

export const layer: Layer.Layer<SessionStore> = Layer.sync(SessionStore, make)
