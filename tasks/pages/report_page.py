"""The report of a training run: a self-contained HTML page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.calibration.report import CalibrationReport
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.mistakes import ConfusionMatrix
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.failures import Failures
from espalier.tasks.pages.charts import diagonal_chart, interval_chart, progress_chart
from espalier.tasks.pages.forecast_charts import series_chart, step_chart
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord

TEMPLATES = Path(__file__).parent / "templates"
_TASKS = {
    ProblemKind.BINARY: "two-class classification",
    ProblemKind.MULTICLASS: "classification",
    ProblemKind.REGRESSION: "regression",
}
TRIALS_SHOWN = 25
COLUMNS_SHOWN = 20


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


@dataclass(frozen=True, slots=True)
class _Bar:
    name: str
    loss: float
    spread: float
    width: float


@dataclass(frozen=True, slots=True)
class _Cell:
    count: int
    colour: str
    shade: int


@dataclass(frozen=True, slots=True)
class _ConfusionRow:
    label: str
    cells: tuple[_Cell, ...]
    recall: str


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
    )


def _of_table(facts: ReportFacts) -> _OfKind:
    explanation, adjusted = facts.explanation, facts.ensemble.adjusted
    assert isinstance(explanation, Explanation)
    bars = _bars(explanation)
    return _OfKind(
        template="report.html",
        task=_TASKS[facts.prepared.problem],
        words=_TABLE_WORDS,
        values={
            "importances": bars[:COLUMNS_SHOWN],
            "unimportant": max(0, len(bars) - COLUMNS_SHOWN),
            "unmeasured": explanation.n_columns - len(bars),
            "confusion_rows": _confusion_rows(explanation.confusion),
            "deviation_chart": _deviation_chart(explanation),
            "calibration": adjusted.calibration,
            "threshold": adjusted.threshold,
            "reliability_chart": _reliability_chart(adjusted.calibration),
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


def number(value: float | None, digits: int = 5) -> str:
    """Return a number as text with ``digits`` significant digits; empty for None."""
    if value is None or not math.isfinite(value):
        return "" if value is None else str(value)
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _bars(explanation: Explanation) -> list[_Bar]:
    largest = max((abs(each.loss) for each in explanation.importances), default=0.0) or 1.0
    return [
        _Bar(each.name, each.loss, each.spread, round(100.0 * max(each.loss, 0.0) / largest, 1))
        for each in explanation.importances
    ]


def _confusion_rows(confusion: ConfusionMatrix | None) -> list[_ConfusionRow]:
    if confusion is None:
        return []
    rows = []
    for place, (label, counts, recall) in enumerate(
        zip(confusion.labels, confusion.counts, confusion.recalls, strict=True)
    ):
        total = max(sum(counts), 1)
        cells = tuple(
            _Cell(count, "--leaf" if at == place else "--bad", round(70 * count / total))
            for at, count in enumerate(counts)
        )
        rows.append(_ConfusionRow(label, cells, "" if recall is None else f"{recall:.0%}"))
    return rows


def _deviation_chart(explanation: Explanation) -> Markup:
    if explanation.deviations is None:
        return Markup("")
    points = [
        (predicted, true, f"predicted {predicted:.5g}, true {true:.5g}")
        for true, predicted in explanation.deviations.points
    ]
    return diagonal_chart(points, across="predicted", up="true")


def _reliability_chart(calibration: CalibrationReport | None) -> Markup:
    if calibration is None or not calibration.after.curve:
        return Markup("")
    curve = calibration.after.curve
    most = max(each.n_rows for each in curve)
    return diagonal_chart(
        [
            (
                each.predicted,
                each.observed,
                f"predicted {each.predicted:.3f}, came true {each.observed:.3f}, "
                f"{each.n_rows:,} rows",
            )
            for each in curve
        ],
        across="predicted",
        up="observed",
        sizes=[3.0 + 4.0 * math.sqrt(each.n_rows / most) for each in curve],
    )
