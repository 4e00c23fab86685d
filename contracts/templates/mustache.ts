/** The contract's templates in Mustache. */
import type { Sources } from "../TemplateEngineContract.ts"

export const sources: Sources = {
  value: "[{{value}}]",
  nested: "[{{user.name}}]",
  raw: "[{{{value}}}]",
  truth: "{{#value}}yes{{/value}}{{^value}}no{{/value}}",
  list: "{{#rows}}({{id}}:{{text}}){{/rows}}{{^rows}}empty{{/rows}}",
  cards: "{{#rows}}{{> parts/card}}{{/rows}}",
  "parts/card": "<b>{{text}}</b>",
  "layouts/base": "<title>{{$title}}Site{{/title}}</title><main>{{$main}}Nothing{{/main}}</main>",
  page: "{{<layouts/base}}{{$main}}Hello {{name}}{{/main}}{{/layouts/base}}",
  "layouts/section":
    "{{<layouts/base}}{{$title}}Section{{/title}}{{$main}}<nav></nav>{{$content}}Empty{{/content}}{{/main}}{{/layouts/base}}",
  article:
    "{{<layouts/section}}{{$title}}Article{{/title}}{{$content}}Text {{name}}{{/content}}{{/layouts/section}}",
  plain: "{{<layouts/section}}{{/layouts/section}}",
  lines:
    "<ul>\n  {{#rows}}\n  <li>{{text}}</li>\n  {{/rows}}\n</ul>\n{{#done}}\n<p>done</p>\n{{/done}}\n",
  missing: "first\n {{nmae}}",
  "missing-nested": "{{user.nmae}}",
  "missing-partial": "first\n{{> parts/absent}}",
  broken: "{{value}}\n\n {{/value}}\n",
  endless: "x{{> endless}}",
  outside: "{{> ../secret}}",
  "user-method": "{{user.del}}",
  "user-getter": "{{user.secret}}",
  "user-inherited": "{{user.toString}}",
  "user-constructor": "{{user.constructor}}",
  "user-prototype": "{{user.__proto__}}",
  code: "{{value.constructor.constructor('return 6*7')()}}"
}
