import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Schema } from "effect"
import { uuidV7 } from "../../src/domain/Field.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Query from "../../src/domain/Query.ts"

const { f } = Model

const User = Model.make("User", { id: f.id(), email: f.text({ max: 100 }).unique() })
const Accounts = Model.models("accounts", { User })

const BlogPost = Model.make(
  "BlogPost",
  {
    id: f.id(),
    headLine: f.text().column("title"),
    author: f.belongsTo(User, { as: "posts", onDelete: "cascade" }),
    parent: f.self({ as: "replies", nullable: true }),
    price: f.decimal(6, 2).default(BigDecimal.unsafeFromString("1.5"))
  },
  {
    uniques: [["headLine", "author"]],
    indexes: [["price", "author"]],
    checks: (post) => ({ price: post.price.gte(BigDecimal.unsafeFromString("0")) })
  }
)
const Label = Model.make("Label", { id: f.uuidId() }, { table: "labels" })
const Labelling = Model.make(
  "Labelling",
  { post: f.belongsTo(BlogPost), label: f.belongsTo(Label) },
  { pk: ["post", "label"], link: { post: "labels", label: "posts" } }
)
const Blog = Model.models("blog", { BlogPost, Label, Labelling }, { uses: [Accounts] })

const entity = (models: Model.AnyModels, name: string) =>
  Model.registryOf(models).entities.get(name)!

describe("Model.models", () => {
  it("names tables by app and model, columns and constraints by table and field", () => {
    const post = entity(Blog, "blog.BlogPost")
    assert.strictEqual(post.table, "blog_blog_post")
    assert.strictEqual(entity(Blog, "blog.Label").table, "labels")
    assert.deepStrictEqual(
      post.columns.map(({ key, name }) => [key, name]),
      [
        ["id", "id"],
        ["headLine", "title"],
        ["authorId", "author_id"],
        ["parentId", "parent_id"],
        ["price", "price"]
      ]
    )
    assert.deepStrictEqual(post.uniques, [
      { name: "uq_blog_blog_post_title_author_id", columns: ["headLine", "authorId"] }
    ])
    assert.deepStrictEqual(
      post.checks.map(({ name }) => name),
      ["ck_blog_blog_post_price"]
    )
    assert.deepStrictEqual(post.byKey.get("authorId")!.references, {
      model: "accounts.User",
      column: "id",
      onDelete: "cascade",
      constraint: "fk_blog_blog_post_author_id"
    })
  })

  it("indexes every foreign key that no other key begins with", () => {
    const columns = (name: string) => entity(Blog, name).indexes.map((index) => index.columns)
    assert.deepStrictEqual(columns("blog.BlogPost"), [
      ["price", "authorId"],
      ["authorId"],
      ["parentId"]
    ])
    assert.deepStrictEqual(columns("blog.Labelling"), [["labelId"]])
  })

  it("derives reverse and many-to-many relations, across apps without touching the used one", () => {
    const relations = (models: Model.AnyModels, name: string) => [
      ...entity(models, name).relations.keys()
    ]
    assert.deepStrictEqual(relations(Blog, "blog.BlogPost"), [
      "author",
      "parent",
      "replies",
      "labels"
    ])
    assert.deepStrictEqual(relations(Blog, "accounts.User"), ["posts"])
    assert.deepStrictEqual(relations(Accounts, "accounts.User"), [])
    assert.deepStrictEqual(entity(Blog, "blog.Label").relations.get("posts"), {
      _tag: "Through",
      to: "blog.BlogPost",
      through: "blog.Labelling",
      here: "labelId",
      there: "postId"
    })
  })

  it("cuts names that a database would cut, and keeps them apart", () => {
    const long = (last: string) => `${"field".repeat(12)}${last}`
    const Wide = Model.make("Wide", {
      id: f.id(),
      [long("A")]: f.int().unique(),
      [long("B")]: f.int().unique()
    })
    const names = entity(Model.models("app", { Wide }), "app.Wide").uniques.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, 2)
    for (const name of names) assert.isAtMost(name.length, 63)
  })

  it("merges apps into one registry that knows all relations", () => {
    const merged = Model.merge([Accounts, Blog])
    assert.deepStrictEqual([...merged.entities.keys()].sort(), [
      "accounts.User",
      "blog.BlogPost",
      "blog.Label",
      "blog.Labelling"
    ])
    assert.isTrue(merged.entities.get("accounts.User")!.relations.has("posts"))
    const Twin = Model.make("Twin", { id: f.id() }, { table: "labels" })
    const other = Model.models("other", { Twin })
    assert.throws(() => Model.merge([Blog, other]), /share the table "labels"/)
  })

  it("lets two apps have models of one name, unless one uses the other", () => {
    const Twin = Model.make("User", { id: f.id() })
    const other = Model.models("other", { User: Twin })
    assert.strictEqual(Model.merge([Accounts, other]).entities.size, 2)
    assert.throws(() => Model.models("other", { User: Twin }, { uses: [Accounts] }), /two models/)
  })

  const wrong: ReadonlyArray<readonly [what: string, make: () => unknown, message: RegExp]> = [
    [
      "a reference out of reach",
      () => Model.models("blog", { BlogPost }),
      /BlogPost.author points at "User", which is not in reach/
    ],
    [
      "a reverse name that is taken",
      () => {
        const Again = Model.make("Again", { id: f.id(), user: f.belongsTo(User, { as: "email" }) })
        return Model.models("x", { Again }, { uses: [Accounts] })
      },
      /names its reverse "email", which accounts.User has already/
    ],
    [
      "a column that a reference makes too",
      () => {
        const Twice = Model.make("Twice", { id: f.id(), user: f.belongsTo(User), userId: f.int() })
        return Model.models("x", { Twice }, { uses: [Accounts] })
      },
      /two columns or relations of one name/
    ],
    [
      "null for a reference that may not be null",
      () => {
        const Strict = Model.make("Strict", {
          id: f.id(),
          user: f.belongsTo(User, { onDelete: "setNull" })
        })
        return Model.models("x", { Strict }, { uses: [Accounts] })
      },
      /Add nullable: true/
    ],
    [
      "a model without a primary key",
      () => Model.models("x", { Bare: Model.make("Bare", { name: f.text() }) }),
      /names a field "id" that it does not have/
    ],
    [
      "a primary key that may be null",
      () => {
        const Loose = Model.make("Loose", { key: f.int().nullable() }, { pk: ["key"] })
        return Model.models("x", { Loose })
      },
      /in the primary key and nullable/
    ],
    [
      "a counted field that is not the primary key",
      () => {
        const Counted = Model.make("Counted", { id: f.uuidId(), number: f.id() })
        return Model.models("x", { Counted })
      },
      /counted by the database/
    ],
    [
      "a decimal of impossible digits",
      () => Model.models("x", { D: Model.make("D", { id: f.id(), d: f.decimal(2, 3) }) }),
      /decimal of 2 digits/
    ],
    [
      "text of no length",
      () => Model.models("x", { T: Model.make("T", { id: f.id(), t: f.text({ max: 0 }) }) }),
      /at most 0 code points/
    ],
    [
      "a reference to itself by another kind of key",
      () => Model.models("x", { S: Model.make("S", { id: f.id(), s: f.self({ key: "Uuid" }) }) }),
      /whose primary key is not one field "id" of its kind/
    ]
  ]
  for (const [what, make, message] of wrong) {
    it(`refuses ${what}`, () => assert.throws(make, message))
  }
})

