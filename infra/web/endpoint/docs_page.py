"""The page ``/docs``: what is served, and lines that work when pasted.

It loads nothing from elsewhere, so it is complete without a network.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jinja2 import Environment

from espalier.infra.web.endpoint.endpoint import Endpoint

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Espalier endpoint</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem; }
pre { border: 1px solid #8888; border-radius: .4rem; overflow-x: auto; padding: .8rem; }
code, pre { font-size: .9rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .8rem .3rem 0; text-align: left; }
</style>
</head>
<body>
<main>
<h1>Espalier endpoint</h1>
<p>{{ models|length }} model(s) answer here. The same for programs:
<a href="openapi.json">openapi.json</a>. Figures: <a href="metrics">metrics</a>.</p>
{% for model in models %}
<section aria-labelledby="m{{ loop.index }}">
<h2 id="m{{ loop.index }}">{{ model.name }}</h2>
<p>{% if model.version is none %}is starting{% else %}version {{ model.version }}
{%- if model.alias %} ({{ model.alias }}){% endif %}, {{ model.task }}{% endif %}
{%- if model.problem %}; {{ model.problem }}{% endif %}</p>
<h3>From a shell</h3>
<pre><code>{{ model.curl }}</code></pre>
<h3>From Python</h3>
<pre><code>{{ model.python }}</code></pre>
{% if model.columns %}
<h3>Columns</h3>
<table>
<thead><tr><th scope="col">column</th><th scope="col">holds</th><th scope="col">example</th></tr>
</thead>
<tbody>
{% for column in model.columns %}<tr><td>{{ column.name }}</td><td>{{ column.kind }}</td>
<td>{{ column.example }}</td></tr>
{% endfor %}</tbody>
</table>
{% endif %}
</section>
{% endfor %}
<h2>What else can be asked for</h2>
<p>Beside <code>rows</code>, or in the query of the address: <code>"probabilities": false</code>
leaves class probabilities out, <code>"interval": 0.9</code> adds prediction intervals,
<code>"quantiles": [0.1, 0.9]</code> quantiles, and <code>"explain": true</code> what each column
contributed. Bodies may also be CSV (<code>text/csv</code>) and Parquet
(<code>application/vnd.apache.parquet</code>).</p>
</main>
</body>
</html>
"""


def docs_page(endpoint: Endpoint, address: str) -> str:
    """Return the page.

    Parameters
    ----------
    endpoint : Endpoint
        What is served.
    address : str
        Where the reader reached it, such as ``http://127.0.0.1:8080``.
    """
    models = []
    for name, model in endpoint.models.items():
        placement = model.placement
        facts = None if placement is None else model.sets[placement.version].facts
        rows = [] if facts is None else facts.example_rows
        with_token = endpoint.options.token is not None
        models.append(
            {
                "name": name,
                "version": None if placement is None else placement.version,
                "alias": None if placement is None else placement.alias,
                "task": "" if facts is None else facts.problem,
                "problem": model.problem,
                "columns": () if facts is None else facts.columns,
                "curl": curl_line(address, name, rows, with_token=with_token),
                "python": python_lines(address, name, rows, with_token=with_token),
            }
        )
    return Environment(autoescape=True).from_string(_TEMPLATE).render(models=models)


def predict_address(address: str, name: str) -> str:
    """Return where a model's predictions are asked for."""
    return f"{address}/models/{quote(name)}/predict"


def curl_line(
    address: str, name: str, rows: Sequence[Mapping[str, Any]], *, with_token: bool
) -> str:
    """Return a line for a shell that asks for the example rows."""
    body = json.dumps({"rows": rows}, ensure_ascii=False)
    token = ' -H "Authorization: Bearer $ESPALIER_ENDPOINT_TOKEN"' if with_token else ""
    return (
        f"curl {shlex.quote(predict_address(address, name))}{token} "
        f"-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    )


def python_lines(
    address: str, name: str, rows: Sequence[Mapping[str, Any]], *, with_token: bool
) -> str:
    """Return lines of Python that ask for the example rows."""
    headers = (
        ",\n    headers={'Authorization': 'Bearer ' + os.environ['ESPALIER_ENDPOINT_TOKEN']}"
        if with_token
        else ""
    )
    imports = "import os\n\nimport requests" if with_token else "import requests"
    return (
        f"{imports}\n\nanswer = requests.post(\n    {predict_address(address, name)!r},\n"
        f"    json={{'rows': {rows!r}}}{headers},\n)\nprint(answer.json())"
    )
