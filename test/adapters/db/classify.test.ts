import { assert, describe, it } from "vitest"
import { classify } from "../../../src/adapters/db/internal/classify.ts"
import { registry } from "./models.ts"

/** Errors as the packages throw them, recorded from the servers, with their meaning. */
const of = (
  fields: Record<string, unknown>,
  phase: "statement" | "commit" | "connect" = "statement"
) => {
  const { cause, ...error } = classify(
    Object.assign(new Error(String(fields["message"] ?? "")), fields),
    {
      registry,
      model: "polls.Question",
      phase
    }
  )
  assert.exists(cause)
  return error as Record<string, unknown>
}

const postgres = (code: string, fields: Record<string, unknown> = {}) =>
  of({ code, severity: "ERROR", ...fields })
const mysql = (errno: number, message: string) =>
  of({ errno, sqlState: "HY000", code: "ER_ANY", message })
const sqlite = (code: string, message: string) => of({ code, message })

describe("a violation", () => {
  it("of uniqueness names the model and its fields", () => {
    const expected = {
      _tag: "UniqueViolation",
      model: "polls.User",
      fields: ["email"],
      constraint: "uq_polls_user_email"
    }
    assert.deepInclude(
      postgres("23505", {
        constraint: "uq_polls_user_email",
        table: "polls_user",
        detail: "Key (email)=(a@x) already exists."
      }),
      expected
    )
    assert.deepInclude(
      mysql(1062, "Duplicate entry 'for key 'x'' for key 'uq_polls_user_email'"),
      expected
    )
    assert.deepInclude(
      mysql(1062, "Duplicate entry 'a@x' for key 'polls_user.uq_polls_user_email'"),
      expected
    )
    assert.deepInclude(
      sqlite("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: polls_user.email"),
      expected
    )
  })

  it("of a primary key names its fields", () => {
    const place = { _tag: "UniqueViolation", model: "polls.Question", fields: ["id"] }
    assert.deepInclude(mysql(1062, "Duplicate entry '1' for key 'PRIMARY'"), place)
    assert.deepInclude(
      postgres("23505", {
        constraint: "polls_question_pkey",
        detail: "Key (id)=(1) already exists."
      }),
      place
    )
    assert.deepInclude(
      sqlite(
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "UNIQUE constraint failed: polls_tagging.question_id, polls_tagging.tag_id"
      ),
      { _tag: "UniqueViolation", model: "polls.Tagging", fields: ["questionId", "tagId"] }
    )
  })

  it("of a reference tells a missing row from one that is referred to", () => {
    const place = {
      _tag: "ForeignKeyViolation",
      model: "polls.Question",
      fields: ["authorId"],
      constraint: "fk_polls_question_author_id"
    }
    const constraint = "fk_polls_question_author_id"
    assert.deepInclude(
      postgres("23503", {
        constraint,
        detail: 'Key (author_id)=(9) is not present in table "polls_user".'
      }),
      { ...place, kind: "missing" }
    )
    assert.deepInclude(
      postgres("23503", {
        constraint,
        detail: 'Key (id)=(1) is still referenced from table "polls_question".'
      }),
      { ...place, kind: "referenced" }
    )
    const text = (fact: string) =>
      `Cannot ${fact} row: a foreign key constraint fails (\`shop\`.\`polls_question\`, CONSTRAINT \`${constraint}\`` +
      " FOREIGN KEY (`author_id`) REFERENCES `polls_user` (`id`))"
    assert.deepInclude(mysql(1452, text("add or update a child")), { ...place, kind: "missing" })
    assert.deepInclude(mysql(1451, text("delete or update a parent")), {
      ...place,
      kind: "referenced"
    })
    // SQLite names neither table nor column.
    assert.deepInclude(sqlite("SQLITE_CONSTRAINT_FOREIGNKEY", "FOREIGN KEY constraint failed"), {
      _tag: "ForeignKeyViolation",
      kind: "unknown",
      model: "polls.Question",
      fields: []
    })
  })

  it("of NOT NULL names the field by its key, not by its column", () => {
    const expected = { _tag: "NotNullViolation", model: "polls.Question", fields: ["authorId"] }
    assert.deepInclude(
      postgres("23502", { table: "polls_question", column: "author_id" }),
      expected
    )
    assert.deepInclude(mysql(1048, "Column 'author_id' cannot be null"), expected)
    assert.deepInclude(mysql(1364, "Field 'author_id' doesn't have a default value"), expected)
    assert.deepInclude(
      sqlite("SQLITE_CONSTRAINT_NOTNULL", "NOT NULL constraint failed: polls_question.author_id"),
      expected
    )
  })

  it("of a check names the check", () => {
    const expected = {
      _tag: "CheckViolation",
      model: "polls.Question",
      constraint: "ck_polls_question_views"
    }
    assert.deepInclude(
      postgres("23514", { constraint: "ck_polls_question_views", table: "polls_question" }),
      expected
    )
    // mysql2 has a wrong name for MariaDB's 4025: the number decides.
    assert.deepInclude(
      of({
        errno: 4025,
        sqlState: "23000",
        code: "ER_INNODB_AUTOEXTEND_SIZE_OUT_OF_RANGE",
        message: "CONSTRAINT `ck_polls_question_views` failed for `shop`.`polls_question`"
      }),
      expected
    )
    assert.deepInclude(
      mysql(3819, "Check constraint 'ck_polls_question_views' is violated."),
      expected
    )
    assert.deepInclude(
      sqlite("SQLITE_CONSTRAINT_CHECK", "CHECK constraint failed: ck_polls_question_views"),
      expected
    )
  })
})

