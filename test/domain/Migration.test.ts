import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Either, FastCheck as fc, Schema } from "effect"
import * as Migration from "../../src/domain/Migration.ts"
import * as Model from "../../src/domain/Model.ts"
import { f } from "../../src/domain/Model.ts"
import type * as Statement from "../../src/domain/Statement.ts"

const id: Migration.ColumnState = { name: "id", type: { _tag: "Int" }, identity: true }

const table = (
  name: string,
  options: Partial<Migration.TableState> = {}
): Migration.TableState => ({
  name,
  columns: [id],
  primaryKey: ["id"],
  uniques: [],
  indexes: [],
  checks: [],
  foreignKeys: [],
  ...options
})

const column = (
  name: string,
  options: Partial<Migration.ColumnState> = {}
): Migration.ColumnState => ({ name, type: { _tag: "Int" }, nullable: true, ...options })

const reference = (from: string, name: string, to: string): Migration.ForeignKeyState => ({
  name: `fk_${from}_${name}`,
  column: name,
  table: to,
  references: "id",
  onDelete: "restrict"
})

const changes = (from: Migration.State, to: Migration.State) =>
  Either.getOrThrow(Migration.difference(from, to))

const refusals = (from: Migration.State, to: Migration.State) =>
  Either.match(Migration.difference(from, to), {
    onLeft: (refused) => refused.refusals.map(({ fact }) => fact),
    onRight: () => []
  })

const run = (from: Migration.State, steps: ReadonlyArray<Migration.Change>) =>
  steps.reduce(Migration.apply, from)

/** Without the orders that mean nothing to a database. */
const unordered = (state: Migration.State) => {
  const byName = <A extends { readonly name: string }>(items: ReadonlyArray<A>) =>
    [...items].sort((a, b) => (a.name < b.name ? -1 : 1))
  return byName(
    state.map((each) => ({
      ...each,
      columns: byName(each.columns),
      uniques: byName(each.uniques),
      indexes: byName(each.indexes),
      checks: byName(each.checks),
      foreignKeys: byName(each.foreignKeys)
    }))
  )
}

const names = ["a", "b", "c", "d"]

const states: fc.Arbitrary<Migration.State> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...names),
      columns: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom("x", "y", "z", "w"),
          type: fc.constantFrom<Migration.ColumnState["type"]>(
            { _tag: "Int" },
            { _tag: "Text", max: 20 },
            { _tag: "Bool" }
          ),
          to: fc.option(fc.constantFrom(...names)),
          indexed: fc.boolean(),
          unique: fc.boolean()
        }),
        { selector: ({ name }) => name }
      ),
      pair: fc.boolean()
    }),
    { selector: ({ name }) => name }
  )
  .map((tables) => {
    const exists = new Set(tables.map(({ name }) => name))
    return tables.map(({ columns, name, pair }) => {
      const all = columns.map((each) => each.name)
      return table(name, {
        columns: [id, ...columns.map((each) => column(each.name, { type: each.type }))],
        uniques: columns
          .filter(({ unique }) => unique)
          .map((each) => ({ name: `uq_${name}_${each.name}`, columns: [each.name] })),
        indexes: [
          ...columns
            .filter(({ indexed }) => indexed)
            .map((each) => ({ name: `ix_${name}_${each.name}`, columns: [each.name] })),
          ...(pair && all.length > 1 ? [{ name: `ix_${name}_${all.join("_")}`, columns: all }] : [])
        ],
        foreignKeys: columns.flatMap((each) =>
          each.to !== null && exists.has(each.to) && each.type._tag === "Int"
            ? [reference(name, each.name, each.to)]
            : []
        )
      })
    })
  })

const cents = { _tag: "Decimal", precision: 12, scale: 2 } as const

const prices: ReadonlyArray<Migration.ColumnState> = [
  { name: "price", type: cents },
  { name: "tax", type: { ...cents, scale: 4 } }
]

/** That `price` is at least this. */
const checkOf = (right: Statement.Expression): Migration.CheckState => ({
  name: "ck",
  where: {
    _tag: "Compare",
    operator: "gte",
    left: { _tag: "Column", path: ["price"] },
    right
  }
})

