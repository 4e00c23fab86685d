/** The version of this installation of Portico. */
import { createRequire } from "node:module"

// By its own name: the file lies at another depth in the sources than in the build.
const manifest: { readonly version: string } = createRequire(import.meta.url)(
  "portico/package.json"
)

export const { version } = manifest
