/** Node's hashing and compression for the domain's pure functions. */
import { createHash, createHmac } from "node:crypto"
import { deflateSync, inflateSync } from "node:zlib"
import type { Primitives } from "../../../domain/Signature.ts"

export const primitives: Primitives = {
  sha256: (data) => createHash("sha256").update(data).digest(),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  deflate: (data) => deflateSync(data),
  inflate: (data, maxOutputLength) => inflateSync(data, { maxOutputLength })
}
