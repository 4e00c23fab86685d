/**
 * Saves the way of what the browser has: an answer to GET gets an `ETag` of its content unless it
 * has one, and is left out (304) where the browser has that content already. Not part of the default
 * middleware: it pays for pages that are the same for a while. One with a CSRF token never is.
 */
import { createHash } from "node:crypto"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as Precondition from "../../../domain/Precondition.ts"
import type * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"

export const make = (): Middleware.Middleware =>
  Middleware.make(
    "conditionalGet",
    (next) => (request) =>
      request.method === "GET" || request.method === "HEAD"
        ? Middleware.mapResponse(next(request), (response) => finish(request, response))
        : next(request)
  )

/** What a request says about the version that its sender has. */
export const conditionsOf = (request: HttpRequest.Service): Precondition.Conditions => ({
  ifMatch: request.header("if-match"),
  ifNoneMatch: request.header("if-none-match"),
  ifModifiedSince: request.header("if-modified-since"),
  ifUnmodifiedSince: request.header("if-unmodified-since")
})

const finish = (
  request: HttpRequest.Service,
  response: HttpResponse.HttpResponse
): HttpResponse.HttpResponse => {
  const { body, status } = response
  // The server itself does this for files; a stream's content is not known yet.
  if (status !== 200 || (typeof body !== "string" && !(body instanceof Uint8Array))) return response
  if (HttpResponse.header(response, "cache-control")?.includes("no-store")) return response
  const etag = HttpResponse.header(response, "etag") ?? tagOf(body)
  const modified = HttpResponse.header(response, "last-modified")
  const due = Precondition.check(request.method, conditionsOf(request), {
    etag,
    modifiedAt: modified === undefined ? undefined : Date.parse(modified)
  })
  const tagged = HttpResponse.withHeader(response, "etag", etag)
  return due === 304 ? withoutContent(tagged) : tagged
}

// Equal content is equal bytes here, but a proxy may compress it on the way: so the tag is weak.
const tagOf = (body: string | Uint8Array): string =>
  `W/"${createHash("sha1").update(body).digest("base64url")}"`

/** What a 304 carries is the headers about the content that the browser has (RFC 9110, 15.4.5). */
const withoutContent = (response: HttpResponse.HttpResponse): HttpResponse.HttpResponse =>
  HttpResponse.withoutHeader(
    HttpResponse.withBody(HttpResponse.withStatus(response, 304), undefined),
    "content-type"
  )
