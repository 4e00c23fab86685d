/**
 * Mustache: logic-less templates, the default engine. The grammar is mustache.js's own parser; its token
 * tree is compiled to JavaScript here, with inheritance (`{{<layout}}`, `{{$block}}`) and without
 * lambdas, since data holds no functions. Templates may come from people who must not run code.
 */
import Mustache from "mustache"
import { escape, isHtml } from "../../domain/Html.ts"
import {
  type Data,
  type Fields,
  isFields,
  isTruthy,
  kind,
  member,
  names,
  print
} from "../../domain/TemplateData.ts"
import * as TemplateEngine from "../../ports/TemplateEngine.ts"
import { overFiles } from "./internal/files.ts"
import { maxNesting, tooDeep } from "./internal/nesting.ts"

export type { Options } from "./internal/files.ts"

export const capabilities: TemplateEngine.Capabilities = { runsCode: false }

/** What names are looked up in: a section's value, and what was there before it. */
interface Frame {
  readonly value: Data
  /** `value` where it has fields, else nothing. */
  readonly fields: Fields
  readonly above: Frame | undefined
}

/** The contents that pages below gave to blocks, by name. The outermost page's come first. */
type Blocks = ReadonlyMap<string, Unit>

/** A piece of a page as a function: a template, or the content of a block. */
type Unit = (frame: Frame, blocks: Blocks | undefined) => string

interface Template {
  readonly source: TemplateEngine.Source
  readonly unit: Unit
  /** The same template with each line indented, as partials on a line of their own are. */
  readonly indented: Map<string, Unit>
}

/** What all templates of an engine share. */
interface Shared {
  readonly site: TemplateEngine.Site<Template>
  /** Contents of blocks that are being filled: one that holds its own block shows the default there. */
  readonly filling: Set<Unit>
}

/** The engine without its files: for the contract, or for templates kept elsewhere. */
export const driver: TemplateEngine.Driver<Template> = {
  capabilities,
  extension: "mustache",
  open: (site) => {
    const shared = { site, filling: new Set<Unit>() }
    return {
      compile: (source) => ({
        source,
        unit: compile(shared, source, source.text, (offset) => offset),
        indented: new Map()
      }),
      render: (template, data) =>
        template.unit({ value: data, fields: data, above: undefined }, undefined)
    }
  }
}

const files = overFiles(driver)

/** An engine over the templates in `options.directories`. Reads none before it is asked for one. */
export const make = files.make

/** The port, answered by Mustache. */
export const layer = files.layer

/** As `layer`, with options from config. */
export const layerConfig = files.layerConfig

// --- from text to tokens -------------------------------------------------------------------------

/** mustache.js's tokens, told apart by their first element (its `parseTemplate` documents them). */
type Token =
  | readonly ["text", string, number, number]
  | readonly ["name" | "&" | "!" | "=", string, number, number]
  | readonly ["#" | "^", string, number, number, ReadonlyArray<Token>, number]
  | readonly [">", string, number, number, string, number, boolean]

/**
 * The parser knows no `{{<layout}}` and `{{$block}}`. Both are sections in form, so they are handed to
 * it as `{{#layout}}` and `{{#block}}`, which moves no offset, and told apart again by where they
 * stand. Also collects what is left open, since the parser names only the end of the text.
 */
const prepare = (text: string) => {
  const sigils = new Map<number, "<" | "$">()
  const unclosed: Array<number> = []
  let prepared = text
  let [open, close] = Mustache.tags
  for (let start = text.indexOf(open); start !== -1;) {
    let at = start + open.length
    while (/\s/.test(text[at] ?? "")) at++
    const sigil = text[at]
    const end = text.indexOf(sigil === "{" ? `}${close}` : close, at)
    if (end === -1) {
      unclosed.push(start)
      break
    }
    if (sigil === "<" || sigil === "$") {
      sigils.set(start, sigil)
      prepared = `${prepared.slice(0, at)}#${prepared.slice(at + 1)}`
    }
    if (sigil === "<" || sigil === "$" || sigil === "#" || sigil === "^") unclosed.push(start)
    else if (sigil === "/") unclosed.pop()
    let next = end + close.length + (sigil === "{" ? 1 : 0)
    if (sigil === "=") {
      const [left, right] = text
        .slice(at + 1, end)
        .replace(/\s*=\s*$/, "")
        .trim()
        .split(/\s+/)
      next = end + close.length
      if (left !== undefined && right !== undefined) [open, close] = [left, right]
    }
    start = text.indexOf(open, next)
  }
  return { prepared, sigils, unclosed }
}

// --- from tokens to code -------------------------------------------------------------------------

/** Names that every object inherits: only a look at own fields tells whether data has them. */
const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype))

