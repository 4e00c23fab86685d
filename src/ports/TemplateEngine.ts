/**
 * Port: pages from templates and data.
 *
 * Views call `Service`. Adapters implement the smaller `Driver` and hand it to `make`, which adds what
 * must be the same everywhere: finding templates, checking names, caching, turning a context into
 * plain data, limits, and failures that show the line.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { type Html, trusted } from "../domain/Html.ts"
import { near } from "../domain/Near.ts"
import { encode, type Fields, Refused } from "../domain/TemplateData.ts"
import { Unavailable } from "./PortError.ts"

/** What engines may differ in. The contract tests both answers of every flag. */
export interface Capabilities {
  /**
   * A template is a program: whoever may edit one may run code in this process. Where false,
   * templates may come from people who must not.
   */
  readonly runsCode: boolean
}

/** What a page is made from, by name. `TemplateData.encode` says what becomes of each value. */
export type Values = Readonly<Record<string, unknown>>

export interface Service {
  readonly capabilities: Capabilities
  /**
   * The page of template `name` (`"polls/detail"`: no extension, no leading slash) with `values`.
   * Everything in `values` but `Html` is escaped. A name that the template uses and `values` lacks
   * is a failure; null prints nothing.
   */
  readonly render: (name: string, values?: Values) => Effect.Effect<Html, TemplateFailure>
  /** As `render`, already run: for a page on a hot path, since an `Exit` needs no fiber. */
  readonly renderExit: (name: string, values?: Values) => Exit.Exit<Html, TemplateFailure>
  /** Compiles every template that can be found. The failures, none if all is well. */
  readonly check: Effect.Effect<ReadonlyArray<TemplateFailure>>
}

/** One template's text and where it came from. */
export interface Source {
  /** The name that templates and views use: `"polls/detail"`. */
  readonly name: string
  /** Where the text was read, for messages. */
  readonly file: string
  readonly text: string
}

/** What a driver writes: one template language over plain data. No files, no cache, no limits. */
export interface Driver<Template> {
  readonly capabilities: Capabilities
  /** How the engine's files end, without the dot; also the name of its folder in an app. */
  readonly extension: string
  /** Called once for each `make`. */
  readonly open: (site: Site<Template>) => Engine<Template>
}

export interface Engine<Template> {
  /** Throws a `Fault` where the text is not in the language. Called once for each text. */
  readonly compile: (source: Source) => Template
  /**
   * The page's markup. Looks fields up with `TemplateData.member` alone, decides with `isTruthy`,
   * prints with `print`, and throws a `Fault` for what it cannot find or print.
   */
  readonly render: (template: Template, data: Fields) => string
}

/** The other templates, for partials and layouts. Called while rendering, never while compiling. */
export interface Site<Template> {
  /**
   * The template `name`, which the text at `offset` of `from` asks for. Goes one level deeper, until
   * `close`. Throws where there is none, or when partials have no end.
   */
  readonly open: (name: string, from: Source, offset: number) => Template
  readonly close: () => void
  /** Whether there is a template of this name. May be called while compiling. */
  readonly has: (name: string) => boolean
}

/** Where templates are kept. Synchronous, since each is read once, and a page needs all of its parts. */
export interface Loader {
  /** The first text at `path` (`"polls/detail.mustache"`), if any. What it throws fails as `Unavailable`. */
  readonly find: (path: string) => { readonly file: string; readonly text: string } | undefined
  /** Where `find` looks for `path`, in order. */
  readonly places: (path: string) => ReadonlyArray<string>
  /** Every path that `find` finds. */
  readonly paths: () => ReadonlyArray<string>
}

/** A loader of the templates in `files`: path → text. It sees later changes of `files`. */
export const fromFiles = (files: Readonly<Record<string, string>>): Loader => ({
  find: (path) => (Object.hasOwn(files, path) ? { file: path, text: files[path]! } : undefined),
  places: (path) => [path],
  paths: () => Object.keys(files)
})

export class TemplateEngine extends Context.Tag("portico/ports/TemplateEngine")<
  TemplateEngine,
  Service
>() {}

/** Every way in which a page can fail to be made. */
export type TemplateFailure =
  | TemplateNotFound
  | TemplateNameRefused
  | TemplateSyntax
  | TemplateMissingVariable
  | TemplateUnprintable
  | TemplateRawRefused
  | TemplateThrew
  | TemplateLimit
  | TemplateContextRefused
  | Unavailable

