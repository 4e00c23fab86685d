/**
 * Signatures by Node's own HMAC-SHA256.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Port from "../../ports/Signer.ts"
import { primitives } from "./internal/crypto.ts"

export type Options = Port.Options

export const make = (options: Options): Port.Service => Port.make(primitives, options)

export const layer = (options: Options): Layer.Layer<Port.Signer> =>
  Layer.sync(Port.Signer, () => make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<Port.Signer, ConfigError.ConfigError> =>
  Layer.effect(Port.Signer, Effect.map(Config.unwrap(config), make))
