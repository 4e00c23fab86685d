/**
 * Routes as values: methods, a pattern with typed parameters, a name. The one value behind
 * matching, links, redirects, form actions, tests and OpenAPI.
 *
 * ```ts
 * const detail = Route.get("/polls/:id(int)/", "detail")
 * Route.reverse(detail, { id: 5 }) // "/polls/5/"
 * ```
 *
 * A pattern is written as people read it, decoded: `/déjà vu/50%/`. It is literal text and
 * parameters. `:name` takes one segment as text; `:name(converter)` names a converter (`str`, `int`,
 * `slug`, `uuid`, `path`); `::` is a colon. `// ? # * < > { } \` are not part of
 * a pattern.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"

/** The request methods that routes take. `HEAD` and `OPTIONS` are answered without a route. */
export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"

/** How the text of a parameter becomes a value and back. Made by `converter`. */
export interface Converter<in out A> {
  /** What the text looks like, as a regular expression without anchors. */
  readonly pattern: string
  /** Whether the text may hold slashes, so that the parameter takes several segments. */
  readonly slashes: boolean
  /** The value of a whole text; `undefined` where the text is not one of this converter's. */
  readonly decode: (text: string) => A | undefined
  /** The text of a value; `undefined` where no URL can carry the value. */
  readonly encode: (value: A) => string | undefined
}

/** Converters by parameter name. */
export interface Converters {
  readonly [name: string]: AnyConverter
}

/** Names one parameter of a pattern. */
export interface Parameter {
  readonly name: string
  readonly converter: AnyConverter
}

/** A piece of a pattern between two slashes, as routers read it. */
export type Segment =
  | { readonly _tag: "Static"; readonly text: string }
  /** The whole segment is one parameter. */
  | { readonly _tag: "Parameter"; readonly parameter: Parameter }
  /** Text and parameters: `page:n(int)`, `:name.xml`. */
  | {
      readonly _tag: "Mixed"
      readonly parameters: ReadonlyArray<Parameter>
      /** The same for all segments that match alike, whatever their parameters are called. */
      readonly key: string
      /** The literal text that the segment begins with. */
      readonly prefix: string
      readonly regex: RegExp
      /** Which group of `regex` holds which parameter. */
      readonly groups: ReadonlyArray<number>
    }
  /** From here to the end of the path: a parameter with slashes is among the rest. Always last. */
  | {
      readonly _tag: "Tail"
      readonly parameters: ReadonlyArray<Parameter>
      readonly key: string
      /** `undefined` where the rest is that one parameter, with nothing around it. */
      readonly regex: RegExp | undefined
      readonly groups: ReadonlyArray<number>
    }

/** A pattern that was read: what routers index and `reverse` fills. */
export interface Pattern<in out P> {
  readonly [PatternTypeId]: Types.Invariant<P>
  /** As written, with prefixes joined: `/polls/:id(int)/`. */
  readonly source: string
  /** Literal text (decoded) and parameters in turn. */
  readonly parts: ReadonlyArray<string | Parameter>
  readonly parameters: ReadonlyArray<Parameter>
  /** What follows each slash: `/polls/` is `polls` and an empty segment. */
  readonly segments: ReadonlyArray<Segment>
  /** Equal for two patterns that match the same paths, whatever their parameters are called. */
  readonly shape: string
}

/** A route whose parameters are `P`. */
export interface Route<in out P> {
  readonly [RouteTypeId]: Types.Invariant<P>
  readonly methods: ReadonlyArray<Method>
  readonly pattern: Pattern<P>
  /** Qualified by the namespaces of `include`: `detail`, `polls:detail`. */
  readonly name: string
}

// `any` three times, because these types are invariant: no other argument accepts every one of them.
/** A route of which nothing is known but that it is one. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Any = Route<any>
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyPattern = Pattern<any>
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyConverter = Converter<any>

/** Routes by key, nested as `include` nests them. */
export interface Routes {
  readonly [key: string]: Any | Routes
}

