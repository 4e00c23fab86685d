/**
 * Contract of the TemplateEngine port: what a page means, in whatever language it is written.
 *
 * The contract owns the names of the templates, what they must print and with which values; a
 * harness brings the same templates in its engine's syntax (`Sources`). `harness` puts a driver on trial.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { escape, trusted } from "../src/domain/Html.ts"
import * as TemplateEngine from "../src/ports/TemplateEngine.ts"
import {
  type Clause,
  clause,
  type Contract,
  equals,
  failsWith,
  type Harness,
  holds
} from "./Contract.ts"

/**
 * The templates of a trial: what each prints. Names in angle brackets are values; a page ends without
 * a newline unless one is shown.
 *
 * - `value` — `[<value>]`
 * - `nested` — `[<user.name>]`
 * - `raw` — `[<value>]` through the engine's unescaped output
 * - `truth` — `yes` if `<value>` is truthy, else `no`
 * - `list` — for each of `<rows>`: `(<id>:<text>)`; if there is none: `empty`
 * - `cards` — for each of `<rows>` the partial `parts/card`: `<b><text></b>`
 * - `layouts/base` — `<title>` block `title`, default `Site` `</title><main>` block `main`, default
 *   `Nothing` `</main>`
 * - `page` — in `layouts/base`: `main` is `Hello <name>`, `title` is not given
 * - `layouts/section` — in `layouts/base`: `title` is `Section`; `main` is `<nav></nav>` and then
 *   block `content`, default `Empty`
 * - `article` — in `layouts/section`: `title` is `Article`, `content` is `Text <name>`
 * - `plain` — in `layouts/section`, with no block given
 * - `lines` — the text of `linesPrinted`, from `<rows>` and `<done>`
 * - `missing` — on line 2, after one space: prints `nmae`
 * - `missing-nested` — prints `user.nmae`
 * - `missing-partial` — on line 2, includes the partial `parts/absent`
 * - `broken` — a mistake of syntax on line 3, and no other
 * - `endless` — includes itself
 * - `outside` — includes the partial `../secret`
 * - `user-method`, `user-getter`, `user-inherited`, `user-constructor`, `user-prototype` — print
 *   `user.del`, `user.secret`, `user.toString`, `user.constructor` and `user.__proto__`
 * - `code` — `42`, computed by JavaScript that stands in the template; in an engine that runs no
 *   code, the nearest that its syntax has
 */
export const fixtures = [
  "value",
  "nested",
  "raw",
  "truth",
  "list",
  "cards",
  "parts/card",
  "layouts/base",
  "page",
  "layouts/section",
  "article",
  "plain",
  "lines",
  "missing",
  "missing-nested",
  "missing-partial",
  "broken",
  "endless",
  "outside",
  "user-method",
  "user-getter",
  "user-inherited",
  "user-constructor",
  "user-prototype",
  "code"
] as const

/** Each template's text, in the syntax of the engine on trial. */
export type Sources = Readonly<Record<(typeof fixtures)[number], string>>

/** `lines` with the rows `a` and `b`, and `done` true. */
const linesPrinted = "<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n<p>done</p>\n"

/** What a clause may do beside rendering: change files, and count how often they are read. */
export interface Files {
  /** The files of the engine on trial, by path. Writable. */
  readonly text: Record<string, string>
  /** How often each path has been read. */
  readonly reads: ReadonlyMap<string, number>
  readonly extension: string
  /** An engine over the same files in development; the port's own is in production. */
  readonly development: TemplateEngine.Service
}

export class Trial extends Context.Tag("portico/contracts/TemplateTrial")<Trial, Files>() {}

