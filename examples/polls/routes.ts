/** Where the pages are, below the prefix that the site mounts them under. */
import { Route } from "portico"

export const index = Route.get("/", "index")
export const detail = Route.get("/:id(int)/", "detail")
export const results = Route.get("/:id(int)/results/", "results")
export const vote = Route.post("/:id(int)/vote/", "vote")