/** What a route's parameters hold: `Route.Params<typeof detail>` is `{ readonly id: number }`. */
export type Params<R> = [R] extends [Route<infer P>] ? P : never

export const PatternTypeId: unique symbol = Symbol.for("portico/domain/Route/Pattern")
export const RouteTypeId: unique symbol = Symbol.for("portico/domain/Route")

// A phantom: never called. `any` because one function stands for every `P`.
// oxlint-disable-next-line typescript/no-explicit-any
const invariant: Types.Invariant<any> = (p) => p

export const isRoute = (u: unknown): u is Any =>
  typeof u === "object" && u !== null && RouteTypeId in u

/**
 * A slash that was percent-encoded (`%2F`), in a decoded path. A lone surrogate, because decoding
 * UTF-8 never yields one. An encoded slash is data, not a separator: `path` takes it as a slash, every
 * other converter and all literal text refuses it.
 */
export const ENCODED_SLASH = "\uDC2F"

// ---------------------------------------------------------------------------------------------
// Converters
// ---------------------------------------------------------------------------------------------

/**
 * A converter from a regular expression and a schema. Text that the schema refuses is no match: the
 * next route is tried. A value that the schema refuses, or whose text does not decode again, is
 * `NotReversible`. The schema must be synchronous, and its values other than `undefined`.
 *
 * Like the pattern of any converter, `pattern` runs on what strangers send: keep it free of nested
 * repetition.
 */
export const converter = <A>(options: {
  readonly pattern: string
  readonly schema: Schema.Schema<A, string>
  /** Whether the text may hold slashes, and so take several segments. Default: false. */
  readonly slashes?: boolean
}): Converter<A> => {
  const whole = new RegExp(`^(?:${options.pattern})$`, "u")
  const slashes = options.slashes ?? false
  const fromText = ParseResult.decodeEither(options.schema)
  const toText = ParseResult.encodeEither(options.schema)
  const decode = (text: string): A | undefined => {
    const plain = slashes ? withSlashes(text) : text
    if (!slashes && (plain.includes("/") || plain.includes(ENCODED_SLASH))) return undefined
    return whole.test(plain) ? Either.getOrUndefined(fromText(plain)) : undefined
  }
  return {
    pattern: options.pattern,
    slashes,
    decode,
    encode: (value) => {
      const text = Either.getOrUndefined(toText(value))
      return text !== undefined && decode(text) !== undefined ? text : undefined
    }
  }
}

const withSlashes = (text: string): string =>
  text.includes(ENCODED_SLASH) ? text.replaceAll(ENCODED_SLASH, "/") : text

/** Text that is its own value. */
const textual = (pattern: string): Converter<string> => {
  const whole = new RegExp(`^${pattern}$`)
  return {
    pattern,
    slashes: false,
    decode: (text) => (whole.test(text) ? text : undefined),
    encode: (value) => (typeof value === "string" && whole.test(value) ? value : undefined)
  }
}

/** The decimal number, or `undefined`. A loop, because it runs for every request with a number. */
const digits = (text: string): number | undefined => {
  if (text.length === 0) return undefined
  let number = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number <= Number.MAX_SAFE_INTEGER ? number : undefined
}

