import { assert, describe, it } from "@effect/vitest"
import { Console, Effect } from "effect"
import * as App from "../../src/bootstrap/App.ts"
import * as Cli from "../../src/bootstrap/Cli.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import * as ReusableApp from "../../src/ports/ReusableApp.ts"
import * as View from "../../src/ports/View.ts"

const greeted: Array<string> = []

const app = ReusableApp.make({
  name: "greetings",
  views: [
    View.handle(Route.get("/:name/", "greet"), ({ name }) => HttpResponse.text(`Hello, ${name}`))
  ],
  commands: [
    ReusableApp.command("greet", "Greet somebody.", ([name]) =>
      name === undefined
        ? Effect.fail({ message: "greet: nobody is named. Give a name." })
        : Effect.sync(() => void greeted.push(name))
    )
  ]
})

const site = App.make({
  name: "Greetings",
  apps: [App.mount("/greetings", app), App.mount("/hello", app, { namespace: "hello" })],
  defaults: { DATABASE_URL: "memory:" }
})

/** What a command line prints, and how it ends. */
const portico = (...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const write = (...values: ReadonlyArray<unknown>) =>
      void lines.push(values.map(String).join(" "))
    const exit = yield* Console.consoleWith((console) =>
      Effect.withConsole(Effect.either(Cli.run(site, args)), {
        ...console,
        log: (...values) => Effect.sync(() => write(...values)),
        error: (...values) => Effect.sync(() => write(...values)),
        unsafe: { ...console.unsafe, log: write, error: write }
      })
    )
    process.exitCode = undefined
    return { text: lines.join("\n"), failure: exit._tag === "Left" ? exit.left : undefined }
  })

describe("portico", () => {
  it.effect("teaches when it is asked nothing", () =>
    Effect.gen(function* () {
      for (const args of [[], ["--help"], ["-h"]]) {
        const { text } = yield* portico(...args)
        for (const command of ["serve", "migrate", "routes", "settings", "contract", "greet"]) {
          assert.match(text, new RegExp(`^  ${command} `, "m"))
        }
        assert.include(text, "Of greetings")
      }
    })
  )

  it.effect("explains a command, with examples", () =>
    Effect.gen(function* () {
      const { text } = yield* portico("migrate", "--help")
      assert.include(text, "EXAMPLES")
      assert.include(text, "portico migrate --plan")
    })
  )

  it.effect("refuses an unknown command with the one that was meant", () =>
    Effect.gen(function* () {
      const { failure } = yield* portico("migrat")
      assert.strictEqual(failure?._tag, "UsageFault")
      assert.include(failure?.message, "Did you mean migrate?")
    })
  )

  it.effect("refuses an unknown option, and runs nothing", () =>
    Effect.gen(function* () {
      const { failure } = yield* portico("greet", "--nmae", "Ada")
      assert.strictEqual(failure?._tag, "UsageFault")
      assert.include(failure?.message, "there is no option --nmae")
      assert.deepStrictEqual(greeted, [])
      const serve = yield* portico("serve", "--prot=80")
      assert.include(serve.failure?.message, "Did you mean --port?")
    })
  )

  it.effect("refuses arguments where there are none to give", () =>
    Effect.gen(function* () {
      const { failure } = yield* portico("routes", "polls")
      assert.include(failure?.message, "it takes no arguments")
    })
  )

  it.effect("runs the commands of apps, with their arguments", () =>
    Effect.gen(function* () {
      assert.isUndefined((yield* portico("greet", "Ada")).failure)
      assert.deepStrictEqual(greeted, ["Ada"])
      assert.include((yield* portico("greet")).failure?.message, "nobody is named")
    })
  )

  it.effect("lists routes as they are mounted", () =>
    Effect.gen(function* () {
      const { text } = yield* portico("routes")
      assert.match(text, /GET +\/greetings\/:name\/ +greetings:greet +greetings/)
      assert.match(text, /GET +\/hello\/:name\/ +hello:greet +greetings/)
      assert.notInclude((yield* portico("routes", "--name", "hello:")).text, "/greetings/")
    })
  )

  it.effect("shows settings with their sources, and the tree of layers", () =>
    Effect.gen(function* () {
      const { text } = yield* portico("settings")
      assert.match(text, /DATABASE_URL +memory: +site/)
      assert.match(text, /PORTICO_SECRET +•+ +default/)
      const layers = yield* portico("layers")
      assert.match(layers.text, /Database ← memory/)
      assert.match(layers.text, /TemplateEngine ← mustache/)
    })
  )

  it.effect("checks the site", () =>
    Effect.gen(function* () {
      const { failure, text } = yield* portico("check")
      assert.isUndefined(failure)
      assert.include(text, "sessions.0001_initial")
    })
  )

  it.effect("lists contracts, and puts a configured adapter on trial", () =>
    Effect.gen(function* () {
      assert.match((yield* portico("contract", "--list")).text, /SessionStore/)
      const { failure, text } = yield* portico("contract", "TemplateEngine")
      assert.isUndefined(failure)
      assert.match(text, /TemplateEngine ← mustache/)
      assert.match(text, /(\d+) of \1 clauses are met/)
      const refused = yield* portico("contract", "Database")
      assert.include(refused.failure?.message, "--scratch")
      assert.include((yield* portico("contract", "Sesionstore")).failure?.message, "SessionStore")
    })
  )
})
