/**
 * A site as a function from `Request` to `Promise<Response>`: for tests, Bun, Deno and workers.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { HttpResponse } from "../../domain/HttpResponse.ts"
import type { Reader, Sink } from "../../ports/HttpRequest.ts"
import {
  type Capabilities,
  type Exchange,
  type Running,
  type Site,
  start
} from "../../ports/HttpServer.ts"
import { feed, originForm, streamOf } from "./internal/bodies.ts"
import { driver } from "./internal/driver.ts"

export const capabilities: Capabilities = { listens: false, sendsFiles: true }

/** What the platform knows of a connection and `Request` does not say. */
export interface Connection {
  readonly remoteAddress?: string
}

/**
 * Answers a request. Aborting its signal interrupts the view; cancelling the answer's body ends
 * what feeds it. Never rejects.
 */
export type Handler = (request: Request, connection?: Connection) => Promise<Response>

const utf8 = new TextEncoder()

class WebExchange implements Exchange {
  readonly method: string
  readonly url: string
  readonly encrypted: boolean
  readonly remoteAddress: string | undefined
  private readonly request: Request
  private readonly running: Running
  private readonly resolve: (response: Response) => void
  private interrupt: (() => void) | undefined = undefined
  private fields: Record<string, string> | undefined = undefined

  constructor(
    request: Request,
    connection: Connection | undefined,
    running: Running,
    resolve: (response: Response) => void
  ) {
    this.method = request.method
    this.url = originForm(request.url)
    this.encrypted = request.url.startsWith("https:")
    this.remoteAddress = connection?.remoteAddress
    this.request = request
    this.running = running
    this.resolve = resolve
  }

  get headers(): Readonly<Record<string, string>> {
    if (this.fields === undefined) {
      const fields: Record<string, string> = Object.create(null)
      this.request.headers.forEach((value, name) => {
        fields[name] = value
      })
      // Platforms take the address apart and may leave this one out.
      fields["host"] ??= new URL(this.request.url).host
      this.fields = fields
    }
    return this.fields
  }

  get hasBody() {
    return this.request.body !== null
  }

  read(sink: Sink): Reader {
    const body = Stream.suspend(() =>
      this.request.body === null
        ? Stream.empty
        : Stream.fromReadableStream({
            evaluate: () => this.request.body!,
            onError: (cause) => cause
          })
    )
    return feed(this.running, body, sink)
  }

  wait(interrupt: () => void): void {
    const { signal } = this.request
    if (signal.aborted) return interrupt()
    this.interrupt = interrupt
    signal.addEventListener("abort", interrupt, { once: true })
  }

  private done(): void {
    if (this.interrupt === undefined) return
    this.request.signal.removeEventListener("abort", this.interrupt)
    this.interrupt = undefined
  }

  send(
    { body, headers: own, status }: HttpResponse,
    added: ReadonlyArray<string> | undefined,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): void {
    this.done()
    const headers = new Headers()
    try {
      for (let i = 0; i < own.length; i += 2) headers.append(own[i]!, own[i + 1]!)
      if (added !== undefined) {
        for (let i = 0; i < added.length; i += 2) headers.append(added[i]!, added[i + 1]!)
      }
    } catch (cause) {
      // The platform refuses what HttpResponse's own functions would have refused.
      this.running.fork(
        Effect.logError(`${this.method} ${this.url}: the answer could not be sent`, cause)
      )
      this.resolve(new Response(null, { status: 500 }))
      return sent?.(Exit.die(cause))
    }
    const head = this.method === "HEAD"
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
      const bytes = typeof body === "string" ? utf8.encode(body) : body
      if (status !== 204 && status !== 304) {
        headers.set("content-length", String(bytes?.length ?? 0))
      }
      // A Response takes bytes of its own memory alone, which is what every body of ours is.
      const content = head || bytes === undefined ? null : (bytes as Uint8Array<ArrayBuffer>)
      this.resolve(new Response(content, { status, headers }))
      return sent?.(Exit.void)
    }
    const { length, stream } = streamOf(body)
    if (length !== undefined) headers.set("content-length", String(length))
    if (head) {
      this.resolve(new Response(null, { status, headers }))
      return sent?.(Exit.void)
    }
    this.resolve(new Response(this.readable(stream, sent), { status, headers }))
  }

  private readable(
    stream: Stream.Stream<Uint8Array>,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): ReadableStream<Uint8Array> {
    let wake: (() => void) | undefined
    let end = () => {}
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const wanted = Effect.async<void>((resume) => {
            if ((controller.desiredSize ?? 1) > 0) return resume(Effect.void)
            wake = () => resume(Effect.void)
          })
          const fiber = this.running.fork(
            Stream.runForEach(stream, (bytes) =>
              Effect.suspend(() => {
                if (bytes.length > 0) controller.enqueue(bytes)
                return (controller.desiredSize ?? 1) > 0 ? Effect.void : wanted
              })
            )
          )
          end = () => fiber.unsafeInterruptAsFork(fiber.id())
          this.wait(end)
          fiber.addObserver((exit) => {
            this.done()
            if (Exit.isSuccess(exit)) controller.close()
            else {
              if (!Exit.isInterrupted(exit)) {
                this.running.fork(
                  Effect.logError(
                    `${this.method} ${this.url}: the answer could not be sent`,
                    exit.cause
                  )
                )
              }
              controller.error(new Error("The answer was cut short."))
            }
            sent?.(exit)
          })
        },
        pull: () => {
          const resume = wake
          wake = undefined
          resume?.()
        },
        cancel: () => end()
      },
      { highWaterMark: 1 }
    )
  }
}

/** The site's handler. When the scope closes, what is in flight gets the grace period. */
export const make = (site: Site): Effect.Effect<Handler, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => start(driver(capabilities), site)),
      (running) => running.drain
    ),
    (running) => (request, connection) =>
      new Promise((resolve) => {
        running.handle(new WebExchange(request, connection, running, resolve))
      })
  )
