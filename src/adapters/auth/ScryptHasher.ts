/**
 * Passwords hashed with scrypt, from Node alone: for sites that want no native package.
 * Verifies what every other hasher of this folder has made, too.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Capabilities, PasswordHasher, type Service } from "../../ports/PasswordHasher.ts"
import * as scrypt from "./internal/scrypt.ts"
import { assemble, maxPasswordBytes, type Shared, verifying } from "./internal/hashers.ts"

/** The cost of new hashes; a hash of another cost is due for rehashing. */
export interface Options extends scrypt.Options, Shared {}

export const capabilities: Capabilities = {
  hashes: "scrypt",
  verifies: verifying("scrypt"),
  maxPasswordBytes
}

export const make = (options: Options = {}): Service => assemble(scrypt.make(options), options)

export const layer = (options: Options = {}): Layer.Layer<PasswordHasher> =>
  Layer.sync(PasswordHasher, () => make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<PasswordHasher, ConfigError.ConfigError> =>
  Layer.effect(PasswordHasher, Effect.map(Config.unwrap(config), make))
