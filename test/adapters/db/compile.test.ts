import { BigDecimal, DateTime } from "effect"
import { assert, describe, it } from "vitest"
import { compile } from "../../../src/adapters/db/internal/compile.ts"
import type { Dialect } from "../../../src/adapters/db/internal/dialect.ts"
import * as Dialects from "../../../src/adapters/db/internal/dialect.ts"
import * as Plan from "../../../src/adapters/db/internal/plan.ts"
import { shapeOf } from "../../../src/adapters/db/internal/shape.ts"
import * as Model from "../../../src/domain/Model.ts"
import type { Registry } from "../../../src/domain/Registry.ts"
import type * as Query from "../../../src/domain/Query.ts"
import { Default, type Predicate, type Statement } from "../../../src/domain/Statement.ts"
import { Polls, registry } from "./models.ts"

const { mariadb, mysql, postgres, sqlite } = Dialects
const three = [sqlite, postgres, mariadb]

const compiled = (dialect: Dialect, statement: Statement, models: Registry = registry) => {
  const literals: Array<unknown> = []
  shapeOf(dialect, statement, literals)
  const { bind, text } = compile(models, dialect, statement, literals)
  return { text, parameters: bind(statement, literals) }
}

/** The condition alone, of a query of users' or questions' keys. */
const condition = (dialect: Dialect, model: "polls.User" | "polls.Question", where: Predicate) => {
  const output = [["one", { _tag: "Literal", value: null, type: { _tag: "Int" } }]] as const
  const { parameters, text } = compiled(dialect, { _tag: "Select", model, where, output })
  return [text.slice(text.indexOf(" WHERE ") + 7), ...parameters]
}

const where = (query: { readonly select: { readonly where?: Predicate } }): Predicate =>
  query.select.where!

const questions = (filter: Parameters<typeof Polls.Question.filter>[0]) =>
  where(Polls.Question.filter(filter))

const users = (filter: Parameters<typeof Polls.User.filter>[0]) => where(Polls.User.filter(filter))

const conditions = (model: "polls.User" | "polls.Question", p: Predicate) =>
  three.map((dialect) => condition(dialect, model, p))

