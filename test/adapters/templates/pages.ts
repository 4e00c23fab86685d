/** Rendering the template `page` of a few in memory. */
import { Cause, Exit, Option } from "effect"
import * as TemplateEngine from "../../../src/ports/TemplateEngine.ts"

type Files = Readonly<Record<string, string>>

const exit = <Template>(
  driver: TemplateEngine.Driver<Template>,
  files: Files,
  values: TemplateEngine.Values
) =>
  TemplateEngine.make(
    driver,
    TemplateEngine.fromFiles(
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [`${name}.${driver.extension}`, text])
      )
    ),
    { mode: "production" }
  ).renderExit("page", values)

/** The markup; throws what the page fails with. */
export const page =
  <Template>(driver: TemplateEngine.Driver<Template>) =>
  (files: Files, values: TemplateEngine.Values): string =>
    Exit.match(exit(driver, files, values), {
      onSuccess: (html) => html.markup,
      onFailure: (cause) => {
        throw Cause.squash(cause)
      }
    })

/** The failure; throws where there is none. */
export const failure =
  <Template>(driver: TemplateEngine.Driver<Template>) =>
  (files: Files, values: TemplateEngine.Values): TemplateEngine.TemplateFailure =>
    Exit.match(exit(driver, files, values), {
      onSuccess: (html) => {
        throw new Error(`expected a failure, got ${html.markup}`)
      },
      onFailure: (cause) =>
        Option.getOrThrowWith(Cause.failureOption(cause), () => Cause.squash(cause))
    })
