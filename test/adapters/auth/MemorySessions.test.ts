import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import * as MemorySessions from "../../../src/adapters/auth/MemorySessions.ts"

describe("MemorySessions", () => {
  it.effect("removes what is over by itself, so that visitors who left take no memory", () =>
    Effect.gen(function* () {
      const store = MemorySessions.make()
      const open = (count: number, expiresAt: number) =>
        Effect.all(Effect.replicate(store.create({}, expiresAt), count))
      const [lasting] = yield* open(1, 10_000)
      yield* open(1023, 1000)
      yield* TestClock.adjust(2000)
      yield* open(1, 3000)
      yield* TestClock.adjust(2000)
      // Of the 1025 all are over but the first, and 1023 were gone when the last one came.
      assert.strictEqual(yield* store.removeExpired, 1)
      assert.isTrue(Option.isSome(yield* store.load(lasting!.key)))
    })
  )
})
