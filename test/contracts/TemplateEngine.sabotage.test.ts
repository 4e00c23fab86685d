/** The contract must catch engines that are wrong: each clause is failed by at least one of these. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { run } from "../../contracts/run.ts"
import { contract, harness } from "../../contracts/TemplateEngineContract.ts"
import * as Eta from "../../src/adapters/templates/Eta.ts"
import * as Mustache from "../../src/adapters/templates/Mustache.ts"
import { isHtml, trusted } from "../../src/domain/Html.ts"
import { type Data, type Fields, isFields } from "../../src/domain/TemplateData.ts"
import * as TemplateEngine from "../../src/ports/TemplateEngine.ts"
import { sources as eta } from "../../contracts/templates/eta.ts"
import { sources } from "../../contracts/templates/mustache.ts"

type Verdicts = ReadonlyArray<string>
type Make = typeof TemplateEngine.make
type Rest = [loader: TemplateEngine.Loader, options: TemplateEngine.Options]

const failed = (options: {
  readonly make?: Make
  readonly sources?: Partial<typeof sources>
}): Effect.Effect<Verdicts> =>
  Effect.map(
    run(
      contract,
      harness({
        name: "sabotaged",
        driver: Mustache.driver,
        sources: { ...sources, ...options.sources },
        ...(options.make === undefined ? {} : { make: options.make })
      })
    ),
    (verdicts) => verdicts.filter(({ exit }) => Exit.isFailure(exit)).map(({ clause }) => clause)
  )

/** A driver whose pages are printed from other data, or come out otherwise. */
const driven =
  (change: { data?: (data: Fields) => Fields; markup?: (markup: string) => string }): Make =>
  <Template>(driver: TemplateEngine.Driver<Template>, ...rest: Rest) =>
    TemplateEngine.make<Template>(
      {
        ...driver,
        open: (site) => {
          const engine = driver.open(site)
          const { data = (same) => same, markup = (same) => same } = change
          return {
            ...engine,
            render: (template, fields) => markup(engine.render(template, data(fields)))
          }
        }
      },
      ...rest
    )

/** A service that answers otherwise than the port's own. */
const served =
  (change: (service: TemplateEngine.Service) => Partial<TemplateEngine.Service>): Make =>
  (driver, loader, options) => {
    const service = TemplateEngine.make(driver, loader, options)
    return { ...service, ...change(service) }
  }

/** A service whose failures are others, or none. */
const answering = (
  change: (exit: ReturnType<TemplateEngine.Service["renderExit"]>) => typeof exit
): Make =>
  served(({ renderExit }) => ({
    render: (name, values) => Effect.suspend(() => change(renderExit(name, values))),
    renderExit: (name, values) => change(renderExit(name, values))
  }))

const failing = (
  change: (failure: TemplateEngine.TemplateFailure) => TemplateEngine.TemplateFailure | undefined
): Make =>
  answering(
    (exit) =>
      Exit.matchEffect(exit, {
        onSuccess: (page) => Exit.succeed(page),
        onFailure: (cause) => {
          if (cause._tag !== "Fail") return Exit.failCause(cause)
          const failure = change(cause.error)
          return failure === undefined ? Exit.succeed(trusted("")) : Exit.fail(failure)
        }
      }) as typeof exit
  )

/** Changes each value of a page's data, at any depth. */
const everywhere = (change: (data: Data) => Data): ((data: Fields) => Fields) => {
  const fields = (record: Fields): Fields =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, at(value)]))
  const at = (data: Data): Data => {
    const changed = change(data)
    if (Array.isArray(changed)) return changed.map(at)
    return typeof changed === "object" && changed !== null && !isHtml(changed)
      ? fields(changed as Fields)
      : changed
  }
  return fields
}

const lists = (change: (list: ReadonlyArray<Data>) => Data) =>
  driven({ data: everywhere((data) => (Array.isArray(data) ? change(data) : data)) })

/** A value's fields and the getters of its class alike: what some engines read. */
const flattened = (values: TemplateEngine.Values): TemplateEngine.Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null && "secret" in value
        ? { ...value, secret: value.secret }
        : value
    ])
  )

const isTextRow = (data: Data): data is { readonly text: string } =>
  isFields(data) && typeof data["text"] === "string"

const sabotages: Readonly<
  Record<string, { readonly by: Parameters<typeof failed>[0]; readonly breaks: Verdicts }>
