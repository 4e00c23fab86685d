/**
 * From a site to its running services: settings first, all of them, then the layers they choose.
 * Shared by the two entry points and the test client.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Adapters from "../Adapters.ts"
import type * as App from "../App.ts"
import * as Settings from "../Settings.ts"

/** A site's settings, decoded, and where they came from. */
export interface Settled {
  readonly sources: Settings.Sources
  readonly values: Settings.Values<typeof Settings.core>
}

/** Reads and decodes every setting of the site. `overrides` win over the environment. */
export const settle = (
  site: App.Any,
  overrides: Readonly<Record<string, string | undefined>> = {}
): Effect.Effect<Settled, Settings.SettingsInvalid> =>
  Effect.gen(function* () {
    const read = yield* Settings.readSources(site.defaults, process.cwd())
    const sources = { ...read, environment: { ...read.environment, ...overrides } }
    // A site's settings hold the core's under the same names.
    const values = yield* Settings.decode(
      site.settings as Settings.Settings & typeof Settings.core,
      sources
    )
    return { sources, values }
  })

/** The directories called `name` of the site and its apps, as far as they exist, the site's first. */
export const directories = (
  site: App.Any,
  name: "templates" | "static" | "migrations"
): ReadonlyArray<{ readonly app: string | undefined; readonly path: string }> =>
  [
    { app: undefined, directory: site.directory },
    ...site.apps.map(({ app }) => ({ app: app.name, directory: app.directory }))
  ]
    .flatMap(({ app, directory }) =>
      directory === undefined ? [] : [{ app, path: fileURLToPath(new URL(name, directory)) }]
    )
    .filter(({ path }, i, all) => all.findIndex((other) => other.path === path) === i)
    .filter(({ path }) => existsSync(path))

/** Everything that the site's views and commands may ask for, as its settings choose. */
export const services = <R>(
  site: App.Site<R>,
  { sources, values }: Settled
): Layer.Layer<R | Adapters.Ports, Adapters.Failure> => {
  const files = Layer.succeed(Adapters.SiteFiles, {
    environment: values.environment,
    templates: directories(site, "templates").map(({ path }) => path)
  })
  const ports = Layer.provide(Adapters.layer(site.adapters), files)
  return Layer.provide(
    Layer.provideMerge(site.services, ports),
    Layer.setConfigProvider(Settings.provider(site.settings, sources))
  )
}
