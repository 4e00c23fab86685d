/** The contract must catch routers that are wrong: at least one sabotage per clause. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, Layer } from "effect"
import { contract } from "../../contracts/RouterContract.ts"
import { run } from "../../contracts/run.ts"
import * as Route from "../../src/domain/Route.ts"
import * as Router from "../../src/ports/Router.ts"

const capabilities: Router.Capabilities = { indexes: false }

/** A linear router whose paths, patterns or order somebody meddled with. */
const meddled = (
  meddle: {
    readonly path?: (path: string) => string
    readonly pattern?: (pattern: Route.AnyPattern) => Route.AnyPattern
    readonly candidates?: (
      patterns: ReadonlyArray<readonly [number, Route.AnyPattern]>,
      path: string
    ) => ReadonlyArray<readonly [number, Route.AnyPattern]>
    readonly match?: typeof Route.match
  } = {},
  can = capabilities
): Router.Service =>
  Router.make({
    capabilities: can,
    index: (patterns, hit) => {
      const all = patterns.map((one, at) => [at, meddle.pattern?.(one) ?? one] as const)
      return (raw) => {
        const path = meddle.path?.(raw) ?? raw
        for (const [at, pattern] of meddle.candidates?.(all, path) ?? all) {
          const params = (meddle.match ?? Route.match)(pattern, path)
          if (params !== undefined) return hit(at, params)
        }
        return undefined
      }
    }
  })

/** A right router behind a wrong front. */
const fronted = (
  front: <T>(table: Router.Table<T>) => Partial<Router.Table<T>>
): Router.Service => {
  const right = meddled()
  return {
    capabilities,
    compile: (entries) =>
      Effect.map(right.compile(entries), (table) => ({ ...table, ...front(table) }))
  }
}

/** Reads one converter's texts in another way. */
const decoding =
  (name: keyof typeof Route.converters, decode: (text: string) => unknown) =>
  (pattern: Route.AnyPattern): Route.AnyPattern => {
    const swap = (parameter: Route.Parameter): Route.Parameter =>
      parameter.converter === Route.converters[name]
        ? { ...parameter, converter: { ...parameter.converter, decode } }
        : parameter
    return {
      ...pattern,
      segments: pattern.segments.map((segment) =>
        segment._tag === "Parameter"
          ? { ...segment, parameter: swap(segment.parameter) }
          : segment._tag === "Static"
            ? segment
            : { ...segment, parameters: segment.parameters.map(swap) }
      )
    }
  }

const hasParameters = ([, pattern]: readonly [number, Route.AnyPattern]) =>
  pattern.parameters.length > 0

const builtIn: ReadonlyArray<Route.AnyConverter> = Object.values(Route.converters)

