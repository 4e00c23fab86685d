/**
 * Queries as values: immutable, typed by the models they read, made of plain data. Nothing runs
 * until one is handed to `Database.all` and its like.
 */
import * as Column from "./Column.ts"
import type * as Field from "./Field.ts"
import type { Entity, Registry } from "./Registry.ts"
import type * as Statement from "./Statement.ts"

export type { Predicate, Order } from "./Statement.ts"

/** A model as queries see it. */
export interface Source {
  readonly name: string
  readonly fields: Field.Fields
  /** Field keys to relation names, where the model links two others. */
  readonly link: object
}

/** The models that a query may reach, by name. */
export type Sources = { readonly [name: string]: Source }

/** What the handle of a to-many relation offers: quantified, so that rows never multiply. */
export interface ToMany<R extends Sources, N extends keyof R> {
  /** Some related row meets the condition; without one, there is a related row. */
  some(where?: (columns: Columns<R, R[N]>) => Statement.Predicate): Statement.Predicate
  /** No related row meets the condition; without one, there is no related row. */
  none(where?: (columns: Columns<R, R[N]>) => Statement.Predicate): Statement.Predicate
}

// Reverse relations: one pass over all models makes a union of [target, relation, source, single],
// from which each model picks its own. One pass per model costs nine times the instantiations
// (measured on 50 models).
type ReverseOfField<N, F> = F extends Field.AnyReference
  ? [F["~as"]] extends [never]
    ? never
    : [F["~to"] extends Field.Self ? N : F["~to"], F["~as"], N, F["~single"]]
  : never
type ReverseOfFields<N, F> = { [K in keyof F]: ReverseOfField<N, F[K]> }[keyof F]
type AllReverse<R extends Sources> = { [N in keyof R]: ReverseOfFields<N, R[N]["fields"]> }[keyof R]

type TargetOf<F> = F extends Field.AnyReference ? F["~to"] : never
type OtherKey<L, K> = Exclude<keyof L, K>
type LinksOfModel<F, L> = {
  [K in keyof L & keyof F]: [
    TargetOf<F[K]>,
    L[K],
    { [O in OtherKey<L, K> & keyof F]: TargetOf<F[O]> }[OtherKey<L, K> & keyof F],
    false
  ]
}[keyof L & keyof F]
type AllLinks<R extends Sources> = {
  [N in keyof R]: keyof R[N]["link"] extends never
    ? never
    : LinksOfModel<R[N]["fields"], R[N]["link"]>
}[keyof R]

/** Of relations with the same target the union: TypeScript joins what a mapped type maps to one key. */
type ByTarget<R extends Sources> = {
  [P in AllReverse<R> | AllLinks<R> as P[0] & string]: P
}

type ReverseTo<R extends Sources, Name> = Name extends keyof ByTarget<R>
  ? Extract<ByTarget<R>[Name], [unknown, unknown, unknown, boolean]>
  : never

type ToOneColumns<R extends Sources, M extends Source> = {
  readonly [
    K in keyof M["fields"] as M["fields"][K] extends Field.AnyReference ? K : never
  ]: Columns<R, ToOneTarget<R, M, M["fields"][K]>>
}
type ToOneTarget<R extends Sources, M extends Source, F> = F extends Field.AnyReference
  ? F["~to"] extends Field.Self
    ? M
    : R[F["~to"]]
  : never

type ToManyColumns<R extends Sources, M extends Source> = {
  readonly [P in ReverseTo<R, M["name"]> as P[1] & string]: ToMany<R, P[2] & keyof R>
}

/** What a callback of `filter` or `orderBy` receives: columns, and the columns behind relations. */
export type Columns<R extends Sources, M extends Source> = Column.OfFields<M["fields"]> &
  ToOneColumns<R, M> &
  ToManyColumns<R, M>

type ToOneKey<F extends Field.Fields> = {
  [K in keyof F]: F[K] extends Field.AnyReference ? K : never
}[keyof F]

/** The relations of a model that `with` can load. */
export type RelationName<R extends Sources, M extends Source> = (
  | ToOneKey<M["fields"]>
  | ReverseTo<R, M["name"]>[1]
) &
  string

/** The model at the other end of a relation. */
export type Related<R extends Sources, M extends Source, K> =
  K extends ToOneKey<M["fields"]>
    ? ToOneTarget<R, M, M["fields"][K]>
    : R[Extract<ReverseTo<R, M["name"]>, [unknown, K, unknown, boolean]>[2] & keyof R]

/** What a loaded relation holds: a row, a row or null, or rows. */
export type Loaded<R extends Sources, M extends Source, K, Row> =
  K extends ToOneKey<M["fields"]>
    ? Row | Extract<M["fields"][K]["~value"], null>
    : Extract<ReverseTo<R, M["name"]>, [unknown, K, unknown, boolean]>[3] extends true
      ? Row | null
      : ReadonlyArray<Row>

