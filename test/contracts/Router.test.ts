import { contract } from "../../contracts/RouterContract.ts"
import { register } from "../../contracts/vitest.ts"
import * as LinearRouter from "../../src/adapters/http/LinearRouter.ts"
import * as RadixRouter from "../../src/adapters/http/RadixRouter.ts"

register(contract, { name: "linear", ...LinearRouter })
register(contract, { name: "radix", ...RadixRouter })
