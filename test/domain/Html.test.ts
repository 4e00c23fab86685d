import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Html from "../../src/domain/Html.ts"

describe("Html", () => {
  // What Django 5.2's django.utils.html.escape gives for these.
  it.each([
    ["<>&\"'", "&lt;&gt;&amp;&quot;&#x27;"],
    ["plain", "plain"],
    ["&amp;", "&amp;amp;"],
    ["<script>alert('x')</script>", "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"],
    ["é ☃", "é ☃"],
    ["`", "`"]
  ])("escapes %j as Django does", (text, escaped) => {
    assert.strictEqual(Html.escape(text), escaped)
  })

  it("escapes every occurrence, wherever it stands", () => {
    const entities: Readonly<Record<string, string>> = {
      "&": "&amp;",
      "<": "&lt;",
      ">": "&gt;",
      '"': "&quot;",
      "'": "&#x27;"
    }
    const text = fc
      .array(fc.constantFrom("<", ">", "&", '"', "'", "a", "𝒳", " "))
      .map((all) => all.join(""))
    fc.assert(
      fc.property(text, (text) => {
        assert.strictEqual(
          Html.escape(text),
          text.replace(/[&<>"']/g, (c) => entities[c]!)
        )
      })
    )
  })

  it("html escapes its holes, and leaves Html and lists of Html", () => {
    const items = ["<", Html.trusted("<b>"), null, undefined, 0, false]
    assert.strictEqual(Html.html`<p>${items}${"'"}</p>`.markup, "<p>&lt;<b>0false&#x27;</p>")
  })

  it("is told from anything that JSON can make", () => {
    assert.isTrue(Html.isHtml(Html.trusted("")))
    assert.isFalse(Html.isHtml(JSON.parse('{"markup":"<b>","portico/domain/Html":true}')))
    assert.isFalse(Html.isHtml({ ...Html.trusted("<b>") }))
    assert.isFalse(Html.isHtml(null))
    assert.strictEqual(JSON.stringify({ page: Html.trusted("<b>") }), '{"page":"<b>"}')
    // oxlint-disable-next-line typescript/no-base-to-string -- what is tried here
    assert.strictEqual(["a", Html.trusted("<b>")].join(""), "a<b>")
  })
})
