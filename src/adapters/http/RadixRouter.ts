/**
 * Routes as a tree of segments, and paths without parameters in a map: a match costs what its path
 * costs, not what the site's size does. The default router.
 */
import * as Layer from "effect/Layer"
import * as Route from "../../domain/Route.ts"
import { type Capabilities, type Driver, make, type Params, Router } from "../../ports/Router.ts"

export const capabilities: Capabilities = { indexes: true }

export const layer: Layer.Layer<Router> = Layer.sync(Router, () => make({ capabilities, index }))

/** A place in a path, before one of its segments or at its end. */
interface Node {
  readonly texts: Map<string, Node>
  readonly values: Array<ValueEdge>
  readonly mixed: Array<MixedEdge>
  readonly tails: Array<Tail>
  /** What ends here: the pattern's position, `Infinity` for none, and its parameters' names. */
  at: number
  names: ReadonlyArray<string>
  /** The lowest position that can still be reached: branches that cannot win are not entered. */
  first: number
}

interface ValueEdge {
  readonly converter: Route.Converter<unknown>
  readonly node: Node
}

interface MixedEdge {
  readonly segment: Extract<Route.Segment, { readonly _tag: "Mixed" }>
  readonly node: Node
}

interface Tail {
  readonly segment: Extract<Route.Segment, { readonly _tag: "Tail" }>
  readonly at: number
  readonly names: ReadonlyArray<string>
}

const nodeAt = (): Node => ({
  texts: new Map(),
  values: [],
  mixed: [],
  tails: [],
  at: Infinity,
  names: [],
  first: Infinity
})

const plant = (root: Node, pattern: Route.AnyPattern, at: number): void => {
  const names = pattern.parameters.map((parameter) => parameter.name)
  let node = root
  node.first = Math.min(node.first, at)
  for (const segment of pattern.segments) {
    if (segment._tag === "Tail") {
      node.tails.push({ segment, at, names })
      return
    }
    node = below(node, segment)
    node.first = Math.min(node.first, at)
  }
  if (at < node.at) {
    node.at = at
    node.names = names
  }
}

const below = (node: Node, segment: Exclude<Route.Segment, { readonly _tag: "Tail" }>): Node => {
  const known =
    segment._tag === "Static"
      ? node.texts.get(segment.text)
      : segment._tag === "Parameter"
        ? node.values.find((edge) => edge.converter === segment.parameter.converter)?.node
        : node.mixed.find((edge) => edge.segment.key === segment.key)?.node
  if (known !== undefined) return known
  const added = nodeAt()
  if (segment._tag === "Static") node.texts.set(segment.text, added)
  else if (segment._tag === "Mixed") node.mixed.push({ segment, node: added })
  else node.values.push({ converter: segment.parameter.converter, node: added })
  return added
}

const noParams: Params = Object.freeze({})

const index: Driver["index"] = <Hit>(
  patterns: ReadonlyArray<Route.AnyPattern>,
  hit: (at: number, params: Params) => Hit
) => {
  const root = nodeAt()
  for (const [at, pattern] of patterns.entries()) {
    if (pattern.parameters.length > 0) plant(root, pattern, at)
  }

  // One search at a time, so its state is kept here and a search allocates nothing but its answer.
  let path = ""
  let best = Infinity
  let params: Params = noParams
  const captured: Array<unknown> = []

  const take = (at: number, names: ReadonlyArray<string>) => {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) record[names[i]!] = captured[i]
    best = at
    params = record
  }

  /** Looks below `node` for a pattern before `best`. `start` is -1 at the end of the path. */
  const search = (node: Node, start: number, depth: number): void => {
    if (start === -1) {
      if (node.at < best) take(node.at, node.names)
      return
    }
    const slash = path.indexOf("/", start)
    const text = slash === -1 ? path.slice(start) : path.slice(start, slash)
    const next = slash === -1 ? -1 : slash + 1

    const same = node.texts.get(text)
    if (same !== undefined && same.first < best) search(same, next, depth)

    for (let i = 0; i < node.values.length; i++) {
      const edge = node.values[i]!
      if (edge.node.first >= best) continue
      const value = edge.converter.decode(text)
      if (value === undefined) continue
      captured[depth] = value
      search(edge.node, next, depth + 1)
    }
    for (let i = 0; i < node.mixed.length; i++) {
      const edge = node.mixed[i]!
      if (edge.node.first >= best) continue
      const values = Route.capture(edge.segment, text)
      if (values === undefined) continue
      for (let j = 0; j < values.length; j++) captured[depth + j] = values[j]
      search(edge.node, next, depth + values.length)
    }
    for (let i = 0; i < node.tails.length; i++) {
      const tail = node.tails[i]!
      if (tail.at >= best) continue
      const values = Route.capture(tail.segment, path.slice(start))
      if (values === undefined) continue
      for (let j = 0; j < values.length; j++) captured[depth + j] = values[j]
      take(tail.at, tail.names)
    }
  }

  const find = (wanted: string): void => {
    path = wanted
    best = Infinity
    search(root, 1, 0)
  }

  // A path without parameters has one answer, known now: an earlier pattern that takes it, or itself.
  const fixed = new Map<string, Hit>()
  for (const [at, pattern] of patterns.entries()) {
    if (pattern.parameters.length > 0) continue
    const text = pattern.source === "" ? "/" : pattern.parts.join("")
    find(text)
    if (at < best && !fixed.has(text)) fixed.set(text, hit(at, noParams))
  }

  return (wanted) => {
    const known = fixed.get(wanted)
    if (known !== undefined) return known
    find(wanted)
    return best === Infinity ? undefined : hit(best, params)
  }
}
