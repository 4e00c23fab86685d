/** What every server under measure has in common: the data, the template's rows, the schema's shape. */
import Database from "better-sqlite3"
import { rmSync } from "node:fs"

export const { HOST = "127.0.0.1", PORT = "8000", BENCH_DB } = process.env

/** Makes the table that the page reads: twelve rows, one with markup in it. */
export const makeTable = (file) => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true })
  const db = new Database(file)
  db.exec("CREATE TABLE fortune (id INTEGER PRIMARY KEY, message TEXT NOT NULL)")
  const insert = db.prepare("INSERT INTO fortune (id, message) VALUES (?, ?)")
  for (let id = 1; id <= 12; id++) {
    insert.run(
      id,
      id === 11
        ? "<script>alert('This should be text.');</script>"
        : `Fortune number ${id} & more of it`
    )
  }
  db.pragma("journal_mode = WAL")
  db.close()
}

/** A better-sqlite3 statement for the rows of the page. */
export const rowsOf = () => {
  const statement = new Database(BENCH_DB, { readonly: true }).prepare(
    "SELECT id, message FROM fortune ORDER BY id"
  )
  return () => statement.all()
}

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" }
const escape = (text) => text.replace(/[&<>"']/g, (character) => entities[character])

/** The page by hand: what a template engine is held against. */
export const page = (rows) => {
  let body = ""
  for (const { id, message } of rows) body += `<tr><td>${id}</td><td>${escape(message)}</td></tr>`
  return `<!doctype html>\n<html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>${body}</table></body></html>\n`
}

/** Whether a body of the JSON scenario is what the schemas of all servers ask for. */
export const isPerson = (body) =>
  typeof body === "object" &&
  body !== null &&
  typeof body.name === "string" &&
  body.name.length > 0 &&
  Number.isInteger(body.age) &&
  body.age >= 0 &&
  Array.isArray(body.tags) &&
  body.tags.every((tag) => typeof tag === "string")

/** A service with a method that each server calls five times for the parameter scenario. */
export const step = (value) => value + 1