/** A place in a template, as every failure that has one shows it. */
const place = {
  /** The template at fault, which may be a partial of the page that was asked for. */
  template: Schema.String,
  file: Schema.String,
  /** Both count from 1; columns in UTF-16 code units. */
  line: Schema.Number,
  column: Schema.Number,
  /** The line and its neighbours, with a caret below the column. Text, not markup. */
  excerpt: Schema.String
}

const where = (at: {
  readonly file: string
  readonly line: number
  readonly column: number
}): string => `TemplateEngine.render: ${at.file}:${at.line}:${at.column}`

const listed = (words: ReadonlyArray<string>): string => words.join(", ")

/** No place holds a template of this name. */
export class TemplateNotFound extends Schema.TaggedError<TemplateNotFound>(
  "portico/ports/TemplateEngine/TemplateNotFound"
)("TemplateNotFound", {
  template: Schema.String,
  /** The files that were looked for, in order. */
  places: Schema.Array(Schema.String),
  /** Names that exist and look alike, nearest first. */
  near: Schema.Array(Schema.String),
  /** The template that asked for it, where it was no view. */
  askedBy: Schema.optional(Schema.Struct(place))
}) {
  override get message() {
    return (
      `${this.askedBy === undefined ? "TemplateEngine.render" : where(this.askedBy)}: ` +
      `there is no template "${this.template}"; looked for ${listed(this.places) || "it nowhere"}. ` +
      (this.near.length > 0
        ? `Did you mean ${listed(this.near)}?`
        : `Create one of these files, or add its directory to the engine's directories.`)
    )
  }
}

/** A name that no template can have. It never reaches the disk. */
export class TemplateNameRefused extends Schema.TaggedError<TemplateNameRefused>(
  "portico/ports/TemplateEngine/TemplateNameRefused"
)("TemplateNameRefused", {
  template: Schema.String,
  askedBy: Schema.optional(Schema.Struct(place))
}) {
  override get message() {
    return (
      `${this.askedBy === undefined ? "TemplateEngine.render" : where(this.askedBy)}: ` +
      `${JSON.stringify(this.template)} is no template name. ` +
      `Write segments of ASCII letters, digits, "_", "-" and inner dots, joined by "/", as in "polls/detail".`
    )
  }
}

/** The text of a template is not in the engine's language. */
export class TemplateSyntax extends Schema.TaggedError<TemplateSyntax>(
  "portico/ports/TemplateEngine/TemplateSyntax"
)("TemplateSyntax", { ...place, reason: Schema.String }) {
  override get message() {
    return `${where(this)}: ${this.reason}. Correct the template.`
  }
}

/** A template uses a name that it was not given. */
export class TemplateMissingVariable extends Schema.TaggedError<TemplateMissingVariable>(
  "portico/ports/TemplateEngine/TemplateMissingVariable"
)("TemplateMissingVariable", {
  ...place,
  /** As the template writes it, up to the part that is missing: `user.nmae`. */
  variable: Schema.String,
  /** The names there are at that place. */
  available: Schema.Array(Schema.String)
}) {
  override get message() {
    const [nearest] = near(this.variable.slice(this.variable.lastIndexOf(".") + 1), this.available)
    return (
      `${where(this)}: there is no "${this.variable}"; available: ${listed(this.available) || "nothing"}. ` +
      (nearest === undefined
        ? `Pass it to the page, or pass null to print nothing.`
        : `Did you mean "${nearest}"?`)
    )
  }
}

/** A template prints a value that has no text: a list, or an object. */
export class TemplateUnprintable extends Schema.TaggedError<TemplateUnprintable>(
  "portico/ports/TemplateEngine/TemplateUnprintable"
)("TemplateUnprintable", { ...place, kind: Schema.String }) {
  override get message() {
    return `${where(this)}: ${this.kind} cannot be printed. Print one of its fields, or loop over it.`
  }
}

/** A template prints text without escaping, and the text is not of type `Html`. */
export class TemplateRawRefused extends Schema.TaggedError<TemplateRawRefused>(
  "portico/ports/TemplateEngine/TemplateRawRefused"
)("TemplateRawRefused", place) {
  override get message() {
    return (
      `${where(this)}: only a value of type Html can be printed without escaping. ` +
      `Print it escaped, or make it with Html.html where the page's values are made.`
    )
  }
}