describe("a select", () => {
  const byId = Polls.User.filter({ id: 7 }).select

  it("names every column and passes literals as parameters", () => {
    assert.deepStrictEqual(compiled(postgres, byId), {
      text: 'SELECT t0."id", t0."email", t0."name", t0."balance" FROM "polls_user" AS t0 WHERE t0."id" = $1',
      parameters: [7]
    })
    assert.deepStrictEqual(compiled(mariadb, byId), {
      text: "SELECT t0.`id`, t0.`email`, t0.`name`, t0.`balance` FROM `polls_user` AS t0 WHERE t0.`id` = ?",
      parameters: [7]
    })
    // Integers of 64 bits are read as text, or better-sqlite3 would round them.
    assert.deepStrictEqual(compiled(sqlite, byId), {
      text: 'SELECT t0."id", t0."email", t0."name", CAST(t0."balance" AS TEXT) FROM "polls_user" AS t0 WHERE t0."id" = ?',
      parameters: [7]
    })
  })

  it("joins a required reference INNER and everything after a nullable one LEFT", () => {
    const { text } = compiled(postgres, {
      _tag: "Select",
      model: "polls.Question",
      output: [],
      where: questions((q) => q.author.name.eq("a")),
      join: [["reviewer"]]
    })
    assert.strictEqual(
      text,
      'SELECT t1."id", t1."email", t1."name", t1."balance" FROM "polls_question" AS t0' +
        ' LEFT JOIN "polls_user" AS t1 ON t1."id" = t0."reviewer_id"' +
        ' INNER JOIN "polls_user" AS t2 ON t2."id" = t0."author_id" WHERE t2."name" = $1'
    )
  })

  it("pages by parameters, and by numbers in the text where the server takes no others", () => {
    const page = { ...byId, limit: 20, offset: 40 }
    assert.match(compiled(postgres, page).text, / LIMIT \$2 OFFSET \$3$/)
    assert.deepStrictEqual(compiled(postgres, page).parameters, [7, 20, 40])
    assert.match(compiled(mariadb, page).text, / LIMIT 20 OFFSET 40$/)
    assert.match(compiled(sqlite, { ...byId, offset: 40 }).text, / LIMIT -1 OFFSET \?$/)
    assert.match(
      compiled(mariadb, { ...byId, offset: 40 }).text,
      / LIMIT 18446744073709551615 OFFSET 40$/
    )
  })

  it("takes nothing but numbers as a page", () => {
    const hostile = { ...byId, limit: "1; DROP TABLE polls_user" as unknown as number }
    for (const dialect of three) {
      assert.throws(() => compiled(dialect, hostile), /is not a number of rows/)
    }
    assert.throws(() => compiled(mariadb, { ...byId, limit: 1.5 }), /is not a number of rows/)
    assert.throws(() => compiled(mariadb, { ...byId, offset: -1 }), /is not a number of rows/)
  })

  it("says where NULLs go only where they would not go there by themselves", () => {
    const order = (dialect: Dialect, by: ReturnType<typeof Polls.Question.orderBy>) =>
      compiled(dialect, by.select).text.replace(/^.* ORDER BY /, "")
    const first = Polls.Question.orderBy((q) => q.note.asc())
    const last = Polls.Question.orderBy((q) => q.note.asc("last"))
    const never = Polls.Question.orderBy((q) => q.text.desc())
    assert.strictEqual(order(postgres, first), 't0."note" ASC NULLS FIRST')
    assert.strictEqual(order(postgres, last), 't0."note" ASC')
    assert.strictEqual(order(postgres, never), 't0."text" DESC')
    assert.strictEqual(order(sqlite, first), 't0."note" ASC')
    assert.strictEqual(order(sqlite, last), 't0."note" ASC NULLS LAST')
    assert.strictEqual(order(mariadb, last), "(t0.`note` IS NULL) ASC, t0.`note` ASC")
    assert.strictEqual(order(mariadb, first), "t0.`note` ASC")
  })

  it("limits each parent's rows by their number within the parent", () => {
    const { parameters, text } = compiled(sqlite, {
      _tag: "Select",
      model: "polls.Tag",
      each: {
        by: { _tag: "Column", path: ["id"] },
        values: [1, 2, 3],
        type: { _tag: "Int" }
      },
      orderBy: Polls.Tag.orderBy((t) => t.name.desc()).select.orderBy!,
      limit: 2,
      offset: 1
    })
    assert.strictEqual(
      text,
      'SELECT c0, c1 FROM (SELECT t0."id" AS c0, t0."name" AS c1,' +
        ' ROW_NUMBER() OVER (PARTITION BY t0."id" ORDER BY t0."name" DESC) AS n FROM "polls_tag" AS t0' +
        ' WHERE t0."id" IN (?, ?, ?, ?)) AS numbered WHERE n > ? AND n - ? <= ? ORDER BY n'
    )
    assert.deepStrictEqual(parameters, [1, 2, 3, 3, 1, 1, 2])
  })

  it("locks its own rows alone", () => {
    const locked = { ...byId, lock: { strength: "share", wait: "skip" } } as const
    assert.match(compiled(postgres, locked).text, / FOR SHARE OF t0 SKIP LOCKED$/)
    assert.match(compiled(mariadb, locked).text, / LOCK IN SHARE MODE SKIP LOCKED$/)
    assert.match(compiled(mysql, locked).text, / FOR SHARE SKIP LOCKED$/)
    const nowait = { ...byId, lock: { strength: "update", wait: "nowait" } } as const
    assert.match(compiled(mariadb, nowait).text, / FOR UPDATE NOWAIT$/)
    assert.notMatch(compiled(sqlite, nowait).text, /FOR/)
  })

  it("reads rows and nested rows from arrays of cells", () => {
    const { read } = compile(
      registry,
      postgres,
      { _tag: "Select", model: "polls.Tagging", join: [["question"], ["question", "reviewer"]] },
      []
    )
    const reviewer = ["3", "c@x", "Cy", "1.50"]
    const question = ["1", "why", null, "5", "2026-03-29 01:30:00.25+00", '{"a":[1]}', "2", "3"]
    assert.deepEqual(read!(["1", "9", ...question, ...reviewer]), {
      questionId: 1,
      tagId: 9,
      question: {
        id: 1,
        text: "why",
        note: null,
        views: 5n,
        publishedAt: DateTime.unsafeMake("2026-03-29T01:30:00.250Z"),
        meta: { a: [1] },
        authorId: 2,
        reviewerId: 3,
        reviewer: { id: 3, email: "c@x", name: "Cy", balance: BigDecimal.make(150n, 2) }
      }
    })
    const missing = read!(["1", "9", ...question, null, null, null, null])
    assert.strictEqual((missing["question"] as Record<string, unknown>)["reviewer"], null)
  })
})

