"""Losses in link space: value, pseudo-residual, and slope and curvature along a direction.

Symbols as in `espalier.pipelines.ensemble.combination`. Every loss is a weighted mean over rows, so
that values on different numbers of rows are comparable.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Floats, centred_powers, from_link
from espalier.pipelines.ensemble.regression_losses import (
    DevianceLoss,
    OnLogScale,
    PinballLoss,
    PoissonLoss,
    ValueLoss,
)
from espalier.pipelines.metrics.objective import (
    DEVIANCES,
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
    relative_weights,
)
from espalier.pipelines.problem import ProblemKind

TINY = 1e-300  # keeps the logarithm of an underflown probability finite


class LossState(Protocol):
    """A loss evaluated at link values F of shape (n, C), with its gradient.

    Value, gradient and curvature share the same exponentials, which are computed once.

    Attributes
    ----------
    value : float
        The mean loss.
    """

    @property
    def value(self) -> float:
        """The mean loss."""
        ...

    def residual(self) -> Floats:
        """Return the pseudo-residual, as `Loss.residual` does."""
        ...

    def along(self, directions: Floats) -> tuple[Floats, Floats]:
        """Return slopes and curvatures, as `Loss.along` does."""
        ...


class Loss(Protocol):
    """A differentiable, convex loss of link values F of shape (n, C)."""

    def at(self, F: Floats) -> LossState:
        """Return the state of the loss at the link values ``F``."""
        ...

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        ...

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual: the negative gradient, row weights included, shape (n, C)."""
        ...

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease of the loss along each direction, and its curvature.

        Directions have shape (m, n, C); both results have shape (m,).
        """
        ...

    def start(self) -> Floats:
        """Return the best constant, shape (C,)."""
        ...


@dataclass(frozen=True, slots=True)
class SquaredError(ValueLoss):
    """Half the mean squared error, in units of the target's variance.

    Attributes
    ----------
    y : array, shape (n,)
        Values.
    weight : array, shape (n,)
        Sums to 1.
    """

    y: Floats
    weight: Floats
    scale: float = field(init=False)

    def __post_init__(self) -> None:
        mean = float(self.weight @ self.y)
        # Without a scale, thresholds on the loss would depend on the target's unit.
        variance = float(self.weight @ (self.y - mean) ** 2)
        object.__setattr__(self, "scale", variance if variance > 0 else 1.0)

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        return float(self.weight @ (self.y - F[:, 0]) ** 2) / (2.0 * self.scale)

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        return (self.weight * (self.y - F[:, 0]) / self.scale)[:, None]

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        steps = directions[:, :, 0]
        slopes = steps @ (self.weight * (self.y - F[:, 0]))
        curvatures = np.einsum("mn,mn,n->m", steps, steps, self.weight)
        return slopes / self.scale, curvatures / self.scale

    def start(self) -> Floats:
        """Return the mean, shape (1,)."""
        return np.asarray([self.weight @ self.y])


@dataclass(frozen=True, slots=True)
class LogLoss:
    """Mean cross-entropy of the softmax, or of the logistic function for two classes.

    Attributes
    ----------
    y : array of int, shape (n,)
        Class codes.
    weight : array, shape (n,)
        Sums to 1.
    n_classes : int
        K.
    """

    y: NDArray[Any]
    weight: Floats
    n_classes: int

    def at(self, F: Floats) -> "LogLossState":
        """Return the state of the loss at the link values ``F``."""
        if self.n_classes == 2:
            margin = np.where(self.y == 1, F[:, 0], -F[:, 0])
            value = self.weight @ np.logaddexp(0.0, -margin)
            return LogLossState(self, from_link(F, ProblemKind.BINARY), float(value))
        powers, totals = centred_powers(F)
        true = powers[np.arange(len(F)), self.y]
        value = self.weight @ (np.log(totals) - np.log(np.maximum(true, TINY)))
        powers /= totals[:, None]
        return LogLossState(self, powers, float(value))

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        return self.at(F).value

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, C)."""
        return self.at(F).residual()

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        return self.at(F).along(directions)

    def start(self) -> Floats:
        """Return the class frequencies in link space, shape (C,)."""
        counts = np.bincount(self.y, weights=self.weight, minlength=self.n_classes)
        # A class that has no row here keeps a small share, half a row's worth.
        shares = counts + 0.5 / len(self.y)
        logs = np.log(shares / shares.sum())
        if self.n_classes == 2:
            return np.asarray([logs[1] - logs[0]])
        return np.asarray(logs - logs.mean())