/** Code in a template, or a filter of its language, threw. */
export class TemplateThrew extends Schema.TaggedError<TemplateThrew>(
  "portico/ports/TemplateEngine/TemplateThrew"
)("TemplateThrew", { ...place, cause: Schema.Defect }) {
  override get message() {
    return `${where(this)}: the template threw ${said(this.cause)}. Correct the template.`
  }
}

/** A template may throw anything, and a page's data has no `toString`. */
const said = (cause: unknown): string =>
  cause instanceof Error
    ? `"${cause.message}"`
    : typeof cause === "object"
      ? "an object"
      : `"${String(cause)}"`

/** Partials that include each other without end, or too many of them. */
export class TemplateLimit extends Schema.TaggedError<TemplateLimit>(
  "portico/ports/TemplateEngine/TemplateLimit"
)("TemplateLimit", {
  ...place,
  limit: Schema.Literal("depth", "partials"),
  maximum: Schema.Number
}) {
  override get message() {
    return this.limit === "depth"
      ? `${where(this)}: templates include each other more than ${this.maximum} levels deep. End the recursion with a condition.`
      : `${where(this)}: the page includes more than ${this.maximum} partials. Split it into pages.`
  }
}

/** The page was given a value that no page can show: a promise, an effect, a cycle. */
export class TemplateContextRefused extends Schema.TaggedError<TemplateContextRefused>(
  "portico/ports/TemplateEngine/TemplateContextRefused"
)("TemplateContextRefused", {
  template: Schema.String,
  /** Where in the values, as in `user.posts.0.author`. Empty for the whole. */
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return (
      `TemplateEngine.render: template "${this.template}" was given a value it cannot show: ` +
      `${this.path || "the whole"} ${this.reason}. Pass plain values that are there already.`
    )
  }
}

/** What a driver knows of a failure. */
export type Problem =
  | { readonly _tag: "Syntax"; readonly reason: string }
  | {
      readonly _tag: "Missing"
      readonly variable: string
      readonly available: ReadonlyArray<string>
    }
  /** `kind` from `TemplateData.kind`. */
  | { readonly _tag: "Unprintable"; readonly kind: string }
  | { readonly _tag: "Raw" }
  | { readonly _tag: "Threw"; readonly cause: unknown }

/** What a driver throws: a problem at an offset of a source's text. `make` makes the port's failure of it. */
export class Fault extends Error {
  readonly problem: Problem
  readonly source: Source
  readonly offset: number
  constructor(problem: Problem, source: Source, offset: number) {
    super(problem._tag)
    this.problem = problem
    this.source = source
    this.offset = offset
  }
}

export interface Options {
  /** "production" reads and compiles each template once; "development" sees each change at the next page. */
  readonly mode: "development" | "production"
  /** How deep templates may include each other. 100 unless told. */
  readonly maxDepth?: number
  /** How many partials one page may include. 1 000 000 unless told. */
  readonly maxPartials?: number
}