describe("a condition", () => {
  it("is two-valued under NOT where a NULL could make it unknown, and only there", () => {
    assert.deepStrictEqual(
      conditions("polls.Question", { _tag: "Not", operand: questions((q) => q.note.eq("a")) }),
      [
        ['(t0."note" = ?) IS NOT TRUE', "a"],
        ['(t0."note" = $1) IS NOT TRUE', "a"],
        ["(t0.`note` = ?) IS NOT TRUE", "a"]
      ]
    )
    assert.deepStrictEqual(
      condition(postgres, "polls.Question", {
        _tag: "Not",
        operand: questions((q) => q.text.eq("a"))
      }),
      ['NOT (t0."text" = $1)', "a"]
    )
    assert.deepStrictEqual(
      condition(
        postgres,
        "polls.Question",
        questions((q) => q.note.notNull())
      ),
      ['t0."note" IS NOT NULL']
    )
  })

  it("counts a NULL as unequal to every value", () => {
    assert.deepStrictEqual(
      conditions(
        "polls.Question",
        questions((q) => q.note.ne("a"))
      ),
      [
        ['t0."note" IS NOT ?', "a"],
        ['t0."note" IS DISTINCT FROM $1', "a"],
        ["NOT (t0.`note` <=> ?)", "a"]
      ]
    )
    assert.deepStrictEqual(
      condition(
        sqlite,
        "polls.Question",
        questions((q) => q.text.ne("a"))
      ),
      ['t0."text" <> ?', "a"]
    )
  })

  it("is true of no parts with AND and false with OR", () => {
    assert.deepStrictEqual(condition(postgres, "polls.User", { _tag: "And", of: [] }), ["1 = 1"])
    assert.deepStrictEqual(condition(postgres, "polls.User", { _tag: "Or", of: [] }), ["1 = 0"])
  })

  it("passes a list as one array, or as a number of parameters that is a power of two", () => {
    assert.deepStrictEqual(
      conditions(
        "polls.User",
        users((u) => u.id.in([1, 2, 3]))
      ),
      [
        ['t0."id" IN (?, ?, ?, ?)', 1, 2, 3, 3],
        ['t0."id" = ANY($1::bigint[])', [1, 2, 3]],
        ["t0.`id` IN (?, ?, ?, ?)", 1, 2, 3, 3]
      ]
    )
    assert.deepStrictEqual(
      conditions(
        "polls.User",
        users((u) => u.id.in([]))
      ),
      [["1 = 0"], ['t0."id" = ANY($1::bigint[])', []], ["1 = 0"]]
    )
  })

  it("passes SQLite a long list as one JSON text, of 64-bit integers too", () => {
    const views = Array.from({ length: 2000 }, (_, i) => 2n ** 62n + BigInt(i))
    const [text, json] = condition(
      sqlite,
      "polls.Question",
      questions((q) => q.views.in(views))
    )
    assert.strictEqual(text, 't0."views" IN (SELECT value FROM json_each(?))')
    assert.strictEqual(json, `[${views.join()}]`)
  })

  it("searches text with what the databases' patterns mean escaped", () => {
    assert.deepStrictEqual(
      conditions(
        "polls.Question",
        questions((q) => q.text.contains("100%_!*?["))
      ),
      [
        ['t0."text" GLOB ?', "*100%_![*][?][[]*"],
        [`t0."text" LIKE $1 ESCAPE '!'`, "%100!%!_!!*?[%"],
        ["t0.`text` LIKE ? ESCAPE '!'", "%100!%!_!!*?[%"]
      ]
    )
    assert.deepStrictEqual(
      conditions(
        "polls.Question",
        questions((q) => q.text.istartsWith("A_"))
      ),
      [
        [`t0."text" LIKE ? ESCAPE '!'`, "A!_%"],
        [`t0."text" ILIKE $1 ESCAPE '!'`, "A!_%"],
        ["LOWER(t0.`text`) LIKE LOWER(?) ESCAPE '!'", "A!_%"]
      ]
    )
    assert.deepStrictEqual(
      condition(
        postgres,
        "polls.Question",
        questions((q) => q.text.endsWith("z"))
      ),
      [`t0."text" LIKE $1 ESCAPE '!'`, "%z"]
    )
  })

  it("folds both sides of iexact by the same rules", () => {
    assert.deepStrictEqual(
      condition(
        postgres,
        "polls.User",
        users((u) => u.name.iexact("É"))
      ),
      ['LOWER(t0."name") = LOWER($1::text COLLATE "C")', "É"]
    )
  })

  it("compares large numbers as numbers", () => {
    const price = BigDecimal.unsafeFromString("1.005")
    assert.deepStrictEqual(
      conditions(
        "polls.User",
        users((u) => u.balance.lt(price))
      ),
      [
        ['t0."balance" < ?', 100.5],
        ['t0."balance" < $1', "1.005"],
        ["t0.`balance` < CAST(? AS DECIMAL(65,30))", "1.005"]
      ]
    )
    assert.deepStrictEqual(
      conditions(
        "polls.Question",
        questions((q) => q.views.gt(9007199254740993n))
      ),
      [
        ['t0."views" > ?', 9007199254740993n],
        ['t0."views" > $1', "9007199254740993"],
        ["t0.`views` > CAST(? AS SIGNED)", "9007199254740993"]
      ]
    )
  })

  it("asks for a related row by EXISTS, so that rows never multiply", () => {
    assert.deepStrictEqual(
      condition(
        postgres,
        "polls.User",
        users((u) => u.questions.some((q) => q.author.name.eq("a")))
      ),
      [
        'EXISTS (SELECT 1 FROM "polls_question" AS t1 INNER JOIN "polls_user" AS t2 ON t2."id" = t1."author_id"' +
          ' WHERE t1."author_id" = t0."id" AND t2."name" = $1)',
        "a"
      ]
    )
    assert.deepStrictEqual(
      condition(
        postgres,
        "polls.Question",
        questions((q) => q.tags.some((t) => t.name.eq("a")))
      ),
      [
        'EXISTS (SELECT 1 FROM "polls_tagging" AS t2 INNER JOIN "polls_tag" AS t1 ON t1."id" = t2."tag_id"' +
          ' WHERE t2."question_id" = t0."id" AND t1."name" = $1)',
        "a"
      ]
    )
  })

  it("compares with the answers of a query as they are stored", () => {
    const inner: Predicate = {
      _tag: "InQuery",
      left: { _tag: "Column", path: ["views"] },
      query: {
        _tag: "Select",
        model: "polls.Question",
        output: [["views", { _tag: "Column", path: ["views"] }]],
        limit: 3
      }
    }
    assert.deepStrictEqual(conditions("polls.Question", inner), [
      ['t0."views" IN (SELECT t1."views" FROM "polls_question" AS t1 LIMIT ?)', 3],
      ['t0."views" IN (SELECT t1."views" FROM "polls_question" AS t1 LIMIT $1)', 3],
      [
        "t0.`views` IN (SELECT * FROM (SELECT t1.`views` FROM `polls_question` AS t1 LIMIT 3) AS page)"
      ]
    ])
  })

  it("takes the parts of a calendar in UTC", () => {
    const inMarch = questions((q) => q.publishedAt.month().eq(3))
    assert.deepStrictEqual(conditions("polls.Question", inMarch), [
      [`CAST(strftime('%m', t0."published_at") AS INTEGER) = ?`, 3],
      [`CAST(EXTRACT(MONTH FROM t0."published_at" AT TIME ZONE 'UTC') AS bigint) = $1`, 3],
      ["EXTRACT(MONTH FROM t0.`published_at`) = ?", 3]
    ])
  })
})

