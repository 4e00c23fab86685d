/**
 * Passwords hashed with bcrypt, from the package `bcrypt`: for sites that come with such hashes.
 * Verifies what every other hasher of this folder has made, too.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type AlgorithmUnavailable,
  type Capabilities,
  PasswordHasher,
  type Service
} from "../../ports/PasswordHasher.ts"
import * as bcrypt from "./internal/bcrypt.ts"
import { assemble, maxPasswordBytes, type Shared, verifying } from "./internal/hashers.ts"

/** The cost of new hashes; a hash of another cost is due for rehashing. */
export interface Options extends bcrypt.Options, Shared {
  /**
   * `bcrypt_sha256` if absent. Plain `bcrypt` takes 72 bytes of a password: only for sharing hashes
   * with a system that knows nothing else.
   */
  readonly algorithm?: bcrypt.Name
}

export const capabilities: Capabilities = {
  hashes: "bcrypt_sha256",
  verifies: verifying("bcrypt_sha256"),
  maxPasswordBytes
}

/** Fails if the package is not installed, with the line that installs it. */
export const make = (options: Options = {}): Effect.Effect<Service, AlgorithmUnavailable> =>
  Effect.map(bcrypt.check, () =>
    assemble(bcrypt.make(options.algorithm ?? "bcrypt_sha256", options), options)
  )

export const layer = (options: Options = {}): Layer.Layer<PasswordHasher, AlgorithmUnavailable> =>
  Layer.effect(PasswordHasher, make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<PasswordHasher, ConfigError.ConfigError | AlgorithmUnavailable> =>
  Layer.effect(PasswordHasher, Effect.flatMap(Config.unwrap(config), make))
