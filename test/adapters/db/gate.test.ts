import { Effect, Exit, Fiber } from "effect"
import { assert, describe, it } from "vitest"
import { Gate } from "../../../src/adapters/db/internal/gate.ts"

const withPermit = <A, E>(
  gate: Gate,
  use: Effect.Effect<A, E>,
  waitMillis = 5000
): Effect.Effect<A, E | string> =>
  Effect.uninterruptibleMask((restore) =>
    gate.whenTaken(
      restore,
      waitMillis,
      (reason) => reason,
      () => Effect.ensuring(restore(use), Effect.sync(gate.release))
    )
  )

const pause = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))

describe("Gate", () => {
  it("lends no more permits than it has, first come, first served", async () => {
    const gate = new Gate(2)
    const order: Array<number> = []
    let most = 0
    await Effect.runPromise(
      Effect.forEach(
        [1, 2, 3, 4, 5, 6],
        (n) =>
          withPermit(
            gate,
            Effect.suspend(() => {
              order.push(n)
              most = Math.max(most, gate.inUse)
              return pause
            })
          ),
        { concurrency: "unbounded" }
      )
    )
    assert.deepStrictEqual(order, [1, 2, 3, 4, 5, 6])
    assert.strictEqual(most, 2)
    assert.strictEqual(gate.inUse, 0)
  })

  it("lets nobody overtake those who wait", async () => {
    const gate = new Gate(1)
    assert.isTrue(gate.tryTake())
    const waiter = Effect.runFork(withPermit(gate, Effect.never))
    await Effect.runPromise(pause)
    gate.release()
    assert.isFalse(gate.tryTake())
    await Effect.runPromise(Fiber.interrupt(waiter))
    assert.isTrue(gate.tryTake())
  })

  it("bounds the wait", async () => {
    const gate = new Gate(1)
    gate.tryTake()
    assert.strictEqual(
      await Effect.runPromise(Effect.flip(withPermit(gate, Effect.void, 10))),
      "timeout"
    )
    assert.strictEqual(gate.waiting, 0)
    gate.release()
    assert.strictEqual(gate.inUse, 0)
  })

  it("loses no permit to a waiter that is interrupted, whenever that is", async () => {
    const gate = new Gate(1)
    for (let round = 0; round < 200; round++) {
      gate.tryTake()
      const waiter = Effect.runFork(withPermit(gate, Effect.void))
      if (round % 2 === 0) await Effect.runPromise(Effect.yieldNow())
      // The permit and the interruption arrive together, in either order.
      if (round % 4 < 2) gate.release()
      const interrupted = Effect.runPromise(Fiber.interrupt(waiter))
      if (round % 4 >= 2) gate.release()
      await interrupted
      assert.strictEqual(gate.inUse, 0)
      assert.strictEqual(gate.waiting, 0)
    }
  })

  it("closes to those who wait and come, and waits for those who are in", async () => {
    const gate = new Gate(1)
    gate.tryTake()
    const waiter = Effect.runPromiseExit(withPermit(gate, Effect.void))
    await Effect.runPromise(pause)
    let isClosed = false
    const closed = gate.close().then(() => (isClosed = true))
    assert.deepStrictEqual(await waiter, Exit.fail("closed"))
    assert.strictEqual(
      await Effect.runPromise(Effect.flip(withPermit(gate, Effect.void))),
      "closed"
    )
    assert.isFalse(isClosed)
    gate.release()
    await closed
    assert.isTrue(isClosed)
  })
})
