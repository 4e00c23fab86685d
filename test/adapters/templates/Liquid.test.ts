import { assert, describe, it } from "@effect/vitest"
import * as Liquid from "../../../src/adapters/templates/Liquid.ts"
import { trusted } from "../../../src/domain/Html.ts"
import { failure, page } from "./pages.ts"

const render = page(Liquid.driver)
const fails = failure(Liquid.driver)

describe("Liquid", () => {
  it("decides as the port does, in and, or, not and unless too", () => {
    const text =
      "{% if a %}a{% elsif b %}b{% endif %}{% unless a %}u{% endunless %}" +
      "{% if b and a %}&{% endif %}{% if a or b %}|{% endif %}{% if not a %}!{% endif %}"
    assert.strictEqual(render({ page: text }, { a: [], b: {} }), "bu|!")
  })

  it("escapes what filters make, and what was captured or escaped only once", () => {
    const text =
      "{{ a | upcase }}{{ a | append: '>' }}{{ a | escape }}{% capture b %}<i>{{ a }}{% endcapture %}{{ b }}" +
      "{{ h }}{{ h | append: '' }}{{ t | newline_to_br }}{% echo a %}"
    assert.strictEqual(
      render({ page: text }, { a: "<a", h: trusted("<b>"), t: "<\n" }),
      "&lt;A&lt;a&gt;&lt;a<i>&lt;a<b>&lt;b&gt;&lt;<br />\n&lt;a"
    )
  })

  it("knows forloop, sizes, first, last and block.super", () => {
    const files = {
      page: "{% layout 'base' %}{% block b %}{{ block.super }}{% for x in l %}{{ forloop.index }}{{ forloop.last }}{% endfor %}{{ l.size }}{{ l.first }}{{ l.last }}{{ s.size }}{% endblock %}",
      base: "{% block b %}<b>{% endblock %}"
    }
    assert.strictEqual(render(files, { l: ["x", "y"], s: "abc" }), "<b>1false2true2xy3")
  })

  it.each([
    "{% for i in (1..100000000) %}{% endfor %}",
    "{% for i in (1..9) %}{% assign l = (1..3000000) %}{% endfor %}",
    "{% for i in (1..9) %}{% render 'part' %}{% endfor %}",
    "{{ d | date: '%90000000d' }}"
  ])("a template cannot take all of the memory: %s", (text) => {
    const files = { page: text, part: "{% assign l = (1..3000000) %}" }
    const found = fails(files, { d: new Date(0) })
    assert(found._tag === "TemplateThrew", found.message)
    assert.match(found.message, /limit/)
  })

  it("shows dates in UTC", () => {
    assert.strictEqual(
      render({ page: "{{ d | date: '%Y-%m-%d %H:%M' }}" }, { d: new Date(0) }),
      "1970-01-01 00:00"
    )
  })

  it("render sees what it is given alone, include all", () => {
    const files = { page: "{% include 'p' %}{% render 'p', a: 2 %}", p: "{{ a }}" }
    assert.strictEqual(render(files, { a: 1 }), "12")
    const found = fails({ page: "{% render 'p' %}", p: "{{ a }}" }, { a: 1 })
    assert(found._tag === "TemplateMissingVariable")
    assert.strictEqual(found.template, "p")
  })

  it("null may have a default, and a missing name may not", () => {
    assert.strictEqual(render({ page: "{{ a | default: 'd' }}" }, { a: null }), "d")
    assert.strictEqual(
      fails({ page: "{{ a | default: 'd' }}" }, {})._tag,
      "TemplateMissingVariable"
    )
  })

  it("its own objects show nothing but what Liquid says they do", () => {
    for (const name of ["constructor", "next", "liquidMethodMissing", "__proto__", "valueOf"]) {
      const found = fails({ page: `{% for x in l %}{{ forloop.${name} }}{% endfor %}` }, { l: [1] })
      assert.strictEqual(found._tag, "TemplateMissingVariable", name)
    }
  })

  it("what a filter throws fails with its place", () => {
    const found = fails({ page: "a\n {{ a | strip_html | date: '%Y' | sample: 'x' }}" }, { a: [1] })
    assert.notStrictEqual(found._tag, "TemplateSyntax")
    assert("line" in found)
    assert.strictEqual(found.line, 2)
  })

  it.each([
    ["an unknown tag", "a\n {% foo %}", 2, 2],
    ["an unknown filter", "a\n {{ a | foo }}", 2, 2],
    ["a tag that is not closed", "a\n {% if a", 2, 2],
    ["a block that is not closed", "a\n {% if a %}\n", 2, 2],
    ["a partial named by data", "\n{% render a %}", 2, 1],
    ["a partial whose name holds data", "\n{% render 'x/{{ a }}' %}", 2, 1]
  ])("shows the place of %s", (_, text, line, column) => {
    const found = fails({ page: text }, { a: 1 })
    assert(found._tag === "TemplateSyntax", found.message)
    assert.deepStrictEqual([found.line, found.column], [line, column])
  })
})
