/**
 * Blocks within blocks, at most: compiling takes time by the square of it, so that a template of a
 * few thousand would hold the process for seconds, and then overflow its stack.
 */
export const maxNesting = 100

export const tooDeep = `blocks are nested more than ${maxNesting} levels deep`
