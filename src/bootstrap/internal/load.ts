/** Loading the modules of a site: TypeScript as it stands, without a build. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as App from "../App.ts"

/** There is no site to run a command on. Ends with status 2. */
export class SiteMissing extends Schema.TaggedError<SiteMissing>("portico/bootstrap/SiteMissing")(
  "SiteMissing",
  { problem: Schema.String, remedy: Schema.String }
) {
  override get message() {
    return `portico: ${this.problem} ${this.remedy}`
  }
}

/**
 * Imports a module of the site. Rejects as `import` does. TypeScript goes through jiti, which leaves
 * packages to Node: the site and Portico see the same `effect`.
 */
export const loadModule = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const file = resolve(path)
  if (!/\.[cm]?tsx?$/.test(file)) return import(pathToFileURL(file).href)
  const { createJiti } = await import("jiti")
  return createJiti(import.meta.url).import(file)
}

const usual = ["site.ts", "site.js", "site.mjs", "src/site.ts", "src/site.js"]

/** The file of the site: the one that is named, else the usual places under `directory`. */
export const findSite = (named: string | undefined, directory: string): string | undefined =>
  named ?? usual.map((file) => resolve(directory, file)).find((file) => existsSync(file))

/** The site that the file exports by default. */
export const loadSite = (file: string): Effect.Effect<App.Any, SiteMissing> =>
  Effect.gen(function* () {
    if (!existsSync(file)) {
      return yield* new SiteMissing({
        problem: `${file} does not exist.`,
        remedy: "Give --site the file whose default export is App.make(…)."
      })
    }
    // A module that throws is the author's to see, with its stack.
    const module = yield* Effect.promise(() => loadModule(file))
    if (App.isSite(module["default"])) return module["default"]
    return yield* new SiteMissing({
      problem: `${file} has no site as its default export.`,
      remedy: "Write: export default App.make({ … })."
    })
  })
