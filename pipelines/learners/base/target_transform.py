"""Monotone maps of a numeric target to the scale on which a model is fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.metrics.objective import (
    DEVIANCES,
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
)
from espalier.pipelines.trials.configuration import Value

CHOICE = "prep_target"
"""Name of the search's choice of a transform, ``raw`` or ``log``."""
_LARGEST_EXPONENT = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTransform:
    """A monotone map of the target; the default leaves it as it is.

    Attributes
    ----------
    unit : float
        The target is divided by it.
    on_log : bool
        Whether log(1 + y / unit) is taken, for targets of at least 0.
    """

    unit: float = 1.0
    on_log: bool = False

    def forward(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the values to fit to, shape (n_rows,)."""
        if self.on_log:
            return np.log1p(np.asarray(y, dtype=np.float64) / self.unit)
        return y if self.unit == 1.0 else np.asarray(y / self.unit)

    def backward(self, z: NDArray[Any]) -> NDArray[Any]:
        """Return the target's values for predictions, shape (n_rows,); never below 0 on a log."""
        if self.on_log:
            exponents = np.clip(np.asarray(z, dtype=np.float64), 0.0, _LARGEST_EXPONENT)
            return np.asarray(np.expm1(exponents) * self.unit)
        return z if self.unit == 1.0 else np.asarray(z * self.unit)


RAW = TargetTransform()


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

    Parameters
    ----------
    objective : TrainingObjective
        What the metric asks for, adapted to ``y`` by `TrainingObjective.fitting`.
    configuration : mapping
        Its ``prep_target`` may ask for a transform.
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
    if configuration.get(CHOICE, "raw") == "log" and np.min(y) >= 0:
        unit = float(np.average(y, weights=weight)) or 1.0
        if objective.is_median:
            loss = LossKind.SQUARED
        return Aim(
            loss=loss, objective=objective, transform=TargetTransform(unit=unit, on_log=True)
        )
    if loss in DEVIANCES:
        unit = float(np.average(y, weights=weight))
        return Aim(loss=loss, objective=objective, transform=TargetTransform(unit=unit))
    return Aim(loss=loss, objective=objective)
