/**
 * Connections of one kind: opened when needed, lent one at a time, replaced when broken or old.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { DatabaseUnavailable } from "../../../ports/DatabaseError.ts"
import { classify } from "./classify.ts"
import { Gate } from "./gate.ts"
import type { LeaseSession } from "./session.ts"

export interface Options {
  readonly size: number
  readonly acquireMillis: number
  /** Rejects with the driver's error. */
  readonly open: () => Promise<LeaseSession>
  /** Spares the connection's server its slow leaks, and lets it be moved; `Infinity` for never. */
  readonly lifetimeMillis: number
  readonly idleMillis: number
}

interface Member {
  readonly session: LeaseSession
  readonly expiresAt: number
  readonly generation: number
  idleSince: number
}

export const unavailable = (error: unknown): DatabaseUnavailable => {
  const failure = classify(error, { phase: "connect" })
  return failure._tag === "DatabaseUnavailable"
    ? failure
    : new DatabaseUnavailable({ kind: "connect", phase: "connect", cause: error })
}

const refusal = (reason: "timeout" | "closed"): DatabaseUnavailable =>
  new DatabaseUnavailable({
    kind: reason === "timeout" ? "poolTimeout" : "shutdown",
    phase: "acquire"
  })

// A server that is gone never answers a goodbye, nor what the spare connection asks.
const goodbyeMillis = 2000
const spareMillis = 5000

/** Settles with `work`, or once its time is over. */
const within = async (millis: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis)
  })
  await Promise.race([work, patience])
  clearTimeout(timer)
}

export class Pool {
  readonly gate: Gate
  readonly #options: Options
  /** The last one was used last. */
  #idle: Array<Member> = []
  readonly #members = new Set<Member>()
  #generation = 0
  #isClosed = false
  /** One at a time may use a connection beyond the pool's size. */
  #spare: Promise<unknown> = Promise.resolve()
  readonly #sweeper: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.#options = options
    this.gate = new Gate(options.size)
    if (Number.isFinite(options.idleMillis)) {
      this.#sweeper = setInterval(() => this.#sweep(), Math.max(1000, options.idleMillis / 2))
      this.#sweeper.unref()
    }
  }

  /** Lends a session for the duration of `f`. */
  readonly use = <A, E, R>(
    f: (session: LeaseSession) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | DatabaseUnavailable, R> =>
    Effect.uninterruptibleMask((restore) =>
      this.#taken(restore, (member) => {
        let effect: Effect.Effect<A, E, R>
        try {
          effect = f(member.session)
        } catch (defect) {
          this.#return(member)
          return Effect.die(defect)
        }
        return Effect.matchCauseEffect(restore(effect), {
          onFailure: (cause) => {
            this.#return(member)
            return Effect.failCause(cause)
          },
          onSuccess: (value) => {
            this.#return(member)
            return Effect.succeed(value)
          }
        })
      })
    )

  /** Lends a session until the scope closes. */
  readonly reserve: Effect.Effect<LeaseSession, DatabaseUnavailable, Scope.Scope> =
    Effect.uninterruptibleMask((restore) =>
      this.#taken(restore, (member) =>
        Effect.as(
          Effect.addFinalizer(() => Effect.sync(() => this.#return(member))),
          member.session
        )
      )
    )

  #taken<A, E, R>(
    restore: <X, XE, XR>(effect: Effect.Effect<X, XE, XR>) => Effect.Effect<X, XE, XR>,
    use: (member: Member) => Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | DatabaseUnavailable, R> {
    return this.gate.whenTaken(restore, this.#options.acquireMillis, refusal, () => {
      const idle = this.#takeIdle()
      if (idle !== undefined) return use(idle)
      let opened: Member | undefined
      let abandoned = false
      const wait = Effect.async<void, DatabaseUnavailable>((resume) => {
        this.#open().then(
          (member) => {
            if (abandoned) return this.#discard(member)
            opened = member
            resume(Effect.void)
          },
          (error) => resume(Effect.fail(unavailable(error)))
        )
      })
      return Effect.matchCauseEffect(restore(wait), {
        onFailure: (cause) => {
          abandoned = true
          if (opened === undefined) this.gate.release()
          else this.#return(opened)
          return Effect.failCause(cause)
        },
        // It has been assigned before the wait succeeded.
        onSuccess: () => use(opened!)
      })
    })
  }

  /** A connection beside those that are lent, for what can not wait for one of them. */
  spare<A>(use: (session: LeaseSession) => Promise<A>): Promise<A> {
    const turn = this.#spare.then(async () => {
      const member = this.#takeIdle() ?? (await this.#open())
      const { lease } = member.session
      let answered = false
      const used = use(member.session).finally(() => {
        answered = true
      })
      try {
        // Else all who come after would wait for a connection that leads nowhere.
        await within(
          spareMillis,
          used.catch(() => {})
        )
        if (answered) return await used
        lease.broken = true
        throw new DatabaseUnavailable({ kind: "lost", phase: "statement" })
      } finally {
        this.#keep(member)
      }
    })
    this.#spare = turn.catch(() => {})
    return turn
  }

  /** Replaces all connections, those lent once they come back. */
  renew(): void {
    this.#generation++
  }

  /** Lends no more, waits for what is lent, ends all connections. */
  async close(patienceMillis: number): Promise<void> {
    clearInterval(this.#sweeper)
    await within(patienceMillis, Promise.all([this.gate.close(), this.#spare]))
    this.#isClosed = true
    const goodbyes = Promise.all(
      [...this.#members].map(({ session }) => session.lease.close().catch(() => {}))
    )
    await within(goodbyeMillis, goodbyes)
  }

  async #open(): Promise<Member> {
    const { lifetimeMillis, open } = this.#options
    const session = await open()
    const member: Member = {
      session,
      // Spread, so that connections opened together do not end together.
      expiresAt: Date.now() + lifetimeMillis * (0.9 + Math.random() / 5),
      generation: this.#generation,
      idleSince: 0
    }
    this.#members.add(member)
    return member
  }

  #usable({ expiresAt, generation, session }: Member): boolean {
    return (
      !this.#isClosed &&
      !session.lease.broken &&
      generation === this.#generation &&
      Date.now() < expiresAt
    )
  }

  #takeIdle(): Member | undefined {
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      if (this.#usable(member)) return member
      this.#discard(member)
    }
    return undefined
  }

  readonly #return = (member: Member): void => {
    this.#keep(member)
    this.gate.release()
  }

  #keep(member: Member): void {
    if (!member.session.fit() || !this.#usable(member)) return this.#discard(member)
    member.idleSince = Date.now()
    this.#idle.push(member)
  }

  #discard(member: Member): void {
    this.#members.delete(member)
    // Whether a connection that is not needed says goodbye properly concerns nobody.
    member.session.lease.close().catch(() => {})
  }

  #sweep(): void {
    const stale = Date.now() - this.#options.idleMillis
    const idle = this.#idle
    this.#idle = []
    for (const member of idle) {
      if (member.idleSince > stale && this.#usable(member)) this.#idle.push(member)
      else this.#discard(member)
    }
  }
}
