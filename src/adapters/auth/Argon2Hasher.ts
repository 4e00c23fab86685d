/**
 * Passwords hashed with Argon2id, the first choice of OWASP and RFC 9106, from the package `@node-rs/argon2`.
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
import * as argon2 from "./internal/argon2.ts"
import { assemble, maxPasswordBytes, type Shared, verifying } from "./internal/hashers.ts"

/** The cost of new hashes; a hash of another cost is due for rehashing. */
export interface Options extends argon2.Options, Shared {}

export const capabilities: Capabilities = {
  hashes: "argon2",
  verifies: verifying("argon2"),
  maxPasswordBytes
}

/** Fails if the package is not installed, with the line that installs it. */
export const make = (options: Options = {}): Effect.Effect<Service, AlgorithmUnavailable> =>
  Effect.map(argon2.check, () => assemble(argon2.make(options), options))

export const layer = (options: Options = {}): Layer.Layer<PasswordHasher, AlgorithmUnavailable> =>
  Layer.effect(PasswordHasher, make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<PasswordHasher, ConfigError.ConfigError | AlgorithmUnavailable> =>
  Layer.effect(PasswordHasher, Effect.flatMap(Config.unwrap(config), make))