export const make = <Template>(
  driver: Driver<Template>,
  loader: Loader,
  { mode, maxDepth = 100, maxPartials = 1_000_000 }: Options
): Service => {
  const compiled = new Map<string, Source & { readonly template: Template }>()
  /** Templates that this page has already compared with their files, in development. */
  const fresh = new Set<string>()
  let depth = 0
  let partials = 0

  const pathOf = (name: string) => {
    if (!isName(name)) throw new TemplateNameRefused({ template: name })
    return `${name}.${driver.extension}`
  }

  const find = (name: string) => {
    const path = pathOf(name)
    try {
      return loader.find(path)
    } catch (cause) {
      throw new Unavailable({ port: "TemplateEngine", operation: "render", cause })
    }
  }

  const get = (name: string): Template => {
    const known = compiled.get(name)
    if (known !== undefined && (mode === "production" || fresh.has(name))) return known.template
    const found = find(name)
    if (found === undefined) {
      throw new TemplateNotFound({
        template: name,
        places: [...loader.places(pathOf(name))],
        near: [...near(name, templateNames())]
      })
    }
    fresh.add(name)
    if (known?.file === found.file && known.text === found.text) return known.template
    const source = { name, file: found.file, text: found.text }
    const template = engine.compile(source)
    compiled.set(name, { ...source, template })
    return template
  }

  const templateNames = () => {
    const ending = `.${driver.extension}`
    const paths = loader.paths().filter((path) => path.endsWith(ending))
    return [...new Set(paths.map((path) => path.slice(0, -ending.length)))]
  }

  const site: Site<Template> = {
    open: (name, from, offset) => {
      if (++depth > maxDepth) {
        throw new TemplateLimit({ ...placeAt(from, offset), limit: "depth", maximum: maxDepth })
      }
      if (++partials > maxPartials) {
        throw new TemplateLimit({
          ...placeAt(from, offset),
          limit: "partials",
          maximum: maxPartials
        })
      }
      try {
        return get(name)
      } catch (thrown) {
        if (thrown instanceof TemplateNotFound) {
          throw new TemplateNotFound({ ...thrown, askedBy: placeAt(from, offset) })
        }
        if (thrown instanceof TemplateNameRefused) {
          throw new TemplateNameRefused({ ...thrown, askedBy: placeAt(from, offset) })
        }
        throw thrown
      }
    },
    close: () => {
      depth--
    },
    has: (name) => isName(name) && (compiled.has(name) || find(name) !== undefined)
  }

  const engine = driver.open(site)

  /** One page or one check, from nothing: a failed page leaves `depth` as it was when it failed. */
  const attempt = <A>(template: string, run: () => A): Exit.Exit<A, TemplateFailure> => {
    depth = 0
    partials = 0
    if (fresh.size > 0) fresh.clear()
    try {
      return Exit.succeed(run())
    } catch (thrown) {
      return toExit(template, thrown)
    }
  }

  const renderExit: Service["renderExit"] = (name, values = {}) =>
    attempt(name, () => trusted(engine.render(get(name), encode(values))))

  return {
    capabilities: driver.capabilities,
    render: (name, values) => Effect.suspend(() => renderExit(name, values)),
    renderExit,
    check: Effect.suspend(() =>
      Effect.forEach(templateNames(), (name) =>
        Effect.matchEffect(
          attempt(name, () => get(name)),
          {
            onSuccess: () => Effect.succeed<ReadonlyArray<TemplateFailure>>([]),
            onFailure: (failure) => Effect.succeed([failure])
          }
        )
      )
    ).pipe(Effect.map((failures) => failures.flat()))
  }
}

/** ASCII segments that begin with no dot: neither "..", nor a hidden file, nor another root. */
const isName = (name: string): boolean =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/.test(name)

const toExit = (template: string, thrown: unknown): Exit.Exit<never, TemplateFailure> => {
  if (thrown instanceof Refused) {
    return Exit.fail(
      new TemplateContextRefused({ template, path: thrown.path, reason: thrown.reason })
    )
  }
  if (thrown instanceof Fault) return Exit.fail(toFailure(thrown))
  return isFailure(thrown) ? Exit.fail(thrown) : Exit.die(thrown)
}

/** Whether `thrown` is a failure that a `Site` throws, which a driver lets pass. */
export const isFailure = (thrown: unknown): thrown is TemplateFailure =>
  thrown instanceof TemplateNotFound ||
  thrown instanceof TemplateNameRefused ||
  thrown instanceof TemplateLimit ||
  thrown instanceof Unavailable

const toFailure = ({ offset, problem, source }: Fault): TemplateFailure => {
  const at = placeAt(source, offset)
  switch (problem._tag) {
    case "Syntax":
      return new TemplateSyntax({ ...at, reason: problem.reason })
    case "Missing":
      return new TemplateMissingVariable({
        ...at,
        variable: problem.variable,
        available: [...problem.available]
      })
    case "Unprintable":
      return new TemplateUnprintable({ ...at, kind: problem.kind })
    case "Raw":
      return new TemplateRawRefused(at)
    default:
      return new TemplateThrew({ ...at, cause: problem.cause })
  }
}

const placeAt = ({ file, name, text }: Source, offset: number) => {
  const before = text.slice(0, offset).split("\n")
  const line = before.length
  const column = before[line - 1]!.length + 1
  const lines = text.split("\n")
  const width = String(line + 1).length
  const shown = (number: number) =>
    number < 1 || number > lines.length
      ? []
      : [`${String(number).padStart(width)} | ${lines[number - 1]!.replace(/\r$/, "")}`]
  // Tabs before the column stay tabs, so that the caret stands below it in any editor.
  const caret = `${" ".repeat(width)} | ${before[line - 1]!.replace(/[^\t]/g, " ")}^`
  const excerpt = [...shown(line - 1), ...shown(line), caret, ...shown(line + 1)].join("\n")
  return { template: name, file, line, column, excerpt }
}
