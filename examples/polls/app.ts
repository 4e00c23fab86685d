/** Polls as a reusable app: mount it in any site. */
import { ReusableApp } from "portico"
import { Polls } from "./models.ts"
import { seed } from "./seed.ts"
import * as views from "./views.ts"

export const polls = ReusableApp.make({
  name: "polls",
  at: import.meta.url,
  models: Polls,
  views: Object.values(views),
  commands: [seed]
})