/** A driver on trial. `make` stands in for the port's own, to prove that clauses can fail. */
export const harness = <Template>(options: {
  readonly name: string
  readonly driver: TemplateEngine.Driver<Template>
  readonly sources: Sources
  readonly make?: typeof TemplateEngine.make
}): Harness<TemplateEngine.TemplateEngine | Trial, TemplateEngine.Capabilities> => {
  const { driver, make = TemplateEngine.make, name, sources } = options
  return {
    name,
    capabilities: driver.capabilities,
    layer: Layer.suspend(() => {
      const text: Record<string, string> = {}
      for (const fixture of fixtures) text[`${fixture}.${driver.extension}`] = sources[fixture]
      const reads = new Map<string, number>()
      const inMemory = TemplateEngine.fromFiles(text)
      const loader: TemplateEngine.Loader = {
        ...inMemory,
        find: (path) => {
          reads.set(path, (reads.get(path) ?? 0) + 1)
          return inMemory.find(path)
        }
      }
      const development = make(driver, inMemory, { mode: "development" })
      return Layer.merge(
        Layer.succeed(TemplateEngine.TemplateEngine, make(driver, loader, { mode: "production" })),
        Layer.succeed(Trial, { text, reads, extension: driver.extension, development })
      )
    })
  }
}

const rendered = (name: (typeof fixtures)[number], values: TemplateEngine.Values) =>
  Effect.flatMap(TemplateEngine.TemplateEngine, (engine) =>
    Effect.map(engine.render(name, values), (html) => html.markup)
  )

const prints = (name: (typeof fixtures)[number], values: TemplateEngine.Values, expected: string) =>
  Effect.flatMap(rendered(name, values), (markup) => equals(name, markup, expected))

type Port = TemplateEngine.TemplateEngine | Trial

/** A clause of pages that must print exactly this. */
const printing = (
  name: string,
  ...pages: ReadonlyArray<Readonly<Parameters<typeof prints>>>
): Clause<Port> =>
  clause(
    name,
    Effect.forEach(pages, (page) => prints(...page), { discard: true })
  )

/** A class as an app may pass it by mistake: Django's `alters_data` problem. */
class User {
  readonly name = "Ada"
  get secret() {
    return "s3cret"
  }
  del() {
    return "deleted"
  }
}

/** Texts that are code in some template language. As data they are text. */
const payloads: ReadonlyArray<string> = [
  "{{ ''.constructor.constructor('return process.version')() }}",
  "{{constructor.constructor('return process')()}}",
  "{{{value}}}{{&value}}{{> parts/card}}{{#value}}x{{/value}}{{=<% %>=}}",
  "<%= process.version %><%~ include('parts/card') %><% throw 1 %>",
  "{% render 'parts/card' %}{% raw %}{{ value }}{% endraw %}",
  "${process.version}`'\\\"\n//*/",
  "<script>alert(1)</script>",
  "__proto__"
]

