/** The contract's templates in Eta. */
import type { Sources } from "../TemplateEngineContract.ts"

export const sources: Sources = {
  value: "[<%= it.value %>]",
  nested: "[<%= it.user.name %>]",
  raw: "[<%~ it.value %>]",
  truth: "<% if (truthy(it.value)) { %>yes<% } else { %>no<% } %>",
  list: "<% for (const { id, text } of it.rows) { %>(<%= id %>:<%= text %>)<% } %><% if (!truthy(it.rows)) { %>empty<% } %>",
  cards: "<% for (const row of it.rows) { %><%~ include('parts/card', row) %><% } %>",
  "parts/card": "<b><%= it.text %></b>",
  "layouts/base":
    "<title><%~ block('title', () => { %>Site<% }) %></title><main><%~ block('main', () => { %>Nothing<% }) %></main>",
  page: "<% layout('layouts/base') %><% block('main', () => { %>Hello <%= it.name %><% }) %>",
  "layouts/section":
    "<% layout('layouts/base') %><% block('title', () => { %>Section<% }) %><% block('main', () => { %><nav></nav><%~ block('content', () => { %>Empty<% }) %><% }) %>",
  article:
    "<% layout('layouts/section') %><% block('title', () => { %>Article<% }) %><% block('content', () => { %>Text <%= it.name %><% }) %>",
  plain: "<% layout('layouts/section') %>",
  lines:
    "<ul>\n<% for (const row of it.rows) { %>\n  <li><%= row.text %></li>\n<% } %>\n</ul>\n<% if (it.done) { %>\n<p>done</p>\n<% } %>\n",
  missing: "first\n <%= it.nmae %>",
  "missing-nested": "<%= it.user.nmae %>",
  "missing-partial": "first\n<%~ include('parts/absent') %>",
  broken: "<%= it.value %>\n\n <%= it..value %>\n",
  endless: "x<%~ include('endless') %>",
  outside: "<%~ include('../secret') %>",
  "user-method": "<%= it.user.del %>",
  "user-getter": "<%= it.user.secret %>",
  "user-inherited": "<%= it.user.toString %>",
  "user-constructor": "<%= it.user.constructor %>",
  "user-prototype": "<%= it.user.__proto__ %>",
  code: "<%= (() => 6 * 7)() %>"
}
