/**
 * Compresses pages on their way out, where no proxy in front of the site does. Not part of the
 * default middleware. A few random bytes in each answer's header hide how well it compressed, from
 * which an eavesdropper could otherwise learn secrets in it (BREACH, "Heal the Breach").
 */
import * as Effect from "effect/Effect"
import { randomBytes, randomInt } from "node:crypto"
import { gzip } from "node:zlib"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import type * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"

export interface Options {
  /** Shorter bodies are sent as they are, in bytes. 200 if absent, as compressing them gains nothing. */
  readonly minBytes?: number
}

// Django's `max_random_bytes`, from "Heal the Breach".
const mostFiller = 100

export const make = ({ minBytes = 200 }: Options = {}): Middleware.Middleware =>
  Middleware.make(
    "gzip",
    (next) => (request) =>
      Middleware.flatMapResponse(next(request), (response) => {
        const { body, status } = response
        if (status < 200 || status === 204 || status === 206 || status === 304) return response
        if (typeof body !== "string" && !(body instanceof Uint8Array)) return response
        const bytes = typeof body === "string" ? Buffer.from(body) : body
        if (bytes.length < minBytes || !isCompressible(response)) return response
        const varying = HttpResponse.withVary(response, "Accept-Encoding")
        if (!accepts(request)) return varying
        return Effect.map(compress(bytes), (packed) =>
          packed.length < bytes.length
            ? weaken(
                HttpResponse.withHeader(
                  HttpResponse.withBody(varying, packed),
                  "content-encoding",
                  "gzip"
                )
              )
            : varying
        )
      })
  )

// Text, and what is text under another name. Images, fonts and archives are compressed already.
const compressible =
  /^(?:text\/|image\/svg\+xml|application\/(?:[\w.+-]*\+)?(?:json|xml|javascript))/

const isCompressible = (response: HttpResponse.HttpResponse): boolean =>
  HttpResponse.header(response, "content-encoding") === undefined &&
  !HttpResponse.header(response, "cache-control")?.includes("no-transform") &&
  compressible.test(HttpResponse.header(response, "content-type") ?? "")

/** "gzip" is listed with a weight above 0 (RFC 9110, 12.5.3). */
const accepts = (request: HttpRequest.Service): boolean =>
  (request.header("accept-encoding") ?? "").split(",").some((item) => {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith("q="))
    return coding === "gzip" && (weight === undefined || Number(weight.slice(2)) > 0)
  })

// In a thread of Node's pool: 100 KiB take a millisecond or more. Zero arguments: no canceler.
const compress = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.async((resume) => {
    gzip(bytes, (error, packed) => {
      resume(error === null ? Effect.succeed(withFiller(packed)) : Effect.die(error))
    })
  })

/** RFC 1952, 2.3: ten bytes of header, of which the fourth says that a file name follows, up to a 0. */
const withFiller = (packed: Buffer): Uint8Array => {
  const name = Buffer.from(
    randomBytes(randomInt(1, mostFiller + 1)).map((byte) => 97 + (byte % 26))
  )
  const header = Buffer.from(packed.subarray(0, 10))
  header[3] = 0x08
  return Buffer.concat([header, name, Buffer.of(0), packed.subarray(10)])
}

/** Bytes that differ from those the tag was made for are equal in meaning alone (RFC 9110, 8.8.1). */
const weaken = (response: HttpResponse.HttpResponse): HttpResponse.HttpResponse => {
  const etag = HttpResponse.header(response, "etag")
  return etag === undefined || etag.startsWith("W/")
    ? response
    : HttpResponse.withHeader(response, "etag", `W/${etag}`)
}
