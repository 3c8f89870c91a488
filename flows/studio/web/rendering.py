"""Turn facts into pages: the templates, and how numbers, moments and sizes are written on them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from espalier.flows.progress.listeners import human_seconds
from espalier.flows.studio.security.door import Door
from espalier.flows.studio.security.guard import SESSION
from espalier.flows.studio.web.charts import column_bars, score_line, share_bar, spark_bars
from espalier.flows.studio.web.series_charts import forecast_chart, value_chart
from espalier.infra.version import own_version

PLACE = Path(__file__).parent
NAVIGATION = (
    ("data", "Data"),
    ("train", "Train"),
    ("models", "Models"),
    ("predict", "Predict"),
    ("deploy", "Deploy"),
    ("watch", "Watch"),
)


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders templates for the requests of one studio.

    Attributes
    ----------
    door : Door
        Makes the tokens of forms.
    """

    door: Door

    def page(
        self, request: Request, template: str, context: Mapping[str, Any], status: int = 200
    ) -> HTMLResponse:
        """Return a page or a part of one.

        Parameters
        ----------
        request : Request
            What is answered.
        template : str
            Name of the template.
        context : mapping
            What it shows; everything is escaped.
        status : int
            HTTP status.
        """
        session = request.scope.get(SESSION)
        token = "" if session is None else self.door.form_token(session)
        section = request.url.path.strip("/").partition("/")[0]
        common = {
            "csrf": Markup('<input type="hidden" name="csrf" value="{}">').format(token),
            "navigation": NAVIGATION,
            "section": section,
            "is_open": self.door.is_open,
            "version": own_version(),
        }
        return HTMLResponse(
            _environment().get_template(template).render({**common, **context}), status
        )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(PLACE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": lambda value: f"{value:,}",
        "day": _day,
        "figure": _figure,
        "moment": _moment,
        "percent": _percent,
        "seconds": human_seconds,
        "size": _size,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
    }
    made.globals |= {
        "column_bars": column_bars,
        "forecast_chart": forecast_chart,
        "score_line": score_line,
        "share_bar": share_bar,
        "spark_bars": spark_bars,
        "value_chart": value_chart,
    }
    return made


def _figure(value: Any) -> str:
    """Return a number with four digits that count; a dash where there is none."""
    if value is None or value == "":
        return "–"
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return str(value)


def _percent(value: float) -> str:
    """Return a share; what is not nothing is not shown as nothing."""
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _day(milliseconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(milliseconds / 1000))


def _size(n_bytes: int) -> str:
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    scaled = float(n_bytes)
    for unit in ("kB", "MB"):
        scaled /= 1000
        if scaled < 1000:
            return f"{f'{scaled:.1f}'.removesuffix('.0')} {unit}"
    return f"{scaled / 1000:.1f} GB"
