import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Signature from "../../src/domain/Signature.ts"
import { primitives } from "../../src/adapters/http/internal/crypto.ts"

const now = 1_700_000_000_000
const signer = (options: Partial<Signature.Options> = {}) =>
  Signature.make(primitives, { key: "k", salt: "test", ...options })

const reason = (
  result: Either.Either<unknown, Signature.BadSignature | Signature.SignatureExpired>
) => (Either.isLeft(result) ? result.left._tag : "accepted")

describe("Signature", () => {
  it("reads what it signed, and nothing with one character changed", () => {
    const signed = signer().sign("visitor:42")
    assert.deepStrictEqual(signer().unsign(signed), Either.right("visitor:42"))
    for (let i = 0; i < signed.length; i++) {
      const changed = signed.slice(0, i) + (signed[i] === "A" ? "B" : "A") + signed.slice(i + 1)
      assert.strictEqual(reason(signer().unsign(changed)), "BadSignature", changed)
    }
  })

  it("keeps salts and keys apart", () => {
    const signed = signer().sign("x")
    assert.strictEqual(reason(signer({ salt: "other" }).unsign(signed)), "BadSignature")
    assert.strictEqual(reason(signer({ key: "other" }).unsign(signed)), "BadSignature")
    assert.strictEqual(reason(signer().unsign(signed)), "accepted")
  })

  it("accepts a key of the past and signs with the present one", () => {
    const old = signer({ key: "old" }).sign("x")
    const rotated = signer({ key: "new", fallbackKeys: ["older", "old"] })
    assert.deepStrictEqual(rotated.unsign(old), Either.right("x"))
    assert.strictEqual(rotated.sign("x"), signer({ key: "new" }).sign("x"))
    assert.strictEqual(reason(signer({ key: "new" }).unsign(old)), "BadSignature")
  })

  it("a signature is good at exactly its age limit and not later", () => {
    const signed = signer().signAt("x", now)
    assert.strictEqual(reason(signer().unsignAt(signed, now + 10_000, 10)), "accepted")
    assert.strictEqual(reason(signer().unsignAt(signed, now + 10_001, 10)), "SignatureExpired")
    assert.strictEqual(reason(signer().unsignAt(signed, now + 1e12)), "accepted")
  })

  it("a signed text without a time is no timed signature", () => {
    assert.strictEqual(reason(signer().unsignAt(signer().sign("x"), now)), "BadSignature")
    assert.strictEqual(reason(signer().unsignAt(signer().sign("x:é!"), now)), "BadSignature")
  })

  it("packs any JSON value and unpacks it again, compressed where that helps", () => {
    const long = "ab".repeat(500)
    for (const value of [null, "é", { a: [1, "😀", { b: "\u007f" }] }, long]) {
      for (const compress of [false, true]) {
        const packed = signer().dumps(value, now, { compress })
        assert.match(packed, /^[\w.:-]+$/)
        assert.deepStrictEqual(signer().loads(packed, now), Either.right(value))
      }
    }
    assert.isBelow(signer().dumps(long, now, { compress: true }).length, 150)
  })

  it("refuses a signed body that is no packed value, and one that unpacks beyond 1 MiB", () => {
    assert.strictEqual(reason(signer().loads(signer().signAt("e30", now), now)), "accepted")
    for (const body of ["", "e3", ".e30", "!!", "_w"]) {
      assert.strictEqual(
        reason(signer().loads(signer().signAt(body, now), now)),
        "BadSignature",
        body
      )
    }
    const bomb = signer().dumps("a".repeat(2 ** 21), now, { compress: true })
    assert.strictEqual(reason(signer().loads(bomb, now)), "BadSignature")
  })

  it("refuses a separator that a signature may contain", () => {
    for (const separator of ["", "-", "a", "_="]) {
      assert.throws(() => signer({ separator }), /may occur in a signature\. Choose/)
    }
  })

  it("a signed cookie is bound to its name", () => {
    const cookie = Signature.forCookie(primitives, "theme", { key: "k" }).signAt("dark", now)
    const read = (name: string) =>
      reason(Signature.forCookie(primitives, name, { key: "k" }).unsignAt(cookie, now))
    assert.strictEqual(read("theme"), "accepted")
    assert.strictEqual(read("admin"), "BadSignature")
  })

  it("constantTimeEquals is equality", () => {
    const texts = ["", "a", "ab", "ba", "aa", "é", "a\u0000"]
    for (const a of texts) {
      for (const b of texts) assert.strictEqual(Signature.constantTimeEquals(a, b), a === b)
    }
  })
})
