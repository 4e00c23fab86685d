/**
 * Start-up checks: what is wrong with a site before a visitor finds out. All of them run, and report
 * together. `portico check` prints every finding; `serve` refuses to start on an error.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as Router from "../ports/Router.ts"
import * as Adapters from "./Adapters.ts"
import type * as App from "./App.ts"
import { directories, type Settled } from "./internal/start.ts"
import { style } from "./internal/terminal.ts"
import * as Settings from "./Settings.ts"

/** One thing that is wrong, or will be in production. */
export interface Finding {
  /** "error" keeps the site from starting. */
  readonly level: "error" | "warning"
  readonly fact: string
  readonly remedy: string
}

/** The site has errors that would meet visitors. */
export class ChecksFailed extends Schema.TaggedError<ChecksFailed>(
  "portico/bootstrap/Checks/ChecksFailed"
)("ChecksFailed", { errors: Schema.Array(Schema.String) }) {
  override get message() {
    return `${this.errors.length === 1 ? "1 check failed" : `${this.errors.length} checks failed`}:\n${this.errors.map((error) => `  ${error}`).join("\n")}`
  }
}

/** The name of the adapter that the settings choose, by the choice's port. */
export const chosen = (
  site: App.Any,
  { sources, values }: Settled
): ReadonlyArray<{ readonly port: string; readonly adapter: string; readonly key: string }> =>
  Adapters.choices(site.adapters).map(({ nameOf, port, setting }) => ({
    port,
    key: setting.key,
    adapter: nameOf(Settings.find(setting, sources, values.environment).text ?? "")
  }))

const namesTwice = (names: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i))
]

const compositionFindings = (site: App.Any): ReadonlyArray<Finding> => [
  ...namesTwice(site.apps.map(({ namespace }) => namespace)).map((name): Finding => ({
    level: "error",
    fact: `Two apps are mounted under the namespace "${name}".`,
    remedy: `Give one of them another: App.mount(prefix, app, { namespace: "${name}-2" }).`
  })),
  ...namesTwice(
    [...new Set(site.apps.map(({ app }) => app))].flatMap(({ commands }) =>
      commands.map(({ name }) => name)
    )
  ).map((name): Finding => ({
    level: "error",
    fact: `Two apps add a command called "${name}".`,
    remedy: "Rename one of them."
  }))
]

const templateFindings = (site: App.Any, engine: string): ReadonlyArray<Finding> =>
  directories(site, "templates")
    // An app without a folder for any engine keeps its templates at the top, in one language.
    .filter(({ path }) =>
      site.adapters.templates.names.some((name) => existsSync(join(path, name)))
    )
    .filter(({ path }) => !existsSync(join(path, engine)))
    .map(({ app, path }): Finding => ({
      level: "error",
      fact: `${app === undefined ? "The site" : `The app "${app}"`} has no templates for ${engine}: ${join(path, engine)} does not exist.`,
      remedy: "Write them there, or set PORTICO_TEMPLATES to a language it has."
    }))

const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"])

/** With the secret that Portico has for a desk, anybody may write a session. */
const secretFindings = ({ values }: Settled): ReadonlyArray<Finding> =>
  Redacted.value(values.secret) === Settings.developmentSecret &&
  (values.environment === "production" || !loopback.has(values.host))
    ? [
        {
          level: "error",
          fact: `PORTICO_SECRET is the one that everybody knows, and ${values.environment === "production" ? "this is production" : `HOST=${values.host} lets others in`}.`,
          remedy: `Give a secret of your own, for example from: node -p "crypto.randomBytes(32).toString('base64url')"`
        }
      ]
    : []

const productionFindings = (site: App.Any, settled: Settled): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const adapters = new Map(chosen(site, settled).map(({ adapter, port }) => [port, adapter]))
  if (adapters.get("Database") === "memory") {
    findings.push({
      level: "error",
      fact: "The database is memory: everything is lost when the process ends.",
      remedy: "Set DATABASE_URL to a database that keeps its rows."
    })
  }
  if (adapters.get("SessionStore") === "memory") {
    findings.push({
      level: "warning",
      fact: "Sessions are in this process's memory: they end with it, and a second process does not know them.",
      remedy: "Set PORTICO_SESSIONS to database or cookie."
    })
  }
  if (settled.values.allowedHosts.includes("*")) {
    findings.push({
      level: "warning",
      fact: "Any host name is answered, so links made from the request's host can be forged.",
      remedy: "Name the hosts in PORTICO_ALLOWED_HOSTS."
    })
  }
  return findings
}

/** What can be found without opening a file or asking a database: what `serve` looks at first. */
export const quick = <R>(
  site: App.Site<R>,
  settled: Settled
): Effect.Effect<ReadonlyArray<Finding>, never, Router.Router> =>
  Effect.gen(function* () {
    const router = yield* Router.Router
    const routes = yield* Effect.either(router.compile(site.entries))
    const engine = chosen(site, settled).find(({ port }) => port === "TemplateEngine")!.adapter
    return [
      ...compositionFindings(site),
      ...(Either.isLeft(routes)
        ? [{ level: "error" as const, fact: routes.left.message, remedy: "" }]
        : []),
      ...templateFindings(site, engine),
      ...secretFindings(settled),
      ...(settled.values.environment === "production" ? productionFindings(site, settled) : [])
    ]
  })

/** One finding as commands print it. */
export const line = ({ fact, level, remedy }: Finding): string =>
  `${level === "error" ? style("red", "✗ error  ") : style("yellow", "! warning")}  ${fact} ${remedy}`.trimEnd()

/** Refuses to serve a site with errors; prints its warnings. */
export const beforeServing = <R>(
  site: App.Site<R>,
  settled: Settled
): Effect.Effect<void, ChecksFailed, Router.Router> =>
  Effect.gen(function* () {
    const findings = yield* quick(site, settled)
    const errors = findings.filter(({ level }) => level === "error")
    if (errors.length > 0) {
      return yield* new ChecksFailed({
        errors: errors.map(({ fact, remedy }) => `${fact} ${remedy}`.trimEnd())
      })
    }
    yield* Effect.forEach(findings, (finding) => Console.error(line(finding)), { discard: true })
  })