/** The converters that patterns name. Django's, with its meanings. */
export const converters = {
  /** Any text but a slash; not empty. The default. */
  str: {
    pattern: "[^/]+",
    slashes: false,
    decode: (text) => (text.length > 0 && !text.includes(ENCODED_SLASH) ? text : undefined),
    encode: (value) =>
      typeof value === "string" && value.length > 0 && !/[/\uDC2F]/.test(value) ? value : undefined
  },
  /** Digits: 0 to `Number.MAX_SAFE_INTEGER`; a larger number is no match. Leading zeros are taken. */
  int: {
    pattern: "[0-9]+",
    slashes: false,
    decode: digits,
    encode: (value) => (Number.isSafeInteger(value) && value >= 0 ? `${value}` : undefined)
  },
  /** ASCII letters, digits, hyphens and underscores. */
  slug: textual("[-a-zA-Z0-9_]+"),
  /** With dashes, in lower case. */
  uuid: textual("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
  /** Any text, slashes too; not empty. */
  path: {
    pattern: "[^]+",
    slashes: true,
    decode: (text) => (text.length > 0 ? withSlashes(text) : undefined),
    encode: (value) => (typeof value === "string" && value.length > 0 ? value : undefined)
  }
} satisfies {
  readonly str: Converter<string>
  readonly int: Converter<number>
  readonly slug: Converter<string>
  readonly uuid: Converter<string>
  readonly path: Converter<string>
}

// ---------------------------------------------------------------------------------------------
// Pattern literals as types
// ---------------------------------------------------------------------------------------------

interface BuiltIn {
  readonly str: string
  readonly int: number
  readonly slug: string
  readonly uuid: string
  readonly path: string
}

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9"
type Lower =
  | "a"
  | "b"
  | "c"
  | "d"
  | "e"
  | "f"
  | "g"
  | "h"
  | "i"
  | "j"
  | "k"
  | "l"
  | "m"
  | "n"
  | "o"
  | "p"
  | "q"
  | "r"
  | "s"
  | "t"
  | "u"
  | "v"
  | "w"
  | "x"
  | "y"
  | "z"
type Word = Lower | Uppercase<Lower> | Digit | "_"
type Forbidden = "//" | "?" | "#" | "*" | "<" | ">" | "{" | "}" | "\\"

/** The longest name that `S` begins with, and what follows it. */
type Name<S extends string, Taken extends string = ""> = S extends `${infer C}${infer Rest}`
  ? C extends Word
    ? Name<Rest, `${Taken}${C}`>
    : readonly [Taken, S]
  : readonly [Taken, ""]

/** The parameters of a pattern literal, or a message about what is wrong with it. */
type Read<S extends string, C, Out = {}> = S extends `${string}:${infer Rest}`
  ? Rest extends `:${infer AfterColon}`
    ? Read<AfterColon, C, Out>
    : Name<Rest> extends readonly [infer N extends string, infer After extends string]
      ? N extends "" | `${Digit | "_"}${string}`
        ? `A colon begins a parameter, whose name begins with a letter. Write "::" for a colon.`
        : N extends keyof Out
          ? `The parameter "${N}" is in the pattern twice.`
          : After extends `(${infer Named})${infer AfterNamed}`
            ? N extends keyof C
              ? `The parameter "${N}" has two converters. Remove "(${Named})".`
              : Named extends keyof BuiltIn
                ? Read<AfterNamed, C, Out & { readonly [K in N]: BuiltIn[Named] }>
                : `"${Named}" is not a converter. Choose str, int, slug, uuid or path, or give your own in the last argument.`
            : After extends `(${string}`
              ? `The parenthesis after "${N}" is not closed.`
              : Read<
                  After,
                  C,
                  Out & { readonly [K in N]: N extends keyof C ? Value<C[N]> : string }
                >
      : never
  : Exclude<keyof C, keyof Out> extends never
    ? Out
    : `The pattern has no parameter "${Exclude<keyof C, keyof Out> & string}".`

type Value<C> = C extends Converter<infer A> ? A : never

/** The pattern, where it is well formed; else a message as a type, so that the compiler shows it. */
export type Checked<P extends string, C> = string extends P
  ? P
  : P extends `${string}${Forbidden}${string}`
    ? `A pattern holds none of // ? # * < > { } \\. Parameters are written ":name" or ":name(converter)".`
    : P extends "" | `/${string}`
      ? Read<P, C> extends infer Problem extends string
        ? Problem
        : P
      : `A pattern begins with "/".`

/** The parameters that a pattern literal holds: `{ readonly id: number }` for `/:id(int)/`. */
export type ParamsOf<P extends string, C = {}> = string extends P
  ? Readonly<Record<string, unknown>>
  : Flat<Read<P, C>>

// The `infer` makes the compiler show the fields, not the name of this type.
type Flat<P> = P extends infer Q ? { readonly [K in keyof Q]: Q[K] } : never

// ---------------------------------------------------------------------------------------------
// Making routes
// ---------------------------------------------------------------------------------------------

/**
 * A pattern without a route: the prefix under which a site mounts an app. Throws where it is
 * malformed, as every function here that takes one.
 */
export const pattern = <const P extends string, const C extends Converters = {}>(
  source: Checked<P, C>,
  own?: C
): Pattern<ParamsOf<P, C>> => compose(source, read(source, own ?? {}))

/** A route for several methods: `Route.make(["GET", "POST"], "/login/", "login")`. */
export const make = <const P extends string, const C extends Converters = {}>(
  methods: ReadonlyArray<Method>,
  source: Checked<P, C>,
  name: string,
  own?: C
): Route<ParamsOf<P, C>> => {
  if (name === "" || name.includes(":")) {
    throw new Error(
      `Route.make: "${name}" cannot name the route of ${source}. ` +
        `Choose a name without a colon; namespaces are given to Route.include.`
    )
  }
  return { [RouteTypeId]: invariant, methods, pattern: pattern<P, C>(source, own), name }
}

const maker =
  (method: Method) =>
  <const P extends string, const C extends Converters = {}>(
    source: Checked<P, C>,
    name: string,
    own?: C
  ): Route<ParamsOf<P, C>> =>
    make<P, C>([method], source, name, own)

/** A route for GET, which answers HEAD too. The third argument gives parameters their converters. */
export const get = maker("GET")
export const post = maker("POST")
export const put = maker("PUT")
export const patch = maker("PATCH")
// The name is a keyword, hence the detour; users write `Route.delete`.
const del = maker("DELETE")
export { del as delete }

/** What `include` returns: the same keys, the prefix's parameters added to each route's. */
export type Included<R, P> = keyof P extends never
  ? R
  : {
      readonly [K in keyof R]: R[K] extends Route<infer Q> ? Route<Flat<P & Q>> : Included<R[K], P>
    }

/**
 * The routes under a prefix, in a namespace: `Route.include("/:lang(slug)/polls", "polls", { detail })`
 * holds the route `/:lang(slug)/polls/:id(int)/` named `polls:detail`. Includes nest. An empty
 * namespace leaves the names as they are. A slash at the end of the prefix counts once.
 */
export const include = <
  const P extends string,
  const R extends Routes,
  const C extends Converters = {}
>(
  prefix: Checked<P, C>,
  namespace: string,
  routes: R,
  own?: C
): Included<R, ParamsOf<P, C>> => {
  const outer = pattern<P, C>(prefix, own)
  const under = (tree: Routes): Routes =>
    Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [
        key,
        isRoute(value)
          ? {
              ...value,
              pattern: join(outer, value.pattern),
              name: namespace === "" ? value.name : `${namespace}:${value.name}`
            }
          : under(value)
      ])
    )
  // The mapping of a record's keys is beyond inference; test/domain/Route.test.ts holds both to it.
  return under(routes) as Included<R, ParamsOf<P, C>>
}

