/** JSON in and out, through schemas; what is wrong is answered as problem documents (RFC 9457). */
import { DateTime, Schema } from "effect"
import { App, Database, HttpRequest, HttpResponse, ReusableApp, Route, View } from "portico"
import { Tasks } from "./models.ts"

const NewTask = Schema.Struct({
  title: Schema.NonEmptyString,
  dueOn: Schema.optional(Schema.String)
})
const Task = Schema.Struct({
  id: Schema.Number,
  title: Schema.String,
  dueOn: Schema.NullOr(Schema.String),
  doneAt: Schema.NullOr(Schema.DateTimeUtc)
})

const newTask = HttpRequest.bodyOf(NewTask)
const encode = Schema.encodeSync(Task)

const list = View.handle(Route.get("/", "list"), function* () {
  const tasks = yield* Database.all(Tasks.Task.orderBy((task) => task.id.asc()))
  return HttpResponse.json(tasks.map((task) => encode(task)))
})
const add = View.handle(Route.post("/", "add"), function* (_, request) {
  const task = yield* Database.insert(Tasks.Task, yield* newTask(request))
  return HttpResponse.json(encode(task), { status: 201 })
})
const finish = View.handle(Route.put("/:id(int)/done", "finish"), function* ({ id }) {
  const doneAt = yield* DateTime.now
  const found = yield* Database.update(Tasks.Task.filter({ id }), { doneAt })
  return found === 0 ? yield* View.notFound(`There is no task ${id}.`) : HttpResponse.empty()
})

const views = [list, add, finish]
const tasks = ReusableApp.make({ name: "tasks", at: import.meta.url, models: Tasks, views })

export default App.make({ name: "Tasks", apps: [App.mount("/tasks", tasks)] })