describe("difference", () => {
  it("leads from one state to the other, and back", () => {
    let made = 0
    fc.assert(
      fc.property(states, states, (from, to) => {
        const found = Migration.difference(from, to)
        if (Either.isLeft(found)) return
        made++
        const there = run(from, found.right)
        assert.deepStrictEqual(unordered(there), unordered(to))
        const back = run(there, [...found.right].reverse().map(Migration.reverse))
        assert.deepStrictEqual(unordered(back), unordered(from))
      }),
      { numRuns: 1000, seed: 1 }
    )
    assert.isAbove(made, 100)
  })

  it("creates any state from nothing, with every table and reference standing when it is needed", () => {
    fc.assert(
      fc.property(states, (to) => {
        let state: Migration.State = []
        for (const change of changes([], to)) {
          state = Migration.apply(state, change)
          for (const each of state) {
            const columns = new Set(each.columns.map(({ name }) => name))
            for (const key of each.foreignKeys) {
              assert.isTrue(state.some(({ name }) => name === key.table))
              assert.isTrue(columns.has(key.column))
            }
            for (const key of [...each.uniques, ...each.indexes]) {
              assert.isTrue(key.columns.every((name) => columns.has(name)))
            }
          }
        }
        assert.deepStrictEqual(unordered(state), unordered(to))
      }),
      { numRuns: 500, seed: 2 }
    )
  })

  it("of equal states is empty, whatever the order of their columns and keys", () => {
    fc.assert(
      fc.property(states, (state) => {
        const shuffled = [...state].reverse().map((each) => ({
          ...each,
          columns: [...each.columns].reverse(),
          indexes: [...each.indexes].reverse()
        }))
        assert.deepStrictEqual(changes(state, shuffled), [])
      }),
      { numRuns: 200, seed: 3 }
    )
  })

  it("survives JSON", () => {
    fc.assert(
      fc.property(states, (to) => {
        const steps = changes([], to)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(steps)), steps)
      }),
      { numRuns: 100, seed: 4 }
    )
  })

  it("creates tables after those they refer to and drops them before", () => {
    const author = table("author")
    const book = table("book", {
      columns: [id, column("author_id")],
      foreignKeys: [reference("book", "author_id", "author")]
    })
    assert.deepStrictEqual(changes([], [book, author]).map(Migration.describe), [
      "Create table author",
      "Create table book"
    ])
    assert.deepStrictEqual(changes([author, book], []).map(Migration.describe), [
      "Drop table book",
      "Drop table author"
    ])
  })

  it("opens a circle at a nullable reference and refuses one without", () => {
    const circle = (nullable: boolean) => {
      const column = (name: string): Migration.ColumnState => ({
        name,
        type: { _tag: "Int" },
        ...(nullable ? { nullable: true } : {})
      })
      return [
        table("hen", {
          columns: [id, column("egg_id")],
          foreignKeys: [reference("hen", "egg_id", "egg")]
        }),
        table("egg", {
          columns: [id, { name: "hen_id", type: { _tag: "Int" } }],
          foreignKeys: [reference("egg", "hen_id", "hen")]
        })
      ]
    }
    assert.deepStrictEqual(changes([], circle(true)).map(Migration.describe), [
      "Create table hen",
      "Create table egg",
      "Add column hen.egg_id"
    ])
    assert.deepStrictEqual(changes(circle(true), []).map(Migration.describe), [
      "Drop column hen.egg_id",
      "Drop table egg",
      "Drop table hen"
    ])
    assert.deepStrictEqual(refusals([], circle(false)), [
      "the tables hen, egg refer to each other in a circle that no first row can enter"
    ])
  })

  it("adds the other columns of a key before the foreign key that leads it", () => {
    const to = table("vote", {
      columns: [id, column("choice_id"), column("voter", { type: { _tag: "Text", max: 9 } })],
      uniques: [{ name: "uq_vote_choice_id_voter", columns: ["choice_id", "voter"] }],
      foreignKeys: [reference("vote", "choice_id", "choice")]
    })
    const steps = changes([table("choice"), table("vote")], [table("choice"), to])
    assert.deepStrictEqual(steps.map(Migration.describe), [
      "Add column vote.voter",
      "Add column vote.choice_id"
    ])
    assert.deepStrictEqual(
      steps.map((change) => change._tag === "AddColumn" && change.uniques?.length),
      [undefined, 1]
    )
  })

  it("brings new keys before old ones go", () => {
    const from = table("t", {
      columns: [id, column("x")],
      uniques: [{ name: "uq_t_x", columns: ["x"] }]
    })
    const to = table("t", {
      columns: [id, column("x")],
      indexes: [{ name: "ix_t_x", columns: ["x"] }]
    })
    assert.deepStrictEqual(changes([from], [to]).map(Migration.describe), [
      "Add index ix_t_x",
      "Drop unique uq_t_x"
    ])
  })

  const base = table("t", { columns: [id, column("x")] })
  const check: Migration.CheckState = {
    name: "ck_t_x",
    where: { _tag: "IsNull", operand: { _tag: "Column", path: ["x"] } }
  }
  const refused: Record<string, readonly [Migration.State, Migration.State, RegExp]> = {
    "a changed type": [
      [base],
      [table("t", { columns: [id, column("x", { type: { _tag: "Bool" } })] })],
      /t\.x changes from int, nullable to bool, nullable/
    ],
    "a changed nullability": [
      [base],
      [table("t", { columns: [id, { name: "x", type: { _tag: "Int" } }] })],
      /t\.x changes from int, nullable to int/
    ],
    "a changed default": [
      [base],
      [table("t", { columns: [id, column("x", { default: 1 })] })],
      /to int, nullable, default 1/
    ],
    "a new column that rows have no value for": [
      [table("t")],
      [table("t", { columns: [id, { name: "x", type: { _tag: "Int" } }] })],
      /t\.x is new and not nullable/
    ],
    "what looks like a renamed column": [
      [base],
      [table("t", { columns: [id, column("y")] })],
      /t\.x goes and t\.y of the same type comes/
    ],
    "what looks like a renamed table": [
      [base],
      [table("u", { columns: [id, column("x")] })],
      /table t goes and u comes with the same columns/
    ],
    "another primary key": [
      [base],
      [{ ...base, primaryKey: ["x"] }],
      /the primary key of t changes from \(id\) to \(x\)/
    ],
    "a check on a table that exists": [[base], [{ ...base, checks: [check] }], /the check ck_t_x/],
    "a foreign key on a column that exists": [
      [base],
      [{ ...base, foreignKeys: [reference("t", "x", "t")] }],
      /the foreign key fk_t_x of t/
    ],
    "a new foreign key with a default": [
      [table("t")],
      [
        table("t", {
          columns: [id, column("x", { default: 1 })],
          foreignKeys: [reference("t", "x", "t")]
        })
      ],
      /t\.x is a new foreign key with a default/
    ],
    "a key that changes under its name": [
      [{ ...base, indexes: [{ name: "ix", columns: ["x"] }] }],
      [{ ...base, indexes: [{ name: "ix", columns: ["id", "x"] }] }],
      /ix of t gets other columns/
    ],
    "a check by letter case": [
      [],
      [
        {
          ...base,
          checks: [
            {
              name: "ck",
              where: {
                _tag: "Compare",
                operator: "iexact",
                left: { _tag: "Column", path: ["x"] },
                right: { _tag: "Literal", value: "y", type: { _tag: "Text" } }
              }
            }
          ]
        }
      ],
      /the check ck of t uses "iexact"/
    ],
    "a check that compares decimals of different scales": [
      [],
      [{ ...base, columns: prices, checks: [checkOf({ _tag: "Column", path: ["tax"] })] }],
      /the check ck of t uses decimals of different scales/
    ],
    "a check that is finer than its decimal": [
      [],
      [
        {
          ...base,
          columns: prices,
          checks: [checkOf({ _tag: "Literal", value: "0.005", type: cents })]
        }
      ],
      /the check ck of t uses decimals of different scales/
    ],
    "a check over another table": [
      [],
      [{ ...base, checks: [{ name: "ck", where: { _tag: "Some", path: ["y"], as: 1 } }] }],
      /the check ck of t uses other tables/
    ]
  }
  for (const [what, [from, to, fact]] of Object.entries(refused)) {
    it(`refuses ${what}, with what to do`, () => {
      const found = Migration.difference(from, to)
      assert.isTrue(Either.isLeft(found))
      const [refusal, ...others] = Either.getOrThrow(Either.flip(found)).refusals
      assert.match(refusal?.fact ?? "", fact)
      assert.match(refusal?.remedy ?? "", /^[A-Z].*\.$/)
      assert.deepStrictEqual(others, [])
    })
  }

  it("of a default that changes tells a way that keeps the column", () => {
    const found = Migration.difference(
      [base],
      [table("t", { columns: [id, column("x", { default: 1 })] })]
    )
    assert.match(Either.getOrThrow(Either.flip(found)).message, /Keep the default as it is/)
  })

  it("tells all refusals at once", () => {
    const to = table("t", {
      columns: [id, column("x", { type: { _tag: "Bool" } })],
      checks: [check]
    })
    assert.strictEqual(refusals([base], [to]).length, 2)
  })
})

