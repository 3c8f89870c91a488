"""A report as one self-contained HTML page."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.charts import interval_chart, progress_chart
from espalier.pipelines.pages.facts import PageFacts
from espalier.pipelines.pages.forecast_charts import (
    calendar_chart,
    part_charts,
    series_chart,
    step_chart,
)
from espalier.pipelines.pages.model_section import model_section, reliability_chart
from espalier.pipelines.pages.search_section import search_section
from espalier.pipelines.pages.small_charts import spark
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

TEMPLATES = Path(__file__).parent / "templates"
_TASKS = {
    ProblemKind.BINARY: "two-class classification",
    ProblemKind.MULTICLASS: "classification",
    ProblemKind.REGRESSION: "regression",
}
TRIALS_SHOWN = 25
COLUMNS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _Words:
    """What a page calls the same thing of a table and of series."""

    rows: str
    dummy: str
    baseline: str
    cross: str
    validated: str


_TABLE_WORDS = _Words("rows", "a dummy model", "dummy", "cross-validated", "in cross-validation")
_FORECAST_WORDS = _Words(
    "values", "seasonal naive", "seasonal naive", "at the origins", "at earlier origins"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfKind:
    """What a page shows of one kind of problem only."""

    template: str
    task: str
    words: _Words
    values: Mapping[str, Any]


def render_page(facts: PageFacts) -> str:
    """Return the report as HTML; all text from data is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scored = [row for row in facts.leaderboard if row.score is not None]
    of_kind = _of_forecast(facts) if facts.data.series is not None else _of_table(facts)
    held = facts.scored
    return environment.get_template(of_kind.template).render(
        of_kind.values,
        words=of_kind.words,
        **search_section(
            facts.story,
            facts.leaderboard,
            metric=facts.metric,
            higher_is_better=facts.higher_is_better,
        ),
        title=facts.title,
        badge=facts.badge,
        first=facts.first,
        reproduce=facts.reproduce,
        setting=setting,
        task=of_kind.task,
        data=facts.data,
        metric=facts.metric,
        higher_is_better=facts.higher_is_better,
        held=held,
        number=number,
        interval="" if held is None else describe_interval(held.interval),
        score_chart=Markup("")
        if held is None
        else interval_chart(
            [
                (of_kind.words.baseline, held.baseline),
                (of_kind.words.cross, facts.ensemble.cv_score),
            ],
            interval=held.interval,
            score=held.score,
        ),
        explanation=facts.explanation,
        column_lines=[(each, spark(each.shape)) for each in facts.data.columns],
        columns_shown=COLUMNS_SHOWN,
        progress_chart=progress_chart(
            sorted((row.trial, row.score, row.family) for row in scored if row.score is not None),
            higher_is_better=facts.higher_is_better,
        ),
        rows=facts.leaderboard,
        shown_rows=[row for place, row in enumerate(scored) if place < TRIALS_SHOWN or row.weight],
        members=sorted(
            (row for row in facts.leaderboard if row.weight), key=lambda row: -row.weight
        ),
        ensemble=facts.ensemble,
        failures=facts.failures,
    )


def _of_table(facts: PageFacts) -> _OfKind:
    explanation, adjusted = facts.explanation, facts.ensemble.adjusted
    assert isinstance(explanation, Explanation)
    return _OfKind(
        template="report.html",
        task=_TASKS[facts.data.problem],
        words=_TABLE_WORDS,
        values={
            **model_section(explanation, facts.data.target, facts.metric),
            "loss_name": "log loss" if facts.data.problem.is_classification else "absolute error",
            "rows_begin": Markup(facts.row_marks[0]),
            "rows_end": Markup(facts.row_marks[1]),
            "calibration": adjusted.calibration,
            "threshold": adjusted.threshold,
            "reliability_chart": reliability_chart(adjusted.calibration),
        },
    )


def _of_forecast(facts: PageFacts) -> _OfKind:
    explanation, series = facts.explanation, facts.data.series
    assert isinstance(explanation, ForecastExplanation)
    assert series is not None
    return _OfKind(
        template="forecast.html",
        task=f"forecast of {series.horizon} steps ({series.frequency})",
        words=_FORECAST_WORDS,
        values={
            "charts": [series_chart(each, facts.data.target) for each in explanation.stories],
            "step_chart": step_chart(explanation.steps),
            "part_charts": [(each, part_charts(each)) for each in explanation.parts],
            "calendar_charts": [(each, calendar_chart(each)) for each in explanation.calendar],
        },
    )


def setting(value: Value | None) -> str:
    """Return a hyperparameter's value as text; a dash where it is not active."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def number(value: float | None, digits: int = 5) -> str:
    """Return a number as text with ``digits`` significant digits; empty for None."""
    if value is None or not math.isfinite(value):
        return "" if value is None else str(value)
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"
