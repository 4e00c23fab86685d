/** Mustache's own specification, and what Portico's engine does beside it. */
import { assert, describe, it } from "@effect/vitest"
import { Exit } from "effect"
import { readFileSync } from "node:fs"
import * as Mustache from "../../../src/adapters/templates/Mustache.ts"
import { trusted } from "../../../src/domain/Html.ts"
import * as TemplateEngine from "../../../src/ports/TemplateEngine.ts"
import { failure, page } from "./pages.ts"

const render = page(Mustache.driver)
const fails = failure(Mustache.driver)

interface Case {
  readonly name: string
  readonly desc: string
  readonly data: unknown
  readonly template: string
  readonly partials?: Readonly<Record<string, string>>
  readonly expected: string
}

/** The spec prints nothing for a name that is not there; here that is a failure. */
const misses: ReadonlySet<string> = new Set([
  "interpolation: Basic Context Miss Interpolation",
  "interpolation: Triple Mustache Context Miss Interpolation",
  "interpolation: Ampersand Context Miss Interpolation",
  "interpolation: Dotted Names - Broken Chains",
  "interpolation: Dotted Names - Broken Chain Resolution",
  "interpolation: Dotted Names - Context Precedence",
  "interpolation: Dotted Names are never single keys",
  "inverted: Context Misses",
  "inverted: Dotted Names - Broken Chains",
  "sections: Context Misses",
  "sections: Dotted Names - Broken Chains",
  "~inheritance: Negative Sections"
])

/** Layouts and blocks are not indented with the tag that asks for them, as partials are. */
const indentations: ReadonlySet<string> = new Set([
  "~inheritance: Standalone parent",
  "~inheritance: Standalone block",
  "~inheritance: Block reindentation",
  "~inheritance: Intrinsic indentation",
  "~inheritance: Nested block reindentation"
])

/** Unescaped output takes `Html` only, so the spec's raw texts are trusted first. */
const allTrusted = (data: unknown): unknown =>
  Array.isArray(data)
    ? data.map(allTrusted)
    : typeof data === "object" && data !== null
      ? Object.fromEntries(Object.entries(data).map(([name, value]) => [name, allTrusted(value)]))
      : typeof data === "string" || typeof data === "number"
        ? trusted(String(data))
        : data

