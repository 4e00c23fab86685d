/**
 * Eta: templates in JavaScript, for sites whose templates are written by their developers. The grammar
 * is Eta's own parser; the code around it is written here, so that output is escaped by the port's
 * rules, every name must be there, raw output takes `Html` only, and a failure shows its line.
 *
 * In a template: `it` (the page's values), `include(name, values?)`, `layout(name, values?)`,
 * `block(name, content?)`, `capture(content)`, `output(value)` and `truthy(value)`, which calls empty
 * what the other engines call empty (an empty list is truthy in JavaScript).
 */
import { Eta } from "eta/core"
import { compileFunction } from "node:vm"
import { escape, type Html, isHtml, trusted } from "../../domain/Html.ts"
import {
  type Data,
  type Fields,
  isFields,
  isTruthy,
  kind,
  print
} from "../../domain/TemplateData.ts"
import * as TemplateEngine from "../../ports/TemplateEngine.ts"
import { overFiles } from "./internal/files.ts"

export type { Options } from "./internal/files.ts"

export const capabilities: TemplateEngine.Capabilities = { runsCode: true }

/** What pages above this template gave to blocks, by name. */
type Blocks = Readonly<Record<string, Html>>

type Template = (it: Fields, blocks: Blocks) => string

type Site = TemplateEngine.Site<Template>

/** The engine without its files: for the contract, or for templates kept elsewhere. */
export const driver: TemplateEngine.Driver<Template> = {
  capabilities,
  extension: "eta",
  open: (site) => ({
    compile: (source) => compile(site, source),
    render: (template, data) => template(guarded(data), noBlocks)
  })
}

const files = overFiles(driver)

/** An engine over the templates in `options.directories`. Reads none before it is asked for one. */
export const make = files.make

/** The port, answered by Eta. */
export const layer = files.layer

/** As `layer`, with options from config. */
export const layerConfig = files.layerConfig

const noBlocks: Blocks = Object.freeze(Object.create(null))

// --- strict data ---------------------------------------------------------------------------------

/** Thrown by `absent`; the template that reads knows the place. */
class Absent {
  readonly name: string
  readonly available: ReadonlyArray<string>
  constructor(name: string, available: ReadonlyArray<string>) {
    this.name = name
    this.available = available
  }
}

/**
 * The prototype of all data here. A field that data has is found before its prototype is asked, at
 * the price of a plain object; whatever else is read lands in `get`. `in` works, for optional fields.
 */
const absent: object = new Proxy(Object.create(null), {
  get: (_, name, data) => {
    // Symbols and toJSON are read by JavaScript itself, to convert a value.
    if (typeof name === "symbol" || name === "toJSON") return undefined
    throw new Absent(name, Object.keys(data))
  }
})

/** Sets the prototype in place: the port made this data for this page alone. */
const guarded = <A extends Data>(data: A): A => {
  if (Array.isArray(data)) data.forEach(guarded)
  else if (isFields(data)) {
    Object.values(data).forEach(guarded)
    Object.setPrototypeOf(data, absent)
  }
  return data
}

/** `it` with more values, which a template may have made from anything. */
const extended = (it: Fields, more: object | undefined): Fields =>
  more === undefined ? it : ({ __proto__: absent, ...it, ...more } as never)

// --- compiling -----------------------------------------------------------------------------------

const eta = new Eta()

/** A tag: its kind, its JavaScript and where that begins in the source. */
interface Tag {
  readonly type: "exec" | "escaped" | "raw"
  readonly code: string
  readonly offset: number
}

/** Text as the body of a single-quoted JavaScript string, or a tag. */
type Piece = string | Tag

const types = { e: "exec", i: "escaped", r: "raw" } as const

/** How a tag begins, for the default delimiters and prefixes (Eta's parser, `parseOpenReg`). */
const opening = /<%(?:-|_)?\s*(?:=|~)?\s*/g

