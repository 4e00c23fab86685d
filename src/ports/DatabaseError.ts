/**
 * What can go wrong between an app and its database: one class per reaction. Reads fail with
 * `ReadError`, writes with `WriteError`, so that a signature says what can happen.
 */
import * as Schema from "effect/Schema"

const optionalCause = Schema.optionalWith(Schema.Defect, { exact: true })
const optionalText = Schema.optionalWith(Schema.String, { exact: true })
const fields = Schema.Array(Schema.String)

/** Two rows would share what must be unique. `fields` are the model's, so that a form can show it. */
export class UniqueViolation extends Schema.TaggedError<UniqueViolation>(
  "portico/ports/DatabaseError/UniqueViolation"
)("UniqueViolation", {
  model: Schema.String,
  fields,
  constraint: optionalText,
  cause: optionalCause
}) {
  override get message() {
    return `Database: a row of ${this.model} with this ${this.fields.join(", ") || "key"} exists. Choose another value, or update that row.`
  }
}

/** A row refers to one that is missing, or is referred to by one that stays. */
export class ForeignKeyViolation extends Schema.TaggedError<ForeignKeyViolation>(
  "portico/ports/DatabaseError/ForeignKeyViolation"
)("ForeignKeyViolation", {
  /** `unknown` where the database does not tell (SQLite). */
  kind: Schema.Literal("missing", "referenced", "unknown"),
  model: Schema.String,
  fields,
  constraint: optionalText,
  cause: optionalCause
}) {
  override get message() {
    const where = `${this.model}${this.fields.length > 0 ? `.${this.fields.join(", ")}` : ""}`
    return this.kind === "referenced"
      ? `Database: other rows still refer to this row of ${where}. Delete or re-point them first.`
      : `Database: a reference of ${where} points at a row that does not exist. Store that row first.`
  }
}

export class NotNullViolation extends Schema.TaggedError<NotNullViolation>(
  "portico/ports/DatabaseError/NotNullViolation"
)("NotNullViolation", { model: Schema.String, fields, cause: optionalCause }) {
  override get message() {
    return `Database: ${this.model}.${this.fields.join(", ")} may not be null. Give a value, or declare the field nullable.`
  }
}

export class CheckViolation extends Schema.TaggedError<CheckViolation>(
  "portico/ports/DatabaseError/CheckViolation"
)("CheckViolation", { model: Schema.String, constraint: optionalText, cause: optionalCause }) {
  override get message() {
    return `Database: the row of ${this.model} fails the check ${this.constraint ?? "(unnamed)"}. Change the values so that it holds.`
  }
}

/** A value that the field cannot hold: too long, out of range, not storable. Found before the database is asked where possible. */
export class ValueRejected extends Schema.TaggedError<ValueRejected>(
  "portico/ports/DatabaseError/ValueRejected"
)("ValueRejected", {
  model: Schema.String,
  fields,
  reason: Schema.String,
  /** Refused by Portico before the database was asked: the transaction goes on. */
  early: Schema.Boolean,
  cause: optionalCause
}) {
  override get message() {
    return `Database: ${this.model}.${this.fields.join(", ") || "?"} cannot hold this value: ${this.reason}. Change the value or the field.`
  }
}

/** Another transaction was in the way. The whole transaction may be tried again. */
export class TransactionConflict extends Schema.TaggedError<TransactionConflict>(
  "portico/ports/DatabaseError/TransactionConflict"
)("TransactionConflict", {
  kind: Schema.Literal("serialization", "deadlock", "lockTimeout", "busy"),
  /** The database has ended the whole transaction, not only the statement. */
  killsTransaction: Schema.Boolean,
  cause: optionalCause
}) {
  override get message() {
    return `Database: the transaction met another one (${this.kind}). Run it again, for example with { retry: 3 }.`
  }
}

export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>(
  "portico/ports/DatabaseError/DatabaseUnavailable"
)("DatabaseUnavailable", {
  kind: Schema.Literal("connect", "lost", "poolTimeout", "statementTimeout", "shutdown"),
  /** Where the connection was lost; at `commit` nobody knows whether the transaction was stored. */
  phase: Schema.Literal("connect", "acquire", "statement", "commit"),
  cause: optionalCause
}) {
  /** What the server said to who could not even connect: it tells which setting is wrong. */
  get #why() {
    return this.phase === "connect" && this.cause instanceof Error ? `: ${this.cause.message}` : ""
  }
  override get message() {
    return this.phase === "commit"
      ? `Database: the connection was lost during COMMIT, so the outcome is unknown. Look before trying again.`
      : `Database: no usable connection (${this.kind}${this.#why}). Check that the database runs and that DATABASE_URL names it.`
  }
}

const remedies = {
  syntax: "Correct the SQL.",
  schema:
    "If a migration was forgotten, run portico migrate; else compare the models with the tables.",
  unsupported: "Write the query in another way, or choose a database that can.",
  aborted:
    "Let the failure end the transaction, or put what may fail into a transaction of its own.",
  closed: "Finish the work before the transaction ends, or run it in Database.detached.",
  permission: "Grant the database user what it needs.",
  readOnly: "Write outside of a read-only transaction and to a database that may be written to.",
  decode: "Compare the model with what is stored.",
  value: "Compare with a value that the field can hold.",
  unknown: 'See "cause" for the words of the database.'
} as const

/** A fault of program or deployment: a wrong query, a missing table, a transaction used after its end. */
export class QueryFault extends Schema.TaggedError<QueryFault>(
  "portico/ports/DatabaseError/QueryFault"
)("QueryFault", {
  kind: Schema.Literal(
    "syntax",
    "schema",
    "unsupported",
    "aborted",
    "closed",
    "permission",
    "readOnly",
    "decode",
    "value",
    "unknown"
  ),
  reason: Schema.String,
  cause: optionalCause
}) {
  override get message() {
    const fact = `Database: ${this.reason.replace(/[.\s]*$/, "")}.`
    // A reason that is two sentences brings its own remedy.
    return /[.?!] [A-Z]/.test(this.reason) ? fact : `${fact} ${remedies[this.kind]}`
  }
}

export class NotFound extends Schema.TaggedError<NotFound>("portico/ports/DatabaseError/NotFound")(
  "NotFound",
  { model: Schema.String }
) {
  override get message() {
    return `Database.one: no ${this.model} matches the query. Use Database.first where none is an answer.`
  }
}

export class MultipleFound extends Schema.TaggedError<MultipleFound>(
  "portico/ports/DatabaseError/MultipleFound"
)("MultipleFound", { model: Schema.String }) {
  override get message() {
    return `Database.one: more than one ${this.model} matches the query. Narrow the filter, or use Database.first with an order.`
  }
}

export type ReadError = TransactionConflict | DatabaseUnavailable | QueryFault

export type WriteError =
  | ReadError
  | UniqueViolation
  | ForeignKeyViolation
  | NotNullViolation
  | CheckViolation
  | ValueRejected
