"""Score many weighted means of predictions quickly, on reduced predictions.

A mean of probabilities is linear, so the part of them that a metric needs can be taken out once,
before thousands of means are scored: the probability of the true class for the log loss, one column
for a binary problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.problem import ProblemKind

Floats = NDArray[np.float64]
SMALLEST_PROBABILITY = 1e-7


@dataclass(frozen=True, slots=True)
class MixtureScorer:
    """Scores mixtures (weighted means) of predictions; larger is better.

    Attributes
    ----------
    reduce : callable (predictions of shape (..., n, K) or (..., n)) -> array of shape (..., n, R)
        Reduces predictions to what the metric needs; linear, called once per prediction.
    score : callable (reduced of shape (n, R), rows or None) -> float
        Scores reduced predictions, only at the positions ``rows`` if given. NaN if the metric is
        not defined.
    """

    reduce: Callable[[NDArray[Any]], Floats]
    score: Callable[[Floats, NDArray[Any] | None], float]


def make_scorer(
    metric: Metric,
    y: NDArray[Any],
    problem: ProblemKind,
    sample_weight: NDArray[Any] | None = None,
) -> MixtureScorer:
    """Return the scorer of a metric on these rows.

    Parameters
    ----------
    metric : Metric
        The metric to score by.
    y : array, shape (n,)
        Codes or values.
    problem : ProblemKind
        The kind of problem.
    sample_weight : array or None, shape (n,)
        Non-negative weights.
    """
    if metric.name == "log_loss":
        return _log_loss(y, sample_weight)
    if metric.name == "rmse":
        return _squared_error(np.asarray(y, dtype=np.float64), sample_weight)
    if metric.name == "roc_auc" and problem is ProblemKind.BINARY and sample_weight is None:
        return _area_under_curve(np.asarray(y))
    return _any_metric(metric, y, problem, sample_weight)


def _weights(sample_weight: NDArray[Any] | None, n_rows: int) -> Floats:
    if sample_weight is None or not np.sum(sample_weight) > 0:
        return np.ones(n_rows)
    return np.asarray(sample_weight, dtype=np.float64)


def _log_loss(y: NDArray[Any], sample_weight: NDArray[Any] | None) -> MixtureScorer:
    weights = _weights(sample_weight, len(y))
    positions = np.arange(len(y))

    def reduce(predictions: NDArray[Any]) -> Floats:
        return np.asarray(predictions[..., positions, y], dtype=np.float64)[..., None]

    def score(reduced: Floats, rows: NDArray[Any] | None) -> float:
        true, weight = (reduced, weights) if rows is None else (reduced[rows], weights[rows])
        logs = np.log(np.maximum(true[:, 0], SMALLEST_PROBABILITY))
        return float(np.average(logs, weights=weight if weight.sum() > 0 else None))

    return MixtureScorer(reduce, score)


def _squared_error(y: Floats, sample_weight: NDArray[Any] | None) -> MixtureScorer:
    weights = _weights(sample_weight, len(y))

    def reduce(predictions: NDArray[Any]) -> Floats:
        return np.asarray(predictions, dtype=np.float64)[..., None]

    def score(reduced: Floats, rows: NDArray[Any] | None) -> float:
        part = slice(None) if rows is None else rows
        errors = (reduced[part, 0] - y[part]) ** 2
        weight = weights[part]
        return -float(np.sqrt(np.average(errors, weights=weight if weight.sum() > 0 else None)))

    return MixtureScorer(reduce, score)


def _area_under_curve(y: NDArray[Any]) -> MixtureScorer:
    positive = y == 1

    def reduce(predictions: NDArray[Any]) -> Floats:
        return np.asarray(predictions[..., 1:2], dtype=np.float64)

    def score(reduced: Floats, rows: NDArray[Any] | None) -> float:
        part = slice(None) if rows is None else rows
        return area_under_curve(positive[part], reduced[part, 0])

    return MixtureScorer(reduce, score)


def area_under_curve(positive: NDArray[np.bool_], scores: Floats) -> float:
    """Return the area under the ROC curve by ranks, ties averaged; NaN with one class only.

    Much quicker than the general function, which matters inside a greedy selection.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = last - (counts - 1) / 2.0
    del values
    total = float(ranks[inverse][positive].sum())
    return (total - n_positive * (n_positive + 1) / 2.0) / (n_positive * n_negative)


def _any_metric(
    metric: Metric,
    y: NDArray[Any],
    problem: ProblemKind,
    sample_weight: NDArray[Any] | None,
) -> MixtureScorer:
    def reduce(predictions: NDArray[Any]) -> Floats:
        values = np.asarray(predictions, dtype=np.float64)
        return values if problem.is_classification else values[..., None]

    def score(reduced: Floats, rows: NDArray[Any] | None) -> float:
        part = slice(None) if rows is None else rows
        predictions = reduced[part] if problem.is_classification else reduced[part, 0]
        weight = None if sample_weight is None else sample_weight[part]
        try:
            return metric.sign * score_predictions(metric, y[part], predictions, weight)
        except ValueError:  # not defined on these rows or for these predictions
            return float("nan")

    return MixtureScorer(reduce, score)
