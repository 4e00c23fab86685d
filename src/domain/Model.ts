/**
 * What an app stores: models made of fields, gathered into the app's models, from which queries
 * start. Tables, queries, migrations and forms are derived from these values.
 */
import * as Column from "./Column.ts"
import type * as Field from "./Field.ts"
import * as Query from "./Query.ts"
import type * as Registry from "./Registry.ts"
import type * as Statement from "./Statement.ts"

export { f } from "./Field.ts"

export interface Model<
  out Name extends string,
  out F extends Field.Fields,
  out Link extends object
> {
  readonly name: Name
  readonly fields: F
  readonly link: Link
  /** The table's name; absent means app and model in snake case, `polls_question`. */
  readonly table: string | undefined
  /** Field keys. */
  readonly pk: ReadonlyArray<string>
  readonly uniques: ReadonlyArray<ReadonlyArray<string>>
  readonly indexes: ReadonlyArray<ReadonlyArray<string>>
  readonly checks: Readonly<Record<string, Statement.Predicate>>
}

export type Any = Model<string, Field.Fields, object>

/** What a query answers: `Model.Row<typeof Question>`. */
export type Row<M extends Query.Source> = Field.Row<M["fields"]>

/** What an insert takes. */
export type Insert<M extends Query.Source> = Field.Insert<M["fields"]>

/** What an update may change, each key on its own. */
export type Update<M extends Query.Source> = Partial<Field.Changeable<M["fields"]>>

type ReferenceKey<F> = {
  [K in keyof F]: F[K] extends Field.AnyReference ? K : never
}[keyof F]

export interface Options<F extends Field.Fields, Link> {
  readonly table?: string
  /** The primary key's fields, where it is not `id`. */
  readonly pk?: ReadonlyArray<keyof F & string>
  /** Fields that no two rows share all of. */
  readonly uniques?: ReadonlyArray<ReadonlyArray<keyof F & string>>
  /** Foreign keys have an index without being named here. */
  readonly indexes?: ReadonlyArray<ReadonlyArray<keyof F & string>>
  /** Conditions that every row meets, by name. One that is unknown because of a NULL is met. */
  readonly checks?: (columns: Column.OfFields<F>) => Readonly<Record<string, Statement.Predicate>>
  /**
   * Makes this the link of a many-to-many relation: for each of its two references, the name of
   * the relation on the model it points at. `{ question: "tags", tag: "questions" }` gives
   * questions `tags` and tags `questions`.
   */
  readonly link?: Link
}

export const make = <
  const Name extends string,
  F extends Field.Fields,
  const Link extends { readonly [K in keyof Link]: K extends ReferenceKey<F> ? string : never } = {}
>(
  name: Name,
  fields: F,
  options: Options<F, Link> = {}
): Model<Name, F, Link> => ({
  name,
  fields,
  // Absent options are the default of the type parameter, the empty object.
  link: options.link ?? ({} as Link),
  table: options.table,
  pk: options.pk ?? ["id"],
  uniques: options.uniques ?? [],
  indexes: options.indexes ?? [],
  checks: options.checks?.(ownColumns(fields)) ?? {}
})

const ownColumns = <F extends Field.Fields>(fields: F): Column.OfFields<F> => {
  const columns: Record<string, Column.Handle> = {}
  for (const [field, { spec }] of Object.entries(fields)) {
    const key = columnKey(field, spec)
    columns[key] = new Column.Handle({ _tag: "Column", path: [key] }, spec.type)
  }
  // A handle has the methods of every kind; the mapped type grants those of its own.
  return columns as never
}

const columnKey = (field: string, spec: Field.Spec): string =>
  spec.reference === undefined ? field : `${field}Id`

const snake = (key: string): string => key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase()

const TypeId: unique symbol = Symbol.for("portico/domain/Model")

/** What an app's models know beside their tables. */
export interface Gathered<R extends Query.Sources> {
  readonly [TypeId]: {
    readonly app: string
    readonly registry: Registry.Registry
    /** The names in the registry of the models in reach, by value: names alone may clash. */
    readonly names: ReadonlyMap<object, string>
  }
  /** In types alone. */
  readonly "~sources": R
}

/** An app's models, whatever they are. */
export type AnyModels = Gathered<Query.Sources>

/** An app's models and those of the apps it uses, each the start of queries. */
export type Models<R extends Query.Sources> = {
  readonly [N in keyof R]: Query.Table<Field.Row<R[N]["fields"]>, R[N], R>
} & Gathered<R>

type Everything<Uses extends ReadonlyArray<AnyModels>> = {
  [I in keyof Uses]: (sources: Uses[I]["~sources"]) => void
}[number] extends (sources: infer All) => void
  ? All
  : never

type InReach<
  M extends Query.Sources,
  Uses extends ReadonlyArray<AnyModels>
> = Uses extends readonly [] ? M : M & Everything<Uses>

/**
 * Gathers an app's models under its label, by their names. `uses` names the apps whose models
 * these point at: they are in reach of queries too, with the relations that lead here.
 */
