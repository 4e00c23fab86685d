/** What `make` holds for every engine, beside the contract. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as TemplateEngine from "../../src/ports/TemplateEngine.ts"

/** A language of one tag: `[name]` includes a template, and `!` is an engine that breaks. */
const driver: TemplateEngine.Driver<TemplateEngine.Source> = {
  capabilities: { runsCode: false },
  extension: "tiny",
  open: (site) => {
    const render = (source: TemplateEngine.Source): string =>
      source.text.replace(/\[(.+?)\]|!/g, (_, name: string | undefined, offset: number) => {
        if (name === undefined) throw new RangeError("broken engine")
        const markup = render(site.open(name, source, offset))
        site.close()
        return markup
      })
    return { compile: (source) => source, render }
  }
}

const engine = (
  files: Readonly<Record<string, string>>,
  options?: Partial<TemplateEngine.Options>
) =>
  TemplateEngine.make(driver, TemplateEngine.fromFiles(files), { mode: "production", ...options })

describe("TemplateEngine.make", () => {
  it.effect("a page may include as many partials as the limit says, and no more", () =>
    Effect.gen(function* () {
      const files = { "page.tiny": "[p][p][p]", "p.tiny": "x" }
      assert.strictEqual((yield* engine(files, { maxPartials: 3 }).render("page")).markup, "xxx")
      const failure = yield* Effect.flip(engine(files, { maxPartials: 2 }).render("page"))
      assert(failure._tag === "TemplateLimit")
      assert.deepStrictEqual([failure.limit, failure.maximum, failure.column], ["partials", 2, 7])
    })
  )

  it.effect("depth is counted along one branch, and from nothing for each page", () =>
    Effect.gen(function* () {
      const tiny = engine(
        { "page.tiny": "[a][a][a]", "a.tiny": "[b]", "b.tiny": "x", "deep.tiny": "[page]" },
        { maxDepth: 2 }
      )
      for (let i = 0; i < 3; i++) {
        assert.strictEqual((yield* tiny.render("page")).markup, "xxx")
        assert.strictEqual((yield* Effect.flip(tiny.render("deep")))._tag, "TemplateLimit")
      }
    })
  )

  it.effect("what a loader throws is Unavailable, and may work the next time", () =>
    Effect.gen(function* () {
      let broken = true
      const files = TemplateEngine.fromFiles({ "page.tiny": "x" })
      const tiny = TemplateEngine.make(
        driver,
        {
          ...files,
          find: (path) => {
            if (broken) throw new Error("EIO")
            return files.find(path)
          }
        },
        { mode: "production" }
      )
      const failure = yield* Effect.flip(tiny.render("page"))
      assert(failure._tag === "Unavailable")
      broken = false
      assert.strictEqual((yield* tiny.render("page")).markup, "x")
    })
  )

  it("what an engine throws that is no Fault is a defect", () => {
    const exit = engine({ "page.tiny": "!" }).renderExit("page")
    assert(Exit.isFailure(exit))
    assert(Cause.isDie(exit.cause))
  })

  it.effect("render does nothing until it is run", () =>
    Effect.gen(function* () {
      const files: Record<string, string> = {}
      const page = engine(files).render("page")
      files["page.tiny"] = "x"
      assert.strictEqual((yield* page).markup, "x")
    })
  )

  it.effect("messages say the fact and then the remedy", () =>
    Effect.gen(function* () {
      const tiny = engine({ "polls/detail.tiny": "a\n [polls/detial]", "loop.tiny": "[loop]" })
      const message = (name: string, values?: TemplateEngine.Values) =>
        Effect.map(Effect.flip(tiny.render(name, values)), (failure) => failure.message)
      assert.strictEqual(
        yield* message("polls/detail"),
        'TemplateEngine.render: polls/detail.tiny:2:2: there is no template "polls/detial"; ' +
          "looked for polls/detial.tiny. Did you mean polls/detail?"
      )
      assert.strictEqual(
        yield* message("nowhere/near"),
        'TemplateEngine.render: there is no template "nowhere/near"; looked for nowhere/near.tiny. ' +
          "Create one of these files, or add its directory to the engine's directories."
      )
      assert.strictEqual(
        yield* message("../x"),
        'TemplateEngine.render: "../x" is no template name. Write segments of ASCII letters, digits, ' +
          '"_", "-" and inner dots, joined by "/", as in "polls/detail".'
      )
      assert.strictEqual(
        yield* message("polls/detail", { user: Effect.void }),
        'TemplateEngine.render: template "polls/detail" was given a value it cannot show: ' +
          "user is an Effect that has not been run. Pass plain values that are there already."
      )
      assert.strictEqual(
        yield* message("loop"),
        "TemplateEngine.render: loop.tiny:1:1: templates include each other more than 100 levels deep. " +
          "End the recursion with a condition."
      )
    })
  )
})