> = {
  "declares other capabilities": {
    by: { make: served(() => ({ capabilities: { runsCode: true } })) },
    breaks: ["the service declares the capabilities that the driver does"]
  },
  "escapes quotes in another way": {
    by: { make: driven({ markup: (markup) => markup.replaceAll("&#x27;", "&#39;") }) },
    breaks: ["text is escaped: < > & and both quotes", "values that look like code are text"]
  },
  "escapes Html": {
    by: { make: driven({ data: everywhere((data) => (isHtml(data) ? data.markup : data)) }) },
    breaks: [
      "Html is printed as it is, once",
      "Html inside a loop is printed as it is, and text beside it is escaped",
      "unescaped output takes Html and refuses text"
    ]
  },
  "trusts the text of rows": {
    by: {
      make: driven({
        data: everywhere((data) => (isTextRow(data) ? { ...data, text: trusted(data.text) } : data))
      })
    },
    breaks: [
      "Html inside a loop is printed as it is, and text beside it is escaped",
      "a loop over 10 000 rows prints every row",
      "a partial prints the row that it is given",
      "values that look like code are text"
    ]
  },
  "prints text raw where it is told to": {
    by: { sources: { raw: "[{{value}}]" } },
    breaks: ["unescaped output takes Html and refuses text"]
  },
  "prints numbers for people": {
    by: {
      make: driven({
        data: everywhere((data) =>
          typeof data === "number" && data > 1e6 ? data.toLocaleString("en") : data
        )
      })
    },
    breaks: [
      "values print alike: numbers, booleans, big integers, dates, Option, and null as nothing"
    ]
  },
  "prints lists joined": {
    by: { make: lists((list) => (list.length === 1 && list[0] === 1 ? "1" : list)) },
    breaks: ["a list or an object is not printed but refused"]
  },
  "takes empty lists for true": {
    by: { make: lists((list) => (list.length === 0 ? [{}] : list)) },
    breaks: [
      "false, null, 0, NaN, empty text, an empty list and empty Html are falsy; all else is truthy",
      "a loop prints each row in order, and its empty branch for an empty list",
      "whitespace is exact"
    ]
  },
  "loops backwards": {
    by: { make: lists((list) => [...list].reverse()) },
    breaks: [
      "Html inside a loop is printed as it is, and text beside it is escaped",
      "a loop prints each row in order, and its empty branch for an empty list",
      "a loop over 10 000 rows prints every row",
      "a partial prints the row that it is given",
      "whitespace is exact"
    ]
  },
  "loops over a thousand rows at most": {
    by: { make: lists((list) => list.slice(0, 1000)) },
    breaks: ["a loop over 10 000 rows prints every row"]
  },
  "leaves partials empty": {
    by: { sources: { "parts/card": "<b></b>" } },
    breaks: [
      "a partial prints the row that it is given",
      "in production a template is read once",
      "in development a changed template is seen at the next page"
    ]
  },
  "ignores the blocks of a page": {
    by: { sources: { page: "{{<layouts/base}}{{/layouts/base}}" } },
    breaks: ["a block shows its default until a page fills it"]
  },
  "lets the layout between win": {
    by: {
      sources: {
        article: "{{<layouts/section}}{{$content}}Text {{name}}{{/content}}{{/layouts/section}}"
      }
    },
    breaks: ["a layout may have a layout, and the page's blocks beat those between"]
  },
  "trims its pages": {
    by: { make: driven({ markup: (markup) => markup.trim() }) },
    breaks: ["whitespace is exact"]
  },
  "normalises text": {
    by: { make: driven({ markup: (markup) => markup.normalize("NFC") }) },
    breaks: ["text outside ASCII is printed as it is"]
  },
  "prints nothing for a missing variable": {
    by: {
      make: failing((failure) => (failure._tag === "TemplateMissingVariable" ? undefined : failure))
    },
    breaks: [
      "a missing variable fails with template, line, column and the names there are",
      "a missing variable inside a value fails with its path and the names beside it",
      "methods, getters, prototypes and constructors of a value are not there",
      "renderExit answers as render does"
    ]
  },
  "names the last part of a path only": {
    by: {
      make: failing((failure) =>
        failure._tag === "TemplateMissingVariable"
          ? new TemplateEngine.TemplateMissingVariable({
              ...failure,
              variable: failure.variable.replace(/^.*\./, "")
            })
          : failure
      )
    },
    breaks: ["a missing variable inside a value fails with its path and the names beside it"]
  },
  "marks the first column": {
    by: {
      make: failing((failure) =>
        failure._tag === "TemplateMissingVariable"
          ? new TemplateEngine.TemplateMissingVariable({ ...failure, column: 1 })
          : failure
      )
    },
    breaks: ["a missing variable fails with template, line, column and the names there are"]
  },
  "suggests no name": {
    by: {
      make: failing((failure) =>
        failure._tag === "TemplateNotFound"
          ? new TemplateEngine.TemplateNotFound({ ...failure, near: [] })
          : failure
      )
    },
    breaks: ["a missing template fails with the places looked in and the names that look alike"]
  },
  "does not say who asked": {
    by: {
      make: failing((failure) =>
        failure._tag === "TemplateNotFound"
          ? new TemplateEngine.TemplateNotFound({ ...failure, askedBy: undefined })
          : failure
      )
    },
    breaks: ["a missing partial fails with the template and the line that asked for it"]
  },
  "blames the first line": {
    by: {
      make: failing((failure) =>
        failure._tag === "TemplateSyntax"
          ? new TemplateEngine.TemplateSyntax({ ...failure, line: 1 })
          : failure
      )
    },
    breaks: ["a mistake of syntax fails with file, line, column and an excerpt"]
  },
  "has no limit": {
    by: {
      make: (driver, loader, options) =>
        TemplateEngine.make(driver, loader, { ...options, maxDepth: Infinity })
    },
    breaks: ["a template that includes itself without end fails"]
  },
  "tidies names": {
    by: {
      make: served(({ render }) => ({
        render: (name, values) => render(name.replace(/^\.\//, ""), values)
      }))
    },
    breaks: ["a name that leaves the directories is refused"]
  },
  "reads before it checks names": {
    by: {
      make: (driver, loader, options) => {
        const service = TemplateEngine.make(driver, loader, options)
        return {
          ...service,
          render: (name, values) => {
            loader.find(`${name}.${driver.extension}`)
            return service.render(name, values)
          }
        }
      }
    },
    breaks: [
      "a name that leaves the directories is refused",
      "in production a template is read once"
    ]
  },
  "expands what it has printed": {
    by: { make: driven({ markup: (markup) => markup.replaceAll("{{{value}}}", "x") }) },
    breaks: ["values that look like code are text"]
  },
  "reads getters": {
    by: {
      make: served(({ render }) => ({
        render: (name, values) => render(name, flattened(values ?? {}))
      }))
    },
    breaks: ["methods, getters, prototypes and constructors of a value are not there"]
  },
  "runs code": { by: { sources: { code: "42" } }, breaks: ["a template cannot run code"] },
  "takes promises and cycles": {
    by: {
      make: failing((failure) => (failure._tag === "TemplateContextRefused" ? undefined : failure))
    },
    breaks: ["promises, effects and cycles in the values are refused, with their path"]
  },
  "reads at every page": {
    by: {
      make: (driver, loader, options) =>
        TemplateEngine.make(driver, loader, { ...options, mode: "development" })
    },
    breaks: ["in production a template is read once"]
  },
  "never reads again": {
    by: {
      make: (driver, loader, options) =>
        TemplateEngine.make(driver, loader, { ...options, mode: "production" })
    },
    breaks: ["in development a changed template is seen at the next page"]
  },
  "has a renderExit of its own": {
    by: { make: served(() => ({ renderExit: () => Exit.succeed(trusted("")) })) },
    breaks: ["renderExit answers as render does"]
  },
  "checks nothing": {
    by: { make: served(() => ({ check: Effect.succeed([]) })) },
    breaks: ["check finds every template that does not compile"]
  }
}

describe("TemplateEngine contract: sabotage", () => {
  it.live("the honest engine meets every clause", () =>
    Effect.map(failed({}), (clauses) => assert.deepStrictEqual(clauses, []))
  )

  for (const [name, { breaks, by }] of Object.entries(sabotages)) {
    it.live(`an engine that ${name} is caught`, () =>
      Effect.map(failed(by), (clauses) => assert.deepStrictEqual(clauses, breaks))
    )
  }

  const codeClause = "a template's code runs"

  it.live("an engine that should run code and does not is caught", () =>
    Effect.map(
      run(
        contract,
        harness({ name: "eta", driver: Eta.driver, sources: { ...eta, code: "6 * 7" } })
      ),
      (verdicts) =>
        assert.deepStrictEqual(
          verdicts.filter(({ exit }) => Exit.isFailure(exit)).map(({ clause }) => clause),
          [codeClause]
        )
    )
  )

  it("every clause is broken by a sabotage", () => {
    const broken = new Set(Object.values(sabotages).flatMap(({ breaks }) => breaks))
    broken.add(codeClause)
    const clauses = [true, false].flatMap((runsCode) =>
      contract.clauses({ runsCode }).map(({ name }) => name)
    )
    assert.deepStrictEqual(
      clauses.filter((name) => !broken.has(name)),
      []
    )
  })
})
