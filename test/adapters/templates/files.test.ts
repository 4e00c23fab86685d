/** Templates in directories: order, folders by engine, development, what the disk refuses. */
import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Either, Layer } from "effect"
import { join } from "node:path"
import * as Liquid from "../../../src/adapters/templates/Liquid.ts"
import * as Mustache from "../../../src/adapters/templates/Mustache.ts"
import { TemplateEngine } from "../../../src/ports/TemplateEngine.ts"

const write = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped()
    for (const [path, text] of Object.entries(files)) {
      yield* fs.makeDirectory(join(root, path, ".."), { recursive: true })
      yield* fs.writeFileString(join(root, path), text)
    }
    return root
  })

const markup = (name: string) =>
  Effect.flatMap(TemplateEngine, (engine) =>
    Effect.map(engine.render(name, {}), (html) => html.markup)
  )

layer(NodeFileSystem.layer)("templates in directories", (it) => {
  it.scoped("the site's directory comes before an app's, an engine's folder before the rest", () =>
    Effect.gen(function* () {
      const root = yield* write({
        "site/a.mustache": "site a",
        "app/a.mustache": "app a",
        "app/mustache/polls/b.mustache": "app b",
        "app/polls/b.mustache": "not this",
        "app/liquid/polls/b.liquid": "liquid b"
      })
      const directories = [join(root, "site"), join(root, "absent"), join(root, "app")]
      const mustache = Mustache.layer({ directories, mode: "production" })
      const liquid = Liquid.layer({ directories, mode: "production" })
      assert.strictEqual(yield* Effect.provide(markup("a"), mustache), "site a")
      assert.strictEqual(yield* Effect.provide(markup("polls/b"), mustache), "app b")
      assert.strictEqual(yield* Effect.provide(markup("polls/b"), liquid), "liquid b")

      const missing = yield* Effect.flip(Effect.provide(markup("polls/c"), mustache))
      assert(missing._tag === "TemplateNotFound")
      assert.deepStrictEqual(
        missing.places,
        directories.flatMap((at) => [
          join(at, "mustache/polls/c.mustache"),
          join(at, "polls/c.mustache")
        ])
      )
      assert.deepStrictEqual(missing.near, ["polls/b"])
    })
  )

  it.scoped(
    "development sees a change, a new file in front and a removed one; production none",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const root = yield* write({ "app/a.mustache": "{{> b}}", "app/b.mustache": "one" })
        const directories = [join(root, "site"), join(root, "app")]
        const development = Mustache.make({ directories, mode: "development" })
        const production = Mustache.make({ directories, mode: "production" })
        const pages = Effect.all(
          [development, production].map((engine) =>
            Effect.map(
              Effect.either(engine.render("a")),
              Either.match({ onLeft: (e) => e._tag as string, onRight: (html) => html.markup })
            )
          )
        )
        assert.deepStrictEqual(yield* pages, ["one", "one"])
        yield* fs.writeFileString(join(root, "app/b.mustache"), "two")
        assert.deepStrictEqual(yield* pages, ["two", "one"])
        yield* fs.makeDirectory(join(root, "site"))
        yield* fs.writeFileString(join(root, "site/b.mustache"), "site")
        assert.deepStrictEqual(yield* pages, ["site", "one"])
        yield* fs.remove(join(root, "site/b.mustache"))
        yield* fs.remove(join(root, "app/b.mustache"))
        assert.deepStrictEqual(yield* pages, ["TemplateNotFound", "one"])
      })
  )

  it.scoped(
    "a directory in a template's place is no template; a null byte never reaches the disk",
    () =>
      Effect.gen(function* () {
        const root = yield* write({ "a.mustache/x": "", "b.mustache": "b" })
        const engine = Mustache.make({ directories: [root], mode: "production" })
        assert.strictEqual((yield* Effect.flip(engine.render("a")))._tag, "TemplateNotFound")
        assert.strictEqual(
          (yield* Effect.flip(engine.render("b.mustache/x")))._tag,
          "TemplateNotFound"
        )
        assert.strictEqual((yield* Effect.flip(engine.render("b\0")))._tag, "TemplateNameRefused")
        assert.strictEqual((yield* engine.render("b")).markup, "b")
      })
  )

  it.scoped("check names every broken template, in every directory", () =>
    Effect.gen(function* () {
      const root = yield* write({
        "mustache/a.mustache": "{{#x}}",
        "b/c.mustache": "ok",
        "b/d.mustache": "{{x",
        "b/e.liquid": "{% nonsense %}"
      })
      const engine = Mustache.make({ directories: [root], mode: "production" })
      const templates = (yield* engine.check).map(
        (failure) => "template" in failure && failure.template
      )
      assert.deepStrictEqual(templates.sort(), ["a", "b/d"])
    })
  )

  it.scoped("layerConfig takes directories and mode from config", () =>
    Effect.gen(function* () {
      const root = yield* write({ "a.mustache": "a" })
      const engine = Mustache.layerConfig({
        directories: Config.array(Config.string(), "TEMPLATES"),
        mode: Config.literal("development", "production")("MODE")
      })
      const config = Layer.setConfigProvider(
        ConfigProvider.fromMap(
          new Map([
            ["TEMPLATES", root],
            ["MODE", "production"]
          ])
        )
      )
      assert.strictEqual(yield* Effect.provide(markup("a"), Layer.provide(engine, config)), "a")
    })
  )
})
