/**
 * A connection of a driver package as the port's `Session`. An adapter writes a `Lease`: how one
 * statement runs, how a transaction begins, how the connection ends.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Change } from "../../../domain/Migration.ts"
import type { Registry } from "../../../domain/Registry.ts"
import {
  Default,
  type Insert,
  type Result,
  type Row,
  type Select
} from "../../../domain/Statement.ts"
import type { BeginOptions, Session } from "../../../ports/Database.ts"
import { QueryFault, type ReadError, type WriteError } from "../../../ports/DatabaseError.ts"
import { type Circumstances, classify } from "./classify.ts"
import { NotCompilable } from "./compile.ts"
import * as Ddl from "./ddl.ts"
import type { Planned, Planner } from "./plan.ts"

export interface Command {
  readonly text: string
  readonly parameters: ReadonlyArray<unknown>
  /**
   * Rows as arrays of what the decoders expect (`cells`), or with the package's own values, as
   * objects or arrays.
   */
  readonly rows: "cells" | "objects" | "values"
  /** Prepared under this name and kept; absent for what may never come again. */
  readonly name?: string | undefined
}

export interface Answer {
  // Cells, objects or values, as the query asked; each package has its own types for them.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly rows: ReadonlyArray<any>
  /** Rows inserted, matched or deleted; for a query the number of rows. */
  readonly affected: number
  /** The first key that an insert counted, where the package tells it. */
  readonly insertId?: number
}

/** One connection. */
export interface Lease {
  /**
   * Set when the connection can not be used any more; also by the session, when an error tells.
   */
  broken: boolean
  /**
   * Runs one statement. Interruption stops it, where the database can, and waits until it has
   * stopped: whoever gets the connection next meets nothing of it.
   */
  readonly run: <A, E>(
    command: Command,
    onAnswer: (answer: Answer) => Exit.Exit<A, E>,
    onError: (error: unknown) => Exit.Exit<A, E>
  ) => Effect.Effect<A, E>
  readonly begin: (options: BeginOptions) => ReadonlyArray<string>
  /** Leaves whatever transaction was left open. False where only a new connection will do. */
  readonly reset: (isOpen: boolean) => boolean
  readonly close: () => Promise<void>
}

export interface Context {
  readonly planner: Planner
  readonly ddl: Ddl.Dialect
  /** Keys that one insert counts are this far apart; absent where `RETURNING` answers rows. */
  readonly readsBack: (() => number) | undefined
  /** Called after each change of structure: other connections may hold plans of the old one. */
  readonly onAlter: () => void
}

const none: ReadonlyArray<never> = []

export class LeaseSession implements Session {
  readonly lease: Lease
  readonly #context: Context
  #isOpen = false

  constructor(lease: Lease, context: Context) {
    this.lease = lease
    this.#context = context
  }

  /** To be called between two users. */
  fit(): boolean {
    const isOpen = this.#isOpen
    this.#isOpen = false
    return !this.lease.broken && this.lease.reset(isOpen)
  }

  readonly execute: Session["execute"] = (registry, statement) =>
    Effect.suspend((): Effect.Effect<Result, WriteError> => {
      let planned: Planned
      let parameters: ReadonlyArray<unknown>
      try {
        planned = this.#context.planner.plan(registry, statement)
        parameters = planned.plan.bind(statement, planned.literals)
      } catch (error) {
        return uncompilable(error)
      }
      const { name, read, reusable, text } = planned.plan
      const at: Circumstances = { registry, model: statement.model, phase: "statement" }
      const command: Command = {
        text,
        parameters,
        rows: "cells",
        name: reusable ? name : undefined
      }
      const onError = (error: unknown) => {
        const failed = this.#failed(error, at)
        return statement._tag === "Select" ? Exit.mapError(failed, readError) : failed
      }
      if (statement._tag === "Insert" && statement.returning && read === undefined) {
        return this.#insertAndRead(registry, statement, command, onError)
      }
      return this.lease.run(
        command,
        ({ affected, rows }): Exit.Exit<Result, WriteError> => {
          if (read === undefined) return Exit.succeed({ rows: none, affected })
          try {
            return Exit.succeed({ rows: rows.map(read), affected })
          } catch (cause) {
            const reason = `a stored value is not what ${statement.model} declares.`
            return Exit.fail(new QueryFault({ kind: "decode", reason, cause }))
          }
        },
        onError
      )
    })

  readonly raw: Session["raw"] = (text, parameters) =>
    Effect.map(this.ask({ text, parameters, rows: "objects" }), ({ rows }) => rows)

  /** Any statement, with the package's own answer. */
  readonly ask = (command: Command): Effect.Effect<Answer, WriteError> =>
    Effect.suspend(() =>
      this.lease.run(
        command,
        (answer): Exit.Exit<Answer, WriteError> => Exit.succeed(answer),
        (error) => this.#failed(error, { phase: "statement" })
      )
    )

