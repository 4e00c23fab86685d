/**
 * Liquid: tags and filters in the style of Django's templates, with inheritance. Strict: every name and
 * filter must be there, and raw output takes `Html` only. Templates may come from people who must not
 * run code. Dates are shown in UTC unless the template names an offset.
 */
import * as L from "liquidjs"
import { isHtml, toMarkup, trusted } from "../../domain/Html.ts"
import { isFields, isTruthy, kind, member, names, print } from "../../domain/TemplateData.ts"
import * as TemplateEngine from "../../ports/TemplateEngine.ts"
import { overFiles } from "./internal/files.ts"

export type { Options } from "./internal/files.ts"

export const capabilities: TemplateEngine.Capabilities = { runsCode: false }

interface Template {
  readonly source: TemplateEngine.Source
  readonly parts: Array<L.Template>
}

/** The engine without its files: for the contract, or for templates kept elsewhere. */
export const driver: TemplateEngine.Driver<Template> = {
  capabilities,
  extension: "liquid",
  open: (site) => {
    const engine = new Engine(site)
    return {
      compile: (source) => engine.compile(source),
      render: (template, data) => engine.page(template, data)
    }
  }
}

const files = overFiles(driver)

/** An engine over the templates in `options.directories`. Reads none before it is asked for one. */
export const make = files.make

/** The port, answered by Liquid. */
export const layer = files.layer

/** As `layer`, with options from config. */
export const layerConfig = files.layerConfig

// --- strict data ---------------------------------------------------------------------------------

/**
 * A name that is not there. liquidjs knows an error of this `name` as a missing variable
 * (`evalPropertyAccessToken`), and tells its place.
 */
class Absent extends Error {
  override readonly name = "InternalUndefinedVariableError"
  readonly variableName: string
  readonly available: ReadonlyArray<string>
  constructor(variableName: string, available: ReadonlyArray<string>) {
    super(variableName)
    this.variableName = variableName
    this.available = available
  }
}

/** A value that cannot be printed as the template wants it. */
class Unfit extends Error {
  readonly problem: TemplateEngine.Problem
  constructor(problem: TemplateEngine.Problem) {
    super(problem._tag)
    this.problem = problem
  }
}

/** Looks names up in own fields alone, and knows no null that has fields. */
class StrictContext extends L.Context {
  override *_get(path: ReadonlyArray<string | number | L.Drop>): IterableIterator<unknown> {
    const [head, ...rest] = path.map(String) as [string, ...Array<string>]
    let value = this.find(head)
    let variable = head
    for (const name of rest) {
      const next: unknown = value instanceof L.Drop ? yield ofDrop(value, name) : field(value, name)
      variable += `.${name}`
      if (next === undefined) throw new Absent(variable, names(value))
      value = next
    }
    return value
  }

  private find(name: string): unknown {
    // Private in the typings only; innermost last.
    const scopes = this["scopes"]
    for (let i = scopes.length - 1; i >= 0; i--) {
      const scope = scopes[i]!
      if (Object.hasOwn(scope, name)) return scope[name]
    }
    const value = member(this.environments, name)
    if (value === undefined) {
      throw new Absent(name, [...new Set([this.environments, ...scopes].flatMap(names))])
    }
    return value
  }

  override spawn(scope = {}): L.Context {
    const { liquid, memoryLimit, renderLimit } = this
    return new StrictContext(scope, this.opts, { sync: true }, { liquid, memoryLimit, renderLimit })
  }
}

/** A field, or what Liquid offers besides: `size` of texts, lists and objects; `first` and `last` of lists. */
const field = (value: unknown, name: string): unknown => {
  const own = member(value, name)
  if (own !== undefined) return own
  if (typeof value === "string") return name === "size" ? value.length : undefined
  if (Array.isArray(value)) {
    const index =
      name === "size" ? undefined : name === "first" ? 0 : name === "last" ? -1 : Number(name)
    return index === undefined
      ? value.length
      : Number.isInteger(index)
        ? (value.at(index) ?? null)
        : undefined
  }
  return name === "size" && isFields(value) ? Object.keys(value).length : undefined
}

