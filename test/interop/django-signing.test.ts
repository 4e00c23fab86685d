/** Signatures made by Django are read here, and ours are Django's to the letter. */
import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { readFileSync } from "node:fs"
import * as Signature from "../../src/domain/Signature.ts"
import { primitives } from "../../src/adapters/http/internal/crypto.ts"

interface Signed {
  readonly key: string | null
  readonly salt?: string | null
  readonly sep?: string
  readonly signed: string
}

interface Vectors {
  readonly secret_key: string
  readonly signer: ReadonlyArray<Signed & { readonly value: string }>
  readonly timestamp_signer: ReadonlyArray<
    Signed & { readonly value: string; readonly now: number }
  >
  readonly dumps: ReadonlyArray<
    Signed & { readonly obj: unknown; readonly compress: boolean; readonly now: number }
  >
  readonly bad: ReadonlyArray<Signed & { readonly result: string }>
  readonly base62: ReadonlyArray<readonly [number, string]>
  readonly signed_cookies: ReadonlyArray<{
    readonly name: string
    readonly value: string
    readonly salt: string
    readonly now: number
    readonly cookie_value: string
  }>
  readonly expiry: ReadonlyArray<
    Signed & { readonly read_at: number; readonly max_age: number | null; readonly result: string }
  >
}

const verdict = <E extends { readonly _tag: string }>(result: Either.Either<unknown, E>) =>
  Either.match(result, { onLeft: (error) => error._tag, onRight: () => "ok" })

for (const version of ["5.2", "3.2"]) {
  const vectors: Vectors = JSON.parse(
    readFileSync(new URL(`../vectors/django-${version}/signing.json`, import.meta.url), "utf8")
  )
  const signer = (row: Omit<Signed, "signed">, salt: string) =>
    Signature.make(primitives, {
      key: row.key ?? vectors.secret_key,
      salt: row.salt ?? salt,
      ...(row.sep === undefined ? {} : { separator: row.sep })
    })

  describe(`signatures of Django ${version}`, () => {
    it.each(vectors.signer)("Signer: $signed", (row) => {
      const own = signer(row, "django.core.signing.Signer")
      assert.strictEqual(own.sign(row.value), row.signed)
      assert.deepStrictEqual(own.unsign(row.signed), Either.right(row.value))
    })

    it.each(vectors.timestamp_signer)("TimestampSigner: $signed", (row) => {
      const own = signer(row, "django.core.signing.TimestampSigner")
      assert.strictEqual(own.signAt(row.value, row.now * 1000), row.signed)
      assert.deepStrictEqual(own.unsignAt(row.signed, row.now * 1000, 0), Either.right(row.value))
    })

    it.each(vectors.dumps)("dumps: $signed", (row) => {
      const own = signer(row, "django.core.signing")
      const signed = own.dumps(row.obj, row.now * 1000, { compress: row.compress })
      // zlib libraries differ in the bytes they write, never in what they read.
      if (!row.signed.startsWith(".")) assert.strictEqual(signed, row.signed)
      assert.strictEqual(signed.startsWith("."), row.signed.startsWith("."))
      assert.deepStrictEqual(own.loads(row.signed, row.now * 1000), Either.right(row.obj))
      assert.deepStrictEqual(own.loads(signed, row.now * 1000), Either.right(row.obj))
    })

    it.each(vectors.bad)("refused: $signed", (row) => {
      assert.strictEqual(
        verdict(signer(row, "django.core.signing.Signer").unsign(row.signed)),
        row.result
      )
    })

    it.each(vectors.base62)("base 62: %d", (value, encoded) => {
      assert.strictEqual(Signature.encodeBase62(value), encoded)
      assert.strictEqual(Signature.decodeBase62(encoded), value)
    })

    it.each(vectors.signed_cookies)("signed cookie: $cookie_value", (row) => {
      const own = Signature.forCookie(primitives, row.name, {
        key: vectors.secret_key,
        salt: row.salt
      })
      assert.strictEqual(own.signAt(row.value, row.now * 1000), row.cookie_value)
      assert.deepStrictEqual(
        own.unsignAt(row.cookie_value, row.now * 1000),
        Either.right(row.value)
      )
    })

    it.each(vectors.expiry)("read at $read_at with max_age $max_age: $result", (row) => {
      assert.strictEqual(
        verdict(
          signer(row, "django.core.signing.TimestampSigner").unsignAt(
            row.signed,
            row.read_at * 1000,
            row.max_age ?? undefined
          )
        ),
        row.result
      )
    })
  })
}
