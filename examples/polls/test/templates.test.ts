/** The four languages say the same: each page, byte for byte. */
import { Effect } from "effect"
import { Html, TemplateEngine } from "portico"
import * as Eta from "portico/adapters/templates/Eta"
import * as Handlebars from "portico/adapters/templates/Handlebars"
import * as Liquid from "portico/adapters/templates/Liquid"
import * as Mustache from "portico/adapters/templates/Mustache"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const directories = [fileURLToPath(new URL("../templates", import.meta.url))]

const pages: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "polls/index": {
    static_url: "/static/",
    questions: [
      { text: "What’s <new>?", url: "/polls/1/", day: "2026-01-02" },
      { text: 'Tabs & "spaces"?', url: "/polls/2/", day: "2026-01-01" }
    ]
  },
  "polls/detail": {
    static_url: "/static/",
    question: "What’s <new>?",
    action: "/polls/1/vote/",
    error: "You didn’t select a choice.",
    csrf_input: Html.html`<input type="hidden" name="csrfmiddlewaretoken" value="x">`,
    choices: [
      { id: 1, text: "Not 'much'" },
      { id: 2, text: "The sky" }
    ]
  },
  "polls/results": {
    static_url: "/static/",
    question: "What’s <new>?",
    choices: [
      { text: "Not much", votes: 1, label: "1 vote" },
      { text: "The sky", votes: 0, label: "0 votes" }
    ],
    total: 1,
    again: "/polls/1/",
    index: "/polls/"
  }
}

const render = (
  engine: typeof Mustache,
  page: string,
  context: Readonly<Record<string, unknown>>
) =>
  Effect.runSync(
    Effect.flatMap(TemplateEngine.TemplateEngine, (_) => _.render(page, context)).pipe(
      Effect.provide(engine.layer({ directories, mode: "production" }))
    )
  ).markup

describe("the polls templates", () => {
  for (const [page, context] of [
    ...Object.entries(pages),
    ["polls/index", { static_url: "/static/", questions: [] }] as const,
    ["polls/detail", { ...pages["polls/detail"], error: "" }] as const
  ]) {
    const expected = () => render(Mustache, page, context)
    for (const [name, engine] of Object.entries({ Handlebars, Eta, Liquid })) {
      it(`${page} in ${name} is as in Mustache`, () => {
        assert.strictEqual(render(engine as unknown as typeof Mustache, page, context), expected())
      })
    }
  }
})
