"""The report of a training run: a self-contained HTML page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.tracking.artifacts import ROWS_BEGIN, ROWS_END
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.search.story import SearchStory
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value
from espalier.pipelines.trials.failures import Failures
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.pages.charts import interval_chart, progress_chart
from espalier.tasks.pages.first_screen import FirstScreen, first_screen
from espalier.tasks.pages.forecast_charts import series_chart, step_chart
from espalier.tasks.pages.leaderboard_table import front_rows
from espalier.tasks.pages.model_section import model_section, reliability_chart
from espalier.tasks.pages.reproducing import HowToReproduce
from espalier.tasks.pages.search_section import search_section
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord

TEMPLATES = Path(__file__).parent / "templates"
_TASKS = {
    ProblemKind.BINARY: "two-class classification",
    ProblemKind.MULTICLASS: "classification",
    ProblemKind.REGRESSION: "regression",
}
TRIALS_SHOWN = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """Facts that the report shows.

    Attributes
    ----------
    version : RegisteredVersion
        The registered model.
    data, target : str
        Data source (without its password) and target column.
    higher_is_better : bool
        Whether higher scores are better.
    prepared, validation, ensemble, holdout, explanation
        Results of the tasks of the training.
    leaderboard : sequence of LeaderboardRow
        Trials, the best first.
    failures : sequence of Failures
        Why trials have no score.
    said : tuple of str
        Remarks about the advice from experience.
    story : SearchStory or None
        The search in figures; None if there was no time for them.
    reproduce : HowToReproduce or None
        How to make the model again.
    champion : ChampionMark or None
        The champion, if this version is not it.
    """

    version: RegisteredVersion
    data: str
    target: str
    higher_is_better: bool
    prepared: PreparedRef
    validation: ValidationRecord
    ensemble: EnsembleRecord
    holdout: HoldoutRecord
    explanation: Explanation | ForecastExplanation
    leaderboard: Sequence[LeaderboardRow]
    failures: Sequence[Failures]
    said: tuple[str, ...] = ()
    story: SearchStory | None = None
    reproduce: HowToReproduce | None = None
    champion: ChampionMark | None = None


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


def report_page(facts: ReportFacts) -> str:
    """Return the report as HTML; all text from data is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    prepared, holdout = facts.prepared, facts.holdout
    scored = [row for row in facts.leaderboard if row.score is not None]
    of_kind = _of_forecast(facts) if prepared.series is not None else _of_table(facts)
    return environment.get_template(of_kind.template).render(
        of_kind.values,
        words=of_kind.words,
        **search_section(
            facts.story,
            facts.leaderboard,
            metric=prepared.metric,
            higher_is_better=facts.higher_is_better,
        ),
        first=None if prepared.series is not None else _first_screen(facts),
        reproduce=facts.reproduce,
        setting=setting,
        version=facts.version,
        task=of_kind.task,
        target=facts.target,
        data=facts.data,
        metric=prepared.metric,
        folds=prepared.folds,
        higher_is_better=facts.higher_is_better,
        holdout=holdout,
        shape=prepared.shape,
        series=prepared.series,
        number=number,
        interval=describe_interval(holdout.interval),
        score_chart=interval_chart(
            [
                (of_kind.words.baseline, holdout.baseline),
                (of_kind.words.cross, facts.ensemble.cv_score),
            ],
            interval=holdout.interval,
            score=holdout.score,
        ),
        explanation=facts.explanation,
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
        validation=facts.validation,
        notes=(*prepared.notes, *prepared.warnings, *facts.said),
        set_aside=prepared.set_aside,
        failures=facts.failures,
        light_front=front_rows(facts.ensemble.front),
    )


def _of_table(facts: ReportFacts) -> _OfKind:
    explanation, adjusted = facts.explanation, facts.ensemble.adjusted
    assert isinstance(explanation, Explanation)
    return _OfKind(
        template="report.html",
        task=_TASKS[facts.prepared.problem],
        words=_TABLE_WORDS,
        values={
            **model_section(explanation, facts.target),
            "loss_name": "log loss"
            if facts.prepared.problem.is_classification
            else "absolute error",
            "rows_begin": Markup(ROWS_BEGIN),
            "rows_end": Markup(ROWS_END),
            "calibration": adjusted.calibration,
            "threshold": adjusted.threshold,
            "reliability_chart": reliability_chart(adjusted.calibration),
        },
    )


def _of_forecast(facts: ReportFacts) -> _OfKind:
    explanation, series = facts.explanation, facts.prepared.series
    assert isinstance(explanation, ForecastExplanation)
    assert series is not None
    return _OfKind(
        template="forecast.html",
        task=f"forecast of {series.horizon} steps ({series.frequency})",
        words=_FORECAST_WORDS,
        values={
            "charts": [series_chart(each, facts.target) for each in explanation.stories],
            "step_chart": step_chart(explanation.steps),
        },
    )


def _first_screen(facts: ReportFacts) -> FirstScreen:
    n_failed = sum(each.count for each in facts.failures)
    return first_screen(
        facts.version,
        facts.prepared,
        facts.ensemble,
        facts.holdout,
        facts.validation,
        higher_is_better=facts.higher_is_better,
        failed_share=n_failed / max(len(facts.leaderboard), 1),
        champion=facts.champion,
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
