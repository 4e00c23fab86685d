import { assert, describe, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"
import * as Csrf from "../../src/domain/Csrf.ts"

const secret = Csrf.makeSecret(randomBytes)
const token = (of = secret) => Csrf.makeToken(of, Csrf.makeSecret(randomBytes))

describe("secrets and tokens", () => {
  it("a secret is 32 letters and digits", () => {
    assert.match(secret, /^[A-Za-z0-9]{32}$/)
  })

  it("each letter is made by four of the 256 bytes", () => {
    const counts = new Map<string, number>()
    for (let byte = 0; byte < 248; byte++) {
      const letter = Csrf.makeSecret((length) => new Uint8Array(length).fill(byte))[0]!
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    assert.strictEqual(counts.size, 62)
    assert.deepStrictEqual(new Set(counts.values()), new Set([4]))
  })

  it("bytes above 247 are thrown away", () => {
    const batches = [new Uint8Array(32).fill(255), new Uint8Array(32).fill(61)]
    assert.strictEqual(
      Csrf.makeSecret(() => batches.shift()!),
      "9".repeat(32)
    )
  })

  it("two tokens of one secret differ and both prove it", () => {
    const [one, other] = [token(), token()]
    assert.notStrictEqual(one, other)
    for (const field of [one, other, secret]) {
      assert.strictEqual(Csrf.checkToken({ cookie: secret, field, header: undefined }), undefined)
    }
  })

  it("a token of another secret is refused", () => {
    const field = token(Csrf.makeSecret(randomBytes))
    assert.strictEqual(
      Csrf.checkToken({ cookie: secret, field, header: undefined })?.reason,
      "CSRF token from POST incorrect."
    )
  })

  it("a cookie is read as a bare secret or as a token, and as nothing else", () => {
    assert.strictEqual(Csrf.readSecret(secret), secret)
    assert.strictEqual(Csrf.readSecret(token()), secret)
    for (const cookie of [
      "",
      "abc",
      secret.slice(1),
      `${secret.slice(1)}-`,
      `${secret}${secret}x`
    ]) {
      assert.strictEqual(Csrf.readSecret(cookie), undefined, cookie)
    }
  })

  it("the header counts where the field is absent or empty, and only there", () => {
    const header = token()
    assert.strictEqual(Csrf.checkToken({ cookie: secret, field: undefined, header }), undefined)
    assert.strictEqual(Csrf.checkToken({ cookie: secret, field: "", header }), undefined)
    assert.strictEqual(
      Csrf.checkToken({ cookie: secret, field: "abc", header })?.reason,
      "CSRF token from POST has incorrect length."
    )
  })
})

describe("where a request comes from", () => {
  const here: Csrf.Provenance = {
    scheme: "https",
    host: "shop.test",
    origin: undefined,
    referer: undefined,
    fetchSite: undefined
  }
  const none = Csrf.trust([])
  const refused = (from: Partial<Csrf.Provenance>, trusted = none) =>
    Csrf.checkProvenance({ ...here, ...from }, trusted)?._tag

  it("a browser that says same-origin is believed, whatever a proxy made of the scheme", () => {
    assert.strictEqual(refused({ scheme: "http", origin: "https://shop.test" }), "OriginRefused")
    assert.strictEqual(
      refused({ scheme: "http", origin: "https://shop.test", fetchSite: "same-origin" }),
      undefined
    )
  })

  it("a cross-site or same-site request needs an Origin that is trusted", () => {
    for (const fetchSite of ["cross-site", "same-site"]) {
      assert.strictEqual(refused({ scheme: "http", fetchSite }), "CrossSite")
      assert.strictEqual(refused({ fetchSite, origin: "https://pay.test" }), "OriginRefused")
      assert.strictEqual(
        refused({ fetchSite, origin: "https://pay.test" }, Csrf.trust(["https://pay.test"])),
        undefined
      )
    }
  })

  it("a sandboxed page's Origin null is refused", () => {
    assert.strictEqual(refused({ origin: "null" }), "OriginRefused")
  })

  it("https without Origin falls back to the Referer, http does not", () => {
    assert.strictEqual(refused({}), "RefererRefused")
    assert.strictEqual(refused({ scheme: "http" }), undefined)
    assert.strictEqual(refused({ referer: "https://shop.test/a?b" }), undefined)
    assert.strictEqual(refused({ referer: "https://shop.test:443/" }), undefined)
    assert.strictEqual(refused({ referer: "https://shop.test.evil.test/" }), "RefererRefused")
    assert.strictEqual(refused({ referer: "https://shop.test@evil.test/" }), "RefererRefused")
    assert.strictEqual(refused({ referer: "https://[shop.test/" }), "RefererRefused")
  })

  it("a wildcard trusts the domain and what is below it, and no look-alike", () => {
    const trusted = Csrf.trust(["https://*.example.com"])
    assert.strictEqual(refused({ origin: "https://a.b.example.com" }, trusted), undefined)
    assert.strictEqual(refused({ origin: "https://example.com" }, trusted), undefined)
    assert.strictEqual(refused({ origin: "https://notexample.com" }, trusted), "OriginRefused")
    assert.strictEqual(refused({ origin: "http://a.example.com" }, trusted), "OriginRefused")
    assert.strictEqual(
      refused({ origin: "https://a.example.com.evil.test" }, trusted),
      "OriginRefused"
    )
  })

  it("an origin without a scheme, with a path or with a misplaced star is refused at start-up", () => {
    for (const origin of [
      "example.com",
      "https://a.test/",
      "https://a.*.test",
      "https://*a.test"
    ]) {
      assert.throws(() => Csrf.trust([origin]), /is no origin\. Write it with its scheme/)
    }
  })
})

describe("requests that need no token", () => {
  const api = {
    method: "POST",
    mediaType: "application/json",
    origin: "https://shop.test",
    fetchSite: "same-origin",
    hasCookies: true
  }

  it("are those that no form can send and the browser vouches for", () => {
    assert.isTrue(Csrf.needsNoToken(api))
    assert.isTrue(Csrf.needsNoToken({ ...api, fetchSite: undefined }))
    assert.isTrue(Csrf.needsNoToken({ ...api, method: "DELETE", mediaType: "" }))
    assert.isFalse(Csrf.needsNoToken({ ...api, fetchSite: undefined, origin: undefined }))
  })

  it("are those of programs without cookies", () => {
    const program = { ...api, fetchSite: undefined, origin: undefined, hasCookies: false }
    assert.isTrue(Csrf.needsNoToken(program))
    assert.isFalse(Csrf.needsNoToken({ ...program, mediaType: "text/plain" }))
  })

  it("are never what a form can send", () => {
    for (const mediaType of [
      "",
      "text/plain",
      "multipart/form-data",
      "application/x-www-form-urlencoded"
    ]) {
      assert.isFalse(Csrf.needsNoToken({ ...api, mediaType }), mediaType)
    }
  })
})
