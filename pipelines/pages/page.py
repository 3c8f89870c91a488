"""A report as one self-contained HTML page."""

from collections.abc import Mapping, Sequence
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
    rivals_chart,
    series_chart,
    step_chart,
)
from espalier.pipelines.pages.model_section import model_section, reliability_chart
from espalier.pipelines.pages.search_section import search_section
from espalier.pipelines.pages.small_charts import spark
from espalier.pipelines.pages.wording import number, setting, task_of, words_of

TEMPLATES = Path(__file__).parent / "templates"
TRIALS_SHOWN = 25
COLUMNS_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfKind:
    """What a page shows of one kind of problem only: template, sections with labels, values."""

    template: str
    sections: Sequence[tuple[str, str]]
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
    held, words = facts.scored, words_of(facts.data)
    return environment.get_template(of_kind.template).render(
        of_kind.values,
        words=words,
        **search_section(
            facts.story,
            facts.leaderboard,
            metric=facts.metric,
            higher_is_better=facts.higher_is_better,
        ),
        title=facts.title,
        badge=facts.badge,
        first=facts.first,
        sections=[*of_kind.sections, *_common_sections(facts)],
        reproduce=facts.reproduce,
        setting=setting,
        task=task_of(facts.data),
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
                (words.baseline, held.baseline),
                (words.cross, facts.ensemble.cv_score),
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
    model = model_section(explanation, facts.data.target, facts.metric)
    weak = explanation.slices or explanation.worst or facts.examples
    sections = {
        ("needs", "what it needs"): model["importances"],
        ("pushes", "single answers"): model["push_chart"],
        ("mistakes", "mistakes"): explanation.confusion or explanation.deviations,
        ("weak", "where it is weak"): weak,
        ("rows", "more rows?"): model["learning_chart"],
    }
    return _OfKind(
        template="report.html",
        sections=[each for each, there in sections.items() if there],
        values={
            **model,
            "loss_name": "log loss" if facts.data.problem.is_classification else "absolute error",
            "examples": facts.examples,
            "rows_begin": Markup(facts.row_marks[0]),
            "rows_end": Markup(facts.row_marks[1]),
            "calibration": adjusted.calibration,
            "threshold": adjusted.threshold,
            "reliability_chart": reliability_chart(adjusted.calibration),
        },
    )


def _of_forecast(facts: PageFacts) -> _OfKind:
    explanation = facts.explanation
    assert isinstance(explanation, ForecastExplanation)
    sections = {
        ("series", "some series"): explanation.stories,
        ("backtest", "back-test"): explanation.blocks or explanation.steps,
        ("worst", "worst series"): len(explanation.worst) > 1,
        ("calendar", "calendar"): explanation.calendar,
    }
    return _OfKind(
        template="forecast.html",
        sections=[each for each, there in sections.items() if there],
        values={
            "charts": [series_chart(each, facts.data.target) for each in explanation.stories],
            "step_chart": step_chart(explanation.steps, facts.metric),
            "rivals_chart": rivals_chart(explanation.series, facts.metric),
            "part_charts": [(each, part_charts(each)) for each in explanation.parts],
            "calendar_charts": [(each, calendar_chart(each)) for each in explanation.calendar],
        },
    )


def _common_sections(facts: PageFacts) -> list[tuple[str, str]]:
    sections = [("search", "search"), ("ensemble", "ensemble"), ("data", "data")]
    sections += [("failures", "failed trials")] if facts.failures else []
    return sections + ([("again", "reproduce")] if facts.reproduce else [])
