/**
 * Handlebars: Mustache with helpers and partial blocks. Strict: every name must be there, helpers are
 * the built-in ones, and raw output takes `Html` only. Templates may come from people who must not
 * run code. Layouts are partial blocks with inline partials, as Handlebars' guide writes them.
 */
import Handlebars from "handlebars"
import { isHtml } from "../../domain/Html.ts"
import { isTruthy, kind, member, names, print } from "../../domain/TemplateData.ts"
import * as TemplateEngine from "../../ports/TemplateEngine.ts"
import { overFiles } from "./internal/files.ts"
import { maxNesting, tooDeep } from "./internal/nesting.ts"

export type { Options } from "./internal/files.ts"

export const capabilities: TemplateEngine.Capabilities = { runsCode: false }

interface Template {
  readonly source: TemplateEngine.Source
  readonly render: Partial
  /** The partials and layouts that this template names. */
  readonly partials: Partials
}

type Partial = (context: unknown, options: { readonly partials?: Partials }) => string
type Partials = Readonly<Record<string, Partial | undefined>>

/** The engine without its files: for the contract, or for templates kept elsewhere. */
export const driver: TemplateEngine.Driver<Template> = {
  capabilities,
  extension: "handlebars",
  open: (site) => ({
    compile: (source) => compile(site, source),
    render: ({ partials, render, source }, data) => {
      try {
        return render(data, { partials })
      } catch (cause) {
        if (cause instanceof TemplateEngine.Fault || TemplateEngine.isFailure(cause)) throw cause
        // Inline partials that call each other without end, since only files are counted, and a
        // layout that is shown without a page.
        throw new TemplateEngine.Fault({ _tag: "Threw", cause }, source, 0)
      }
    }
  })
}

const files = overFiles(driver)

/** An engine over the templates in `options.directories`. Reads none before it is asked for one. */
export const make = files.make

/** The port, answered by Handlebars. */
export const layer = files.layer

/** As `layer`, with options from config. */
export const layerConfig = files.layerConfig

// --- the parts of Handlebars that its typings leave out ------------------------------------------

interface Located {
  readonly start: { readonly line: number; readonly column: number }
}

/** What compiled code calls (handlebars/lib/handlebars/runtime.js), and the three functions added here. */
interface Container {
  /** Absent in a template that uses none. */
  partials?: Partials | undefined
  field: (value: unknown, name: unknown, path: string, at: number) => unknown
  print: (value: unknown, at: number) => string
  raw: (value: unknown, at: number) => string
}

type Main = (container: Container, ...rest: ReadonlyArray<unknown>) => string

interface Specification {
  main: Main
  readonly main_d?: unknown
}

/** handlebars/lib/handlebars/compiler/compiler.js: from the tree to opcodes. */
interface Compiler {
  compile(tree: hbs.AST.Program, options: object): object
  accept(node: object): void
  opcode(name: string, ...rest: ReadonlyArray<unknown>): void
  SubExpression(node: object): void
  helperSexpr(node: Helper, program: unknown, inverse: unknown): void
}

interface Helper extends hbs.AST.Node {
  readonly path: { readonly original: string }
  readonly params: ReadonlyArray<object>
}

/** handlebars/lib/handlebars/compiler/javascript-compiler.js: from opcodes to code, by a stack. */
interface JavaScriptCompiler {
  readonly source: { readonly currentLocation: Located }
  compile(environment: object, options: object, context: undefined, asObject: true): Specification
  push(code: Code): void
  pushSource(code: Code): void
  popStack(): Code
  appendToBuffer(code: Code): Code
}

type Code = string | ReadonlyArray<unknown>

interface Internals {
  readonly Compiler: new () => Compiler
  readonly JavaScriptCompiler: new () => JavaScriptCompiler
  readonly Parser: { readonly lexer: { readonly matched: string; readonly match: string } }
  template: (specification: Specification) => Partial
  registerDecorator: (
    name: string,
    decorator: (
      fn: Partial,
      props: { partials?: Record<string, Partial | undefined> },
      container: Container,
      options: { readonly args: ReadonlyArray<string>; readonly fn: Partial }
    ) => Partial
  ) => void
}

