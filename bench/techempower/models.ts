/** The two tables of the TechEmpower benchmarks; whoever measures makes and fills them. */
import { f, Model } from "portico"

const World = Model.make(
  "World",
  { id: f.id(), randomNumber: f.int().column("randomnumber") },
  { table: "world" }
)

const Fortune = Model.make(
  "Fortune",
  { id: f.id(), message: f.text({ max: 2048 }) },
  { table: "fortune" }
)

export const Tables = Model.models("techempower", { World, Fortune })