describe("everything else", () => {
  it("has the class that says what to do about it", () => {
    const table: ReadonlyArray<readonly [Record<string, unknown>, string, string?]> = [
      [postgres("40001"), "TransactionConflict", "serialization"],
      [postgres("40P01"), "TransactionConflict", "deadlock"],
      [postgres("55P03"), "TransactionConflict", "lockTimeout"],
      [postgres("57014"), "DatabaseUnavailable", "statementTimeout"],
      [postgres("57P01"), "DatabaseUnavailable", "shutdown"],
      [postgres("53300"), "DatabaseUnavailable", "connect"],
      [postgres("28P01"), "DatabaseUnavailable", "connect"],
      [postgres("3D000"), "DatabaseUnavailable", "connect"],
      [postgres("08006"), "DatabaseUnavailable", "lost"],
      [postgres("25P02"), "QueryFault", "aborted"],
      [postgres("25006"), "QueryFault", "readOnly"],
      [postgres("42P01"), "QueryFault", "schema"],
      [postgres("42601"), "QueryFault", "syntax"],
      [postgres("42501"), "QueryFault", "permission"],
      [postgres("0A000"), "QueryFault", "unsupported"],
      [postgres("2201B"), "QueryFault", "syntax"],
      [postgres("22003"), "ValueRejected"],
      [mysql(1213, "Deadlock found"), "TransactionConflict", "deadlock"],
      [mysql(1205, "Lock wait timeout exceeded"), "TransactionConflict", "lockTimeout"],
      [mysql(1969, "Query execution was interrupted"), "DatabaseUnavailable", "statementTimeout"],
      [mysql(1040, "Too many connections"), "DatabaseUnavailable", "connect"],
      [mysql(1927, "Connection was killed"), "DatabaseUnavailable", "shutdown"],
      [
        mysql(1792, "Cannot execute statement in a READ ONLY transaction"),
        "QueryFault",
        "readOnly"
      ],
      [mysql(1064, "You have an error in your SQL syntax"), "QueryFault", "syntax"],
      [mysql(1146, "Table 'a.b' doesn't exist"), "QueryFault", "schema"],
      [mysql(1406, "Data too long for column 'text' at row 1"), "ValueRejected"],
      [sqlite("SQLITE_BUSY", "database is locked"), "TransactionConflict", "busy"],
      [sqlite("SQLITE_BUSY_SNAPSHOT", "database is locked"), "TransactionConflict", "busy"],
      [sqlite("SQLITE_READONLY", "attempt to write a readonly database"), "QueryFault", "readOnly"],
      [sqlite("SQLITE_FULL", "database or disk is full"), "DatabaseUnavailable", "lost"],
      [sqlite("SQLITE_ERROR", "no such table: a"), "QueryFault", "schema"],
      [sqlite("SQLITE_ERROR", 'near "SELEC": syntax error'), "QueryFault", "syntax"],
      [
        of({ code: "ECONNREFUSED", message: "connect ECONNREFUSED" }),
        "DatabaseUnavailable",
        "lost"
      ],
      [of({ code: "EPIPE", message: "write EPIPE" }), "DatabaseUnavailable", "lost"],
      [of({ message: "Connection terminated unexpectedly" }), "DatabaseUnavailable", "lost"],
      [of({ code: "PROTOCOL_CONNECTION_LOST", message: "closed" }), "DatabaseUnavailable", "lost"],
      [of({ message: "what is this" }), "QueryFault", "unknown"]
    ]
    table.forEach(([error, tag, kind], i) => {
      assert.deepStrictEqual([i, error["_tag"], error["kind"]], [i, tag, kind])
    })
  })

  it("says whether the transaction went with the statement", () => {
    assert.isTrue(mysql(1213, "Deadlock found")["killsTransaction"])
    assert.isFalse(mysql(1205, "Lock wait timeout exceeded")["killsTransaction"])
    assert.isFalse(postgres("40P01")["killsTransaction"])
  })

  it("tells a connection lost at COMMIT, when nobody knows the outcome", () => {
    assert.deepInclude(of({ message: "Connection terminated unexpectedly" }, "commit"), {
      kind: "lost",
      phase: "commit"
    })
    assert.deepInclude(of({ code: "ECONNREFUSED" }, "connect"), {
      kind: "connect",
      phase: "connect"
    })
  })

  it("names the field of a value that was too long, and the statement's model without a registry", () => {
    assert.deepInclude(mysql(1406, "Data too long for column 'author_id' at row 1"), {
      model: "polls.Question",
      fields: ["authorId"],
      early: false
    })
    const raw = classify(
      Object.assign(new Error("UNIQUE constraint failed: other.name"), {
        code: "SQLITE_CONSTRAINT_UNIQUE"
      }),
      { phase: "statement" }
    )
    assert.deepInclude({ ...raw }, { _tag: "UniqueViolation", model: "other", fields: ["name"] })
  })
})
