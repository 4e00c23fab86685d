/** The error page of a site that has none of its own: words first, and at a desk what lies behind. */
import { createHash } from "node:crypto"
import * as Html from "../../../domain/Html.ts"
import type { Problem } from "../../../ports/HttpServer.ts"

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2330, #e8eaf0); --soft: light-dark(#5a6376, #a2a9ba);
  --paper: light-dark(#f6f5f1, #14171f); --card: light-dark(#fff, #1d212c); --line: light-dark(#dfdcd3, #333949) }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 system-ui, sans-serif }
main { width: min(46rem, 100% - 2.5rem); margin: 12vh auto 3rem }
p.status { margin: 0; color: var(--soft); font-size: 0.875rem; font-weight: 600; letter-spacing: 0.06em }
h1 { margin: 0.25rem 0 1rem; font-size: clamp(1.6rem, 1.3rem + 1.6vw, 2.25rem); line-height: 1.2 }
h2 { margin: 2.5rem 0 0.5rem; color: var(--soft); font-size: 0.875rem; letter-spacing: 0.04em }
pre { margin: 0; padding: 1.25rem; overflow: auto; border: 1px solid var(--line); border-radius: 0.75rem;
  background: var(--card); font: 0.875rem/1.6 ui-monospace, monospace }
`

/**
 * What the page may load: nothing but its own style, by its hash (CSP Level 3, 2.3.1), so that a site
 * need not allow inline styles for its error pages.
 */
export const policy = `default-src 'none'; img-src data:; style-src 'sha256-${createHash("sha256")
  .update(style)
  .digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const item = ({ message, path }: NonNullable<Problem["issues"]>[number]): Html.Html =>
  Html.html`<li>${path.length === 0 ? message : `${path.join(".")}: ${message}`}</li>`

/** The whole page. */
export const errorPage = ({ cause, detail, issues, status, title }: Problem): Html.Html => {
  const list = issues === undefined ? "" : Html.html`\n<ul>${issues.map(item)}</ul>`
  const behind =
    cause === undefined
      ? ""
      : Html.html`\n<h2>What is behind it, shown in development alone</h2>\n<pre>${cause}</pre>`
  return Html.html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${Html.trusted(style)}</style>
</head>
<body>
<main>
<p class="status">${status}</p>
<h1>${title}</h1>
<p>${detail}</p>${list}${behind}
</main>
</body>
</html>
`
}
