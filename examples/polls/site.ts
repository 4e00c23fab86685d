/** A site with one app: `/` leads to the polls. */
import { App, Health, Route, View } from "portico"
import { polls } from "./app.ts"
import * as routes from "./routes.ts"

const home = View.handle(Route.get("/", "home"), () => View.redirect(routes.index))

export default App.make({
  name: "Polls",
  apps: [App.mount("/polls", polls)],
  views: [home, Health.view],
  defaults: { DATABASE_URL: "sqlite:./polls.db" }
})
