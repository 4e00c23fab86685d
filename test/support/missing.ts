/** What this run had to do without, one line each; written by the set-up, printed by the reporter. */
export const missing: Array<string> = []
