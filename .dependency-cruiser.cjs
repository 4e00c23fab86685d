/** The dependency rule of ARCHITECTURE.md, checked by `npm run arch`. */
const only = (name, from, to, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { pathNot: to, dependencyTypesNot: ["core"] }
})

const effect = "node_modules/effect/"
const platform = "node_modules/@effect/platform/"

/** Technologies: each is spoken to by adapters alone. */
const drivers =
  "node_modules/(pg|mysql2|better-sqlite3|mustache|handlebars|eta|liquidjs|bcrypt|@node-rs/argon2|@effect/sql[^/]*)/"

module.exports = {
  forbidden: [
    only(
      "domain-is-pure",
      "^src/domain/",
      ["^src/domain/", effect],
      "Domain modules are values and functions. Move what needs a service to a port."
    ),
    {
      name: "core-runs-anywhere",
      comment: "No Node module in domain or ports: ask for a port.",
      severity: "error",
      from: { path: "^src/(domain|ports)/" },
      to: { dependencyTypes: ["core"] }
    },
    only(
      "ports-know-no-adapter",
      "^src/ports/",
      ["^src/(domain|ports)/", effect, platform],
      "A port names no technology. Move the code to an adapter, or narrow the port's Driver."
    ),
    {
      name: "adapters-stay-in-their-folder",
      comment: "Adapters meet at ports. Put what two of them share in that folder's internal/.",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/adapters/", pathNot: "^src/adapters/$1/" }
    },
    {
      name: "adapters-know-no-bootstrap",
      comment: "Bootstrap chooses adapters, never the reverse.",
      severity: "error",
      from: { path: "^src/adapters/" },
      to: { path: "^(src/bootstrap|contracts)/" }
    },
    only(
      "contracts-know-only-ports",
      "^contracts/(?!vitest\\.ts)",
      ["^contracts/(?!vitest\\.ts)", "^src/(domain|ports)/", effect],
      "A contract that knows an adapter or a test runner cannot judge the next adapter."
    ),
    {
      name: "contracts-run-anywhere",
      comment: "A contract needs no Node module: the harness brings what touches the machine.",
      severity: "error",
      from: { path: "^contracts/" },
      to: { dependencyTypes: ["core"] }
    },
    {
      name: "one-door-to-drivers",
      comment: "Database drivers and template engines are imported by adapters alone.",
      severity: "error",
      from: { pathNot: "^(src/adapters|test|bench)/" },
      to: { path: drivers }
    },
    {
      name: "internal-is-internal",
      comment: "internal/ serves its own folder.",
      severity: "error",
      from: { path: "^(?:src/(adapters/[^/]+|[^/]+)|(contracts|examples|bench))/" },
      to: { path: "^src/.+/internal/", pathNot: "^src/$1/internal/" }
    },
    {
      name: "examples-use-public-names",
      comment: "An example imports portico as its users do.",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^src/.*/internal/" }
    },
    {
      name: "no-cycles",
      comment: "Name the thing both sides want and give it a file.",
      severity: "error",
      from: {},
      to: { circular: true }
    },
    {
      name: "nothing-unresolved",
      comment: "An import that cannot be found would be read as allowed.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    }
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // A package of its own: it knows the packed Portico, which this tree does not hold.
    exclude: { path: "^(examples/third-party-adapter|bench/http/peers)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@portico/source", "import", "types", "node", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".cjs"]
    }
  }
}
