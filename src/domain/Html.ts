/**
 * Escaped text as a type. A value of type `Html` is markup that may be sent as it is; everything
 * else is text and is escaped on its way into a page. `html`, `trusted` and
 * `trustedLazily` are the only ways to one.
 */

const brand: unique symbol = Symbol.for("portico/domain/Html")

export interface Html {
  readonly [brand]: true
  readonly markup: string
}

/** Not exported, so that no markup is made but by `html`, `trusted` and `trustedLazily`. */
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

/** `Markup`, made when it is first asked for. */
class LazyMarkup implements Html {
  declare readonly [brand]: true
  private _make: (() => string) | undefined
  private _markup = ""
  constructor(make: () => string) {
    this._make = make
  }
  get markup() {
    if (this._make !== undefined) {
      this._markup = this._make()
      this._make = undefined
    }
    return this._markup
  }
  toString() {
    return this.markup
  }
  toJSON() {
    return this.markup
  }
}
Object.defineProperty(LazyMarkup.prototype, brand, { value: true })

/** Marks `markup` as safe without looking at it. Never call it with a visitor's text. */
export const trusted = (markup: string): Html => new Markup(markup)

/**
 * `trusted`, with the markup made when something first shows it, and once at most: for what costs
 * more than most pages need, such as a token.
 */
export const trustedLazily = (markup: () => string): Html => new LazyMarkup(markup)

export const isHtml = (value: unknown): value is Html =>
  typeof value === "object" && value !== null && brand in value

const special = /[&<>"']/

/** Escapes `& < > " '`, as Django's `escape` does. */
export const escape = (text: string): string => {
  const first = text.search(special)
  if (first === -1) return text
  // A third faster than `replace` with a function, on text with a few of these.
  let escaped = ""
  let from = 0
  for (let i = first; i < text.length; i++) {
    const entity = entityOf(text.charCodeAt(i))
    if (entity === undefined) continue
    escaped += text.slice(from, i) + entity
    from = i + 1
  }
  return escaped + text.slice(from)
}

const entityOf = (code: number): string | undefined => {
  switch (code) {
    case 34:
      return "&quot;"
    case 38:
      return "&amp;"
    case 39:
      return "&#x27;"
    case 60:
      return "&lt;"
    case 62:
      return "&gt;"
    default:
      return undefined
  }
}

/** What a value becomes in markup: `Html` as it is, nothing for null and undefined, else escaped text. */
export const toMarkup = (value: unknown): string =>
  isHtml(value)
    ? value.markup
    : value === null || value === undefined
      ? ""
      : Array.isArray(value)
        ? value.map(toMarkup).join("")
        : // oxlint-disable-next-line typescript/no-base-to-string -- a value without text shows as JavaScript names it
          escape(String(value))

/** Markup with escaped holes: html`<b>${name}</b>`. */
export const html = (strings: TemplateStringsArray, ...values: ReadonlyArray<unknown>): Html => {
  let markup = strings[0]!
  for (let i = 0; i < values.length; i++) markup += toMarkup(values[i]) + strings[i + 1]!
  return trusted(markup)
}
