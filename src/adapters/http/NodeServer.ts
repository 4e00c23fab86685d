/**
 * HttpServer over `node:http`: one object, one write and no listener of its own for a request that
 * is answered at once.
 */
import * as Chunk from "effect/Chunk"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { type Duplex, pipeline } from "node:stream"
import type { FileBody, HttpResponse, StreamBody } from "../../domain/HttpResponse.ts"
import type { Reader, Sink } from "../../ports/HttpRequest.ts"
import {
  type Address,
  type Capabilities,
  type Exchange,
  HttpServer,
  ListenFailed,
  type Running,
  type Service,
  type Site,
  start
} from "../../ports/HttpServer.ts"
import { driver } from "./internal/driver.ts"

export const capabilities: Capabilities = { listens: true, sendsFiles: true }

export interface Options {
  /** Default: "127.0.0.1", this machine alone. "0.0.0.0" or "::" for every network. */
  readonly host?: string
  /** 0 for any that is free. Default: 8000. */
  readonly port?: number
  /** Milliseconds a client has for its headers. Default: 10 000. */
  readonly headersTimeout?: number
  /** Milliseconds a client has for its whole request, body included. Default: 300 000. */
  readonly receiveTimeout?: number
  /** Milliseconds a client may take nothing of an answer before it is cut. Default: 30 000. */
  readonly sendTimeout?: number
  /** Milliseconds an idle connection is kept. Default: 5 000. */
  readonly keepAliveTimeout?: number
  /** Bytes of all headers together. Default: 16 384. */
  readonly maxHeaderSize?: number
}

// Symbols on sockets: a WeakMap costs a hash for each request.
const waiting = Symbol("portico/waiting")
type Connection = Duplex & { [waiting]?: Set<NodeExchange> }

/** Bytes of an unread body that are read and thrown away, so that the connection can be kept. */
const drainable = 65_536

/** Milliseconds for a client to stop sending once it has its answer. */
const linger = 1000

class NodeExchange implements Exchange {
  readonly method: string
  readonly url: string
  private readonly request: http.IncomingMessage
  private readonly response: http.ServerResponse
  private readonly site: Running
  private readonly expectsContinue: boolean
  private interrupt: (() => void) | undefined = undefined

  constructor(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    site: Running,
    expectsContinue: boolean
  ) {
    // Set by the parser of every server request.
    this.method = request.method!
    this.url = request.url!
    this.request = request
    this.response = response
    this.site = site
    this.expectsContinue = expectsContinue
  }

  get headers() {
    return this.request.headers
  }

  get remoteAddress() {
    return this.request.socket.remoteAddress
  }

  get encrypted() {
    return "encrypted" in this.request.socket
  }

  get hasBody() {
    const { headers } = this.request
    const length = headers["content-length"]
    return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined
  }

