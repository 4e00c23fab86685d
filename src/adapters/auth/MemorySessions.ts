/**
 * Sessions in this process's memory: for tests and for sites of one process. Lost on restart.
 */
import * as Clock from "effect/Clock"
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

/** Rows from which on those that are over are removed without being asked to. */
const sweepFrom = 1024

export const make = (): Service => {
  const rows = new Map<string, Row>()
  let sweepAt = sweepFrom
  const sweep = (now: number): number => {
    const before = rows.size
    for (const row of rows.values()) if (row.expiresAt <= now) rows.delete(row.id)
    return before - rows.size
  }
  return makeStore({
    capabilities,
    sha256,
    // No command reaches this process's memory, so it makes room itself, each time it has doubled.
    insert: (row) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (rows.size >= sweepAt) {
          sweep(now)
          sweepAt = Math.max(sweepFrom, 2 * rows.size)
        }
        rows.set(row.id, row)
      }),
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
    removeExpired: (now) => Effect.sync(() => sweep(now))
  })
}

export const layer: Layer.Layer<SessionStore> = Layer.sync(SessionStore, make)
