"""The page of a report, for Jinja2. A string: Salt syncs no file of a library but Python's own.

``utils`` are synced by endings (.py, .pyx, .so, .zip: salt.utils.extmods.sync), so that a template
in a file would be there when installed by pip and absent when served by the master.
"""

from __future__ import annotations

_MACROS = """\
{% macro table(caption, heads, rows, kind="stacked", number=()) %}
<table role="table" class="{{ kind }}"><caption>{{ caption }}</caption>
<thead role="rowgroup"><tr role="row">
{%- for head in heads %}<th role="columnheader" scope="col">{{ head }}</th>{% endfor -%}
</tr></thead>
<tbody role="rowgroup">
{% for row in rows %}<tr role="row"{% if row.kind %} class="{{ row.kind }}"{% endif %}>
{%- for cell in row.cells %}{% if loop.first -%}
<th role="rowheader" scope="row">{{ cell }}</th>
{%- else -%}
<td role="cell" data-label="{{ heads[loop.index0] }}"
{%- if loop.index0 in number %} class="number"{% endif %}>{{ cell }}</td>
{%- endif %}{% endfor %}</tr>
{% endfor %}</tbody></table>
{% endmacro %}
{% macro parts(lines) %}
<ul class="parts" role="list">{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>
{% endmacro %}
{% macro outcome(one) %}<div class="outcome">{{ one.picture }}
<div>{{ parts(one.parts) }}
{%- if one.came %}<span class="chip good">this one came true</span>{% endif %}</div></div>
{% endmacro %}
{% macro step(one, first) %}
<article class="card step{{ ' first' if first }}" id="step-{{ one.number }}">
<div class="head"><h3>{{ one.number }}. {{ one.name }}</h3>
<span class="chip {{ one.kind }}">{{ one.verdict }}</span></div>
<p>{{ one.action }} <span class="soft small">{{ one.when }}</span></p>
<div class="pair"><div><h4>Observed</h4><figure>{{ one.picture }}</figure>
{{ parts(one.parts) }}</div>
<div><h4>Predicted{% if one.predicted|length > 1 %}: any of these{% endif %}</h4>
{% for each in one.predicted[:3] %}{{ outcome(each) }}
{% else %}<p class="small soft">Nothing is predicted for this step.</p>{% endfor %}
{% if one.predicted|length > 3 %}<details class="more">
<summary>and {{ one.predicted|length - 3 }} more that the rules allow</summary>
{% for each in one.predicted[3:] %}{{ outcome(each) }}{% endfor %}</details>{% endif %}
{% if one.why %}<h4>Why: {{ one.verdict }}</h4>
<ul class="small">{% for line in one.why %}<li>{{ line }}</li>{% endfor %}</ul>{% endif %}
</div></div>
<details><summary>Each node's own words</summary>{{ table("What each node said", one.heads,
one.rows) }}</details>
</article>
{% endmacro %}
"""

_HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{{ title }}</title>
<style>{{ style }}</style></head>
<body>
<header><p class="eyebrow">{{ eyebrow }}</p><h1>{{ title }}</h1>
<div class="banner {{ kind }}" id="verdict"><p>{{ verdict }}</p></div>
{% if proves %}<p>{{ proves }}</p>{% endif %}
<dl class="facts">{% for name, value in facts %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>
{%- endfor %}</dl>
"""

_KEY = """\
<ul class="key" aria-label="Key to the pictures">
{% for one in key %}<li>{{ one.picture }}{{ one.words }}</li>
{% endfor %}</ul>
"""

DRILL = (
    _MACROS
    + _HEAD
    + """\
<nav aria-label="Parts"><ol>
{% for one in steps %}<li><a href="#step-{{ one.number }}">{{ one.number }}. {{ one.name }}</a></li>
{% endfor %}<li><a href="#time">Time</a></li><li><a href="#away">Failover</a></li>
<li><a href="#held">Invariants</a></li><li><a href="#with">Configuration</a></li></ol></nav>
</header>
<main>
{% if problems %}<section><h2>Problems</h2><ul class="bad">
{% for line in problems %}<li>{{ line }}</li>
{% endfor %}</ul></section>{% endif %}
<section id="steps"><h2>Steps: predicted beside observed</h2>
"""
    + _KEY
    + """\
{% for one in steps %}{{ step(one, loop.first) }}{% else %}<p>No step was reached.</p>{% endfor %}
</section>
<section id="time"><h2>Where each VM and address was</h2>
<div class="card"><ul class="key" aria-label="Hosts">
{% for host in hosts %}<li><svg width="22" height="12" class="picture" style="display:inline"
 aria-hidden="true"><rect width="22" height="12" rx="3" class="{{ host.kind }}"/></svg>
{{- host.name }}</li>
{% endfor %}</ul>
<p class="small soft">Numbers are the steps. All times are those of looks: what happened between
two looks is told at the second.</p>
<figure>{{ lanes }}</figure></div>
<div class="card">{{ table("What happened, in seconds since the drill began",
("When", "What happened"), events, "plain") }}</div>
</section>
<section id="away"><h2>Failover: seconds away beside the limit</h2>
<div class="card">{% if absences %}<p class="small soft">The upper bar is the longest time away, as
looks saw it; the lower one are the parts that the timeouts allow, and the black mark is their sum.
</p><figure>{{ bars }}</figure>
{{ table("Longest time away", ("Name", "Seconds", "Limit", "Parts of the limit"), absences,
"stacked", (1, 2)) }}
{% else %}<p>This drill measured no absence.</p>{% endif %}</div>
</section>
<section id="held"><h2>Invariants</h2>
<div class="card">{{ table(watched, ("Invariant", "Result", "Evidence"), invariants) }}</div>
</section>
<section id="with"><h2>Configuration and versions</h2>
<div class="card">{{ table("Configuration", ("Setting", "Value"), settings, "plain wide") }}</div>
<div class="card">{{ table("Versions", ("What", "Version"), versions, "plain wide") }}</div>
</section>
</main>
<footer class="small soft"><p>{{ footer }}</p></footer>
</body></html>
"""
)

STATUS = (
    _MACROS
    + _HEAD
    + """\
</header>
<main><section id="steps"><h2>As each node sees it</h2>
"""
    + _KEY
    + """\
<div class="card"><figure>{{ picture }}</figure>{{ parts(lines) }}</div>
<div class="card">{{ table("What each node said", heads, rows) }}</div></section></main>
<footer class="small soft"><p>{{ footer }}</p></footer>
</body></html>
"""
)
