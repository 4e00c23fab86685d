/** What the types of hashers promise. Checked by tsc, not run. */
import type { Effect, Layer } from "effect"
import type * as Argon2Hasher from "../../src/adapters/auth/Argon2Hasher.ts"
import type * as ScryptHasher from "../../src/adapters/auth/ScryptHasher.ts"
import type * as PasswordHasher from "../../src/ports/PasswordHasher.ts"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const yes = <_Proof extends true>() => {}

declare const hasher: PasswordHasher.Service

// @ts-expect-error a password is redacted, so that no log shows it
export const plain = hasher.hash("correct horse")

// A password that is too long can be hashed by nobody, and is simply wrong where one is checked.
yes<
  Same<
    Effect.Effect.Error<ReturnType<typeof hasher.hash>>,
    PasswordHasher.PasswordTooLong | PasswordHasher.AlgorithmUnavailable
  >
>()
yes<
  Same<Effect.Effect.Error<ReturnType<typeof hasher.verify>>, PasswordHasher.AlgorithmUnavailable>
>()
yes<Same<Effect.Effect.Success<ReturnType<typeof hasher.verify>>, PasswordHasher.Verdict>>()

declare const verdict: PasswordHasher.Verdict
// @ts-expect-error a verdict is no boolean: an object is always true
export const asBoolean: boolean = verdict

// Only hashers that need a package can fail to start.
yes<
  Same<
    Layer.Layer.Error<ReturnType<typeof Argon2Hasher.layer>>,
    PasswordHasher.AlgorithmUnavailable
  >
>()
yes<Same<Layer.Layer.Error<ReturnType<typeof ScryptHasher.layer>>, never>>()

// @ts-expect-error there is always a first algorithm
export const none: PasswordHasher.Driver["algorithms"] = []