/** An environment of our own: helpers and decorators registered here are seen by no one else. */
const handlebars = Handlebars.create()
const internals = handlebars as unknown as Internals

// --- compiling -----------------------------------------------------------------------------------

class StrictCompiler extends internals.Compiler {
  get compiler() {
    return StrictCompiler
  }
  MustacheStatement(mustache: hbs.AST.MustacheStatement) {
    this.SubExpression(mustache)
    this.opcode(mustache.escaped ? "appendEscaped" : "appendRaw")
  }
  /** `lookup` is compiled, so that a name that is not there is found at its place in the text. */
  override helperSexpr(node: Helper, program: unknown, inverse: unknown) {
    const { params, path } = node
    const isBlock = program !== undefined || inverse !== undefined
    if (path.original !== "lookup") {
      if (!isBlock || params.length !== 1) {
        throw new Handlebars.Exception(`"${path.original}" is a block with one value`, node)
      }
      return super.helperSexpr(node, program, inverse)
    }
    // What a block makes is markup: a block would show the value without escaping it.
    if (isBlock || params.length !== 2) {
      throw new Handlebars.Exception('"lookup" is an expression with two values', node)
    }
    for (const param of params) this.accept(param)
    this.opcode("lookupByValue")
  }
}

/** Emits a checked look-up or a checked print wherever the original emits an unchecked one. */
const codeWriter = (source: TemplateEngine.Source) => {
  const starts = lineStarts(source.text)
  return class StrictJavaScriptCompiler extends internals.JavaScriptCompiler {
    get compiler() {
      return StrictJavaScriptCompiler
    }
    at() {
      const { column, line } = this.source.currentLocation.start
      return starts[line - 1]! + column
    }
    appendEscaped() {
      this.pushSource(this.appendToBuffer(["container.print(", this.popStack(), `, ${this.at()})`]))
    }
    appendRaw() {
      this.pushSource(this.appendToBuffer(["container.raw(", this.popStack(), `, ${this.at()})`]))
    }
    lookupByValue() {
      const name = this.popStack()
      this.push(["container.field(", this.popStack(), ", ", name, `, "", ${this.at()})`])
    }
    resolvePath(type: "context" | "data", parts: ReadonlyArray<string>, from: number) {
      let value = this.popStack()
      for (let i = from; i < parts.length; i++) {
        const path = (type === "data" ? "@" : "") + parts.slice(0, i + 1).join(".")
        const rest = `, ${JSON.stringify(parts[i])}, ${JSON.stringify(path)}, ${this.at()})`
        value = ["container.field(", value, rest]
      }
      this.push(value)
    }
  }
}

const lineStarts = (text: string): ReadonlyArray<number> => {
  const starts = [0]
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1)
  return starts
}

/** Fresh for each template, since compiling writes into it. */
const makeOptions = () => ({
  data: true,
  knownHelpersOnly: true,
  // Logging is a server's business, and the two hooks are called by blocks only.
  knownHelpers: { log: false, helperMissing: false, blockHelperMissing: false }
})

