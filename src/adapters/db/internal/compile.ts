/**
 * A statement as SQL: its text, where its parameters come from, how its rows are read. Runs once
 * per shape (`shape.ts`); what it answers is kept by `plan.ts`.
 */
import type { Column, Entity, Registry, Relation } from "../../../domain/Registry.ts"
import {
  common,
  Default,
  type Comparison,
  type Delete,
  type Expression,
  type FieldType,
  type Insert,
  type Order,
  type Path,
  type Predicate,
  type Row,
  type Select,
  type Statement,
  type Update
} from "../../../domain/Statement.ts"
import { type Decode, decoder, type Encode, encoder, operand } from "./codec.ts"
import { type Dialect, type Match, postgresType } from "./dialect.ts"
import { isLong, padded } from "./shape.ts"
import { empty, join, print, type Slot, type Sql, sql } from "./sql.ts"

/** The program asked for something that no text can be made of. */
export class NotCompilable extends Error {}

const refuse = (reason: string): never => {
  throw new NotCompilable(reason)
}

export interface Compiled {
  readonly text: string
  /** The parameters of a statement of this shape. */
  readonly bind: (statement: Statement, literals: ReadonlyArray<unknown>) => Array<unknown>
  /** Makes a row of an array of cells; absent where the statement answers none. */
  readonly read: ((cells: ReadonlyArray<unknown>) => Row) | undefined
}

