/** The files under src/adapters/<area>/ that give a port, and the ports they give. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface AdapterFile {
  /** From the root: "src/adapters/db/Sqlite.ts". */
  readonly path: string
  /** "db/Sqlite" */
  readonly name: string
}

const area = /^[a-z]+$/

/** Whether a module's text gives a port: every adapter exports a layer, or capabilities, or both. */
const givesPort = (text: string): boolean =>
  /^export (?:const|\{)[^=]*\b(?:layer|capabilities)\b/m.test(text)

export const adapterFiles: ReadonlyArray<AdapterFile> = readdirSync(`${root}/src/adapters`)
  .filter((folder) => area.test(folder))
  .flatMap((folder) =>
    readdirSync(`${root}/src/adapters/${folder}`)
      .filter((file) => file.endsWith(".ts"))
      .map((file) => ({
        path: `src/adapters/${folder}/${file}`,
        name: `${folder}/${file.slice(0, -".ts".length)}`
      }))
  )
  .filter(({ path }) => givesPort(readFileSync(`${root}/${path}`, "utf8")))
