/**
 * The site in a real browser without JavaScript, at phone and desktop width. Needs a Chromium: the one
 * that CHROMIUM names, or /usr/bin/chromium. SCREENSHOTS names a folder for pictures.
 */
import { it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { type Browser, chromium, type Page } from "playwright-core"
import { Database } from "portico"
import * as TestSite from "portico/bootstrap/TestSite"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { Polls } from "../models.ts"
import site from "../site.ts"

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium"
const screenshots = process.env["SCREENSHOTS"]

const seeded = Effect.gen(function* () {
  const now = yield* DateTime.now
  for (const text of ["Tabs or spaces?", "Where should the office dog sleep when it rains?"]) {
    const { id } = yield* Database.insert(Polls.Question, { text, publishedAt: now })
    yield* Database.insertMany(
      Polls.Choice,
      ["Tabs", "Spaces", "Whatever the formatter says"].map((choice) => ({
        questionId: id,
        text: choice
      }))
    )
  }
})

describe.skipIf(!existsSync(executablePath))("the polls site in a browser", () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      // prettier-ignore
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    })
  })
  afterAll(() => browser.close())

  for (const [device, width] of [
    ["phone", 390],
    ["desktop", 1280]
  ] as const) {
    it.scopedLive(
      `looks and works on a ${device}`,
      () =>
        Effect.gen(function* () {
          const { address, run } = yield* TestSite.listen(site, { load: (path) => import(path) })
          yield* run(seeded)
          yield* Effect.promise(() => visit(address.url, device, width))
        }),
      60_000
    )
  }

  const visit = async (url: string, device: string, width: number) => {
    const page = await browser.newPage({
      viewport: { width, height: 800 },
      javaScriptEnabled: false
    })
    const complaints: Array<string> = []
    page.on("console", (message) => complaints.push(message.text()))
    const look = (name: string) => inspect(page, join(device, name))

    await page.goto(url)
    await look("index")
    await page.click("text=Tabs or spaces?")
    await page.getByRole("button", { name: "Vote" }).click()
    assert.include(await page.content(), "You didn’t select a choice.")
    await look("error")
    await page.getByLabel("Spaces", { exact: true }).check()
    await page.getByRole("button", { name: "Vote" }).click()
    assert.match(page.url(), /\/results\/$/)
    assert.include(await page.content(), "1 vote")
    await look("results")
    assert.deepStrictEqual(
      complaints,
      [],
      "no complaint of the browser, of its content policy above all"
    )
    await page.goto(`${url}/nowhere/`)
    await look("404")
    assert.isFalse(complaints.some((text) => text.includes("Content Security Policy")))
    await page.close()
  }

  /** Styled, and nothing wider than the window. Measured from outside: the page runs no script. */
  const inspect = async (page: Page, name: string) => {
    if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, `${name}.png`) })
    const session = await page.context().newCDPSession(page)
    const { cssContentSize, cssLayoutViewport } = await session.send("Page.getLayoutMetrics")
    assert.isAtMost(cssContentSize.width, cssLayoutViewport.clientWidth, `${name} fits`)
    const { root } = await session.send("DOM.getDocument")
    const { nodeId } = await session.send("DOM.querySelector", {
      nodeId: root.nodeId,
      selector: "body"
    })
    await session.send("DOM.enable")
    await session.send("CSS.enable")
    const { computedStyle } = await session.send("CSS.getComputedStyleForNode", { nodeId })
    const font = computedStyle.find((property) => property.name === "font-family")?.value
    assert.include(font, "system-ui", `${name} is styled`)
  }
})
