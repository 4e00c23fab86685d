/** Bodies and targets for the servers that speak no HTTP themselves. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import type { FileBody, StreamBody } from "../../../domain/HttpResponse.ts"
import type { Reader, Sink } from "../../../ports/HttpRequest.ts"
import type { Running } from "../../../ports/HttpServer.ts"

const fileStream = ({ length, path, size, start = 0 }: FileBody): Stream.Stream<Uint8Array> => {
  const end = start + (length ?? size) - 1
  return end < start
    ? Stream.empty
    : Stream.orDie(
        Stream.suspend(() =>
          Stream.fromAsyncIterable<Uint8Array, unknown>(
            fs.createReadStream(path, { start, end }),
            (cause) => cause
          )
        )
      )
}

/** The bytes of a body that is made while it is sent, and how many they are. */
export const streamOf = (
  body: StreamBody | FileBody
): { readonly stream: Stream.Stream<Uint8Array>; readonly length: number | undefined } =>
  body._tag === "Stream"
    ? { stream: body.stream, length: body.length }
    : { stream: fileStream(body), length: body.length ?? body.size }

/** Feeds a stream to a sink, as fast as the sink takes it. */
export const feed = (
  running: Running,
  stream: Stream.Stream<Uint8Array, unknown>,
  sink: Sink
): Reader => {
  let resume: (() => void) | undefined
  let paused = false
  const turn = Effect.suspend(() =>
    paused
      ? Effect.async<void>((wake) => {
          if (!paused) return wake(Effect.void)
          resume = () => wake(Effect.void)
        })
      : Effect.void
  )
  let over = false
  const pump = Stream.runForEachChunk(stream, (chunks) =>
    Effect.zipRight(
      turn,
      Effect.sync(() => {
        for (const chunk of Chunk.toReadonlyArray(chunks)) if (!over) sink.chunk(chunk)
      })
    )
  )
  // The sink is not called before its reader exists.
  const fiber = running.fork(Effect.zipRight(Effect.yieldNow(), pump))
  fiber.addObserver((exit) => {
    if (over) return
    over = true
    if (Exit.isSuccess(exit)) sink.end()
    else sink.gone(exit.cause)
  })
  return {
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
      const wake = resume
      resume = undefined
      wake?.()
    },
    cancel: () => {
      over = true
      fiber.unsafeInterruptAsFork(fiber.id())
    }
  }
}

/** Path and query of an absolute address, as they were written. */
export const originForm = (url: string): string => {
  const authority = url.indexOf("//")
  if (authority < 0 || url.startsWith("/")) return url
  const path = url.slice(authority + 2).search(/[/?#]/)
  if (path < 0) return "/"
  const target = url.slice(authority + 2 + path).replace(/#.*$/s, "")
  return target.startsWith("/") ? target : `/${target}`
}
