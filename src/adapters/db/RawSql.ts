/**
 * `SqlClient` of @effect/sql for a site's views and services, over the connections and transactions of
 * the site's own database: `App.make({ …, services: RawSql.layer })`. Then a `sql` template, and any
 * library of the Effect ecosystem that asks for the client, is part of `Database.transaction`.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Database } from "../../ports/Database.ts"
import { Unsupported } from "../../ports/PortError.ts"

/** Fails with `Unsupported` where the chosen database speaks no SQL. */
export const layer: Layer.Layer<SqlClient.SqlClient, Unsupported, Database> = Layer.effect(
  SqlClient.SqlClient,
  Effect.contextWithEffect((context: Context.Context<Database>) =>
    // The SQL adapters give the client beside the port; a choice among adapters promises the port alone.
    Option.match(Context.getOption(context, SqlClient.SqlClient), {
      onNone: () =>
        Effect.fail(
          new Unsupported({ port: "Database", operation: "SqlClient", capability: "speaksSql" })
        ),
      onSome: Effect.succeed
    })
  )
)