/** The pattern under a prefix. Throws where the two share a parameter's name. */
export const join = (prefix: AnyPattern, inner: AnyPattern): AnyPattern =>
  compose(prefix.source.replace(/\/$/, "") + inner.source, [
    ...withoutSlash(prefix.parts),
    ...inner.parts
  ])

const withoutSlash = (parts: AnyPattern["parts"]): AnyPattern["parts"] => {
  const last = parts.at(-1)
  return typeof last === "string" && last.endsWith("/")
    ? [...parts.slice(0, -1), last.slice(0, -1)]
    : parts
}

// ---------------------------------------------------------------------------------------------
// Reading patterns
// ---------------------------------------------------------------------------------------------

const malformed = (source: string, fact: string, remedy: string) =>
  new Error(`Route.make: the pattern "${source}" ${fact}. ${remedy}`)

/** A colon and what may follow it: a second colon, a name, a converter, an unclosed parenthesis. */
const token = /:(?:(:)|([A-Za-z][A-Za-z0-9_]*)(?:\(([^)]*)\)|(\())?)?/g

const read = (source: string, own: Converters): ReadonlyArray<Part> => {
  if (source !== "" && !source.startsWith("/")) {
    throw malformed(source, `does not begin with "/"`, "Put a slash before it.")
  }
  const forbidden = /\/\/|[?#*<>{}\\\p{Cc}\p{Cs}]/u.exec(source)
  if (forbidden !== null) {
    throw malformed(
      source,
      `holds ${JSON.stringify(forbidden[0])}`,
      `Parameters are written ":name" or ":name(converter)"; a query is not part of a pattern.`
    )
  }
  const parts: Array<Part> = []
  const unused = new Set(Object.keys(own))
  let literal = ""
  let end = 0
  for (const match of source.matchAll(token)) {
    const [text, colon, name, named, open] = match
    literal += source.slice(end, match.index)
    end = match.index + text.length
    if (colon !== undefined) {
      literal += ":"
      continue
    }
    if (name === undefined) {
      throw malformed(source, "has a colon that names nothing", `Write "::" for a colon.`)
    }
    if (open !== undefined) {
      throw malformed(source, `does not close the parenthesis after "${name}"`, `Write ")".`)
    }
    if (literal !== "") parts.push(literal)
    literal = ""
    parts.push({ name, converter: choose(source, name, named, own) })
    unused.delete(name)
  }
  literal += source.slice(end)
  if (literal !== "") parts.push(literal)
  for (const name of unused) {
    throw malformed(
      source,
      `has no parameter "${name}"`,
      `Remove its converter, or add ":${name}".`
    )
  }
  return parts
}

const choose = (
  source: string,
  name: string,
  named: string | undefined,
  own: Converters
): AnyConverter => {
  const given = Object.hasOwn(own, name) ? own[name] : undefined
  if (given !== undefined) {
    if (named === undefined) return given
    throw malformed(source, `gives "${name}" two converters`, `Remove "(${named})".`)
  }
  const builtIn = named ?? "str"
  if (Object.hasOwn(converters, builtIn)) return converters[builtIn as keyof typeof converters]
  throw malformed(
    source,
    `asks for the converter "${builtIn}"`,
    `Choose ${Object.keys(converters).join(", ")}, or give your own in the last argument.`
  )
}

/** Numbers for converters, so that shapes can be compared as text. */
const numbers = new WeakMap<AnyConverter, number>()
let counted = 0
const numberOf = (converter: AnyConverter): number => {
  const known = numbers.get(converter)
  if (known !== undefined) return known
  numbers.set(converter, ++counted)
  return counted
}

type Part = string | Parameter

const compose = (source: string, pieces: ReadonlyArray<Part>): AnyPattern => {
  const parts: Array<Part> = []
  for (const piece of pieces) {
    const last = parts.at(-1)
    if (typeof piece === "string" && typeof last === "string")
      parts[parts.length - 1] = last + piece
    else if (piece !== "") parts.push(piece)
  }
  const parameters = parts.filter(isParameter)
  const names = new Set<string>()
  for (const { name } of parameters) {
    if (names.has(name)) {
      throw malformed(source, `has the parameter "${name}" twice`, "Rename one of the two.")
    }
    names.add(name)
  }
  const segments = segmented(source, parts)
  return {
    [PatternTypeId]: invariant,
    source,
    parts,
    parameters,
    segments,
    shape: segments.map(keyOf).join("/")
  }
}

const isParameter = (part: Part): part is Parameter => typeof part !== "string"

const segmented = (source: string, parts: ReadonlyArray<Part>): ReadonlyArray<Segment> => {
  const groups: Array<Array<Part>> = [[]]
  for (const part of parts) {
    if (isParameter(part)) {
      groups.at(-1)?.push(part)
      continue
    }
    part.split("/").forEach((text, at) => {
      if (at > 0) groups.push([])
      if (text !== "") groups.at(-1)?.push(text)
    })
  }
  // What precedes the first slash: always empty. The empty pattern is the root's.
  groups.shift()
  if (groups.length === 0) groups.push([])

  const segments: Array<Segment> = []
  for (const [at, group] of groups.entries()) {
    const parameters = group.filter(isParameter)
    const [first] = parameters
    if (parameters.some((p) => p.converter.slashes)) {
      segments.push(tail(source, groups.slice(at)))
      break
    }
    if (first === undefined) segments.push({ _tag: "Static", text: group.join("") })
    else if (group.length === 1) segments.push({ _tag: "Parameter", parameter: first })
    else segments.push(mixed(source, group, parameters))
  }
  return segments
}

/**
 * The bounds of a mixed segment. Its regular expression may look at each way to divide the text
 * between its parameters: with three in 255 characters (the length of a file name) that is some
 * millions of steps at worst, where an unbounded path would let a stranger ask for billions.
 */
const MIXED_PARAMETERS = 3
const MIXED_LENGTH = 255

const mixed = (
  source: string,
  group: ReadonlyArray<Part>,
  parameters: ReadonlyArray<Parameter>
): Segment => {
  if (group.some((part, at) => isParameter(part) && at > 0 && typeof group[at - 1] !== "string")) {
    throw malformed(source, "has two parameters side by side", "Put text or a slash between them.")
  }
  if (parameters.length > MIXED_PARAMETERS) {
    throw malformed(
      source,
      `has ${parameters.length} parameters in one segment`,
      `Take ${MIXED_PARAMETERS} at most, or one parameter with a converter of your own.`
    )
  }
  const [prefix] = group
  return {
    _tag: "Mixed",
    parameters,
    key: groupKey(group),
    prefix: typeof prefix === "string" ? prefix : "",
    ...regexOf([group])
  }
}

const tail = (source: string, groups: ReadonlyArray<ReadonlyArray<Part>>): Segment => {
  const parameters = groups.flatMap((group) => group.filter(isParameter))
  // More would let a stranger's path be divided in ever more ways: see MIXED_LENGTH.
  if (
    parameters.filter((p) => p.converter.slashes).length > 1 ||
    groups.some((group) => group.filter(isParameter).length > 1)
  ) {
    throw malformed(
      source,
      "has a parameter with slashes beside another, or two of them",
      "Take one such parameter; it and all that follow it need a segment of their own."
    )
  }
  return {
    _tag: "Tail",
    parameters,
    key: `\0${groups.map(groupKey).join("/")}`,
    ...(groups.length === 1 && groups[0]?.length === 1
      ? { regex: undefined, groups: [0] }
      : regexOf(groups))
  }
}

const groupKey = (group: ReadonlyArray<Part>): string =>
  group.map((part) => (isParameter(part) ? parameterKey(part) : part)).join("")

// Patterns hold no control characters, so no literal text looks like a parameter's key.
const parameterKey = ({ converter }: Parameter): string => `\0${numberOf(converter)}\0`

/** Groups by number, because named ones cost twice as much for every match. */
const regexOf = (pieces: ReadonlyArray<ReadonlyArray<Part>>) => {
  const groups: Array<number> = []
  let next = 1
  const one = (part: Part) => {
    if (!isParameter(part)) return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    const { pattern } = part.converter
    groups.push(next)
    // Against nothing: the pattern's own groups are counted, whatever they match.
    next += new RegExp(`${pattern}|`, "u").exec("")?.length ?? 1
    return `(${pattern})`
  }
  const text = pieces.map((piece) => piece.map(one).join("")).join("/")
  return { regex: new RegExp(`^${text}$`, "u"), groups }
}

const keyOf = (segment: Segment): string => {
  switch (segment._tag) {
    case "Static":
      return segment.text
    case "Parameter":
      return parameterKey(segment.parameter)
    case "Mixed":
    case "Tail":
      return segment.key
  }
}

// ---------------------------------------------------------------------------------------------
// Matching
// ---------------------------------------------------------------------------------------------

/**
 * The values of a mixed segment's or a tail's parameters, in their order; `undefined` where `text`
 * is not of this form. For routers.
 */
export const capture = (
  segment: Extract<Segment, { readonly _tag: "Mixed" | "Tail" }>,
  text: string
): ReadonlyArray<unknown> | undefined => {
  const { groups, parameters, regex } = segment
  if (
    segment._tag === "Mixed" &&
    (text.length > MIXED_LENGTH || !text.startsWith(segment.prefix))
  ) {
    return undefined
  }
  const found = regex === undefined ? [text] : regex.exec(text)
  if (found === null) return undefined
  const values: Array<unknown> = []
  for (let at = 0; at < parameters.length; at++) {
    // One group for each parameter, by construction; a group that took no part is empty.
    const value: unknown = parameters[at]!.converter.decode(found[groups[at]!] ?? "")
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

/**
 * The parameters of a decoded path that begins with a slash; `undefined` where the pattern does not
 * match it. This is what matching means: routers may be faster, not different.
 */
export const match = <P>(pattern: Pattern<P>, path: string): P | undefined => {
  const params: Record<string, unknown> = {}
  let start = path.startsWith("/") ? 1 : -1
  for (const segment of pattern.segments) {
    if (start === -1) return undefined
    const slash = segment._tag === "Tail" ? -1 : path.indexOf("/", start)
    const text = slash === -1 ? path.slice(start) : path.slice(start, slash)
    start = slash === -1 ? -1 : slash + 1
    if (segment._tag === "Static") {
      if (segment.text !== text) return undefined
    } else if (segment._tag === "Parameter") {
      const { converter, name } = segment.parameter
      const value: unknown = converter.decode(text)
      if (value === undefined) return undefined
      params[name] = value
    } else {
      const values = capture(segment, text)
      if (values === undefined) return undefined
      for (const [at, { name }] of segment.parameters.entries()) params[name] = values[at]
    }
  }
  // The record was filled from the pattern's own parameters: it is the `P` that the pattern declares.
  return start === -1 ? (params as P) : undefined
}

/**
 * Whether a path holds `.` or `..` as a whole segment. Clients resolve such segments before they send
 * a path (RFC 3986, 5.2.4), so none matches and none is made; no `path` parameter ever climbs.
 */
export const hasDotSegment = (path: string): boolean => dotSegment.test(path)

const dotSegment = new RegExp(`(?:^|[/${ENCODED_SLASH}])\\.{1,2}(?=[/${ENCODED_SLASH}]|$)`)

// ---------------------------------------------------------------------------------------------
// Reversal
// ---------------------------------------------------------------------------------------------

type QueryValue = string | number | bigint | boolean

/** What follows the question mark. A list repeats its key; `undefined` leaves it out. */
export type Query =
  | URLSearchParams
  | { readonly [key: string]: QueryValue | ReadonlyArray<QueryValue> | undefined }

export interface ReverseOptions {
  readonly query?: Query
  /** What follows the `#`, unencoded. */
  readonly fragment?: string
}

/** The arguments after the route: its parameters, if it has any, and options. */
export type ReverseArgs<P> = keyof P extends never
  ? readonly [options?: ReverseOptions]
  : readonly [params: P, options?: ReverseOptions]

/** A value that no URL of this route can carry. */
export class NotReversible extends Schema.TaggedError<NotReversible>(
  "portico/domain/Route/NotReversible"
)("NotReversible", {
  route: Schema.String,
  pattern: Schema.String,
  /** The parameter at fault; absent where the values are only wrong together. */
  parameter: Schema.optionalWith(Schema.String, { exact: true }),
  reason: Schema.String
}) {
  override get message() {
    const what = this.parameter === undefined ? "" : ` for "${this.parameter}"`
    return (
      `Route.reverse: the route "${this.route}" (${this.pattern}) makes no URL${what}: ` +
      `${this.reason}. Give a value that the pattern matches.`
    )
  }
}

/** The URL path of a route, percent-encoded. Throws `NotReversible` where a value does not fit. */
export const reverse = <P>(route: Route<P>, ...args: ReverseArgs<P>): string =>
  Either.getOrThrowWith(reverseEither(route, ...args), (error) => error)

/** `reverse`, with the failure as a value: for parameters that come from users. */
export const reverseEither = <P>(
  route: Route<P>,
  ...args: ReverseArgs<P>
): Either.Either<string, NotReversible> => {
  const [params, options] = reverseArguments(route, args)
  return fill(route.name, route.pattern, params, options)
}

/** The two readings of `ReverseArgs` as one: parameters, perhaps none, and options. For routers. */
export const reverseArguments = <Options extends ReverseOptions>(
  route: Any,
  args: readonly unknown[]
): readonly [params: Readonly<Record<string, unknown>>, options: Options | undefined] =>
  // What `ReverseArgs` says, in the two cases that it tells apart.
  (route.pattern.parameters.length === 0 && args.length < 2
    ? [{}, args[0]]
    : [args[0] ?? {}, args[1]]) as [Readonly<Record<string, unknown>>, Options | undefined]

/** The URL of a pattern whose parameters are known by name alone. `name` is for the failure. */
export const fill = (
  name: string,
  pattern: AnyPattern,
  params: Readonly<Record<string, unknown>>,
  options?: ReverseOptions
): Either.Either<string, NotReversible> => {
  const refuse = (reason: string, parameter?: string) =>
    Either.left(
      new NotReversible({
        route: name,
        pattern: pattern.source,
        reason,
        ...(parameter === undefined ? {} : { parameter })
      })
    )
  let path = ""
  for (const part of pattern.parts) {
    if (!isParameter(part)) {
      path += part
      continue
    }
    const value = Object.hasOwn(params, part.name) ? params[part.name] : undefined
    if (value === undefined) return refuse("it is missing", part.name)
    const text = part.converter.encode(value)
    if (text === undefined) return refuse(`it cannot be ${show(value)}`, part.name)
    if (unsendable.test(text)) {
      return refuse("it holds a NUL or half a character, which no URL carries", part.name)
    }
    path += text
  }
  if (path === "") path = "/"
  if (dotSegment.test(path)) return refuse(`browsers would rewrite the path ${show(path)}`)
  if (!pattern.segments.every(isPlain) && !returns(pattern, path, params)) {
    return refuse(`the path ${show(path)} would be read with other values`)
  }
  return Either.right(encodePath(path) + encodeOptions(options))
}

/** A NUL, or a surrogate without its other half. */
const unsendable = /[\0\p{Cs}]/u

/** Segments that can be read in one way only: what was put in comes out. */
const isPlain = ({ _tag }: Segment): boolean => _tag === "Static" || _tag === "Parameter"

/** Whether matching gives back the texts that the path was made of. */
const returns = (
  pattern: AnyPattern,
  path: string,
  params: Readonly<Record<string, unknown>>
): boolean => {
  const found: Readonly<Record<string, unknown>> | undefined = match(pattern, path)
  return (
    found !== undefined &&
    pattern.parameters.every(
      ({ converter, name }) => converter.encode(found[name]) === converter.encode(params[name])
    )
  )
}

const show = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return "an object"
  const text = typeof value === "string" ? JSON.stringify(value) : String(value)
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/**
 * A decoded path, percent-encoded as Django does it: what RFC 3986 (3.3) allows in a path stays. A
 * second slash at the start is encoded, because `//host` would lead to another site.
 */
export const encodePath = (path: string): string => {
  const encoded = plainPath.test(path)
    ? path
    : encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")
  return encoded.startsWith("//") ? `/%2F${encoded.slice(2)}` : encoded
}

const plainPath = /^[A-Za-z0-9_.~/-]*$/

const encodeOptions = (options: ReverseOptions | undefined): string => {
  if (options === undefined) return ""
  const query = options.query === undefined ? "" : searchOf(options.query).toString()
  return (
    (query === "" ? "" : `?${query}`) +
    (options.fragment === undefined
      ? ""
      : `#${encodeURI(options.fragment.replace(/\p{Cs}/gu, "\uFFFD")).replaceAll("#", "%23")}`)
  )
}

const searchOf = (query: Query): URLSearchParams => {
  if (query instanceof URLSearchParams) return query
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) search.append(key, String(one))
  }
  return search
}