  readonly begin: Session["begin"] = (options) =>
    Effect.suspend(() => {
      // From now on, whatever becomes of BEGIN, the connection is not to be trusted to be outside.
      this.#isOpen = true
      return Effect.forEach(this.lease.begin(options), (text) => this.#tell(text), {
        discard: true
      })
    })

  readonly commit = Effect.suspend(() => this.#end("COMMIT", "commit"))

  readonly rollback = Effect.suspend(() => asRead(this.#end("ROLLBACK", "statement")))

  readonly savepoint: Session["savepoint"] = (name) => this.#tell(`SAVEPOINT ${name}`)

  readonly release: Session["release"] = (name) => this.#tell(`RELEASE SAVEPOINT ${name}`)

  readonly rollbackTo: Session["rollbackTo"] = (name) => this.#tell(`ROLLBACK TO SAVEPOINT ${name}`)

  readonly alter: Session["alter"] = (change: Change) =>
    Effect.ensuring(
      Effect.flatMap(
        Effect.suspend(() =>
          Either.match(Ddl.compile(this.#context.ddl, change), {
            onLeft: Effect.fail,
            onRight: Effect.succeed
          })
        ),
        (texts): Effect.Effect<void, WriteError> =>
          Effect.forEach(texts, (text) => this.#control(text, "statement"), { discard: true })
      ),
      Effect.sync(this.#context.onAlter)
    )

  #failed(error: unknown, at: Circumstances): Exit.Exit<never, WriteError> {
    const failure = classify(error, at)
    if (failure._tag === "DatabaseUnavailable" && failure.kind !== "statementTimeout") {
      this.lease.broken = true
    }
    // PostgreSQL keeps plans of prepared statements: after a change of structure by another
    // process this connection's are wrong for ever.
    if (failure._tag === "QueryFault" && /cached plan must not change/.test(failure.reason)) {
      this.lease.broken = true
    }
    return Exit.fail(failure)
  }

  #control(text: string, phase: Circumstances["phase"]): Effect.Effect<void, WriteError> {
    return this.lease.run(
      { text, parameters: none, rows: "objects" },
      (): Exit.Exit<void, WriteError> => Exit.void,
      (error) => this.#failed(error, { phase })
    )
  }

  #tell(text: string): Effect.Effect<void, ReadError> {
    return Effect.suspend(() => asRead(this.#control(text, "statement")))
  }

  #end(text: string, phase: Circumstances["phase"]): Effect.Effect<void, WriteError> {
    return Effect.map(this.#control(text, phase), () => {
      this.#isOpen = false
    })
  }

  /** For MySQL, whose INSERT answers no rows: they are read back by their keys. */
  #insertAndRead(
    registry: Registry,
    insert: Insert,
    command: Command,
    onError: (error: unknown) => Exit.Exit<never, WriteError>
  ): Effect.Effect<Result, WriteError> {
    const entity = registry.entities.get(insert.model)!
    const { identity } = entity
    const at = identity === undefined ? -1 : insert.columns.indexOf(identity)
    const counted = insert.rows.map((row) => at < 0 || row[at] === Default)
    if (identity !== undefined && counted.includes(true) && counted.includes(false)) {
      // Which keys the server counts between given ones is not said: row by row.
      return Effect.map(
        Effect.forEach(insert.rows, (row) => this.execute(registry, { ...insert, rows: [row] })),
        (results): Result => {
          const rows = results.flatMap((result) => result.rows)
          return { rows, affected: rows.length }
        }
      )
    }
    return Effect.flatMap(
      this.lease.run(
        command,
        (answer): Exit.Exit<Answer, WriteError> => Exit.succeed(answer),
        onError
      ),
      ({ insertId = 0 }) => {
        const step = this.#context.readsBack?.() ?? 1
        const keys = insert.rows.map((row, i) =>
          entity.primaryKey.map((key) =>
            key === identity && counted[i] === true
              ? insertId + i * step
              : row[insert.columns.indexOf(key)]
          )
        )
        const select: Select = {
          _tag: "Select",
          model: insert.model,
          where: {
            _tag: "Or",
            of: keys.map((key) => ({
              _tag: "And",
              of: key.map((value, i) => ({
                _tag: "Compare",
                operator: "eq",
                left: { _tag: "Column", path: [entity.primaryKey[i]!] },
                right: {
                  _tag: "Literal",
                  value,
                  type: entity.byKey.get(entity.primaryKey[i]!)!.type
                }
              }))
            }))
          }
        }
        return Effect.map(this.execute(registry, select), ({ rows }): Result => {
          const found = new Map(rows.map((row) => [keyText(entity.primaryKey, row), row]))
          const inOrder = keys.flatMap((key): ReadonlyArray<Row> => {
            const row = found.get(key.map(String).join("\0"))
            return row === undefined ? none : [row]
          })
          return { rows: inOrder, affected: insert.rows.length }
        })
      }
    )
  }
}

const keyText = (keys: ReadonlyArray<string>, row: Row): string =>
  keys.map((key) => String(row[key])).join("\0")

/** What no row is written by can violate no constraint: a sum in a filter may still overflow. */
const readError = (error: WriteError): ReadError => {
  switch (error._tag) {
    case "DatabaseUnavailable":
    case "QueryFault":
    case "TransactionConflict":
      return error
    case "ValueRejected":
      return new QueryFault({
        kind: "value",
        reason: `the query calculates what no column holds: ${error.reason}.`,
        cause: error
      })
    default:
      return new QueryFault({ kind: "unknown", reason: error.message, cause: error })
  }
}

const asRead = (effect: Effect.Effect<void, WriteError>): Effect.Effect<void, ReadError> =>
  Effect.mapError(effect, readError)

const uncompilable = (error: unknown): Effect.Effect<never, QueryFault> =>
  error instanceof NotCompilable
    ? Effect.fail(new QueryFault({ kind: "schema", reason: error.message }))
    : Effect.die(error)
