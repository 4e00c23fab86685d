/** What the types of routes promise. Checked by tsc, not run. */
import { Schema } from "effect"
import * as Route from "../../src/domain/Route.ts"
import type * as Router from "../../src/ports/Router.ts"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const yes = <_Proof extends true>() => {}

const Year = Route.converter({ pattern: "[0-9]{4}", schema: Schema.NumberFromString })

// -- Parameters come from the pattern ----------------------------------------------------------

export const home = Route.get("/", "home")
export const detail = Route.get("/polls/:id(int)/", "detail")
export const archive = Route.get("/archive/:year/:slug(slug)", "archive", { year: Year })
export const all = Route.make(
  ["GET", "POST"],
  "/:a/:b(str)/:c(int)/:d(uuid)/x-:e(slug).html/::/:f_1(path)",
  "all"
)

yes<Same<Route.Params<typeof home>, {}>>()
yes<Same<Route.Params<typeof detail>, { readonly id: number }>>()
yes<Same<Route.Params<typeof archive>, { readonly year: number; readonly slug: string }>>()
yes<
  Same<
    Route.Params<typeof all>,
    {
      readonly a: string
      readonly b: string
      readonly c: number
      readonly d: string
      readonly e: string
      readonly f_1: string
    }
  >
>()

// A pattern known only at run time has parameters known only then.
const dynamic = Route.make(["GET"], "/:x" as string, "dynamic")
yes<Same<Route.Params<typeof dynamic>, Readonly<Record<string, unknown>>>>()

// -- Wrong patterns do not compile -------------------------------------------------------------

// @ts-expect-error "integer" is not a converter
Route.get("/:id(integer)/", "x")
// @ts-expect-error A pattern begins with "/"
Route.get("polls/", "x")
// @ts-expect-error Django's notation
Route.get("/<int:id>/", "x")
// @ts-expect-error A query is no part of a pattern
Route.get("/polls?page=:page", "x")
// @ts-expect-error An empty segment
Route.get("/polls//", "x")
// @ts-expect-error A parameter twice
Route.get("/:id/:id(int)", "x")
// @ts-expect-error An unclosed parenthesis
Route.get("/:id(int/", "x")
// @ts-expect-error A colon that names nothing
Route.get("/a:/", "x")
// @ts-expect-error A name that begins with a digit
Route.get("/:1st", "x")
// @ts-expect-error Two converters for one parameter
Route.get("/:year(int)", "x", { year: Year })
// @ts-expect-error A converter without its parameter
Route.get("/:years", "x", { year: Year })
// @ts-expect-error Not a method
Route.make(["FETCH"], "/", "x")

// -- Reversal ----------------------------------------------------------------------------------

Route.reverse(home)
Route.reverse(home, { query: { page: 2, tag: ["a", "b"], none: undefined }, fragment: "top" })
Route.reverse(detail, { id: 5 })
Route.reverse(detail, { id: 5 }, { query: new URLSearchParams("a=1") })
// @ts-expect-error The parameters are missing
Route.reverse(detail)
// @ts-expect-error A parameter is missing
Route.reverse(archive, { year: 2024 })
// @ts-expect-error A parameter of another type
Route.reverse(detail, { id: "5" })
// @ts-expect-error A parameter that the pattern has not
Route.reverse(detail, { id: 5, slug: "x" })
// @ts-expect-error A route without parameters takes none
Route.reverse(home, { id: 5 })

// -- Includes ----------------------------------------------------------------------------------

export const polls = Route.include("/polls", "polls", { home, detail })
yes<Same<typeof polls, { readonly home: typeof home; readonly detail: typeof detail }>>()

export const nested = Route.include("/:lang(slug)/:year", "n", { polls, home }, { year: Year })
yes<
  Same<
    Route.Params<typeof nested.polls.detail>,
    { readonly lang: string; readonly year: number; readonly id: number }
  >
>()
yes<Same<Route.Params<typeof nested.home>, { readonly lang: string; readonly year: number }>>()
// @ts-expect-error The prefix is a pattern
Route.include("polls", "polls", { home })

// -- The port ----------------------------------------------------------------------------------

export const uses = (table: Router.Table<string>, found: Router.Found<string>) => {
  table.reverse(home)
  table.reverse(home, { current: found, mount: { tenant: "a" } })
  table.reverse(detail, { id: 1 }, { current: { namespaces: ["polls"] } })
  // @ts-expect-error A parameter of another type
  table.reverse(detail, { id: "1" })
  // @ts-expect-error The parameters are missing
  table.reverse(detail)
  const entries: ReadonlyArray<Router.Entry<number>> = [
    { route: home, target: 1 },
    { route: detail, target: 2, mount: { prefix: Route.pattern("/:t"), namespaces: ["t"] } }
  ]
  return entries
}