/** What Liquid's own objects (`forloop`, `tablerowloop`, `block`) say of themselves. */
const ofDrop = (drop: L.Drop, name: string): unknown => {
  if (!dropNames.has(name)) return undefined
  const told = (drop as unknown as Readonly<Record<string, unknown>>)[name]
  if (typeof told !== "function") return told
  return name === "super" ? markupOf(told.call(drop)) : told.call(drop)
}

const dropNames: ReadonlySet<string> = new Set(
  "index index0 rindex rindex0 first last length name col col0 col_first col_last row super".split(
    " "
  )
)

/** `block.super`: rendered already, so that it is not escaped once more. */
function* markupOf(rendered: unknown): Generator<unknown, unknown, unknown> {
  return trusted(String(yield rendered))
}

// --- the engine ----------------------------------------------------------------------------------

/**
 * Items of ranges and lists, and characters, that the filters and ranges of one page may make: enough
 * for pages of some MiB, and too few (80 MiB) for one `(1..1000000000)` to end the process.
 */
const memoryLimit = 10_000_000

class Engine extends L.Liquid {
  readonly #site: TemplateEngine.Site<Template>
  readonly #sources = new Map<string | undefined, TemplateEngine.Source>()
  /** The templates being rendered, innermost last. */
  readonly #open: Array<Template> = []

  constructor(site: TemplateEngine.Site<Template>) {
    super({
      outputEscape: (value: unknown) => {
        const text = print(value ?? null)
        if (text === undefined) throw new Unfit({ _tag: "Unprintable", kind: kind(value) })
        return text
      },
      strictVariables: true,
      strictFilters: true,
      ownPropertyOnly: true,
      relativeReference: false,
      memoryLimit,
      timezoneOffset: 0,
      locale: "en-US",
      fs: noFiles,
      operators: {
        ...L.defaultOperators,
        not: (value: unknown) => !isTruthy(value),
        and: (left: unknown, right: unknown) => isTruthy(left) && isTruthy(right),
        or: (left: unknown, right: unknown) => isTruthy(left) || isTruthy(right)
      }
    })
    this.#site = site
    for (const [name, tag] of Object.entries(tags)) this.registerTag(name, tag)
    for (const [name, filter] of Object.entries(filters)) this.registerFilter(name, filter)
  }

  compile(source: TemplateEngine.Source): Template {
    this.#sources.set(source.name, source)
    try {
      return { source, parts: this.parse(source.text, source.name) }
    } catch (error) {
      const token = L.LiquidError.is(error) ? tokenOf(error) : undefined
      if (token === undefined || !(error instanceof Error)) throw error
      const reason = error.message.replace(/, (file:.*, )?line:\d+, col:\d+$/s, "")
      throw new TemplateEngine.Fault({ _tag: "Syntax", reason }, source, token.begin)
    }
  }

  page(template: Template, data: object): string {
    this.#open.length = 0
    this.#open.push(template)
    try {
      const context = new StrictContext(data, this.options, { sync: true }, { liquid: this })
      return this.renderSync(template.parts, context)
    } catch (error) {
      throw this.#fault(error)
    }
  }

  /** Goes into the template that `token` names, until `leave`. */
  enter(name: string, token: L.Token): void {
    this.#open.push(this.#site.open(name, this.#sourceOf(token), token.begin))
  }

  leave(): void {
    this.#open.pop()
    this.#site.close()
  }

  override *_parsePartialFile(): Generator<unknown, Array<L.Template>, never> {
    return this.#open.at(-1)!.parts
  }

  override *_parseLayoutFile(): Generator<unknown, Array<L.Template>, never> {
    return this.#open.at(-1)!.parts
  }

  #sourceOf(token: L.Token): TemplateEngine.Source {
    return this.#sources.get(token.file) ?? this.#open.at(-1)!.source
  }

  /** liquidjs wraps what a tag throws, once, with the tag's token. */
  #fault(error: unknown): unknown {
    const token = tokenOf(error)
    if (token === undefined) return error
    const cause = (error as { readonly originalError?: unknown }).originalError
    if (cause instanceof TemplateEngine.Fault || TemplateEngine.isFailure(cause)) return cause
    const problem: TemplateEngine.Problem =
      cause instanceof Absent
        ? { _tag: "Missing", variable: cause.variableName, available: cause.available }
        : cause instanceof Unfit
          ? cause.problem
          : { _tag: "Threw", cause: cause ?? error }
    return new TemplateEngine.Fault(problem, this.#sourceOf(token), token.begin)
  }
}

