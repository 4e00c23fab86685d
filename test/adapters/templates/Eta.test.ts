import { assert, describe, it } from "@effect/vitest"
import * as Eta from "../../../src/adapters/templates/Eta.ts"
import { trusted } from "../../../src/domain/Html.ts"
import { failure, page } from "./pages.ts"

const render = page(Eta.driver)
const fails = failure(Eta.driver)

describe("Eta", () => {
  it("is JavaScript over plain data", () => {
    const text =
      "<% const names = it.rows.map((row) => row.name).sort() %><%= names.join(', ') %>" +
      "<%= 'email' in it.rows[0] ? 'has' : 'has not' %><%= JSON.stringify(it.rows[0]) %>"
    assert.strictEqual(
      render({ page: text }, { rows: [{ name: "b" }, { name: "a" }] }),
      "a, bhas not{&quot;name&quot;:&quot;b&quot;}"
    )
  })

  it("include and layout see the page's values, and those they are given", () => {
    const files = {
      page: "<% layout('base', { title: 'T' }) %>x<%~ include('p', { b: 2 }) %>",
      base: "<title><%= it.title %><%= it.a %></title><%~ it.body %>",
      p: "<%= it.a %><%= it.b %>"
    }
    assert.strictEqual(render(files, { a: "<" }), "<title>T&lt;</title>x&lt;2")
  })

  it("include, block and capture make Html, and output escapes", () => {
    const files = {
      page: "<%= include('p') %><% const c = capture(() => { %><i><% }) %><%= c %><% output('<') %><% output(it.h) %>",
      p: "<b>"
    }
    assert.strictEqual(render(files, { h: trusted("<u>") }), "<b><i>&lt;<u>")
  })

  it("a comment at the end of a tag ends there", () => {
    assert.strictEqual(render({ page: "<%= it.a // the a %>!<% // nothing %>?" }, { a: 1 }), "1!?")
  })

  it("text never becomes code", () => {
    const text = "'`${1}\\ \u2028 */ // \r\n\\'"
    assert.strictEqual(render({ page: text }, {}), text.replace("\r\n", "\n"))
  })

  it("raw output of text is refused", () => {
    assert.strictEqual(
      fails({ page: "<%~ it.a + '' %>" }, { a: trusted("<b>") })._tag,
      "TemplateRawRefused"
    )
    assert.strictEqual(render({ page: "<%~ it.a %>" }, { a: trusted("<b>") }), "<b>")
  })

  it.each([
    ["in full", "\n <%= it.user.nmae %>", "user.nmae", 2, 6],
    ["optionally", "\n <%= it.user?.nmae %>", "nmae", 2, 15],
    ["by another name", "<% const u = it.user %>\n<%= u.nmae %>", "nmae", 2, 7],
    ["by pattern", "<% const { nmae } = it.user %>", "nmae", 1, 4],
    ["of a text", "<%= it.user.name.nmae %>", "user.name.nmae", 1, 5],
    ["of null", "<%= it.none.nmae %>", "none.nmae", 1, 5]
  ])("a name that is missing, read %s, fails with its place", (_, text, variable, line, column) => {
    const found = fails({ page: text }, { user: { name: "x" }, none: null })
    assert(found._tag === "TemplateMissingVariable", found.message)
    assert.deepStrictEqual([found.variable, found.line, found.column], [variable, line, column])
  })

  it("what a template throws fails with its place", () => {
    const found = fails({ page: "a\n <% throw new Error('boo') %>" }, {})
    assert(found._tag === "TemplateThrew")
    assert.deepStrictEqual([found.line, found.column], [2, 5])
    assert.include(found.message, '"boo"')
    assert.include(fails({ page: "<% throw it %>" }, {}).message, "threw an object")
  })

  it.each([
    ["code that is none", "a\n <% if (it.a { %><% } %>", 2, 14],
    ["an expression that is none", "a\n <%= 1 +* 2 %>", 2, 9],
    ["code on a later line of its tag", "<%\n const a = 1\n const = 2 %>", 3, 8],
    ["a block that is not closed", "a\n <% if (1) { %>", 2, 5],
    ["a tag that is not closed", "a\n <%= 1", 2, 2],
    ["a text that is not closed", "\n <%= 'x %>", 2, 6]
  ])("shows the place of %s", (_, text, line, column) => {
    const found = fails({ page: text }, {})
    assert(found._tag === "TemplateSyntax", found.message)
    assert.deepStrictEqual([found.line, found.column], [line, column])
  })
})
