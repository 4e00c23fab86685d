/**
 * What a driver throws, as one of the port's errors. By SQLSTATE, errno and SQLite code, never by a
 * driver's name for them: mysql2 calls MariaDB's 4025 (a CHECK failed)
 * "ER_INNODB_AUTOEXTEND_SIZE_OUT_OF_RANGE", and has none for 1969.
 */
import type { Entity, Registry } from "../../../domain/Registry.ts"
import {
  CheckViolation,
  DatabaseUnavailable,
  ForeignKeyViolation,
  NotNullViolation,
  QueryFault,
  TransactionConflict,
  UniqueViolation,
  ValueRejected,
  type WriteError
} from "../../../ports/DatabaseError.ts"

/** Where the failure happened. */
export interface Circumstances {
  /** Absent for raw SQL. */
  readonly registry?: Registry | undefined
  /** The model that the statement is about. */
  readonly model?: string | undefined
  readonly phase: DatabaseUnavailable["phase"]
}

interface Place {
  readonly model: string
  readonly fields: ReadonlyArray<string>
}

type Fault = QueryFault["kind"]

/** What the three kinds of driver error have in common, and where they differ. */
interface DriverError {
  readonly message?: unknown
  readonly code?: unknown
  readonly errno?: unknown
  readonly sqlState?: unknown
  readonly constraint?: unknown
  readonly table?: unknown
  readonly column?: unknown
  readonly detail?: unknown
}

const text = (value: unknown): string => (typeof value === "string" ? value : "")

const isDriverError = (cause: unknown): cause is DriverError =>
  typeof cause === "object" && cause !== null

export const classify = (cause: unknown, at: Circumstances): WriteError => {
  const error = isDriverError(cause) ? cause : {}
  const code = text(error.code)
  if (code.startsWith("SQLITE_")) return ofSqlite(error, code, at, cause)
  if (typeof error.errno === "number" && error.errno > 0 && text(error.sqlState) !== "") {
    return ofMysql(error, error.errno, at, cause)
  }
  if (/^[0-9A-Z]{5}$/.test(code) && !socketCodes.has(code)) {
    return ofPostgres(error, code, at, cause)
  }
  const message = text(error.message) || String(cause)
  return isConnectionLost(code, message)
    ? new DatabaseUnavailable({
        kind: at.phase === "connect" ? "connect" : "lost",
        phase: at.phase,
        cause
      })
    : new QueryFault({
        kind: cause instanceof SyntaxError ? "syntax" : "unknown",
        reason: message,
        cause
      })
}

// Node's "EPIPE" has the form of a SQLSTATE.
const socketCodes = new Set(["EPIPE", "EPERM"])

const isConnectionLost = (code: string, message: string): boolean =>
  /^(E(CONN|NOTFOUND|HOST|NET|TIMEDOUT|PIPE|AI_)|PROTOCOL_|ERR_SSL|ERR_TLS|CERT_)/.test(code) ||
  /Connection terminated|not queryable|closed state|Connection (error|lost)|connection is closed|timeout expired/i.test(
    message
  )

// --- places --------------------------------------------------------------------------------------

const entityOfTable = (registry: Registry | undefined, table: string): Entity | undefined => {
  for (const entity of registry?.entities.values() ?? []) {
    if (entity.table === table) return entity
  }
  return undefined
}

const keyOf = (entity: Entity | undefined, column: string): string =>
  entity?.columns.find(({ name }) => name === column)?.key ?? column

/** The columns of a table as fields of its model. */
const placeOf = (
  { model, registry }: Circumstances,
  table: string,
  columns: ReadonlyArray<string>
): Place => {
  const stated = model === undefined ? undefined : registry?.entities.get(model)
  const entity = table === "" ? stated : entityOfTable(registry, table)
  return {
    model: entity?.name ?? (table || model || "a table"),
    fields: columns.map((column) => keyOf(entity, column))
  }
}

/** Where a constraint of this name is declared. */
const placeOfConstraint = (
  { model, registry }: Circumstances,
  constraint: string
): Place | undefined => {
  if (constraint === "") return undefined
  for (const entity of registry?.entities.values() ?? []) {
    const unique = entity.uniques.find(({ name }) => name === constraint)
    if (unique !== undefined) return { model: entity.name, fields: unique.columns }
    const reference = entity.columns.find(({ references }) => references?.constraint === constraint)
    if (reference !== undefined) return { model: entity.name, fields: [reference.key] }
    if (entity.checks.some(({ name }) => name === constraint)) {
      return { model: entity.name, fields: [] }
    }
    // MySQL calls every primary key PRIMARY.
    const isPrimary =
      constraint === "PRIMARY"
        ? entity.name === model
        : constraint === `pk_${entity.table}` || constraint === `${entity.table}_pkey`
    if (isPrimary) return { model: entity.name, fields: entity.primaryKey }
  }
  return undefined
}

