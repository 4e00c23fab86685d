import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Session from "../../src/domain/Session.ts"

const { noChanges } = Session

describe("changes of a session", () => {
  it("set and remove, the last word on a key counting", () => {
    const changes = Session.remove(Session.set(Session.set(noChanges, "a", 1), "b", 2), "a")
    assert.deepStrictEqual(changes, { set: { b: 2 }, remove: ["a"] })
    assert.deepStrictEqual(Session.set(changes, "a", 3), { set: { b: 2, a: 3 }, remove: [] })
    assert.deepStrictEqual(Session.remove(changes, "a"), changes)
  })

  it("apply to data, leaving it and the other keys as they are", () => {
    const data: Session.Data = { a: 1, b: { c: 2 }, d: 3 }
    const changes = { set: { a: 10, e: 5 }, remove: ["d", "none"] }
    assert.deepStrictEqual(Session.apply(data, changes), { a: 10, b: { c: 2 }, e: 5 })
    assert.deepStrictEqual(data, { a: 1, b: { c: 2 }, d: 3 })
  })

  it("are unchanged only without any", () => {
    assert.isTrue(Session.isUnchanged(noChanges))
    assert.isFalse(Session.isUnchanged(Session.set(noChanges, "a", null)))
    assert.isFalse(Session.isUnchanged(Session.remove(noChanges, "a")))
    assert.isFalse(Session.isUnchanged(Session.expireAt(noChanges, 0)))
  })

  it("treat __proto__ as a key like any other", () => {
    const changes = Session.set(noChanges, "__proto__", { polluted: true })
    const data = Session.apply({}, changes)
    assert.deepStrictEqual(Object.keys(data), ["__proto__"])
    assert.isFalse("polluted" in {})
    assert.isUndefined(Reflect.get(data, "polluted"))
    assert.deepStrictEqual(
      Object.keys(Session.apply(data, Session.remove(noChanges, "__proto__"))),
      []
    )
  })
})

describe("what is not JSON", () => {
  it("is found with its path", () => {
    const found = Session.notJson({ cart: [{ id: 1 }, { when: new Date(0) }] })
    assert.deepStrictEqual(found, Option.some({ path: "cart[1].when", found: "Date" }))
  })

  it("is not a value that occurs twice without a cycle", () => {
    const shared = { id: 1 }
    assert.deepStrictEqual(Session.notJson({ a: shared, b: [shared, shared] }), Option.none())
  })

  it("is an object that would become something else", () => {
    const found = Session.notJson({ a: { toJSON: () => 1 } })
    assert.isTrue(Option.isSome(found))
  })
})
