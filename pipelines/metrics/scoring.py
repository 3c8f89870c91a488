"""Score predictions by a metric."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.metric import Metric


def check_target(metric: Metric, y: NDArray[Any]) -> None:
    """Raise an error if a metric is not defined for a target.

    Raises
    ------
    UserError
        The target has values outside the metric's range, such as negative ones for ``rmsle``.
    """
    if metric.target_floor is None or len(y) == 0:
        return
    lowest = float(np.min(y))
    if lowest < metric.target_floor or (metric.open_floor and lowest == metric.target_floor):
        bound = "above" if metric.open_floor else "of at least"
        raise UserError(
            f"metric {metric.name!r} needs targets {bound} {metric.target_floor:g}, but the "
            f"smallest is {lowest:g}; choose another metric such as rmse or mae"
        )


def check_percentages(metric: Metric, y: NDArray[Any]) -> None:
    """Raise an error if a percentage error would be taken of targets of 0.

    Such a score has no meaning: every error on these rows is infinite, or as large as rounding
    makes it.

    Raises
    ------
    UserError
        The metric divides by the target, which is 0 somewhere.
    """
    zeros = int((np.asarray(y) == 0).sum()) if metric.divides_by_target else 0
    if zeros:
        raise UserError(
            f"metric {metric.name!r} divides by the target, which is 0 in {zeros} row(s); choose "
            "another metric such as smape or mae"
        )


def answer_floor(metric: Metric, y: NDArray[Any]) -> float | None:
    """Return the smallest prediction that a metric takes; None where it takes any.

    Parameters
    ----------
    metric : Metric
        What was optimised.
    y : array, shape (n_rows,)
        The training's target; a floor just above 0 is a millionth of its mean.
    """
    if metric.target_floor is None:
        return None
    if not metric.positive_answers:
        return metric.target_floor
    return max(float(np.mean(y)), float(np.finfo(np.float64).tiny)) * 1e-6


def score_predictions(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    sample_weight: NDArray[Any] | None = None,
) -> float:
    """Return the score of predictions, in the metric's own direction.

    Parameters
    ----------
    metric : Metric
        What to compute.
    y : array, shape (n_rows,)
        Class codes or values.
    predictions : array, shape (n_rows, n_classes) or (n_rows,)
        Class probabilities (labels are derived as the most probable class) or values.
    sample_weight : array or None, shape (n_rows,)
        Non-negative weights; ignored when they sum to 0.

    Raises
    ------
    ValueError
        A prediction or the score is not finite, or there is no row.
    """
    if len(y) == 0:
        raise ValueError("there are no rows to score")
    if not np.isfinite(predictions).all():
        raise ValueError("the predictions are not finite")
    if sample_weight is not None and not np.sum(sample_weight) > 0:
        sample_weight = None
    values = predictions
    if metric.needs == "labels" and predictions.ndim == 2:
        values = predictions.argmax(axis=1)
    elif metric.needs == "scores":
        values = np.clip(predictions, 0.0, 1.0)
    elif predictions.ndim == 1:
        values = predictions.astype(np.float64, copy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that a fold lacks are normal here
        score = float(metric.function(y, values, sample_weight))
    if not np.isfinite(score):
        raise ValueError(f"the metric {metric.name!r} is not finite: {score}")
    return score