describe("Query", () => {
  it("is data, and never changes", () => {
    const before = JSON.stringify(Blog.BlogPost.select)
    const query = Blog.BlogPost.filter({ headLine: "x" }).limit(1)
    assert.strictEqual(JSON.stringify(Blog.BlogPost.select), before)
    assert.deepStrictEqual(query.select, {
      _tag: "Select",
      model: "blog.BlogPost",
      where: {
        _tag: "Compare",
        operator: "eq",
        left: { _tag: "Column", path: ["headLine"] },
        right: { _tag: "Literal", value: "x", type: { _tag: "Text" } }
      },
      limit: 1
    })
  })

  it("refuses undefined where it would match every row", () => {
    const id = undefined as unknown as number
    assert.throws(() => Blog.BlogPost.filter({ id }), /the value for blog.BlogPost.id is undefined/)
  })

  it("refuses a key, a relation and a number of rows that do not exist", () => {
    assert.throws(() => Blog.BlogPost.filter({ nope: 1 } as never), /no field "nope"/)
    assert.throws(() => Blog.BlogPost.with("nope" as never), /no relation "nope". It has: author/)
    assert.throws(() => Blog.BlogPost.limit(-1), /-1 is no number of rows/)
    assert.throws(() => Blog.BlogPost.offset(1.5), /1.5 is no number of rows/)
  })

  it("refuses to narrow a relation that is one row", () => {
    assert.throws(
      () => Blog.BlogPost.with("author", (author) => author.filter({ email: "x" })),
      /is one row/
    )
  })

  it("names the rows of nested some apart, and begins anew after each", () => {
    const nested = Blog.BlogPost.filter((post) =>
      Query.and(
        post.replies.some((reply) => reply.replies.some((r) => r.id.gt(reply.id))),
        post.labels.some()
      )
    )
    assert.deepInclude(nested.select.where, { _tag: "And" })
    const names = JSON.stringify(nested.select.where).match(/"as":\d/g)
    assert.deepStrictEqual(names, ['"as":1', '"as":2', '"as":1'])
  })
})

describe("uuidV7", () => {
  it("carries the time, the version and the variant (RFC 9562, 5.7 and A.6)", () => {
    const uuid = uuidV7(Date.UTC(2022, 1, 22, 19, 22, 22))
    assert.match(uuid, /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.notStrictEqual(uuidV7(0), uuidV7(0))
    assert.isTrue(Schema.is(Schema.UUID)(uuid))
  })
})