const unescaped = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const sabotages: Readonly<Record<string, readonly [Router.Service, ReadonlyArray<string>]>> = {
  "claims capabilities that it has not": [
    { ...meddled(), capabilities: { indexes: true } },
    ["the layer reports the capabilities that the adapter exports"]
  ],
  "ignores case": [
    meddled({
      path: (path) => path.toLowerCase(),
      pattern: (pattern) => ({
        ...pattern,
        segments: pattern.segments.map((segment) =>
          segment._tag === "Static" ? { ...segment, text: segment.text.toLowerCase() } : segment
        )
      })
    }),
    [
      "a path leads to the route that spells it, letter by letter",
      "uuid takes lower-case digits with dashes",
      "an encoded slash is data, which only path takes",
      "what reverse makes, match finds"
    ]
  ],
  "decodes twice": [
    fronted((table) => ({ match: (method, path) => table.match(method, unescaped(path)) })),
    [
      "text is compared decoded",
      "an encoded slash is data, which only path takes",
      "broken percent-encoding and NUL are malformed",
      "what reverse makes, match finds"
    ]
  ],
  "does not decode": [
    fronted((table) => ({
      match: (method, path) => table.match(method, path.replaceAll("%", "%25"))
    })),
    [
      "text is compared decoded",
      "str takes one segment that is not empty",
      "an encoded slash is data, which only path takes",
      "broken percent-encoding and NUL are malformed",
      "a path with a dot segment matches nothing",
      "a path that exists only with a slash at its end redirects there",
      "a redirect never leads to another site, and is percent-encoded",
      "what reverse makes, match finds"
    ]
  ],
  "takes an empty str": [
    meddled({ pattern: decoding("str", (text) => text) }),
    [
      "str takes one segment that is not empty",
      "empty segments are not merged",
      "an encoded slash is data, which only path takes"
    ]
  ],
  "reads int with Number": [
    meddled({
      pattern: decoding("int", (text) => (Number.isNaN(Number(text)) ? undefined : Number(text)))
    }),
    [
      "int takes digits up to the largest safe integer, as a number",
      "a value that its converter refuses leaves the request to the next route"
    ]
  ],
  "takes any slug": [
    meddled({ pattern: decoding("slug", (text) => text) }),
    ["slug takes ASCII letters, digits, hyphens and underscores"]
  ],
  "takes any uuid": [
    meddled({
      pattern: decoding("uuid", (text) => (/^[-0-9a-fA-F]+$/.test(text) ? text : undefined))
    }),
    ["uuid takes lower-case digits with dashes"]
  ],
  "stops path at the second slash": [
    meddled({
      pattern: decoding("path", (text) => (text.split("/").length > 2 ? undefined : text))
    }),
    [
      "path takes slashes too, up to what follows it",
      "an encoded slash is data, which only path takes",
      "a path with a dot segment matches nothing",
      "what reverse makes, match finds"
    ]
  ],
  "knows no mixed segments": [
    meddled({
      candidates: (all) =>
        all.filter(([, pattern]) => pattern.segments.every(({ _tag }) => _tag !== "Mixed"))
    }),
    [
      "a segment may mix text and parameters",
      "a value that its converter refuses leaves the request to the next route",
      "the first entry that matches wins, whatever it is made of",
      "what reverse makes, match finds"
    ]
  ],
  "stops at the first route of a fitting form": [
    meddled({
      match: (pattern, path) => {
        const params = Route.match(pattern, path)
        const own = pattern.parameters.some(({ converter }) => !builtIn.includes(converter))
        return params ?? (own && /^\/v?[0-9]+\/?$/.test(path) ? ({} as never) : undefined)
      }
    }),
    ["a value that its converter refuses leaves the request to the next route"]
  ],
  "lets the last route win": [
    meddled({ candidates: (all) => [...all].reverse() }),
    [
      "path takes slashes too, up to what follows it",
      "a value that its converter refuses leaves the request to the next route",
      "the first entry that matches wins, whatever it is made of",
      "a path with a dot segment matches nothing"
    ]
  ],
  "lets text win over parameters": [
    meddled({
      candidates: (all) => [
        ...all.filter((one) => !hasParameters(one)),
        ...all.filter(hasParameters)
      ]
    }),
    ["the first entry that matches wins, whatever it is made of"]
  ],
  "never leaves a branch": [
    meddled({
      candidates: (all, path) => {
        const [, first, second] = path.split("/")
        const under = all.filter(([, { segments }]) => {
          const [one, two] = segments
          return (
            one?._tag === "Static" &&
            one.text === first &&
            (two === undefined || (two._tag === "Static" && two.text === second))
          )
        })
        return under.length > 0 ? under : all
      }
    }),
    [
      "the first entry that matches wins, whatever it is made of",
      "a branch that leads nowhere is left again"
    ]
  ],
  "merges slashes": [
    meddled({ path: (path) => path.replace(/\/+/g, "/") }),
    ["path takes slashes too, up to what follows it", "empty segments are not merged"]
  ],
  "takes encoded slashes for separators": [
    meddled({ path: (path) => path.replaceAll(Route.ENCODED_SLASH, "/") }),
    ["an encoded slash is data, which only path takes"]
  ],
  "shrugs at broken encoding": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return match._tag === "Malformed" ? { _tag: "NotFound" } : match
      }
    })),
    ["broken percent-encoding and NUL are malformed"]
  ],
  "resolves dot segments": [
    fronted((table) => ({
      match: (method, path) =>
        table.match(
          method,
          path.includes(".") ? new URL(`http://x/${path.slice(1)}`).pathname : path
        )
    })),
    [
      "a path with a dot segment matches nothing",
      "a redirect never leads to another site, and is percent-encoded"
    ]
  ],
  "ignores methods": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        if (match._tag !== "MethodNotAllowed") return match
        return table.match(match.allow.split(", ")[0] ?? method, path)
      }
    })),
    [
      "a route takes its own methods; for others the path's are listed",
      "a path that exists only with a slash at its end redirects there"
    ]
  ],
  "does not answer HEAD as GET": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return method === "HEAD" && match._tag === "Found" && !match.route.methods.includes("HEAD")
          ? { _tag: "NotFound" }
          : match
      }
    })),
    ["HEAD is answered as GET, unless a route takes HEAD"]
  ],
  "refuses OPTIONS": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return match._tag === "Options" ? { _tag: "MethodNotAllowed", allow: match.allow } : match
      }
    })),
    ["OPTIONS is answered with the path's methods, unless a route takes OPTIONS"]
  ],
  "never redirects": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return match._tag === "Redirect" ? { _tag: "NotFound" } : match
      }
    })),
    [
      "a path that exists only with a slash at its end redirects there",
      "a redirect never leads to another site, and is percent-encoded"
    ]
  ],
  "redirects to the path as sent": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return match._tag === "Redirect" ? { _tag: "Redirect", to: `${path}/` } : match
      }
    })),
    ["a redirect never leads to another site, and is percent-encoded"]
  ],
  "forgets the namespaces": [
    fronted((table) => ({
      match: (method, path) => {
        const match = table.match(method, path)
        return match._tag === "Found" ? { ...match, namespaces: [] } : match
      }
    })),
    [
      "a match holds the target, the very route, its whole pattern, its parameters and its namespaces",
      "a route that is mounted twice leads to the current instance, else the default, else the last"
    ]
  ],
  "sorts the list of routes": [
    fronted((table) => ({
      routes: [...table.routes].sort((a, b) => (a.name < b.name ? -1 : 1))
    })),
    ["the table lists its routes in order, with whole patterns and qualified names"]
  ],
  "lists patterns without their prefix": [
    fronted((table) => ({
      routes: table.routes.map((row) => ({ ...row, pattern: row.route.pattern.source || "/" }))
    })),
    ["the table lists its routes in order, with whole patterns and qualified names"]
  ],
  "accepts contradictions": [
    {
      capabilities,
      compile: <T>(entries: ReadonlyArray<Router.Entry<T>>) =>
        Effect.catchTag(meddled().compile(entries), "RouteConflict", () => meddled().compile<T>([]))
    },
    ["entries that contradict each other are refused, both by name"]
  ],
  "encodes reversed paths twice": [
    fronted((table) => ({
      reverse: (route, ...args) => table.reverse(route, ...args).replaceAll("%", "%25")
    })),
    ["what reverse makes, match finds"]
  ],
  "reverses whatever it is given": [
    fronted((table) => ({
      reverseEither: (route, ...args) =>
        Either.orElse(table.reverseEither(route, ...args), (error) =>
          error._tag === "NotReversible" ? Either.right("/") : Either.left(error)
        )
    })),
    [
      "a value that no URL of the route carries is NotReversible",
      "the parameters of a prefix come from the mount option, else from the current match"
    ]
  ],
  "does not look at the current instance": [
    fronted((table) => ({
      reverse: (route, ...args) => {
        const [params, options] = Route.reverseArguments<Router.ReverseOptions>(route, args)
        const current = { namespaces: [], params: options?.current?.params ?? {} }
        return table.reverse(route as Route.Any, params, { ...options, current })
      }
    })),
    ["a route that is mounted twice leads to the current instance, else the default, else the last"]
  ],
  "fills prefixes from the current match alone": [
    fronted((table) => ({
      reverse: (route, ...args) => {
        const [params, options] = Route.reverseArguments<Router.ReverseOptions>(route, args)
        return table.reverse(route as Route.Any, params, { ...options, mount: {} })
      }
    })),
    ["the parameters of a prefix come from the mount option, else from the current match"]
  ],
  "knows instances, no apps": [
    fronted((table) => ({
      reverseName: (name, params, options) =>
        table.routes.some((row) => row.name === name)
          ? table.reverseName(name, params, {
              ...options,
              current: { namespaces: name.split(":") }
            })
          : Either.left(new Router.NoSuchRoute({ name, near: [] }))
    })),
    [
      "a name leads to its route by instance or by app",
      "an unknown name or route is NoSuchRoute, with the names that look alike"
    ]
  ],
  "throws where a name is unknown": [
    fronted((table) => ({
      reverseName: (name, params, options) =>
        Either.right(Either.getOrThrow(table.reverseName(name, params, options)))
    })),
    [
      "a value that no URL of the route carries is NotReversible",
      "an unknown name or route is NoSuchRoute, with the names that look alike"
    ]
  ],
  "forgets routes beyond the five hundredth": [
    meddled({ candidates: (all) => all.slice(0, 500) }),
    ["a thousand routes are told apart"]
  ],
  "claims an index and has none": [
    meddled({}, { indexes: true }),
    ["a converter looks at a segment once, however many routes share it"]
  ]
}

describe("Router contract: sabotage", () => {
  const caught = new Set<string>()
  for (const [name, [service, broken]] of Object.entries(sabotages)) {
    it.effect(`a router that ${name} fails the contract`, () =>
      Effect.gen(function* () {
        const can = name === "claims an index and has none" ? { indexes: true } : capabilities
        const layer = Layer.succeed(Router.Router, service)
        const verdicts = yield* run(contract, { name, capabilities: can, layer })
        const failed = verdicts.filter((v) => Exit.isFailure(v.exit)).map((v) => v.clause)
        for (const clause of failed) caught.add(clause)
        assert.deepStrictEqual(failed, [...broken])
      })
    )
  }

  it("every clause is failed by some router", () => {
    const clauses = [capabilities, { indexes: true }].flatMap((can) => contract.clauses(can))
    assert.deepStrictEqual(
      clauses.map((clause) => clause.name).filter((name) => !caught.has(name)),
      []
    )
  })
})
