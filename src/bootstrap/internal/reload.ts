/**
 * The development server's parent: runs the same command in a child and starts it anew when a file of
 * the site changes. A whole new process, since modules cannot be unloaded.
 */
import * as Effect from "effect/Effect"
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync, type FSWatcher, watch } from "node:fs"
import { join } from "node:path"
import { style } from "./terminal.ts"

/** Set in the child's environment: it serves, and watches nothing. */
export const childMark = "PORTICO_RELOAD_CHILD"

// Templates and static files are read anew by the server itself in development.
const code = /(^|[/\\])(\.env|[^/\\]+\.([cm]?[jt]sx?|json))$/

const ignored = /(^|[/\\])(node_modules|dist|\.git)([/\\]|$)/

/** Milliseconds: editors write a file in several steps. */
const settle = 80

/** Never ends by itself. Interrupted, it ends the child first. */
export const superviseChanges = (directories: ReadonlyArray<string>): Effect.Effect<never> =>
  Effect.async<never>(() => {
    let child: ChildProcess | undefined
    let timer: NodeJS.Timeout | undefined
    let restarting = false

    const start = () => {
      child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
        stdio: "inherit",
        env: { ...process.env, [childMark]: "1" }
      })
      child.once("exit", (code_) => {
        child = undefined
        if (restarting) {
          restarting = false
          start()
        } else if (code_ !== 0 && code_ !== null) {
          console.error(style("dim", "Waiting for a change …"))
        }
      })
    }

    const changed = (file: string) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        console.error(style("dim", `${file} changed, starting anew …`))
        if (child === undefined) return start()
        restarting = true
        child.kill("SIGTERM")
      }, settle)
    }

    const watchers: ReadonlyArray<FSWatcher> = [...new Set(directories)]
      .filter((directory) => existsSync(directory))
      .map((directory) =>
        watch(directory, { recursive: true }, (_, file) => {
          if (file !== null && code.test(file) && !ignored.test(file)) changed(join(file))
        })
      )
    start()
    return Effect.async<void>((resume) => {
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
      if (child === undefined) return resume(Effect.void)
      child.removeAllListeners("exit")
      child.once("exit", () => resume(Effect.void))
      child.kill("SIGTERM")
    })
  })