  read(sink: Sink): Reader {
    const { request } = this
    if (this.expectsContinue) this.response.writeContinue()
    let over = false
    const onData = (chunk: Uint8Array) => sink.chunk(chunk)
    const onEnd = () => {
      if (over) return
      over = true
      sink.end()
    }
    const onGone = (cause?: unknown) => {
      if (over || request.complete) return
      over = true
      sink.gone(cause ?? new Error("The connection was closed."))
    }
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone)
    return {
      pause: () => void request.pause(),
      resume: () => void request.resume(),
      cancel: () => {
        over = true
        request.removeListener("data", onData)
        // Little is thrown away, so that the connection can be kept; with much it is closed.
        if (this.isUnread()) request.pause()
        else request.resume()
      }
    }
  }

  wait(interrupt: () => void): void {
    this.interrupt = interrupt
    const { socket } = this.request as { readonly socket: Connection }
    // Gone before there was anything to interrupt.
    if (socket.destroyed) return interrupt()
    ;(socket[waiting] ??= new Set()).add(this)
  }

  /** The client went away. */
  gone(): void {
    this.interrupt?.()
  }

  private done(): void {
    if (this.interrupt === undefined) return
    this.interrupt = undefined
    ;(this.request.socket as Connection)[waiting]?.delete(this)
  }

  send(
    { body, headers: own, status }: HttpResponse,
    added: ReadonlyArray<string> | undefined,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): void {
    this.done()
    const { response } = this
    if (response.destroyed || response.headersSent) return sent?.(Exit.void)
    const headers = own.slice()
    if (added !== undefined) for (const part of added) headers.push(part)
    const unread = this.isUnread()
    if (unread || this.site.draining()) headers.push("connection", "close")
    try {
      if (body === undefined) {
        // Without a length node would frame the nothing that is sent.
        if (status !== 204 && status !== 304) headers.push("content-length", "0")
        response.writeHead(status, headers)
        this.end(undefined, unread)
        return sent?.(Exit.void)
      }
      if (typeof body === "string" || body instanceof Uint8Array) {
        const length = typeof body === "string" ? Buffer.byteLength(body) : body.length
        headers.push("content-length", String(length))
        response.writeHead(status, headers)
        this.end(this.method === "HEAD" || length === 0 ? undefined : body, unread)
        return sent?.(Exit.void)
      }
      const length = body._tag === "Stream" ? body.length : (body.length ?? body.size)
      if (length !== undefined) headers.push("content-length", String(length))
      if (this.method === "HEAD") {
        response.writeHead(status, headers)
        this.end(undefined, unread)
        return sent?.(Exit.void)
      }
      if (body._tag === "Stream") this.sendStream(status, headers, body, sent)
      else this.sendFile(status, headers, body, sent)
    } catch (cause) {
      // Node refuses what HttpResponse's own functions would have refused.
      this.fail(cause)
      sent?.(Exit.die(cause))
    }
  }

  /** Whether so much of the request's body may still come that the connection is not worth keeping. */
  private isUnread(): boolean {
    const { request } = this
    if (!this.hasBody || request.complete) return false
    const length = request.headers["content-length"]
    return this.expectsContinue || length === undefined || Number(length) > drainable
  }

  /** Ends the answer. A client that is still sending first gets a moment to stop and to read it. */
  private end(body: string | Uint8Array | undefined, unread: boolean): void {
    const { request, response } = this
    if (!unread || request.complete) {
      if (body === undefined) response.end()
      else response.end(body)
      return
    }
    if (body === undefined) response.flushHeaders()
    else response.write(body)
    const close = () => {
      clearTimeout(timer)
      response.end()
      request.destroy()
    }
    const timer = setTimeout(close, linger)
    request.once("end", close).once("close", close).resume()
  }

  private fail(cause: unknown): void {
    this.site.fork(
      Effect.logError(`${this.method} ${this.url}: the answer could not be sent`, cause)
    )
    const { response } = this
    if (response.headersSent) response.destroy()
    else {
      response.writeHead(500, ["content-length", "0"])
      response.end()
    }
  }

  private sendStream(
    status: number,
    headers: Array<string>,
    { stream }: StreamBody,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): void {
    const { response } = this
    response.writeHead(status, headers)
    response.flushHeaders()
    const drained = Effect.async<void>((resume) => {
      if (!response.writableNeedDrain) return resume(Effect.void)
      response.once("drain", () => resume(Effect.void))
    })
    const fiber = this.site.fork(
      Stream.runForEachChunk(stream, (chunks) =>
        Effect.suspend(() => {
          let flows = true
          for (const chunk of Chunk.toReadonlyArray(chunks)) {
            if (chunk.length > 0) flows = response.write(chunk)
          }
          return flows ? Effect.void : drained
        })
      )
    )
    this.wait(() => fiber.unsafeInterruptAsFork(fiber.id()))
    fiber.addObserver((exit) => {
      this.done()
      if (Exit.isSuccess(exit)) response.end()
      else {
        if (!Exit.isInterrupted(exit)) this.fail(exit.cause)
        response.destroy()
      }
      sent?.(exit)
    })
  }

  private sendFile(
    status: number,
    headers: Array<string>,
    { length, path, size, start = 0 }: FileBody,
    sent: ((exit: Exit.Exit<unknown>) => void) | undefined
  ): void {
    const { response } = this
    const end = start + (length ?? size) - 1
    fs.open(path, (cause, descriptor) => {
      if (cause !== null) {
        this.fail(cause)
        return sent?.(Exit.die(cause))
      }
      if (response.destroyed) return fs.close(descriptor, () => sent?.(Exit.void))
      response.writeHead(status, headers)
      if (end < start) {
        response.end()
        return fs.close(descriptor, () => sent?.(Exit.void))
      }
      // `pipeline` closes the file however this ends, and cuts the connection where the file is short.
      pipeline(fs.createReadStream(path, { fd: descriptor, start, end }), response, (cause) =>
        sent?.(cause ? Exit.die(cause) : Exit.void)
      )
    })
  }
}

