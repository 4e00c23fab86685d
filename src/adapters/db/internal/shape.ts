/**
 * One walk over a statement: a key in which every literal stands as its type, and the literals.
 * Statements of one key differ in nothing but the literals, so they share one plan.
 *
 * The compiler visits literals in the order of this walk, and checks that it did.
 */
import {
  Default,
  type Expression,
  type FieldType,
  type Order,
  type Path,
  type Predicate,
  type Select,
  type Statement
} from "../../../domain/Statement.ts"
import type { Dialect } from "./dialect.ts"

/** The literals of one statement, and what of the dialect decides which of them shape the text. */
interface Walk {
  readonly dialect: Dialect
  readonly literals: Array<unknown>
}

/** The number of parameters for a list of `length` values: the next power of two. */
export const padded = (length: number): number =>
  length <= 1 ? length : 2 ** Math.ceil(Math.log2(length))

/** Whether a list comes as one parameter though the dialect pads. Bytes can not: it is JSON. */
export const isLong = (dialect: Dialect, length: number, { _tag }: FieldType): boolean =>
  length >= dialect.longList && _tag !== "Bytes"

const typeKey = (type: FieldType): string =>
  type._tag === "Decimal" ? `Decimal${type.precision}.${type.scale}` : type._tag

// Names come from models and could hold any character: the length keeps two shapes apart.
const nameKey = (name: string): string => `${name.length}:${name}`

const pathKey = (path: Path): string => {
  let key = ""
  for (const name of path) key += nameKey(name)
  return key
}

const listKey = (walk: Walk, values: ReadonlyArray<unknown>, type: FieldType): string => {
  walk.literals.push(values)
  const { length } = values
  return `${typeKey(type)}[${isLong(walk.dialect, length, type) ? "" : padded(length)}]`
}

const expressionKey = (walk: Walk, e: Expression): string => {
  switch (e._tag) {
    case "Column":
      return `c${e.scope ?? ""}.${pathKey(e.path)}`
    case "Literal":
      walk.literals.push(e.value)
      return e.value === null ? "null" : `?${typeKey(e.type)}`
    case "Arithmetic":
      return `(${expressionKey(walk, e.left)}${e.operator}${expressionKey(walk, e.right)})`
    case "Call":
      return `${e.name}(${e.args.map((arg) => expressionKey(walk, arg)).join()})`
    case "Aggregate":
      return `${e.name}(${e.arg === undefined ? "*" : expressionKey(walk, e.arg)})`
  }
}

const predicateKey = (walk: Walk, p: Predicate): string => {
  switch (p._tag) {
    case "Compare":
      return `${p.operator}(${expressionKey(walk, p.left)},${expressionKey(walk, p.right)})`
    case "In":
      return `in(${expressionKey(walk, p.left)},${listKey(walk, p.values, p.type)})`
    case "InQuery":
      return `in(${expressionKey(walk, p.left)},${selectKey(walk, p.query)})`
    case "IsNull":
      return `null(${expressionKey(walk, p.operand)})`
    case "And":
    case "Or": {
      let key = p._tag === "And" ? "&(" : "|("
      for (const part of p.of) key += `${predicateKey(walk, part)},`
      return `${key})`
    }
    case "Not":
      return `!${predicateKey(walk, p.operand)}`
    case "Some": {
      const where = p.where === undefined ? "" : predicateKey(walk, p.where)
      return `some(${p.scope ?? ""}.${pathKey(p.path)}${p.as}|${where})`
    }
  }
}

const orderKey = (walk: Walk, { by, direction, nulls }: Order): string =>
  `${expressionKey(walk, by)}${direction}${nulls},`

const countKey = (walk: Walk, letter: string, count: number | undefined): string => {
  if (count === undefined) return ""
  walk.literals.push(count)
  return walk.dialect.inlinesLimit ? letter + count : letter
}

const namedKey = (
  walk: Walk,
  entries: ReadonlyArray<readonly [name: string, expression: Expression]>
): string => {
  let key = ""
  for (const [name, expression] of entries) {
    key += `${nameKey(name)}=${expressionKey(walk, expression)},`
  }
  return key
}

const selectKey = (walk: Walk, select: Select): string => {
  let key = `S${nameKey(select.model)}`
  if (select.output !== undefined) key += `o${namedKey(walk, select.output)}`
  for (const path of select.join ?? []) key += `j${pathKey(path)}`
  if (select.where !== undefined) key += `w${predicateKey(walk, select.where)}`
  const { each } = select
  if (each !== undefined) {
    key += `e${expressionKey(walk, each.by)}${listKey(walk, each.values, each.type)}`
  }
  for (const order of select.orderBy ?? []) key += `b${orderKey(walk, order)}`
  key += countKey(walk, "l", select.limit) + countKey(walk, "p", select.offset)
  if (select.lock !== undefined) key += `k${select.lock.strength}${select.lock.wait}`
  return key
}

const rowsKey = (dialect: Dialect, rows: ReadonlyArray<ReadonlyArray<unknown>>): string => {
  let defaults = ""
  rows.forEach((row, r) =>
    row.forEach((value, c) => {
      if (value === Default) defaults += `${r}.${c},`
    })
  )
  const many = dialect.insertsArrays && rows.length > 1 && defaults === ""
  return `x${many ? "*" : rows.length}${defaults}`
}

/**
 * Pushes the literals onto `literals`. Those of an insert stay in its rows, where the plan reads
 * them: a key per value would cost more than the insert.
 */
export const shapeOf = (
  dialect: Dialect,
  statement: Statement,
  literals: Array<unknown>
): string => {
  const walk: Walk = { dialect, literals }
  switch (statement._tag) {
    case "Select":
      return selectKey(walk, statement)
    case "Insert": {
      const { model, columns, rows, returning } = statement
      return `I${nameKey(model)}${pathKey(columns)}${rowsKey(dialect, rows)}${returning ? "r" : ""}`
    }
    case "Update": {
      const where = statement.where === undefined ? "" : predicateKey(walk, statement.where)
      return `U${nameKey(statement.model)}${where}s${namedKey(walk, statement.set)}`
    }
    case "Delete": {
      const where = statement.where === undefined ? "" : predicateKey(walk, statement.where)
      return `D${nameKey(statement.model)}${where}`
    }
  }
}