export const models = <
  const M extends Query.Sources & {
    readonly [N in keyof M]: Model<N & string, Field.Fields, object>
  },
  const Uses extends ReadonlyArray<AnyModels> = []
>(
  app: string,
  own: M,
  options: { readonly uses?: Uses } = {}
): Models<InReach<M, Uses>> => {
  const used = options.uses ?? []
  const { registry, names } = resolve(app, Object.values(own as Record<string, Any>), used)
  const tables: Record<string, unknown> = {}
  for (const name of names.values()) {
    const short = name.slice(name.indexOf(".") + 1)
    if (short in tables) {
      refuse(`two models called "${short}" are in reach of the app "${app}". Rename one of them.`)
    }
    tables[short] = new Query.Table(registry, { _tag: "Select", model: name })
  }
  // The names of the tables are those of the models, which is what the mapped type says.
  return Object.assign(tables, { [TypeId]: { app, registry, names } }) as never
}

/** What adapters and migrations read of an app's models. */
export const registryOf = (models: AnyModels): Registry.Registry => models[TypeId].registry

/** The models of all the apps of a site, for what concerns the whole database: migrations, checks. */
export const merge = (apps: ReadonlyArray<AnyModels>): Registry.Registry => {
  const entities = new Map<string, Registry.Entity>()
  for (const app of apps) {
    for (const [name, entity] of registryOf(app).entities) {
      const known = entities.get(name)
      const relations = new Map([...(known?.relations ?? []), ...entity.relations])
      entities.set(name, { ...entity, relations })
    }
  }
  const tables = new Map<string, string>()
  for (const { name, table } of entities.values()) {
    const other = tables.get(table)
    if (other !== undefined) {
      refuse(`${other} and ${name} share the table "${table}". Give one of them another table.`)
    }
    tables.set(table, name)
  }
  return { entities }
}

// A wrong model is found when the program loads its modules, before any Effect runs.
const refuse = (fact: string): never => {
  throw new TypeError(`Model: ${fact}`)
}

const resolve = (
  app: string,
  own: ReadonlyArray<Any>,
  uses: ReadonlyArray<AnyModels>
): { registry: Registry.Registry; names: ReadonlyMap<object, string> } => {
  const names = new Map<object, string>()
  const entities = new Map<string, Draft>()
  for (const used of uses) {
    for (const [model, name] of used[TypeId].names) names.set(model, name)
    for (const [name, entity] of registryOf(used).entities) {
      const known = entities.get(name)
      const relations = new Map([...(known?.relations ?? []), ...entity.relations])
      entities.set(name, { ...entity, relations })
    }
  }
  for (const model of own) names.set(model, `${app}.${model.name}`)
  for (const model of own) {
    const entity = entityOf(app, model, names)
    entities.set(entity.name, entity)
  }
  for (const model of own) addReverse(model, names, entities)
  return { registry: { entities }, names }
}

/** An entity to which other models still add relations. */
interface Draft extends Registry.Entity {
  readonly relations: Map<string, Registry.Relation>
}

const nameOf = (model: Any, field: string, names: ReadonlyMap<object, string>): string => {
  const to = model.fields[field]!.spec.reference!.to ?? model
  return (
    names.get(to) ??
    refuse(
      `${model.name}.${field} points at "${to.name}", which is not in reach. ` +
        `Add it to the app's models, or its app to "uses".`
    )
  )
}

const entityOf = (app: string, model: Any, names: ReadonlyMap<object, string>): Draft => {
  const name = `${app}.${model.name}`
  const table = model.table ?? `${snake(app)}_${snake(model.name)}`
  const columns: Array<Registry.Column> = []
  const relations = new Map<string, Registry.Relation>()

  for (const [field, { spec }] of Object.entries(model.fields)) {
    const key = columnKey(field, spec)
    const column = spec.column ?? snake(key)
    checkField(model, field, spec)
    const { reference } = spec
    columns.push({
      key,
      name: column,
      type: spec.type,
      nullable: spec.nullable,
      unique: spec.unique,
      touch: spec.touch,
      ...(spec.default === undefined ? {} : { default: spec.default }),
      ...(spec.schema === undefined ? {} : { schema: spec.schema }),
      ...(spec.check === undefined ? {} : { check: spec.check }),
      ...(reference === undefined
        ? {}
        : {
            references: {
              model: nameOf(model, field, names),
              column: "id",
              onDelete: reference.onDelete,
              constraint: identifier("fk", table, column)
            }
          })
    })
    if (reference !== undefined) {
      const to = nameOf(model, field, names)
      relations.set(field, { _tag: "ToOne", to, column: key, nullable: spec.nullable })
    }
  }

  const byKey = new Map(columns.map((column) => [column.key, column]))
  if (byKey.size < columns.length || columns.some(({ key }) => relations.has(key))) {
    refuse(`${name} has two columns or relations of one name: a reference "x" makes "x" and "xId".`)
  }
  const keysOf = (fields: ReadonlyArray<string>): ReadonlyArray<string> =>
    fields.map((field) => {
      const found = model.fields[field]
      return found === undefined
        ? refuse(`${name} names a field "${field}" that it does not have.`)
        : columnKey(field, found.spec)
    })
  const named = (prefix: string, keys: ReadonlyArray<string>) => ({
    name: identifier(prefix, table, ...keys.map((key) => byKey.get(key)!.name)),
    columns: keys
  })

  const primaryKey = keysOf(model.pk)
  for (const key of primaryKey) {
    if (byKey.get(key)!.nullable) refuse(`${name}.${key} is in the primary key and nullable.`)
  }
  const uniques = [
    ...columns.filter(({ unique }) => unique).map(({ key }) => named("uq", [key])),
    ...model.uniques.map((fields) => named("uq", keysOf(fields)))
  ]
  const indexes = model.indexes.map((fields) => named("ix", keysOf(fields)))
  // PostgreSQL and SQLite give a foreign key no index of its own; reverse relations and cascades
  // look rows up by it.
  for (const { key, references } of columns) {
    const led = [{ columns: primaryKey }, ...uniques, ...indexes].some((_) => _.columns[0] === key)
    if (references !== undefined && !led) indexes.push(named("ix", [key]))
  }
  return {
    name,
    app,
    table,
    columns,
    byKey,
    relations,
    primaryKey,
    identity: columns.find((column) => column.default?._tag === "Identity")?.key,
    uniques,
    indexes,
    checks: Object.entries(model.checks).map(([check, where]) => ({
      name: identifier("ck", table, check),
      where
    }))
  }
}

