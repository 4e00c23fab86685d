/** The HTTP servers of Portico as their contract wants to see them. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Cause, Effect, Layer } from "effect"
import * as fs from "node:fs"
import * as http from "node:http"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { type Client, type Service, Trial } from "../../contracts/HttpServerContract.ts"
import * as HttpServer from "../../src/ports/HttpServer.ts"
import * as NodeServer from "../../src/adapters/http/NodeServer.ts"
import * as PlatformServer from "../../src/adapters/http/PlatformServer.ts"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"
import * as WebHandler from "../../src/adapters/http/WebHandler.ts"

const files: Pick<Service, "write" | "exists"> = {
  write: (content) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.promise(() => fs.promises.mkdtemp(path.join(os.tmpdir(), "portico-trial-"))),
        (folder) => Effect.promise(() => fs.promises.rm(folder, { recursive: true }))
      ),
      (folder) => {
        const file = path.join(folder, "file.txt")
        fs.writeFileSync(file, content)
        const time = new Date(Date.UTC(2020, 0, 1))
        fs.utimesSync(file, time, time)
        return file
      }
    ),
  exists: (path) => Effect.sync(() => fs.existsSync(path))
}

/**
 * One request over a connection of its own. By `node:http`, since `fetch` neither sends a `host` of
 * one's choice nor closes its connection when a request is given up.
 */
const exchange =
  (address: HttpServer.Address): Client["exchange"] =>
  (request) =>
    Effect.tryPromise({
      try: (interrupted) =>
        new Promise<Response>((resolve, reject) => {
          const url = new URL(request.url)
          const target = request.url.slice(url.origin.length)
          const sized = request.body === null || request.headers.has("content-length")
          const out = http.request({
            host: address.host,
            port: address.port,
            method: request.method,
            path: target === "" ? "/" : target,
            headers: {
              ...Object.fromEntries(request.headers),
              ...(sized ? {} : { "transfer-encoding": "chunked" }),
              host: url.host
            },
            agent: false,
            signal: AbortSignal.any([interrupted, request.signal])
          })
          out.on("error", reject)
          out.on("response", (incoming) => {
            const headers = new Headers()
            for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
              headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
            }
            const status = incoming.statusCode!
            if (status === 204 || status === 304 || request.method === "HEAD") {
              incoming.resume()
              return resolve(new Response(null, { status, headers }))
            }
            const body = new ReadableStream<Uint8Array>({
              start: (controller) => {
                incoming.on("data", (chunk: Uint8Array) => controller.enqueue(chunk))
                incoming.on("error", (cause) => controller.error(cause))
                incoming.on("end", () => {
                  if (incoming.complete) controller.close()
                })
                incoming.on("close", () => {
                  if (!incoming.complete) {
                    try {
                      controller.error(new Error("cut"))
                    } catch {
                      // It has ended by an error already.
                    }
                  }
                })
              }
            })
            resolve(new Response(body, { status, headers }))
          })
          const send = async () => {
            if (request.body !== null) {
              for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
                if (!out.write(chunk)) await new Promise((drained) => out.once("drain", drained))
              }
            }
            out.end()
          }
          // A server may answer and close before it has read everything.
          send().catch(() => {})
        }),
      catch: (cause) => new Cause.UnknownException(cause)
    })

const raw =
  (address: HttpServer.Address): NonNullable<Client["raw"]> =>
  (text, millis) =>
    Effect.promise(
      () =>
        new Promise((resolve) => {
          let received = ""
          const socket = net.connect(address.port, address.host, () => socket.write(text))
          const end = (closed: boolean) => {
            clearTimeout(timer)
            socket.destroy()
            resolve({ text: received, closed })
          }
          const timer = setTimeout(() => end(false), millis)
          socket.on("data", (chunk) => {
            received += chunk.toString("latin1")
          })
          socket
            .on("end", () => end(true))
            .on("close", () => end(true))
            .on("error", () => end(true))
        })
    )

/** A server that listens, as the contract's client sees it. */
export const listening = (server: HttpServer.Service): Service => ({
  ...files,
  capabilities: server.capabilities,
  start: (site) =>
    Effect.map(server.serve(site), (address) => ({
      exchange: exchange(address),
      raw: raw(address)
    }))
})

export const web: Service = {
  ...files,
  capabilities: WebHandler.capabilities,
  start: (site) =>
    Effect.map(WebHandler.make(site), (handler) => ({
      exchange: (request) =>
        Effect.tryPromise((signal) =>
          handler(new Request(request, { signal: AbortSignal.any([signal, request.signal]) }))
        )
    }))
}

export const node: Service = listening(NodeServer.make({ port: 0, headersTimeout: 1000 }))

/** The platform's server for Node, made anew for each start. */
export const platform: Service = {
  ...files,
  capabilities: PlatformServer.capabilities,
  start: (site) =>
    Effect.gen(function* () {
      const create = () =>
        http.createServer({ headersTimeout: 1000, connectionsCheckingInterval: 100 })
      const layer = Layer.provide(
        PlatformServer.layer,
        NodeHttpServer.layerServer(create, { port: 0, host: "127.0.0.1" })
      )
      const context = yield* Layer.build(layer)
      return yield* Effect.flatMap(Effect.provide(HttpServer.HttpServer, context), (server) =>
        listening(server).start(site)
      )
    })
}

export const layerOf = (trial: Service) =>
  Layer.merge(Layer.succeed(Trial, trial), RadixRouter.layer)
