/** Things to do. */
import { f, Model } from "portico"

export const Task = Model.make("Task", {
  id: f.id(),
  title: f.text({ max: 100 }).unique(),
  dueOn: f.date().nullable(),
  doneAt: f.instant().nullable()
})

export const Tasks = Model.models("tasks", { Task })