const parse = (source: TemplateEngine.Source): ReadonlyArray<Piece> => {
  const refuse = (reason: string, offset: number): never => {
    throw new TemplateEngine.Fault({ _tag: "Syntax", reason }, source, offset)
  }
  const tree = (() => {
    try {
      return eta.parse(source.text)
    } catch (error) {
      const [, reason, line, column] = /^(.+) at line (\d+) col (\d+):/.exec(String(error)) ?? []
      if (reason === undefined) throw error
      const before = source.text.split("\n").slice(0, Number(line) - 1)
      const offset = before.reduce((sum, text) => sum + text.length + 1, Number(column) - 1)
      return refuse(reason.replace(/^EtaParser Error: /, ""), offset)
    }
  })()
  opening.lastIndex = 0
  return tree.map((piece): Piece => {
    if (typeof piece === "string") return piece
    const start = opening.exec(source.text)!
    const offset = start.index + start[0].length
    opening.lastIndex = offset + piece.val.length
    const type = types[piece.t as keyof typeof types]
    return type === undefined
      ? refuse(`there is no tag "${piece.t}"`, start.index)
      : { type, code: piece.val, offset }
  })
}

/**
 * Each tag's code begins a line of its own, so that a comment at its end ends there and a line and
 * column that JavaScript reports lead back to the source.
 */
const compile = (site: Site, source: TemplateEngine.Source): Template => {
  const lines: Array<string> = []
  /** For each line of the code: where in the source it comes from, if it does. */
  const origins: Array<number | undefined> = []
  const write = (line: string, origin?: number) => {
    lines.push(line)
    origins.push(origin)
  }
  const writeTag = (code: string, offset: number) => {
    let at = offset
    for (const line of code.split("\n")) {
      write(line, at)
      at += line.length + 1
    }
  }
  for (const piece of parse(source)) {
    if (typeof piece === "string") write(`__page.out += '${piece}';`)
    else if (piece.type === "exec") {
      write(`__page.at = ${piece.offset};`)
      writeTag(piece.code, piece.offset)
    } else {
      // An assignment, since the code may go on over further tags: `<%= block("b", () => { %>…<% }) %>`.
      write(`__page.at = ${piece.offset}; __page.${piece.type} =`)
      writeTag(piece.code, piece.offset)
    }
  }
  // Names after the code they precede, so that its line numbers are those of `origins`.
  const parameters = ["__page", "it", "include", "layout", "block", "capture", "output", "truthy"]
  const run = (() => {
    try {
      return compileFunction(lines.join("\n"), parameters, { filename: source.file })
    } catch (error) {
      throw syntaxFault(error)
    }
  })()

  /** V8 puts `file:line`, the line and a caret below it before the message of a SyntaxError. */
  function syntaxFault(error: unknown) {
    const reason = error instanceof Error ? error.message : String(error)
    const stack = error instanceof Error ? String(error.stack) : ""
    const [place = "", , caret = ""] = stack.split("\n")
    const line = Number(/:(\d+)$/.exec(place)?.[1] ?? 1) - 1
    // A line of glue belongs to the tag before it.
    const origin = origins[line] ?? origins.slice(0, line).findLast((at) => at !== undefined) ?? 0
    const column = origins[line] === undefined ? 0 : Math.max(0, caret.indexOf("^"))
    return new TemplateEngine.Fault({ _tag: "Syntax", reason }, source, origin + column)
  }

  return (it, blocks) => {
    const page = new Page(site, source, it, blocks)
    try {
      run.call(
        undefined,
        page,
        it,
        page.include,
        page.layout,
        page.block,
        page.capture,
        page.output,
        isTruthy
      )
    } catch (thrown) {
      throw page.fault(thrown)
    }
    return page.end()
  }
}

// --- rendering -----------------------------------------------------------------------------------

/** One rendering of one template: what its code writes to. */
class Page {
  out = ""
  /** Where in the source the tag that runs begins. */
  at = 0
  readonly #site: Site
  readonly #source: TemplateEngine.Source
  readonly #it: Fields
  readonly #given: Blocks
  #own: Record<string, Html> | undefined
  #layout: { readonly name: string; readonly it: Fields; readonly at: number } | undefined
  #depth = 0

