"""What a model of a numeric target minimises: the metric's objective as the family can have it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.base.target_transform import RAW, TargetTransform
from espalier.pipelines.metrics.objective import (
    DEVIANCES,
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
)
from espalier.pipelines.trials.configuration import Value

CHOICE = "prep_objective"
"""Name of the search's choice for metrics of quantiles: `METRIC`, `SQUARED` or `LOG`."""
METRIC = "metric"
"""The metric's own loss."""
SQUARED = "squared"
"""The squared error, for targets that lie about symmetrically around the median."""
LOG = "log"
"""Errors of the target's logarithm, for skewed targets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a model of a numeric target minimises, and on which scale.

    Attributes
    ----------
    loss : LossKind
        One of the losses of the model's family.
    objective : TrainingObjective
        What the metric asks for.
    transform : TargetTransform
        The scale on which the model is fitted.
    """

    loss: LossKind = LossKind.SQUARED
    objective: TrainingObjective = SQUARED_ERROR
    transform: TargetTransform = RAW


LEAST_SQUARES = Aim()


def aim_at(
    objective: TrainingObjective,
    configuration: Mapping[str, Value],
    losses: frozenset[LossKind],
    y: NDArray[Any],
    weight: NDArray[Any] | None,
) -> Aim:
    """Return what a model should minimise for an objective.

    Where the configuration takes logarithms, the target is skewed and its logarithm about
    symmetric: there the mean is about the median, and squared errors are easier to minimise than
    absolute ones. Back on its own scale the median stays the median, so nothing is corrected.
    Other quantiles stay in place too, but are no means.

    Parameters
    ----------
    objective : TrainingObjective
        What the metric asks for, adapted to ``y`` by `TrainingObjective.fitting`.
    configuration : mapping
        It may hold a choice for the objectives of quantiles; `METRIC` if it does not.
    losses : frozenset of LossKind
        Those that the family can minimise.
    y : array, shape (n_rows,)
        The target, without transform.
    weight : array or None, shape (n_rows,)
        Weights of mean 1.
    """
    loss = objective.loss if objective.loss in losses else LossKind.SQUARED
    if objective.on_log:
        transform = TargetTransform(unit=objective.log_unit, on_log=True)
        return Aim(loss=loss, objective=objective, transform=transform)
    choice = METRIC
    if objective.loss is LossKind.QUANTILE:
        choice = str(configuration.get(CHOICE, METRIC))
    if choice != METRIC and objective.is_median:
        loss = LossKind.SQUARED
    if choice == LOG and np.min(y) >= 0:
        unit = float(np.average(y, weights=weight)) or 1.0
        transform = TargetTransform(unit=unit, on_log=True)
        return Aim(loss=loss, objective=objective, transform=transform)
    unit = 1.0
    if objective.loss in DEVIANCES:
        unit = float(np.average(y, weights=weight))
    elif loss is LossKind.QUANTILE:
        unit = _size(y, weight)
    return Aim(loss=loss, objective=objective, transform=TargetTransform(unit=unit))


def _size(y: NDArray[Any], weight: NDArray[Any] | None) -> float:
    """Return the power of two nearest to the mean size of values, which divides exactly.

    The leaves of CatBoost's absolute errors are inaccurate where the target's unit is tiny.
    """
    size = float(np.average(np.abs(y), weights=weight))
    return float(2.0 ** np.round(np.log2(size))) if size > 0 else 1.0