/** How a row is made of cells: its own, and those of the rows nested in it. */
class Reader {
  readonly #keys: Array<string> = []
  readonly #cells: Array<number> = []
  readonly #decoders: Array<Decode> = []
  readonly #nested: Array<{
    readonly name: string
    /** A cell of the nested row that is never NULL unless the row is missing. */
    readonly presence: number
    readonly reader: Reader
  }> = []

  add(key: string, cell: number, decode: Decode): void {
    this.#keys.push(key)
    this.#cells.push(cell)
    this.#decoders.push(decode)
  }

  nest(name: string, presence: number): Reader {
    const reader = new Reader()
    this.#nested.push({ name, presence, reader })
    return reader
  }

  readonly read = (cells: ReadonlyArray<unknown>): Row => {
    const row: Record<string, unknown> = {}
    for (let i = 0; i < this.#keys.length; i++) {
      const cell = cells[this.#cells[i]!]
      const decode = this.#decoders[i]
      // A decoder takes what the dialect's driver gives for its type.
      row[this.#keys[i]!] = decode === undefined ? cell : decode(cell as never)
    }
    for (const { name, presence, reader } of this.#nested) {
      row[name] = cells[presence] === null ? null : reader.read(cells)
    }
    return row
  }
}

/** The columns of a SELECT or RETURNING list, and the reader of the rows they make. */
class Output {
  readonly items: Array<Sql> = []
  readonly reader = new Reader()
  readonly #dialect: Dialect
  readonly #isSubquery: boolean

  constructor(dialect: Dialect, isSubquery = false) {
    this.#dialect = dialect
    this.#isSubquery = isSubquery
  }

  add(reader: Reader, key: string, expression: Sql, type: FieldType): void {
    // What is compared within the statement stays as it is stored.
    const item = this.#isSubquery ? expression : this.#dialect.output(expression, type)
    reader.add(key, this.items.push(item) - 1, decoder(this.#dialect.name, type))
  }
}

interface Joined {
  readonly entity: Entity
  readonly alias: string
  /** Reached through a nullable reference: all its columns may be NULL. */
  readonly optional: boolean
  readonly clause: string
}

/** A row that paths start at: the table it is of, and the to-one relations followed from it. */
class Scope {
  readonly entity: Entity
  readonly alias: string
  readonly joins = new Map<string, Joined>()

  constructor(entity: Entity, alias: string) {
    this.entity = entity
    this.alias = alias
  }

  get clauses(): string {
    return [...this.joins.values()].map(({ clause }) => clause).join("")
  }
}

/** The rows in view: the statement's own, and those of the enclosing `Some`s by their numbers. */
interface View {
  readonly own: Scope
  readonly some: ReadonlyMap<number, Scope>
}

interface Search {
  readonly match: Match
  readonly ignoreCase: boolean
}

const searches: Partial<Record<Comparison, Search>> = {
  contains: { match: "contains", ignoreCase: false },
  icontains: { match: "contains", ignoreCase: true },
  startsWith: { match: "startsWith", ignoreCase: false },
  istartsWith: { match: "startsWith", ignoreCase: true },
  endsWith: { match: "endsWith", ignoreCase: false },
  iendsWith: { match: "endsWith", ignoreCase: true }
}

const signs = { eq: "=", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const

const int: FieldType = { _tag: "Int" }

class Compiler {
  readonly #registry: Registry
  readonly #dialect: Dialect
  readonly #literals: ReadonlyArray<unknown>
  #visited = 0
  #aliases = 0

  constructor(registry: Registry, dialect: Dialect, literals: ReadonlyArray<unknown>) {
    this.#registry = registry
    this.#dialect = dialect
    this.#literals = literals
  }

  compile(statement: Statement): Compiled {
    switch (statement._tag) {
      case "Select": {
        const output = new Output(this.#dialect)
        return this.#finish(this.#select(statement, new Map(), output), output.reader)
      }
      case "Insert":
        return this.#insert(statement)
      case "Update":
        return this.#finish(this.#update(statement), undefined)
      case "Delete":
        return this.#finish(this.#delete(statement), undefined)
    }
  }

  #finish(statement: Sql, reader: Reader | undefined): Compiled {
    if (this.#visited !== this.#literals.length) {
      throw new Error("compile and shape disagree about the number of literals")
    }
    const { text, slots } = print(statement, this.#dialect.placeholder)
    return { text, bind: (_, literals) => bindSlots(slots, literals), read: reader?.read }
  }

  // --- names -------------------------------------------------------------------------------------

  #entity(model: string): Entity {
    return (
      this.#registry.entities.get(model) ??
      refuse(`the registry has no model "${model}". Add its app to the site.`)
    )
  }

  #column(entity: Entity, key: string): Column {
    return entity.byKey.get(key) ?? refuse(`${entity.name} has no field "${key}".`)
  }

  #name(entity: Entity, key: string): string {
    return this.#dialect.quote(this.#column(entity, key).name)
  }

  #table(entity: Entity): string {
    return this.#dialect.quote(entity.table)
  }

  #scope(entity: Entity): Scope {
    return new Scope(entity, `t${this.#aliases++}`)
  }

  #start(view: View, scope: number | undefined): Scope {
    if (scope === undefined) return view.own
    return view.some.get(scope) ?? refuse(`no enclosing relation is known as ${scope}.`)
  }

  /** Follows to-one relations: INNER where every row has a target, else LEFT. */
  #follow(scope: Scope, path: Path): Joined {
    if (path.length === 0) return { ...scope, optional: false, clause: "" }
    const key = JSON.stringify(path)
    const known = scope.joins.get(key)
    if (known !== undefined) return known
    const from = this.#follow(scope, path.slice(0, -1))
    const name = path[path.length - 1]!
    const relation = from.entity.relations.get(name)
    if (relation?._tag !== "ToOne") {
      return refuse(`${from.entity.name} has no to-one relation "${name}".`)
    }
    const entity = this.#entity(relation.to)
    const alias = `t${this.#aliases++}`
    const optional = from.optional || relation.nullable
    const target = this.#name(entity, this.#referred(from.entity, relation))
    const source = this.#name(from.entity, relation.column)
    const joined: Joined = {
      entity,
      alias,
      optional,
      clause:
        ` ${optional ? "LEFT" : "INNER"} JOIN ${this.#table(entity)} AS ${alias}` +
        ` ON ${alias}.${target} = ${from.alias}.${source}`
    }
    scope.joins.set(key, joined)
    return joined
  }

  /** The column of the target that a reference holds the value of. */
  #referred(holder: Entity, { column }: { readonly column: string }): string {
    const { references } = this.#column(holder, column)
    return references?.column ?? refuse(`${holder.name}.${column} refers to nothing.`)
  }

  #path(
    view: View,
    { path, scope }: { readonly path: Path; readonly scope?: number }
  ): { readonly text: string; readonly type: FieldType; readonly nullable: boolean } {
    const { alias, entity, optional } = this.#follow(this.#start(view, scope), path.slice(0, -1))
    const column = this.#column(entity, path[path.length - 1]!)
    return {
      text: `${alias}.${this.#dialect.quote(column.name)}`,
      type: column.type,
      nullable: optional || column.nullable
    }
  }

  // --- literals ----------------------------------------------------------------------------------

  /** The place of the literal that is visited now, which must be the next of the shape walk. */
  #visit(literal: unknown): number {
    const index = this.#visited++
    if (!Object.is(this.#literals[index], literal)) {
      throw new Error("compile and shape visit literals in different orders")
    }
    return index
  }

  #literal(
    { type, value }: Extract<Expression, { readonly _tag: "Literal" }>,
    write: Dialect["alone"]
  ): Sql {
    const literal = this.#visit(value)
    if (value === null) return sql`NULL`
    return write({ literal, encode: operand(this.#dialect.name, type) }, type)
  }

  // --- expressions -------------------------------------------------------------------------------

  #expression(view: View, e: Expression, write = this.#dialect.alone): Sql {
    switch (e._tag) {
      case "Column":
        return sql`${this.#path(view, e).text}`
      case "Literal":
        return this.#literal(e, write)
      case "Arithmetic": {
        const type = this.#type(view, e)
        const [left, right] = [this.#expression(view, e.left), this.#expression(view, e.right)]
        return sql`(${this.#inUnits(view, e.left, left, type)} ${e.operator} ${this.#inUnits(view, e.right, right, type)})`
      }
      case "Call": {
        const arg = e.args[0] ?? refuse(`${e.name} needs an argument.`)
        return this.#dialect.call[e.name](this.#expression(view, arg), this.#type(view, arg))
      }
      case "Aggregate":
        return e.arg === undefined
          ? sql`${e.name.toUpperCase()}(*)`
          : sql`${e.name.toUpperCase()}(${this.#expression(view, e.arg)})`
    }
  }

  #type(view: View, e: Expression): FieldType {
    switch (e._tag) {
      case "Column":
        return this.#path(view, e).type
      case "Literal":
        return e.type
      case "Arithmetic":
        return common(this.#type(view, e.left), this.#type(view, e.right))
      case "Call":
        return e.name === "lower" || e.name === "upper" ? this.#type(view, e.args[0]!) : int
      case "Aggregate":
        return int
    }
  }

  /** What `e` was written as, in the units of a decimal of at least as many digits. */
  #inUnits(view: View, e: Expression, written: Sql, to: FieldType): Sql {
    if (!this.#dialect.countsDecimals || to._tag !== "Decimal") return written
    const from = this.#type(view, e)
    return from._tag !== "Decimal" || from.scale >= to.scale
      ? written
      : sql`(${written} * ${String(10n ** BigInt(to.scale - from.scale))})`
  }

  #nullable(view: View, e: Expression): boolean {
    switch (e._tag) {
      case "Column":
        return this.#path(view, e).nullable
      case "Literal":
        return e.value === null
      case "Arithmetic":
        return this.#nullable(view, e.left) || this.#nullable(view, e.right)
      case "Call":
        return e.args.some((arg) => this.#nullable(view, arg))
      case "Aggregate":
        return false
    }
  }

  #order(view: View, { by, direction, nulls }: Order): Sql {
    const { nullsAreSmallest, orderWithNulls } = this.#dialect
    const expression = this.#expression(view, by)
    const word = direction === "asc" ? "ASC" : "DESC"
    const smallest = nulls === (direction === "asc" ? "first" : "last")
    return !this.#nullable(view, by) || smallest === nullsAreSmallest
      ? sql`${expression} ${word}`
      : orderWithNulls(expression, word, nulls)
  }

  // --- predicates --------------------------------------------------------------------------------

  #predicate(view: View, p: Predicate): Sql {
    switch (p._tag) {
      case "Compare":
        return this.#compare(view, p)
      case "In":
        return this.#in(this.#expression(view, p.left), p.values, p.type)
      case "InQuery":
        return this.#inQuery(this.#expression(view, p.left), p.query, view.some)
      case "IsNull":
        return sql`${this.#expression(view, p.operand)} IS NULL`
      case "And":
      case "Or": {
        const parts = p.of.map((part) => this.#predicate(view, part))
        if (parts.length === 0) return p._tag === "And" ? sql`1 = 1` : sql`1 = 0`
        if (parts.length === 1) return parts[0]!
        return sql`(${join(parts, p._tag === "And" ? " AND " : " OR ")})`
      }
      case "Not":
        return this.#not(view, p.operand)
      case "Some":
        return this.#some(view, p)
    }
  }

  #not(view: View, p: Predicate): Sql {
    if (p._tag === "IsNull") return sql`${this.#expression(view, p.operand)} IS NOT NULL`
    const positive = this.#predicate(view, p)
    // Where NULLs make the operand unknown, NOT would too, and the row be in neither set.
    return this.#unknowable(view, p) ? sql`(${positive}) IS NOT TRUE` : sql`NOT (${positive})`
  }

  /** Whether SQL may answer neither true nor false. */
  #unknowable(view: View, p: Predicate): boolean {
    switch (p._tag) {
      case "Compare":
        return (
          p.operator !== "ne" && (this.#nullable(view, p.left) || this.#nullable(view, p.right))
        )
      // A list or the answer of a query may hold a NULL.
      case "In":
      case "InQuery":
        return true
      case "And":
      case "Or":
        return p.of.some((part) => this.#unknowable(view, part))
      case "IsNull":
      case "Not":
      case "Some":
        return false
    }
  }

  #compare(
    view: View,
    { left, operator, right }: Extract<Predicate, { readonly _tag: "Compare" }>
  ): Sql {
    const { beside, alone, distinct, regex } = this.#dialect
    const search = searches[operator]
    if (search !== undefined) return this.#search(view, left, right, search)
    if (operator === "iexact") {
      const { lower } = this.#dialect.call
      const folded = (e: Expression) => lower(this.#expression(view, e), this.#type(view, e))
      return sql`${folded(left)} = ${folded(right)}`
    }
    const bothLiteral = left._tag === "Literal" && right._tag === "Literal"
    const write = bothLiteral ? alone : beside
    const type = common(this.#type(view, left), this.#type(view, right))
    const l = this.#inUnits(view, left, this.#expression(view, left, write), type)
    const r = this.#inUnits(view, right, this.#expression(view, right, write), type)
    switch (operator) {
      case "ne":
        return this.#nullable(view, left) || this.#nullable(view, right)
          ? distinct(l, r)
          : sql`${l} <> ${r}`
      case "regex":
        return regex(l, r)
      case "eq":
      case "lt":
      case "lte":
      case "gt":
      case "gte":
        return sql`${l} ${signs[operator]} ${r}`
      default:
        return refuse(`"${operator}" is not a comparison of SQL.`)
    }
  }

  #search(view: View, left: Expression, right: Expression, { ignoreCase, match }: Search): Sql {
    const { like, pattern } = this.#dialect
    const text = this.#expression(view, left)
    if (right._tag !== "Literal") {
      return refuse(`text is searched for a text, not for another column.`)
    }
    const literal = this.#visit(right.value)
    if (right.value === null) return sql`1 = 0`
    const encode = operand(this.#dialect.name, right.type)
    const make = pattern(match, ignoreCase)
    // Literals of type Text are strings.
    return like(text, { literal, encode: (value) => make(encode(value) as string) }, ignoreCase)
  }

  #in(left: Sql, values: ReadonlyArray<unknown>, type: FieldType): Sql {
    const { inArray, lists, name } = this.#dialect
    const literal = this.#visit(values)
    const encode = operand(name, type)
    const whole = lists === "array" || isLong(this.#dialect, values.length, type)
    if (whole && inArray !== undefined) {
      return inArray(left, { literal, encode: listEncoder(lists, encode) }, type)
    }
    const count = padded(values.length)
    if (count === 0) return sql`1 = 0`
    const slots = Array.from({ length: count }, (_, i) =>
      this.#dialect.beside({ literal, encode: itemEncoder(i, encode) }, type)
    )
    return sql`${left} IN (${join(slots, ", ")})`
  }

  #inQuery(left: Sql, query: Select, some: View["some"]): Sql {
    const answers = this.#select(query, some, new Output(this.#dialect, true))
    const isPage = query.limit !== undefined || query.offset !== undefined
    return isPage && this.#dialect.shieldsPages
      ? sql`${left} IN (SELECT * FROM (${answers}) AS page)`
      : sql`${left} IN (${answers})`
  }

  #some(view: View, p: Extract<Predicate, { readonly _tag: "Some" }>): Sql {
    const from = this.#follow(this.#start(view, p.scope), p.path.slice(0, -1))
    const name = p.path[p.path.length - 1]!
    const relation = from.entity.relations.get(name)
    if (relation === undefined || relation._tag === "ToOne") {
      return refuse(`${from.entity.name} has no to-many relation "${name}".`)
    }
    const target = this.#scope(this.#entity(relation.to))
    const inner: View = { own: view.own, some: new Map(view.some).set(p.as, target) }
    const where = p.where === undefined ? empty : sql` AND ${this.#predicate(inner, p.where)}`
    const { condition, tables } = this.#link(from, relation, target)
    return sql`EXISTS (SELECT 1 FROM ${tables}${target.clauses} WHERE ${condition}${where})`
  }

  /** The tables between a row and those of a to-many relation, and what holds them together. */
  #link(
    from: Joined,
    relation: Exclude<Relation, { readonly _tag: "ToOne" }>,
    { alias, entity }: Scope
  ): { readonly tables: string; readonly condition: string } {
    const target = `${this.#table(entity)} AS ${alias}`
    if (relation._tag === "ToMany") {
      const own = this.#name(from.entity, this.#referred(entity, relation))
      return {
        tables: target,
        condition: `${alias}.${this.#name(entity, relation.column)} = ${from.alias}.${own}`
      }
    }
    const link = this.#scope(this.#entity(relation.through))
    const side = (key: string) => `${link.alias}.${this.#name(link.entity, key)}`
    const referred = (of: Entity, key: string) =>
      this.#name(of, this.#referred(link.entity, { column: key }))
    return {
      tables:
        `${this.#table(link.entity)} AS ${link.alias} INNER JOIN ${target}` +
        ` ON ${alias}.${referred(entity, relation.there)} = ${side(relation.there)}`,
      condition: `${side(relation.here)} = ${from.alias}.${referred(from.entity, relation.here)}`
    }
  }

  // --- statements --------------------------------------------------------------------------------

  /** Visits in the order of `shape.ts`: output, where, each, order, limit, offset. */
  #select(select: Select, some: View["some"], output: Output): Sql {
    const own = this.#scope(this.#entity(select.model))
    const view: View = { own, some }
    const { items, reader } = output
    if (select.output === undefined) this.#addColumns(output, reader, own)
    else {
      for (const [alias, e] of select.output) this.#addExpression(output, alias, view, e)
    }
    if (select.join !== undefined) this.#addJoins(output, own, select.join)

    const conditions: Array<Sql> = []
    if (select.where !== undefined) conditions.push(this.#predicate(view, select.where))
    let by = empty
    if (select.each !== undefined) {
      const { each } = select
      by = this.#expression(view, each.by)
      conditions.push(this.#in(by, each.values, each.type))
    }
    const orders = (select.orderBy ?? []).map((order) => this.#order(view, order))
    const orderBy = orders.length === 0 ? empty : sql` ORDER BY ${join(orders, ", ")}`
    const limit = select.limit === undefined ? undefined : this.#count(select.limit)
    const offset = select.offset === undefined ? undefined : this.#count(select.offset)

    const from = sql`${this.#table(own.entity)} AS ${own.alias}${own.clauses}`
    const where = conditions.length === 0 ? empty : sql` WHERE ${join(conditions, " AND ")}`
    if (select.each !== undefined && (limit !== undefined || offset !== undefined)) {
      return partitioned(items, sql`${from}${where}`, by, orderBy, limit, offset)
    }
    const list = items.length === 0 ? sql`1` : join(items, ", ")
    const page = sql`${
      limit === undefined
        ? offset === undefined
          ? ""
          : this.#dialect.noLimit
        : sql` LIMIT ${limit}`
    }${offset === undefined ? "" : sql` OFFSET ${offset}`}`
    const lock = select.lock === undefined ? "" : this.#dialect.lock(select.lock, own.alias)
    return sql`SELECT ${list} FROM ${from}${where}${orderBy}${page}${lock}`
  }

  #addColumns(output: Output, reader: Reader, { alias, entity }: Pick<Joined, "alias" | "entity">) {
    for (const { key, name, type } of entity.columns) {
      output.add(reader, key, sql`${alias}.${this.#dialect.quote(name)}`, type)
    }
  }

  #addExpression(output: Output, alias: string, view: View, e: Expression): void {
    output.add(output.reader, alias, this.#expression(view, e), this.#type(view, e))
  }

  #addJoins(output: Output, own: Scope, paths: ReadonlyArray<Path>): void {
    const readers = new Map<string, Reader>([["[]", output.reader]])
    for (const path of paths) {
      const key = JSON.stringify(path)
      const parent = readers.get(JSON.stringify(path.slice(0, -1)))
      if (parent === undefined)
        return refuse(`${path.join(".")} is joined before what it goes on from.`)
      const joined = this.#follow(own, path)
      // The columns that follow are the joined row's, in their order.
      const first = output.items.length
      const present = joined.entity.columns.findIndex(
        ({ key: column }) => column === joined.entity.primaryKey[0]
      )
      const reader = parent.nest(path[path.length - 1]!, first + present)
      readers.set(key, reader)
      this.#addColumns(output, reader, joined)
    }
  }

  #count(count: number): Sql {
    const literal = this.#visit(count)
    if (!Number.isSafeInteger(count) || count < 0) {
      return refuse(`${count} is not a number of rows. Give 0 or a positive integer.`)
    }
    return this.#dialect.inlinesLimit
      ? sql`${String(count)}`
      : sql`${{ literal, encode: encoder(this.#dialect.name, int) }}`
  }

  #insert({ columns, model, returning, rows }: Insert): Compiled {
    const entity = this.#entity(model)
    const { insertsArrays, quote, returning: returns } = this.#dialect
    // A row of nothing but defaults is written as one default, as not all know DEFAULT VALUES.
    const bare = columns.length === 0
    const keys = bare ? [entity.identity ?? entity.columns[0]!.key] : columns
    const given = keys.map((key) => this.#column(entity, key))
    const names = given.map(({ name }) => quote(name)).join(", ")
    const output = new Output(this.#dialect)
    if (returning && returns) this.#addReturned(output, entity)
    const answer = output.items.length === 0 ? empty : sql` RETURNING ${join(output.items, ", ")}`
    const head = sql`INSERT INTO ${this.#table(entity)} (${names})`
    const read = output.items.length === 0 ? undefined : output.reader.read
    const encoders = given.map(({ type }) => encoder(this.#dialect.name, type))
    const literal = 0
    const hasDefault = bare || rows.some((row) => row.includes(Default))

    if (insertsArrays && rows.length > 1 && !hasDefault) {
      const arrays = given.map(
        ({ type }, c) => sql`${{ literal, encode: encoders[c]! }}::${postgresType(type)}[]`
      )
      const { text } = print(
        sql`${head} SELECT * FROM UNNEST(${join(arrays, ", ")})${answer}`,
        this.#dialect.placeholder
      )
      return { text, read, bind: (insert) => bindColumns(insert as Insert, encoders) }
    }
    const values = rows.map((row) => {
      const cells = given.map((column, c) =>
        bare || row[c] === Default
          ? this.#default(column)
          : sql`${{ literal, encode: encoders[c]! }}`
      )
      return sql`(${join(cells, ", ")})`
    })
    const { text } = print(
      sql`${head} VALUES ${join(values, ", ")}${answer}`,
      this.#dialect.placeholder
    )
    return { text, read, bind: (insert) => bindRows(insert as Insert, encoders) }
  }

  #addReturned(output: Output, entity: Entity): void {
    for (const { key, name, type } of entity.columns) {
      output.add(output.reader, key, sql`${this.#dialect.quote(name)}`, type)
    }
  }

  #default({ default: fallback, name }: Column): Sql {
    if (this.#dialect.writesDefault) return sql`DEFAULT`
    // SQLite has no DEFAULT among values; NULL makes it count the next key.
    return fallback === undefined || fallback._tag === "Identity"
      ? sql`NULL`
      : refuse(`the default of "${name}" is not the database's to make.`)
  }

  /** Visits in the order of `shape.ts`: where, then set. */
  #update({ model, set, where }: Update): Sql {
    const own = this.#scope(this.#entity(model))
    const view: View = { own, some: new Map() }
    const condition = this.#matching(view, where)
    const target: View = { own: new Scope(own.entity, own.alias), some: view.some }
    const assignments = set.map(([key, e]) => {
      const { name, type } = this.#column(own.entity, key)
      return sql`${this.#dialect.quote(name)} = ${this.#assigned(target, type, e)}`
    })
    if (target.own.joins.size > 0) {
      return refuse(`an update of ${model} sets a value from another row. Read that row first.`)
    }
    return sql`UPDATE ${this.#table(own.entity)} AS ${own.alias} SET ${join(assignments, ", ")}${condition}`
  }

  #assigned(view: View, type: FieldType, e: Expression): Sql {
    if (e._tag !== "Literal") return this.#inUnits(view, e, this.#expression(view, e), type)
    const literal = this.#visit(e.value)
    if (e.value === null) return sql`NULL`
    return sql`${{ literal, encode: encoder(this.#dialect.name, type) }}`
  }

  #delete({ model, where }: Delete): Sql {
    const own = this.#scope(this.#entity(model))
    const condition = this.#matching({ own, some: new Map() }, where)
    return sql`${this.#dialect.deleteFrom(this.#table(own.entity), own.alias)}${condition}`
  }

  /** The condition of an update or delete; where it follows relations, by way of the keys. */
  #matching(view: View, where: Predicate | undefined): Sql {
    if (where === undefined) return empty
    const condition = this.#predicate(view, where)
    const { own } = view
    const reads = own.joins.size > 0 || (this.#dialect.shieldsTarget && hasSubquery(where))
    if (!reads) return sql` WHERE ${condition}`
    const keys = own.entity.primaryKey.map((key) => this.#name(own.entity, key))
    const qualified = keys.map((key) => `${own.alias}.${key}`).join(", ")
    const chosen = sql`${qualified} FROM ${this.#table(own.entity)} AS ${own.alias}${own.clauses} WHERE ${condition}`
    const left = keys.length === 1 ? qualified : `(${qualified})`
    return this.#dialect.shieldsTarget
      ? // DISTINCT keeps the optimizer from merging the inner query into the statement.
        sql` WHERE ${left} IN (SELECT * FROM (SELECT DISTINCT ${chosen}) AS chosen)`
      : sql` WHERE ${left} IN (SELECT ${chosen})`
  }
}

