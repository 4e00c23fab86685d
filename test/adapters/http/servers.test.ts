/** What is true of one server and not of all: the rest is in the contract. */
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpServerResponse
} from "@effect/platform"
import * as Platform from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Layer, Logger, Schema, Stream } from "effect"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as Files from "../../../src/adapters/http/Files.ts"
import * as NodeServer from "../../../src/adapters/http/NodeServer.ts"
import * as PlatformServer from "../../../src/adapters/http/PlatformServer.ts"
import * as RadixRouter from "../../../src/adapters/http/RadixRouter.ts"
import * as WebHandler from "../../../src/adapters/http/WebHandler.ts"
import * as HttpResponse from "../../../src/domain/HttpResponse.ts"
import * as Route from "../../../src/domain/Route.ts"
import * as HttpServer from "../../../src/ports/HttpServer.ts"
import * as View from "../../../src/ports/View.ts"

const index = Route.get("/", "index")

const utf8 = (text: string) => new TextEncoder().encode(text)

const siteOf = <R>(
  endpoints: ReadonlyArray<View.Endpoint<R>>,
  options?: HttpServer.Options & { readonly errorPage?: HttpServer.ErrorPage<never> }
) =>
  Effect.provide(
    HttpServer.site({ allowedHosts: ["*"], ...options, entries: HttpServer.mount(endpoints) }),
    RadixRouter.layer
  )

const fetched = (url: string, init?: RequestInit) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

const hello = View.handle(index, () => HttpResponse.text("hello"))