describe("a write", () => {
  const row = ["a@x", "Ann"]

  it("inserts one row by its values", () => {
    const insert = (returning: boolean): Statement => ({
      _tag: "Insert",
      model: "polls.User",
      columns: ["email", "name"],
      rows: [row],
      returning
    })
    assert.deepStrictEqual(compiled(postgres, insert(true)), {
      text:
        'INSERT INTO "polls_user" ("email", "name") VALUES ($1, $2)' +
        ' RETURNING "id", "email", "name", "balance"',
      parameters: row
    })
    assert.deepStrictEqual(compiled(mysql, insert(true)), {
      text: "INSERT INTO `polls_user` (`email`, `name`) VALUES (?, ?)",
      parameters: row
    })
    assert.match(compiled(mariadb, insert(true)).text, / RETURNING `id`, /)
  })

  it("inserts many rows by one array per column, or a value each", () => {
    const insert: Statement = {
      _tag: "Insert",
      model: "polls.User",
      columns: ["email", "balance"],
      rows: [
        ["a@x", BigDecimal.unsafeFromString("1.5")],
        ["b@x", null]
      ],
      returning: false
    }
    assert.deepStrictEqual(compiled(postgres, insert), {
      text: 'INSERT INTO "polls_user" ("email", "balance") SELECT * FROM UNNEST($1::text[], $2::numeric[])',
      parameters: [
        ["a@x", "b@x"],
        ["1.50", null]
      ]
    })
    assert.deepStrictEqual(compiled(sqlite, insert), {
      text: 'INSERT INTO "polls_user" ("email", "balance") VALUES (?, ?), (?, ?)',
      parameters: ["a@x", 150n, "b@x", null]
    })
  })

  it("leaves to the database what is the database's to make", () => {
    const insert: Statement = {
      _tag: "Insert",
      model: "polls.Tag",
      columns: ["id", "name"],
      rows: [
        [Default, "a"],
        [5, "b"]
      ],
      returning: false
    }
    const values = ({ parameters, text }: ReturnType<typeof compiled>) => [
      text.replace(/^.* VALUES /, ""),
      ...parameters
    ]
    assert.deepStrictEqual(values(compiled(postgres, insert)), [
      "(DEFAULT, $1), ($2, $3)",
      "a",
      5,
      "b"
    ])
    assert.deepStrictEqual(values(compiled(mariadb, insert)), ["(DEFAULT, ?), (?, ?)", "a", 5, "b"])
    assert.deepStrictEqual(values(compiled(sqlite, insert)), ["(NULL, ?), (?, ?)", "a", 5, "b"])
  })

  it("updates from the row as it was", () => {
    const update: Statement = {
      _tag: "Update",
      model: "polls.Question",
      set: [
        [
          "views",
          {
            _tag: "Arithmetic",
            operator: "+",
            left: { _tag: "Column", path: ["views"] },
            right: { _tag: "Literal", value: 1n, type: { _tag: "BigInt" } }
          }
        ],
        ["note", { _tag: "Literal", value: null, type: { _tag: "Text" } }]
      ],
      where: questions((q) => q.id.eq(7))
    }
    assert.deepStrictEqual(compiled(postgres, update), {
      text: 'UPDATE "polls_question" AS t0 SET "views" = (t0."views" + $1::bigint), "note" = NULL WHERE t0."id" = $2',
      parameters: ["1", 7]
    })
    assert.deepStrictEqual(compiled(mariadb, update), {
      text: "UPDATE `polls_question` AS t0 SET `views` = (t0.`views` + CAST(? AS SIGNED)), `note` = NULL WHERE t0.`id` = ?",
      parameters: ["1", 7]
    })
  })

  it("finds rows through relations by their keys", () => {
    const through = questions((q) => q.author.name.eq("a"))
    assert.strictEqual(
      compiled(postgres, { _tag: "Delete", model: "polls.Question", where: through }).text,
      'DELETE FROM "polls_question" AS t0 WHERE t0."id" IN (SELECT t0."id" FROM "polls_question" AS t0' +
        ' INNER JOIN "polls_user" AS t1 ON t1."id" = t0."author_id" WHERE t1."name" = $1)'
    )
    assert.strictEqual(
      compiled(mariadb, { _tag: "Delete", model: "polls.Question", where: through }).text,
      "DELETE t0 FROM `polls_question` AS t0 WHERE t0.`id` IN (SELECT * FROM (SELECT DISTINCT t0.`id` FROM `polls_question` AS t0" +
        " INNER JOIN `polls_user` AS t1 ON t1.`id` = t0.`author_id` WHERE t1.`name` = ?) AS chosen)"
    )
  })

  it("finds rows of a key of two columns", () => {
    const { where: tagged } = Polls.Tagging.filter((t) => t.tag.name.eq("a")).select
    assert.match(
      compiled(sqlite, { _tag: "Delete", model: "polls.Tagging", where: tagged! }).text,
      / WHERE \(t0\."question_id", t0\."tag_id"\) IN \(SELECT t0\."question_id", t0\."tag_id" FROM /
    )
  })

  it("takes no value from another row", () => {
    const set = [["text", { _tag: "Column", path: ["author", "name"] }]] as const
    assert.throws(
      () => compiled(postgres, { _tag: "Update", model: "polls.Question", set }),
      /sets a value from another row/
    )
  })
})

describe("injection", () => {
  const hostile = `'; DROP TABLE polls_user; -- " \` \\ $1 ? :x {{}}`

  it("puts no value into the text, whatever it is", () => {
    const statements: ReadonlyArray<Statement> = [
      Polls.Question.filter((q) => q.text.eq(hostile)).select,
      Polls.Question.filter((q) => q.text.contains(hostile)).select,
      Polls.Question.filter((q) => q.text.icontains(hostile)).select,
      Polls.Question.filter((q) => q.text.in([hostile, "b"])).select,
      Polls.Question.filter((q) => q.text.regex(hostile)).select,
      Polls.Question.filter((q) => q.tags.some((t) => t.name.iexact(hostile))).select,
      {
        _tag: "Insert",
        model: "polls.Question",
        columns: ["text", "meta", "authorId"],
        rows: [[hostile, { [hostile]: hostile }, 1]],
        returning: true
      },
      {
        _tag: "Update",
        model: "polls.Question",
        set: [["text", { _tag: "Literal", value: hostile, type: { _tag: "Text" } }]]
      }
    ]
    for (const dialect of [...three, mysql]) {
      for (const statement of statements) {
        const { parameters, text } = compiled(dialect, statement)
        assert.notInclude(text, "DROP")
        assert.include(JSON.stringify(parameters), "DROP")
      }
    }
  })

  it("quotes names, whatever they are", () => {
    const { f } = Model
    const Odd = Model.make(
      "Odd",
      { id: f.id(), select: f.text().column("se\"le`ct'; --") },
      { table: 'group "by` \\x' }
    )
    const models = Model.models("odd", { Odd })
    const select = models.Odd.filter((o) => o.select.eq("x")).select
    const odd = Model.registryOf(models)
    assert.strictEqual(
      compiled(postgres, select, odd).text,
      'SELECT t0."id", t0."se""le`ct\'; --" FROM "group ""by` \\x" AS t0 WHERE t0."se""le`ct\'; --" = $1'
    )
    assert.strictEqual(
      compiled(mariadb, select, odd).text,
      'SELECT t0.`id`, t0.`se"le``ct\'; --` FROM `group "by`` \\x` AS t0 WHERE t0.`se"le``ct\'; --` = ?'
    )
  })

  it("refuses a field, a relation and a model that do not exist", () => {
    const select = (e: Parameters<typeof condition>[2]): Statement => ({
      _tag: "Select",
      model: "polls.User",
      where: e
    })
    assert.throws(
      () =>
        compiled(
          postgres,
          select({ _tag: "IsNull", operand: { _tag: "Column", path: [hostile] } })
        ),
      /polls\.User has no field/
    )
    assert.throws(
      () => compiled(postgres, select({ _tag: "Some", path: [hostile], as: 1 })),
      /polls\.User has no to-many relation/
    )
    assert.throws(() => compiled(postgres, { _tag: "Select", model: hostile }), /has no model/)
  })
})

describe("plans", () => {
  it("are shared by statements that differ in literals alone", () => {
    const planner = Plan.make(sqlite)
    const plan = (query: Query.Query<any, any, any>) => planner.plan(registry, query.select).plan
    const one = plan(Polls.User.filter((u) => u.name.eq("a")).limit(1))
    assert.strictEqual(plan(Polls.User.filter((u) => u.name.eq("b")).limit(9)), one)
    assert.notStrictEqual(plan(Polls.User.filter((u) => u.email.eq("a")).limit(1)), one)
    assert.notStrictEqual(plan(Polls.User.filter((u) => u.name.eq("a"))), one)
    const three = plan(Polls.User.filter((u) => u.id.in([1, 2, 3])))
    assert.strictEqual(plan(Polls.User.filter((u) => u.id.in([4, 5, 6, 7]))), three)
    assert.notStrictEqual(plan(Polls.User.filter((u) => u.id.in([4, 5]))), three)
  })

  it("differ where a NULL stands for a value", () => {
    const planner = Plan.make(sqlite)
    const set = (value: string | null): Statement => ({
      _tag: "Update",
      model: "polls.Question",
      set: [["note", { _tag: "Literal", value, type: { _tag: "Text" } }]]
    })
    assert.match(planner.plan(registry, set(null)).plan.text, /= NULL$/)
    assert.match(planner.plan(registry, set("a")).plan.text, /= \?$/)
  })

  it("are bounded in number and made again under the same name", () => {
    const planner = Plan.make(postgres, 100)
    const shape = (n: number): Statement => ({
      _tag: "Select",
      model: "polls.User",
      output: [[`alias${n}`, { _tag: "Column", path: ["name"] }]],
      limit: n
    })
    const { name } = planner.plan(registry, shape(1)).plan
    for (let n = 2; n <= 1000; n++) planner.plan(registry, shape(n))
    assert.strictEqual(planner.size(registry), 100)
    assert.strictEqual(planner.plan(registry, shape(1)).plan.name, name)
    // PostgreSQL cuts longer names.
    assert.isAtMost(name.length, 63)
  })
})
