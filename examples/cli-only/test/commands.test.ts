import { it } from "@effect/vitest"
import { Console, Effect } from "effect"
import { Database } from "portico"
import * as TestSite from "portico/bootstrap/TestSite"
import { assert } from "vitest"
import site, { Notes } from "../site.ts"

it.scoped("writes notes and reads them, the newest first", () =>
  Effect.gen(function* () {
    const test = yield* TestSite.make(site, { load: (path) => import(path) })
    const printed: Array<string> = []
    const console: Console.Console = {
      ...(yield* Console.consoleWith(Effect.succeed)),
      log: (line) => Effect.sync(() => void printed.push(String(line)))
    }
    const run = (name: string, ...words: ReadonlyArray<string>) => {
      const { commands } = site.apps[0]!.app
      const command = commands.find((command) => command.name === name)!
      return Effect.withConsole(test.run(command.run(words)), console)
    }

    yield* run("note", "Buy", "milk")
    yield* run("note", "Call Ada")
    yield* run("notes")
    assert.deepStrictEqual(printed, [
      "Note 1 is written.",
      "Note 2 is written.",
      "1970-01-01  Call Ada",
      "1970-01-01  Buy milk"
    ])
    assert.strictEqual(yield* test.run(Database.count(Notes.Note)), 2)
  })
)
