/**
 * A statement on a server: begun by a callback's interface, stopped by another connection.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

// A server that is told to stop a statement does so in milliseconds; one that does not is gone.
const settleMillis = 5000

export interface Stop {
  /** Asks the server to stop the statement; over once the server has been told. */
  readonly cancel: () => Promise<unknown>
  /** Run on the connection before anything else is, where a late cancellation could hit that. */
  readonly afterwards?: () => Promise<unknown>
  /** Gives up a connection whose statement does not stop. */
  readonly onStuck: () => void
}

/**
 * `start` begins the statement. Interruption stops it and waits until it has settled, so that
 * neither its answer nor the cancellation can meet the connection's next user.
 */
export const settling = <A, E>(
  start: (settle: (exit: Exit.Exit<A, E>) => void) => void,
  { afterwards, cancel, onStuck }: Stop
): Effect.Effect<A, E> =>
  Effect.async<A, E>((resume) => {
    let settled = false
    let onSettled: (() => void) | undefined
    start((exit) => {
      settled = true
      resume(exit)
      onSettled?.()
    })
    return Effect.suspend(() =>
      settled
        ? Effect.void
        : Effect.promise(async () => {
            let timer: NodeJS.Timeout | undefined
            const patience = new Promise<void>((resolve) => {
              timer = setTimeout(resolve, settleMillis)
            })
            const settling = new Promise<void>((resolve) => {
              onSettled = resolve
              if (settled) resolve()
            })
            // The cancellation too must be over, or it could come late and hit the next statement.
            let over = false
            const both = Promise.all([cancel().catch(() => {}), settling]).then(() => {
              over = true
            })
            await Promise.race([both, patience])
            clearTimeout(timer)
            if (!over) onStuck()
            else await afterwards?.().catch(() => {})
          })
    )
  })
