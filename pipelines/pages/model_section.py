"""What the report shows of the model itself: curves, thresholds, intervals, weak spots."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from espalier.pipelines.calibration.report import CalibrationReport
from espalier.pipelines.explain.curves import ClassCurves
from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.explain.mistakes import ConfusionMatrix
from espalier.pipelines.pages.charts import diagonal_chart
from espalier.pipelines.pages.effect_charts import (
    interaction_chart,
    learning_chart,
    push_chart,
)
from espalier.pipelines.pages.small_charts import (
    Line,
    Mark,
    dependence_chart,
    histogram,
    line_chart,
)

COLUMNS_SHOWN = 20
PAIRS_SHOWN = 3
LEAST_INTERACTION = 0.01
"""Share of a pair's effect that must be joint for the pair to be drawn."""


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


def model_section(explanation: Explanation, target: str, metric: str) -> Mapping[str, Any]:
    """Return the values of the template's sections about the model; charts may be empty.

    Parameters
    ----------
    explanation : Explanation
        From hold-out rows.
    target : str
        Name of the target column.
    metric : str
        Name of the metric.
    """
    curves, off, curve = explanation.curves, explanation.deviations, explanation.learning
    answer = f"probability of {explanation.answer}" if explanation.answer else target
    bars = _bars(explanation)
    return {
        "importances": bars[:COLUMNS_SHOWN],
        "unimportant": max(0, len(bars) - COLUMNS_SHOWN),
        "unmeasured": explanation.n_columns - len(bars),
        "confusion_rows": _confusion_rows(explanation.confusion),
        "deviation_chart": _deviation_chart(explanation),
        "curve_charts": [] if curves is None else _curve_charts(curves),
        "threshold_chart": Markup("") if curves is None else _threshold_chart(curves),
        "residual_charts": []
        if off is None
        else [
            each
            for each in (
                _residual_chart(explanation),
                _histogram(explanation),
                _coverage(explanation),
            )
            if each
        ],
        "dependence_charts": [
            (each, dependence_chart(each, answer)) for each in explanation.dependences
        ],
        "dependence_of": answer,
        "push_chart": push_chart(explanation.pushes, answer),
        "interaction_charts": [
            (each, interaction_chart(each, answer))
            for each in explanation.interactions
            if each.share >= LEAST_INTERACTION
        ][:PAIRS_SHOWN],
        "learning_chart": Markup("") if curve is None else learning_chart(curve, metric),
    }


def _curve_charts(curves: ClassCurves) -> list[Markup]:
    share = curves.n_positive / curves.n_rows
    own = curves.own
    return [
        line_chart(
            [
                Line(points=((0.0, 0.0), (1.0, 1.0)), kind="ideal"),
                Line(points=curves.roc),
            ],
            title=f"ROC curve, area {curves.roc_auc:.4g}",
            said="; ".join(f"{a:.0%} false alarms: {b:.0%} found" for a, b in curves.roc[::12]),
            across="false alarms",
            up="found (recall)",
            marks=[
                Mark(
                    x=own.false_alarms,
                    y=1.0 - own.misses,
                    label=f"threshold {own.threshold:.3g}: {own.false_alarms:.1%} false alarms, "
                    f"{1.0 - own.misses:.1%} found",
                    radius=5.0,
                )
            ],
            whole=True,
        ),
        line_chart(
            [
                Line(points=((0.0, share), (1.0, share)), kind="ideal"),
                Line(points=curves.precision_recall),
            ],
            title=f"precision and recall, average precision {curves.average_precision:.4g}",
            said="; ".join(
                f"{a:.0%} found: {b:.0%} of those called are right"
                for a, b in curves.precision_recall[::12]
            ),
            across="recall",
            up="precision",
            whole=True,
        ),
    ]


def _threshold_chart(curves: ClassCurves) -> Markup:
    return line_chart(
        [
            Line(points=[(each.threshold, each.false_alarms) for each in curves.thresholds]),
            Line(
                points=[(each.threshold, each.misses) for each in curves.thresholds], kind="second"
            ),
            Line(points=((curves.own.threshold, 0.0), (curves.own.threshold, 1.0)), kind="ideal"),
        ],
        title="errors by threshold",
        said="; ".join(
            f"{each.threshold:.2g}: {each.false_alarms:.0%} false alarms, {each.misses:.0%} misses"
            for each in curves.thresholds[::6]
        ),
        across="threshold",
        up="share of the class",
        whole=True,
    )


def _residual_chart(explanation: Explanation) -> Markup:
    assert explanation.deviations is not None
    points = [(predicted, predicted - true) for true, predicted in explanation.deviations.points]
    low, high = min(a for a, _ in points), max(a for a, _ in points)
    return line_chart(
        [Line(points=((low, 0.0), (high, 0.0)), kind="ideal")],
        title="predicted minus true, by prediction",
        said=f"bias {explanation.deviations.bias:.4g}",
        across="predicted",
        up="predicted minus true",
        marks=[Mark(x=a, y=b, label=f"predicted {a:.5g}, off by {b:.5g}") for a, b in points],
    )


def _histogram(explanation: Explanation) -> Markup:
    assert explanation.deviations is not None
    return histogram(
        explanation.deviations.histogram,
        title="how far predictions are off",
        across="predicted minus true",
    )


def _coverage(explanation: Explanation) -> Markup:
    if not explanation.coverages:
        return Markup("")
    points = [(each.asked, each.covered) for each in explanation.coverages]
    return line_chart(
        [Line(points=((0.0, 0.0), (1.0, 1.0)), kind="ideal"), Line(points=points)],
        title="values within prediction intervals",
        said="; ".join(f"asked {asked:.0%}: {covered:.1%}" for asked, covered in points),
        across="coverage asked for",
        up="coverage found",
        marks=[
            Mark(x=asked, y=covered, label=f"asked {asked:.0%}, found {covered:.1%}")
            for asked, covered in points
        ],
        whole=True,
    )


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


def reliability_chart(calibration: CalibrationReport | None) -> Markup:
    """Return the chart of how often came true what was predicted; empty without a curve."""
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
