import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["@portico/source"] },
  ssr: { resolve: { conditions: ["@portico/source"] } },
  test: {
    include: ["test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "examples/third-party-adapter/**"],
    globalSetup: ["test/support/globalSetup.ts"],
    reporters: ["default", "./test/support/plainReporter.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores in CI, and databases beside the tests.
    maxWorkers: 2,
    minWorkers: 1
  }
})
