/** Commands without a server: `portico note "Buy milk"`, `portico notes`. */
import { Console, DateTime, Effect } from "effect"
import { App, Database, f, Model, ReusableApp } from "portico"

const Note = Model.make("Note", { id: f.id(), text: f.text({ max: 500 }), at: f.createdAt() })
export const Notes = Model.models("notes", { Note })

const note = ReusableApp.command("note", "Write a note.", (words) =>
  Effect.flatMap(Database.insert(Notes.Note, { text: words.join(" ") }), ({ id }) =>
    Console.log(`Note ${id} is written.`)
  )
)

const notes = ReusableApp.command("notes", "Read the notes, the newest first.", () =>
  Effect.gen(function* () {
    for (const { at, text } of yield* Database.all(Notes.Note.orderBy((row) => row.id.desc()))) {
      yield* Console.log(`${DateTime.formatIsoDateUtc(at)}  ${text}`)
    }
  })
)

const app = ReusableApp.make({
  name: "notes",
  at: import.meta.url,
  models: Notes,
  commands: [note, notes]
})

export default App.make({
  name: "Notes",
  apps: [App.mount("", app)],
  defaults: { DATABASE_URL: "sqlite:./notes.db" }
})
