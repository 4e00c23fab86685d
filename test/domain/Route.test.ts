import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as Route from "../../src/domain/Route.ts"

/** Patterns that the compiler does not see, as they come from a config or a mistake in JavaScript. */
const unchecked = (source: string, own?: Route.Converters) => Route.make(["GET"], source, "it", own)

const reasonOf = (url: Either.Either<string, Route.NotReversible>) =>
  Either.isLeft(url) ? url.left.reason : url.right

const FourDigitYear = Route.converter({
  pattern: "[0-9]{4}",
  schema: Schema.transform(Schema.String, Schema.Number, {
    strict: true,
    decode: Number,
    encode: (year) => String(year).padStart(4, "0")
  })
})

describe("Route", () => {
  it("holds methods, pattern and name", () => {
    const vote = Route.make(["GET", "POST"], "/polls/:id(int)/vote/", "vote")
    assert.deepStrictEqual(vote.methods, ["GET", "POST"])
    assert.strictEqual(vote.pattern.source, "/polls/:id(int)/vote/")
    assert.strictEqual(vote.name, "vote")
    for (const [route, method] of [
      [Route.get("/", "x"), "GET"],
      [Route.post("/", "x"), "POST"],
      [Route.put("/", "x"), "PUT"],
      [Route.patch("/", "x"), "PATCH"],
      [Route.delete("/", "x"), "DELETE"]
    ] as const) {
      assert.deepStrictEqual(route.methods, [method])
    }
    assert.isTrue(Route.isRoute(vote))
    assert.isFalse(Route.isRoute({ vote }))
  })

  it("refuses malformed patterns with fact and remedy", () => {
    const refusals: Readonly<Record<string, RegExp>> = {
      "polls/": /does not begin with "\/"\. Put a slash/,
      "/a//b": /holds "\/\/"/,
      "/<int:id>/": /holds "<"\. Parameters are written ":name"/,
      "/a?b=1": /holds "\?"/,
      "/a\n": /holds "\\n"/,
      "/:id(integer)/": /asks for the converter "integer"\. Choose str, int, slug, uuid, path/,
      "/:id(toString)/": /asks for the converter "toString"/,
      "/:id(int/": /does not close the parenthesis after "id"/,
      "/:/": /has a colon that names nothing\. Write "::"/,
      "/:__proto__/": /has a colon that names nothing/,
      "/:id/:id": /has the parameter "id" twice/,
      "/:a:b/": /two parameters side by side/,
      "/:a-:b-:c-:d": /has 4 parameters in one segment/,
      "/:a(path)/:b(path)": /a parameter with slashes beside another, or two of them/,
      "/:a(path)-:b": /a parameter with slashes beside another/,
      "/:a(path)/:b-:c": /a parameter with slashes beside another/
    }
    for (const [source, message] of Object.entries(refusals)) {
      assert.throws(() => unchecked(source), message, source)
    }
    assert.throws(() => unchecked("/:a", { b: FourDigitYear }), /has no parameter "b"/)
    assert.throws(() => unchecked("/:a(int)", { a: FourDigitYear }), /gives "a" two converters/)
    assert.throws(() => Route.get("/", "a:b"), /cannot name the route of \/\./)
    assert.throws(() => Route.get("/", ""), /Choose a name without a colon/)
  })

  it("reads the notation's corners", () => {
    const texts = (source: string) =>
      unchecked(source).pattern.parts.map((part) => (typeof part === "string" ? part : [part.name]))
    assert.deepStrictEqual(texts("/a::b/:c::d"), ["/a:b/", ["c"], ":d"])
    assert.deepStrictEqual(texts("/x(y)/:a(str)(z)"), ["/x(y)/", ["a"], "(z)"])
    assert.deepStrictEqual(texts("/:a_1.b/:C2"), ["/", ["a_1"], ".b/", ["C2"]])
    assert.deepStrictEqual(texts(""), [])
  })

  it("gives patterns that match alike one shape", () => {
    const shape = (source: string) => unchecked(source).pattern.shape
    assert.strictEqual(shape("/:a(int)/"), shape("/:b(int)/"))
    assert.strictEqual(shape("/x-:a/:r(path)/z"), shape("/x-:b/:q(path)/z"))
    const shapes = ["/:a(int)/", "/:a(int)", "/:a/", "/::a/", "/x:a/", "/:a(path)/", "/:a(slug)/"]
    assert.strictEqual(new Set(shapes.map(shape)).size, shapes.length)
    assert.strictEqual(shape(""), shape("/"))
  })

  it("matches decoded paths", () => {
    const { pattern } = Route.get("/archive/:year/:slug(slug)", "archive", { year: FourDigitYear })
    assert.deepStrictEqual(Route.match(pattern, "/archive/0033/a-b"), { year: 33, slug: "a-b" })
    assert.isUndefined(Route.match(pattern, "/archive/33/a-b"))
    assert.isUndefined(Route.match(pattern, "archive/0033/a-b"))
    assert.isUndefined(Route.match(pattern, "/archive/0033"))
    assert.isUndefined(Route.match(pattern, "/archive/0033/a-b/"))
  })
})