/**
 * `text` is `source.text`, or that with its lines indented; `original` leads from an offset in the
 * one to the other. The code names only what stands in `Runtime` and in `constants`, and template
 * text enters it through `JSON.stringify` alone.
 */
const compile = (
  shared: Shared,
  source: TemplateEngine.Source,
  text: string,
  original: (offset: number) => number
): Unit => {
  const runtime = makeRuntime(shared, source)
  const constants: Array<unknown> = []
  const constant = (value: unknown) => `constants[${constants.push(value) - 1}]`
  const refuse = (reason: string, offset: number): never => {
    throw new TemplateEngine.Fault({ _tag: "Syntax", reason }, source, original(offset))
  }

  const { prepared, sigils, unclosed } = prepare(text)
  const parse = (): ReadonlyArray<Token> => {
    try {
      // A writer of our own, since the shared one keeps every text it has ever parsed.
      return new Mustache.Writer().parse(prepared)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const offset = Number(/ at (\d+)$/.exec(message)?.[1] ?? 0)
      const reason = message.replace(/ at \d+$/, "")
      return refuse(
        reason,
        reason.startsWith("Unclosed") && offset >= text.length
          ? (unclosed.at(-1) ?? offset)
          : offset
      )
    }
  }

  /** A function of the tokens, whose names begin at the frame that it is given. */
  const unitOf = (tokens: ReadonlyArray<Token>): string =>
    `(frame, blocks) => { let out = "", t; const v0 = frame.value, f0 = frame.fields;\n` +
    `${body(tokens, 0)}return out }`

  /** The frame at `level` of a unit, as a value: needed to leave the unit, or to say what is missing. */
  const frameAt = (level: number): string =>
    level === 0 ? "frame" : `{ value: v${level}, fields: f${level}, above: ${frameAt(level - 1)} }`

  const valueOf = (name: string, offset: number, level: number): string => {
    if (name === ".") return `v${level}`
    const at = original(offset)
    if (!/^[^\s.]+(\.[^\s.]+)*$/.test(name)) {
      refuse(`${JSON.stringify(name)} is no name; write names joined by dots`, offset)
    }
    const [head, ...rest] = name.split(".") as [string, ...Array<string>]
    const key = JSON.stringify(head)
    const search = `find(${frameAt(level)}, ${key}, ${at})`
    const tries = Array.from(
      { length: level + 1 },
      (_, i) => `(t = f${level - i}[${key}]) !== undefined`
    )
    const value = inherited.has(head) ? search : `(${tries.join(" || ")} ? t : ${search})`
    return rest.length === 0 ? value : `walk(${value}, ${constant([head, ...rest])}, ${at})`
  }

  let nesting = 0
  const body = (tokens: ReadonlyArray<Token>, level: number): string => {
    if (nesting++ > maxNesting) refuse(tooDeep, tokens[0]?.[2] ?? 0)
    const code = tokens.map((token) => statement(token, level)).join("")
    nesting--
    return code
  }

  const statement = (token: Token, level: number): string => {
    const [type, name, offset] = token
    const at = original(offset)
    switch (type) {
      case "text":
        return `out += ${JSON.stringify(name)};\n`
      case "name":
        return `out += typeof (t = ${valueOf(name, offset, level)}) === "string" ? escape(t) : show(t, ${at});\n`
      case "&":
        return `out += raw(${valueOf(name, offset, level)}, ${at});\n`
      case "^":
        return `if (!isTruthy(${valueOf(name, offset, level)})) {\n${body(token[4], level)}}\n`
      case "#": {
        const children = token[4]
        const sigil = sigils.get(offset)
        if (sigil === "<") {
          return `out += parent(${JSON.stringify(name)}, ${frameAt(level)}, ${overrides(children)}, blocks, ${at});\n`
        }
        if (sigil === "$") {
          return (
            `if ((t = override(${JSON.stringify(name)}, blocks)) !== undefined) ` +
            `out += fill(t, ${frameAt(level)}, blocks);\nelse {\n${body(children, level)}}\n`
          )
        }
        const n = level + 1
        return (
          `const l${at} = each(${valueOf(name, offset, level)});\n` +
          `for (let i${n} = 0; i${n} < l${at}.length; i${n}++) {\n` +
          `const v${n} = l${at}[i${n}], f${n} = fieldsOf(v${n});\n${body(children, n)}}\n`
        )
      }
      case ">": {
        if (name.startsWith("*")) refuse("a partial is named by the template, not by data", offset)
        return `out += partial(${JSON.stringify(name)}, ${JSON.stringify(indentation(token))}, ${frameAt(level)}, ${at});\n`
      }
      default:
        return ""
    }
  }

  /** What a `{{<layout}}` holds: blocks, and text that is nobody's. */
  const overrides = (tokens: ReadonlyArray<Token>): string => {
    const blocks = tokens.flatMap((token) => {
      const [type, name, offset] = token
      if (type === "#" && sigils.get(offset) === "$") {
        return [`[${JSON.stringify(name)}, ${unitOf(token[4])}]`]
      }
      if (type !== "text" && type !== "!" && type !== "=") {
        refuse("only blocks ({{$name}}…{{/name}}) have a meaning directly inside a layout", offset)
      }
      return []
    })
    declarations.push(`new Map([${blocks.join(", ")}])`)
    return `layout${declarations.length - 1}`
  }
  const declarations: Array<string> = []

  /** A partial that stands alone on its line indents each of its own lines (Mustache spec, partials). */
  const indentation = (token: Token & readonly [">", ...Array<unknown>]): string => {
    const [, , start, end] = token
    const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start)
    return /^[ \t]*$/.test(before) && /^[ \t]*\r?(\n|$)/.test(text.slice(end)) ? before : ""
  }

  const main = unitOf(parse())
  const code =
    `"use strict"; const { ${Object.keys(runtime).join(", ")} } = runtime;\n` +
    declarations.map((map, i) => `const layout${i} = ${map};\n`).join("") +
    `return ${main}`
  // oxlint-disable-next-line typescript/no-implied-eval -- what enters the code, and how, is said above
  return new Function("runtime", "constants", code)(runtime, constants) as Unit
}

