import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted, Schema, TestClock } from "effect"
import * as CookieSessions from "../../../../src/adapters/auth/CookieSessions.ts"
import * as MemorySessions from "../../../../src/adapters/auth/MemorySessions.ts"
import * as Sessions from "../../../../src/adapters/http/middleware/Sessions.ts"
import * as TestClient from "../../../../src/bootstrap/TestClient.ts"
import * as HttpResponse from "../../../../src/domain/HttpResponse.ts"
import * as Route from "../../../../src/domain/Route.ts"
import * as Session from "../../../../src/ports/Sessions.ts"
import { SessionStore, type Service } from "../../../../src/ports/SessionStore.ts"
import * as View from "../../../../src/ports/View.ts"
import { siteOf } from "../../../support/site.ts"

const cart = Session.key("cart", Schema.Array(Schema.Number))
const since = Session.key("since", Schema.Date)

const post = (name: string) => Route.post(`/${name}/`, name)
const plain = Route.get("/plain/", "plain")
const look = Route.get("/look/", "look")
const add = Route.post("/add/:id(int)/", "add")
const later = post("later")
const begin = post("begin")
const drop = post("drop")
const empty = post("empty")
const login = post("login")
const logout = post("logout")
const change = post("change")
const fail = post("fail")

const shown = Effect.map(Session.get(cart), (ids) => HttpResponse.json(ids ?? null))

/** Holds requests until all that were announced have come. */
const gate = { waiting: [] as Array<() => void>, of: 0 }
const together = Effect.async<void>((resume) => {
  gate.waiting.push(() => resume(Effect.void))
  if (gate.waiting.length >= gate.of) for (const go of gate.waiting.splice(0)) go()
})

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const views = [
  View.handle(plain, () => HttpResponse.text("plain")),
  View.handle(look, () => shown),
  View.handle(add, function* ({ id }) {
    yield* Session.update(cart, (ids = []) => [...ids, id])
    return yield* shown
  }),
  View.handle(later, function* () {
    yield* Session.set(since, new Date(0))
    yield* together
    return HttpResponse.json((yield* Session.get(since))?.toISOString())
  }),
  View.handle(begin, function* () {
    yield* Session.get(cart)
    yield* together
    yield* Session.set(cart, [1])
    return HttpResponse.text("")
  }),
  View.handle(drop, function* () {
    return HttpResponse.json((yield* Session.remove(cart)) ?? null)
  }),
  View.handle(empty, function* () {
    yield* Session.clear
    return yield* shown
  }),
  View.handle(login, function* () {
    yield* Session.rotate
    return yield* shown
  }),
  View.handle(logout, function* () {
    yield* Session.flush
    return yield* shown
  }),
  View.handle(change, function* () {
    yield* Session.flush
    yield* Session.set(cart, [9])
    return yield* shown
  }),
  View.handle(fail, function* () {
    yield* Session.set(cart, [5])
    return yield* View.fail(500, "no")
  })
]

/** A store that counts what is asked of it. */
const counting = (calls: Array<string>, store: Service): Service => ({
  ...store,
  create: (...args) => (calls.push("create"), store.create(...args)),
  load: (...args) => (calls.push("load"), store.load(...args)),
  save: (...args) => (calls.push("save"), store.save(...args)),
  rotate: (...args) => (calls.push("rotate"), store.rotate(...args)),
  revoke: (...args) => (calls.push("revoke"), store.revoke(...args))
})

const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

const setUp = (options: Sessions.Options = {}, https = false) => {
  const calls: Array<string> = []
  const store = counting(calls, MemorySessions.make())
  return siteOf({ views, middleware: [Sessions.make(options)] }).pipe(
    Effect.flatMap((site) => TestClient.make(site, { https })),
    Effect.map((client) => ({ calls, client, store })),
    Effect.provide(Layer.merge(Layer.succeed(SessionStore, store), quiet))
  )
}

const cookieOf = ({ headers }: TestClient.Response) => headers.get("set-cookie")