/** Values by column: equal to, one of several, or NULL. All must hold. */
export type Shorthand<F extends Field.Fields> = {
  readonly [K in keyof F as Field.ColumnKey<K, F[K]>]?:
    | F[K]["~value"]
    | ReadonlyArray<NonNullable<F[K]["~value"]>>
}

/** A relation to load with another statement, for all parent rows together. */
export interface Load {
  /** To-one hops, then the to-many relation. */
  readonly path: Statement.Path
  readonly select: Statement.Select
  readonly loads: ReadonlyArray<Load>
}

/** What a query is to those who only run it: whatever its models, it answers rows of this type. */
export interface Rows<out Row> {
  /** In types alone. */
  readonly "~row": Row
  readonly registry: Registry
  readonly select: Statement.Select
  readonly loads: ReadonlyArray<Load>
}

/**
 * Rows of the model `M`, each as a `Row`; `R` holds the models in reach. The order of calls does
 * not matter, except that a later `orderBy`, `limit` or `offset` replaces an earlier one.
 */
export class Query<out Row, in out M extends Source, in out R extends Sources> {
  /** In types alone. */
  declare readonly "~row": Row
  declare readonly "~model": M
  readonly registry: Registry
  readonly select: Statement.Select
  readonly loads: ReadonlyArray<Load>

  constructor(registry: Registry, select: Statement.Select, loads: ReadonlyArray<Load> = []) {
    this.registry = registry
    this.select = select
    this.loads = loads
  }

  /** The rows that meet the condition, and all earlier ones. */
  filter(
    where: ((columns: Columns<R, M>) => Statement.Predicate) | Shorthand<M["fields"]>
  ): Query<Row, M, R> {
    const columns = columnsOf(this.registry, this.select.model)
    return this.#narrow(
      // A function is the callback: no model's values by column are a function.
      typeof where === "function"
        ? where(columns as Columns<R, M>)
        : shorthand(this.select.model, columns, where)
    )
  }

  /** The rows that do not meet the condition: those for which it is unknown are kept. */
  exclude(
    where: ((columns: Columns<R, M>) => Statement.Predicate) | Shorthand<M["fields"]>
  ): Query<Row, M, R> {
    const columns = columnsOf(this.registry, this.select.model)
    return this.#narrow(
      not(
        typeof where === "function"
          ? where(columns as Columns<R, M>)
          : shorthand(this.select.model, columns, where)
      )
    )
  }

  orderBy(
    order: (columns: Columns<R, M>) => Statement.Order | ReadonlyArray<Statement.Order>
  ): Query<Row, M, R> {
    const orders = order(columnsOf(this.registry, this.select.model) as Columns<R, M>)
    return this.#having({ orderBy: "by" in orders ? [orders] : orders })
  }

  /** At most `count` rows. */
  limit(count: number): Query<Row, M, R> {
    return this.#having({ limit: wholeNumber("limit", count) })
  }

  /** Leaves out the first `count` rows. */
  offset(count: number): Query<Row, M, R> {
    return this.#having({ offset: wholeNumber("offset", count) })
  }

  /**
   * Loads a relation into each row, under its name: a to-one relation in the same statement, a
   * to-many one with one more statement for all rows together, by primary key where nothing else is
   * asked for. `refine` narrows, orders, limits
   * (for each parent apart) and deepens what is loaded; of a to-one relation it only deepens.
   */
  // The answers are `as never`: a row type exists in types alone, so nothing can prove it.
  with<const K extends RelationName<R, M>, Inner = Field.Row<Related<R, M, K>["fields"]>>(
    relation: K,
    refine?: (
      query: Query<Field.Row<Related<R, M, K>["fields"]>, Related<R, M, K>, R>
    ) => Query<Inner, Related<R, M, K>, R>
  ): Query<Row & { readonly [P in K]: Loaded<R, M, P, Inner> }, M, R> {
    const entity = entityOf(this.registry, this.select.model)
    const found = entity.relations.get(relation)
    if (found === undefined) {
      throw new TypeError(
        `Query.with: ${entity.name} has no relation "${relation}". ` +
          `It has: ${[...entity.relations.keys()].join(", ") || "none"}.`
      )
    }
    const child = new Query<never, never, R>(this.registry, { _tag: "Select", model: found.to })
    const { select, loads } = refine === undefined ? child : refine(child as never)
    if (found._tag !== "ToOne") {
      const others = this.loads.filter(({ path }) => path.length > 1 || path[0] !== relation)
      const load: Load = { path: [relation], select, loads }
      return new Query(this.registry, this.select, [...others, load]) as never
    }
    const { _tag, model: _model, join = [], ...rest } = select
    if (Object.keys(rest).length > 0) {
      throw new TypeError(
        `Query.with: ${entity.name}.${relation} is one row, so only further relations can be ` +
          `loaded with it. Filter or order by it on the outer query.`
      )
    }
    const below = (path: Statement.Path) => [relation, ...path]
    const joins = (this.select.join ?? []).filter((path) => path[0] !== relation)
    return new Query(
      this.registry,
      { ...this.select, join: [...joins, [relation], ...join.map(below)] },
      [
        ...this.loads.filter(({ path }) => path.length === 1 || path[0] !== relation),
        ...loads.map((load) => ({ ...load, path: below(load.path) }))
      ]
    ) as never
  }

  #having(change: Partial<Statement.Select>): Query<Row, M, R> {
    return new Query(this.registry, { ...this.select, ...change }, this.loads)
  }

  #narrow(where: Statement.Predicate): Query<Row, M, R> {
    const before = this.select.where
    return this.#having({ where: before === undefined ? where : and(before, where) })
  }
}

