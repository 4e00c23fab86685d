/**
 * Serves the files of a site's `static/` directories below one prefix, and names them: an address
 * with a hash of the content may be kept by browsers for ever, since changed content has another.
 *
 * Views name a file by `StaticFiles.url` of the port and pages by `static_url`, the prefix, and its
 * plain name. Ranges and conditional requests are the server's, as for every file.
 */
import { createHash } from "node:crypto"
import { readFileSync, realpathSync, statSync } from "node:fs"
import * as Path from "node:path"
import * as HttpResponse from "../../../domain/HttpResponse.ts"
import * as HttpRequest from "../../../ports/HttpRequest.ts"
import * as Middleware from "../../../ports/Middleware.ts"
import { current } from "../../../ports/StaticFiles.ts"
import { contentType } from "../internal/mediaTypes.ts"

export interface Options {
  /** Searched in order; the first that has a file wins. One that does not exist is empty. */
  readonly directories: ReadonlyArray<string>
  /** What addresses begin with. `/static/` if absent. */
  readonly prefix?: string
  /**
   * Files change while the site runs: each request looks at the disk and browsers ask every time.
   * False if absent: then a file that was found once is taken to stay as it is.
   */
  readonly development?: boolean
}

interface File {
  readonly path: string
  readonly size: number
  readonly modifiedAt: number
}

/** Names that a site may serve: no hidden file, no way up, no separator of another system. */
const isName = (path: string): boolean =>
  path.length > 0 &&
  path.split("/").every((segment) => segment !== "" && !segment.startsWith(".")) &&
  // oxlint-disable-next-line no-control-regex -- what no file of a site is called
  !/[\\:\u0000-\u001f]/.test(path)

const decode = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

// "style.3f2a1b0c9d8e.css": twelve hexadecimal digits before the extension, or at the end.
const hashed = /^(.*)\.([0-9a-f]{12})(\.[^./]*)?$/

/** Where a site's files are, and what they are called. */
const filesOf = ({
  development = false,
  directories,
  prefix
}: Options & { readonly prefix: string }) => {
  const roots = directories.flatMap((directory) => {
    try {
      return [realpathSync(directory)]
    } catch {
      return []
    }
  })
  // Bounded by the files that there are: a name without a file is not remembered.
  const found = new Map<string, File>()
  const hashes = new Map<string, { readonly modifiedAt: number; readonly hash: string }>()

  const look = (name: string): File | undefined => {
    for (const root of roots) {
      try {
        // The file itself, so that no link leads out of the directory.
        const path = realpathSync(Path.join(root, name))
        const stat = statSync(path)
        if (stat.isFile() && path.startsWith(root + Path.sep)) {
          return { path, size: stat.size, modifiedAt: stat.mtimeMs }
        }
      } catch {
        // Not in this directory.
      }
    }
    return undefined
  }

  const find = (name: string): File | undefined => {
    if (!isName(name)) return undefined
    const known = development ? undefined : found.get(name)
    if (known !== undefined) return known
    const file = look(name)
    if (file !== undefined && !development) found.set(name, file)
    return file
  }

  const hash = (file: File): string => {
    const known = hashes.get(file.path)
    if (known?.modifiedAt === file.modifiedAt) return known.hash
    const made = createHash("sha256").update(readFileSync(file.path)).digest("hex").slice(0, 12)
    hashes.set(file.path, { modifiedAt: file.modifiedAt, hash: made })
    return made
  }

  return {
    find,
    hash,
    url: (name: string): string => {
      const file = find(name)
      if (file === undefined) {
        throw new Error(
          `StaticFiles.url: there is no file ${JSON.stringify(name)} in ${roots.length === 0 ? "any directory, as none exists" : roots.join(", ")}. ` +
            `Put it into the static/ directory of the site or of an app.`
        )
      }
      const extension = Path.posix.extname(name)
      const full = development
        ? name
        : `${name.slice(0, name.length - extension.length)}.${hash(file)}${extension}`
      return prefix + full.split("/").map(encodeURIComponent).join("/")
    }
  }
}

// A year in seconds, the longest that caches are asked to keep anything (RFC 9111 names no limit;
// RFC 2616, 14.21 did), and `immutable` so that a reload does not ask either (RFC 8246).
const forEver = HttpResponse.defaults({ "cache-control": "public, max-age=31536000, immutable" })
// Ask every time: an ETag makes the answer cheap.
const askAlways = HttpResponse.defaults({ "cache-control": "no-cache" })
// A minute in production: long enough for one visit, short enough for a new release.
const aMinute = HttpResponse.defaults({ "cache-control": "public, max-age=60" })

export const make = (options: Options): Middleware.Middleware => {
  const { development = false, prefix = "/static/" } = options
  if (!/^\/(?:.*\/)?$/.test(prefix)) {
    throw new Error(
      `StaticFiles.make: the prefix ${JSON.stringify(prefix)} does not begin and end with a slash. Write it as "/static/".`
    )
  }
  const files = filesOf({ ...options, prefix })
  const lasting = development ? askAlways : aMinute

  const answer = (file: File, cache: HttpResponse.Headers): HttpResponse.HttpResponse =>
    new HttpResponse.HttpResponse(200, ["content-type", contentType(file.path), ...cache], {
      _tag: "File",
      ...file
    })

  const serve = (path: string): HttpResponse.HttpResponse | undefined => {
    const name = decode(path)
    if (name === undefined) return undefined
    const file = files.find(name)
    if (file !== undefined) return answer(file, lasting)
    const [, before, hash, extension = ""] = hashed.exec(name) ?? []
    if (before === undefined) return undefined
    const named = files.find(before + extension)
    if (named === undefined) return undefined
    // A page of an older release may ask for what was: it gets what is, and keeps it for less long.
    return answer(named, files.hash(named) === hash ? forEver : lasting)
  }

  return Middleware.make("staticFiles", (next) => (request) => {
    if (request.path.startsWith(prefix)) {
      if (request.method === "GET" || request.method === "HEAD") {
        // Without an effect, and so without a fiber: asking the disk takes some microseconds, once.
        const served = serve(request.path.slice(prefix.length))
        if (served !== undefined) return served
      }
      return next(request)
    }
    current.set(request, files.url)
    HttpRequest.provideToTemplates(request, "static_url", () => prefix)
    return next(request)
  })
}