const hasSubquery = (p: Predicate): boolean => {
  switch (p._tag) {
    case "InQuery":
    case "Some":
      return true
    case "And":
    case "Or":
      return p.of.some(hasSubquery)
    case "Not":
      return hasSubquery(p.operand)
    case "Compare":
    case "In":
    case "IsNull":
      return false
  }
}

/** A page of each key's rows: counted within the key, the key's order kept. */
const partitioned = (
  items: ReadonlyArray<Sql>,
  rest: Sql,
  by: Sql,
  orderBy: Sql,
  limit: Sql | undefined,
  offset: Sql | undefined
): Sql => {
  const named = items.map((item, i) => sql`${item} AS c${String(i)}`)
  const names = items.map((_, i) => `c${i}`)
  const page = [
    ...(offset === undefined ? [] : [sql`n > ${offset}`]),
    ...(limit === undefined
      ? []
      : [offset === undefined ? sql`n <= ${limit}` : sql`n - ${offset} <= ${limit}`])
  ]
  const counted = sql`ROW_NUMBER() OVER (PARTITION BY ${by}${orderBy}) AS n`
  const numbered = sql`SELECT ${join([...named, counted], ", ")} FROM ${rest}`
  return sql`SELECT ${join(names, ", ")} FROM (${numbered}) AS numbered WHERE ${join(page, " AND ")} ORDER BY n`
}