const checkField = (model: Any, field: string, spec: Field.Spec): void => {
  const at = `${model.name}.${field}`
  const { type, reference } = spec
  if (type._tag === "Decimal") {
    const { precision, scale } = type
    if (
      !(
        Number.isInteger(precision) &&
        Number.isInteger(scale) &&
        0 <= scale &&
        scale <= precision &&
        precision > 0
      )
    ) {
      refuse(
        `${at} is a decimal of ${precision} digits, ${scale} of them after the point. Give whole numbers, the first at least 1 and not below the second.`
      )
    }
  }
  if (
    type._tag === "Text" &&
    type.max !== undefined &&
    !(Number.isInteger(type.max) && type.max > 0)
  ) {
    refuse(`${at} is text of at most ${type.max} code points. Give a whole number from 1.`)
  }
  if (type._tag === "Enum" && type.values.length === 0) {
    refuse(`${at} is an enum of no values. Give at least one.`)
  }
  if (spec.default?._tag === "Identity" && (model.pk.length !== 1 || model.pk[0] !== field)) {
    refuse(`${at} is counted by the database, but it is not the primary key. Use f.int().`)
  }
  if (reference === undefined) return
  if (reference.onDelete === "setNull" && !spec.nullable) {
    refuse(
      `${at} is set to null when its target is deleted, but it may not be null. Add nullable: true.`
    )
  }
  const to = reference.to ?? model
  if (to.pk.length !== 1 || to.pk[0] !== "id" || to.fields["id"]?.spec.type._tag !== type._tag) {
    refuse(`${at} points at ${to.name}, whose primary key is not one field "id" of its kind.`)
  }
}

const addReverse = (
  model: Any,
  names: ReadonlyMap<object, string>,
  entities: ReadonlyMap<string, Draft>
): void => {
  const self = names.get(model)!
  const add = (field: string, relation: string, value: Registry.Relation) => {
    const target = entities.get(nameOf(model, field, names))!
    if (target.relations.has(relation) || target.byKey.has(relation)) {
      refuse(
        `${model.name}.${field} names its reverse "${relation}", which ${target.name} has already. ` +
          `Choose another name.`
      )
    }
    target.relations.set(relation, value)
  }
  for (const [field, { spec }] of Object.entries(model.fields)) {
    const as = spec.reference?.as
    if (as === undefined) continue
    add(field, as, {
      _tag: "ToMany",
      to: self,
      column: columnKey(field, spec),
      single: spec.reference!.single
    })
  }
  const link = Object.entries(model.link as Readonly<Record<string, string>>)
  if (link.length === 0) return
  const [here, there] = link
  if (here === undefined || there === undefined || link.length !== 2) {
    return refuse(`${model.name} links ${link.length} models. A link names two references.`)
  }
  const through = (from: string, to: string): Registry.Relation => ({
    _tag: "Through",
    to: nameOf(model, to, names),
    through: self,
    here: `${from}Id`,
    there: `${to}Id`
  })
  add(here[0], here[1], through(here[0], there[0]))
  add(there[0], there[1], through(there[0], here[0]))
}

// 63 bytes: PostgreSQL cuts longer identifiers silently (manual, "Lexical Structure"); MySQL
// refuses more than 64 characters. Of a longer name the head stays and a hash tells it apart.
const longestIdentifier = 63

const identifier = (prefix: string, table: string, ...parts: ReadonlyArray<string>): string => {
  const name = [prefix, table, ...parts].join("_")
  if (new TextEncoder().encode(name).length <= longestIdentifier) return name
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  }
  const head = name.replace(/[^ -~]/g, "_").slice(0, longestIdentifier - 9)
  return `${head}_${hash.toString(16).padStart(8, "0")}`
}