const compile = (site: TemplateEngine.Site<Template>, source: TemplateEngine.Source): Template => {
  const fault = (problem: TemplateEngine.Problem, offset: number) =>
    new TemplateEngine.Fault(problem, source, offset)
  const starts = lineStarts(source.text)
  const offsetOf = ({ start }: Located) => starts[start.line - 1]! + start.column

  const parse = (): hbs.AST.Program => {
    try {
      return handlebars.parse(source.text)
    } catch (error) {
      throw syntaxFault(error)
    }
  }
  const syntaxFault = (error: unknown) => {
    // The parser itself goes down with the blocks.
    if (error instanceof RangeError) return fault({ _tag: "Syntax", reason: tooDeep }, 0)
    const { column, lineNumber, message } = error as Handlebars.Exception
    if (lineNumber !== undefined && column !== undefined) {
      const reason = message
        .replace(/ - \d+:\d+$/, "")
        .replace(/^You specified knownHelpersOnly, but used the unknown/, "there is no")
      return fault({ _tag: "Syntax", reason }, starts[lineNumber - 1]! + column)
    }
    if (!/^(Parse|Lexical) error/.test(message)) return error
    const { match, matched } = internals.Parser.lexer
    const reason = match === "" ? "the text ends inside a block or a tag" : `unexpected "${match}"`
    return fault({ _tag: "Syntax", reason }, matched.length - match.length)
  }

  const tree = parse()
  const partials = new Map<string, Partial | undefined>()
  const { named, refused } = survey(tree)
  if (refused !== undefined) {
    throw fault({ _tag: "Syntax", reason: refused.reason }, offsetOf(refused.node.loc))
  }
  for (const { name, node, optional } of named) {
    if (name === "@partial-block" || partials.get(name) !== undefined) continue
    if (optional && !site.has(name)) {
      // Said to be absent, as Handlebars would find "constructor" on any object.
      partials.set(name, undefined)
      continue
    }
    const offset = offsetOf(node.loc)
    partials.set(name, (context, options) => {
      const template = site.open(name, source, offset)
      const inlines = inlinesOf(options.partials)
      const markup = template.render(context, {
        ...options,
        partials: inlines === undefined ? template.partials : { ...template.partials, ...inlines }
      })
      site.close()
      return markup
    })
  }

  const specification = (() => {
    try {
      const options = makeOptions()
      const environment = new StrictCompiler().compile(tree, options)
      return new (codeWriter(source))().compile(environment, options, undefined, true)
    } catch (error) {
      throw syntaxFault(error)
    }
  })()

  const functions: Omit<Container, "partials"> = {
    field: (value, name, path, at) => {
      const found = member(value, String(name))
      if (found === undefined) {
        const variable = path === "" ? String(name) : path
        throw fault({ _tag: "Missing", variable, available: names(value) }, at)
      }
      return found
    },
    print: (value, at) => {
      const text = print(value)
      if (text === undefined) throw fault({ _tag: "Unprintable", kind: kind(value) }, at)
      return text
    },
    raw: (value, at) => {
      if (value === null) return ""
      if (!isHtml(value)) throw fault({ _tag: "Raw" }, at)
      return value.markup
    }
  }
  const { main } = specification
  specification.main = (container, ...rest) => main(Object.assign(container, functions), ...rest)
  return {
    source,
    render: internals.template(specification),
    partials: Object.fromEntries(partials)
  }
}

/** What a template takes from elsewhere, and the first thing in it that it may not. */
interface Survey {
  readonly named: ReadonlyArray<{
    readonly name: string
    readonly node: { readonly loc: Located }
    /** An inline partial, or a block with default content: a file of that name need not be. */
    readonly optional: boolean
  }>
  readonly refused:
    | { readonly node: { readonly loc: Located }; readonly reason: string }
    | undefined
}

