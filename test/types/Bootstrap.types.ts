/** What a wrong composition says to the compiler. Checked by `tsc`, never run. */
import { Config, Context, Effect, Layer } from "effect"
import * as Adapters from "../../src/bootstrap/Adapters.ts"
import * as App from "../../src/bootstrap/App.ts"
import * as MemorySessions from "../../src/adapters/auth/MemorySessions.ts"
import * as CookieSessions from "../../src/adapters/auth/CookieSessions.ts"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"
import type { DriverMissing } from "../../src/bootstrap/Adapters.ts"
import * as HttpResponse from "../../src/domain/HttpResponse.ts"
import * as Route from "../../src/domain/Route.ts"
import * as ReusableApp from "../../src/ports/ReusableApp.ts"
import type { Router } from "../../src/ports/Router.ts"
import { SessionStore } from "../../src/ports/SessionStore.ts"
import * as View from "../../src/ports/View.ts"

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const isTrue = <_T extends true>() => {}

// --- choosing an adapter -------------------------------------------------------------------------

const sessions = Adapters.fromConfig(SessionStore, "PORTICO_SESSIONS", {
  memory: MemorySessions.layer,
  cookie: CookieSessions.layerConfig({ secret: Config.redacted("PORTICO_SECRET") })
})
isTrue<Equals<Layer.Layer.Success<typeof sessions>, SessionStore>>()
isTrue<Equals<Layer.Layer.Context<typeof sessions>, never>>()

Adapters.fromConfig(SessionStore, "PORTICO_SESSIONS", {
  memory: MemorySessions.layer,
  // @ts-expect-error -- a layer of another port
  radix: RadixRouter.layer
})

// The needs of a choice are the needs of the whole.
class Disk extends Context.Tag("Disk")<Disk, { readonly path: string }>() {}
const onDisk = Layer.effect(
  SessionStore,
  Effect.map(Disk, () => MemorySessions.make())
) satisfies Layer.Layer<SessionStore, never, Disk>
const withDisk = Adapters.fromConfig(SessionStore, "PORTICO_SESSIONS", { disk: onDisk })
isTrue<Equals<Layer.Layer.Context<typeof withDisk>, Disk>>()

// `lazy` keeps errors and needs; a missing package is one more error.
const lazily = Adapters.lazy(() => Promise.resolve(onDisk))
isTrue<Equals<Layer.Layer.Context<typeof lazily>, Disk>>()
isTrue<Equals<Layer.Layer.Error<typeof lazily>, DriverMissing>>()

Adapters.standard({
  sessions: {
    // @ts-expect-error -- nothing in a site gives Disk
    disk: onDisk
  }
})
Adapters.standard({ sessions: { memory: MemorySessions.layer } })
Adapters.standard({
  // @ts-expect-error -- a layer of another port
  routers: { memory: MemorySessions.layer }
})

// --- composing a site ----------------------------------------------------------------------------

class Clockwork extends Context.Tag("Clockwork")<
  Clockwork,
  { readonly tick: Effect.Effect<number> }
>() {}
class Spring extends Context.Tag("Spring")<Spring, { readonly force: number }>() {}

const tick = View.handle(Route.get("/tick", "tick"), function* () {
  const { tick } = yield* Clockwork
  return HttpResponse.json(yield* tick)
})
const force = View.handle(Route.get("/force", "force"), () =>
  Effect.map(Spring, ({ force }) => HttpResponse.json(force))
)
const hello = View.handle(Route.get("/hello", "hello"), () => HttpResponse.text("hello"))

const clockwork = Layer.succeed(Clockwork, { tick: Effect.succeed(1) })
const spring = Layer.succeed(Spring, { force: 1 })

App.make({ name: "nothing is needed", views: [hello] })
App.make({
  name: "all is given",
  views: [hello, tick, force],
  services: Layer.merge(clockwork, spring)
})

// @ts-expect-error -- nobody gives Clockwork
App.make({ name: "forgotten", views: [hello, tick] })

// @ts-expect-error -- Spring is not Clockwork
App.make({ name: "wrong", views: [tick], services: spring })

// @ts-expect-error -- one of two is forgotten
App.make({ name: "half", views: [tick, force], services: clockwork })

// Parts that are made in place are looked at as closely.
// @ts-expect-error -- nobody gives Clockwork
App.make({
  name: "in place",
  views: [
    View.handle(Route.get("/in-place", "inPlace"), function* () {
      return HttpResponse.json(yield* (yield* Clockwork).tick)
    })
  ]
})
App.make({
  name: "in place",
  views: [
    View.handle(Route.get("/in-place", "inPlace"), function* () {
      return HttpResponse.json(yield* (yield* Clockwork).tick)
    })
  ],
  services: Layer.succeed(Clockwork, { tick: Effect.succeed(1) })
})

const app = ReusableApp.make({
  name: "app",
  views: [tick],
  commands: [ReusableApp.command("wind", "Wind it up.", () => Effect.asVoid(Spring))]
})
isTrue<Equals<typeof app, ReusableApp.ReusableApp<Clockwork | Spring>>>()

App.make({
  name: "an app's needs count",
  apps: [App.mount("/a", app)],
  services: Layer.merge(clockwork, spring)
})

// @ts-expect-error -- the command needs Spring
App.make({ name: "an app's needs count", apps: [App.mount("/a", app)], services: clockwork })

// @ts-expect-error -- a prefix begins with a slash
App.mount("a", app)

// Services are made from the ports, not from the air.
App.make({
  name: "needs",
  views: [tick],
  // @ts-expect-error -- nobody gives Disk to the layer
  services: Layer.effect(
    Clockwork,
    Effect.map(Disk, () => ({ tick: Effect.succeed(1) }))
  )
})

const choice: Adapters.Choice<Router> = Adapters.standard().router
void choice
