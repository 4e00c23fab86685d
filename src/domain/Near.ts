/**
 * "Did you mean …?": names that look like a mistyped one. For every message that lists choices.
 */

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
const distance = (a: string, b: string): number => {
  let older: ReadonlyArray<number> = []
  let previous: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, older[j - 2]! + 1)
      }
      current.push(best)
    }
    older = previous
    previous = current
  }
  return previous[b.length]!
}

/** Up to three of `names` within a third of the length of `given`, nearest first. */
export const near = (given: string, names: Iterable<string>): ReadonlyArray<string> => {
  const limit = Math.max(1, Math.ceil(given.length / 3))
  const lower = given.toLowerCase()
  return [...names]
    .map((name) => ({ name, distance: distance(lower, name.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** " Did you mean x?", or nothing: to be put after a fact. */
export const didYouMean = (given: string, names: Iterable<string>): string => {
  const found = near(given, names)
  return found.length === 0 ? "" : ` Did you mean ${found.join(" or ")}?`
}
