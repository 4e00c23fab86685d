/**
 * The last lines of a run: what was skipped for want of a database, then `N passed, N failed, N skipped`.
 */
import type { Reporter, TestModule } from "vitest/node"
import { missing } from "./missing.ts"

export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<unknown>): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      // A file that failed to load has no tests, and is a failure all the same.
      if (module.state() === "failed" && tests.every((test) => test.result().state !== "failed")) {
        counts.failed++
      }
      for (const test of tests) {
        const { state } = test.result()
        counts[state === "passed" || state === "failed" ? state : "skipped"]++
      }
    }
    // At exit, so that no other reporter's summary comes after it.
    process.once("exit", () => {
      for (const line of missing) console.log(`skipped: ${line}`)
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    })
  }
}
