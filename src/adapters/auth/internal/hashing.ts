/** What the algorithms of this folder share. */
import { Buffer } from "node:buffer"
import { randomInt, timingSafeEqual } from "node:crypto"
import { saltCharacters, saltLength } from "../../../domain/Password.ts"

/** A salt as text, as Django makes them, so that a table may be shared with it. */
export const newSalt = (): string =>
  Array.from({ length: saltLength }, () => saltCharacters[randomInt(saltCharacters.length)]).join(
    ""
  )

/** Compares in a time that depends on the lengths alone. */
export const same = (left: string, right: string): boolean => {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** A cost that the site has chosen, or a defect: it is a mistake of the program. */
export const within = (name: string, value: number, min: number, max: number): number => {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new Error(
    `PasswordHasher: the option ${name} is ${value}. Choose a whole number from ${min} to ${max}.`
  )
}
