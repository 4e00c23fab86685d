/**
 * What a view answers: status, headers and body as a value. Made by views, middleware and error
 * pages; written to the wire by the servers.
 */
import type * as Stream from "effect/Stream"
import type { Html } from "./Html.ts"

export type Body =
  /** No body at all. */
  | undefined
  /** Sent as UTF-8. */
  | string
  | Uint8Array
  | {
      readonly _tag: "Stream"
      /** Errors and needs are dealt with before: a stream that dies cuts the connection. */
      readonly stream: Stream.Stream<Uint8Array>
      /** Bytes, where known beforehand. */
      readonly length?: number
    }
  | {
      readonly _tag: "File"
      readonly path: string
      /** Bytes. */
      readonly size: number
      /** Milliseconds since the epoch. */
      readonly modifiedAt: number
    }

export interface HttpResponse {
  readonly status: number
  /** Names and values in turn, `["content-type", "text/plain"]`: names in lower case, repeats allowed. */
  readonly headers: ReadonlyArray<string>
  readonly body: Body
}