describe("Sessions", () => {
  it.scoped("a request that does not touch its session costs nothing", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      calls.length = 0
      const response = yield* client.get(plain)
      assert.deepStrictEqual(calls, [])
      assert.isNull(cookieOf(response))
      assert.isNull(response.headers.get("vary"))
    })
  )

  it.scoped("a value is there in the next request, and the answer varies by cookie", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* setUp()
      const first = yield* client.post(add, { id: 1 })
      assert.match(
        cookieOf(first) ?? "",
        /^sessionid=[A-Za-z0-9_-]{43}; Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/
      )
      assert.strictEqual(first.headers.get("vary"), "Cookie")
      yield* client.post(add, { id: 2 })
      calls.length = 0
      const read = yield* client.get(look)
      assert.deepStrictEqual(read.json, [1, 2])
      assert.strictEqual(read.headers.get("vary"), "Cookie")
      assert.isNull(cookieOf(read))
      assert.deepStrictEqual(calls, ["load"])
    })
  )

  it.scoped("over https the cookie is secure; until the browser closes it has no age", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp({ cookie: "sid", untilBrowserCloses: true }, true)
      assert.match(
        cookieOf(yield* client.post(add, { id: 1 })) ?? "",
        /^sid=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/
      )
    })
  )

  it.scoped("reading an empty session makes none", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* setUp()
      const response = yield* client.get(look)
      assert.isNull(cookieOf(response))
      assert.strictEqual(response.headers.get("vary"), "Cookie")
      assert.deepStrictEqual(calls, [])
    })
  )

  it.scoped("a key that the client made up is never adopted", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      const invented = "A".repeat(43)
      client.cookies.set("sessionid", invented)
      const read = yield* client.get(look)
      assert.include(cookieOf(read) ?? "", "sessionid=; ")
      client.cookies.set("sessionid", invented)
      yield* client.post(add, { id: 1 })
      const issued = client.cookies.get("sessionid")
      assert.isDefined(issued)
      assert.notStrictEqual(issued, invented)
      assert.deepStrictEqual((yield* client.get(look)).json, [1])
    })
  )

  it.scoped("a session ends two weeks after its last change", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      yield* TestClock.adjust("13 days")
      yield* client.post(add, { id: 2 })
      yield* TestClock.adjust("13 days")
      assert.deepStrictEqual((yield* client.get(look)).json, [1, 2])
      yield* TestClock.adjust("1 days")
      assert.isNull((yield* client.get(look)).json)
    })
  )

  it.scoped("of two requests at once, neither loses what only it wrote", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 7 })
      gate.of = 2
      // Both have loaded the session before either stores its change.
      yield* Effect.all([client.post(later), client.post(begin)], { concurrency: 2 })
      assert.deepStrictEqual((yield* client.get(look)).json, [1])
      gate.of = 1
      assert.strictEqual((yield* client.post(later)).json, "1970-01-01T00:00:00.000Z")
    })
  )

  it.scoped("remove gives the value once; a session without values is gone with its cookie", () =>
    Effect.gen(function* () {
      const { client, store } = yield* setUp()
      yield* client.post(add, { id: 1 })
      const key = Redacted.make(client.cookies.get("sessionid")!)
      assert.strictEqual((yield* store.load(key))._tag, "Some")
      const removed = yield* client.post(drop)
      assert.deepStrictEqual(removed.json, [1])
      assert.include(cookieOf(removed) ?? "", "sessionid=; ")
      assert.strictEqual((yield* store.load(key))._tag, "None")
    })
  )

  it.scoped("clear forgets every value", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      assert.isNull((yield* client.post(empty)).json)
      assert.isFalse(client.cookies.has("sessionid"))
    })
  )

  it.scoped("rotate changes the key, keeps the values and voids the old key", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      const old = client.cookies.get("sessionid")!
      assert.deepStrictEqual((yield* client.post(login)).json, [1])
      assert.notStrictEqual(client.cookies.get("sessionid"), old)
      assert.deepStrictEqual((yield* client.get(look)).json, [1])
      client.cookies.set("sessionid", old)
      assert.isNull((yield* client.get(look)).json)
    })
  )

  it.scoped("flush ends the session; what is set afterwards begins another", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      const old = client.cookies.get("sessionid")!
      assert.deepStrictEqual((yield* client.post(change)).json, [9])
      assert.deepStrictEqual((yield* client.get(look)).json, [9])
      const next = client.cookies.get("sessionid")!
      assert.isNull((yield* client.post(logout)).json)
      assert.isFalse(client.cookies.has("sessionid"))
      for (const key of [old, next]) {
        client.cookies.set("sessionid", key)
        assert.isNull((yield* client.get(look)).json)
      }
    })
  )

  it.scoped("what a failed request changed is not stored", () =>
    Effect.gen(function* () {
      const { calls, client } = yield* setUp()
      const failed = yield* client.post(fail)
      assert.strictEqual(failed.status, 500)
      assert.isNull(cookieOf(failed))
      assert.deepStrictEqual(calls, [])
    })
  )

  it.scoped("a stored value that does not fit its key is none", () =>
    Effect.gen(function* () {
      const { client, store } = yield* setUp()
      const { key } = yield* store.create({ cart: "not a list" }, 1e15)
      client.cookies.set("sessionid", Redacted.value(key))
      assert.isNull((yield* client.get(look)).json)
    })
  )

  it.scoped("a logout wins over a request that is still under way", () =>
    Effect.gen(function* () {
      const { client } = yield* setUp()
      yield* client.post(add, { id: 1 })
      const old = client.cookies.get("sessionid")!
      gate.of = 2
      const headers = { cookie: `sessionid=${old}` }
      const slow = yield* Effect.fork(client.post(later, { headers }))
      while (gate.waiting.length === 0) yield* turn
      yield* client.post(logout)
      gate.of = 1
      // The slow one arrived first and is let go by the next.
      yield* Effect.forkScoped(client.post(later))
      const { status } = yield* slow
      assert.isAtLeast(status, 400)
      client.cookies.set("sessionid", old)
      assert.isNull((yield* client.get(look)).json)
    })
  )

  it.scoped("a store that lives in the cookie works alike, but for what it cannot revoke", () =>
    Effect.gen(function* () {
      const secret = Redacted.make("0123456789abcdefghijklmnopqrstuv")
      const site = yield* siteOf({ views, middleware: [Sessions.make()] }).pipe(
        Effect.provide(CookieSessions.layer({ secret }))
      )
      const client = yield* TestClient.make(site)
      yield* client.post(add, { id: 1 })
      yield* client.post(add, { id: 2 })
      assert.deepStrictEqual((yield* client.post(login)).json, [1, 2])
      assert.deepStrictEqual((yield* client.get(look)).json, [1, 2])
      assert.isNull((yield* client.post(logout)).json)
      assert.isFalse(client.cookies.has("sessionid"))
      assert.isNull((yield* client.get(look)).json)
    })
  )

  it.scoped("a view outside of the middleware learns what is missing", () =>
    Effect.gen(function* () {
      const site = yield* siteOf({ views, options: { development: true } })
      const client = yield* TestClient.make(site)
      const response = yield* client.get(look)
      assert.strictEqual(response.status, 500)
      assert.include(response.text, "no session middleware")
    }).pipe(Effect.provide(quiet))
  )
})
