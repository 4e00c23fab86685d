/** Middleware that a site adds by choice. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, HashMap, Logger } from "effect"
import { gunzipSync } from "node:zlib"
import * as AccessLog from "../../../../src/adapters/http/middleware/AccessLog.ts"
import * as ConditionalGet from "../../../../src/adapters/http/middleware/ConditionalGet.ts"
import * as Gzip from "../../../../src/adapters/http/middleware/Gzip.ts"
import * as RequestId from "../../../../src/adapters/http/middleware/RequestId.ts"
import { trusted } from "../../../../src/domain/Html.ts"
import * as HttpResponse from "../../../../src/domain/HttpResponse.ts"
import * as Route from "../../../../src/domain/Route.ts"
import type * as Middleware from "../../../../src/ports/Middleware.ts"
import * as View from "../../../../src/ports/View.ts"
import { clientOf } from "../../../support/site.ts"

const page = Route.get("/page/", "page")
const short = Route.get("/short/", "short")
const image = Route.get("/image/", "image")
const tagged = Route.get("/tagged/", "tagged")
const secret = Route.get("/secret/", "secret")
const logs = Route.get("/logs/", "logs")
const send = Route.post("/send/", "send")

const long = "<p>one line of a page</p>\n".repeat(50)

const views = [
  View.handle(page, () => HttpResponse.html(trusted(long))),
  View.handle(short, () => HttpResponse.text("short")),
  View.handle(image, () =>
    HttpResponse.bytes(new Uint8Array(1000), { headers: { "content-type": "image/png" } })
  ),
  View.handle(tagged, () => HttpResponse.html(trusted(long), { headers: { etag: '"v1"' } })),
  View.handle(secret, () =>
    HttpResponse.text("secret", { headers: { "cache-control": "no-store" } })
  ),
  View.handle(logs, function* () {
    yield* Effect.logInfo("from the view")
    return HttpResponse.text("logged")
  }),
  View.handle(send, () => HttpResponse.text("sent"))
]

const site = (...middleware: ReadonlyArray<Middleware.Middleware>) =>
  clientOf({ views, middleware })

describe("ConditionalGet", () => {
  it.scoped("sends content once, and 304 while it is the same", () =>
    Effect.gen(function* () {
      const client = yield* site(ConditionalGet.make())
      const etag = (yield* client.get(page)).headers.get("etag")!
      assert.match(etag, /^W\/"[\w-]+"$/)
      const again = yield* client.get(page, { headers: { "if-none-match": etag } })
      assert.deepStrictEqual([again.status, again.text], [304, ""])
      assert.strictEqual(again.headers.get("etag"), etag)
      assert.isNull(again.headers.get("content-type"))
      const other = yield* client.get(short, { headers: { "if-none-match": etag } })
      assert.deepStrictEqual([other.status, other.text], [200, "short"])
    })
  )

  it.scoped("keeps a view's own tag, and leaves alone what is not to be stored or not read", () =>
    Effect.gen(function* () {
      const client = yield* site(ConditionalGet.make())
      const own = yield* client.get(tagged, { headers: { "if-none-match": '"v1"' } })
      assert.deepStrictEqual([own.status, own.headers.get("etag")], [304, '"v1"'])
      assert.isNull((yield* client.get(secret)).headers.get("etag"))
      assert.isNull((yield* client.post(send)).headers.get("etag"))
      assert.isNull((yield* client.get("/nowhere/")).headers.get("etag"))
    })
  )
})

describe("Gzip", () => {
  const headers = { "accept-encoding": "br, gzip;q=0.5" }

  it.scoped("compresses a page that is long enough for a client that takes it", () =>
    Effect.gen(function* () {
      const client = yield* site(Gzip.make())
      const packed = yield* client.get(page, { headers })
      assert.strictEqual(packed.headers.get("content-encoding"), "gzip")
      assert.strictEqual(packed.headers.get("vary"), "Accept-Encoding")
      assert.strictEqual(gunzipSync(packed.bytes).toString(), long)
      assert.strictEqual(packed.headers.get("content-length"), String(packed.bytes.length))
      assert.isBelow(packed.bytes.length, long.length / 2)
    })
  )

  it.scoped("sends anything else as it is", () =>
    Effect.gen(function* () {
      const client = yield* site(Gzip.make())
      for (const route of [short, image]) {
        const response = yield* client.get(route, { headers })
        assert.isNull(response.headers.get("content-encoding"))
        assert.isNull(response.headers.get("vary"))
      }
      for (const refused of ["", "br", "gzip;q=0", "gzip; q=0.0"]) {
        const response = yield* client.get(page, { headers: { "accept-encoding": refused } })
        assert.strictEqual(response.text, long, refused)
        assert.strictEqual(response.headers.get("vary"), "Accept-Encoding")
      }
    })
  )

  it.scoped("makes the lengths of equal pages differ, and a strong tag weak", () =>
    Effect.gen(function* () {
      const client = yield* site(Gzip.make())
      const lengths = new Set<number>()
      for (let i = 0; i < 30; i++) lengths.add((yield* client.get(page, { headers })).bytes.length)
      // 30 draws of 100 lengths: all the same by chance once in 10^58.
      assert.isAbove(lengths.size, 1)
      assert.strictEqual((yield* client.get(tagged, { headers })).headers.get("etag"), 'W/"v1"')
    })
  )

  it.scoped("works with tags around it", () =>
    Effect.gen(function* () {
      const client = yield* site(Gzip.make(), ConditionalGet.make())
      const first = yield* client.get(page, { headers })
      const again = yield* client.get(page, {
        headers: { ...headers, "if-none-match": first.headers.get("etag")! }
      })
      assert.strictEqual(again.status, 304)
    })
  )
})

/** A logger that keeps lines, with what they are annotated with. */
const keeping = () => {
  const lines: Array<readonly [message: string, request: unknown]> = []
  const logger = Logger.make<unknown, void>(({ annotations, message }) => {
    const request = HashMap.get(annotations, "request")
    lines.push([String(message), request._tag === "Some" ? request.value : undefined])
  })
  return { lines, layer: Logger.replace(Logger.defaultLogger, logger) }
}

