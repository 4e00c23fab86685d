/** A Portico site as anyone writes it: default middleware, ORM and Mustache in the way. */
import { Context, Effect, Layer, Schema } from "effect"
import { App, Database, f, HttpRequest, HttpResponse, Model, Route, View } from "portico"
import * as Http from "portico/bootstrap/Http"

const Fortune = Model.make("Fortune", { id: f.id(), message: f.text() }, { table: "fortune" })
const Bench = Model.models("bench", { Fortune })

class Users extends Context.Tag("Users")<
  Users,
  { readonly step: (value: number) => Effect.Effect<number> }
>() {}

const UsersLive = Layer.succeed(Users, { step: (value) => Effect.sync(() => value + 1) })

const person = HttpRequest.bodyOf(
  Schema.Struct({
    name: Schema.NonEmptyString,
    age: Schema.NonNegativeInt,
    tags: Schema.Array(Schema.String)
  })
)

const views = [
  View.handle(Route.get("/json", "json"), () => HttpResponse.json({ message: "Hello, World!" })),
  View.handle(Route.get("/users/:id(int)", "user"), function* ({ id }) {
    const users = yield* Users
    let value = id
    for (let i = 0; i < 5; i++) value = yield* users.step(value)
    return HttpResponse.json({ id: value })
  }),
  View.handle(
    Route.post("/people", "people"),
    (_, request) => Effect.map(person(request), (body) => HttpResponse.json(body)),
    { prebuffer: true, csrfExempt: true }
  ),
  View.handle(Route.get("/page", "page"), function* () {
    const rows = yield* Database.all(Bench.Fortune.orderBy((_) => _.id.asc()))
    return yield* View.render("page", { rows })
  })
]

Http.main(App.make({ name: "Bench", at: import.meta.url, views, services: UsersLive }))
