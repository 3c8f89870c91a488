"""What a model should minimise in training so that it does well on a metric.

The best prediction depends on the metric: the mean for the squared error, the median for the
absolute error, a quantile for the pinball loss. A model that minimises another loss than the one
it is scored by predicts something else, however well it is tuned (Gneiting 2011, "Making and
evaluating point forecasts").
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST_RELATIVE = 0.01
"""In relative errors, targets closer to zero than this share of their mean size count as that."""
_TINY = 1e-300


class LossKind(StrEnum):
    """The losses of a numeric target; y is the target and f the prediction."""

    SQUARED = "squared"
    """(y - f)^2, which the mean minimises."""
    QUANTILE = "quantile"
    """The pinball loss of a quantile: half the absolute error for the median."""
    POISSON = "poisson"
    """The Poisson deviance, for y >= 0 and f > 0."""
    TWEEDIE = "tweedie"
    """The deviance of a variance between Poisson's and gamma's, for y >= 0 and f > 0."""
    GAMMA = "gamma"
    """The gamma deviance, for y > 0 and f > 0."""


DEVIANCES = frozenset({LossKind.POISSON, LossKind.TWEEDIE, LossKind.GAMMA})
"""Losses of the mean of a positive target, which are the same in any unit of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingObjective:
    """The loss that a metric asks models to minimise.

    Attributes
    ----------
    loss : LossKind
        The loss.
    level : float
        The quantile of `LossKind.QUANTILE`, in (0, 1).
    power : float
        The power of the variance of `LossKind.TWEEDIE`, in (1, 2).
    on_log : bool
        Whether errors are those of log(1 + y / ``log_unit``) rather than of y.
    log_unit : float
        The unit; 0 for a hundredth of the target's mean size.
    relative : bool
        Whether each error is divided by the size of its target.
    """

    loss: LossKind = LossKind.SQUARED
    level: float = 0.5
    power: float = 1.5
    on_log: bool = False
    log_unit: float = 0.0
    relative: bool = False

    def fitting(self, y: NDArray[Any]) -> "TrainingObjective":
        """Return the objective for a target; the squared error where it has no deviance.

        Parameters
        ----------
        y : array, shape (n_rows,)
            Values. Deviances and logarithms need values of at least 0, the gamma deviance
            positive ones.
        """
        lowest = float(np.min(y, initial=np.inf))
        fitted = self
        if self.loss in DEVIANCES and (
            lowest < 0 or (self.loss is LossKind.GAMMA and lowest == 0) or not np.any(y)
        ):
            fitted = replace(fitted, loss=LossKind.SQUARED)
        if self.on_log and lowest < 0:
            fitted = replace(fitted, on_log=False)
        if fitted.on_log and not fitted.log_unit > 0:
            fitted = replace(fitted, log_unit=smallest_size(y) or 1.0)
        return fitted

    @property
    def variance_power(self) -> float:
        """The power of the mean that a deviance's variance grows with: 1 for Poisson's."""
        return {LossKind.POISSON: 1.0, LossKind.GAMMA: 2.0}.get(self.loss, self.power)

    @property
    def is_median(self) -> bool:
        """Whether the median minimises the loss."""
        return self.loss is LossKind.QUANTILE and self.level == 0.5


SQUARED_ERROR = TrainingObjective()
ABSOLUTE_ERROR = TrainingObjective(loss=LossKind.QUANTILE)


def smallest_size(y: NDArray[Any]) -> float:
    """Return the size below which targets count as equally small in relative errors."""
    return SMALLEST_RELATIVE * float(np.abs(np.asarray(y, dtype=np.float64)).mean())


def relative_weights(y: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights, shape (n_rows,), that make errors relative to the size of their target."""
    sizes = np.abs(np.asarray(y, dtype=np.float64))
    return np.asarray(1.0 / np.maximum(sizes, max(smallest_size(y), _TINY)))


def deviance(
    y: NDArray[Any], predicted: NDArray[Any], power: float, weight: NDArray[Any] | None
) -> float:
    """Return half the mean deviance of positive predictions, shape (n_rows,).

    Parameters
    ----------
    y : array, shape (n_rows,)
        Values of at least 0, positive where the power is 2.
    predicted : array, shape (n_rows,)
        Positive predictions.
    power : float
        1 for the Poisson deviance, 2 for the gamma deviance, between for Tweedie's.
    weight : array or None, shape (n_rows,)
        Non-negative weights.
    """
    y, f = np.asarray(y, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    losses = unit_loss(y, f, power) - unit_loss(y, y, power)
    return float(np.average(losses, weights=weight))


def unit_loss(y: NDArray[np.float64], f: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Return the negative log likelihood of each row without the terms of y alone, shape (n,).

    Its difference to the loss of f = y is half the deviance.
    """
    if power == 1.0:
        # A target of 0 is predicted best by 0, whose loss is 0.
        return np.asarray(f - y * np.log(np.where(y > 0, f, 1.0)))
    if power == 2.0:
        return np.asarray(y / f + np.log(f))
    upper = f ** (2.0 - power) / (2.0 - power)
    lower = np.where(y > 0, y * np.where(y > 0, f, 1.0) ** (1.0 - power), 0.0) / (1.0 - power)
    return np.asarray(upper - lower)
