import { Migration } from "portico"

export default Migration.make({
  app: "tasks",
  name: "0001_initial",
  dependsOn: [],
  changes: [
    {
      _tag: "CreateTable",
      table: {
        name: "tasks_task",
        columns: [
          { name: "id", type: { _tag: "Int" }, identity: true },
          { name: "title", type: { _tag: "Text", max: 100 } },
          { name: "due_on", type: { _tag: "Date" }, nullable: true },
          { name: "done_at", type: { _tag: "Instant" }, nullable: true }
        ],
        primaryKey: ["id"],
        uniques: [{ name: "uq_tasks_task_title", columns: ["title"] }],
        indexes: [],
        checks: [],
        foreignKeys: []
      }
    }
  ]
})
