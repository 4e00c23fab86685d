/** Reads `.env`: lines of `KEY=value`, in the syntax of Node's own `--env-file`. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"

/** What `.env` in `directory` says; nothing where there is none. */
export const read = (directory: string): Readonly<Record<string, string | undefined>> => {
  const file = join(directory, ".env")
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {}
}
