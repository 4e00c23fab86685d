/**
 * A change of structure as SQL, for the three SQL adapters: what `Session.alter` runs and
 * `Driver.describe` shows.
 */
import type * as Either from "effect/Either"
import type { Change } from "../../../domain/Migration.ts"
import type { QueryFault } from "../../../ports/DatabaseError.ts"

export type Dialect = "sqlite" | "postgres" | "mysql"

/** The statements that make `change`, in order; for people to read and for `Session.alter` to run. */
export declare const statements: (dialect: Dialect, change: Change) => ReadonlyArray<string>

/**
 * `statements`, refused where the engine has no such thing (a MySQL key longer than 3072 bytes, a
 * SQLite decimal of more than 18 digits). `Session.alter` runs this one.
 */
export declare const compile: (
  dialect: Dialect,
  change: Change
) => Either.Either<ReadonlyArray<string>, QueryFault>
