import { Migration } from "portico"

export default Migration.make({
  app: "notes",
  name: "0001_initial",
  dependsOn: [],
  changes: [
    {
      _tag: "CreateTable",
      table: {
        name: "notes_note",
        columns: [
          { name: "id", type: { _tag: "Int" }, identity: true },
          { name: "text", type: { _tag: "Text", max: 500 } },
          { name: "at", type: { _tag: "Instant" } }
        ],
        primaryKey: ["id"],
        uniques: [],
        indexes: [],
        checks: [],
        foreignKeys: []
      }
    }
  ]
})
