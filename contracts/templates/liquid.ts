/** The contract's templates in Liquid. */
import type { Sources } from "../TemplateEngineContract.ts"

export const sources: Sources = {
  value: "[{{ value }}]",
  nested: "[{{ user.name }}]",
  raw: "[{{ value | raw }}]",
  truth: "{% if value %}yes{% else %}no{% endif %}",
  list: "{% for row in rows %}({{ row.id }}:{{ row.text }}){% else %}empty{% endfor %}",
  cards: "{% for row in rows %}{% render 'parts/card', text: row.text %}{% endfor %}",
  "parts/card": "<b>{{ text }}</b>",
  "layouts/base":
    "<title>{% block title %}Site{% endblock %}</title><main>{% block main %}Nothing{% endblock %}</main>",
  page: "{% layout 'layouts/base' %}{% block main %}Hello {{ name }}{% endblock %}",
  "layouts/section":
    "{% layout 'layouts/base' %}{% block title %}Section{% endblock %}{% block main %}<nav></nav>{% block content %}Empty{% endblock %}{% endblock %}",
  article:
    "{% layout 'layouts/section' %}{% block title %}Article{% endblock %}{% block content %}Text {{ name }}{% endblock %}",
  plain: "{% layout 'layouts/section' %}",
  lines:
    "<ul>\n{% for row in rows -%}\n{{ '  ' }}<li>{{ row.text }}</li>\n{% endfor -%}\n</ul>\n{% if done -%}\n<p>done</p>\n{% endif -%}\n",
  missing: "first\n {{ nmae }}",
  "missing-nested": "{{ user.nmae }}",
  "missing-partial": "first\n{% render 'parts/absent' %}",
  broken: "{{ value }}\n\n {% nosuchtag %}\n",
  endless: "x{% render 'endless' %}",
  outside: "{% render '../secret' %}",
  "user-method": "{{ user.del }}",
  "user-getter": "{{ user.secret }}",
  "user-inherited": "{{ user.toString }}",
  "user-constructor": "{{ user.constructor }}",
  "user-prototype": "{{ user.__proto__ }}",
  code: "{{ value.constructor.constructor }}"
}