describe("stateOf", () => {
  const User = Model.make(
    "User",
    {
      id: f.id(),
      email: f.text({ max: 100 }).unique(),
      balance: f.decimal(12, 2).default(BigDecimal.unsafeFromString("-1.50")),
      tiny: f.decimal(30, 20).default(BigDecimal.unsafeFromString("0.00000000000000000001")),
      whole: f.decimal(12, 2).default(BigDecimal.make(12n, -2)),
      big: f.bigint().default(2n ** 60n),
      at: f.instant().default(DateTime.unsafeMake("2020-02-29T01:02:03.004Z")),
      bytes: f.bytes().default(new Uint8Array([0, 255])),
      meta: f.json(Schema.Struct({ at: Schema.DateFromString })).default({ at: new Date(0) }),
      seen: f.createdAt(),
      note: f.text().nullable()
    },
    { checks: (u) => ({ solvent: u.balance.gte(BigDecimal.unsafeFromString("-100")) }) }
  )
  const Account = Model.models("accounts", { User })
  const Post = Model.make("Post", {
    id: f.uuidId(),
    author: f.belongsTo(User, { as: "posts", onDelete: "cascade" }),
    editor: f.oneToOne(User, { nullable: true, onDelete: "setNull" })
  })
  const Blog = Model.models("blog", { Post }, { uses: [Account] })
  const registry = Model.merge([Account, Blog])

  it("writes values in JSON's terms and leaves made ones out", () => {
    const [user] = Migration.stateOf(registry, "accounts")
    assert.deepStrictEqual(
      Object.fromEntries((user?.columns ?? []).map((each) => [each.name, each.default])),
      {
        id: undefined,
        email: undefined,
        balance: "-1.50",
        tiny: "0.00000000000000000001",
        whole: "1200",
        big: "1152921504606846976",
        at: "2020-02-29T01:02:03.004Z",
        bytes: "00ff",
        meta: { at: "1970-01-01T00:00:00.000Z" },
        seen: undefined,
        note: undefined
      }
    )
    assert.deepStrictEqual(user?.checks, [
      {
        name: "ck_accounts_user_solvent",
        where: {
          _tag: "Compare",
          operator: "gte",
          left: { _tag: "Column", path: ["balance"] },
          right: {
            _tag: "Literal",
            value: "-100",
            type: { _tag: "Decimal", precision: 12, scale: 2 }
          }
        }
      }
    ])
  })

  it("holds references by the names of the database, to other apps too", () => {
    const [post] = Migration.stateOf(registry, "blog")
    assert.deepStrictEqual(post?.foreignKeys, [
      {
        name: "fk_blog_post_author_id",
        column: "author_id",
        table: "accounts_user",
        references: "id",
        onDelete: "cascade"
      },
      {
        name: "fk_blog_post_editor_id",
        column: "editor_id",
        table: "accounts_user",
        references: "id",
        onDelete: "setNull"
      }
    ])
    assert.deepStrictEqual(post?.uniques, [
      { name: "uq_blog_post_editor_id", columns: ["editor_id"] }
    ])
    assert.deepStrictEqual(post?.indexes, [
      { name: "ix_blog_post_author_id", columns: ["author_id"] }
    ])
  })

  it("of all apps holds the tables of each", () => {
    assert.deepStrictEqual(
      Migration.stateOf(registry).map(({ name }) => name),
      ["accounts_user", "blog_post"]
    )
  })

  it("survives JSON", () => {
    const state = Migration.stateOf(registry)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(state)), state)
  })
})

