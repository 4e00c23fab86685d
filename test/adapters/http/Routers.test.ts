/** Both routers mean the same, on tables and paths that nobody thought of. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Schema } from "effect"
import * as LinearRouter from "../../../src/adapters/http/LinearRouter.ts"
import * as RadixRouter from "../../../src/adapters/http/RadixRouter.ts"
import * as Route from "../../../src/domain/Route.ts"
import { Router } from "../../../src/ports/Router.ts"

const letter = Route.converter({ pattern: "[a-c]+", schema: Schema.NonEmptyString })
const even = Route.converter({
  pattern: "[0-9]+",
  schema: Schema.NumberFromString.pipe(Schema.filter((n) => n % 2 === 0))
})
const pair = Route.converter({ pattern: "[ab]/[ab]", schema: Schema.String, slashes: true })

/** `@` is where a parameter's name goes; its converter, if it is one of ours, is named after it. */
const whole = [":@", ":@(int)", ":@(slug)", ":@(uuid)", ":@=letter", ":@=even"]
const mixed = ["x-:@", "x-:@(int)", ":@(int).x", ":@.:@", ":@-:@(slug)", "x:@=even"]
const tails = [":@(path)", ":@(path).x", "x:@(path)", ":@=pair", ":@=pair.x"]
const texts = ["a", "b", "1", "x-1", "c.x"]
const own: Route.Converters = { letter, even, pair }

const segment = fc.oneof(fc.constantFrom(...texts), fc.constantFrom(...whole, ...mixed))
const ending = fc.oneof(
  fc.constant([]),
  fc.constant([""]),
  fc
    .tuple(
      fc.constantFrom(...tails),
      fc.array(fc.constantFrom(...texts, ...whole), { maxLength: 2 })
    )
    .map(([tail, rest]) => [tail, ...rest])
)

const routeOf = (method: Route.Method, template: string, name: string): Route.Any => {
  let count = 0
  const converters: Record<string, Route.AnyConverter> = {}
  const source = template.replace(/@(?:=(letter|even|pair))?/g, (_, named?: string) => {
    const parameter = `p${count++}`
    const converter = named === undefined ? undefined : own[named]
    if (converter !== undefined) converters[parameter] = converter
    return parameter
  })
  return Route.make([method], source, name, converters)
}

const methods: ReadonlyArray<Route.Method> = ["GET", "POST", "HEAD", "OPTIONS"]

/** Tables whose routes differ in method or shape, as `compile` wants them. */
const tableOf = (
  method: fc.Arbitrary<Route.Method>,
  segment: fc.Arbitrary<string>,
  ending: fc.Arbitrary<ReadonlyArray<string>>,
  maxLength: number
) =>
  fc
    .array(fc.tuple(method, fc.array(segment, { maxLength: 3 }), ending), {
      minLength: 1,
      maxLength
    })
    .map((rows) => {
      const routes = rows.map(([method, segments, last], at) =>
        routeOf(method, `/${[...segments, ...last].join("/")}`, `r${at}`)
      )
      const requests = new Set<string>()
      return routes.filter(({ methods: [method], pattern }) => {
        const request = `${method} ${pattern.shape}`
        const isNew = !requests.has(request)
        requests.add(request)
        return isNew
      })
    })

const varied = tableOf(fc.constantFrom(...methods), segment, ending, 12)

/** Little to tell the routes apart by, so that many match one path and their order decides. */
const dense = tableOf(
  fc.constant("GET"),
  fc.constantFrom("a", "b", ":@", ":@(slug)", "a:@"),
  fc.constantFrom([], [], [""], [":@(path)"], [":@(path)", "b"]),
  20
)
const short = ["a", "b", "ab"].flatMap((one) => [
  `/${one}`,
  ...["a", "b", "ab"].flatMap((two) => [
    `/${one}/${two}`,
    ...["a", "b", ""].map((three) => `/${one}/${two}/${three}`)
  ])
])

const uuid = "075194d3-6885-417e-a8a8-6c931e272f00"
const plain = ["a", "b", "ab", "c.x", "1", "2", "12.x", "x-1", "x-a", "x2", "x", "a-b", "a.b", uuid]
const odd = ["", "%61", "a%2Fb", "..", "%2e", "é", "%C3%A9", "%", "%00"]
const path = fc
  .array(fc.constantFrom(...plain, ...odd), { minLength: 1, maxLength: 5 })
  .map((segments) => `/${segments.join("/")}`)

const requests = fc.array(
  fc.tuple(fc.constantFrom("GET", "HEAD", "POST", "OPTIONS", "PUT"), path),
  {
    minLength: 10,
    maxLength: 30
  }
)

