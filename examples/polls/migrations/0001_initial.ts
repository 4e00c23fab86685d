import { Migration } from "portico"

export default Migration.make({
  app: "polls",
  name: "0001_initial",
  dependsOn: [],
  changes: [
    {
      _tag: "CreateTable",
      table: {
        name: "polls_question",
        columns: [
          { name: "id", type: { _tag: "Int" }, identity: true },
          { name: "text", type: { _tag: "Text", max: 200 } },
          { name: "published_at", type: { _tag: "Instant" } }
        ],
        primaryKey: ["id"],
        uniques: [],
        indexes: [],
        checks: [],
        foreignKeys: []
      }
    },
    {
      _tag: "CreateTable",
      table: {
        name: "polls_choice",
        columns: [
          { name: "id", type: { _tag: "Int" }, identity: true },
          { name: "question_id", type: { _tag: "Int" } },
          { name: "text", type: { _tag: "Text", max: 200 } },
          { name: "votes", type: { _tag: "Int" }, default: 0 }
        ],
        primaryKey: ["id"],
        uniques: [],
        indexes: [{ name: "ix_polls_choice_question_id", columns: ["question_id"] }],
        checks: [],
        foreignKeys: [
          {
            name: "fk_polls_choice_question_id",
            column: "question_id",
            table: "polls_question",
            references: "id",
            onDelete: "cascade"
          }
        ]
      }
    }
  ]
})
