/**
 * Port: the request that is being answered.
 *
 * Views and middleware read `Service`; they get it as an argument and from the tag alike. A server
 * adapter hands over the smaller `Raw` part; everything here is worked out when it is asked for, so
 * that a request pays for what its view reads and for nothing else.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as HttpResponse from "../domain/HttpResponse.ts"
import type * as Route from "../domain/Route.ts"
import type * as Router from "./Router.ts"

/** The request, as views and middleware see it. */
export interface Service {
  /** In capitals: "GET", "POST". */
  readonly method: string
  /** Path and query as the client sent them: "/polls/?page=2". */
  readonly url: string
  /** The path as the client sent it, percent-encoding and all. */
  readonly path: string
  /** "https" too where a trusted proxy says so. */
  readonly scheme: "http" | "https"
  /** Host and port as the client named them ("example.com:8000"), one of the site's allowed hosts. */
  readonly host: string
  /** The client's address, or what a trusted proxy says it is. Absent where the server knows none. */
  readonly remoteAddress: string | undefined
  /** The query, decoded. `get` is the first value of a name, `getAll` are all. */
  readonly query: URLSearchParams
  /** Every header by name in lower case. Repeats are joined by ", " (`cookie` by "; "). */
  readonly headers: Readonly<Record<string, string>>
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** Cookies by name; of repeats the first. A value that is not well encoded is given as it is. */
  readonly cookies: Readonly<Record<string, string>>
  /** What the router found. */
  readonly match: Match
  /** The limits on this request's body. */
  readonly limits: Limits
  /**
   * The path of a route. A route that is mounted more than once leads to the instance that this
   * request is in. Throws where the route is not part of the site or a value fits no URL.
   */
  readonly reverse: <P>(route: Route.Route<P>, ...args: Router.ReverseArgs<P>) => string
  /** `reverse` by qualified name ("polls:detail"), for templates. Throws alike. */
  readonly reverseName: (
    name: string,
    params?: Router.Params,
    options?: Router.ReverseOptions
  ) => string
  /** The whole body. Asked twice, it is read once. */
  readonly bytes: Effect.Effect<Uint8Array, BodyError>
  /** The whole body as UTF-8. */
  readonly text: Effect.Effect<string, BodyError>
  /** The whole body as JSON, whatever the content type says. */
  readonly json: Effect.Effect<unknown, BodyError>
  /**
   * The body as a form: urlencoded, or multipart with its files on disk until the response is sent.
   * No fields where there is no body. Asked twice, it is read once.
   */
  readonly form: Effect.Effect<Form, BodyError>
  /**
   * The body while it arrives, as fast as it is taken. `limits.upload` holds; the body cannot be
   * read in another way before or after.
   */
  readonly stream: Stream.Stream<Uint8Array, BodyError>
  /** Closed once the response has been sent. The `Scope` of views and middleware. */
  readonly scope: Scope.CloseableScope
  /**
   * Adds a header to whatever answers this request, errors included. For middleware that has no
   * need to see the response.
   */
  readonly addHeader: (name: string, value: string) => void
  /** Typed values that middleware leaves for views. Read and written through `local`. */
  readonly locals: Map<Local<never>, unknown>
}

export interface Match {
  /** Absent while no route matches: the answer will be 404, 405 or a redirect. */
  readonly route: Route.Any | undefined
  /** The namespaces the route is mounted under, the outermost first. */
  readonly namespaces: ReadonlyArray<string>
  /** The path's parameters, decoded. */
  readonly params: Router.Params
}

/** Bounds on one request's body. A request beyond them fails with `BodyTooLarge`. */
export interface Limits {
  /** Bytes held in memory: a whole body, or all of a form's fields together. */
  readonly memory: number
  /** Fields of a form. */
  readonly fields: number
  /** Files of a form. */
  readonly files: number
  /** Bytes of a whole upload or stream, files included. */
  readonly upload: number
}

/** Memory, fields and files as Django has them (DATA_UPLOAD_MAX_…); uploads of 64 MiB. */
export const limits: Limits = {
  memory: 2_621_440,
  fields: 1000,
  files: 100,
  upload: 67_108_864
}

export interface Form {
  /** `get` is the first value of a name, `getAll` are all. */
  readonly fields: URLSearchParams
  readonly files: ReadonlyArray<UploadedFile>
}

export interface UploadedFile {
  /** The form's field. */
  readonly field: string
  /** The client's name for it without any folder. A claim: never use it as a path. */
  readonly name: string
  /** What the client says it is. A claim. */
  readonly contentType: string
  /** Bytes. */
  readonly size: number
  /** Where it lies. It is removed once the response has been sent: move or copy it to keep it. */
  readonly path: string
}

