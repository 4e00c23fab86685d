/** Tokens and verdicts of Django's CsrfViewMiddleware. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Csrf from "../../src/domain/Csrf.ts"

interface Case {
  readonly method: string
  readonly cookie?: "none" | "bad" | "masked"
  readonly token: string
  readonly via?: "form" | "header"
  readonly origin?: string
  readonly referer?: string
  readonly host?: string
  readonly secure?: boolean
  readonly trusted?: ReadonlyArray<string>
  readonly result: "accept" | "reject"
  readonly reason: string | null
}

interface Vectors {
  readonly alphabet: string
  readonly pairs: ReadonlyArray<{
    readonly secret: string
    readonly mask: string
    readonly token: string
  }>
  readonly case_tokens: Readonly<Record<string, string | null>>
  readonly case_cookie: string
  readonly cases: ReadonlyArray<Case>
}

const load = (version: string): Vectors =>
  JSON.parse(
    readFileSync(new URL(`../vectors/django-${version}/csrf.json`, import.meta.url), "utf8")
  )

const verdict = (vectors: Vectors, row: Case): Csrf.Refusal | undefined => {
  if (Csrf.isSafe(row.method)) return undefined
  const token = vectors.case_tokens[row.token] ?? undefined
  return (
    Csrf.checkProvenance(
      {
        scheme: row.secure ? "https" : "http",
        host: row.host ?? "testserver",
        origin: row.origin,
        referer: row.referer,
        fetchSite: undefined
      },
      Csrf.trust(row.trusted ?? [])
    ) ??
    Csrf.checkToken({
      cookie: {
        none: undefined,
        bad: "no-good!",
        masked: vectors.case_tokens.good!,
        good: vectors.case_cookie
      }[row.cookie ?? "good"],
      field: row.via === "form" ? token : undefined,
      header: row.via === "header" ? token : undefined
    })
  )
}

for (const version of ["5.2", "3.2"]) {
  const vectors = load(version)

  describe(`CSRF of Django ${version}`, () => {
    it.each(vectors.pairs)("token $token", ({ mask, secret, token }) => {
      assert.strictEqual(Csrf.makeToken(secret, mask), token)
      assert.strictEqual(Csrf.readSecret(token), secret)
    })
  })
}

describe("verdicts of Django 5.2", () => {
  const vectors = load("5.2")

  it.each(vectors.cases.map((row) => [JSON.stringify(row), row] as const))("%s", (_, row) => {
    assert.strictEqual(verdict(vectors, row)?.reason ?? null, row.reason)
  })
})

describe("verdicts of Django 3.2, which knew no Origin", () => {
  const vectors = load("3.2")
  // 5.2 is the target: 3.2 let other origins pass and looked at the Referer beside an Origin.
  const alike = vectors.cases.filter((row) => row.origin === undefined)

  it.each(alike.map((row) => [JSON.stringify(row), row] as const))("%s", (_, row) => {
    assert.strictEqual(verdict(vectors, row) === undefined ? "accept" : "reject", row.result)
  })
})
