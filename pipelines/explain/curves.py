"""How well two classes are told apart: ROC, precision and recall, and what a threshold costs.

Everything is measured on hold-out rows. Curves have a point for every distinct probability, thinned
to `MOST_POINTS` where there are more; the areas are computed before that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 120
COST_RATIOS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""How many false alarms a miss may cost, of the table of thresholds."""
MOST_CLASSES = 12

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdErrors:
    """The errors of a decision threshold.

    Attributes
    ----------
    threshold : float
        Rows with a larger probability of the positive class are called positive.
    false_alarms : float
        Share of the negative rows that are called positive.
    misses : float
        Share of the positive rows that are not.
    called : float
        Share of all rows that are called positive.
    """

    threshold: float
    false_alarms: float
    misses: float
    called: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChoice:
    """The threshold that suits a ratio of costs, and its cost.

    Attributes
    ----------
    ratio : float
        Cost of a miss in false alarms.
    errors : ThresholdErrors
        The threshold ``1 / (1 + ratio)``, which is the best if probabilities are right, and its
        errors. It is not tuned on the rows it is measured on.
    cost, cost_at_default : float
        Mean cost of a row, in false alarms: with this threshold, and with the model's own.
    """

    ratio: float
    errors: ThresholdErrors
    cost: float
    cost_at_default: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCurves:
    """Curves of a model of two classes.

    Attributes
    ----------
    positive : str
        Label of class 1.
    n_rows, n_positive : int
        Numbers of rows.
    roc : tuple of (false alarm rate, recall)
        From (0, 0) to (1, 1).
    roc_auc : float
        Area below it.
    precision_recall : tuple of (recall, precision)
        By rising recall.
    average_precision : float
        Mean precision, weighed by the steps of recall.
    thresholds : tuple of ThresholdErrors
        Errors at evenly spaced thresholds.
    own : ThresholdErrors
        Errors at the model's own threshold.
    costs : tuple of CostChoice
        By rising cost of a miss.
    """

    positive: str
    n_rows: int
    n_positive: int
    roc: tuple[tuple[float, float], ...]
    roc_auc: float
    precision_recall: tuple[tuple[float, float], ...]
    average_precision: float
    thresholds: tuple[ThresholdErrors, ...]
    own: ThresholdErrors
    costs: tuple[CostChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """How well one of several classes is recognised, against all others.

    Attributes
    ----------
    label : str
        The class.
    n_rows : int
        Number of its rows.
    precision, recall : float or None
        Of the predicted labels; None where the class is never predicted, or has no rows.
    roc_auc : float or None
        Area below the ROC curve of its probability; None where all rows or none are of the class.
    """

    label: str
    n_rows: int
    precision: float | None
    recall: float | None
    roc_auc: float | None


def class_curves(
    truth: NDArray[Any], probability: Floats, *, positive: str, threshold: float
) -> ClassCurves | None:
    """Return the curves of a model of two classes; None if the rows are all of one class.

    Parameters
    ----------
    truth : array of int, shape (n_rows,)
        Class codes, 0 and 1.
    probability : array, shape (n_rows,)
        Predicted probability of class 1.
    positive : str
        Label of class 1.
    threshold : float
        The model's own decision threshold.
    """
    n_positive = int(truth.sum())
    if not 0 < n_positive < len(truth):
        return None
    steps = _steps(truth, probability)
    recall, alarms = steps.hits / n_positive, steps.alarms / (len(truth) - n_positive)
    called = steps.hits + steps.alarms
    precision = steps.hits / called
    own = threshold_errors(truth, probability, threshold)
    return ClassCurves(
        positive=positive,
        n_rows=len(truth),
        n_positive=n_positive,
        roc=_thinned([(0.0, 0.0), *zip(alarms.tolist(), recall.tolist(), strict=True)]),
        roc_auc=_area(alarms, recall),
        precision_recall=_thinned(list(zip(recall.tolist(), precision.tolist(), strict=True))),
        average_precision=float(np.sum(np.diff(recall, prepend=0.0) * precision)),
        thresholds=tuple(
            threshold_errors(truth, probability, float(at)) for at in np.linspace(0.02, 0.98, 49)
        ),
        own=own,
        costs=tuple(_cost_choice(truth, probability, ratio, own) for ratio in COST_RATIOS),
    )


def threshold_errors(truth: NDArray[Any], probability: Floats, threshold: float) -> ThresholdErrors:
    """Return the errors of a threshold; both classes must have rows."""
    called = probability > threshold
    return ThresholdErrors(
        threshold=threshold,
        false_alarms=float(called[truth == 0].mean()),
        misses=float(1.0 - called[truth == 1].mean()),
        called=float(called.mean()),
    )


def class_scores(
    truth: NDArray[Any], codes: NDArray[Any], probabilities: Floats, labels: Sequence[Any]
) -> tuple[ClassScore, ...]:
    """Return the scores of the most frequent classes, in the order of their codes.

    Parameters
    ----------
    truth, codes : array of int, shape (n_rows,)
        True and predicted class codes.
    probabilities : array, shape (n_rows, n_classes)
        Predicted probabilities.
    labels : sequence, length n_classes
        The classes by code.
    """
    counts = np.bincount(truth, minlength=len(labels))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return tuple(
        _class_score(code, truth, codes, probabilities, str(labels[code])) for code in kept
    )


def _class_score(
    code: int, truth: NDArray[Any], codes: NDArray[Any], probabilities: Floats, label: str
) -> ClassScore:
    is_it, called = truth == code, codes == code
    n_rows, n_called, hits = int(is_it.sum()), int(called.sum()), int((is_it & called).sum())
    area = None
    if 0 < n_rows < len(truth):
        steps = _steps(is_it.astype(np.int64), probabilities[:, code])
        area = _area(steps.alarms / (len(truth) - n_rows), steps.hits / n_rows)
    return ClassScore(
        label=label,
        n_rows=n_rows,
        precision=hits / n_called if n_called else None,
        recall=hits / n_rows if n_rows else None,
        roc_auc=area,
    )


@dataclass(frozen=True, slots=True)
class _Steps:
    """Rows called positive as the threshold falls, one entry for each distinct probability."""

    hits: Floats
    alarms: Floats


def _steps(truth: NDArray[Any], probability: Floats) -> _Steps:
    order = np.argsort(-probability, kind="stable")
    ordered, falls = truth[order], np.diff(probability[order]) != 0
    last = np.append(np.flatnonzero(falls), len(truth) - 1)
    hits = np.cumsum(ordered)[last].astype(np.float64)
    return _Steps(hits, last + 1.0 - hits)


def _area(across: Floats, up: Floats) -> float:
    x, y = np.append(0.0, across), np.append(0.0, up)
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2.0))


def _cost_choice(
    truth: NDArray[Any], probability: Floats, ratio: float, own: ThresholdErrors
) -> CostChoice:
    errors = threshold_errors(truth, probability, 1.0 / (1.0 + ratio))
    share = float(truth.mean())

    def cost(of: ThresholdErrors) -> float:
        return (1.0 - share) * of.false_alarms + share * ratio * of.misses

    return CostChoice(ratio=ratio, errors=errors, cost=cost(errors), cost_at_default=cost(own))


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return evenly many of the points, the first and the last among them."""
    places = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return tuple(points[place] for place in places)