@dataclass(frozen=True, slots=True)
class LogLossState:
    """The log loss evaluated at link values.

    Attributes
    ----------
    loss : LogLoss
        The loss, over n rows.
    probabilities : array, shape (n, K)
        Class probabilities at these link values.
    value : float
        The mean loss.
    """

    loss: LogLoss
    probabilities: Floats
    value: float

    def residual(self) -> Floats:
        """Return the pseudo-residual, shape (n, C)."""
        y, weight = self.loss.y, self.loss.weight
        if self.loss.n_classes == 2:
            return np.asarray((weight * (y - self.probabilities[:, 1]))[:, None])
        residual = self.probabilities * -weight[:, None]
        residual[np.arange(len(y)), y] += weight
        return residual

    def along(self, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        y, weight, probabilities = self.loss.y, self.loss.weight, self.probabilities
        if self.loss.n_classes == 2:
            steps, positive = directions[:, :, 0], probabilities[:, 1]
            spread = weight * positive * probabilities[:, 0]
            slopes = steps @ (weight * (y - positive))
            return slopes, np.einsum("mn,mn,n->m", steps, steps, spread)
        means = np.einsum("mnc,nc->mn", directions, probabilities)
        squares = np.einsum(
            "mnc,mnc,nc->m", directions, directions, probabilities * weight[:, None]
        )
        true = directions[:, np.arange(len(y)), y]
        curvatures = squares - np.einsum("mn,mn,n->m", means, means, weight)
        return (true - means) @ weight, curvatures


def make_loss(
    y: NDArray[Any],
    problem: ProblemKind,
    n_classes: int,
    sample_weight: NDArray[Any] | None = None,
    *,
    objective: TrainingObjective = SQUARED_ERROR,
) -> Loss:
    """Return the loss to fit weights to: log loss for classes, the metric's for values.

    Parameters
    ----------
    y : array, shape (n,)
        Codes or values.
    problem : ProblemKind
        The kind of problem.
    n_classes : int
        K; ignored for regression.
    sample_weight : array or None, shape (n,)
        Non-negative; all equal when None or when they sum to nothing.
    objective : TrainingObjective
        What the metric asks for; only for regression, and the squared error where the target has
        no such loss.
    """
    weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    if not weight.sum() > 0:
        weight = np.ones(len(y))
    if problem.is_classification:
        return LogLoss(np.asarray(y, dtype=np.int64), weight / weight.sum(), n_classes)
    values = np.asarray(y, dtype=np.float64)
    asked = objective.fitting(values)
    if asked.relative:
        weight = weight * relative_weights(values)
    weight = weight / weight.sum()
    if asked.on_log:
        on_log = np.log1p(values / asked.log_unit)
        return OnLogScale(_value_loss(asked, on_log, weight), asked.log_unit)
    return _value_loss(asked, values, weight)


def _value_loss(asked: TrainingObjective, values: Floats, weight: Floats) -> ValueLoss:
    if asked.loss is LossKind.POISSON:
        return PoissonLoss(values, weight)
    if asked.loss in DEVIANCES:
        return DevianceLoss(values, weight, asked.variance_power)
    if asked.loss is LossKind.QUANTILE:
        return PinballLoss(values, weight, asked.level)
    return SquaredError(values, weight)
