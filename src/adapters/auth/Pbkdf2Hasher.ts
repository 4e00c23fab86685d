/**
 * Passwords hashed with PBKDF2 with SHA-256, from Node alone: Django's default, and what FIPS 140 demands.
 * Verifies what every other hasher of this folder has made, too.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Capabilities, PasswordHasher, type Service } from "../../ports/PasswordHasher.ts"
import * as pbkdf2 from "./internal/pbkdf2.ts"
import { assemble, maxPasswordBytes, type Shared, verifying } from "./internal/hashers.ts"

/** The cost of new hashes; a hash of another cost is due for rehashing. */
export interface Options extends pbkdf2.Options, Shared {}

export const capabilities: Capabilities = {
  hashes: "pbkdf2_sha256",
  verifies: verifying("pbkdf2_sha256"),
  maxPasswordBytes
}

export const make = (options: Options = {}): Service => assemble(pbkdf2.sha256(options), options)

export const layer = (options: Options = {}): Layer.Layer<PasswordHasher> =>
  Layer.sync(PasswordHasher, () => make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<PasswordHasher, ConfigError.ConfigError> =>
  Layer.effect(PasswordHasher, Effect.map(Config.unwrap(config), make))