const named = (constraint: string) => (constraint === "" ? {} : { constraint })

const fault = (kind: Fault, reason: string, cause: unknown) =>
  new QueryFault({ kind, reason, cause })

// --- SQLite: sqlite.org/rescode.html -------------------------------------------------------------

const ofSqlite = (
  error: DriverError,
  code: string,
  at: Circumstances,
  cause: unknown
): WriteError => {
  const message = text(error.message)
  // "UNIQUE constraint failed: question.author_id, question.text"
  const subjects = (/failed: (.*)$/.exec(message)?.[1] ?? "")
    .split(", ")
    .map((subject) => subject.split("."))
  const table = subjects[0]?.[1] === undefined ? "" : (subjects[0]?.[0] ?? "")
  const place = placeOf(at, table, table === "" ? [] : subjects.map(([, column]) => column ?? ""))
  switch (code) {
    case "SQLITE_CONSTRAINT_UNIQUE":
    case "SQLITE_CONSTRAINT_PRIMARYKEY":
    case "SQLITE_CONSTRAINT_ROWID": {
      const entity = entityOfTable(at.registry, table)
      const unique = entity?.uniques.find((u) => u.columns.join() === place.fields.join())
      return new UniqueViolation({ ...place, ...named(unique?.name ?? ""), cause })
    }
    // Says neither the constraint nor the table.
    case "SQLITE_CONSTRAINT_FOREIGNKEY":
      return new ForeignKeyViolation({ kind: "unknown", ...placeOf(at, "", []), cause })
    case "SQLITE_CONSTRAINT_NOTNULL":
      return new NotNullViolation({ ...place, cause })
    case "SQLITE_CONSTRAINT_CHECK": {
      const constraint = subjects[0]?.[0] ?? ""
      const { model } = placeOfConstraint(at, constraint) ?? placeOf(at, "", [])
      return new CheckViolation({ model, ...named(constraint), cause })
    }
    case "SQLITE_CONSTRAINT_DATATYPE":
    case "SQLITE_MISMATCH":
    case "SQLITE_TOOBIG":
      return new ValueRejected({ ...placeOf(at, "", []), reason: message, early: false, cause })
  }
  if (code.startsWith("SQLITE_READONLY")) return fault("readOnly", message, cause)
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new TransactionConflict({ kind: "busy", killsTransaction: false, cause })
  }
  if (/^SQLITE_(IOERR|FULL|CANTOPEN|CORRUPT|NOTADB|PROTOCOL|NOMEM)/.test(code)) {
    return new DatabaseUnavailable({
      kind: at.phase === "connect" ? "connect" : "lost",
      phase: at.phase,
      cause
    })
  }
  if (/no such (table|column)|has no column|already exists/.test(message)) {
    return fault("schema", message, cause)
  }
  return fault(
    /syntax error|incomplete input|unrecognized token/.test(message) ? "syntax" : "unknown",
    message,
    cause
  )
}

// --- MySQL and MariaDB: the manuals' error references --------------------------------------------

const mysqlFaults: Readonly<Record<number, Fault>> = {
  1064: "syntax",
  1139: "syntax",
  1146: "schema",
  1054: "schema",
  1050: "schema",
  1051: "schema",
  1060: "schema",
  1061: "schema",
  1091: "schema",
  1792: "readOnly",
  1290: "readOnly",
  1836: "readOnly",
  1142: "permission",
  1143: "permission",
  1227: "permission",
  1235: "unsupported"
}

