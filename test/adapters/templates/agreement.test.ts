/** One page, four languages, any data: the same bytes. */
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Eta from "../../../src/adapters/templates/Eta.ts"
import * as Handlebars from "../../../src/adapters/templates/Handlebars.ts"
import * as Liquid from "../../../src/adapters/templates/Liquid.ts"
import * as Mustache from "../../../src/adapters/templates/Mustache.ts"
import { escape, type Html, isHtml, trusted } from "../../../src/domain/Html.ts"
import { failure, page } from "./pages.ts"

const pages = {
  mustache: page(Mustache.driver),
  handlebars: page(Handlebars.driver),
  eta: page(Eta.driver),
  liquid: page(Liquid.driver)
}

const sources: Readonly<Record<keyof typeof pages, Readonly<Record<string, string>>>> = {
  mustache: {
    page: "{{title}}\n{{#groups}}{{#flag}}+{{/flag}}{{^flag}}-{{/flag}}{{#rows}}{{> row}}{{/rows}}{{^rows}}none{{/rows}}\n{{/groups}}",
    row: "<{{text}}|{{value}}>"
  },
  handlebars: {
    page: "{{title}}\n{{#each groups}}{{#if flag}}+{{else}}-{{/if}}{{#each rows}}{{> row}}{{else}}none{{/each}}\n{{/each}}",
    row: "<{{text}}|{{value}}>"
  },
  eta: {
    page: "<%= it.title %>\n\n<% for (const g of it.groups) { %><%= truthy(g.flag) ? '+' : '-' %><% for (const row of g.rows) { %><%~ include('row', row) %><% } %><% if (!truthy(g.rows)) { %>none<% } %>\n\n<% } %>",
    row: "<<%= it.text %>|<%= it.value %>>"
  },
  liquid: {
    page: "{{ title }}\n{% for g in groups %}{% if g.flag %}+{% else %}-{% endif %}{% for row in g.rows %}{% render 'row', text: row.text, value: row.value %}{% else %}none{% endfor %}\n{% endfor %}",
    row: "<{{ text }}|{{ value }}>"
  }
}

const html: fc.Arbitrary<Html> = fc.string().map(trusted)
const printable = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom("{", "}", "<", "%", ">", "&", "'", '"', "a", "\n") }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  html
)
const row = fc.record({ text: printable, value: printable })
const group = fc.record({
  // One item at most: in Mustache a question put to a list is a loop.
  flag: fc.oneof(printable, fc.array(fc.integer(), { maxLength: 1 }), fc.constant({})),
  rows: fc.array(row, { maxLength: 4 })
})
const values = fc.record({ title: printable, groups: fc.array(group, { maxLength: 4 }) })

const printed = (value: string | number | boolean | Html | null): string =>
  value === null ? "" : isHtml(value) ? value.markup : escape(String(value))

const truthy = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isHtml(value) ? value.markup !== "" : Boolean(value)

describe("template engines", () => {
  it("print the same page of the same data", () => {
    fc.assert(
      fc.property(values, (values) => {
        const expected =
          `${printed(values.title)}\n` +
          values.groups
            .map(({ flag, rows }) => {
              const cells = rows.map((row) => `<${printed(row.text)}|${printed(row.value)}>`)
              return `${truthy(flag) ? "+" : "-"}${cells.join("") || "none"}\n`
            })
            .join("")
        for (const [name, render] of Object.entries(pages)) {
          const source = sources[name as keyof typeof pages]
          assert.strictEqual(render(source, values), expected, name)
        }
      }),
      { numRuns: 150 }
    )
  })

  it("miss the same name, whichever is missing", () => {
    const full = { title: "t", groups: [{ flag: true, rows: [{ text: "x", value: 1 }] }] }
    const gaps = [
      ["title", { groups: full.groups }],
      ["groups", { title: "t" }],
      ["flag", { title: "t", groups: [{ rows: [] }] }],
      ["rows", { title: "t", groups: [{ flag: 1 }] }],
      ["value", { title: "t", groups: [{ flag: 1, rows: [{ text: "x" }] }] }]
    ] as const
    const failures = {
      mustache: failure(Mustache.driver),
      handlebars: failure(Handlebars.driver),
      eta: failure(Eta.driver),
      liquid: failure(Liquid.driver)
    }
    for (const [missing, values] of gaps) {
      for (const [name, fails] of Object.entries(failures)) {
        const found = fails(sources[name as keyof typeof pages], values)
        assert(found._tag === "TemplateMissingVariable", `${name} ${missing}: ${found.message}`)
        assert.strictEqual(found.variable.replace(/^.*\./, ""), missing, name)
      }
    }
  })
})
