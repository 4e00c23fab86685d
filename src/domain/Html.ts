/**
 * Escaped text as a type. A value of type `Html` is markup that may be sent as it is; everything
 * else is text and is escaped on its way into a page. `html` and `trusted` are the only ways to one.
 */

const brand: unique symbol = Symbol.for("portico/domain/Html")

export interface Html {
  readonly [brand]: true
  readonly markup: string
}

/** Not exported, so that no markup is made but by `html` and `trusted`. */
class Markup implements Html {
  declare readonly [brand]: true
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
  toString() {
    return this.markup
  }
  toJSON() {
    return this.markup
  }
}
// On the prototype: a symbol that each page would carry costs a field, and no JSON text can forge it.
Object.defineProperty(Markup.prototype, brand, { value: true })

/** Marks `markup` as safe without looking at it. Never call it with a visitor's text. */
export const trusted = (markup: string): Html => new Markup(markup)

export const isHtml = (value: unknown): value is Html =>
  typeof value === "object" && value !== null && brand in value

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#x27;"
}

const special = /[&<>"']/

/** Escapes `& < > " '`, as Django's `escape` does. */
export const escape = (text: string): string =>
  special.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character]!) : text

/** What a value becomes in markup: `Html` as it is, nothing for null and undefined, else escaped text. */
export const toMarkup = (value: unknown): string =>
  isHtml(value)
    ? value.markup
    : value === null || value === undefined
      ? ""
      : Array.isArray(value)
        ? value.map(toMarkup).join("")
        : escape(String(value))

/** Markup with escaped holes: html`<b>${name}</b>`. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Html => {
  let markup = strings[0]!
  for (let i = 0; i < values.length; i++) markup += toMarkup(values[i]) + strings[i + 1]!
  return trusted(markup)
}