describe("Route.converter", () => {
  it("keeps within a segment unless it takes slashes", () => {
    const any = { pattern: ".+", schema: Schema.String }
    const one = unchecked("/:x/end", { x: Route.converter(any) })
    const many = unchecked("/:x/end", { x: Route.converter({ ...any, slashes: true }) })
    assert.deepStrictEqual(Route.match(one.pattern, "/a/end"), { x: "a" })
    assert.isUndefined(Route.match(one.pattern, "/a/b/end"))
    assert.isUndefined(Route.match(one.pattern, `/a${Route.ENCODED_SLASH}b/end`))
    assert.deepStrictEqual(Route.match(many.pattern, "/a/b/end"), { x: "a/b" })
    assert.deepStrictEqual(Route.match(many.pattern, `/a${Route.ENCODED_SLASH}b/end`), { x: "a/b" })
    assert.isTrue(Either.isLeft(Route.reverseEither(one, { x: "a/b" })))
    assert.strictEqual(Route.reverse(many, { x: "a/b" }), "/a/b/end")
  })

  it("refuses texts and values that its schema or its pattern refuses", () => {
    const even = Route.converter({
      pattern: "[0-9]+",
      schema: Schema.NumberFromString.pipe(Schema.filter((n) => n % 2 === 0))
    })
    const route = Route.get("/even/:n/", "even", { n: even })
    assert.deepStrictEqual(Route.match(route.pattern, "/even/4/"), { n: 4 })
    assert.isUndefined(Route.match(route.pattern, "/even/3/"))
    assert.isUndefined(Route.match(route.pattern, "/even/4.0/"))
    assert.strictEqual(Route.reverse(route, { n: 4 }), "/even/4/")
    assert.strictEqual(reasonOf(Route.reverseEither(route, { n: 3 })), "it cannot be 3")
    // Even, but "-4" and "1e+22" are not what the pattern matches.
    assert.strictEqual(reasonOf(Route.reverseEither(route, { n: -4 })), "it cannot be -4")
    assert.strictEqual(reasonOf(Route.reverseEither(route, { n: 1e22 })), "it cannot be 1e+22")
  })

  it("may hold alternatives and groups", () => {
    const code = Route.converter({ pattern: "(a|b)|(c)", schema: Schema.String })
    const route = Route.get("/x-:code.:rest/", "code", { code })
    assert.deepStrictEqual(Route.match(route.pattern, "/x-c.z/"), { code: "c", rest: "z" })
    assert.isUndefined(Route.match(route.pattern, "/x-d.z/"))
  })
})

