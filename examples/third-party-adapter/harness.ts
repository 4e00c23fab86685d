/** For `portico contract SessionStore --adapter harness.ts`. */
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileSessions from "portico-file-sessions"

export const { capabilities } = FileSessions

export const layer = FileSessions.layer({
  directory: join(tmpdir(), `file-sessions-${process.pid}`)
})