/** Node's refusals of what its parser could not read (RFC 9110, 15.5; RFC 6585). */
const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout"
}

/** What node's own handlers ask a socket for: the answer that is on its way. */
type Answering = Duplex & { readonly _httpMessage?: http.ServerResponse | null }

/** A refusal would be read as part of an answer that has begun. */
const isAnswering = (socket: Answering): boolean => socket._httpMessage?.headersSent === true

/**
 * Nothing came or went for a time. A client that leaves its answer lying is cut, as it would hold
 * memory for ever; views that take long and streams that are silent are not its fault.
 */
const onSilence = (socket: Answering) => {
  const idle = socket._httpMessage === undefined || socket._httpMessage === null
  if (idle || socket.writableLength > 0) socket.destroy()
}

const onClientError = (error: NodeJS.ErrnoException, socket: Duplex) => {
  if (!socket.writable || error.code === "ECONNRESET" || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const status = refusals[error.code ?? ""] ?? "400 Bad Request"
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  // One that reads nothing is not waited for.
  setTimeout(() => socket.destroy(), linger).unref()
}

const listen = (server: http.Server, host: string, port: number) =>
  Effect.async<Address, ListenFailed>((resume) => {
    const onError = (cause: NodeJS.ErrnoException) =>
      resume(
        Effect.fail(
          new ListenFailed({
            host,
            port,
            kind:
              cause.code === "EADDRINUSE"
                ? "taken"
                : cause.code === "EACCES" || cause.code === "EADDRNOTAVAIL"
                  ? "refused"
                  : "unknown",
            cause
          })
        )
      )
    server.once("error", onError)
    server.listen(port, host, () => {
      server.removeListener("error", onError)
      // A server that listens on host and port has an address of this kind.
      const { address, family, port } = server.address() as AddressInfo
      const name = family === "IPv6" ? `[${address}]` : address
      resume(Effect.succeed({ host: address, port, url: `http://${name}:${port}` }))
    })
  })

export const make = (options: Options = {}): Service => ({
  capabilities,
  serve: (site: Site) =>
    Effect.gen(function* () {
      const running = start(driver(capabilities), site)
      const handle =
        (expectsContinue: boolean) =>
        (request: http.IncomingMessage, response: http.ServerResponse) =>
          running.handle(new NodeExchange(request, response, running, expectsContinue))
      const server = http.createServer(
        {
          keepAlive: true,
          noDelay: true,
          // Node would drop the second of two hosts and the like, where proxies may take it.
          joinDuplicateHeaders: true,
          headersTimeout: options.headersTimeout ?? 10_000,
          requestTimeout: options.receiveTimeout ?? 300_000,
          keepAliveTimeout: options.keepAliveTimeout ?? 5000,
          maxHeaderSize: options.maxHeaderSize ?? 16_384,
          // How often node looks for clients that are too slow.
          connectionsCheckingInterval: Math.min(1000, options.headersTimeout ?? 10_000)
        },
        handle(false)
      )
      server.on("checkContinue", handle(true))
      server.on("clientError", onClientError)
      server.setTimeout(options.sendTimeout ?? 30_000, onSilence)
      server.on("connection", (socket: Socket) => {
        socket.once("close", () => {
          const exchanges = (socket as Connection)[waiting]
          if (exchanges !== undefined) for (const exchange of exchanges) exchange.gone()
        })
      })
      return yield* Effect.acquireRelease(
        listen(server, options.host ?? "127.0.0.1", options.port ?? 8000),
        () =>
          Effect.suspend(() => {
            server.close()
            server.closeIdleConnections()
            return Effect.ensuring(
              running.drain,
              Effect.sync(() => server.closeAllConnections())
            )
          })
      )
    })
})

export const layer = (options?: Options): Layer.Layer<HttpServer> =>
  Layer.succeed(HttpServer, make(options))

export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<HttpServer, ConfigError.ConfigError> =>
  Layer.effect(HttpServer, Effect.map(Config.unwrap(config), make))
