/** The adapter of docs/guide/contracts-and-your-own-adapter.md meets the contract that it is shown with. */
import { Effect } from "effect"
import { join } from "node:path"
import { afterAll, assert, it } from "vitest"
import type { Harness } from "../../contracts/Contract.ts"
import { isMet, run } from "../../contracts/run.ts"
import { contract } from "../../contracts/SessionStoreContract.ts"
import type * as SessionStore from "../../src/ports/SessionStore.ts"
import { blocksOf, modulesOf, pages } from "./pages.ts"
import { makeWorkspace } from "./workspace.ts"

const page = pages.find(({ path }) => path === "docs/guide/contracts-and-your-own-adapter.md")!
const workspace = makeWorkspace()
afterAll(() => workspace.remove())

it("the adapter of the guide meets its contract", async () => {
  const { code } = blocksOf(page)
    .flatMap(modulesOf)
    .find(({ name }) => name === "MapSessions.ts")!
  workspace.write("MapSessions.ts", code)
  const adapter = (await import(/* @vite-ignore */ join(workspace.path, "MapSessions.ts"))) as Omit<
    Harness<SessionStore.SessionStore, SessionStore.Capabilities>,
    "name"
  >
  const verdicts = await Effect.runPromise(run(contract, { name: "map", ...adapter }))
  assert.deepStrictEqual(
    verdicts.filter((verdict) => !isMet(verdict)).map(({ clause }) => clause),
    []
  )
  assert.isAtLeast(verdicts.length, 20)
})