describe("AccessLog", () => {
  it.scoped("logs one line for each request, without the query", () =>
    Effect.gen(function* () {
      const { layer, lines } = keeping()
      const client = yield* Effect.provide(site(AccessLog.make()), layer)
      yield* client.get(page, { query: { password: "hunter2" } })
      yield* client.get("/nowhere/")
      assert.strictEqual(lines.length, 2)
      assert.match(lines[0]![0], /^GET \/page\/ 200 \d+\.\d ms$/)
      assert.match(lines[1]![0], /^GET \/nowhere\/ 404 \d+\.\d ms$/)
    })
  )
})

describe("RequestId", () => {
  it.scoped("names each request, in the answer and in the log", () =>
    Effect.gen(function* () {
      const { layer, lines } = keeping()
      const client = yield* Effect.provide(site(RequestId.make()), layer)
      const ids = new Set<string>()
      for (const route of [logs, page, logs]) {
        ids.add((yield* client.get(route)).headers.get("x-request-id")!)
      }
      assert.strictEqual(ids.size, 3)
      assert.deepStrictEqual(
        lines.map(([message]) => message),
        ["from the view", "from the view"]
      )
      assert.deepStrictEqual(
        lines.map(([, id]) => id),
        [[...ids][0], [...ids][2]]
      )
    })
  )

  it.scoped("takes over a proxy's id where told, if it is one", () =>
    Effect.gen(function* () {
      const given = "0123456789abcdef"
      const id = (trustHeader: boolean, value: string) =>
        Effect.gen(function* () {
          const client = yield* site(RequestId.make({ trustHeader }))
          const { headers } = yield* client.get(page, { headers: { "x-request-id": value } })
          return headers.get("x-request-id")
        })
      assert.strictEqual(yield* id(true, given), given)
      assert.notStrictEqual(yield* id(false, given), given)
      assert.notStrictEqual(yield* id(true, "a forged line"), "a forged line")
    })
  )
})