describe("sorted", () => {
  const migration = (
    app: string,
    name: string,
    ...dependsOn: ReadonlyArray<readonly [app: string, name: string]>
  ) =>
    Migration.make({
      app,
      name,
      dependsOn: dependsOn.map(([app, name]) => ({ app, name })),
      changes: []
    })
  const order = (...migrations: ReadonlyArray<Migration.Migration>) =>
    Either.map(Migration.sorted(migrations), (sorted) => sorted.map(Migration.idOf))
  const fault = (...migrations: ReadonlyArray<Migration.Migration>) =>
    Either.match(Migration.sorted(migrations), {
      onLeft: ({ kind, migrations }) => ({ kind, migrations }),
      onRight: () => undefined
    })

  it("puts each after what it depends on, however they were found", () => {
    const all = [
      migration("a", "0001"),
      migration("a", "0002", ["a", "0001"], ["b", "0002"]),
      migration("b", "0001", ["a", "0001"]),
      migration("b", "0002", ["b", "0001"]),
      migration("c", "0001", ["a", "0002"])
    ]
    const expected = ["a.0001", "b.0001", "b.0002", "a.0002", "c.0001"]
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        assert.deepStrictEqual(order(...shuffled), Either.right(expected))
      }),
      { numRuns: 50, seed: 5 }
    )
  })

  it("names the duplicate", () => {
    assert.deepStrictEqual(fault(migration("a", "1"), migration("a", "1")), {
      kind: "duplicate",
      migrations: ["a.1"]
    })
  })

  it("names what is missing, and who asked", () => {
    assert.deepStrictEqual(fault(migration("a", "2", ["b", "1"])), {
      kind: "missing",
      migrations: ["a.2", "b.1"]
    })
  })

  it("names the circle", () => {
    assert.deepStrictEqual(
      fault(
        migration("a", "1", ["b", "1"]),
        migration("b", "1", ["c", "1"]),
        migration("c", "1", ["b", "1"])
      ),
      { kind: "cycle", migrations: ["b.1", "c.1", "b.1"] }
    )
  })

  it("names two migrations that both end an app's history", () => {
    assert.deepStrictEqual(
      fault(migration("a", "1"), migration("a", "2", ["a", "1"]), migration("a", "3", ["a", "1"])),
      { kind: "leaves", migrations: ["a.2", "a.3"] }
    )
  })

  it("says what to do", () => {
    for (const kind of ["duplicate", "missing", "cycle", "leaves"] as const) {
      const { message } = new Migration.GraphFault({ kind, migrations: ["a.1", "a.2"] })
      assert.match(message, /^Migration: .*a\.1.*\. [A-Z].*\.$/)
    }
  })
})

