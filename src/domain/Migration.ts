/**
 * A change of the database's structure as data. Made by `difference`, applied by adapters.
 */
import type { Entity } from "./Registry.ts"

export type Change =
  | { readonly _tag: "CreateTable"; readonly entity: Entity }
  | { readonly _tag: "DropTable"; readonly table: string }
