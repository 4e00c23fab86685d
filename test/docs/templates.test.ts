/** The guide's table of four syntaxes: each row prints the same in every engine. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Eta from "../../src/adapters/templates/Eta.ts"
import * as Handlebars from "../../src/adapters/templates/Handlebars.ts"
import * as Liquid from "../../src/adapters/templates/Liquid.ts"
import * as Mustache from "../../src/adapters/templates/Mustache.ts"
import { trusted } from "../../src/domain/Html.ts"
import { page } from "../adapters/templates/pages.ts"

const values = {
  x: "<",
  user: { name: "Ada" },
  ok: true,
  rows: [{ text: "a" }, { text: "b" }],
  none: [],
  html: trusted("<hr>")
}

const expected: Readonly<Record<string, string>> = {
  "a value": "&lt;",
  "a field": "Ada",
  "how many": "2",
  "a condition": "yes",
  "a loop": "ab",
  "if there is none": "none",
  "a partial": "[&lt;]",
  "a partial for one row": "(Ada)",
  "a block, in a layout": "Polls",
  "a page in a layout": "<title>Poll</title>",
  "unescaped, `Html` only": "<hr>",
  "a remark": ""
}

const engines = [
  [page(Mustache.driver), "[{{x}}]", "({{name}})", "<title>{{$title}}{{/title}}</title>"],
  [page(Handlebars.driver), "[{{x}}]", "({{name}})", "<title>{{#> title}}{{/title}}</title>"],
  [page(Eta.driver), "[<%= it.x %>]", "(<%= it.name %>)", "<title><%~ block('title') %></title>"],
  [
    page(Liquid.driver),
    "[{{ x }}]",
    "({{ name }})",
    "<title>{% block title %}{% endblock %}</title>"
  ]
] as const

const guide = readFileSync(new URL("../../docs/guide/templates.md", import.meta.url), "utf8")
const rows = guide
  .split("\n")
  .filter((line) => line.startsWith("| ") && line.includes(" | `"))
  .map((line) => line.slice(2, -2).split(/(?<!\\) \| /))

describe("docs/guide/templates.md", () => {
  it("has a row for each thing that is expected here", () => {
    assert.deepStrictEqual(
      rows.map(([name]) => name),
      Object.keys(expected)
    )
  })

  it.each(rows)("%s", (name, ...cells) => {
    assert.lengthOf(cells, engines.length)
    engines.forEach(([render, row, oneRow, base], i) => {
      const text = cells[i]!.slice(1, -1).replaceAll("\\|", "|")
      const files = { page: text, "polls/row": row, "polls/name": oneRow, base }
      assert.strictEqual(render(files, values), expected[name], text)
    })
  })
})