/** All rows of a model, and the place that inserts go to. */
export class Table<Row, M extends Source, R extends Sources> extends Query<Row, M, R> {
  /** Keeps a narrowed query out of where a table is due. */
  declare readonly "~table": true
}

export const and = (...of: ReadonlyArray<Statement.Predicate>): Statement.Predicate => ({
  _tag: "And",
  of
})

/** Of none: false. */
export const or = (...of: ReadonlyArray<Statement.Predicate>): Statement.Predicate => ({
  _tag: "Or",
  of
})

/** The complement: true wherever the operand is not, also where it is unknown because of a NULL. */
export const not = (operand: Statement.Predicate): Statement.Predicate => ({
  _tag: "Not",
  operand
})

const entityOf = (registry: Registry, model: string): Entity => {
  const entity = registry.entities.get(model)
  if (entity !== undefined) return entity
  throw new TypeError(
    `Query: the registry has no model "${model}". It has: ${[...registry.entities.keys()].join(", ")}.`
  )
}

const wholeNumber = (method: string, count: number): number => {
  if (Number.isSafeInteger(count) && count >= 0) return count
  throw new RangeError(
    `Query.${method}: ${count} is no number of rows. Give a whole number from 0.`
  )
}

const shorthand = (
  model: string,
  columns: Handles,
  values: Readonly<Record<string, unknown>>
): Statement.Predicate => {
  const of = Object.entries(values).map(([key, value]): Statement.Predicate => {
    const column = columns[key]
    if (!(column instanceof Column.Handle)) {
      throw new TypeError(`Query.filter: ${model} has no field "${key}".`)
    }
    if (value === undefined) {
      // Leaving it out would widen an update or a delete to every row.
      throw new TypeError(
        `Query.filter: the value for ${model}.${key} is undefined. Give a value, null, or leave the key out.`
      )
    }
    if (value === null) return column.isNull()
    return Array.isArray(value) ? column.in(value) : column.eq(value)
  })
  return of.length === 1 ? of[0]! : { _tag: "And", of }
}

/** Columns by key; to-one relations as further columns, to-many ones as quantifiers. */
interface Handles {
  readonly [key: string]: Column.Handle | Handles | Quantifier
}

interface Quantifier {
  readonly some: (where?: (columns: Handles) => Statement.Predicate) => Statement.Predicate
  readonly none: (where?: (columns: Handles) => Statement.Predicate) => Statement.Predicate
}

const handlesByRegistry = new WeakMap<Registry, Map<string, Handles>>()

/** The handles of a model's own row. Typed by those who know the model's fields. */
export const columnsOf = (registry: Registry, model: string): Handles => {
  let cache = handlesByRegistry.get(registry)
  if (cache === undefined) handlesByRegistry.set(registry, (cache = new Map()))
  let handles = cache.get(model)
  if (handles === undefined) {
    handles = makeHandles(registry, entityOf(registry, model), [], undefined)
    cache.set(model, handles)
  }
  return handles
}

/** How many `some` callbacks are running: they are synchronous, so their nesting names their rows. */
let depth = 0

const makeHandles = (
  registry: Registry,
  entity: Entity,
  path: Statement.Path,
  scope: number | undefined
): Handles => {
  const within = scope === undefined ? {} : { scope }
  const handles: Record<string, Column.Handle | Handles | Quantifier> = {}
  for (const { key, type } of entity.columns) {
    handles[key] = new Column.Handle({ _tag: "Column", path: [...path, key], ...within }, type)
  }
  for (const [name, relation] of entity.relations) {
    const to = entityOf(registry, relation.to)
    const along = [...path, name]
    if (relation._tag === "ToOne") {
      // Made when first used: models may refer to each other and to themselves.
      let further: Handles | undefined
      Object.defineProperty(handles, name, {
        enumerable: true,
        get: () => (further ??= makeHandles(registry, to, along, scope))
      })
      continue
    }
    const some: Quantifier["some"] = (where) => {
      const as = ++depth
      try {
        return where === undefined
          ? { _tag: "Some", path: along, ...within, as }
          : {
              _tag: "Some",
              path: along,
              ...within,
              as,
              where: where(makeHandles(registry, to, [], as))
            }
      } finally {
        depth--
      }
    }
    handles[name] = { some, none: (where) => not(some(where)) }
  }
  return handles
}
