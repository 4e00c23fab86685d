/** The SQL of each change on each engine. What the engines make of it is tested in migrator.test.ts. */
import { assert, describe, expect, it } from "@effect/vitest"
import { Either } from "effect"
import { compile, type Dialect, statements } from "../../../src/adapters/db/internal/ddl.ts"
import * as Migration from "../../../src/domain/Migration.ts"
import * as Model from "../../../src/domain/Model.ts"
import { models } from "./ddl/models.ts"

const dialects: ReadonlyArray<Dialect> = ["sqlite", "postgres", "mysql"]

const creations = Either.getOrThrow(
  Migration.difference([], Migration.stateOf(Model.registryOf(models)))
)

describe("tables", () => {
  for (const dialect of dialects) {
    it(`hold everything that models say: ${dialect}`, () => {
      const text = creations
        .flatMap((change) => statements(dialect, change))
        .map((statement) => `${statement};`)
        .join("\n")
      return expect(text).toMatchFileSnapshot(`./ddl/${dialect}.sql`)
    })
  }
})

const changes: Readonly<Record<string, Migration.Change>> = {
  "add column": {
    _tag: "AddColumn",
    table: "vote",
    column: { name: "note", type: { _tag: "Text", max: 9 }, default: "-" }
  },
  "add foreign key": {
    _tag: "AddColumn",
    table: "vote",
    column: { name: "by_id", type: { _tag: "Int" }, nullable: true },
    foreignKey: {
      name: "fk_vote_by_id",
      column: "by_id",
      table: "user",
      references: "id",
      onDelete: "restrict"
    },
    uniques: [{ name: "uq_vote_by_id_rank", columns: ["by_id", "rank"] }],
    indexes: [{ name: "ix_vote_rank_by_id", columns: ["rank", "by_id"] }]
  },
  "add unique": {
    _tag: "AddUnique",
    table: "vote",
    unique: { name: "uq_vote_rank", columns: ["rank"] }
  },
  "add index": {
    _tag: "AddIndex",
    table: "vote",
    index: { name: "ix_vote_rank", columns: ["rank"] }
  }
}

describe("changes", () => {
  it("go forwards and back", () =>
    expect(
      Object.entries(changes)
        .flatMap(([what, change]) =>
          dialects.flatMap((dialect) => [
            `-- ${what}: ${dialect}`,
            ...statements(dialect, change),
            `-- and back`,
            ...statements(dialect, Migration.reverse(change)),
            ""
          ])
        )
        .join("\n")
    ).toMatchFileSnapshot("./ddl/changes.sql"))

  it("are one statement each on MySQL, which commits every statement", () => {
    for (const change of [...creations, ...Object.values(changes)]) {
      assert.lengthOf(statements("mysql", change), 1, change._tag)
      assert.lengthOf(statements("mysql", Migration.reverse(change)), 1, change._tag)
    }
  })
})

describe("names and texts", () => {
  const hostile = `a"b\`c'; DROP TABLE x; --`
  const change: Migration.Change = {
    _tag: "CreateTable",
    table: {
      name: hostile,
      columns: [{ name: hostile, type: { _tag: "Text" }, default: `'); DROP TABLE x; --` }],
      primaryKey: [hostile],
      uniques: [],
      indexes: [],
      checks: [],
      foreignKeys: []
    }
  }

  it("are quoted", () => {
    const quoted = { sqlite: '"', postgres: '"', mysql: "`" }
    for (const dialect of dialects) {
      const [sql = ""] = statements(dialect, change)
      const quote = quoted[dialect]
      const name = quote + hostile.replaceAll(quote, quote + quote) + quote
      assert.include(sql, `CREATE TABLE ${name} (`)
      assert.include(sql, `'''); DROP TABLE x; --'`)
      // What is left once names and texts are taken out has no second statement in it.
      assert.notInclude(sql.replaceAll(name, "").replaceAll(/'(?:[^']|'')*'/g, ""), "DROP")
    }
  })
})

describe("compile", () => {
  const column = (type: Migration.ColumnState["type"]): Migration.Change => ({
    _tag: "AddColumn",
    table: "t",
    column: { name: "x", type, nullable: true }
  })
  const key = (
    type: Migration.ColumnState["type"],
    keys: Partial<Migration.TableState>
  ): Migration.Change => ({
    _tag: "CreateTable",
    table: {
      name: "t",
      columns: [
        { name: "id", type: { _tag: "Int" }, identity: true },
        { name: "x", type },
        { name: "y", type }
      ],
      primaryKey: ["id"],
      uniques: [],
      indexes: [],
      checks: [],
      foreignKeys: [],
      ...keys
    }
  })
  const refusal = (dialect: Dialect, change: Migration.Change) =>
    Either.match(compile(dialect, change), {
      onLeft: ({ kind, reason }) => `${kind}: ${reason}`,
      onRight: () => "made"
    })

  it("refuses decimals of more digits than the engine stores", () => {
    const digits = (precision: number) => column({ _tag: "Decimal", precision, scale: 2 })
    assert.strictEqual(refusal("sqlite", digits(18)), "made")
    assert.strictEqual(
      refusal("sqlite", digits(19)),
      "unsupported: t.x has 19 digits and this database stores 18. Declare the field with fewer digits, or keep it as text."
    )
    assert.strictEqual(refusal("mysql", digits(65)), "made")
    assert.match(refusal("mysql", digits(66)), /^unsupported: t\.x has 66 digits/)
    assert.strictEqual(refusal("postgres", digits(66)), "made")
  })

  it("refuses keys that are too long for MySQL, and for MySQL alone", () => {
    const unique = { uniques: [{ name: "uq", columns: ["x"] }] }
    const both = { indexes: [{ name: "ix", columns: ["x", "y"] }] }
    const long: ReadonlyArray<Migration.Change> = [
      key({ _tag: "Text" }, unique),
      key({ _tag: "Text", max: 769 }, unique),
      key({ _tag: "Text", max: 400 }, both),
      key({ _tag: "Json" }, unique),
      key({ _tag: "Bytes" }, { primaryKey: ["x"] }),
      {
        _tag: "AddColumn",
        table: "t",
        column: { name: "x", type: { _tag: "Text" }, nullable: true },
        uniques: [{ name: "uq", columns: ["x"] }]
      }
    ]
    for (const change of long) {
      assert.match(
        refusal("mysql", change),
        /^unsupported: the key of t over \(x(?:, y)?\) takes more than the 3072 bytes of a MySQL key\. Give its text fields a max/
      )
      assert.strictEqual(refusal("postgres", change), "made")
      assert.strictEqual(refusal("sqlite", change), "made")
    }
    for (const change of [
      key({ _tag: "Text", max: 768 }, unique),
      key({ _tag: "Text", max: 384 }, both),
      key({ _tag: "Uuid" }, both),
      key({ _tag: "Text" }, {})
    ]) {
      assert.strictEqual(refusal("mysql", change), "made")
    }
  })

  it("keeps texts longer than a varchar as text with a check", () => {
    const text = (max: number) => statements("postgres", column({ _tag: "Text", max })).join("")
    assert.include(text(10_485_760), `"x" varchar(10485760) COLLATE "C" NULL`)
    assert.include(
      text(10_485_761),
      `"x" text COLLATE "C" NULL CHECK (char_length("x") <= 10485761)`
    )
  })

  it("makes what `statements` prints", () => {
    for (const dialect of dialects) {
      for (const change of creations) {
        assert.deepStrictEqual(compile(dialect, change), Either.right(statements(dialect, change)))
      }
    }
  })
})
