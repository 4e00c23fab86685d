/** Fastify as its documentation shows it, with schemas for input and output. */
import { Eta } from "eta"
import Fastify from "fastify"
import { HOST, PORT, rowsOf, step } from "../shared.mjs"

const rows = rowsOf()
const app = Fastify()
const eta = new Eta()
const template = eta.compile(
  "<!doctype html>\n<html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr><% it.rows.forEach((row) => { %><tr><td><%= row.id %></td><td><%= row.message %></td></tr><% }) %></table></body></html>\n"
)

const answer = (properties) => ({ response: { 200: { type: "object", properties } } })
const person = {
  type: "object",
  required: ["name", "age", "tags"],
  properties: {
    name: { type: "string", minLength: 1 },
    age: { type: "integer", minimum: 0 },
    tags: { type: "array", items: { type: "string" } }
  }
}

app.get("/json", { schema: answer({ message: { type: "string" } }) }, () => ({
  message: "Hello, World!"
}))
app.get(
  "/users/:id",
  {
    schema: {
      params: { type: "object", properties: { id: { type: "integer" } } },
      ...answer({ id: { type: "integer" } })
    }
  },
  (request) => {
    let { id } = request.params
    for (let i = 0; i < 5; i++) id = step(id)
    return { id }
  }
)
app.post(
  "/people",
  { schema: { body: person, ...answer(person.properties) } },
  (request) => request.body
)
app.get("/page", (_, reply) =>
  reply.type("text/html; charset=utf-8").send(eta.render(template, { rows: rows() }))
)

await app.listen({ host: HOST, port: Number(PORT) })
