/** The contract's templates in Handlebars. */
import type { Sources } from "../TemplateEngineContract.ts"

export const sources: Sources = {
  value: "[{{value}}]",
  nested: "[{{user.name}}]",
  raw: "[{{{value}}}]",
  truth: "{{#if value}}yes{{else}}no{{/if}}",
  list: "{{#each rows}}({{id}}:{{text}}){{else}}empty{{/each}}",
  cards: "{{#each rows}}{{> parts/card}}{{/each}}",
  "parts/card": "<b>{{text}}</b>",
  "layouts/base":
    "<title>{{#> title}}Site{{/title}}</title><main>{{#> main}}Nothing{{/main}}</main>",
  page: '{{#> layouts/base}}{{#*inline "main"}}Hello {{name}}{{/inline}}{{/layouts/base}}',
  "layouts/section":
    '{{#> layouts/base}}{{#*inline "title"}}Section{{/inline}}{{#*inline "main"}}<nav></nav>{{#> content}}Empty{{/content}}{{/inline}}{{/layouts/base}}',
  article:
    '{{#> layouts/section}}{{#*inline "title"}}Article{{/inline}}{{#*inline "content"}}Text {{name}}{{/inline}}{{/layouts/section}}',
  plain: "{{> layouts/section}}",
  lines:
    "<ul>\n  {{#each rows}}\n  <li>{{text}}</li>\n  {{/each}}\n</ul>\n{{#if done}}\n<p>done</p>\n{{/if}}\n",
  missing: "first\n {{nmae}}",
  "missing-nested": "{{user.nmae}}",
  "missing-partial": "first\n{{> parts/absent}}",
  broken: "{{value}}\n\n {{/value}}\n",
  endless: "x{{> endless}}",
  outside: '{{> "../secret"}}',
  "user-method": "{{user.del}}",
  "user-getter": "{{user.secret}}",
  "user-inherited": "{{user.toString}}",
  "user-constructor": "{{user.constructor}}",
  "user-prototype": "{{user.__proto__}}",
  code: '{{#with (lookup value "constructor")}}{{lookup this "constructor"}}{{/with}}'
}