describe.each([
  "comments",
  "delimiters",
  "interpolation",
  "inverted",
  "partials",
  "sections",
  "~inheritance"
])("Mustache specification: %s", (theme) => {
  const file = new URL(`../../fixtures/mustache-spec/${theme}.json`, import.meta.url)
  const { tests }: { tests: ReadonlyArray<Case> } = JSON.parse(readFileSync(file, "utf8"))
  // A page's values have names, so a context that is a text or a list cannot be given.
  for (const test of tests.filter(({ data }) => typeof data === "object" && !Array.isArray(data))) {
    it(`${test.name}: ${test.desc}`, () => {
      const id = `${theme}: ${test.name}`
      const texts = [test.template, ...Object.values(test.partials ?? {})]
      const raw = texts.some((text) => /\{\{(\{|\s*&)/.test(text))
      const values = (raw ? allTrusted(test.data) : test.data) as TemplateEngine.Values
      const files = { page: test.template, ...test.partials }
      if (misses.has(id)) {
        assert.strictEqual(fails(files, values)._tag, "TemplateMissingVariable")
      } else if (id === "partials: Failed Lookup") {
        assert.strictEqual(fails(files, values)._tag, "TemplateNotFound")
      } else if (indentations.has(id)) {
        assert.notStrictEqual(render(files, values), test.expected)
        assert.strictEqual(unindented(render(files, values)), unindented(test.expected))
      } else {
        assert.strictEqual(render(files, values), test.expected)
      }
    })
  }
})

const unindented = (text: string) => text.replace(/^ +/gm, "").trimEnd()

describe("Mustache", () => {
  it("knows a list's length, and its items by number", () => {
    assert.strictEqual(render({ page: "{{a.length}}{{a.1}}" }, { a: ["x", "y"] }), "2y")
  })

  it("finds the names of outer sections, and in partials those of the page", () => {
    assert.strictEqual(
      render(
        { page: "{{#a}}{{#b}}{{x}}{{y}}{{z}}{{>p}}{{/b}}{{/a}}", p: "({{z}}{{x}})" },
        { a: { b: { z: 3 }, y: 2 }, x: 1 }
      ),
      "123(31)"
    )
  })

  it("names that every object inherits are data like others, where data has them", () => {
    assert.strictEqual(render({ page: "{{constructor}}" }, { constructor: "Ferrari" }), "Ferrari")
    assert.strictEqual(
      render({ page: "{{#a}}{{valueOf}}{{/a}}" }, { a: { b: 1 }, valueOf: "x" }),
      "x"
    )
    assert.strictEqual(fails({ page: "{{hasOwnProperty}}" }, {})._tag, "TemplateMissingVariable")
  })

  it("template text never becomes code", () => {
    const text = "`${1}`\\'\"\u2028\n*/ //"
    assert.strictEqual(render({ page: text }, {}), text)
    const odd = 'a"];throw(1);//`$'
    assert.strictEqual(render({ page: `{{#x}}{{${odd}}}{{/x}}` }, { x: { [odd]: "v" } }), "v")
  })

  it("a block inside the content of its own name shows the default", () => {
    assert.strictEqual(
      render({ page: "{{<base}}{{$b}}x{{$b}}y{{/b}}{{/b}}{{/base}}", base: "{{$b}}d{{/b}}" }, {}),
      "xy"
    )
  })

  it("a layout inside a loop sees each row", () => {
    assert.strictEqual(
      render(
        {
          page: "{{#rows}}{{<card}}{{$body}}{{id}}{{/body}}{{/card}}{{/rows}}",
          card: "[{{$body}}{{/body}}{{id}}]"
        },
        { rows: [{ id: 1 }, { id: 2 }] }
      ),
      "[11][22]"
    )
  })

  it("reports the place in an indented partial as it stands in its file", () => {
    const found = fails(
      { page: "<ul>\n    {{>row}}\n</ul>", row: "<li>\n\n {{x}}{{nmae}}\n" },
      { x: 1 }
    )
    assert(found._tag === "TemplateMissingVariable")
    assert.deepStrictEqual([found.template, found.line, found.column], ["row", 3, 7])
  })

  it.each([
    ["an empty tag", "a{{}}", 1, 2],
    ["a name with a space", "\n{{a b}}", 2, 1],
    ["a section that is not closed", "a\n {{#a}}\n{{/b", 3, 1],
    ["a section that is closed by another name", "{{#a}}\n {{/b}}", 2, 2],
    ["a section that was never opened", "a\n {{/b}}", 2, 2],
    ["a tag that is not closed", "a\n {{b", 2, 2],
    ["a section left open", "a\n {{#b}}\n", 2, 2],
    ["a partial named by data", " {{>*b}}", 1, 2],
    ["a tag directly in a layout", "{{<b}}{{x}}{{/b}}", 1, 7],
    ["a delimiter that is none", "a\n{{=x=}}", 1, 1]
  ])("shows the place of %s", (_, text, line, column) => {
    const found = fails({ page: text, b: "" }, { b: 1 })
    assert(found._tag === "TemplateSyntax", found._tag)
    assert.deepStrictEqual([found.line, found.column], [line, column])
  })

  it("shows three lines and a caret", () => {
    const found = fails({ page: "<ul>\n\t{{nmae}}\r\n</ul>\n" }, { name: 1 })
    assert(found._tag === "TemplateMissingVariable")
    assert.strictEqual(found.excerpt, "1 | <ul>\n2 | \t{{nmae}}\n  | \t^\n3 | </ul>")
    assert.strictEqual(
      found.message,
      'TemplateEngine.render: page.mustache:2:2: there is no "nmae"; available: name. Did you mean "name"?'
    )
  })

  it("blocks are nested 100 levels deep at most", () => {
    const nested = (levels: number) => `${"{{#a}}".repeat(levels)}x${"{{/a}}".repeat(levels)}`
    assert.strictEqual(render({ page: nested(100) }, { a: true }), "x")
    const found = fails({ page: nested(101) }, { a: true })
    assert(found._tag === "TemplateSyntax", found.message)
    assert.strictEqual(fails({ page: nested(50_000) }, { a: true })._tag, "TemplateSyntax")
  })

  it("keeps working after a page that failed", () => {
    const files = { "page.mustache": "{{#a}}{{>p}}{{/a}}", "p.mustache": "{{x}}" }
    const engine = TemplateEngine.make(Mustache.driver, TemplateEngine.fromFiles(files), {
      mode: "production",
      maxDepth: 1
    })
    for (let i = 0; i < 3; i++) {
      assert(Exit.isFailure(engine.renderExit("page", { a: true })))
      const exit = engine.renderExit("page", { a: [{ x: 1 }, { x: 2 }] })
      assert(Exit.isSuccess(exit))
      assert.strictEqual(exit.value.markup, "12")
    }
  })
})
