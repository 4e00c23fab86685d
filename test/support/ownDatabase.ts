/** A database of its own for a test file, on a server that all of them share. */
import * as mysql from "mysql2/promise"
import pg from "pg"

export interface OwnDatabase {
  readonly url: string
  readonly drop: () => Promise<void>
}

const run = async (url: string, statement: string): Promise<void> => {
  if (url.startsWith("mysql:")) {
    const connection = await mysql.createConnection(url)
    await connection.query(statement)
    await connection.end()
    return
  }
  const client = new pg.Client(url)
  await client.connect()
  await client.query(statement)
  await client.end()
}

/** `server` is a URL that may create databases; `name` is the file's, in lower case. */
export const createDatabase = async (server: string, name: string): Promise<OwnDatabase> => {
  const own = `portico_${name}_${process.pid}`
  const charset = server.startsWith("mysql:") ? " CHARACTER SET utf8mb4" : ""
  await run(server, `CREATE DATABASE ${own}${charset}`)
  const url = new URL(server)
  url.pathname = own
  return { url: url.href, drop: () => run(server, `DROP DATABASE ${own}`) }
}
