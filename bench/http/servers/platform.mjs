/** @effect/platform as its documentation shows it: router, Schema, SQL client, Mustache. */
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as SqlClient from "@effect/sql/SqlClient"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import Mustache from "mustache"
import { createServer } from "node:http"
import { BENCH_DB, HOST, PORT, step } from "../shared.mjs"

class Users extends Context.Tag("Users")() {}

const Person = Schema.Struct({
  name: Schema.NonEmptyString,
  age: Schema.NonNegativeInt,
  tags: Schema.Array(Schema.String)
})

const template =
  "<!doctype html>\n<html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>{{#rows}}<tr><td>{{id}}</td><td>{{message}}</td></tr>{{/rows}}</table></body></html>\n"

const app = HttpRouter.empty.pipe(
  HttpRouter.get("/json", HttpServerResponse.json({ message: "Hello, World!" })),
  HttpRouter.get(
    "/users/:id",
    Effect.gen(function* () {
      const users = yield* Users
      let id = Number((yield* HttpRouter.params).id)
      for (let i = 0; i < 5; i++) id = yield* users.step(id)
      return yield* HttpServerResponse.json({ id })
    })
  ),
  HttpRouter.post(
    "/people",
    Effect.flatMap(HttpServerRequest.schemaBodyJson(Person), HttpServerResponse.json)
  ),
  HttpRouter.get(
    "/page",
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`SELECT id, message FROM fortune ORDER BY id`
      return HttpServerResponse.text(Mustache.render(template, { rows }), {
        contentType: "text/html; charset=utf-8"
      })
    })
  ),
  HttpServer.serve()
)

Layer.launch(app).pipe(
  Effect.provide([
    NodeHttpServer.layer(() => createServer(), { host: HOST, port: Number(PORT) }),
    SqliteClient.layer({ filename: BENCH_DB, readonly: true, disableWAL: true }),
    Layer.succeed(Users, { step: (value) => Effect.sync(() => step(value)) })
  ]),
  NodeRuntime.runMain
)
