/**
 * Multipart forms (RFC 7578): fields in memory, files streamed to a folder of the request's own,
 * which is removed with the scope.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Multipasta from "multipasta"
import {
  type BodyError,
  BodyMalformed,
  BodyTooLarge,
  ClientGone,
  type Form,
  type Limits,
  type Multipart,
  type Reader,
  type UploadedFile
} from "../../../ports/HttpRequest.ts"

const prefix = path.join(os.tmpdir(), "portico-upload-")

// Readable by this process's user alone.
const folder = Effect.acquireRelease(
  Effect.promise(() => fs.promises.mkdtemp(prefix)),
  (directory) =>
    // A file whose writing was cut short may come into being while its folder goes.
    Effect.promise(() =>
      fs.promises.rm(directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 })
    )
)

/** The last part of the client's name for a file, without control characters; "" for none. */
const baseName = (claimed: string): string => {
  const last = claimed.slice(Math.max(claimed.lastIndexOf("/"), claimed.lastIndexOf("\\")) + 1)
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  const name = last.replace(/[\u0000-\u001f\u007f]/g, "").trim()
  return name === "." || name === ".." ? "" : name
}

const reasons: Readonly<Record<Multipasta.MultipartError["_tag"], string>> = {
  InvalidBoundary: "the content type names no boundary",
  BadHeaders: "a part of the form has broken headers",
  InvalidDisposition: "a part of the form has no name",
  ReachedLimit: "the form has too many parts",
  EndNotReached: "the form ends before its last boundary"
}

const parse = (
  raw: Parameters<Multipart>[0],
  contentType: string,
  limits: Limits,
  directory: string
): Effect.Effect<Form, BodyError> =>
  Effect.async((resume) => {
    const fields = new URLSearchParams()
    const files: Array<UploadedFile> = []
    const writers = new Set<fs.WriteStream>()
    let fieldCount = 0
    let fileCount = 0
    let fieldBytes = 0
    let size = 0
    let blocked = 0
    let closed = false
    let ended = false
    let over = false
    let reader: Reader | undefined

    const finish = (exit: Exit.Exit<Form, BodyError>) => {
      if (over) return
      over = true
      if (Exit.isFailure(exit)) {
        if (!ended) reader?.cancel()
        for (const writer of writers) writer.destroy()
      }
      resume(exit)
    }
    const tooLarge = (limit: keyof Limits) =>
      finish(Exit.fail(new BodyTooLarge({ limit, max: limits[limit] })))
    const malformed = (reason: string) => finish(Exit.fail(new BodyMalformed({ reason })))
    const complete = () => {
      if (ended && writers.size === 0) finish(Exit.succeed({ fields, files }))
    }

    const ignore = () => {}
    const onFile = (info: Multipasta.PartInfo): ((chunk: Uint8Array | null) => void) => {
      const name = baseName(info.filename ?? "")
      // What browsers send for a file input that was left empty.
      if (name === "") return ignore
      if (++fileCount > limits.files) {
        tooLarge("files")
        return ignore
      }
      const file = path.join(directory, String(fileCount))
      const writer = fs.createWriteStream(file, { flags: "wx", mode: 0o600 })
      let bytes = 0
      let waits = false
      writers.add(writer)
      writer.on("error", (cause) => finish(Exit.die(cause)))
      writer.on("drain", () => {
        waits = false
        if (--blocked === 0 && !over) reader?.resume()
      })
      writer.on("close", () => {
        writers.delete(writer)
        complete()
      })
      return (chunk) => {
        if (over) return
        if (chunk === null) {
          files.push({
            field: info.name,
            name,
            contentType: info.contentType,
            size: bytes,
            path: file
          })
          if (waits) {
            waits = false
            if (--blocked === 0) reader?.resume()
          }
          writer.removeAllListeners("drain")
          writer.end()
          return
        }
        bytes += chunk.length
        if (!writer.write(chunk) && !waits) {
          waits = true
          if (++blocked === 1) reader?.pause()
        }
      }
    }

    const parser = Multipasta.make({
      headers: { "content-type": contentType },
      // A part is a file if it has a file name, even an empty one, whatever its type (RFC 7578, 4.2).
      isFile: (info) => info.filename !== undefined,
      maxFieldSize: limits.memory,
      onField: (info, value) => {
        fieldBytes += value.length + info.name.length
        if (++fieldCount > limits.fields) return tooLarge("fields")
        if (fieldBytes > limits.memory) return tooLarge("memory")
        fields.append(info.name, Multipasta.decodeField(info, value))
      },
      onFile,
      onError: (error) =>
        error._tag === "ReachedLimit" && error.limit === "MaxFieldSize"
          ? tooLarge("memory")
          : malformed(reasons[error._tag]),
      onDone: () => {
        closed = true
      }
    })

    /** The parser throws for names that are not well encoded. */
    const guarded = (step: () => void) => {
      try {
        step()
      } catch {
        malformed("a part of the form has a name that is not well encoded")
      }
    }

    const interrupted = Effect.sync(() => finish(Exit.interrupt(FiberId.none)))
    // A content type without a boundary has failed already.
    if (over) return interrupted
    reader = raw.read({
      chunk: (chunk) => {
        if (over) return
        size += chunk.length
        if (size > limits.upload) return tooLarge("upload")
        guarded(() => parser.write(chunk))
      },
      end: () => {
        if (over) return
        guarded(() => parser.end())
        ended = true
        if (!closed) malformed(reasons.EndNotReached)
        complete()
      },
      gone: (cause) => {
        ended = true
        finish(Exit.fail(new ClientGone({ cause })))
      }
    })
    return interrupted
  })

export const multipart: Multipart = (raw, contentType, limits) =>
  Effect.flatMap(folder, (directory) => parse(raw, contentType, limits, directory))