const tokenOf = (error: unknown): L.Token | undefined =>
  L.LiquidError.is(error) ? error.token : undefined

/** Partials and layouts come from the port; nothing else reads. */
const noFiles = {
  exists: () => Promise.resolve(false),
  existsSync: () => false,
  readFile: () => Promise.reject(new Error("no files")),
  readFileSync: () => {
    throw new Error("no files")
  },
  resolve: (_: string, file: string) => file
}

// --- tags and filters that differ ----------------------------------------------------------------

type Arguments = ConstructorParameters<typeof L.RenderTag>

const refuseDynamic = (file: unknown): void => {
  if (typeof file === "object") {
    throw new Error("a partial is named by the template in quotes, not by data")
  }
}

class RenderTag extends L.RenderTag {
  constructor(...rest: Arguments) {
    super(...rest)
    refuseDynamic(this["file"])
  }
  override *render(context: L.Context, emitter: L.Emitter) {
    const engine = this.liquid as Engine
    engine.enter(String(this["file"]), this.token)
    yield* super.render(context, emitter)
    engine.leave()
  }
}

class IncludeTag extends L.IncludeTag {
  constructor(...rest: Arguments) {
    super(...rest)
    refuseDynamic(this["file"])
  }
  override *render(context: L.Context, emitter: L.Emitter) {
    const engine = this.liquid as Engine
    engine.enter(String(this["file"]), this.token)
    yield* super.render(context, emitter)
    engine.leave()
  }
}

class LayoutTag extends L.LayoutTag {
  constructor(...rest: Arguments) {
    super(...rest)
    refuseDynamic(this.file)
  }
  override *render(context: L.Context, emitter: L.Emitter) {
    // `{% layout none %}`
    if (typeof this.file !== "string") return yield* super.render(context, emitter)
    const engine = this.liquid as Engine
    engine.enter(this.file, this.token)
    yield* super.render(context, emitter)
    engine.leave()
    return undefined
  }
}

/** `value`, as the port's meaning of true decides it. */
const judged = (value: L.Value): L.Value =>
  Object.assign(Object.create(value) as L.Value, {
    *value(context: L.Context, lenient?: boolean): Generator<unknown, boolean, unknown> {
      return isTruthy(yield value.value(context, lenient))
    }
  })

class IfTag extends L.IfTag {
  constructor(...rest: Arguments) {
    super(...rest)
    for (const branch of this.branches) branch.value = judged(branch.value)
  }
}

class UnlessTag extends L.UnlessTag {
  constructor(...rest: Arguments) {
    super(...rest)
    for (const branch of this.branches) branch.value = judged(branch.value)
  }
}

/** What was captured is markup already. */
class CaptureTag extends L.CaptureTag {
  override *render(context: L.Context): Generator<unknown, void, string> {
    yield* super.render(context)
    const scope = context.bottom() as Record<string, unknown>
    scope[this.variable] = trusted(String(scope[this.variable]))
  }
}

const tags = {
  render: RenderTag,
  include: IncludeTag,
  layout: LayoutTag,
  if: IfTag,
  unless: UnlessTag,
  capture: CaptureTag
}

const escaped = (value: unknown) => trusted(toMarkup(value))

const filters: Readonly<Record<string, L.FilterImplOptions>> = {
  raw: {
    raw: true,
    handler: (value: unknown) => {
      if (value === null) return ""
      if (!isHtml(value)) throw new Unfit({ _tag: "Raw" })
      return value.markup
    }
  },
  escape: escaped,
  xml_escape: escaped,
  newline_to_br: (value: unknown) =>
    trusted(toMarkup(value).replace(/\r?\n/g, (end) => `<br />${end}`))
}
