#!/usr/bin/env node
/** The `portico` executable. */
import { find } from "./Cli.ts"

find(process.argv.slice(2))
