/**
 * Port: an app in Django's sense: models, views, templates, static files, commands and settings that
 * belong together, to be mounted in any site. It knows domain and ports only, so it runs on every
 * adapter.
 *
 * ```ts
 * export const polls = ReusableApp.make({
 *   name: "polls",
 *   at: import.meta.url,
 *   models: Polls,
 *   views: [index, detail]
 * })
 * ```
 */
import type * as Effect from "effect/Effect"
import type { AnyModels } from "../domain/Model.ts"
import type { Migration } from "../domain/Migration.ts"
import type * as Route from "../domain/Route.ts"
import type * as Middleware from "./Middleware.ts"
import type { Endpoint } from "./View.ts"

/** A command that the app adds to `portico`: `portico seed`. */
export interface Command<out R = never> {
  /** As it is typed: lower case words with dashes between them. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** `args` is what follows the name. A failure's message is printed, and ends with status 1. */
  readonly run: (args: ReadonlyArray<string>) => Effect.Effect<void, Failure, R>
}

/** What a command may fail with: anything that says what happened and what to do. */
export interface Failure {
  readonly message: string
}

// `any`: what each view, middleware and command needs is read from its own type by `NeedsOf`. One type
// parameter for the needs of all would be inferred from the first of them alone.
export type AnyView = Endpoint<any>
export type AnyMiddleware = Middleware.Middleware<any>
export type AnyCommand = Command<any>

/** What a view, a middleware, a command or an app asks for. */
export type NeedsOf<T> =
  T extends Endpoint<infer R>
    ? R
    : T extends Middleware.Middleware<infer R>
      ? R
      : T extends Command<infer R>
        ? R
        : T extends Mounted<infer R>
          ? R
          : never

export interface Options<V extends AnyView, M extends AnyMiddleware, C extends AnyCommand> {
  /** Lower case; also the namespace of its routes and the prefix of its tables. */
  readonly name: string
  /**
   * `import.meta.url` of the module that declares the app: its `templates/`, `static/` and
   * `migrations/` lie beside that file. Absent for an app without files.
   */
  readonly at?: string
  readonly models?: AnyModels
  readonly views?: ReadonlyArray<V>
  /** Around every answer of a site that has this app, inside the site's own middleware. */
  readonly middleware?: ReadonlyArray<M>
  readonly commands?: ReadonlyArray<C>
  /** Migrations as values, for an app that ships without files. */
  readonly migrations?: ReadonlyArray<Migration>
}

/** An app. `R` is what its views, middleware and commands ask for. */
export interface ReusableApp<out R = never> {
  readonly name: string
  /** The directory of its files; absent where it has none. */
  readonly directory: URL | undefined
  readonly models: AnyModels | undefined
  readonly views: ReadonlyArray<Endpoint<R>>
  readonly middleware: ReadonlyArray<Middleware.Middleware<R>>
  readonly commands: ReadonlyArray<Command<R>>
  readonly migrations: ReadonlyArray<Migration>
}

const namePattern = /^[a-z][a-z0-9_]*$/

/** An app. A name that cannot be a namespace and a table's prefix is refused. */
export const make = <
  V extends AnyView = never,
  M extends AnyMiddleware = never,
  C extends AnyCommand = never
>(
  options: Options<V, M, C>
): ReusableApp<NeedsOf<V> | NeedsOf<M> | NeedsOf<C>> => {
  if (!namePattern.test(options.name)) {
    throw new TypeError(
      `ReusableApp.make: "${options.name}" cannot name an app. ` +
        `Use lower case letters, digits and underscores, beginning with a letter.`
    )
  }
  return {
    name: options.name,
    directory: options.at === undefined ? undefined : new URL("./", options.at),
    models: options.models,
    views: options.views ?? [],
    middleware: options.middleware ?? [],
    commands: options.commands ?? [],
    migrations: options.migrations ?? []
  }
}

/** A command for `commands`. */
export const command = <R>(name: string, summary: string, run: Command<R>["run"]): Command<R> => ({
  name,
  summary,
  run
})

/** An app and where a site hangs it. */
export interface Mounted<out R = never> {
  readonly app: ReusableApp<R>
  /** Put before the patterns of its routes; absent for the site's root. */
  // `any`: a prefix may have parameters of its own, and patterns are invariant in them.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly prefix: Route.Pattern<any> | undefined
  /** The name of this instance: an app may be mounted more than once. */
  readonly namespace: string
}
