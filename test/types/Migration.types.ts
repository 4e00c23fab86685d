/** What the compiler knows of migrations; checked by tsc alone. */
import type { Effect, Layer } from "effect"
import * as Migration from "../../src/domain/Migration.ts"
import type * as Database from "../../src/ports/Database.ts"
import type { WriteError } from "../../src/ports/DatabaseError.ts"
import type * as Migrator from "../../src/ports/Migrator.ts"

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const proved = <T extends true>(_proof?: T) => {}

/** Whether values of a type hold nothing that JSON loses: functions, maps, dates, bigints. */
type Serialises<T, Depth extends ReadonlyArray<unknown> = []> = Depth["length"] extends 6
  ? true
  : unknown extends T
    ? true
    : T extends string | number | boolean | null | undefined
      ? true
      : // oxlint-disable-next-line typescript/no-explicit-any -- any function at all
        T extends bigint | symbol | Date | ReadonlyMap<any, any> | ((...args: any) => any)
        ? false
        : T extends ReadonlyArray<infer Item>
          ? Serialises<Item, [...Depth, 0]>
          : false extends { [K in keyof T]-?: Serialises<T[K], [...Depth, 0]> }[keyof T]
            ? false
            : true

proved<Serialises<Migration.Change>>()
proved<Serialises<Migration.Migration>>()
proved<Equal<Serialises<{ readonly at: { readonly when: Date } }>, false>>()
proved<Equal<Serialises<{ readonly make: () => number }>, false>>()

Migration.make({
  app: "polls",
  name: "0001_initial",
  dependsOn: [{ app: "accounts", name: "0001_initial" }],
  changes: [
    {
      _tag: "AddColumn",
      table: "polls_question",
      column: { name: "closes_on", type: { _tag: "Date" }, nullable: true, default: "2020-01-01" }
    },
    // @ts-expect-error there is no such change
    { _tag: "RenameTable", table: "polls_question" },
    // @ts-expect-error what is dropped is told whole, to be made again
    { _tag: "DropTable", table: "polls_question" },
    {
      _tag: "AddColumn",
      table: "polls_question",
      // @ts-expect-error NOT NULL is said by saying nothing
      column: { name: "x", type: { _tag: "Int" }, nullable: false }
    },
    {
      _tag: "AddColumn",
      table: "polls_question",
      // @ts-expect-error a bigint is written as digits
      column: { name: "x", type: { _tag: "BigInt" }, default: 1n }
    }
  ]
})

/** A migrator needs a database and nothing else, and making one cannot fail. */
proved<Equal<typeof Migrator.layer, Layer.Layer<Migrator.Migrator, never, Database.Database>>>()

proved<
  Equal<
    Effect.Effect.Error<ReturnType<Migrator.Service["apply"]>>,
    Migrator.PlanError | Migrator.MigrationFailed | WriteError
  >
>()
