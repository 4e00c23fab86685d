import { assert, describe, it } from "@effect/vitest"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"

const cookie = (name: string, value: string, options?: HttpResponse.CookieOptions) =>
  HttpResponse.header(
    HttpResponse.withCookie(HttpResponse.empty(), name, value, options),
    "set-cookie"
  )

describe("HttpResponse", () => {
  it("shares its headers between responses and never writes to them", () => {
    const one = HttpResponse.text("a")
    assert.strictEqual(one.headers, HttpResponse.text("b").headers)
    HttpResponse.withHeader(HttpResponse.withCookie(one, "a", "b"), "x-a", "b")
    assert.deepStrictEqual(one.headers, ["content-type", "text/plain; charset=utf-8"])
  })

  it("is JSON even for what JSON.stringify does not know", () => {
    assert.strictEqual(HttpResponse.json(undefined).body, "null")
    assert.strictEqual(HttpResponse.json({ a: [1] }).body, `{"a":[1]}`)
  })

  it("refuses names and values that would become another header", () => {
    for (const [name, value] of [
      ["x-a", "a\r\nb"],
      ["x-a", "a\nb"],
      ["x-a", "a\0"],
      ["x-a", "€"],
      ["X-A", "a"],
      ["x a", "a"],
      ["", "a"],
      ["x:", "a"]
    ] as const) {
      assert.throws(() => HttpResponse.withHeader(HttpResponse.empty(), name, value), TypeError)
      assert.throws(() => HttpResponse.addHeader(HttpResponse.empty(), name, value), TypeError)
    }
    assert.strictEqual(
      HttpResponse.header(HttpResponse.withHeader(HttpResponse.empty(), "x-a", "ü\t!"), "x-a"),
      "ü\t!"
    )
  })

  it("refuses a status that is not final", () => {
    for (const status of [0, 101, 199, 600, 200.5, Number.NaN]) {
      assert.throws(() => HttpResponse.withStatus(HttpResponse.empty(), status), RangeError)
      assert.throws(() => HttpResponse.text("", { status }), RangeError)
    }
  })

  it("replaces, adds, defaults and varies", () => {
    const response = HttpResponse.withHeader(HttpResponse.text("x"), "vary", "Cookie")
    assert.deepStrictEqual(HttpResponse.withVary(response, "cookie").headers, response.headers)
    assert.strictEqual(
      HttpResponse.header(HttpResponse.withVary(response, "accept"), "vary"),
      "Cookie, accept"
    )
    const defaults = HttpResponse.defaults({ "content-type": "never", "x-frame-options": "DENY" })
    assert.deepStrictEqual(HttpResponse.withDefaults(response, defaults).headers, [
      ...response.headers,
      "x-frame-options",
      "DENY"
    ])
    const replaced = HttpResponse.withHeader(
      HttpResponse.addHeader(response, "vary", "a"),
      "vary",
      "b"
    )
    assert.strictEqual(replaced.headers.filter((part) => part === "vary").length, 1)
  })
})

describe("HttpResponse.redirect", () => {
  const location = (to: string) => HttpResponse.header(HttpResponse.redirect(to), "location")

  it("has a status for each kind", () => {
    const statuses = [
      {},
      { permanent: true },
      { preserveMethod: true },
      { permanent: true, preserveMethod: true }
    ].map((options) => HttpResponse.redirect("/", options).status)
    assert.deepStrictEqual(statuses, [302, 301, 307, 308])
  })

  it("takes paths and http addresses and encodes what headers cannot carry", () => {
    assert.strictEqual(location("/a?b=c%20d#e"), "/a?b=c%20d#e")
    assert.strictEqual(location("https://example.com/ä b"), "https://example.com/%C3%A4%20b")
    assert.strictEqual(location("/\ud800"), "/%EF%BF%BD")
  })

  it("refuses other schemes and control characters", () => {
    for (const to of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,x",
      "ftp://a/",
      "/a\r\nx: y",
      "java\tscript:x"
    ]) {
      assert.throws(() => HttpResponse.redirect(to), TypeError)
    }
  })
})

