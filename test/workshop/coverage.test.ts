/**
 * Nothing is green because nothing ran: every adapter stands trial on a contract, every port that
 * adapters write a driver for has one, and every contract has drivers that break it.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { assert, describe, it } from "vitest"
import { adapterFiles, root } from "./adapterFiles.ts"

/** What has no contract, and what holds it to its word instead. */
const withoutContract: Readonly<Record<string, string>> = {
  // One function, HMAC: it is held to Django's own signatures, in both directions.
  Signer: "test/interop/django-signing.test.ts"
}

/** Files that hand on what an adapter gives, and are no adapters themselves. */
const handsOn: Readonly<Record<string, string>> = {
  // The client that the SQL adapters give beside their port.
  "src/adapters/db/RawSql.ts": "test/bootstrap/RawSql.test.ts"
}

/** Ports that are made of ports: their one layer stands trial over every adapter below it. */
const madeOfPorts = new Set(["Migrator"])

const specifier = /from "(\.[^"]+)"/g

/** The files that `file` imports, directly or through the tests' own helpers. */
const reached = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(file)) return seen
  seen.add(file)
  if (!file.startsWith("test/")) return seen
  for (const [, path = ""] of readFileSync(join(root, file), "utf8").matchAll(specifier)) {
    reached(relative(root, join(root, dirname(file), path)), seen)
  }
  return seen
}

const tests = readdirSync(join(root, "test/contracts"))
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => `test/contracts/${file}`)

const contracts = readdirSync(join(root, "contracts"))
  .filter((file) => /.Contract\.ts$/.test(file))
  .map((file) => file.slice(0, -"Contract.ts".length))

/** Where adapters are registered. */
const trials = contracts
  .map((port) => `test/contracts/${port}.test.ts`)
  .filter((file) => tests.includes(file))

/** The ports that a file gives, by what it imports of them: `Layer.Layer<Router>` names one. */
const portsOfAdapter = (path: string): ReadonlyArray<string> =>
  [...readFileSync(join(root, path), "utf8").matchAll(/from "\.\.\/\.\.\/ports\/(\w+)\.ts"/g)].map(
    ([, port = ""]) => port
  )

describe("adapters on trial", () => {
  it("finds the adapters", () => assert.isAtLeast(adapterFiles.length, 18))

  it.each(adapterFiles)("$name", ({ path }) => {
    const by = trials.filter((file) => reached(file).has(path))
    const excused = portsOfAdapter(path).some((port) => port in withoutContract)
    assert.isTrue(
      by.length > 0 || excused || path in handsOn,
      `${path} is on trial in no test/contracts/*.test.ts. Register it with the contract of its port.`
    )
  })
})

describe("contracts", () => {
  const drivers = readdirSync(join(root, "src/ports"))
    .filter((file) =>
      /^export (?:interface|type) Driver\b/m.test(
        readFileSync(join(root, "src/ports", file), "utf8")
      )
    )
    .map((file) => file.slice(0, -".ts".length))

  it.each(drivers)("the port %s, which has a driver, has a contract", (port) => {
    const instead = withoutContract[port]
    if (instead === undefined) assert.include(contracts, port)
    else assert.isTrue(existsSync(join(root, instead)), instead)
  })

  it.each(contracts)("%s is tried, and broken on purpose", (port) => {
    const contract = `contracts/${port}Contract.ts`
    const uses = (test: string): boolean => tests.includes(test) && reached(test).has(contract)
    assert.isTrue(uses(`test/contracts/${port}.test.ts`), `Write test/contracts/${port}.test.ts.`)
    assert.isTrue(
      uses(`test/contracts/${port}.sabotage.test.ts`),
      `Write test/contracts/${port}.sabotage.test.ts: a wrong driver for each clause.`
    )
  })

  it.each(contracts.filter((port) => !madeOfPorts.has(port)))(
    "%s can be run by portico contract",
    (port) => {
      const command = readFileSync(join(root, "src/bootstrap/cli/contract.ts"), "utf8")
      assert.include(command, `contracts/${port}Contract.ts`)
    }
  )
})
