/**
 * What every database must do for the port `Database`. An adapter on trial gives an empty database
 * for each clause, in which tables may be created.
 */
import * as Effect from "effect/Effect"
import { type Capabilities, Database } from "../src/ports/Database.ts"
import { clause, type Contract, equals } from "./Contract.ts"
import { concurrency } from "./database/concurrency.ts"
import { constraints } from "./database/constraints.ts"
import { eager } from "./database/eager.ts"
import { logic } from "./database/logic.ts"
import { lookups } from "./database/lookups.ts"
import { relations } from "./database/relations.ts"
import { shape } from "./database/shape.ts"
import { transactions } from "./database/transactions.ts"
import { values } from "./database/values.ts"
import { writes } from "./database/writes.ts"

export const contract: Contract<Database, Capabilities> = {
  name: "Database",
  clauses: (can) => [
    clause(
      "the layer reports the capabilities that the adapter exports",
      Effect.flatMap(Database, (database) => equals("capabilities", database.capabilities, can))
    ),
    clause(
      "a database that answers is healthy, and lends nothing at rest",
      Effect.gen(function* () {
        const { ok, inUse, waiting } = yield* Effect.flatMap(
          Database,
          (database) => database.health
        )
        yield* equals("health", [ok, inUse, waiting], [true, 0, 0])
      })
    ),
    ...values,
    ...lookups(can),
    ...logic,
    ...relations,
    ...shape,
    ...eager,
    ...writes,
    ...constraints,
    ...transactions(can),
    ...concurrency(can)
  ]
}
