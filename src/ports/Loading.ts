/**
 * From a query to its rows: one statement for the query and its to-one relations, one more for each
 * to-many relation and all parents together, JSON decoded. Used by `Database.make`.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import type { Load } from "../domain/Query.ts"
import type { Column, Entity, Registry, Relation } from "../domain/Registry.ts"
import type {
  Expression,
  Order,
  Path,
  Predicate,
  Result,
  Row,
  Select
} from "../domain/Statement.ts"
import { QueryFault, type ReadError } from "./DatabaseError.ts"

export type Read = (registry: Registry, select: Select) => Effect.Effect<Result, ReadError>

/** Rows are fresh objects (see `Result`): what is loaded and decoded is written into them. */
type Loading = Record<string, unknown>

export const make =
  (read: Read, maxParameters: number) =>
  (
    registry: Registry,
    select: Select,
    loads: ReadonlyArray<Load>
  ): Effect.Effect<ReadonlyArray<Row>, ReadError> => {
    const keysAtOnce = largestPowerOfTwo(maxParameters / 2)

    const rowsOf = (
      select: Select,
      loads: ReadonlyArray<Load>
    ): Effect.Effect<ReadonlyArray<Loading>, ReadError> => {
      const rows = Effect.map(read(registry, select), ({ rows }) => rows as Array<Loading>)
      const encoded = encodedColumns(registry, select)
      const decoded =
        encoded.length === 0 ? rows : Effect.tap(rows, (rows) => decodeAll(rows, encoded))
      return loads.length === 0
        ? decoded
        : Effect.tap(decoded, (rows) => loadAll(select, rows, loads))
    }

    const loadAll = (
      select: Select,
      rows: ReadonlyArray<Loading>,
      loads: ReadonlyArray<Load>
    ): Effect.Effect<void, ReadError> =>
      Effect.forEach(
        loads,
        (load) => {
          const hops = load.path.slice(0, -1)
          const entity = entityAt(registry, select.model, hops)
          return loadInto(entity, rowsAt(rows, hops), load.path[hops.length]!, load)
        },
        { discard: true }
      )

    const loadInto = (
      entity: Entity,
      parents: ReadonlyArray<Loading>,
      name: string,
      load: Load
    ): Effect.Effect<void, ReadError> => {
      // The constructor of the query checked that the relation exists and is to-many.
      const relation = entity.relations.get(name) as Exclude<Relation, { readonly _tag: "ToOne" }>
      const single = relation._tag === "ToMany" && relation.single
      const keys = [...new Set(parents.map((parent) => parent["id"]))]
      const batches: Array<ReadonlyArray<unknown>> = []
      for (let i = 0; i < keys.length; i += keysAtOnce) {
        batches.push(keys.slice(i, i + keysAtOnce))
      }
      const children = (batch: ReadonlyArray<unknown>) =>
        relation._tag === "ToMany"
          ? childrenOf(relation, batch, load)
          : linkedTo(relation, batch, load)
      return Effect.map(Effect.forEach(batches, children), (found) => {
        const byParent = new Map<unknown, Array<Row>>()
        for (const [parent, child] of found.flat()) {
          const siblings = byParent.get(parent)
          if (siblings === undefined) byParent.set(parent, [child])
          else siblings.push(child)
        }
        for (const parent of parents) {
          const loaded = byParent.get(parent["id"])
          parent[name] = single ? (loaded?.[0] ?? null) : (loaded ?? [])
        }
      })
    }

    type Children = ReadonlyArray<readonly [parent: unknown, child: Loading]>

    const childrenOf = (
      { to, column, single }: Extract<Relation, { readonly _tag: "ToMany" }>,
      keys: ReadonlyArray<unknown>,
      { select, loads }: Load
    ): Effect.Effect<Children, ReadError> =>
      Effect.map(
        rowsOf(
          {
            ...(single ? select : byKey(registry, select)),
            each: eachOf(registry.entities.get(to)!, column, keys)
          },
          loads
        ),
        (rows) => rows.map((row) => [row[column], row] as const)
      )

    /** Selects from the linking model, with the target joined: one row for each pair. */
    const linkedTo = (
      { through, here, there }: Extract<Relation, { readonly _tag: "Through" }>,
      keys: ReadonlyArray<unknown>,
      { select, loads }: Load
    ): Effect.Effect<Children, ReadError> => {
      const link = registry.entities.get(through)!
      const target = targetOf(link, there)
      const { where, orderBy, join = [], limit, offset } = byKey(registry, select)
      const pairs: Select = {
        _tag: "Select",
        model: through,
        output: [[parentKey, { _tag: "Column", path: [here] }]],
        join: [[target], ...join.map((path) => [target, ...path])],
        each: eachOf(link, here, keys),
        ...(where === undefined ? {} : { where: behind(target, where) }),
        ...(orderBy === undefined
          ? {}
          : { orderBy: orderBy.map((order) => orderBehind(target, order)) }),
        ...(limit === undefined ? {} : { limit }),
        ...(offset === undefined ? {} : { offset })
      }
      const below = loads.map((load) => ({ ...load, path: [target, ...load.path] }))
      return Effect.map(rowsOf(pairs, below), (rows) =>
        rows.map((row) => [row[parentKey], row[target] as Loading] as const)
      )
    }

    return rowsOf(select, loads)
  }

const parentKey = "parent"

/**
 * The rows of a page must not depend on the plan that a database chose: ties, and all rows where
 * no order was asked for, go by primary key.
 */
export const ordered = (registry: Registry, select: Select): Select =>
  select.orderBy === undefined && select.limit === undefined && select.offset === undefined
    ? select
    : byKey(registry, select)

