/** What the endings of file names stand for. */
import * as nodePath from "node:path"

// Types: IANA's registry of media types. Text is UTF-8.
const types: ReadonlyMap<string, string> = new Map(
  Object.entries({
    avif: "image/avif",
    css: "text/css; charset=utf-8",
    csv: "text/csv; charset=utf-8",
    gif: "image/gif",
    gz: "application/gzip",
    htm: "text/html; charset=utf-8",
    html: "text/html; charset=utf-8",
    ico: "image/vnd.microsoft.icon",
    jpeg: "image/jpeg",
    jpg: "image/jpeg",
    js: "text/javascript; charset=utf-8",
    json: "application/json",
    map: "application/json",
    md: "text/markdown; charset=utf-8",
    mjs: "text/javascript; charset=utf-8",
    mp3: "audio/mpeg",
    mp4: "video/mp4",
    ogg: "audio/ogg",
    otf: "font/otf",
    pdf: "application/pdf",
    png: "image/png",
    svg: "image/svg+xml",
    ttf: "font/ttf",
    txt: "text/plain; charset=utf-8",
    wasm: "application/wasm",
    wav: "audio/wav",
    webm: "video/webm",
    webmanifest: "application/manifest+json",
    webp: "image/webp",
    woff: "font/woff",
    woff2: "font/woff2",
    xml: "application/xml; charset=utf-8",
    zip: "application/zip"
  })
)

/** The media type that the ending of a file's name stands for; bytes of any kind where it is unknown. */
export const contentType = (name: string): string =>
  types.get(nodePath.extname(name).slice(1).toLowerCase()) ?? "application/octet-stream"