describe("Route.reverse", () => {
  const user = Route.get("/u/:name/", "user")

  it("encodes what RFC 3986 does not allow in a path, and only that", () => {
    assert.strictEqual(
      Route.reverse(user, { name: 'é & ?#[]%"<>\\^`{|}' }),
      "/u/%C3%A9%20&%20%3F%23%5B%5D%25%22%3C%3E%5C%5E%60%7B%7C%7D/"
    )
    const allowed = "AZaz09-._~!$&'()*+,;=:@"
    assert.strictEqual(Route.reverse(user, { name: allowed }), `/u/${allowed}/`)
    assert.strictEqual(Route.reverse(Route.get("/50%/sp ace", "text")), "/50%25/sp%20ace")
    assert.strictEqual(Route.reverse(Route.get("", "root")), "/")
  })

  it("never makes the address of another host", () => {
    const all = Route.get("/:rest(path)", "all")
    assert.strictEqual(Route.reverse(all, { rest: "/evil.example" }), "/%2Fevil.example")
    assert.strictEqual(Route.reverse(all, { rest: "\\evil.example" }), "/%5Cevil.example")
  })

  it("appends query and fragment", () => {
    const home = Route.get("/", "home")
    assert.strictEqual(
      Route.reverse(home, {
        query: { q: "a b&c", tag: ["x", "y"], page: 2, big: 3n, on: true, none: undefined, no: [] },
        fragment: "d é#%"
      }),
      "/?q=a+b%26c&tag=x&tag=y&page=2&big=3&on=true#d%20%C3%A9%23%25"
    )
    assert.strictEqual(Route.reverse(home, { query: {} }), "/")
    assert.strictEqual(Route.reverse(home, { query: new URLSearchParams("a=1&a=2") }), "/?a=1&a=2")
    assert.strictEqual(Route.reverse(home, { fragment: "\uD800" }), "/#%EF%BF%BD")
    assert.strictEqual(Route.reverse(user, { name: "a" }, { query: { q: "" } }), "/u/a/?q=")
  })

  it("says why a value makes no URL", () => {
    const files = Route.get("/f/:rest(path)", "files")
    const reasons: ReadonlyArray<readonly [Either.Either<string, Route.NotReversible>, string]> = [
      [Route.reverseEither(user, { name: "a/b" }), `it cannot be "a/b"`],
      [Route.reverseEither(user, { name: "" }), `it cannot be ""`],
      [Route.reverseEither(user, {} as never), "it is missing"],
      [
        Route.reverseEither(user, { name: Object.create(null) as string }),
        "it cannot be an object"
      ],
      [Route.reverseEither(user, Object.create({ name: "x" })), "it is missing"],
      [
        Route.reverseEither(user, { name: "a\0" }),
        "it holds a NUL or half a character, which no URL carries"
      ],
      [Route.reverseEither(user, { name: "\uDC2F" }), `it cannot be "\\udc2f"`],
      [Route.reverseEither(user, { name: ".." }), `browsers would rewrite the path "/u/../"`],
      [
        Route.reverseEither(files, { rest: "a/../b" }),
        `browsers would rewrite the path "/f/a/../b"`
      ]
    ]
    for (const [url, reason] of reasons) assert.strictEqual(reasonOf(url), reason)
    assert.throws(
      () => Route.reverse(user, { name: "a/b" }),
      `Route.reverse: the route "user" (/u/:name/) makes no URL for "name": it cannot be "a/b". ` +
        `Give a value that the pattern matches.`
    )
  })

  it("refuses values that would be read as others", () => {
    const pair = Route.get("/:a-:b", "pair")
    assert.strictEqual(Route.reverse(pair, { a: "1-2", b: "3" }), "/1-2-3")
    assert.strictEqual(
      reasonOf(Route.reverseEither(pair, { a: "1", b: "2-3" })),
      `the path "/1-2-3" would be read with other values`
    )
  })
})

describe("Route.include", () => {
  const index = Route.get("/", "index")
  const bare = Route.get("", "bare")
  const detail = Route.get("/:id(int)/", "detail")

  it("prefixes patterns and names, to any depth", () => {
    const polls = Route.include("/polls/", "polls", { index, bare, detail })
    const site = Route.include("/:lang(slug)", "site", { polls, home: index })
    assert.strictEqual(polls.detail.pattern.source, "/polls/:id(int)/")
    assert.strictEqual(polls.bare.pattern.source, "/polls")
    assert.strictEqual(polls.index.pattern.source, "/polls/")
    assert.strictEqual(site.polls.detail.name, "site:polls:detail")
    assert.strictEqual(Route.reverse(site.polls.detail, { lang: "de", id: 5 }), "/de/polls/5/")
    assert.strictEqual(Route.reverse(site.home, { lang: "de" }), "/de/")
    assert.deepStrictEqual(Route.match(site.polls.detail.pattern, "/de/polls/5/"), {
      lang: "de",
      id: 5
    })
    // The originals are values: nothing happened to them.
    assert.strictEqual(Route.reverse(detail, { id: 5 }), "/5/")
  })

  it("leaves names alone without a namespace, and the root prefix changes nothing", () => {
    const same = Route.include("/", "", { detail })
    assert.strictEqual(same.detail.name, "detail")
    assert.strictEqual(same.detail.pattern.shape, detail.pattern.shape)
  })

  it("refuses a parameter that prefix and route share", () => {
    assert.throws(
      () => Route.include("/:id", "x", { detail }),
      /"\/:id\/:id\(int\)\/" has the parameter "id" twice\. Rename one/
    )
  })
})
