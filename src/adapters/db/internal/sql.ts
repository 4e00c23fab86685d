/**
 * SQL text with holes for parameters, put together from pieces in any order and numbered at the
 * end. Used by the compiler and the dialects.
 */
import type { Encode } from "./codec.ts"

/** Where a parameter of a plan comes from. */
export interface Slot {
  /** Index into the literals that the shape walk collected. */
  readonly literal: number
  /** Makes the parameter of that literal; for a list, of the whole list. */
  readonly encode: Encode
}

export type Piece = string | Slot

/** A piece of SQL. */
export class Sql {
  readonly pieces: ReadonlyArray<Piece>
  constructor(pieces: ReadonlyArray<Piece>) {
    this.pieces = pieces
  }
}

// Not by spreading into push: a list of values may have more pieces than a call takes arguments.
const add = (pieces: Array<Piece>, part: Sql | Piece): void => {
  if (part instanceof Sql) for (const piece of part.pieces) pieces.push(piece)
  else pieces.push(part)
}

/** Strings in the holes are SQL text, written by us or quoted; values come as slots alone. */
export const sql = (
  texts: TemplateStringsArray,
  ...holes: ReadonlyArray<Sql | Slot | string>
): Sql => {
  const pieces: Array<Piece> = []
  texts.forEach((text, i) => {
    if (text !== "") pieces.push(text)
    const hole = holes[i]
    if (hole !== undefined) add(pieces, hole)
  })
  return new Sql(pieces)
}

export const empty = new Sql([])

export const join = (parts: ReadonlyArray<Sql | string>, separator: string): Sql => {
  const pieces: Array<Piece> = []
  parts.forEach((part, i) => {
    if (i > 0) pieces.push(separator)
    add(pieces, part)
  })
  return new Sql(pieces)
}

/** The text with placeholders, and the slots in the order of the placeholders. */
export const print = (
  { pieces }: Sql,
  placeholder: (position: number) => string
): { readonly text: string; readonly slots: ReadonlyArray<Slot> } => {
  const slots: Array<Slot> = []
  let text = ""
  for (const piece of pieces)
    text += typeof piece === "string" ? piece : placeholder(slots.push(piece))
  return { text, slots }
}