  constructor(site: Site, source: TemplateEngine.Source, it: Fields, given: Blocks) {
    this.#site = site
    this.#source = source
    this.#it = it
    this.#given = given
  }

  set escaped(value: unknown) {
    this.out += typeof value === "string" ? escape(value) : this.#print(value)
  }

  set raw(value: unknown) {
    if (value === null) return
    if (!isHtml(value)) throw this.#problem({ _tag: "Raw" })
    this.out += value.markup
  }

  readonly output = (value: unknown): void => {
    this.escaped = value
  }

  readonly include = (name: string, values?: object): Html => {
    const template = this.#site.open(name, this.#source, this.at)
    const markup = template(extended(this.#it, values), noBlocks)
    this.#site.close()
    return trusted(markup)
  }

  readonly layout = (name: string, values?: object): void => {
    this.#layout = { name, it: extended(this.#it, values), at: this.at }
  }

  /**
   * In a page with a layout: what the layout's block of this name shows. Elsewhere: the content that
   * a page gave to the block, else its own.
   */
  readonly block = (name: string, content?: () => void): Html => {
    const given = Object.hasOwn(this.#given, name) ? this.#given[name] : undefined
    const markup = given ?? (content === undefined ? nothing : this.capture(content))
    if (this.#layout === undefined || this.#depth > 0) return markup
    ;(this.#own ??= {})[name] = markup
    return nothing
  }

  readonly capture = (content: () => void): Html => {
    const before = this.out
    this.out = ""
    this.#depth++
    content()
    this.#depth--
    const markup = trusted(this.out)
    this.out = before
    return markup
  }

  /** The page inside its layout, if it has one. */
  end(): string {
    if (this.#layout === undefined) return this.out
    const { at, it, name } = this.#layout
    const template = this.#site.open(name, this.#source, at)
    const markup = template(extended(it, { body: trusted(this.out) }), {
      ...this.#own,
      ...this.#given
    })
    this.#site.close()
    return markup
  }

  fault(thrown: unknown): unknown {
    if (thrown instanceof Absent) return this.#missing(thrown.name, thrown.available)
    // What V8 says of a field of null or of nothing.
    const ofNothing = thrown instanceof TypeError && /\(reading '(.+)'\)$/.exec(thrown.message)
    if (ofNothing) return this.#missing(ofNothing[1]!, [])
    if (thrown instanceof TemplateEngine.Fault || TemplateEngine.isFailure(thrown)) return thrown
    return this.#problem({ _tag: "Threw", cause: thrown })
  }

  /** The code of the tag that runs tells the path and the column, where it names the field in full. */
  #missing(name: string, available: ReadonlyArray<string>): TemplateEngine.Fault {
    const code = this.#source.text.slice(this.at, this.#tagEnd())
    const quoted = name.replace(/[^\w$]/g, "\\$&")
    const full = new RegExp(`\\bit((?:\\.[\\w$]+)*)\\.${quoted}(?![\\w$])`).exec(code)
    const last = new RegExp(`(?<=\\.)${quoted}(?![\\w$])`).exec(code)
    const variable = full === null ? name : full[0].slice("it.".length)
    const offset = full?.index ?? last?.index ?? 0
    return this.#problem({ _tag: "Missing", variable, available }, this.at + offset)
  }

  #print(value: unknown): string {
    const text = print(value)
    if (text !== undefined) return text
    if (value !== undefined) throw this.#problem({ _tag: "Unprintable", kind: kind(value) })
    const code = this.#source.text.slice(this.at, this.#tagEnd()).trim()
    throw this.#problem({ _tag: "Missing", variable: code.replace(/^it\./, ""), available: [] })
  }

  #tagEnd(): number {
    const end = this.#source.text.indexOf("%>", this.at)
    return end === -1 ? this.#source.text.length : end
  }

  #problem(problem: TemplateEngine.Problem, offset = this.at): TemplateEngine.Fault {
    return new TemplateEngine.Fault(problem, this.#source, offset)
  }
}

const nothing = trusted("")
