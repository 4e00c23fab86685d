import { contract } from "../../contracts/DatabaseContract.ts"
import { register } from "../../contracts/vitest.ts"
import { databases } from "../support/databases.ts"

for (const database of databases) register(contract, database)