// --- binding -----------------------------------------------------------------------------------

const itemEncoder =
  (index: number, encode: Encode): Encode =>
  (list) => {
    // The literal of a padded slot is a list that is not empty; the last value fills it up.
    const values = list as ReadonlyArray<unknown>
    return encode(values[Math.min(index, values.length - 1)])
  }

const listEncoder =
  (lists: Dialect["lists"], encode: Encode): Encode =>
  (list) => {
    const values = (list as ReadonlyArray<unknown>).map(encode)
    return lists === "array" ? values : `[${values.map(jsonItem).join()}]`
  }

const jsonItem = (value: unknown): string =>
  typeof value === "bigint" ? String(value) : JSON.stringify(value)

const bindSlots = (
  slots: ReadonlyArray<Slot>,
  literals: ReadonlyArray<unknown>
): Array<unknown> => {
  const parameters = new Array<unknown>(slots.length)
  for (let i = 0; i < slots.length; i++) {
    const { encode, literal } = slots[i]!
    parameters[i] = encode(literals[literal])
  }
  return parameters
}

const bindRows = ({ rows }: Insert, encoders: ReadonlyArray<Encode>): Array<unknown> => {
  const parameters: Array<unknown> = []
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      if (row[i] !== Default) parameters.push(encoders[i]!(row[i]))
    }
  }
  return parameters
}

/** One array per column. */
const bindColumns = ({ rows }: Insert, encoders: ReadonlyArray<Encode>): Array<unknown> =>
  encoders.map((encode, i) => rows.map((row) => encode(row[i])))

/** `literals` are those that `shapeOf` collected from this statement. */
export const compile = (
  registry: Registry,
  dialect: Dialect,
  statement: Statement,
  literals: ReadonlyArray<unknown>
): Compiled => new Compiler(registry, dialect, literals).compile(statement)
