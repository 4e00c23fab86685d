import { Cause, Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import { Layered, recovering } from "../../src/ports/Layered.ts"
import * as Middleware from "../../src/ports/Middleware.ts"
import type { Answer } from "../../src/ports/View.ts"

const ok = Effect.suspend(() => Effect.succeed(HttpResponse.text("ok")))

const named = (name: string) => (response: HttpResponse.HttpResponse) =>
  HttpResponse.addHeader(response, "x-layer", name)

const layersOf = ({ headers }: HttpResponse.HttpResponse) =>
  headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === "x-layer")

const page = (name: string) => (cause: Cause.Cause<unknown>) =>
  HttpResponse.text(`${name}: ${String(Cause.squash(cause))}`, { status: 500 })

const asEffect = (answer: Answer) => Middleware.toEffect(answer)

const run = (answer: Answer) => Effect.runPromise(asEffect(answer))

const thrower = (what: string) => () => {
  throw what
}

describe("layers around an answer", () => {
  it("change it from the inside out, at once or not", async () => {
    const once = Middleware.mapResponse(ok, named("inner"))
    const twice = Middleware.flatMapResponse(once, (response) =>
      Effect.as(Effect.yieldNow(), named("middle")(response))
    )
    const all = Middleware.mapResponse(twice, named("outer"))
    expect(layersOf(await run(all))).toEqual(["inner", "middle", "outer"])
  })

  it("are an effect that can be run again", async () => {
    const answer = asEffect(Middleware.mapResponse(ok, named("one")))
    const both = Effect.zip(answer, Effect.map(answer, named("two")))
    const [first, second] = await Effect.runPromise(both)
    expect([layersOf(first), layersOf(second)]).toEqual([["one"], ["one", "two"]])
  })

  it("answer for what fails inside of them, and the outer ones change that answer", async () => {
    const broken = recovering(asEffect(Effect.die("view")), page("inner"))
    const response = await run(Middleware.mapResponse(broken, named("outer")))
    expect([response.body, layersOf(response)]).toEqual(["inner: view", ["outer"]])
  })

  it("answer for their own change, made at once", async () => {
    const inner = recovering(ok, page("view"))
    const layer = asEffect(Middleware.mapResponse(inner, thrower("change")))
    const response = await run(
      Middleware.mapResponse(recovering(layer, page("layer")), named("outer"))
    )
    expect([response.body, layersOf(response)]).toEqual(["layer: change", ["outer"]])
  })

  it("answer for their own change, made by an effect", async () => {
    const layer = Middleware.flatMapResponse(recovering(ok, page("view")), () => Effect.die("late"))
    const response = await run(recovering(asEffect(layer), page("layer")))
    expect(response.body).toBe("layer: late")
  })

  it("leave what a layer without an answer fails with to the next that has one", async () => {
    const inner = Middleware.mapResponse(recovering(ok, page("view")), thrower("change"))
    const skipped = Middleware.mapResponse(inner, named("skipped"))
    const response = await run(recovering(asEffect(skipped), page("outer")))
    expect([response.body, layersOf(response)]).toEqual(["outer: change", []])
  })

  it("leave an answer that fails to the layers outside of it", async () => {
    const inner = recovering(asEffect(Effect.die("view")), () => Effect.die("page"))
    const response = await run(recovering(inner, page("outer")))
    expect(response.body).toBe("outer: page")
  })

  it("fail where none of them answers", async () => {
    const answer = asEffect(Middleware.mapResponse(asEffect(Effect.die("view")), named("never")))
    expect(await Effect.runPromiseExit(answer)).toStrictEqual(Exit.die("view"))
  })

  it("are taken together: a layer that answers for itself is one, not two", () => {
    const change = asEffect(Middleware.mapResponse(ok, named("one")))
    const layer = recovering(change, page("one"))
    expect(layer instanceof Layered && layer.inner).toBe(ok)
  })
})
