/**
 * A bounded number of permits, handed out in the order of asking. Without Scope, fiber or Effect's
 * clock: an uncontended statement takes and returns its permit with two synchronous calls, and a
 * wait for a real server is measured in real time.
 */
import * as Effect from "effect/Effect"

interface Waiter {
  granted: boolean
  settle: (outcome: "granted" | "timeout" | "closed") => void
}

export class Gate {
  readonly permits: number
  #free: number
  #closed = false
  readonly #queue = new Set<Waiter>()
  #onIdle: (() => void) | undefined

  constructor(permits: number) {
    this.permits = permits
    this.#free = permits
  }

  get inUse(): number {
    return this.permits - this.#free
  }

  get waiting(): number {
    return this.#queue.size
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether a permit was free at once. Never overtakes those who wait. */
  tryTake(): boolean {
    if (this.#closed || this.#free === 0 || this.#queue.size > 0) return false
    this.#free--
    return true
  }

  /** Goes to the first who waits, else back to the gate. */
  readonly release = (): void => {
    for (const waiter of this.#queue) {
      this.#queue.delete(waiter)
      waiter.granted = true
      waiter.settle("granted")
      return
    }
    this.#free++
    if (this.#free === this.permits) this.#onIdle?.()
  }

  /**
   * `use` with a permit that it must release. To be run in an uninterruptible region, with its
   * `restore`: only the wait can be interrupted, and a permit that arrives together with the
   * interruption goes back.
   */
  readonly whenTaken = <A, E, E2, R>(
    restore: <X, XE, XR>(effect: Effect.Effect<X, XE, XR>) => Effect.Effect<X, XE, XR>,
    waitMillis: number,
    refusal: (reason: "timeout" | "closed") => E2,
    use: () => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | E2, R> => {
    if (this.tryTake()) return use()
    if (this.#closed) return Effect.fail(refusal("closed"))
    const waiter: Waiter = { granted: false, settle: () => {} }
    this.#queue.add(waiter)
    const wait = Effect.async<void, E2>((resume) => {
      if (waiter.granted) return resume(Effect.void)
      if (this.#closed) return resume(Effect.fail(refusal("closed")))
      const timer = setTimeout(() => waiter.settle("timeout"), Math.min(waitMillis, maxTimeout))
      waiter.settle = (outcome) => {
        clearTimeout(timer)
        this.#queue.delete(waiter)
        resume(outcome === "granted" ? Effect.void : Effect.fail(refusal(outcome)))
      }
      return Effect.sync(() => clearTimeout(timer))
    })
    return Effect.matchCauseEffect(restore(wait), {
      onFailure: (cause) => {
        if (waiter.granted) this.release()
        else this.#queue.delete(waiter)
        return Effect.failCause(cause)
      },
      onSuccess: use
    })
  }

  /** Refuses those who wait and those who come; settles once all permits are back. */
  close(): Promise<void> {
    this.#closed = true
    for (const waiter of this.#queue) waiter.settle("closed")
    return new Promise((resolve) => {
      if (this.#free === this.permits) resolve()
      else this.#onIdle = resolve
    })
  }
}

// setTimeout fires at once beyond this (HTML standard, timers; the same in Node).
const maxTimeout = 2 ** 31 - 1
