/** What the servers of this folder hand to the port alike. */
import type { Capabilities, Driver } from "../../../ports/HttpServer.ts"
import * as ErrorResponse from "../ErrorResponse.ts"
import { multipart } from "./multipart.ts"
import { scheduler } from "./scheduler.ts"

export const driver = (capabilities: Capabilities): Driver => ({
  capabilities,
  problem: ErrorResponse.problem,
  page: ErrorResponse.page,
  multipart,
  scheduler
})
