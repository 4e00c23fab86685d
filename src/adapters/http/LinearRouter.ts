/**
 * Routes tried one after the other. The meaning of every other router, in three lines; fast enough
 * for a few dozen routes.
 */
import * as Layer from "effect/Layer"
import * as Route from "../../domain/Route.ts"
import { type Capabilities, make, Router } from "../../ports/Router.ts"

export const capabilities: Capabilities = { indexes: false }

export const layer: Layer.Layer<Router> = Layer.sync(Router, () =>
  make({
    capabilities,
    index: (patterns, hit) => (path) => {
      for (const [at, pattern] of patterns.entries()) {
        const params = Route.match(pattern, path)
        if (params !== undefined) return hit(at, params)
      }
      return undefined
    }
  })
)
