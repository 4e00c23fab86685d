/**
 * Files of this machine as responses: their type by their name, length and time by a look at them.
 * Called by views; the servers add ranges and conditional requests.
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as nodePath from "node:path"
import * as HttpResponse from "../../domain/HttpResponse.ts"
import * as View from "../../ports/View.ts"
import { contentType } from "./internal/mediaTypes.ts"

export interface Options {
  /** Instead of the type that the name's ending stands for. */
  readonly contentType?: string
  /** The browser saves the file, under this name, rather than showing it. */
  readonly download?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A `content-disposition` that saves under `name` (RFC 6266, with the encoding of RFC 8187). */
export const attachment = (name: string): string => {
  const plain = name.replace(/[^\u0020-\u007e]|["\\%]/g, "_")
  if (plain === name) return `attachment; filename="${name}"`
  // encodeURIComponent throws on half a surrogate pair, and leaves ' ( ) * as they are.
  const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, "\ufffd")).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** The file at `path`, which is the program's own and not a visitor's. 404 where there is none. */
export const send = (
  path: string,
  options: Options = {}
): Effect.Effect<HttpResponse.HttpResponse, View.HttpFailure> =>
  Effect.flatMap(
    Effect.promise(() => fs.promises.stat(path).catch(() => undefined)),
    (stats) =>
      stats === undefined || !stats.isFile()
        ? View.notFound()
        : Effect.succeed(
            HttpResponse.file(
              { path, size: stats.size, modifiedAt: stats.mtimeMs },
              {
                headers: {
                  "content-type": options.contentType ?? contentType(options.download ?? path),
                  ...(options.download === undefined
                    ? {}
                    : { "content-disposition": attachment(options.download) }),
                  ...options.headers
                }
              }
            )
          )
  )

/**
 * The file that a visitor's `path` names inside the folder `root`. 404 for what is not there, lies
 * outside (also by a symbolic link) or begins with a dot.
 */
export const sendFrom = (
  root: string,
  path: string,
  options?: Options
): Effect.Effect<HttpResponse.HttpResponse, View.HttpFailure> =>
  Effect.flatMap(
    Effect.promise(() => inside(root, path).catch(() => undefined)),
    (file) => (file === undefined ? View.notFound() : send(file, options))
  )

const inside = async (root: string, path: string): Promise<string | undefined> => {
  const parts = path.split(/[/\\]/)
  if (path.includes("\0") || parts.some((part) => part.startsWith("."))) return undefined
  const folder = await fs.promises.realpath(root)
  const file = await fs.promises.realpath(nodePath.join(folder, ...parts))
  return file.startsWith(folder + nodePath.sep) ? file : undefined
}
