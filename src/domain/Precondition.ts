/**
 * Conditional requests (RFC 9110, 13): whether a client has what it asks for already, or would write
 * over what it has not seen. Used by the ConditionalGet middleware, and by views that know the
 * version of what they serve before they make it.
 */

/** What a request says, by header; undefined where it says nothing. */
export interface Conditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifUnmodifiedSince: string | undefined
}

/** The version that is there. */
export interface Version {
  /** With its quotes, and `W/` where it is weak: `"abc"`. */
  readonly etag?: string | undefined
  /** Milliseconds since the epoch. */
  readonly modifiedAt?: number | undefined
}

/** Every entity tag of a list; undefined for `*`. */
const tags = (list: string): ReadonlyArray<string> | undefined =>
  list.trim() === "*" ? undefined : (list.match(/(?:W\/)?"[^"]*"/g) ?? [])

const opaque = (tag: string): string => tag.replace(/^W\//, "")

/** Both are strong and the same: RFC 9110, 8.8.3.2. */
const matchesStrongly = (list: string, etag: string | undefined): boolean => {
  if (etag === undefined) return false
  const all = tags(list)
  return all === undefined || (!etag.startsWith("W/") && all.includes(etag))
}

const matchesWeakly = (list: string, etag: string | undefined): boolean => {
  if (etag === undefined) return false
  const all = tags(list)
  return all === undefined || all.some((tag) => opaque(tag) === opaque(etag))
}

/** HTTP dates have no fractions of a second. Nothing is known after a date that is none. */
const isModifiedSince = (modifiedAt: number | undefined, date: string): boolean | undefined => {
  const since = Date.parse(date)
  return modifiedAt === undefined || Number.isNaN(since)
    ? undefined
    : Math.floor(modifiedAt / 1000) * 1000 > since
}

/**
 * The status that is due in place of the answer: 304 where the client has it, 412 where it counts on
 * a version that is not there; undefined to go on. In the order of RFC 9110, 13.2.2.
 */
export const check = (
  method: string,
  conditions: Conditions,
  { etag, modifiedAt }: Version
): 304 | 412 | undefined => {
  const { ifMatch, ifModifiedSince, ifNoneMatch, ifUnmodifiedSince } = conditions
  const reads = method === "GET" || method === "HEAD"
  if (ifMatch !== undefined) {
    if (!matchesStrongly(ifMatch, etag)) return 412
  } else if (ifUnmodifiedSince !== undefined) {
    if (isModifiedSince(modifiedAt, ifUnmodifiedSince) === true) return 412
  }
  if (ifNoneMatch !== undefined) {
    if (matchesWeakly(ifNoneMatch, etag)) return reads ? 304 : 412
  } else if (ifModifiedSince !== undefined && reads) {
    if (isModifiedSince(modifiedAt, ifModifiedSince) === false) return 304
  }
  return undefined
}
