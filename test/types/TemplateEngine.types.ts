/** What the compiler says about rendering and about a template adapter's layers. */
import { Config, type ConfigError, type Effect, type Exit, type Layer } from "effect"
import * as Mustache from "../../src/adapters/templates/Mustache.ts"
import type { Html } from "../../src/domain/Html.ts"
import type * as TemplateEngine from "../../src/ports/TemplateEngine.ts"

declare const engine: TemplateEngine.Service

export const page: Effect.Effect<Html, TemplateEngine.TemplateFailure> = engine.render("a", {
  b: 1
})
export const now: Exit.Exit<Html, TemplateEngine.TemplateFailure> = engine.renderExit("a")

// @ts-expect-error -- a page's values have names
export const nameless = engine.render("a", "text")

// @ts-expect-error -- markup comes from Html.html and Html.trusted alone
export const forged: Html = { markup: "<b>" }

export const fixed: Layer.Layer<TemplateEngine.TemplateEngine> = Mustache.layer({
  directories: ["templates"],
  mode: "production"
})

export const configured: Layer.Layer<TemplateEngine.TemplateEngine, ConfigError.ConfigError> =
  Mustache.layerConfig({
    directories: Config.succeed(["templates"]),
    mode: Config.literal("development", "production")("MODE")
  })

// @ts-expect-error -- the mode is one of two
export const testing = Mustache.layer({ directories: [], mode: "test" })
