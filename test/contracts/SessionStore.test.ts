/** Every store of sessions on trial. */
import { Redacted } from "effect"
import { contract } from "../../contracts/SessionStoreContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import * as MemorySessions from "../../src/adapters/auth/MemorySessions.ts"

register(contract, {
  name: "memory",
  capabilities: MemorySessions.capabilities,
  layer: MemorySessions.layer
})

register(contract, {
  name: "cookie",
  capabilities: CookieSessions.capabilities,
  layer: CookieSessions.layer({ secret: Redacted.make("0123456789abcdef0123456789abcdef") })
})
