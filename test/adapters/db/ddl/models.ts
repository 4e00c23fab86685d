/** Models with a field of every type, every kind of default, check and key. */
import { BigDecimal, DateTime, Schema } from "effect"
import * as Model from "../../../../src/domain/Model.ts"
import { f } from "../../../../src/domain/Model.ts"
import * as Query from "../../../../src/domain/Query.ts"

export const User = Model.make(
  "User",
  {
    id: f.id(),
    email: f.text({ max: 100 }).unique(),
    nick: f.text({ max: 50 }).default("it's \\"),
    essay: f.text({ max: 5000 }).default(""),
    bio: f.text().nullable(),
    active: f.bool().default(true),
    balance: f.decimal(12, 2).default(BigDecimal.unsafeFromString("-1.5")),
    ratio: f.float().default(0.5),
    big: f.bigint().default(5n),
    born: f.date().nullable(),
    seen: f.instant().default(DateTime.unsafeMake("2020-02-29T01:02:03.004Z")),
    token: f.uuid().nullable(),
    meta: f.json(Schema.Struct({ tags: Schema.Array(Schema.String) })).default({ tags: ["a'b"] }),
    avatar: f.bytes().default(new Uint8Array([0, 255])),
    kind: f.enum(["staff", "o'guest"]).default("staff"),
    boss: f.self({ as: "reports", nullable: true, onDelete: "setNull" })
  },
  {
    checks: (u) => ({
      solvent: u.balance.gte(BigDecimal.unsafeFromString("-100.5")),
      nick: Query.not(u.nick.startsWith("x")),
      known: Query.or(
        u.bio.notNull(),
        u.nick.ne("nobody"),
        u.kind.in(["staff"]),
        Query.and(u.nick.length().gt(3), u.nick.contains("\\"), u.email.endsWith("@x"))
      )
    })
  }
)
export const Vote = Model.make(
  "Vote",
  {
    voter: f.belongsTo(User, { as: "votes", onDelete: "cascade" }),
    topic: f.text({ max: 20 }),
    rank: f.int()
  },
  { pk: ["voter", "topic"], uniques: [["topic", "rank"]], indexes: [["rank"]] }
)
export const models = Model.models("polls", { User, Vote })