export const contract: Contract<Port, TemplateEngine.Capabilities> = {
  name: "TemplateEngine",
  clauses: (can) => [
    clause(
      "the service declares the capabilities that the driver does",
      Effect.flatMap(TemplateEngine.TemplateEngine, ({ capabilities }) =>
        equals("capabilities", capabilities, can)
      )
    ),
    printing(
      "text is escaped: < > & and both quotes",
      ["value", { value: "plain" }, "[plain]"],
      ["value", { value: "<>&\"'" }, "[&lt;&gt;&amp;&quot;&#x27;]"],
      ["value", { value: "&amp;" }, "[&amp;amp;]"],
      ["value", { value: "`=/" }, "[`=/]"],
      ["nested", { user: { name: "<i>" } }, "[&lt;i&gt;]"]
    ),
    printing(
      "Html is printed as it is, once",
      ["value", { value: trusted("<b>&amp;</b>") }, "[<b>&amp;</b>]"],
      ["nested", { user: { name: trusted("<i>") } }, "[<i>]"]
    ),
    printing("Html inside a loop is printed as it is, and text beside it is escaped", [
      "list",
      {
        rows: [
          { id: 1, text: trusted("<b>x</b>") },
          { id: 2, text: "<b>y</b>" }
        ]
      },
      "(1:<b>x</b>)(2:&lt;b&gt;y&lt;/b&gt;)"
    ]),
    clause(
      "unescaped output takes Html and refuses text",
      Effect.gen(function* () {
        yield* prints("raw", { value: trusted("<b>") }, "[<b>]")
        yield* failsWith("text", rendered("raw", { value: "<b>" }), "TemplateRawRefused")
      })
    ),
    printing(
      "values print alike: numbers, booleans, big integers, dates, Option, and null as nothing",
      ["value", { value: 0 }, "[0]"],
      ["value", { value: -1.5 }, "[-1.5]"],
      ["value", { value: 1e21 }, "[1e+21]"],
      ["value", { value: true }, "[true]"],
      ["value", { value: false }, "[false]"],
      ["value", { value: 12n }, "[12]"],
      ["value", { value: 12345678901234567890n }, "[12345678901234567890]"],
      ["value", { value: new Date(0) }, "[1970-01-01T00:00:00.000Z]"],
      ["value", { value: DateTime.unsafeMake(0) }, "[1970-01-01T00:00:00.000Z]"],
      ["value", { value: Option.some("<") }, "[&lt;]"],
      ["value", { value: Option.none() }, "[]"],
      ["value", { value: null }, "[]"],
      ["value", { value: undefined }, "[]"],
      ["value", { value: "" }, "[]"]
    ),
    clause(
      "a list or an object is not printed but refused",
      Effect.gen(function* () {
        yield* prints("value", { value: "x" }, "[x]")
        const list = yield* failsWith(
          "list",
          rendered("value", { value: [1] }),
          "TemplateUnprintable"
        )
        yield* equals("kind", list.kind, "a list")
        yield* failsWith("object", rendered("value", { value: { a: 1 } }), "TemplateUnprintable")
      })
    ),
    printing(
      "false, null, 0, NaN, empty text, an empty list and empty Html are falsy; all else is truthy",
      ...[false, null, undefined, 0, Number.NaN, "", [], trusted("")].map(
        (value) => ["truth", { value }, "no"] as const
      ),
      ...[true, 1, -1, "0", " ", "false", [0], [[]], {}, { a: 1 }, trusted(" ")].map(
        (value) => ["truth", { value }, "yes"] as const
      )
    ),
    printing(
      "a loop prints each row in order, and its empty branch for an empty list",
      [
        "list",
        {
          rows: [
            { id: 1, text: "a" },
            { id: 2, text: "b" }
          ]
        },
        "(1:a)(2:b)"
      ],
      ["list", { rows: [] }, "empty"]
    ),
    clause(
      "a loop over 10 000 rows prints every row",
      Effect.gen(function* () {
        const rows = Array.from({ length: 10_000 }, (_, id) => ({ id, text: "&" }))
        const expected = rows.map(({ id }) => `(${id}:&amp;)`).join("")
        const markup = yield* rendered("list", { rows })
        yield* equals("length", markup.length, expected.length)
        yield* holds("every row", markup === expected)
      })
    ),
    printing("a partial prints the row that it is given", [
      "cards",
      { rows: [{ text: "a" }, { text: "<" }] },
      "<b>a</b><b>&lt;</b>"
    ]),
    printing(
      "a block shows its default until a page fills it",
      ["layouts/base", {}, "<title>Site</title><main>Nothing</main>"],
      ["page", { name: "<Ada>" }, "<title>Site</title><main>Hello &lt;Ada&gt;</main>"]
    ),
    printing(
      "a layout may have a layout, and the page's blocks beat those between",
      ["layouts/section", {}, "<title>Section</title><main><nav></nav>Empty</main>"],
      ["plain", {}, "<title>Section</title><main><nav></nav>Empty</main>"],
      ["article", { name: "x" }, "<title>Article</title><main><nav></nav>Text x</main>"]
    ),
    printing(
      "whitespace is exact",
      ["lines", { rows: [{ text: "a" }, { text: "b" }], done: true }, linesPrinted],
      ["lines", { rows: [], done: false }, "<ul>\n</ul>\n"]
    ),
    printing(
      "text outside ASCII is printed as it is",
      ["value", { value: "é ☃ 𝒳 👩‍👩‍👧" }, "[é ☃ 𝒳 👩‍👩‍👧]"],
      ["value", { value: "שלום \u202Eabc" }, "[שלום \u202Eabc]"],
      ["value", { value: "e\u0301\u0000" }, "[e\u0301\u0000]"]
    ),
    clause(
      "a missing variable fails with template, line, column and the names there are",
      Effect.gen(function* () {
        const failure = yield* failsWith(
          "missing",
          rendered("missing", { name: "x", rows: [] }),
          "TemplateMissingVariable"
        )
        yield* equals("template", failure.template, "missing")
        yield* equals("variable", failure.variable, "nmae")
        yield* equals("available", failure.available, ["name", "rows"])
        yield* equals("line", failure.line, 2)
        yield* marks(failure, "nmae")
        yield* prints("missing", { nmae: "x" }, "first\n x")
      })
    ),
    clause(
      "a missing variable inside a value fails with its path and the names beside it",
      Effect.gen(function* () {
        const values = { user: { name: "x", email: "y" } }
        const failure = yield* failsWith(
          "missing",
          rendered("missing-nested", values),
          "TemplateMissingVariable"
        )
        yield* equals("variable", failure.variable, "user.nmae")
        yield* equals("available", failure.available, ["name", "email"])
        yield* failsWith(
          "a field of null",
          rendered("missing-nested", { user: null }),
          "TemplateMissingVariable"
        )
        yield* prints("missing-nested", { user: { nmae: null } }, "")
      })
    ),
    clause(
      "a missing template fails with the places looked in and the names that look alike",
      Effect.gen(function* () {
        const { extension } = yield* Trial
        const engine = yield* TemplateEngine.TemplateEngine
        const failure = yield* failsWith("missing", engine.render("valeu"), "TemplateNotFound")
        yield* equals("places", failure.places, [`valeu.${extension}`])
        yield* equals("near", failure.near.slice(0, 1), ["value"])
      })
    ),
    clause(
      "a missing partial fails with the template and the line that asked for it",
      Effect.gen(function* () {
        const failure = yield* failsWith(
          "missing",
          rendered("missing-partial", {}),
          "TemplateNotFound"
        )
        yield* equals("template", failure.template, "parts/absent")
        yield* equals("asked by", failure.askedBy?.template, "missing-partial")
        yield* equals("line", failure.askedBy?.line, 2)
      })
    ),
    clause(
      "a mistake of syntax fails with file, line, column and an excerpt",
      Effect.gen(function* () {
        const { extension } = yield* Trial
        const failure = yield* failsWith(
          "broken",
          rendered("broken", { value: 1 }),
          "TemplateSyntax"
        )
        yield* equals("file", failure.file, `broken.${extension}`)
        yield* equals("line", failure.line, 3)
        yield* holds("column counts from 1", failure.column >= 1, failure.column)
        yield* marks(failure, "")
      })
    ),
    clause(
      "a template that includes itself without end fails",
      Effect.gen(function* () {
        const failure = yield* failsWith("endless", rendered("endless", {}), "TemplateLimit")
        yield* equals("limit", failure.limit, "depth")
        yield* prints("value", { value: "still there" }, "[still there]")
      })
    ),
    clause(
      "a name that leaves the directories is refused",
      Effect.gen(function* () {
        const engine = yield* TemplateEngine.TemplateEngine
        const { extension, reads, text } = yield* Trial
        text[`../secret.${extension}`] = "secret"
        text[`/secret.${extension}`] = "secret"
        text[`C:\\secret.${extension}`] = "secret"
        for (const name of traversals) {
          yield* failsWith(JSON.stringify(name), engine.render(name), "TemplateNameRefused")
        }
        yield* failsWith("from a template", rendered("outside", {}), "TemplateNameRefused")
        yield* equals("read", [...reads.keys()], [`outside.${extension}`])
      })
    ),
    clause(
      "values that look like code are text",
      Effect.gen(function* () {
        for (const value of payloads) {
          yield* prints("value", { value }, `[${escape(value)}]`)
          yield* prints("list", { rows: [{ id: 1, text: value }] }, `(1:${escape(value)})`)
        }
      })
    ),
    clause(
      "methods, getters, prototypes and constructors of a value are not there",
      Effect.gen(function* () {
        const user = new User()
        yield* prints("nested", { user }, "[Ada]")
        for (const name of fixtures.filter((fixture) => fixture.startsWith("user-"))) {
          for (const values of [{ user }, { user: { name: "x", del: () => "called" } }]) {
            yield* failsWith(name, rendered(name, values), "TemplateMissingVariable")
          }
        }
        const forged: TemplateEngine.Values = JSON.parse('{"user":{"__proto__":{"del":"forged"}}}')
        yield* failsWith("forged", rendered("user-method", forged), "TemplateMissingVariable")
      })
    ),
    can.runsCode
      ? printing("a template's code runs", ["code", {}, "42"])
      : clause(
          "a template cannot run code",
          Effect.gen(function* () {
            yield* prints("value", { value: "42" }, "[42]")
            const exit = yield* Effect.exit(rendered("code", { value: "" }))
            yield* holds("no code ran", Exit.isFailure(exit) || !exit.value.includes("42"), exit)
          })
        ),
    clause(
      "promises, effects and cycles in the values are refused, with their path",
      Effect.gen(function* () {
        yield* prints("nested", { user: { name: "x" } }, "[x]")
        const cycle: Record<string, unknown> = {}
        cycle["self"] = [cycle]
        const refused = [
          ["user.name", { user: { name: Promise.resolve("x") } }],
          ["user.name", { user: { name: Effect.succeed("x") } }],
          ["user.0", { user: [new Date(Number.NaN)] }],
          ["user.self.0", { user: cycle }]
        ] as const
        for (const [path, values] of refused) {
          const failure = yield* failsWith(
            path,
            rendered("nested", values),
            "TemplateContextRefused"
          )
          yield* equals("path", failure.path, path)
        }
      })
    ),
    clause(
      "in production a template is read once",
      Effect.gen(function* () {
        const { extension, reads, text } = yield* Trial
        yield* prints("cards", { rows: [{ text: "a" }] }, "<b>a</b>")
        text[`parts/card.${extension}`] = "changed"
        yield* prints("cards", { rows: [{ text: "b" }] }, "<b>b</b>")
        yield* equals("reads", reads.get(`cards.${extension}`), 1)
        yield* equals("reads of the partial", reads.get(`parts/card.${extension}`), 1)
      })
    ),
    clause(
      "in development a changed template is seen at the next page",
      Effect.gen(function* () {
        const { development, extension, text } = yield* Trial
        const page = (rows: ReadonlyArray<{ text: string }>) =>
          Effect.map(development.render("cards", { rows }), (html) => html.markup)
        yield* equals("before", yield* page([{ text: "a" }]), "<b>a</b>")
        text[`parts/card.${extension}`] = "changed"
        yield* equals("after", yield* page([{ text: "a" }]), "changed")
      })
    ),
    clause(
      "renderExit answers as render does",
      Effect.gen(function* () {
        const engine = yield* TemplateEngine.TemplateEngine
        const page = yield* engine.renderExit("value", { value: "<" })
        yield* equals("page", page.markup, "[&lt;]")
        const failure = engine.renderExit("value", {})
        yield* holds("failure", Exit.isFailure(failure), failure)
        yield* failsWith("failure", failure, "TemplateMissingVariable")
      })
    ),
    clause(
      "check finds every template that does not compile",
      Effect.gen(function* () {
        const { check } = yield* TemplateEngine.TemplateEngine
        const failures = (yield* check).map((failure) => [
          failure._tag,
          "template" in failure ? failure.template : ""
        ])
        // In an engine that runs no code, "code" may be a mistake of syntax too.
        yield* equals(
          "failures",
          failures.filter(([, template]) => template !== "code"),
          [["TemplateSyntax", "broken"]]
        )
      })
    )
  ]
}

const traversals: ReadonlyArray<string> = [
  "../secret",
  "parts/../../secret",
  "/secret",
  "parts//card",
  "parts/card/",
  "./value",
  ".hidden",
  "parts/.hidden",
  "..\\secret",
  "C:\\secret",
  "value\u0000",
  "value\n",
  "vàlue",
  "%2e%2e/secret",
  ""
]

/** The excerpt shows the failing line with a caret at the column, and `text` stands at or right of it. */
const marks = (
  failure: { readonly excerpt: string; readonly line: number; readonly column: number },
  text: string
) => {
  const lines = failure.excerpt.split("\n")
  const index = lines.findIndex((line) => line.trimStart().startsWith(`${failure.line} | `))
  const shown = lines[index]?.replace(/^ *\d+ \| /, "") ?? ""
  const caret = lines[index + 1]?.replace(/^ *\| /, "") ?? ""
  return holds(
    `the excerpt marks line ${failure.line}, column ${failure.column}`,
    index !== -1 &&
      caret.indexOf("^") === failure.column - 1 &&
      shown.slice(failure.column - 1).includes(text),
    failure
  )
}
