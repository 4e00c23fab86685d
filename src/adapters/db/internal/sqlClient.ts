/**
 * `SqlClient` of @effect/sql over the connections of an adapter: the templates of `sql` run in the
 * current transaction of `Database`, and `sql.withTransaction` is `Database.transaction`.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import type { Compiler } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Service } from "../../../ports/Database.ts"
import type { DatabaseUnavailable, WriteError } from "../../../ports/DatabaseError.ts"
import { type Answer, type Command, LeaseSession } from "./session.ts"

const sqlError = (cause: WriteError) => new SqlError({ cause, message: cause.message })

/** A failure of the effect within a transaction, told from the transaction's own. */
class Own<E> {
  readonly error: E
  constructor(error: E) {
    this.error = error
  }
}

type Ask = (command: Command) => Effect.Effect<Answer, WriteError>

const connection = (ask: Ask): Connection => {
  const answer = (
    text: string,
    parameters: ReadonlyArray<unknown>,
    rows: Command["rows"]
  ): Effect.Effect<Answer, SqlError> => Effect.mapError(ask({ text, parameters, rows }), sqlError)
  const execute: Connection["execute"] = (text, parameters, transform) =>
    Effect.map(answer(text, parameters, "objects"), ({ rows }) =>
      transform === undefined ? rows : transform(rows)
    )
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: (text, parameters) => answer(text, parameters, "objects"),
    executeValues: (text, parameters) =>
      Effect.map(answer(text, parameters, "values"), ({ rows }) => rows),
    // All rows are read before the first is answered: a stream would hold the connection.
    executeStream: (text, parameters, transform) =>
      Stream.fromIterableEffect(execute(text, parameters, transform))
  }
}

export const make = (options: {
  readonly service: Service
  readonly compiler: Compiler
  /** Of OpenTelemetry's registry: "sqlite", "postgresql", "mysql". */
  readonly system: string
  /** For `sql.reserve`: a connection for one user alone, outside of any transaction. */
  readonly reserve: Effect.Effect<LeaseSession, DatabaseUnavailable, Scope.Scope>
}): Effect.Effect<SqlClient.SqlClient> => {
  const { service } = options
  // The service knows whether a transaction is current, and lends its session or one of the pool.
  const shared = connection((command) =>
    service.withSession({ readOnly: false }, (session) =>
      session instanceof LeaseSession
        ? session.ask(command)
        : Effect.map(session.raw(command.text, command.parameters), (rows) => ({
            rows: command.rows === "values" ? rows.map(Object.values) : rows,
            affected: rows.length
          }))
    )
  )
  const reserved = Effect.mapBoth(options.reserve, {
    onFailure: sqlError,
    onSuccess: (session) => connection(session.ask)
  })
  return SqlClient.make({
    acquirer: Effect.succeed(shared),
    transactionAcquirer: reserved,
    compiler: options.compiler,
    spanAttributes: [["db.system.name", options.system]]
  }).pipe(
    Effect.map((client) => {
      const withTransaction: SqlClient.SqlClient["withTransaction"] = (effect) =>
        Effect.mapError(
          service.transaction(Effect.mapError(effect, (error) => new Own(error))),
          (error) => (error instanceof Own ? error.error : sqlError(error))
        )
      // The members of a client that `SqlClient.make` made are its own: they may be replaced.
      return Object.assign(client, { withTransaction })
    }),
    Effect.provide(Reactivity.layer)
  )
}