describe("HttpResponse.isLocal", () => {
  it("takes what stays on this site", () => {
    for (const to of ["/", "/a/b?c=d", "a", "?page=2", "/a//b", "/redirect?to=http://evil.com"]) {
      assert.isTrue(HttpResponse.isLocal(to), to)
    }
    assert.isTrue(HttpResponse.isLocal("https://shop.test/a", ["shop.test"]))
  })

  // Most of these are Django's own (tests/utils_tests/test_http.py, URLHasAllowedHostAndSchemeTests).
  it("refuses what leads a browser away", () => {
    for (const to of [
      "http://example.com",
      "http:///example.com",
      "https://example.com",
      "ftp://example.com",
      String.raw`\\example.com`,
      String.raw`\\\example.com`,
      String.raw`/\\/example.com`,
      String.raw`\\\example.com`,
      "///example.com",
      "//example.com",
      String.raw`/\example.com`,
      String.raw`\/example.com`,
      String.raw`http:/\//example.com`,
      "http:\\\\example.com",
      "javascript:alert('XSS')",
      "\njavascript:alert(x)",
      "java\nscript:alert(x)",
      "\u0008//example.com",
      String.raw`http://otherserver\@example.com`,
      String.raw`http:\\shop.test\@example.com`,
      "http:999999999",
      "\n",
      " //example.com",
      "",
      "http://shop.test:pw@evil.com"
    ]) {
      assert.isFalse(HttpResponse.isLocal(to, ["shop.test"]), JSON.stringify(to))
    }
  })
})

describe("HttpResponse.withCookie", () => {
  it("has Django's defaults", () => {
    assert.strictEqual(cookie("a", "b"), "a=b; Path=/; SameSite=Lax")
  })

  it("writes every attribute", () => {
    assert.strictEqual(
      cookie("a", "b", {
        maxAge: 60.9,
        expires: new Date(0),
        path: "/x",
        domain: "example.com",
        secure: true,
        httpOnly: true,
        sameSite: "none"
      }),
      "a=b; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60; Path=/x; Secure; HttpOnly; SameSite=None"
    )
  })

  it("encodes values that a cookie cannot carry, and those that would be decoded", () => {
    assert.strictEqual(
      cookie("a", 'b;c, "d" ü 5%')?.split(";")[0],
      "a=b%3Bc%2C%20%22d%22%20%C3%BC%205%25"
    )
  })

  it("refuses what browsers would drop or misread", () => {
    const refused: ReadonlyArray<readonly [string, HttpResponse.CookieOptions]> = [
      ["a b", {}],
      ["", {}],
      ["a;b", {}],
      ["a", { path: "/;domain=evil" }],
      ["a", { domain: "a;b" }],
      ["a", { sameSite: "none" }],
      ["a", { maxAge: Number.NaN }],
      ["__Host-a", { path: "/x" }],
      ["__Host-a", { domain: "example.com" }],
      ["__Host-a", { secure: false }],
      ["__Secure-a", { secure: false }]
    ]
    for (const [name, options] of refused) {
      assert.throws(() => cookie(name, "b", options), TypeError, /Set|Use|Leave|Give/)
    }
    assert.strictEqual(cookie("__Host-a", "b"), "__Host-a=b; Path=/; Secure; SameSite=Lax")
  })

  it("replaces an earlier cookie of the same name and deletes with the same attributes", () => {
    const twice = HttpResponse.withCookie(
      HttpResponse.withCookie(HttpResponse.empty(), "a", "1"),
      "a",
      "2"
    )
    assert.deepStrictEqual(twice.headers, ["set-cookie", "a=2; Path=/; SameSite=Lax"])
    assert.deepStrictEqual(HttpResponse.withoutCookie(twice, "a", { path: "/x" }).headers, [
      "set-cookie",
      "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x; SameSite=Lax"
    ])
  })
})
