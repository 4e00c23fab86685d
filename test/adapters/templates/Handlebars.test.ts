import { assert, describe, it } from "@effect/vitest"
import * as Handlebars from "../../../src/adapters/templates/Handlebars.ts"
import { trusted } from "../../../src/domain/Html.ts"
import { failure, page } from "./pages.ts"

const render = page(Handlebars.driver)
const fails = failure(Handlebars.driver)

describe("Handlebars", () => {
  it("has the built-in helpers, which decide as the port does", () => {
    const text =
      "{{#if a}}A{{else if b}}B{{else}}C{{/if}}{{#unless a}}u{{/unless}}" +
      "{{#with a}}{{x}}{{else}}no{{/with}}{{#with d as |e|}}{{e.x}}{{/with}}" +
      "{{#each list as |item i|}}{{i}}{{item}}{{@first}}{{/each}}{{#each c}}{{@key}}{{/each}}"
    assert.strictEqual(
      render({ page: text }, { a: [], b: {}, c: { k: 1 }, d: { x: 1 }, list: ["x", "y"] }),
      "Buno10xtrue1yfalsek"
    )
    assert.strictEqual(render({ page: "{{#if a includeZero=true}}0{{/if}}" }, { a: 0 }), "0")
  })

  it("has sections, as Mustache does", () => {
    const text = "{{#a}}{{x}}{{/a}}{{#b}}{{../y}}{{/b}}{{#c}}{{y}}{{/c}}{{^d}}none{{/d}}"
    assert.strictEqual(
      render({ page: text }, { a: [{ x: 1 }, { x: 2 }], b: { z: 1 }, c: true, d: [], y: "y" }),
      "12yynone"
    )
  })

  it("looks names up by value, strictly", () => {
    assert.strictEqual(render({ page: "{{lookup a b}}" }, { a: { x: "<" }, b: "x" }), "&lt;")
    const found = fails({ page: "{{lookup a b}}" }, { a: { x: 1 }, b: "constructor" })
    assert(found._tag === "TemplateMissingVariable")
    assert.deepStrictEqual([found.variable, found.available], ["constructor", ["x"]])
  })

  it("escapes in attributes, parameters and partials alike", () => {
    const files = {
      page: "{{> p x=a}}{{#> q}}{{a}}{{/q}}",
      p: '<a title="{{x}}">',
      q: "({{> @partial-block}})"
    }
    assert.strictEqual(
      render(files, { a: "\"'<" }),
      '<a title="&quot;&#x27;&lt;">(&quot;&#x27;&lt;)'
    )
  })

  it("keeps a partial block's content when a partial of that name has blocks of its own", () => {
    const files = {
      page: '{{#> card}}{{#*inline "title"}}A{{/inline}}{{/card}}{{#> card}}{{#*inline "title"}}B{{/inline}}{{/card}}{{#> card}}{{/card}}',
      card: "<{{#> title}}none{{/title}}>"
    }
    assert.strictEqual(render(files, {}), "<A><B><none>")
  })

  it("a recursive partial sees its own rows", () => {
    const files = {
      page: "{{> node}}",
      node: "({{name}}{{#each children}}{{> node}}{{/each}})"
    }
    const tree = {
      name: 1,
      children: [
        { name: 2, children: [] },
        { name: 3, children: [] }
      ]
    }
    assert.strictEqual(render(files, tree), "(1(2)(3))")
  })

  it("a page that failed inside a block leaves nothing behind", () => {
    const text = '{{#*inline "x"}}{{a}}{{/inline}}{{> x}}'
    assert.strictEqual(fails({ page: text }, {})._tag, "TemplateMissingVariable")
    assert.strictEqual(render({ page: text }, { a: 1 }), "1")
  })

  it("inline partials that call each other without end fail", () => {
    const found = fails({ page: '{{#*inline "x"}}{{> x}}{{/inline}}{{> x}}' }, {})
    assert.strictEqual(found._tag, "TemplateThrew")
  })

  it("data cannot name a helper or a partial", () => {
    for (const text of [
      "{{x y}}",
      "{{#x y}}{{/x}}",
      "{{log y}}",
      "{{> (lookup . 'x')}}",
      "{{* x}}"
    ]) {
      const found = fails({ page: text }, { x: "if", y: 1 })
      assert(
        found._tag === "TemplateSyntax" || found._tag === "TemplateMissingVariable",
        found.message
      )
    }
    assert.strictEqual(render({ page: "{{x}}" }, { x: "{{y}}" }), "{{y}}")
  })

  it("looks up within an expression alone, since what a block makes is not escaped", () => {
    assert.strictEqual(render({ page: "{{lookup a 'b'}}" }, { a: { b: "<i>" } }), "&lt;i&gt;")
    const found = fails({ page: "{{#lookup a 'b'}}{{/lookup}}" }, { a: { b: "<i>" } })
    assert.strictEqual(found._tag, "TemplateSyntax")
  })

  it("blocks are nested 100 levels deep at most", () => {
    const nested = (levels: number) => `${"{{#if a}}".repeat(levels)}x${"{{/if}}".repeat(levels)}`
    assert.strictEqual(render({ page: nested(100) }, { a: true }), "x")
    const found = fails({ page: nested(101) }, { a: true })
    assert(found._tag === "TemplateSyntax", found.message)
  })

  it.each([
    "{{lookup a}}",
    "{{lookup a 'b' a}}",
    "{{#if}}{{/if}}",
    "{{#if a a}}{{/if}}",
    "{{if a}}",
    "{{#unless a}}{{else if}}{{/unless}}",
    "{{unless a}}",
    "{{#with}}{{/with}}",
    "{{with a}}",
    "{{#each}}{{/each}}",
    "{{each a}}",
    "{{#with (if a)}}{{/with}}"
  ])("a built-in helper with the wrong values is no syntax: %s", (text) => {
    const found = fails({ page: `\n${text}` }, { a: 1 })
    assert(found._tag === "TemplateSyntax", found.message)
    assert.strictEqual(found.line, 2)
  })

  it.each(["constructor", "toString"])("a partial may be called %s", (name) => {
    const text = `{{> ${name} x=1}}{{#> ${name}}}{{/${name}}}`
    assert.strictEqual(render({ page: text, [name]: "{{x}}" }, { x: 2 }), "12")
    assert.strictEqual(render({ page: `{{#> ${name}}}own{{/${name}}}` }, {}), "own")
    assert.strictEqual(fails({ page: `{{> ${name}}}` }, {})._tag, "TemplateNotFound")
  })

  it("no partial is called __proto__", () => {
    for (const text of [
      "{{> __proto__}}",
      "{{#> __proto__}}{{/__proto__}}",
      "{{#*inline '__proto__'}}{{/inline}}"
    ]) {
      assert.strictEqual(fails({ page: text }, {})._tag, "TemplateSyntax")
    }
  })

  it("what a layout shows of its page fails where there is no page", () => {
    assert.strictEqual(fails({ page: "{{> @partial-block}}" }, {})._tag, "TemplateThrew")
  })

  it("raw output of what a helper made is refused, and Html is not", () => {
    assert.strictEqual(render({ page: "{{{lookup a 'b'}}}" }, { a: { b: trusted("<i>") } }), "<i>")
    assert.strictEqual(
      fails({ page: "{{{lookup a 'b'}}}" }, { a: { b: "<i>" } })._tag,
      "TemplateRawRefused"
    )
  })

  it.each([
    ["a block that is not closed", "a\n{{#if a}}\n", 3, 1],
    ["a block closed by another name", "\n{{#if a}}{{/each}}", 2, 4],
    ["an unknown helper", "a\n {{foo 1}}", 2, 2],
    ["an unknown decorator", "\n{{#*foo a}}{{/foo}}", 2, 1],
    ["a partial named by data", "\n {{> (lookup . 'x')}}", 2, 2],
    ["a tag that is none", "\n\n{{}}", 3, 3]
  ])("shows the place of %s", (_, text, line, column) => {
    const found = fails({ page: text }, { a: 1 })
    assert(found._tag === "TemplateSyntax", found.message)
    assert.deepStrictEqual([found.line, found.column], [line, column])
  })

  it("shows the place of a missing name in an expression", () => {
    const found = fails(
      { page: "x\n{{#if (lookup a 'b')}}{{/if}} {{#each a.rosw}}{{/each}}" },
      { a: { b: 1, rows: [] } }
    )
    assert(found._tag === "TemplateMissingVariable")
    assert.deepStrictEqual([found.variable, found.line, found.column], ["a.rosw", 2, 39])
  })
})
