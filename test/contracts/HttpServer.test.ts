import { contract } from "../../contracts/HttpServerContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as NodeServer from "../../src/adapters/http/NodeServer.ts"
import * as PlatformServer from "../../src/adapters/http/PlatformServer.ts"
import * as WebHandler from "../../src/adapters/http/WebHandler.ts"
import { layerOf, node, platform, web } from "../support/httpTrials.ts"

register(contract, { name: "node", ...NodeServer, layer: layerOf(node) })
register(contract, { name: "web", ...WebHandler, layer: layerOf(web) })
register(contract, {
  name: "platform",
  ...PlatformServer,
  layer: layerOf(platform),
  expectedFailures: {
    "Expect: 100-continue is continued when the body is read, and not when it is refused":
      "the platform's server for Node leaves this to node, which continues before anyone is asked"
  }
})
