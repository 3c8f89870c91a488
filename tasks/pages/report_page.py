"""The report of a training run: a self-contained HTML page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.tracking.artifacts import ROWS_BEGIN, ROWS_END
from espalier.pipelines.calibration.report import CalibrationReport
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.explain.mistakes import ConfusionMatrix
from espalier.pipelines.explain.search.story import SearchStory
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value
from espalier.pipelines.trials.failures import Failures
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.pages.charts import diagonal_chart, interval_chart, progress_chart
from espalier.tasks.pages.first_screen import FirstScreen, first_screen
from espalier.tasks.pages.model_section import model_section
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
    explanation: Explanation
    leaderboard: Sequence[LeaderboardRow]
    failures: Sequence[Failures]
    said: tuple[str, ...] = ()
    story: SearchStory | None = None
    reproduce: HowToReproduce | None = None
    champion: ChampionMark | None = None


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
    prepared, explanation, holdout = facts.prepared, facts.explanation, facts.holdout
    adjusted = facts.ensemble.adjusted
    bars = _bars(explanation)
    scored = [row for row in facts.leaderboard if row.score is not None]
    return environment.get_template("report.html").render(
        model_section(explanation, facts.target),
        **search_section(
            facts.story,
            facts.leaderboard,
            metric=prepared.metric,
            higher_is_better=facts.higher_is_better,
        ),
        first=_first_screen(facts),
        reproduce=facts.reproduce,
        loss_name="log loss" if prepared.problem.is_classification else "absolute error",
        setting=setting,
        rows_begin=Markup(ROWS_BEGIN),
        rows_end=Markup(ROWS_END),
        version=facts.version,
        task=_TASKS[prepared.problem],
        target=facts.target,
        data=facts.data,
        metric=prepared.metric,
        folds=prepared.folds,
        higher_is_better=facts.higher_is_better,
        holdout=holdout,
        shape=prepared.shape,
        number=number,
        interval=describe_interval(holdout.interval),
        score_chart=interval_chart(
            [("dummy", holdout.baseline), ("cross-validated", facts.ensemble.cv_score)],
            interval=holdout.interval,
            score=holdout.score,
        ),
        explanation=explanation,
        importances=bars[:COLUMNS_SHOWN],
        unimportant=max(0, len(bars) - COLUMNS_SHOWN),
        unmeasured=explanation.n_columns - len(bars),
        confusion_rows=_confusion_rows(explanation.confusion),
        deviation_chart=_deviation_chart(explanation),
        calibration=adjusted.calibration,
        threshold=adjusted.threshold,
        reliability_chart=_reliability_chart(adjusted.calibration),
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
