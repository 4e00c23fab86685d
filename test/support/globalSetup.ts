/**
 * Starts the database servers of a test run, once, and tells the tests their URLs:
 * `inject("postgres")`, `inject("mysql")`. Where CI=true a server that cannot be had fails the run.
 */
import { existsSync } from "node:fs"
import type { TestProject } from "vitest/node"
import { missing } from "./missing.ts"
import { kinds, NoServer, start, type Server } from "./servers.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** A server's URL with the right to create databases; undefined where none could be had. */
    postgres: string | undefined
    mysql: string | undefined
  }
}

export default async function setup(project: TestProject) {
  const started: Array<Server> = []
  if (!existsSync(process.env["CHROMIUM"] ?? "/usr/bin/chromium")) {
    missing.push("no Chromium for the browser tests. Set CHROMIUM, or apt-get install chromium.")
  }
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
  }
  try {
    await Promise.all(
      kinds.map(async (kind) => {
        try {
          const server = await start(kind)
          started.push(server)
          project.provide(kind, server.url)
          console.log(`${kind}: ${server.source}`)
        } catch (error) {
          if (!(error instanceof NoServer)) throw error
          if (process.env["CI"] === "true") throw error
          project.provide(kind, undefined)
          missing.push(error.message)
        }
      })
    )
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}