const survey = (tree: hbs.AST.Program): Survey => {
  const inlines = new Set<string>()
  const named: Array<Survey["named"][number] & { readonly block: boolean }> = []
  let refused: Survey["refused"]
  const name = (node: hbs.AST.PartialStatement | hbs.AST.PartialBlockStatement, block: boolean) => {
    if (node.name.type === "SubExpression") {
      refused ??= { node, reason: "a partial is named by the template, not by data" }
    } else {
      const name = node.name.original
      if (name === "__proto__") refused ??= { node, reason: misnamed }
      const fills = "program" in node && node.program.body.some(isDecorator)
      named.push({ name, node, block, optional: block && !fills && !name.includes("/") })
    }
  }
  let nesting = 0
  class Visitor extends Handlebars.Visitor {
    override Program(program: hbs.AST.Program) {
      const [node] = program.body
      if (nesting > maxNesting && node !== undefined) {
        refused ??= { node, reason: tooDeep }
        return
      }
      nesting++
      super.Program(program)
      nesting--
    }
    override PartialStatement(node: hbs.AST.PartialStatement) {
      name(node, false)
      super.PartialStatement(node)
    }
    override PartialBlockStatement(node: hbs.AST.PartialBlockStatement) {
      name(node, true)
      super.PartialBlockStatement(node)
    }
    override Decorator(node: hbs.AST.Decorator) {
      refused ??= { node, reason: "there are no decorators but inline blocks" }
    }
    override DecoratorBlock(node: hbs.AST.DecoratorBlock) {
      const [param] = node.params
      if (node.path.original !== "inline") {
        refused ??= { node, reason: "there are no decorators but inline blocks" }
      } else if (param?.type === "StringLiteral") {
        const { value } = param as hbs.AST.StringLiteral
        if (value === "__proto__") refused ??= { node, reason: misnamed }
        inlines.add(value)
      } else {
        refused ??= { node, reason: "an inline partial is named in quotes by the template" }
      }
      super.DecoratorBlock(node)
    }
  }
  new Visitor().accept(tree)
  return {
    refused,
    named: named.map((partial) =>
      !partial.block && inlines.has(partial.name) ? { ...partial, optional: true } : partial
    )
  }
}

// Handlebars copies partials by assignment, which would set a prototype.
const misnamed = 'no partial is called "__proto__"'

const isDecorator = ({ type }: hbs.AST.Statement) => type === "DecoratorBlock"

// --- inline partials and helpers -----------------------------------------------------------------

/** The container of the template that an inline partial stands in. */
const owners = new WeakMap<Partial, Container>()

const inlinesOf = (partials: Partials | undefined): Partials | undefined => {
  let found: Record<string, Partial> | undefined
  for (const name in partials) {
    const partial = partials[name]
    if (partial !== undefined && owners.has(partial)) (found ??= {})[name] = partial
  }
  return found
}

/**
 * Differs from Handlebars' own in that the page's content for a block beats that of the layouts
 * between it and the block, as inheritance has it everywhere else.
 */
internals.registerDecorator("inline", (fn, props, container, options) => {
  const [name] = options.args as readonly [string]
  const outer = container.partials?.[name]
  const owner = outer === undefined ? undefined : owners.get(outer)
  owners.set(options.fn, container)
  const content = owner === undefined || owner === container ? options.fn : outer!
  if (props.partials !== undefined) {
    props.partials[name] = content
    return fn
  }
  const own = (props.partials = { [name]: content })
  return (context, rest) => {
    const before = container.partials
    container.partials = { ...before, ...own }
    try {
      return fn(context, rest)
    } finally {
      container.partials = before
    }
  }
})

handlebars.registerHelper("if", function (this: unknown, value: unknown, options: Block) {
  return isTruthy(value) || (value === 0 && options.hash["includeZero"] === true)
    ? options.fn(this)
    : options.inverse(this)
})
handlebars.registerHelper("unless", function (this: unknown, value: unknown, options: Block) {
  return isTruthy(value) ? options.inverse(this) : options.fn(this)
})
handlebars.registerHelper("with", function (this: unknown, value: unknown, options: Block) {
  return isTruthy(value)
    ? options.fn(value, { data: options.data, blockParams: [value] })
    : options.inverse(this)
})
/** `{{#name}}…{{/name}}`: a section, as in Mustache. */
handlebars.registerHelper(
  "blockHelperMissing",
  function (this: unknown, value: unknown, options: Block) {
    return Array.isArray(value)
      ? handlebars.helpers["each"]!.call(this, value, options)
      : isTruthy(value)
        ? options.fn(value === true ? this : value)
        : options.inverse(this)
  }
)

type Block = Handlebars.HelperOptions