describe("nameAfter", () => {
  const add = (name: string): Migration.Change => ({
    _tag: "AddColumn",
    table: "polls_question",
    column: column(name)
  })
  const create: Migration.Change = { _tag: "CreateTable", table: table("polls_tag") }

  it("counts on, and says what the changes do", () => {
    assert.deepStrictEqual(
      [
        Migration.nameAfter(undefined, [create]),
        Migration.nameAfter("0001_initial", [create]),
        Migration.nameAfter("0009_x", [add("closes_on")]),
        Migration.nameAfter("0001_initial", [Migration.reverse(add("closes_on")), create]),
        Migration.nameAfter("0001_initial", [
          { _tag: "AddIndex", table: "t", index: { name: "ix_t_x", columns: ["x"] } }
        ]),
        Migration.nameAfter("0001_initial", [])
      ],
      [
        "0001_initial",
        "0002_create_polls_tag",
        "0010_polls_question_closes_on",
        "0002_drop_polls_question_closes_on_and_more",
        "0002_ix_t_x",
        "0002_empty"
      ]
    )
  })
})

describe("checksum", () => {
  const create = (columns: ReadonlyArray<Migration.ColumnState>): Migration.Change => ({
    _tag: "CreateTable",
    table: table("t", { columns })
  })

  it("knows the same changes however they are written, and different ones apart", () => {
    const plain = create([{ name: "x", type: { _tag: "Text", max: 5 }, nullable: true }])
    const rearranged = create([{ nullable: true, type: { max: 5, _tag: "Text" }, name: "x" }])
    const edited = create([{ name: "x", type: { _tag: "Text", max: 6 }, nullable: true }])
    assert.strictEqual(Migration.checksum([plain]), Migration.checksum([rearranged]))
    assert.notStrictEqual(Migration.checksum([plain]), Migration.checksum([edited]))
    assert.match(Migration.checksum([plain]), /^[0-9a-f]{16}$/)
  })

  it("is FNV-1a", () => {
    // Of "[]", by the definition: ((offset ^ 0x5b) * prime ^ 0x5d) * prime.
    const prime = 0x100000001b3n
    const step = (hash: bigint, code: number) => BigInt.asUintN(64, (hash ^ BigInt(code)) * prime)
    const expected = step(step(0xcbf29ce484222325n, 0x5b), 0x5d)
    assert.strictEqual(Migration.checksum([]), expected.toString(16).padStart(16, "0"))
  })
})

describe("isMigration", () => {
  it("tells migrations from what else a module exports", () => {
    const good = Migration.make({ app: "a", name: "1", dependsOn: [], changes: [] })
    assert.isTrue(Migration.isMigration(good))
    for (const bad of [
      undefined,
      null,
      "a",
      {},
      { ...good, app: "" },
      { ...good, dependsOn: ["a"] },
      { ...good, changes: [{ _tag: "RenameTable" }] },
      { ...good, changes: [{ _tag: "toString" }] }
    ]) {
      assert.isFalse(Migration.isMigration(bad), JSON.stringify(bad))
    }
  })
})