const compiled = (routes: ReadonlyArray<Route.Any>, layer: typeof RadixRouter.layer) =>
  Router.pipe(
    Effect.flatMap((router) =>
      router.compile(routes.map((route) => ({ route, target: route.name })))
    ),
    Effect.provide(layer),
    Effect.runSync
  )

describe("RadixRouter and LinearRouter", () => {
  it("answer alike on random tables and paths", () => {
    const seen: Record<string, number> = {}
    fc.assert(
      fc.property(varied, requests, (routes, all) => {
        const radix = compiled(routes, RadixRouter.layer)
        const linear = compiled(routes, LinearRouter.layer)
        for (const [method, url] of all) {
          const answer = radix.match(method, url)
          seen[answer._tag] = (seen[answer._tag] ?? 0) + 1
          assert.deepStrictEqual(answer, linear.match(method, url))
          if (answer._tag === "Redirect") {
            const there = radix.match(method, answer.to)._tag
            assert.include(["Found", "MethodNotAllowed", "Options"], there, answer.to)
          }
        }
      }),
      { numRuns: 1500 }
    )
    // A property over answers of one kind would say little.
    for (const tag of [
      "Found",
      "NotFound",
      "MethodNotAllowed",
      "Options",
      "Redirect",
      "Malformed"
    ]) {
      assert.isAbove(seen[tag] ?? 0, 100, tag)
    }
  })

  it("agree on the first of many routes that match", () => {
    let later = 0
    fc.assert(
      fc.property(dense, (routes) => {
        const radix = compiled(routes, RadixRouter.layer)
        const linear = compiled(routes, LinearRouter.layer)
        for (const url of short) {
          const answer = radix.match("GET", url)
          assert.deepStrictEqual(answer, linear.match("GET", url))
          if (answer._tag !== "Found") continue
          const others = routes.filter((route) => Route.match(route.pattern, url) !== undefined)
          assert.strictEqual(answer.route, others[0])
          if (others.length > 1) later++
        }
      }),
      { numRuns: 1000 }
    )
    assert.isAbove(later, 3000)
  })

  it("find what they reverse", () => {
    const values: Record<string, fc.Arbitrary<unknown>> = {
      str: fc.string({ minLength: 1, unit: "grapheme" }),
      int: fc.maxSafeNat(),
      slug: fc.stringMatching(/^[-a-zA-Z0-9_]+$/),
      path: fc.string({ minLength: 1, unit: "grapheme" })
    }
    const patterns = [
      "/u/:str/",
      "/n/:int(int)",
      "/m/:int(int)-:slug(slug)/",
      "/x/:str.:slug(slug)",
      "/f/:path(path)",
      "/g/:path(path)/:str/:int(int)"
    ]
    for (const source of patterns) {
      const route = Route.make(["GET"], source, "it")
      const tables = [RadixRouter.layer, LinearRouter.layer].map((one) => compiled([route], one))
      const record = fc.record(
        Object.fromEntries(route.pattern.parameters.map(({ name }) => [name, values[name]!]))
      )
      let found = 0
      fc.assert(
        fc.property(record, (params) => {
          const url = Route.reverseEither(route, params)
          if (url._tag === "Left") return
          assert.match(url.right, /^\/[\x21-\x7e]*$/)
          for (const { match } of tables) {
            const answer = match("GET", url.right)
            assert.strictEqual(answer._tag, "Found", url.right)
            if (answer._tag === "Found") assert.deepStrictEqual({ ...answer.params }, { ...params })
          }
          found++
        }),
        { numRuns: 300 }
      )
      assert.isAbove(found, 150, source)
    }
  })

  it("answer hostile paths in linear time", () => {
    const routes = [
      routeOf("GET", "/x-:@-:@-:@.z", "mixed"),
      routeOf("GET", "/:@(path)/a/:@/b", "tail"),
      routeOf("GET", "/d/:@(path).json", "json")
    ]
    const hostile = [
      `/x-${"-a".repeat(8000)}`,
      `/x-${"-".repeat(252)}`,
      "/a".repeat(8000),
      "/".repeat(16000),
      `/d/${".json".repeat(3000)}x`,
      `/d/${"%2F".repeat(5000)}`
    ]
    for (const layer of [RadixRouter.layer, LinearRouter.layer]) {
      const { match } = compiled(routes, layer)
      for (const url of hostile) {
        const start = performance.now()
        match("GET", url)
        assert.isBelow(performance.now() - start, 200, url.slice(0, 20))
      }
    }
  })
})
