/**
 * What running Django resolves and reverses, asked of our routers. Django's `resolve` takes a decoded
 * path, so each path is encoded first; `<int:id>` is written `:id(int)`.
 *
 * Where the notations do not meet:
 * - Regular expressions as routes (`re`, `old`): optional and unnamed groups have no typed parameters.
 * - Constants of a route or an include (`{"page": 1}`, `{"flag": True}`): a target knows its own
 *   constants; the rest of the answer is compared.
 * - Two routes called `blog`: a name leads to one pattern here, so the second is `blog-page`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { readFileSync } from "node:fs"
import * as LinearRouter from "../../src/adapters/http/LinearRouter.ts"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"
import * as Route from "../../src/domain/Route.ts"
import { type Mount, Router } from "../../src/ports/Router.ts"

const Values = Schema.Record({ key: Schema.String, value: Schema.Unknown })

const Vectors = Schema.Struct({
  resolve: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      match: Schema.NullOr(
        Schema.Struct({
          view_name: Schema.String,
          namespaces: Schema.Array(Schema.String),
          kwargs: Values
        })
      )
    })
  ),
  reverse: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      args: Schema.Array(Schema.Unknown),
      kwargs: Values,
      current_app: Schema.NullOr(Schema.String),
      url: Schema.optional(Schema.String),
      error: Schema.optional(Schema.String)
    })
  )
})

const vectors = (version: string) =>
  Schema.decodeUnknownSync(Schema.parseJson(Vectors))(
    readFileSync(new URL(`../vectors/django-${version}/urls.json`, import.meta.url), "utf8")
  )

const yyyy = Route.converter({
  pattern: "[0-9]{4}",
  schema: Schema.transform(Schema.String, Schema.Number, {
    strict: true,
    decode: Number,
    encode: (year) => String(year).padStart(4, "0")
  })
})
const even = Route.converter({
  pattern: "[0-9]+",
  schema: Schema.NumberFromString.pipe(Schema.filter((n) => n % 2 === 0))
})

const site: ReadonlyArray<Route.Any> = [
  Route.get("/", "home"),
  Route.get("/articles/2003/", "special"),
  Route.get("/articles/:year/", "year", { year: yyyy }),
  Route.get("/articles/:year/:month(int)/", "month", { year: yyyy }),
  Route.get("/articles/:year/:month(int)/:slug(slug)/", "article", { year: yyyy }),
  Route.get("/files/:rest(path)", "files"),
  Route.get("/u/:name/", "user"),
  Route.get("/id/:ref(uuid)/", "ref"),
  Route.get("/even/:n/", "even", { n: even }),
  Route.get("/blog/", "blog"),
  Route.get("/blog/page:page(int)/", "blog-page"),
  Route.get("/sp ace/:x", "space")
]
const polls: ReadonlyArray<Route.Any> = [
  Route.get("/", "index"),
  Route.get("/:pk(int)/", "detail"),
  Route.get("/:pk(int)/results/", "results"),
  Route.get("/:question_id(int)/vote/", "vote")
]
const late: ReadonlyArray<Route.Any> = [
  ...Object.values(
    Route.include("/extra", "", {
      a: Route.get("/a/", "extra-a"),
      b: Route.get("/b/:n(int)/", "extra-b")
    })
  ),
  Route.get("/sitemap-:section.xml", "sitemap-section")
]

const instance = (prefix: Route.AnyPattern, namespace: string) => {
  const mount: Mount = { prefix, namespaces: [namespace], apps: ["polls"] }
  return polls.map((route) => ({ route, target: route.name, mount }))
}
const entries = [
  ...site.map((route) => ({ route, target: route.name })),
  ...instance(Route.pattern("/polls/"), "polls"),
  ...instance(Route.pattern("/author-polls/"), "author-polls"),
  ...instance(Route.pattern("/tenant/:tenant(slug)/"), "tenant-polls"),
  ...late.map((route) => ({ route, target: route.name }))
]

const regexes = ["re", "old"]
const constants = ["page", "flag"]

/** Django's `UUID("…")` values as text, and without the constants that no capture overrides. */
const plain = (kwargs: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>) =>
  Object.fromEntries(
    Object.entries(kwargs)
      .filter(([name]) => names.includes(name) || !constants.includes(name))
      .map(([name, value]) => [name, textOf(value)])
  )

const textOf = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value
  if ("$uuid" in value) return value.$uuid
  return "value" in value ? value.value : value
}

for (const version of ["5.2", "3.2"]) {
  for (const [adapter, { layer }] of Object.entries({ RadixRouter, LinearRouter })) {
    describe(`${adapter} and Django ${version}`, () => {
      const table = Effect.runSync(
        Router.pipe(
          Effect.flatMap((router) => router.compile(entries)),
          Effect.provide(layer)
        )
      )
      const { resolve, reverse } = vectors(version)

      it("resolve alike", () => {
        let compared = 0
        let missed = 0
        for (const { match: expected, path } of resolve) {
          if (expected !== null && regexes.includes(expected.view_name)) {
            missed++
            continue
          }
          compared++
          const found = table.match("GET", Route.encodePath(path))
          if (expected === null) {
            assert.notStrictEqual(found._tag, "Found", path)
            continue
          }
          if (found._tag !== "Found") return assert.fail(`${path}: ${found._tag}`)
          const name = [...found.namespaces, found.route.name].join(":")
          const names = found.route.pattern.parameters.map((parameter) => parameter.name)
          assert.strictEqual(name.replace("blog-page", "blog"), expected.view_name, path)
          assert.deepStrictEqual(found.namespaces, expected.namespaces, path)
          assert.deepStrictEqual({ ...found.params }, plain(expected.kwargs, names), path)
        }
        assert.deepStrictEqual({ compared, missed }, { compared: 34, missed: 3 })
      })

      it("reverse alike", () => {
        let compared = 0
        let missed = 0
        for (const one of reverse) {
          if (regexes.includes(one.name)) {
            missed++
            continue
          }
          compared++
          const name = one.name === "blog" && "page" in one.kwargs ? "blog-page" : one.name
          const parameters =
            table.routes.find((row) => row.name === name)?.route.pattern.parameters ?? []
          const params = {
            ...Object.fromEntries(
              one.args.map((value, at) => [parameters[at]?.name ?? `extra${at}`, value])
            ),
            ...Object.fromEntries(
              Object.entries(one.kwargs).map(([key, value]) => [key, textOf(value)])
            )
          }
          const url = table.reverseName(
            name,
            params,
            one.current_app === null ? {} : { current: { namespaces: [one.current_app] } }
          )
          const what = `${one.name} ${JSON.stringify(params)}`
          assert.strictEqual(Either.getOrUndefined(url), one.url, what)
          assert.strictEqual(Either.isLeft(url), one.error !== undefined, what)
        }
        assert.deepStrictEqual({ compared, missed }, { compared: 32, missed: 4 })
      })
    })
  }
}