// --- what the code calls -------------------------------------------------------------------------

const none: Fields = Object.freeze(Object.create(null))
const empty: ReadonlyArray<Data> = []

const makeRuntime = (shared: Shared, source: TemplateEngine.Source) => {
  const { filling, site } = shared
  const fault = (problem: TemplateEngine.Problem, offset: number) =>
    new TemplateEngine.Fault(problem, source, offset)

  return {
    escape,
    isTruthy,
    fieldsOf: (value: Data): Fields => (isFields(value) ? value : none),
    each: (value: Data): ReadonlyArray<Data> =>
      Array.isArray(value) ? value : isTruthy(value) ? [value] : empty,

    show: (value: Data, offset: number): string => {
      const text = print(value)
      if (text === undefined) throw fault({ _tag: "Unprintable", kind: kind(value) }, offset)
      return text
    },
    raw: (value: Data, offset: number): string => {
      if (value === null) return ""
      if (!isHtml(value)) throw fault({ _tag: "Raw" }, offset)
      return value.markup
    },

    find: (frame: Frame, name: string, offset: number): Data => {
      const available: Array<string> = []
      for (let at: Frame | undefined = frame; at !== undefined; at = at.above) {
        const value = member(at.fields, name)
        if (value !== undefined) return value
        available.push(...names(at.fields))
      }
      throw fault({ _tag: "Missing", variable: name, available: [...new Set(available)] }, offset)
    },
    walk: (head: Data, path: ReadonlyArray<string>, offset: number): Data => {
      let value = head
      for (let i = 1; i < path.length; i++) {
        const next = member(value, path[i]!)
        if (next === undefined) {
          const variable = path.slice(0, i + 1).join(".")
          throw fault({ _tag: "Missing", variable, available: names(value) }, offset)
        }
        value = next
      }
      return value
    },

    partial: (name: string, indentation: string, frame: Frame, offset: number): string => {
      const template = site.open(name, source, offset)
      const unit = indentation === "" ? template.unit : indented(shared, template, indentation)
      const markup = unit(frame, undefined)
      site.close()
      return markup
    },
    parent: (
      name: string,
      frame: Frame,
      own: Blocks,
      outer: Blocks | undefined,
      offset: number
    ): string => {
      const template = site.open(name, source, offset)
      const markup = template.unit(frame, outer === undefined ? own : new Map([...own, ...outer]))
      site.close()
      return markup
    },
    override: (name: string, blocks: Blocks | undefined): Unit | undefined => {
      const content = blocks?.get(name)
      return content === undefined || filling.has(content) ? undefined : content
    },
    fill: (content: Unit, frame: Frame, blocks: Blocks): string => {
      filling.add(content)
      try {
        return content(frame, blocks)
      } finally {
        filling.delete(content)
      }
    }
  }
}

const indented = (shared: Shared, template: Template, indentation: string): Unit => {
  const known = template.indented.get(indentation)
  if (known !== undefined) return known
  const { source } = template
  const text = source.text.replace(/^(?=[^\n])/gm, indentation)
  const unit = compile(shared, source, text, (offset) => {
    const linesBegun = text.slice(0, offset).match(/^[^\n]/gm)?.length ?? 0
    return Math.max(0, offset - linesBegun * indentation.length)
  })
  template.indented.set(indentation, unit)
  return unit
}
