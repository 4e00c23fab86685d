import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Either, Layer, Redacted } from "effect"
import * as NodeSigner from "../../../src/adapters/http/NodeSigner.ts"
import { Signer } from "../../../src/ports/Signer.ts"

const secret = Redacted.make("one-secret-of-more-than-thirty-two-characters")
const other = Redacted.make("other-secret-of-more-than-thirty-two-letters")

describe("NodeSigner", () => {
  it.effect("signs for one purpose and reads what an earlier secret has signed", () =>
    Effect.gen(function* () {
      const signed = (yield* Signer).for("invitation").sign("7")
      const rotated = NodeSigner.make({ secret: other, fallbackSecrets: [secret] })
      assert.deepStrictEqual(rotated.for("invitation").unsign(signed), Either.right("7"))
      assert.isTrue(Either.isLeft(rotated.for("else").unsign(signed)))
      assert.isTrue(
        Either.isLeft(NodeSigner.make({ secret: other }).for("invitation").unsign(signed))
      )
    }).pipe(Effect.provide(NodeSigner.layer({ secret })))
  )

  it("refuses a short secret, also one of the past", () => {
    const short = Redacted.make("")
    assert.throws(() => NodeSigner.make({ secret: short }), "has 0 characters")
    assert.throws(() => NodeSigner.make({ secret, fallbackSecrets: [short] }), "has 0 characters")
  })

  it.effect("takes its secret from config", () =>
    Effect.gen(function* () {
      const cookie = (yield* Signer).forCookie("theme").signAt("dark", 0)
      const same = NodeSigner.make({ secret }).forCookie("theme")
      assert.deepStrictEqual(same.unsignAt(cookie, 0), Either.right("dark"))
    }).pipe(
      Effect.provide(
        Layer.provide(
          NodeSigner.layerConfig({ secret: Config.redacted("SECRET") }),
          Layer.setConfigProvider(
            ConfigProvider.fromMap(new Map([["SECRET", Redacted.value(secret)]]))
          )
        )
      )
    )
  )
})
