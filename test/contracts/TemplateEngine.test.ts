/** Every template engine stands trial. */
import { contract, harness } from "../../contracts/TemplateEngineContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as Eta from "../../src/adapters/templates/Eta.ts"
import * as Handlebars from "../../src/adapters/templates/Handlebars.ts"
import * as Liquid from "../../src/adapters/templates/Liquid.ts"
import * as Mustache from "../../src/adapters/templates/Mustache.ts"
import { sources as eta } from "../../contracts/templates/eta.ts"
import { sources as handlebars } from "../../contracts/templates/handlebars.ts"
import { sources as liquid } from "../../contracts/templates/liquid.ts"
import { sources as mustache } from "../../contracts/templates/mustache.ts"

register(contract, harness({ name: "mustache", driver: Mustache.driver, sources: mustache }))
register(contract, harness({ name: "handlebars", driver: Handlebars.driver, sources: handlebars }))
register(contract, harness({ name: "eta", driver: Eta.driver, sources: eta }))
register(contract, harness({ name: "liquid", driver: Liquid.driver, sources: liquid }))
