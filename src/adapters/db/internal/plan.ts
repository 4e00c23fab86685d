/**
 * Compiled statements, kept by shape: a bounded cache per registry. One planner belongs to one
 * adapter, as plans are in its dialect.
 */
import { createHash } from "node:crypto"
import type { Registry } from "../../../domain/Registry.ts"
import type { Statement } from "../../../domain/Statement.ts"
import { type Compiled, compile } from "./compile.ts"
import type { Dialect } from "./dialect.ts"
import { shapeOf } from "./shape.ts"

export interface Plan extends Compiled {
  /** Of the text, so that a plan made again after its eviction finds its prepared statement. */
  readonly name: string
  /** Of a shape that may come again, so that preparing it pays. */
  readonly reusable: boolean
}

export interface Planned {
  readonly plan: Plan
  readonly literals: ReadonlyArray<unknown>
}

export interface Planner {
  /** Throws `NotCompilable`. */
  readonly plan: (registry: Registry, statement: Statement) => Planned
  /** Plans kept for this registry. */
  readonly size: (registry: Registry) => number
}

/** A plan takes some kilobytes; the shapes of a large site number in the hundreds. */
const defaultCapacity = 2000

export const make = (dialect: Dialect, capacity: number = defaultCapacity): Planner => {
  const caches = new WeakMap<Registry, Map<string, Plan>>()
  return {
    plan: (registry, statement) => {
      let cache = caches.get(registry)
      if (cache === undefined) caches.set(registry, (cache = new Map()))
      const literals: Array<unknown> = []
      const shape = shapeOf(dialect, statement, literals)
      let plan = cache.get(shape)
      if (plan === undefined) {
        plan = planOf(registry, dialect, statement, literals)
        // A map iterates in the order of insertion: the first key is the oldest.
        if (cache.size >= capacity) cache.delete(cache.keys().next().value!)
        cache.set(shape, plan)
      }
      return { plan, literals }
    },
    size: (registry) => caches.get(registry)?.size ?? 0
  }
}

const planOf = (
  registry: Registry,
  dialect: Dialect,
  statement: Statement,
  literals: ReadonlyArray<unknown>
): Plan => {
  const compiled = compile(registry, dialect, statement, literals)
  return {
    ...compiled,
    // 64 of PostgreSQL's identifier bytes would hold more; 96 bits tell texts apart.
    name: `portico_${createHash("sha256").update(compiled.text).digest("base64url").slice(0, 16)}`,
    reusable: dialect.insertsArrays || statement._tag !== "Insert" || statement.rows.length === 1
  }
}
