/** node:http by hand: the ceiling. */
import { createServer } from "node:http"
import { HOST, isPerson, page, PORT, rowsOf, step } from "../shared.mjs"

const rows = rowsOf()

const send = (response, type, body) => {
  response.writeHead(200, ["content-type", type, "content-length", String(Buffer.byteLength(body))])
  response.end(body)
}

const json = "application/json"

createServer((request, response) => {
  const { method, url } = request
  if (method === "POST") {
    let body = ""
    request.setEncoding("utf8")
    request.on("data", (chunk) => (body += chunk))
    request.on("end", () => {
      const person = JSON.parse(body)
      if (isPerson(person)) send(response, json, JSON.stringify(person))
      else response.writeHead(422).end()
    })
  } else if (url === "/json") send(response, json, JSON.stringify({ message: "Hello, World!" }))
  else if (url === "/page") send(response, "text/html; charset=utf-8", page(rows()))
  else if (url.startsWith("/users/")) {
    let id = Number(url.slice("/users/".length))
    for (let i = 0; i < 5; i++) id = step(id)
    send(response, json, JSON.stringify({ id }))
  } else response.writeHead(404).end()
}).listen(Number(PORT), HOST)
