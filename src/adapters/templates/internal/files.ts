/**
 * Templates in directories, and the options and layers that every engine here has because of it.
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import * as TemplateEngine from "../../../ports/TemplateEngine.ts"

export interface Options {
  /**
   * Where templates are kept, first match wins: the site's directory before those of its apps. In
   * each, the folder named for the engine comes first (`templates/mustache/polls/detail.mustache`),
   * then the directory itself (`templates/polls/detail.mustache`).
   */
  readonly directories: ReadonlyArray<string>
  /** "production" reads each template once; "development" sees each change at the next page. */
  readonly mode: TemplateEngine.Options["mode"]
}

const fromDirectories = (
  directories: ReadonlyArray<string>,
  folder: string
): TemplateEngine.Loader => {
  const roots = directories.flatMap((directory) => [join(directory, folder), directory])
  const places = (path: string) => roots.map((root) => join(root, path))
  return {
    places,
    find: (path) => {
      for (const file of places(path)) {
        const text = unlessAbsent(() => readFileSync(file, "utf8"))
        if (text !== undefined) return { file, text }
      }
      return undefined
    },
    // A file in an engine's folder is found by its shorter name.
    paths: () => roots.flatMap(filesBelow).filter((path) => !path.startsWith(`${folder}/`))
  }
}

/** The files at any depth below `root`, as paths from there with "/". */
const filesBelow = (root: string): ReadonlyArray<string> =>
  (unlessAbsent(() => readdirSync(root, { recursive: true, withFileTypes: true })) ?? [])
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))

/** No such file, or a file where a directory was looked for (errno.h). */
const absent: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EISDIR"])

const unlessAbsent = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && "code" in error && absent.has(error.code)) return undefined
    throw error
  }
}

/** The `make`, `layer` and `layerConfig` of an engine whose templates are files. */
export const overFiles = <Template>(driver: TemplateEngine.Driver<Template>) => {
  const make = ({ directories, mode }: Options): TemplateEngine.Service =>
    TemplateEngine.make(driver, fromDirectories(directories, driver.extension), { mode })
  return {
    make,
    layer: (options: Options): Layer.Layer<TemplateEngine.TemplateEngine> =>
      Layer.sync(TemplateEngine.TemplateEngine, () => make(options)),
    layerConfig: (
      config: Config.Config.Wrap<Options>
    ): Layer.Layer<TemplateEngine.TemplateEngine, ConfigError.ConfigError> =>
      Layer.effect(TemplateEngine.TemplateEngine, Effect.map(Config.unwrap(config), make))
  }
}