/** What an adapter hands over for each request. */
export interface Raw {
  readonly method: string
  /** The request target in origin form: path and query. */
  readonly url: string
  /** By name in lower case. Repeats joined as RFC 9110, 5.3 has it; `cookie` by "; ". */
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  /** The address at the other end of the connection. */
  readonly remoteAddress: string | undefined
  /** The connection is TLS. */
  readonly encrypted: boolean
  /** False where it is known that there is no body. */
  readonly hasBody: boolean
  /** Starts to deliver the body. Called once at most. Callbacks may be called at once or later. */
  readonly read: (sink: Sink) => Reader
}

/** Takes a body while it arrives. Nothing is called after `end` or `gone`. */
export interface Sink {
  readonly chunk: (bytes: Uint8Array) => void
  readonly end: () => void
  /** The client went away, or broke the framing of the body. */
  readonly gone: (cause: unknown) => void
}

export interface Reader {
  readonly pause: () => void
  readonly resume: () => void
  /** No more is wanted. Nothing is called afterwards. */
  readonly cancel: () => void
}

/** Reads a multipart form; its files live until the scope closes. Given by the adapter. */
export type Multipart = (
  raw: Raw,
  contentType: string,
  limits: Limits
) => Effect.Effect<Form, BodyError, Scope.Scope>

export class HttpRequest extends Context.Tag("portico/ports/HttpRequest")<HttpRequest, Service>() {}

/** The body is beyond one of the limits. */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>(
  "portico/ports/HttpRequest/BodyTooLarge"
)("BodyTooLarge", {
  /** The limit that was met. */
  limit: Schema.Literal("memory", "fields", "files", "upload"),
  max: Schema.Number
}) {
  override get message() {
    const unit = this.limit === "fields" || this.limit === "files" ? this.limit : "bytes"
    return `HttpRequest: the body is over the limit of ${this.max} ${unit}. Send less, or raise limits.${this.limit} for this view.`
  }
}

/** The body is not what its content type says. */
export class BodyMalformed extends Schema.TaggedError<BodyMalformed>(
  "portico/ports/HttpRequest/BodyMalformed"
)("BodyMalformed", {
  /** What is wrong, in words that may be shown to the client. */
  reason: Schema.String
}) {
  override get message() {
    return `HttpRequest: ${this.reason}. Send the body in the form that its content type names.`
  }
}

/** Where in the input, and what was expected there. */
export const Issue = Schema.Struct({
  /** `["choices", 0, "text"]`; empty for the whole. */
  path: Schema.Array(Schema.Union(Schema.String, Schema.Number)),
  message: Schema.String
})

/** The body is well formed and holds values that the schema refuses. */
export class BodyInvalid extends Schema.TaggedError<BodyInvalid>(
  "portico/ports/HttpRequest/BodyInvalid"
)("BodyInvalid", { issues: Schema.Array(Issue) }) {
  override get message() {
    return `HttpRequest: the body does not fit. ${describe(this.issues)}`
  }
}

/** The query holds values that the schema refuses. */
export class QueryInvalid extends Schema.TaggedError<QueryInvalid>(
  "portico/ports/HttpRequest/QueryInvalid"
)("QueryInvalid", { issues: Schema.Array(Issue) }) {
  override get message() {
    return `HttpRequest: the query does not fit. ${describe(this.issues)}`
  }
}

/** The client went away while its body was read. No one is left to see the answer. */
export class ClientGone extends Schema.TaggedError<ClientGone>(
  "portico/ports/HttpRequest/ClientGone"
)("ClientGone", { cause: Schema.Defect }) {
  override get message() {
    return `HttpRequest: the client closed the connection before its body was complete. There is nothing to do: the answer would reach no one.`
  }
}

/** Every way in which reading a body fails. */
export type BodyError = BodyTooLarge | BodyMalformed | ClientGone

