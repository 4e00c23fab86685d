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

/** Strings in the holes are SQL text, written by us or quoted; values come as slots alone. */
export const sql = (
  texts: TemplateStringsArray,
  ...holes: ReadonlyArray<Sql | Slot | string>
): Sql => {
  const pieces: Array<Piece> = []
  texts.forEach((text, i) => {
    if (text !== "") pieces.push(text)
    const hole = holes[i]
    if (hole === undefined) return
    if (hole instanceof Sql) pieces.push(...hole.pieces)
    else pieces.push(hole)
  })
  return new Sql(pieces)
}

export const empty = new Sql([])

export const join = (parts: ReadonlyArray<Sql | string>, separator: string): Sql =>
  new Sql(
    parts.flatMap((part, i) => {
      const pieces = part instanceof Sql ? part.pieces : [part]
      return i === 0 ? pieces : [separator, ...pieces]
    })
  )

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
