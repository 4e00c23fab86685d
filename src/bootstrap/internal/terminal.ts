/**
 * What commands print: colours where a terminal shows them, tables with aligned columns. Follows
 * NO_COLOR (no-color.org) and FORCE_COLOR.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { inspect } from "node:util"

const colours = (): boolean => {
  const { env, stdout } = process
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false
  if (env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0") return true
  return stdout.isTTY && env["TERM"] !== "dumb"
}

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** `text` in a style, or as it is where there are no colours. */
export const style = (name: Style, text: string): string => {
  if (!colours()) return text
  const [open, close] = inspect.colors[name]!
  return `\u001b[${open}m${text}\u001b[${close}m`
}

// oxlint-disable-next-line no-control-regex -- the escape character is what it looks for
const escapes = /\u001b\[[\d;]*m/g

/** Columns on a terminal: escapes take none, wide characters and emoji take two. */
const width = (text: string): number => {
  let columns = 0
  for (const character of text.replace(escapes, "")) {
    const code = character.codePointAt(0)!
    // Unicode Standard Annex 11, East Asian Wide: the blocks that names and messages may hold.
    const wide =
      (code >= 0x1100 && code <= 0x115f) ||
      (code >= 0x2e80 && code <= 0xa4cf) ||
      (code >= 0xac00 && code <= 0xd7a3) ||
      (code >= 0xf900 && code <= 0xfaff) ||
      (code >= 0xfe30 && code <= 0xfe6f) ||
      (code >= 0xff00 && code <= 0xff60) ||
      (code >= 0x1f300 && code <= 0x1faff)
    columns += wide ? 2 : 1
  }
  return columns
}

/** Lines with aligned columns under a heading. */
export const table = (
  heading: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): string => {
  const widths = heading.map((title, i) =>
    Math.max(width(title), ...rows.map((row) => width(row[i] ?? "")))
  )
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, i) =>
        i === cells.length - 1 ? cell : cell + " ".repeat(Math.max(0, widths[i]! - width(cell)))
      )
      .join("  ")
      .trimEnd()
  return [line(heading.map((title) => style("bold", title))), ...rows.map(line)].join("\n")
}

/** Runs a program that always prints colours (`@effect/cli`'s help) without them, where they are not wanted. */
export const withoutEscapes = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  colours()
    ? effect
    : Console.consoleWith((console) => {
        const strip = (args: ReadonlyArray<unknown>) =>
          args.map((arg) => (typeof arg === "string" ? arg.replace(escapes, "") : arg))
        return Effect.withConsole(effect, {
          ...console,
          log: (...args) => console.log(...strip(args)),
          error: (...args) => console.error(...strip(args))
        })
      })