const describe = (issues: ReadonlyArray<typeof Issue.Type>): string =>
  issues
    .map(({ message, path }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join(" ")

/** What the requests of a site share. Built by the server once. */
export interface Site {
  readonly limits: Limits
  /** Proxies in front of the site whose `X-Forwarded-…` headers are believed; 0 for none. */
  readonly proxies: number
  readonly multipart: Multipart
  readonly router: Pick<Router.Table<unknown>, "reverse" | "reverseName">
}

// ---------------------------------------------------------------------------------------------
// Locals

/** A typed value of the request, left by middleware for views. */
export interface Local<A> {
  readonly id: string
  /** Undefined until it is set. */
  readonly get: (request: Service) => A | undefined
  readonly set: (request: Service, value: A) => void
}

/** A new kind of local, made once per module: two of the same id do not see each other. */
export const local = <A>(id: string): Local<A> => {
  const key: Local<A> = {
    id,
    // Only `set` below writes under this key, and it takes an A.
    get: (request) => request.locals.get(key as unknown as Local<never>) as A | undefined,
    set: (request, value) => void request.locals.set(key as unknown as Local<never>, value)
  }
  return key
}

/** A value that pages see, worked out only when a page is rendered. */
export type TemplateValue = (request: Service) => unknown

const templateValues =
  local<Array<readonly [name: string, value: TemplateValue]>>("template values")

/** Gives every page that this request renders a value of this name, unless its view gives one. */
export const provideToTemplates = (request: Service, name: string, value: TemplateValue): void => {
  const values = templateValues.get(request)
  if (values === undefined) templateValues.set(request, [[name, value]])
  else values.push([name, value])
}

/** What middleware gave to the pages of this request, with `own` before it. */
export const templateContext = (
  request: Service,
  own: Readonly<Record<string, unknown>> = {}
): Readonly<Record<string, unknown>> => {
  const values = templateValues.get(request)
  if (values === undefined) return own
  const context: Record<string, unknown> = {}
  for (const [name, value] of values) if (!(name in own)) context[name] = value(request)
  return Object.assign(context, own)
}

// ---------------------------------------------------------------------------------------------
// Decoding

/** The effective content type, in lower case and without parameters; "" where there is none. */
export const mediaType = (request: Service): string => {
  const type = request.header("content-type")
  if (type === undefined) return ""
  const end = type.indexOf(";")
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
}

const isForm = (type: string): boolean =>
  type === "application/x-www-form-urlencoded" || type === "multipart/form-data"

/** The names whose encoded type is a list: one value of such a name is a list of one. */
const listNames = (ast: AST.AST): ReadonlySet<string> => {
  const names = new Set<string>()
  const isList = (type: AST.AST): boolean => {
    switch (type._tag) {
      case "TupleType":
        return true
      case "Union":
        return type.types.some(isList)
      case "Refinement":
        return isList(type.from)
      case "Transformation":
        return isList(type.from)
      case "Suspend":
        return isList(type.f())
      default:
        return false
    }
  }
  const visit = (type: AST.AST): void => {
    switch (type._tag) {
      case "TypeLiteral":
        for (const { name, type: field } of type.propertySignatures) {
          if (isList(field)) names.add(String(name))
        }
        return
      case "Union":
        return type.types.forEach(visit)
      case "Refinement":
      case "Transformation":
        return visit(type.from)
      case "Suspend":
        return visit(type.f())
      default:
    }
  }
  visit(ast)
  return names
}

const record = (
  values: URLSearchParams,
  lists: ReadonlySet<string>
): Record<string, string | ReadonlyArray<string>> => {
  const result: Record<string, string | ReadonlyArray<string>> = Object.create(null)
  for (const name of values.keys()) {
    if (name in result) continue
    const all = values.getAll(name)
    result[name] = all.length > 1 || lists.has(name) ? all : all[0]!
  }
  return result
}

const issuesOf = (error: ParseResult.ParseIssue): ReadonlyArray<typeof Issue.Type> =>
  ParseResult.ArrayFormatter.formatIssueSync(error).map(({ message, path }) => ({
    path: path.map((part) => (typeof part === "number" ? part : String(part))),
    message
  }))

/**
 * Reads the body through a schema: a form where the content type says so (a field sent once is
 * text, one sent several times or declared as an array is an array), else JSON. Made once, beside
 * the view: the parser is compiled here. The schema must not need services or wait.
 *
 * ```ts
 * const newPoll = HttpRequest.bodyOf(Schema.Struct({ question: Schema.NonEmptyString }))
 * // in a view
 * const poll = yield* newPoll(request)
 * ```
 */
export const bodyOf = <A, I>(
  schema: Schema.Schema<A, I>
): ((request: Service) => Effect.Effect<A, BodyError | BodyInvalid>) => {
  const decode = ParseResult.decodeUnknownEither(schema, { errors: "all" })
  const lists = listNames(schema.ast)
  const decoded = (value: unknown): Exit.Exit<A, BodyInvalid> => {
    const result = decode(value)
    return Either.isRight(result)
      ? Exit.succeed(result.right)
      : Exit.fail(new BodyInvalid({ issues: issuesOf(result.left) }))
  }
  const decodeForm = (form: Form) => decoded(record(form.fields, lists))
  return (request) =>
    isForm(mediaType(request))
      ? Effect.flatMap(request.form, decodeForm)
      : Effect.flatMap(request.json, decoded)
}

/** Reads the query through a schema, as `bodyOf` does a form's fields. Made once, beside the view. */
export const queryOf = <A, I>(
  schema: Schema.Schema<A, I>
): ((request: Service) => Exit.Exit<A, QueryInvalid>) => {
  const decode = ParseResult.decodeUnknownEither(schema, { errors: "all" })
  const lists = listNames(schema.ast)
  return (request) => {
    const result = decode(record(request.query, lists))
    return Either.isRight(result)
      ? Exit.succeed(result.right)
      : Exit.fail(new QueryInvalid({ issues: issuesOf(result.left) }))
  }
}
