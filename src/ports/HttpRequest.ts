/**
 * Port: the request that is being answered.
 *
 * Views and middleware read `Service`; they get it as an argument and from the tag alike. A server
 * adapter hands over the smaller `Raw` part; everything here is worked out when it is asked for, so
 * that a request pays for what its view reads and for nothing else.
 */
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import { pipeArguments } from "effect/Pipeable"
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
  /** How the matched view wants its requests treated; empty while no route matches. */
  readonly options: Options
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

/** How a route's requests are treated before its view sees them. */
export interface Options {
  /**
   * Reads the whole body before the view starts, which then reads it at once: cheaper for small
   * bodies. Not for uploads.
   */
  readonly prebuffer?: boolean
  /** Skips the check against cross-site request forgery: for clients that are not browsers. */
  readonly csrfExempt?: boolean
  /** Limits of this route's bodies in place of the site's. */
  readonly limits?: Partial<Limits>
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
  /** Starts to deliver the body. Called once at most. The sink is called after it has returned. */
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
  const result: Record<string, string | Array<string>> = Object.create(null)
  // One pass: `getAll` for each name would cost the square of their number.
  for (const [name, value] of values) {
    const before = result[name]
    if (before === undefined) result[name] = lists.has(name) ? [value] : value
    else if (typeof before === "string") result[name] = [before, value]
    else before.push(value)
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

// ---------------------------------------------------------------------------------------------
// Implementation

const strictUtf8 = new TextDecoder("utf-8", { fatal: true })

const noOptions: Options = {}
const noParams: Router.Params = {}
const noMatch: Match = { route: undefined, namespaces: [], params: noParams }
const noBytes: Exit.Exit<Uint8Array> = Exit.succeed(new Uint8Array(0))
const noForm: Exit.Exit<Form> = Exit.succeed({ fields: new URLSearchParams(), files: [] })

const gone = (cause: unknown): Exit.Exit<never, ClientGone> => Exit.fail(new ClientGone({ cause }))

const readTwice = Effect.die(
  new Error(
    "HttpRequest: the body has been read in another way before. Read it once: as bytes, text or json, as a form, or as a stream."
  )
)

/** A request of `site`: `Raw` with everything else worked out on demand. */
export const make = (raw: Raw, site: Site): Live => new Live(raw, site)

/** `Service`, with what only the server touches. One shape for every request; fields, not getters, where cheap. */
export class Live implements Service {
  readonly raw: Raw
  readonly method: string
  url: string
  path: string
  match: Match = noMatch
  limits: Limits
  options: Options = noOptions
  /** Headers added by `addHeader`, names and values in turn. */
  added: Array<string> | undefined = undefined
  private readonly _site: Site
  private _queryAt: number
  private _host: string | undefined = undefined
  private _query: URLSearchParams | undefined = undefined
  private _headers: Readonly<Record<string, string>> | undefined = undefined
  private _cookies: Readonly<Record<string, string>> | undefined = undefined
  private _locals: Map<Local<never>, unknown> | undefined = undefined
  private _scope: LazyScope | undefined = undefined
  private _body: Exit.Exit<Uint8Array, BodyError> | undefined = undefined
  private _waiting: Array<(body: Exit.Exit<Uint8Array, BodyError>) => void> | undefined = undefined
  private _form: Effect.Effect<Form, BodyError> | undefined = undefined
  private _read = false

  constructor(raw: Raw, site: Site) {
    this.raw = raw
    this._site = site
    this.method = raw.method
    this.limits = site.limits
    const url = raw.url
    const at = url.indexOf("?")
    this.url = url
    this._queryAt = at
    this.path = at < 0 ? url : url.slice(0, at)
  }

  /** Puts another target and host in place of those sent: for absolute forms (RFC 9112, 3.2.2). */
  retarget(url: string, host: string): void {
    this._host = this._forwarded("x-forwarded-host") ?? host
    const at = url.indexOf("?")
    this.url = url
    this._queryAt = at
    this.path = at < 0 ? url : url.slice(0, at)
  }

  header(name: string): string | undefined {
    const value = this.raw.headers[name]
    return typeof value === "object" ? value.join(", ") : value
  }

  get headers(): Readonly<Record<string, string>> {
    if (this._headers === undefined) {
      const headers: Record<string, string> = Object.create(null)
      for (const name of Object.keys(this.raw.headers)) headers[name] = this.header(name)!
      this._headers = headers
    }
    return this._headers
  }

  /** What the nearest trusted proxy's peer was called in a list that every proxy appends to. */
  private _forwarded(name: string): string | undefined {
    if (this._site.proxies === 0) return undefined
    const value = this.header(name)
    if (value === undefined) return undefined
    const entries = value.split(",")
    return entries[Math.max(0, entries.length - this._site.proxies)]!.trim() || undefined
  }

  get scheme(): "http" | "https" {
    const forwarded = this._forwarded("x-forwarded-proto")
    if (forwarded !== undefined) return forwarded.toLowerCase() === "https" ? "https" : "http"
    return this.raw.encrypted ? "https" : "http"
  }

  get host(): string {
    return (this._host ??= this._forwarded("x-forwarded-host") ?? this.header("host") ?? "")
  }

  get remoteAddress(): string | undefined {
    return this._forwarded("x-forwarded-for") ?? this.raw.remoteAddress
  }

  get query(): URLSearchParams {
    return (this._query ??= new URLSearchParams(
      this._queryAt < 0 ? "" : this.url.slice(this._queryAt + 1)
    ))
  }

  get cookies(): Readonly<Record<string, string>> {
    if (this._cookies === undefined) {
      const sent = this.raw.headers["cookie"]
      this._cookies = parseCookies(typeof sent === "object" ? sent.join("; ") : sent)
    }
    return this._cookies
  }

  get locals(): Map<Local<never>, unknown> {
    return (this._locals ??= new Map())
  }

  get scope(): LazyScope {
    return (this._scope ??= new LazyScope())
  }

  /** The scope, if anyone has added to it. */
  get openScope(): Scope.CloseableScope | undefined {
    return this._scope?.inner
  }

  addHeader(name: string, value: string): void {
    HttpResponse.checkHeader(name, value)
    if (this.added === undefined) this.added = [name, value]
    else this.added.push(name, value)
  }

  reverse<P>(route: Route.Route<P>, ...args: Router.ReverseArgs<P>): string {
    // The arguments are `[options?]` for a route without parameters and `[params, options?]` else;
    // which of the two is the table's business, so only the options are touched here.
    const at = route.pattern.parameters.length === 0 ? 0 : 1
    const options = args[at] as Router.ReverseOptions | undefined
    if (this.match.route === undefined || options?.current !== undefined) {
      return this._site.router.reverse(route, ...args)
    }
    const filled: Array<unknown> = [...args]
    filled[at] = { ...options, current: this.match }
    return this._site.router.reverse(route, ...(filled as unknown as Router.ReverseArgs<P>))
  }

  reverseName(name: string, params?: Router.Params, options?: Router.ReverseOptions): string {
    return Either.getOrThrowWith(
      this._site.router.reverseName(name, params, { current: this.match, ...options }),
      (failure) => failure
    )
  }

  get bytes(): Effect.Effect<Uint8Array, BodyError> {
    if (this._body !== undefined) return this._body
    if (this._read && this._waiting === undefined) return readTwice
    return Effect.async((resume) => this.collect(resume))
  }

  /** Reads the whole body with plain callbacks, so that no fiber need exist while it arrives. */
  collect(done: (body: Exit.Exit<Uint8Array, BodyError>) => void): void {
    if (this._body !== undefined) return done(this._body)
    if (this._waiting !== undefined) return void this._waiting.push(done)
    const max = this.limits.memory
    const settle = (body: Exit.Exit<Uint8Array, BodyError>) => {
      this._body = body
      const waiting = this._waiting!
      this._waiting = undefined
      for (const resume of waiting) resume(body)
    }
    this._read = true
    this._waiting = [done]
    if (!this.raw.hasBody) return settle(noBytes)
    if (declaredLength(this.raw) > max) return settle(tooLarge("memory", max))
    let first: Uint8Array | undefined
    let chunks: Array<Uint8Array> | undefined
    let size = 0
    const reader = this.raw.read({
      chunk: (bytes) => {
        size += bytes.length
        if (size > max) {
          reader.cancel()
          settle(tooLarge("memory", max))
        } else if (first === undefined) first = bytes
        else if (chunks === undefined) chunks = [first, bytes]
        else chunks.push(bytes)
      },
      end: () =>
        settle(chunks ? Exit.succeed(concat(chunks, size)) : first ? Exit.succeed(first) : noBytes),
      gone: (cause) => settle(gone(cause))
    })
  }

  get text(): Effect.Effect<string, BodyError> {
    return Effect.flatMap(this.bytes, decodeText)
  }

  get json(): Effect.Effect<unknown, BodyError> {
    return Effect.flatMap(this.bytes, decodeJson)
  }

  get form(): Effect.Effect<Form, BodyError> {
    return (this._form ??= this._readForm())
  }

  private _readForm(): Effect.Effect<Form, BodyError> {
    if (!this.raw.hasBody) return noForm
    const type = mediaType(this)
    if (type === "application/x-www-form-urlencoded") {
      return Effect.flatMap(this.text, (text) => decodeFields(text, this.limits.fields))
    }
    if (type !== "multipart/form-data") {
      return malformed(
        `the body is ${type === "" ? "of no type" : type}, where a form was expected`
      )
    }
    if (this._read) return readTwice
    this._read = true
    const { limits } = this
    if (declaredLength(this.raw) > limits.upload) return tooLarge("upload", limits.upload)
    const read = Scope.extend(
      this._site.multipart(this.raw, this.header("content-type")!, limits),
      this.scope
    )
    // Whoever asks while the first reader reads waits for the same result.
    let result: Exit.Exit<Form, BodyError> | undefined
    let waiting: Array<(result: Exit.Exit<Form, BodyError>) => void> | undefined
    return Effect.suspend(() => {
      if (result !== undefined) return result
      if (waiting !== undefined) {
        const others = waiting
        return Effect.async<Form, BodyError>((resume) => void others.push(resume))
      }
      const others: Array<(result: Exit.Exit<Form, BodyError>) => void> = (waiting = [])
      return Effect.onExit(read, (exit) =>
        Effect.sync(() => {
          result = exit
          for (const resume of others) resume(exit)
        })
      )
    })
  }

  get stream(): Stream.Stream<Uint8Array, BodyError> {
    return Stream.suspend(() => {
      if (this._body !== undefined) {
        return Exit.isSuccess(this._body)
          ? Stream.make(this._body.value)
          : Stream.failCause(this._body.cause)
      }
      if (this._read) return Stream.fromEffect(readTwice)
      this._read = true
      return streamBody(this.raw, this.limits.upload)
    })
  }
}

/** Bytes buffered before the client is made to wait. */
const highWater = 65_536

const streamBody = (raw: Raw, max: number): Stream.Stream<Uint8Array, BodyError> => {
  if (!raw.hasBody) return Stream.empty
  if (declaredLength(raw) > max) return Stream.fromEffect(tooLarge("upload", max))
  const open = Effect.acquireRelease(
    Effect.sync(() => {
      let chunks: Array<Uint8Array> = []
      let buffered = 0
      let size = 0
      let end: Exit.Exit<never, Option.Option<BodyError>> | undefined
      let wake: (() => void) | undefined
      const notify = () => {
        const resume = wake
        wake = undefined
        resume?.()
      }
      const reader = raw.read({
        chunk: (bytes) => {
          size += bytes.length
          if (size > max) {
            reader.cancel()
            end = Exit.mapError(tooLarge("upload", max), Option.some)
          } else {
            chunks.push(bytes)
            buffered += bytes.length
            if (buffered >= highWater) reader.pause()
          }
          notify()
        },
        end: () => {
          end = Exit.fail(Option.none())
          notify()
        },
        gone: (cause) => {
          end = Exit.mapError(gone(cause), Option.some)
          notify()
        }
      })
      const take = () => {
        const taken = Chunk.unsafeFromArray(chunks)
        chunks = []
        if (buffered >= highWater) reader.resume()
        buffered = 0
        return taken
      }
      const pull: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<BodyError>> = Effect.suspend(
        () =>
          chunks.length > 0
            ? Exit.succeed(take())
            : (end ??
              Effect.async((resume) => {
                wake = () => resume(pull)
              }))
      )
      return { pull, reader, ended: () => end !== undefined }
    }),
    ({ ended, reader }) => Effect.sync(() => (ended() ? undefined : reader.cancel()))
  )
  return Stream.fromPull(Effect.map(open, ({ pull }) => pull))
}

const tooLarge = (limit: BodyTooLarge["limit"], max: number): Exit.Exit<never, BodyTooLarge> =>
  Exit.fail(new BodyTooLarge({ limit, max }))

const malformed = (reason: string): Exit.Exit<never, BodyMalformed> =>
  Exit.fail(new BodyMalformed({ reason }))

/** What `content-length` says; 0 where it says nothing, since what arrives is counted anyway. */
const declaredLength = (raw: Raw): number => {
  const length = Number(raw.headers["content-length"] ?? 0)
  return Number.isFinite(length) ? length : 0
}

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

const decodeText = (bytes: Uint8Array): Exit.Exit<string, BodyError> => {
  try {
    return Exit.succeed(strictUtf8.decode(bytes))
  } catch {
    return malformed("the body is not UTF-8")
  }
}

const decodeJson = (bytes: Uint8Array): Exit.Exit<unknown, BodyError> => {
  const text = decodeText(bytes)
  if (Exit.isFailure(text)) return text
  try {
    return Exit.succeed(JSON.parse(text.value))
  } catch {
    return malformed("the body is not JSON")
  }
}

const decodeFields = (text: string, max: number): Exit.Exit<Form, BodyError> => {
  // Counted before they are parsed, as the limit is there to spare the parsing.
  let count = text === "" ? 0 : 1
  for (let at = text.indexOf("&"); at >= 0; at = text.indexOf("&", at + 1)) count++
  return count > max
    ? tooLarge("fields", max)
    : Exit.succeed({ fields: new URLSearchParams(text), files: [] })
}

/** RFC 6265, 5.4: pairs in turn, of repeats the first. */
const parseCookies = (header: string | undefined): Readonly<Record<string, string>> => {
  const cookies: Record<string, string> = Object.create(null)
  if (header === undefined) return cookies
  let at = 0
  let equals = -1
  while (at < header.length) {
    let end = header.indexOf(";", at)
    if (end < 0) end = header.length
    // Searched for once past each: from every pair anew it would cost the square of the length.
    if (equals < at) equals = header.indexOf("=", at)
    if (equals < 0) break
    if (equals > at && equals < end) {
      const name = header.slice(at, equals).trim()
      if (cookies[name] === undefined)
        cookies[name] = cookieText(header.slice(equals + 1, end).trim())
    }
    at = end + 1
  }
  return cookies
}

const cookieText = (value: string): string => {
  const bare =
    value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  if (!bare.includes("%")) return bare
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}

/** A scope that costs nothing until someone adds to it. */
export class LazyScope implements Scope.CloseableScope {
  readonly [Scope.ScopeTypeId]: Scope.ScopeTypeId = Scope.ScopeTypeId
  readonly [Scope.CloseableScopeTypeId]: Scope.CloseableScopeTypeId = Scope.CloseableScopeTypeId
  inner: Scope.CloseableScope | undefined = undefined

  private _real(): Scope.CloseableScope {
    return (this.inner ??= Effect.runSync(Scope.make()))
  }
  get strategy() {
    return this._real().strategy
  }
  fork(strategy: ExecutionStrategy.ExecutionStrategy) {
    return Effect.suspend(() => Scope.fork(this._real(), strategy))
  }
  addFinalizer(finalizer: Scope.Scope.Finalizer) {
    return Effect.suspend(() => Scope.addFinalizerExit(this._real(), finalizer))
  }
  close(exit: Exit.Exit<unknown, unknown>) {
    return Effect.suspend(() =>
      this.inner === undefined ? Effect.void : Scope.close(this.inner, exit)
    )
  }
  pipe() {
    return pipeArguments(this, arguments)
  }
}