describe("NodeServer", () => {
  it.live("says which port is taken", () =>
    Effect.gen(function* () {
      const site = yield* siteOf([hello])
      const first = yield* NodeServer.make({ port: 0 }).serve(site)
      const failure = yield* Effect.flip(NodeServer.make({ port: first.port }).serve(site))
      assert.strictEqual(failure.kind, "taken")
      assert.include(failure.message, `127.0.0.1:${first.port}`)
    }).pipe(Effect.scoped)
  )

  it.live("is configured by keys of the site's choice", () =>
    Effect.gen(function* () {
      const server = yield* HttpServer.HttpServer
      const { host, url } = yield* server.serve(yield* siteOf([hello]))
      assert.strictEqual(host, "::1")
      assert.strictEqual((yield* fetched(url)).text, "hello")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        NodeServer.layerConfig({ host: Config.string("HOST"), port: Config.integer("PORT") })
      ),
      Effect.withConfigProvider(
        ConfigProvider.fromMap(
          new Map([
            ["HOST", "::1"],
            ["PORT", "0"]
          ])
        )
      )
    )
  )

  it.live("lets a slow reader set the pace of a stream, without holding it in memory", () =>
    Effect.gen(function* () {
      const chunk = new Uint8Array(65_536)
      let made = 0
      const view = View.handle(index, () =>
        HttpResponse.stream(
          Stream.repeatEffect(
            Effect.sync(() => {
              made++
              return chunk
            })
          ).pipe(Stream.take(2000))
        )
      )
      const { host, port } = yield* NodeServer.make({ port: 0 }).serve(yield* siteOf([view]))
      const bytes = yield* Effect.async<number>((resume) => {
        let total = 0
        const socket = net.connect(port, host, () =>
          socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        )
        socket.pause()
        setTimeout(() => {
          // What fits into the system's buffers, not 125 MiB.
          assert.isBelow(made, 500)
          assert.isAbove(made, 0)
          socket.on("data", (data) => {
            total += data.length
          })
          socket.on("end", () => resume(Effect.succeed(total)))
          socket.resume()
        }, 300)
      })
      assert.isAbove(bytes, 2000 * 65_536)
      assert.strictEqual(made, 2000)
    }).pipe(Effect.scoped)
  )

  it.live("cuts a client that leaves its answer lying, and none that waits", () =>
    Effect.gen(function* () {
      const site = yield* siteOf([
        View.handle(index, () => HttpResponse.bytes(new Uint8Array(16_000_000))),
        View.handle(Route.get("/slow", "slow"), () =>
          Effect.delay(Effect.succeed(HttpResponse.text("slow")), 600)
        ),
        View.handle(Route.get("/silent", "silent"), () =>
          HttpResponse.stream(
            Stream.concat(
              Stream.make(utf8("a")),
              Stream.fromEffect(Effect.delay(Effect.succeed(utf8("b")), 600))
            )
          )
        )
      ])
      const { port, url } = yield* NodeServer.make({ port: 0, sendTimeout: 150 }).serve(site)
      const cut = Effect.async<number>((resume) => {
        let received = 0
        const socket = net.connect(port, "127.0.0.1", () =>
          socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        )
        socket.on("data", (data) => {
          received += data.length
        })
        socket.on("error", () => {}).on("close", () => resume(Effect.succeed(received)))
        socket.pause()
        setTimeout(() => socket.resume(), 1_000)
      })
      const [received, slow, silent] = yield* Effect.all(
        [cut, fetched(`${url}/slow`), fetched(`${url}/silent`)],
        { concurrency: "unbounded" }
      )
      assert.isBelow(received, 16_000_000)
      assert.deepStrictEqual([slow.text, silent.text], ["slow", "ab"])
      // As much time as it takes, for one that takes it.
      assert.strictEqual((yield* fetched(url)).text.length, 16_000_000)
    }).pipe(Effect.scoped)
  )

  it.live("gives a client that sends too much its answer, then closes", () =>
    Effect.gen(function* () {
      const view = View.handle(Route.post("/", "post"), (_, request) =>
        Effect.map(request.text, (text) => HttpResponse.text(text))
      )
      const { host, port } = yield* NodeServer.make({ port: 0 }).serve(yield* siteOf([view]))
      const text = yield* Effect.async<string>((resume) => {
        let received = ""
        const socket = net.connect(port, host, () => {
          socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n")
          const more = () => {
            if (socket.writable) socket.write(Buffer.alloc(65_536), () => setTimeout(more, 5))
          }
          more()
        })
        socket.on("data", (data) => {
          received += data.toString()
        })
        socket.on("error", () => {}).on("close", () => resume(Effect.succeed(received)))
      })
      assert.match(text, /^HTTP\/1\.1 413 /)
      assert.match(text, /<\/html>\n$/)
    }).pipe(Effect.scoped)
  )

  it.live("refuses headers beyond maxHeaderSize with 431", () =>
    Effect.gen(function* () {
      const { url } = yield* NodeServer.make({ port: 0, maxHeaderSize: 2048 }).serve(
        yield* siteOf([hello])
      )
      assert.strictEqual(
        (yield* fetched(url, { headers: { "x-a": "x".repeat(3000) } })).status,
        431
      )
    }).pipe(Effect.scoped)
  )

  it.live("answers 500 for a file that is not there any more", () =>
    Effect.gen(function* () {
      const view = View.handle(index, () =>
        HttpResponse.file({ path: "/nowhere/at/all", size: 3, modifiedAt: 0 })
      )
      const { url } = yield* NodeServer.make({ port: 0 }).serve(yield* siteOf([view]))
      assert.strictEqual((yield* fetched(url)).status, 500)
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.live("cuts an answer that has begun rather than writing a refusal into it", () =>
    Effect.gen(function* () {
      const view = View.handle(index, () =>
        HttpResponse.stream(Stream.concat(Stream.make(utf8("half")), Stream.never), { length: 100 })
      )
      const { port } = yield* NodeServer.make({ port: 0 }).serve(yield* siteOf([view]))
      const text = yield* Effect.async<string>((resume) => {
        let received = ""
        const socket = net.connect(port, "127.0.0.1", () =>
          socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        )
        socket.on("data", (data) => {
          received += data.toString()
          if (received.endsWith("half")) socket.write("no request\r\n\r\n")
        })
        socket.on("error", () => {}).on("close", () => resume(Effect.succeed(received)))
      })
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhalf$/s)
    }).pipe(Effect.scoped)
  )

  it.live("goes by the host of an absolute target, and refuses two hosts (RFC 9112, 3.2)", () =>
    Effect.gen(function* () {
      const view = View.handle(index, (_, request) => HttpResponse.text(request.host))
      const site = yield* siteOf([view], { allowedHosts: ["good.example"] })
      const { port } = yield* NodeServer.make({ port: 0 }).serve(site)
      const answer = (head: string) =>
        Effect.async<string>((resume) => {
          let received = ""
          const socket = net.connect(port, "127.0.0.1", () =>
            socket.write(`${head}\r\nconnection: close\r\n\r\n`)
          )
          socket.on("data", (data) => {
            received += data.toString()
          })
          socket.on("close", () => resume(Effect.succeed(received)))
        })
      assert.match(yield* answer("GET / HTTP/1.1\r\nhost: good.example"), /^HTTP\/1\.1 200 /)
      const absolute = yield* answer("GET http://good.example/ HTTP/1.1\r\nhost: evil.example")
      assert.match(absolute, /^HTTP\/1\.1 200 .*\r\n\r\ngood\.example$/s)
      for (const head of [
        "GET http://evil.example/ HTTP/1.1\r\nhost: good.example",
        "GET http://a@good.example/ HTTP/1.1\r\nhost: good.example",
        "GET / HTTP/1.1\r\nhost: good.example\r\nhost: evil.example"
      ]) {
        assert.match(yield* answer(head), /^HTTP\/1\.1 400 /)
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.live("answers 500 for a failure whose headers cannot be sent, and goes on", () =>
    Effect.gen(function* () {
      const headers = { "www-authenticate": 'Basic realm="a\r\nset-cookie: b=c"' }
      const atOnce = View.handle(index, () => View.fail(401, "Log in.", headers))
      const later = View.handle(Route.get("/later", "later"), () =>
        Effect.zipRight(Effect.sleep(1), View.fail(401, "Log in.", headers))
      )
      const sites = [
        yield* siteOf([atOnce, later]),
        yield* siteOf([atOnce, later], {
          errorPage: ({ detail, status }) => Effect.succeed(HttpResponse.text(detail, { status }))
        })
      ]
      for (const site of sites) {
        const { url } = yield* NodeServer.make({ port: 0 }).serve(site)
        for (const path of ["/", "/later", "/"]) {
          const { headers, status } = yield* fetched(url + path)
          assert.deepStrictEqual([path, status, headers.get("set-cookie")], [path, 500, null])
        }
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.remove(Logger.defaultLogger)))
  )
})

const Api = HttpApi.make("api").add(
  HttpApiGroup.make("users")
    .add(
      HttpApiEndpoint.get("one", "/users/:id")
        .setPath(Schema.Struct({ id: Schema.NumberFromString }))
        .addSuccess(Schema.Struct({ id: Schema.Number }))
    )
    .add(
      HttpApiEndpoint.post("add", "/users")
        .setPayload(Schema.Struct({ name: Schema.String }))
        .addSuccess(Schema.String)
    )
)

const ApiLive = HttpApiBuilder.api(Api).pipe(
  Layer.provide(
    HttpApiBuilder.group(Api, "users", (handlers) =>
      handlers
        .handle("one", ({ path }) => Effect.succeed({ id: path.id }))
        .handle("add", ({ payload }) => Effect.succeed(`added ${payload.name}`))
    )
  )
)

describe("PlatformServer.mount", () => {
  it.live("puts an HttpApi under a path of a site", () =>
    Effect.gen(function* () {
      const app = yield* HttpApiBuilder.httpApp
      const handler = yield* WebHandler.make(
        yield* siteOf([hello, ...PlatformServer.mount("/api/", "api", app)])
      )
      const ask = (path: string, init?: RequestInit) =>
        Effect.promise(async () => {
          const response = await handler(new Request(`http://site.test${path}`, init))
          return [response.status, response.status < 400 ? await response.text() : ""]
        })
      const json = (value: unknown) => ({
        method: "POST",
        body: JSON.stringify(value),
        headers: { "content-type": "application/json" }
      })
      assert.deepStrictEqual(yield* ask("/"), [200, "hello"])
      assert.deepStrictEqual(yield* ask("/api/users/5"), [200, `{"id":5}`])
      assert.deepStrictEqual(yield* ask("/api/users", json({ name: "Ada" })), [200, `"added Ada"`])
      assert.deepStrictEqual(yield* ask("/api/users", json({ name: 1 })), [400, ""])
      assert.deepStrictEqual(yield* ask("/api/none"), [404, ""])
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.mergeAll(
          ApiLive,
          HttpApiBuilder.Router.Live,
          HttpApiBuilder.Middleware.layer,
          Platform.HttpServer.layerContext
        )
      )
    )
  )

  it.live("hands on streams, cookies and headers", () =>
    Effect.gen(function* () {
      const app = HttpServerResponse.stream(Stream.make(new TextEncoder().encode("streamed")), {
        headers: { "x-a": "b" },
        status: 201
      }).pipe(HttpServerResponse.setCookie("c", "d"))
      const handler = yield* WebHandler.make(yield* siteOf(PlatformServer.mount("/p", "p", app)))
      const response = yield* Effect.promise(() =>
        handler(new Request("http://site.test/p/any/thing"))
      )
      assert.deepStrictEqual(
        [response.status, response.headers.get("x-a"), response.headers.getSetCookie()],
        [201, "b", ["c=d"]]
      )
      assert.strictEqual(yield* Effect.promise(() => response.text()), "streamed")
    }).pipe(Effect.scoped)
  )
})

describe("PlatformServer.toHttpApp", () => {
  it.live("runs a site on the platform's own test server", () =>
    Effect.gen(function* () {
      const app = yield* PlatformServer.toHttpApp(yield* siteOf([hello]))
      yield* Platform.HttpServer.serveEffect(app)
      const response = yield* Platform.HttpClient.get("/")
      assert.strictEqual(yield* response.text, "hello")
    }).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layerTest))
  )
})

describe("Files", () => {
  const folder = Effect.acquireRelease(
    Effect.sync(() => {
      const root = fs.mkdtempSync(path.join(os.tmpdir(), "portico-files-"))
      fs.mkdirSync(path.join(root, "public", "sub"), { recursive: true })
      fs.writeFileSync(path.join(root, "secret.txt"), "secret")
      fs.writeFileSync(path.join(root, "public", ".env"), "secret")
      fs.writeFileSync(path.join(root, "public", "sub", "a.css"), "css")
      fs.symlinkSync(path.join(root, "secret.txt"), path.join(root, "public", "link.txt"))
      return path.join(root, "public")
    }),
    (root) => Effect.sync(() => fs.rmSync(path.dirname(root), { recursive: true }))
  )

  it.live("sends what is inside a folder and nothing else", () =>
    Effect.gen(function* () {
      const root = yield* folder
      const found = yield* Files.sendFrom(root, "sub/a.css")
      assert.strictEqual(HttpResponse.header(found, "content-type"), "text/css; charset=utf-8")
      for (const name of [
        "../secret.txt",
        "sub/../../secret.txt",
        "..\\secret.txt",
        ".env",
        "link.txt",
        "sub",
        "none",
        "",
        "a\0b",
        "/etc/hostname"
      ]) {
        const exit = yield* Effect.exit(Files.sendFrom(root, name))
        assert.isTrue(Exit.isFailure(exit), name)
      }
    }).pipe(Effect.scoped)
  )

  it("names downloads so that every browser understands (RFC 6266)", () => {
    assert.strictEqual(Files.attachment("a b.txt"), `attachment; filename="a b.txt"`)
    assert.strictEqual(
      Files.attachment(`naïve"(1).txt`),
      `attachment; filename="na_ve_(1).txt"; filename*=UTF-8''na%C3%AFve%22%281%29.txt`
    )
  })
})