/** In the order asked for, and where that leaves rows equal by primary key. */
const byKey = (registry: Registry, select: Select): Select => {
  const { orderBy = [] } = select
  const { primaryKey } = registry.entities.get(select.model)!
  const missing = primaryKey.filter(
    (key) =>
      !orderBy.some(({ by }) => by._tag === "Column" && by.path.length === 1 && by.path[0] === key)
  )
  if (missing.length === 0) return select
  const ties = missing.map((key): Order => ({
    by: { _tag: "Column", path: [key] },
    direction: "asc",
    nulls: "first"
  }))
  return { ...select, orderBy: [...orderBy, ...ties] }
}

const eachOf = (entity: Entity, key: string, values: ReadonlyArray<unknown>) => ({
  by: { _tag: "Column", path: [key] } as const,
  values,
  type: entity.byKey.get(key)!.type
})

const targetOf = (link: Entity, column: string): string => {
  for (const [name, relation] of link.relations) {
    if (relation._tag === "ToOne" && relation.column === column) return name
  }
  throw new TypeError(`Database: ${link.name} has no relation by "${column}".`)
}

const entityAt = (registry: Registry, model: string, hops: Path): Entity =>
  hops.reduce(
    (entity, hop) => registry.entities.get(entity.relations.get(hop)!.to)!,
    registry.entities.get(model)!
  )

/** The rows behind to-one hops, without the ones that are not there. */
const rowsAt = (rows: ReadonlyArray<Loading>, hops: Path): ReadonlyArray<Loading> =>
  hops.reduce(
    (rows, hop) => rows.map((row) => row[hop] as Loading | null).filter((row) => row !== null),
    rows
  )

// IN lists are padded to powers of two, so that few shapes of statement exist.
const largestPowerOfTwo = (limit: number): number =>
  2 ** Math.max(0, Math.floor(Math.log2(Math.min(limit, 2 ** 16))))

// --- a statement seen from the other side of a relation ----------------------------------------

const behind = (relation: string, where: Predicate): Predicate => {
  const below = (p: Predicate): Predicate => behind(relation, p)
  switch (where._tag) {
    case "Compare":
      return {
        ...where,
        left: valueBehind(relation, where.left),
        right: valueBehind(relation, where.right)
      }
    case "In":
    case "InQuery":
      return { ...where, left: valueBehind(relation, where.left) }
    case "IsNull":
      return { ...where, operand: valueBehind(relation, where.operand) }
    case "And":
    case "Or":
      return { ...where, of: where.of.map(below) }
    case "Not":
      return { ...where, operand: below(where.operand) }
    case "Some":
      return {
        ...where,
        ...(where.scope === undefined ? { path: [relation, ...where.path] } : {}),
        ...(where.where === undefined ? {} : { where: below(where.where) })
      }
  }
}

const valueBehind = (relation: string, value: Expression): Expression => {
  switch (value._tag) {
    case "Column":
      return value.scope === undefined ? { ...value, path: [relation, ...value.path] } : value
    case "Literal":
      return value
    case "Arithmetic":
      return {
        ...value,
        left: valueBehind(relation, value.left),
        right: valueBehind(relation, value.right)
      }
    case "Call":
      return { ...value, args: value.args.map((arg) => valueBehind(relation, arg)) }
    case "Aggregate":
      return value.arg === undefined ? value : { ...value, arg: valueBehind(relation, value.arg) }
  }
}

const orderBehind = (relation: string, order: Order): Order => ({
  ...order,
  by: valueBehind(relation, order.by)
})

// --- JSON -----------------------------------------------------------------------------------------

interface Encoded {
  readonly hops: Path
  readonly model: string
  readonly column: Column
}

const withSchema = new WeakMap<Entity, ReadonlyArray<Column>>()

const columnsWithSchema = (entity: Entity): ReadonlyArray<Column> => {
  let columns = withSchema.get(entity)
  if (columns === undefined) {
    columns = entity.columns.filter(({ schema }) => schema !== undefined)
    withSchema.set(entity, columns)
  }
  return columns
}

const noColumns: ReadonlyArray<Encoded> = []

const encodedColumns = (registry: Registry, select: Select): ReadonlyArray<Encoded> => {
  let found = noColumns
  const add = (entity: Entity, hops: Path) => {
    const columns = columnsWithSchema(entity)
    if (columns.length === 0) return
    found = [...found, ...columns.map((column) => ({ hops, model: entity.name, column }))]
  }
  if (select.output === undefined) add(registry.entities.get(select.model)!, [])
  for (const hops of select.join ?? []) add(entityAt(registry, select.model, hops), hops)
  return found
}

/** Decodes the JSON of a model's own rows in place. */
export const decodeRows = (
  registry: Registry,
  model: string,
  rows: ReadonlyArray<Row>
): Effect.Effect<void, QueryFault> =>
  decodeAll(rows, encodedColumns(registry, { _tag: "Select", model }))

const decodeAll = (
  rows: ReadonlyArray<Loading>,
  encoded: ReadonlyArray<Encoded>
): Effect.Effect<void, QueryFault> => {
  for (const { hops, model, column } of encoded) {
    const decode = ParseResult.decodeUnknownEither(column.schema!)
    for (const row of rowsAt(rows, hops)) {
      if (row[column.key] === null) continue
      const value = decode(row[column.key])
      if (Either.isLeft(value)) {
        return Effect.fail(
          new QueryFault({
            kind: "decode",
            reason:
              `the JSON stored in ${model}.${column.key} does not match the field's schema. ` +
              `Migrate the rows, or widen the schema.`,
            cause: value.left
          })
        )
      }
      row[column.key] = value.right
    }
  }
  return Effect.void
}
