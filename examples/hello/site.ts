/** The smallest site: one file, one page. */
import { App, Html, HttpResponse, Route, View } from "portico"

const hello = Route.get("/", "hello")
const greet = Route.get("/:name/", "greet")

export default App.make({
  name: "Hello",
  views: [
    View.handle(hello, () => View.redirect(greet, { name: "world" })),
    View.handle(greet, ({ name }) => HttpResponse.html(Html.html`<h1>Hello, ${name}!</h1>`))
  ],
  defaults: { DATABASE_URL: "memory:", PORTICO_SESSIONS: "memory" }
})