const ofMysql = (
  error: DriverError,
  errno: number,
  at: Circumstances,
  cause: unknown
): WriteError => {
  const message = text(error.message)
  const conflict = (kind: TransactionConflict["kind"], killsTransaction: boolean) =>
    new TransactionConflict({ kind, killsTransaction, cause })
  const unavailable = (kind: DatabaseUnavailable["kind"]) =>
    new DatabaseUnavailable({ kind, phase: at.phase, cause })
  switch (errno) {
    case 1062:
    case 1586: {
      // MySQL 8 writes 'table.key', MariaDB 'key'. The duplicate entry may hold quotes: the key is last.
      const key = (/for key '([^']*)'$/.exec(message)?.[1] ?? "").replace(/^.*\./, "")
      return new UniqueViolation({
        ...(placeOfConstraint(at, key) ?? placeOf(at, "", [])),
        ...named(key),
        cause
      })
    }
    case 1451:
    case 1217:
    case 1452:
    case 1216: {
      // (`shop`.`choice`, CONSTRAINT `fk_choice_question_id` FOREIGN KEY (`question_id`) REFERENCES …
      const found = /`([^`]+)`, CONSTRAINT `([^`]+)` FOREIGN KEY \(`([^)]+)`\)/.exec(message)
      const columns = (found?.[3] ?? "").split("`, `").filter((column) => column !== "")
      const constraint = found?.[2] ?? ""
      return new ForeignKeyViolation({
        kind: errno === 1452 || errno === 1216 ? "missing" : "referenced",
        ...(placeOfConstraint(at, constraint) ?? placeOf(at, found?.[1] ?? "", columns)),
        ...named(constraint),
        cause
      })
    }
    case 1048:
    case 1364:
    case 1263: {
      const column = /(?:Column|Field) '([^']+)'/.exec(message)?.[1]
      return new NotNullViolation({
        ...placeOf(at, "", column === undefined ? [] : [column]),
        cause
      })
    }
    case 3819:
    case 4025: {
      const constraint = /(?:CONSTRAINT `|constraint ')([^`']+)/i.exec(message)?.[1] ?? ""
      const { model } = placeOfConstraint(at, constraint) ?? placeOf(at, "", [])
      return new CheckViolation({ model, ...named(constraint), cause })
    }
    case 1264:
    case 1265:
    case 1292:
    case 1365:
    case 1366:
    case 1406:
    case 1411:
    case 1690: {
      const column = /column (?:`[^`]*`\.`[^`]*`\.)?[`']([^`']+)[`']/.exec(message)?.[1]
      return new ValueRejected({
        ...placeOf(at, "", column === undefined ? [] : [column]),
        reason: message,
        early: false,
        cause
      })
    }
    case 1213:
      return conflict("deadlock", true)
    // Only the statement is undone, unless innodb_rollback_on_timeout is set.
    case 1205:
    case 3572:
      return conflict("lockTimeout", false)
    case 1020:
      return conflict("serialization", false)
    case 1969:
    case 3024:
    case 1317:
      return unavailable("statementTimeout")
    case 1053:
    case 1927:
      return unavailable("shutdown")
    case 1040:
    case 1044:
    case 1045:
    case 1049:
    case 1130:
    case 1203:
    case 1226:
      return unavailable("connect")
  }
  return fault(mysqlFaults[errno] ?? "unknown", message, cause)
}

// --- PostgreSQL: manual, appendix A --------------------------------------------------------------

const postgresFaults: Readonly<Record<string, Fault>> = {
  "42601": "syntax",
  // Not a value of a row: a regular expression in the query.
  "2201B": "syntax",
  "42P01": "schema",
  "42703": "schema",
  "42P07": "schema",
  "42701": "schema",
  "42704": "schema",
  "3F000": "schema",
  "25006": "readOnly",
  "25P02": "aborted",
  "42501": "permission",
  "0A000": "unsupported"
}

const ofPostgres = (
  error: DriverError,
  code: string,
  at: Circumstances,
  cause: unknown
): WriteError => {
  const message = text(error.message)
  const detail = text(error.detail)
  const constraint = text(error.constraint)
  // Key (author_id, text)=(1, x) already exists.
  const keys = /^Key \((.*?)\)=/.exec(detail)?.[1]?.split(", ") ?? []
  const place = () => placeOfConstraint(at, constraint) ?? placeOf(at, text(error.table), keys)
  const conflict = (kind: TransactionConflict["kind"]) =>
    new TransactionConflict({ kind, killsTransaction: false, cause })
  const unavailable = (kind: DatabaseUnavailable["kind"]) =>
    new DatabaseUnavailable({ kind, phase: at.phase, cause })
  switch (code) {
    case "23505":
    case "23P01":
      return new UniqueViolation({ ...place(), ...named(constraint), cause })
    case "23503":
    case "23001":
      return new ForeignKeyViolation({
        kind: /is still referenced/.test(detail) ? "referenced" : "missing",
        ...place(),
        ...named(constraint),
        cause
      })
    case "23502":
      return new NotNullViolation({
        ...placeOf(at, text(error.table), [text(error.column)]),
        cause
      })
    case "23514":
      return new CheckViolation({ model: place().model, ...named(constraint), cause })
    case "40001":
      return conflict("serialization")
    case "40P01":
      return conflict("deadlock")
    case "55P03":
      return conflict("lockTimeout")
    case "57014":
      return unavailable("statementTimeout")
    case "57P01":
    case "57P02":
    case "57P03":
      return unavailable("shutdown")
  }
  const known = postgresFaults[code]
  if (known !== undefined) return fault(known, message, cause)
  switch (code.slice(0, 2)) {
    case "22":
      return new ValueRejected({ ...placeOf(at, "", []), reason: message, early: false, cause })
    case "08":
      return unavailable("lost")
    case "25":
      return code === "25P03" || code === "25P04"
        ? unavailable("lost")
        : fault("unknown", message, cause)
    case "28":
    case "3D":
    case "53":
      return unavailable("connect")
  }
  return fault("unknown", message, cause)
}
