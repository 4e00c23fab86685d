/**
 * What every router does: a table of routes and requests for each rule of matching, and the rules of
 * reversal.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Route from "../src/domain/Route.ts"
import {
  type Capabilities,
  type Entry,
  type Match,
  type Mount,
  type Params,
  Router
} from "../src/ports/Router.ts"
import { type Clause, clause, type Contract, equals, failsWith } from "./Contract.ts"

/** Routes that lead to their own names, at the root of the site or under `mount`. */
const on = (routes: ReadonlyArray<Route.Any>, mount?: Mount): ReadonlyArray<Entry<string>> =>
  routes.map((route) => ({
    route,
    target: route.name,
    ...(mount === undefined ? {} : { mount })
  }))

const compile = (entries: ReadonlyArray<Entry<string>>) =>
  Effect.flatMap(Router, (router) => router.compile(entries))

/** Target and parameters of what was found, or the other answer as it is. */
type Answer = readonly [target: string, params: Params] | Exclude<Match<never>, { _tag: "Found" }>

const answer = (match: Match<string>): Answer =>
  match._tag === "Found" ? [match.target, match.params] : match

const notFound: Answer = { _tag: "NotFound" }
const malformed: Answer = { _tag: "Malformed" }
const redirect = (to: string): Answer => ({ _tag: "Redirect", to })
const notAllowed = (allow: string): Answer => ({ _tag: "MethodNotAllowed", allow })
const options = (allow: string): Answer => ({ _tag: "Options", allow })

/** A clause as a table: with these entries, each request gets this answer. */
const answers = (
  name: string,
  entries: ReadonlyArray<Entry<string>>,
  requests: Readonly<Record<string, Answer>>
): Clause<Router> =>
  clause(
    name,
    Effect.gen(function* () {
      const table = yield* compile(entries)
      for (const [request, expected] of Object.entries(requests)) {
        const space = request.indexOf(" ")
        const match = table.match(request.slice(0, space), request.slice(space + 1))
        yield* equals(request, answer(match), expected)
      }
    })
  )

/** Even numbers only; counts how often a text is looked at. */
const counting = () => {
  let count = 0
  const even = Route.converter({
    pattern: "[0-9]+",
    schema: Schema.transform(Schema.String, Schema.Number, {
      strict: true,
      decode: (text) => {
        count++
        return Number(text)
      },
      encode: String
    }).pipe(Schema.filter((n) => Number.isSafeInteger(n) && n % 2 === 0))
  })
  return { even, count: () => count }
}
const { even } = counting()

const index = Route.get("/", "index")
const detail = Route.get("/:id(int)/", "detail")
const polls = [index, detail]
const under = (prefix: "/polls" | "/author-polls", namespaces: ReadonlyArray<string>): Mount => ({
  prefix: Route.pattern(prefix),
  namespaces,
  apps: namespaces.map(() => "polls")
})
const tenant = Route.pattern("/tenant/:tenant(slug)/")
const uuid = "075194d3-6885-417e-a8a8-6c931e272f00"

