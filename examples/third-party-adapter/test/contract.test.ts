import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { contract } from "portico/contracts/SessionStoreContract"
import { register } from "portico/contracts/vitest"
import * as FileSessions from "../src/FileSessions.ts"

/** A directory of its own for each clause, gone afterwards. */
const layer = Layer.unwrapScoped(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => fs.mkdtemp(join(tmpdir(), "file-sessions-"))),
      (directory) => Effect.promise(() => fs.rm(directory, { recursive: true, force: true }))
    ),
    (directory) => FileSessions.layer({ directory })
  )
)

register(contract, { name: "files", capabilities: FileSessions.capabilities, layer })
