/**
 * Port: pages from templates and data.
 *
 * Views call `Service`. Adapters implement the smaller `Driver` and hand it to `make`, which adds what
 * must be the same everywhere: finding templates, checking names, caching, turning a context into
 * plain data, depth and size limits, and failures that show the line.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { Html } from "../domain/Html.ts"
import type { Unavailable } from "./PortError.ts"

/** What engines may differ in. The contract tests both answers of every flag. */
export interface Capabilities {
  /**
   * A template is a program: whoever may edit one may run code in this process. Where false,
   * templates may come from people who must not.
   */
  readonly runsCode: boolean
}

/** What a page is made from, by name. */
export type Values = Readonly<Record<string, unknown>>

export interface Service {
  readonly capabilities: Capabilities
  /** The page `name` (`"polls/detail"`: no extension, no leading slash) with the values of `context`. */
  readonly render: (name: string, context?: Values) => Effect.Effect<Html, TemplateFailure>
  /** As `render`, already run: for a page on a hot path, since an `Exit` needs no fiber. */
  readonly renderExit: (name: string, context?: Values) => Exit.Exit<Html, TemplateFailure>
}

export class TemplateEngine extends Context.Tag("portico/ports/TemplateEngine")<
  TemplateEngine,
  Service
>() {}

/** No directory holds a template of this name. */
export class TemplateNotFound extends Schema.TaggedError<TemplateNotFound>(
  "portico/ports/TemplateNotFound"
)("TemplateNotFound", {
  template: Schema.String,
  /** The files that were looked for, in order. */
  places: Schema.Array(Schema.String),
  /** Names that exist and look alike, nearest first. */
  near: Schema.Array(Schema.String)
}) {}

/** Every way in which a page can fail to be made. */
export type TemplateFailure = TemplateNotFound | Unavailable