export const contract: Contract<Router, Capabilities> = {
  name: "Router",
  clauses: (can) => [
    clause(
      "the layer reports the capabilities that the adapter exports",
      Effect.gen(function* () {
        yield* equals("capabilities", (yield* Router).capabilities, can)
      })
    ),

    // -- Matching -----------------------------------------------------------------------------

    answers(
      "a path leads to the route that spells it, letter by letter",
      on([
        Route.get("/", "home"),
        Route.get("/about/", "about"),
        Route.get("/a.b/[c]+", "signs"),
        Route.get("/v1::sync", "colon")
      ]),
      {
        "GET /": ["home", {}],
        "GET /about/": ["about", {}],
        "GET /About/": notFound,
        "GET /about/us": notFound,
        "GET /a.b/[c]+": ["signs", {}],
        "GET /aXb/[c]+": notFound,
        "GET /a.b/c": notFound,
        "GET /v1:sync": ["colon", {}],
        "GET about/": notFound,
        "GET *": notFound
      }
    ),

    answers(
      "text is compared decoded",
      on([Route.get("/sp ace/déjà/50%/", "text"), Route.get("/u/:name/", "user")]),
      {
        "GET /sp%20ace/d%C3%A9j%c3%a0/50%25/": ["text", {}],
        "GET /s%70%20ace/déjà/50%25/": ["text", {}],
        "GET /sp+ace/déjà/50%25/": notFound,
        "GET /u/%E2%82%AC%20%F0%9F%98%80/": ["user", { name: "€ 😀" }],
        "GET /u/%2541/": ["user", { name: "%41" }],
        "GET /u/a+b/": ["user", { name: "a+b" }]
      }
    ),

    answers(
      "str takes one segment that is not empty",
      on([Route.get("/u/:name/", "user"), Route.get("/:a(str)/:b", "pair")]),
      {
        "GET /u/ann/": ["user", { name: "ann" }],
        "GET /u/%0A/": ["user", { name: "\n" }],
        "GET /u//": notFound,
        "GET /u/a/b/": notFound,
        "GET /x/y": ["pair", { a: "x", b: "y" }],
        "GET /x/": notFound,
        "GET //y": notFound
      }
    ),

    answers(
      "int takes digits up to the largest safe integer, as a number",
      on([Route.get("/n/:n(int)/", "n")]),
      {
        "GET /n/0/": ["n", { n: 0 }],
        "GET /n/0012/": ["n", { n: 12 }],
        "GET /n/9007199254740991/": ["n", { n: Number.MAX_SAFE_INTEGER }],
        "GET /n/9007199254740992/": notFound,
        [`GET /n/${"9".repeat(400)}/`]: notFound,
        "GET /n/-1/": notFound,
        "GET /n/1.5/": notFound,
        "GET /n/1e3/": notFound,
        "GET /n/%D9%A3/": notFound,
        "GET /n//": notFound
      }
    ),

    answers(
      "slug takes ASCII letters, digits, hyphens and underscores",
      on([Route.get("/s/:s(slug)/", "s")]),
      {
        "GET /s/under_score-9/": ["s", { s: "under_score-9" }],
        "GET /s/no%20space/": notFound,
        "GET /s/%C3%A9/": notFound,
        "GET /s/a%0A/": notFound,
        "GET /s//": notFound
      }
    ),

    answers("uuid takes lower-case digits with dashes", on([Route.get("/id/:ref(uuid)/", "ref")]), {
      [`GET /id/${uuid}/`]: ["ref", { ref: uuid }],
      [`GET /id/${uuid.toUpperCase()}/`]: notFound,
      [`GET /id/${uuid.replaceAll("-", "")}/`]: notFound,
      [`GET /id/${uuid}0/`]: notFound
    }),

    answers(
      "path takes slashes too, up to what follows it",
      on([
        Route.get("/files/:rest(path)/edit", "edit"),
        Route.get("/files/:rest(path).json", "json"),
        Route.get("/files/:rest(path)", "files"),
        Route.get("/:repo(path)/blob/:branch/:n(int)", "blob")
      ]),
      {
        "GET /files/a/b/c.txt": ["files", { rest: "a/b/c.txt" }],
        "GET /files/a/b/": ["files", { rest: "a/b/" }],
        "GET /files/a//b": ["files", { rest: "a//b" }],
        "GET /files/a/b/edit": ["edit", { rest: "a/b" }],
        "GET /files/edit/edit/edit": ["edit", { rest: "edit/edit" }],
        "GET /files/a/b.json": ["json", { rest: "a/b" }],
        "GET /files/": notFound,
        "GET /x/y/blob/main/7": ["blob", { repo: "x/y", branch: "main", n: 7 }],
        "GET /x/y/blob/main/z": notFound
      }
    ),

    answers(
      "a segment may mix text and parameters",
      on([
        Route.get("/page:n(int)/", "page"),
        Route.get("/sitemap-:section.xml", "sitemap"),
        Route.get("/:id(int)-:title(slug)/", "titled"),
        Route.get("/:year(int)-:month(int)-:day(int)", "day")
      ]),
      {
        "GET /page7/": ["page", { n: 7 }],
        "GET /page-7/": notFound,
        "GET /page/": notFound,
        "GET /sitemap-a.b.xml": ["sitemap", { section: "a.b" }],
        "GET /sitemap-.xml": notFound,
        "GET /sitemap-aXxml": notFound,
        "GET /12-my-title/": ["titled", { id: 12, title: "my-title" }],
        "GET /2024-02-09": ["day", { year: 2024, month: 2, day: 9 }],
        [`GET /sitemap-${"a".repeat(243)}.xml`]: ["sitemap", { section: "a".repeat(243) }],
        [`GET /sitemap-${"a".repeat(244)}.xml`]: notFound
      }
    ),

    answers(
      "a value that its converter refuses leaves the request to the next route",
      on([
        Route.get("/:n/", "even", { n: even }),
        Route.get("/:n(int)/", "int"),
        Route.get("/v:n", "version", { n: even }),
        Route.get("/:s(slug)/", "slug"),
        Route.get("/:s", "text")
      ]),
      {
        "GET /4/": ["even", { n: 4 }],
        "GET /3/": ["int", { n: 3 }],
        "GET /9007199254740993/": ["slug", { s: "9007199254740993" }],
        "GET /v2": ["version", { n: 2 }],
        "GET /v3": ["text", { s: "v3" }]
      }
    ),

    answers(
      "the first entry that matches wins, whatever it is made of",
      on([
        Route.get("/a/first", "first"),
        Route.get("/a/:x", "any"),
        Route.get("/a/second", "second"),
        Route.get("/:x/b/c", "inner"),
        Route.get("/z/:x(path)", "all"),
        Route.get("/z/b/d", "late"),
        Route.get("/z/:x/:y", "later"),
        Route.get("/k-:x/", "mixed"),
        Route.get("/:x(slug)/", "slug"),
        Route.get("/k-1/", "exact")
      ]),
      {
        "GET /a/first": ["first", {}],
        "GET /a/second": ["any", { x: "second" }],
        "GET /z/b/c": ["inner", { x: "z" }],
        "GET /z/b/d": ["all", { x: "b/d" }],
        "GET /z/1/2": ["all", { x: "1/2" }],
        "GET /k-1/": ["mixed", { x: "1" }],
        "GET /l-1/": ["slug", { x: "l-1" }]
      }
    ),

    answers(
      "a branch that leads nowhere is left again",
      on([Route.get("/a/b/c", "deep"), Route.get("/a/:x/d", "one"), Route.get("/:x/:y/e", "two")]),
      {
        "GET /a/b/c": ["deep", {}],
        "GET /a/b/d": ["one", { x: "b" }],
        "GET /a/b/e": ["two", { x: "a", y: "b" }],
        "GET /a/b/f": notFound,
        "GET /a/b": notFound
      }
    ),

    answers(
      "empty segments are not merged",
      on([Route.get("/a/b/", "b"), Route.get("/a/:x/c", "c")]),
      {
        "GET /a/b/": ["b", {}],
        "GET /a/x/c": ["c", { x: "x" }],
        "GET /a//b/": notFound,
        "GET //a/b/": notFound,
        "GET /a/b//": notFound,
        "GET /a//c": notFound
      }
    ),

    answers(
      "an encoded slash is data, which only path takes",
      on([
        Route.get("/u/:name/", "user"),
        Route.get("/m-:name/", "mixed"),
        Route.get("/a/b/", "text"),
        Route.get("/f/:rest(path)", "files")
      ]),
      {
        "GET /u/a/": ["user", { name: "a" }],
        "GET /u/a%2Fb/": notFound,
        "GET /u/a%2fb/": notFound,
        "GET /u/a%252Fb/": ["user", { name: "a%2Fb" }],
        "GET /m-a%2Fb/": notFound,
        "GET /a/b/": ["text", {}],
        "GET /a%2Fb/": notFound,
        "GET /f/a%2Fb/c%20d": ["files", { rest: "a/b/c d" }]
      }
    ),

    answers(
      "broken percent-encoding and NUL are malformed",
      on([Route.get("/f/:rest(path)", "files")]),
      {
        "GET /f/a": ["files", { rest: "a" }],
        "GET /f/%": malformed,
        "GET /f/%4": malformed,
        "GET /f/%zz": malformed,
        "GET /f/%FF": malformed,
        "GET /f/%C3": malformed,
        "GET /f/%C0%AF": malformed,
        "GET /f/%ED%A0%80": malformed,
        "GET /f/a%00b": malformed
      }
    ),

    answers(
      "a path with a dot segment matches nothing",
      on([Route.get("/f/:rest(path)", "files"), Route.get("/:x/:y", "pair")]),
      {
        "GET /f/..a/.b/c.": ["files", { rest: "..a/.b/c." }],
        "GET /f/%2Eb": ["files", { rest: ".b" }],
        "GET /f/../etc": notFound,
        "GET /f/a/..": notFound,
        "GET /f/./a": notFound,
        "GET /f/%2e%2E/etc": notFound,
        "GET /f/..%2Fetc": notFound,
        "GET /f/a%2f..": notFound,
        "GET /f/.": notFound,
        "GET /../x": notFound
      }
    ),

    // -- Methods and slashes -------------------------------------------------------------------

    answers(
      "a route takes its own methods; for others the path's are listed",
      on([
        Route.get("/a/", "read"),
        Route.make(["PUT", "PATCH"], "/a/", "write"),
        Route.delete("/:x/", "remove"),
        Route.post("/p/", "create")
      ]),
      {
        "GET /a/": ["read", {}],
        "PUT /a/": ["write", {}],
        "PATCH /a/": ["write", {}],
        "DELETE /a/": ["remove", { x: "a" }],
        "POST /a/": notAllowed("GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        "get /a/": notAllowed("GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        "PROPFIND /p/": notAllowed("POST, DELETE, OPTIONS"),
        "HEAD /p/": notAllowed("POST, DELETE, OPTIONS"),
        "GET /b/c": notFound
      }
    ),

    answers(
      "HEAD is answered as GET, unless a route takes HEAD",
      on([
        Route.get("/a/", "read"),
        Route.get("/:x(int)/", "number"),
        Route.make(["HEAD"], "/a/", "probe")
      ]),
      {
        "HEAD /5/": ["number", { x: 5 }],
        "HEAD /a/": ["probe", {}],
        "GET /a/": ["read", {}],
        "HEAD /b/": notFound
      }
    ),

    answers(
      "OPTIONS is answered with the path's methods, unless a route takes OPTIONS",
      on([
        Route.get("/a/", "read"),
        Route.post("/:x/", "create"),
        Route.make(["OPTIONS"], "/own/", "own")
      ]),
      {
        "OPTIONS /a/": options("GET, HEAD, POST, OPTIONS"),
        "OPTIONS /b/": options("POST, OPTIONS"),
        "OPTIONS /own/": ["own", {}],
        "OPTIONS /b/c": notFound
      }
    ),

    answers(
      "a path that exists only with a slash at its end redirects there",
      on([
        Route.get("/a b/:id(int)/", "detail"),
        Route.get("/both", "without"),
        Route.get("/both/", "with"),
        Route.post("/post/", "post"),
        Route.post("/only", "only"),
        Route.get("/only/", "only-slashed"),
        Route.get("/exact", "exact"),
        Route.get("/:rest(path)/tail/", "tail")
      ]),
      {
        "GET /a%20b/5/": ["detail", { id: 5 }],
        "GET /a%20b/5": redirect("/a%20b/5/"),
        "HEAD /a%20b/5": redirect("/a%20b/5/"),
        "GET /both": ["without", {}],
        "GET /both/": ["with", {}],
        "GET /post": redirect("/post/"),
        "GET /only": notAllowed("POST, OPTIONS"),
        "GET /exact/": notFound,
        "GET /a%20b/x": notFound
      }
    ),

    answers(
      "a redirect never leads to another site, and is percent-encoded",
      on([Route.get("/:rest(path)/", "all")]),
      {
        "GET /a": redirect("/a/"),
        "GET //evil.example": redirect("/%2Fevil.example/"),
        "GET /\\evil.example": redirect("/%5Cevil.example/"),
        'GET /é\r\n"': redirect("/%C3%A9%0D%0A%22/"),
        "GET /\uD800": redirect("/%EF%BF%BD/"),
        "GET /%2Fevil.example": redirect("/%2Fevil.example/")
      }
    ),

    // -- Mounts --------------------------------------------------------------------------------

    clause(
      "a match holds the target, the very route, its whole pattern, its parameters and its namespaces",
      Effect.gen(function* () {
        const table = yield* compile([
          ...on([index]),
          ...on(polls, { prefix: tenant, namespaces: ["tenant", "polls"] })
        ])
        const found = table.match("GET", "/tenant/acme/5/")
        yield* equals("found", found, {
          _tag: "Found",
          target: "detail",
          route: detail,
          pattern: "/tenant/:tenant(slug)/:id(int)/",
          params: { tenant: "acme", id: 5 },
          namespaces: ["tenant", "polls"]
        })
        yield* equals("the very route", found._tag === "Found" && found.route === detail, true)
        yield* equals("root", table.match("GET", "/"), {
          _tag: "Found",
          target: "index",
          route: index,
          pattern: "/",
          params: {},
          namespaces: []
        })
      })
    ),

    clause(
      "the table lists its routes in order, with whole patterns and qualified names",
      Effect.gen(function* () {
        const table = yield* compile([
          ...on([Route.make(["GET", "POST"], "", "home")]),
          ...on(polls, { prefix: tenant, namespaces: ["t"] })
        ])
        yield* equals(
          "rows",
          table.routes.map((row) => [row.methods.join("|"), row.pattern, row.name, row.target]),
          [
            ["GET|POST", "/", "home", "home"],
            ["GET", "/tenant/:tenant(slug)/", "t:index", "index"],
            ["GET", "/tenant/:tenant(slug)/:id(int)/", "t:detail", "detail"]
          ]
        )
        yield* equals("the very route", table.routes[2]?.route === detail, true)
      })
    ),

    clause(
      "entries that contradict each other are refused, both by name",
      Effect.gen(function* () {
        const refused = (entries: ReadonlyArray<Entry<string>>) =>
          Effect.map(failsWith("compile", compile(entries), "RouteConflict"), (error) => [
            error.kind,
            error.first,
            error.second
          ])
        const other = Route.make(["GET", "POST"], "/:n(int)/", "other")
        yield* compile(on([index, detail, Route.post("/:n(int)/", "other")]))
        yield* equals("one pattern twice", yield* refused(on([detail, other])), [
          "pattern",
          "GET /:id(int)/ (detail)",
          "GET /:n(int)/ (other)"
        ])
        yield* compile(on([detail, Route.post("/:id(int)/", "detail")]))
        yield* equals(
          "one name for two patterns",
          yield* refused(on([detail, Route.get("/all/", "detail")])),
          ["name", "GET /:id(int)/ (detail)", "GET /all/ (detail)"]
        )
        yield* compile([
          ...on([index], under("/polls", ["polls"])),
          ...on([index], under("/author-polls", ["author-polls"]))
        ])
        yield* equals(
          "one namespace for two mounts",
          yield* refused([
            ...on([index], under("/polls", ["polls"])),
            ...on([detail], under("/author-polls", ["polls"]))
          ]),
          ["namespace", "GET /polls/ (polls:index)", "GET /author-polls/:id(int)/ (polls:detail)"]
        )
        yield* equals(
          "one parameter in prefix and route",
          yield* refused(on([detail], { prefix: Route.pattern("/:id"), namespaces: ["x"] })),
          ["parameter", "the prefix /:id", "GET /:id/:id(int)/ (x:detail)"]
        )
      })
    ),

    // -- Reversal ------------------------------------------------------------------------------

    clause(
      "what reverse makes, match finds",
      Effect.gen(function* () {
        const text = Route.get("/50% sp ace/:name/x-:n(int).html", "text")
        const files = Route.get("/files/:rest(path)", "files")
        const table = yield* compile(on([text, files, index]))
        const params = { name: "é & ?#%2F", n: 7 }
        const url = table.reverse(text, params)
        yield* equals("url", url, "/50%25%20sp%20ace/%C3%A9%20&%20%3F%23%252F/x-7.html")
        yield* equals("found", answer(table.match("GET", url)), ["text", params])
        const file = table.reverse(files, { rest: "a/b c/é.txt" })
        yield* equals("file", file, "/files/a/b%20c/%C3%A9.txt")
        yield* equals("found", answer(table.match("GET", file)), ["files", { rest: "a/b c/é.txt" }])
        yield* equals("root", table.reverse(index), "/")
        yield* equals(
          "query and fragment",
          table.reverse(text, params, { query: { q: "a b", page: [1, 2] }, fragment: "é" }),
          `${url}?q=a+b&page=1&page=2#%C3%A9`
        )
      })
    ),

    clause(
      "a value that no URL of the route carries is NotReversible",
      Effect.gen(function* () {
        const user = Route.get("/u/:name/", "user")
        const table = yield* compile(on([user, detail]))
        yield* equals("positive", table.reverse(user, { name: "a" }), "/u/a/")
        for (const name of ["a/b", "", "..", "\0", "\uD800"]) {
          yield* failsWith(
            `name ${JSON.stringify(name)}`,
            table.reverseEither(user, { name }),
            "NotReversible"
          )
        }
        for (const id of [-1, 1.5, NaN, 2 ** 53]) {
          yield* failsWith(`id ${id}`, table.reverseEither(detail, { id }), "NotReversible")
        }
        yield* failsWith("missing", table.reverseName("detail"), "NotReversible")
      })
    ),

    clause(
      "a route that is mounted twice leads to the current instance, else the default, else the last",
      Effect.gen(function* () {
        const author = on(polls, under("/author-polls", ["author-polls"]))
        const byDefault = on(polls, under("/polls", ["polls"]))
        const table = yield* compile([...byDefault, ...author])
        const current = (namespace: string) => ({ current: { namespaces: [namespace] } })
        yield* equals("current", table.reverse(index, current("author-polls")), "/author-polls/")
        yield* equals("default", table.reverse(index), "/polls/")
        yield* equals("elsewhere", table.reverse(index, current("blog")), "/polls/")
        const found = table.match("GET", "/author-polls/5/")
        yield* equals(
          "from a match",
          found._tag === "Found" && table.reverse(detail, { id: 6 }, { current: found }),
          "/author-polls/6/"
        )
        const noDefault = yield* compile([
          ...on(polls, under("/polls", ["first"])),
          ...on(polls, under("/author-polls", ["second"]))
        ])
        yield* equals("last", noDefault.reverse(index), "/author-polls/")
      })
    ),

    clause(
      "the parameters of a prefix come from the mount option, else from the current match",
      Effect.gen(function* () {
        const table = yield* compile(on(polls, { prefix: tenant, namespaces: ["polls"] }))
        const found = table.match("GET", "/tenant/acme/")
        if (found._tag !== "Found") return yield* equals("found", found._tag, "Found")
        yield* equals("current", table.reverse(index, { current: found }), "/tenant/acme/")
        yield* equals(
          "given",
          table.reverse(detail, { id: 2 }, { current: found, mount: { tenant: "b" } }),
          "/tenant/b/2/"
        )
        yield* equals(
          "by name",
          yield* table.reverseName("polls:detail", { tenant: "c", id: 3 }, { current: found }),
          "/tenant/c/3/"
        )
        yield* failsWith("missing", table.reverseEither(index), "NotReversible")
      })
    ),

    clause(
      "a name leads to its route by instance or by app",
      Effect.gen(function* () {
        const nested = Route.include("/archive", "archive", { index })
        const table = yield* compile([
          ...on([...polls, nested.index], under("/polls", ["polls"])),
          ...on([...polls, nested.index], under("/author-polls", ["author-polls"])),
          ...on([Route.get("/login/", "login")])
        ])
        const author = { current: { namespaces: ["author-polls"] } }
        yield* equals("plain", yield* table.reverseName("login"), "/login/")
        yield* equals("app", yield* table.reverseName("polls:detail", { id: 7 }), "/polls/7/")
        yield* equals(
          "instance",
          yield* table.reverseName("author-polls:detail", { id: 7 }),
          "/author-polls/7/"
        )
        yield* equals(
          "current",
          yield* table.reverseName("polls:index", {}, author),
          "/author-polls/"
        )
        yield* equals("nested", yield* table.reverseName("polls:archive:index"), "/polls/archive/")
      })
    ),

    clause(
      "an unknown name or route is NoSuchRoute, with the names that look alike",
      Effect.gen(function* () {
        const table = yield* compile([
          ...on([Route.get("/loans/", "loans"), Route.get("/login/", "login")]),
          ...on(polls, under("/polls", ["polls"]))
        ])
        const near = (url: ReturnType<typeof table.reverseName>) =>
          Effect.map(failsWith("reverse", url, "NoSuchRoute"), (error) => error.near)
        yield* equals("known", yield* table.reverseName("login"), "/login/")
        yield* equals("misspelt", yield* near(table.reverseName("logn")), ["login", "loans"])
        yield* equals("no namespace", yield* near(table.reverseName("detail", { id: 1 })), [
          "polls:detail"
        ])
        yield* equals("nothing alike", yield* near(table.reverseName("zzzzzzzz")), [])
        yield* equals("not mounted", yield* near(table.reverseEither(Route.get("/x", "logi"))), [
          "login"
        ])
      })
    ),

    // -- Capabilities --------------------------------------------------------------------------

    can.indexes
      ? clause(
          "a converter looks at a segment once, however many routes share it",
          Effect.gen(function* () {
            const probe = counting()
            const routes = Array.from({ length: 1000 }, (_, n) =>
              Route.make(["GET"], `/:x/r${n}`, `r${n}`, { x: probe.even })
            )
            const table = yield* compile(on(routes))
            const before = probe.count()
            yield* equals("last", answer(table.match("GET", "/4/r999")), ["r999", { x: 4 }])
            yield* equals("looks", probe.count() - before, 1)
          })
        )
      : clause(
          "a thousand routes are told apart",
          Effect.gen(function* () {
            const routes = Array.from({ length: 1000 }, (_, n) =>
              Route.make(["GET"], `/:x(int)/r${n}`, `r${n}`)
            )
            const table = yield* compile(on(routes))
            yield* equals("first", answer(table.match("GET", "/4/r0")), ["r0", { x: 4 }])
            yield* equals("last", answer(table.match("GET", "/4/r999")), ["r999", { x: 4 }])
            yield* equals("none", answer(table.match("GET", "/4/r1000")), notFound)
          })
        )
  ]
}
