"""Losses of regression metrics other than the squared error, as smooth convex functions.

Symbols and conventions as in `espalier.pipelines.ensemble.losses`; link values are the values
themselves.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.metrics.objective import unit_loss

# The corner of the pinball loss is rounded over this share of the mean absolute deviation.
ROUNDED = 0.1
# Below this share of the mean value, the logarithm of the Poisson loss goes over into a parabola.
SMALLEST_MEAN = 0.01
BISECTIONS = 60


class ValueLoss(ABC):
    """Base of regression losses, whose value and gradient share no costly computation."""

    __slots__ = ()

    @abstractmethod
    def value(self, F: Floats) -> float:
        """Return the mean loss."""

    @abstractmethod
    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""

    @abstractmethod
    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""

    @abstractmethod
    def start(self) -> Floats:
        """Return the best constant, shape (1,)."""

    def at(self, F: Floats) -> "ValueLossState":
        """Return the state of the loss at the values ``F``."""
        return ValueLossState(self, F)


@dataclass(frozen=True, slots=True)
class ValueLossState:
    """A regression loss evaluated at the values ``F`` of shape (n, 1)."""

    loss: ValueLoss
    F: Floats

    @property
    def value(self) -> float:
        """The mean loss."""
        return self.loss.value(self.F)

    def residual(self) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        return self.loss.residual(self.F)

    def along(self, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        return self.loss.along(self.F, directions)


@dataclass(frozen=True, slots=True)
class PinballLoss(ValueLoss):
    """Pinball loss with a rounded corner, in units of the target's mean absolute deviation.

    rho(r) = (sqrt(r^2 + d^2) - d) / 2 + (alpha - 1/2) r with r = y - F: Koenker, Bassett 1978,
    "Regression quantiles", with |r| made differentiable. For alpha = 1/2 it is half the absolute
    error.

    Attributes
    ----------
    y : array, shape (n,)
        Values.
    weight : array, shape (n,)
        Sums to 1.
    alpha : float
        The quantile that minimises the loss, in (0, 1).
    """

    y: Floats
    weight: Floats
    alpha: float
    scale: float = field(init=False)

    def __post_init__(self) -> None:
        middle = self.y[np.argsort(self.y)][len(self.y) // 2]
        deviation = float(self.weight @ np.abs(self.y - middle))
        object.__setattr__(self, "scale", deviation if deviation > 0 else 1.0)

    def _parts(self, F: Floats) -> tuple[Floats, Floats]:
        errors = self.y - F[:, 0]
        return errors, np.sqrt(errors**2 + (ROUNDED * self.scale) ** 2)

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        errors, rounded = self._parts(F)
        losses = 0.5 * (rounded - ROUNDED * self.scale) + (self.alpha - 0.5) * errors
        return float(self.weight @ losses) / self.scale

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        errors, rounded = self._parts(F)
        pull = 0.5 * errors / rounded + (self.alpha - 0.5)
        return np.asarray((self.weight * pull / self.scale)[:, None])

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        steps = directions[:, :, 0]
        _, rounded = self._parts(F)
        bend = 0.5 * (ROUNDED * self.scale) ** 2 / rounded**3
        curvatures = np.einsum("mn,mn,n->m", steps, steps, self.weight * bend) / self.scale
        return steps @ self.residual(F)[:, 0], curvatures

    def start(self) -> Floats:
        """Return the best constant, shape (1,)."""
        low, high = float(self.y.min()), float(self.y.max())
        # The slope falls from one end to the other, so halving finds where it is nothing.
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            if self.residual(np.full((len(self.y), 1), middle)).sum() > 0:
                low = middle
            else:
                high = middle
        return np.asarray([0.5 * (low + high)])


@dataclass(frozen=True, slots=True)
class PoissonLoss(ValueLoss):
    """Half the mean Poisson deviance, in units of the mean target.

    F - y + y log(y / F); for F near or below zero it is continued by a parabola, so that the loss
    of a negative prediction is finite.

    Attributes
    ----------
    y : array, shape (n,)
        Values of at least 0.
    weight : array, shape (n,)
        Sums to 1.
    """

    y: Floats
    weight: Floats
    scale: float = field(init=False)

    def __post_init__(self) -> None:
        mean = float(self.weight @ self.y)
        object.__setattr__(self, "scale", mean if mean > 0 else 1.0)

    def _parts(self, F: Floats) -> tuple[Floats, Floats, Floats]:
        """Return loss, slope and curvature of each row, shape (n,) each."""
        values, y, edge = F[:, 0], self.y, SMALLEST_MEAN * self.scale
        inside = np.maximum(values, edge)
        saturated = y - y * np.log(np.where(y > 0, y, 1.0))
        losses = inside - y * np.log(inside) - saturated
        slopes = 1.0 - y / inside
        below = values - inside
        bend = y / edge**2 + 1.0 / edge
        outside = below < 0
        losses = losses + slopes * below + 0.5 * bend * below**2
        curvatures = np.where(outside, bend, y / inside**2)
        return losses, slopes + np.where(outside, bend * below, 0.0), curvatures

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        return float(self.weight @ self._parts(F)[0]) / self.scale

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        return np.asarray((-self.weight * self._parts(F)[1] / self.scale)[:, None])

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        steps = directions[:, :, 0]
        _, slopes, curvatures = self._parts(F)
        fall = -self.weight * slopes / self.scale
        bent = np.einsum("mn,mn,n->m", steps, steps, self.weight * curvatures / self.scale)
        return steps @ fall, bent

    def start(self) -> Floats:
        """Return the mean of the target, shape (1,), bounded below by a small positive number."""
        mean = float(self.weight @ self.y)
        return np.asarray([mean if mean > 0 else SMALLEST_MEAN * self.scale])


@dataclass(frozen=True, slots=True)
class DevianceLoss(ValueLoss):
    """Half the mean deviance of a Tweedie distribution, in units of the best constant's loss.

    The deviances are not convex: where a prediction is far too large they rise ever more slowly.
    Their expected curvature, as in Fisher scoring, is positive everywhere and serves for steps.
    Near and below zero a parabola continues the loss, as in `PoissonLoss`.

    Attributes
    ----------
    y : array, shape (n,)
        Values of at least 0, positive for the power 2.
    weight : array, shape (n,)
        Sums to 1.
    power : float
        Of the mean that the variance grows with, in (1, 2]; 2 is the gamma deviance.
    """

    y: Floats
    weight: Floats
    power: float
    mean: float = field(init=False)

    def __post_init__(self) -> None:
        mean = float(self.weight @ self.y)
        object.__setattr__(self, "mean", mean if mean > 0 else 1.0)

    def _parts(self, F: Floats) -> tuple[Floats, Floats, Floats]:
        """Return loss, slope and curvature of each row in units of the mean, shape (n,) each."""
        values, y = F[:, 0] / self.mean, self.y / self.mean
        inside = np.maximum(values, SMALLEST_MEAN)
        losses = unit_loss(y, inside, self.power) - unit_loss(y, y, self.power)
        slopes = (inside - y) / inside**self.power
        curvatures = inside**-self.power
        below = values - inside
        losses = losses + slopes * below + 0.5 * curvatures * below**2
        return losses, slopes + curvatures * below, curvatures

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        return float(self.weight @ self._parts(F)[0])

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        return np.asarray((-self.weight * self._parts(F)[1] / self.mean)[:, None])

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        steps = directions[:, :, 0] / self.mean
        _, slopes, curvatures = self._parts(F)
        bent = np.einsum("mn,mn,n->m", steps, steps, self.weight * curvatures)
        return steps @ (-self.weight * slopes), bent

    def start(self) -> Floats:
        """Return the mean of the target, shape (1,)."""
        return np.asarray([self.mean])


@dataclass(frozen=True, slots=True)
class OnLogScale(ValueLoss):
    """A loss of z = log(1 + F / unit), continued below zero by the line F / unit.

    Curvatures are those of Gauss and Newton: the loss's own, without that of the logarithm.

    Attributes
    ----------
    loss : ValueLoss
        Of the logarithms of the target.
    unit : float
        The unit.
    """

    loss: ValueLoss
    unit: float

    def _logs(self, F: Floats) -> tuple[Floats, Floats]:
        """Return the logarithms and their slope in F, shape (n, 1) each."""
        shares = F / self.unit
        above = np.maximum(shares, 0.0)
        return np.where(shares > 0, np.log1p(above), shares), 1.0 / ((1.0 + above) * self.unit)

    def value(self, F: Floats) -> float:
        """Return the mean loss."""
        return self.loss.value(self._logs(F)[0])

    def residual(self, F: Floats) -> Floats:
        """Return the pseudo-residual, shape (n, 1)."""
        logs, slopes = self._logs(F)
        return np.asarray(self.loss.residual(logs) * slopes)

    def along(self, F: Floats, directions: Floats) -> tuple[Floats, Floats]:
        """Return the rate of decrease and the curvature along each direction, shape (m,) each."""
        logs, slopes = self._logs(F)
        return self.loss.along(logs, directions * slopes)

    def start(self) -> Floats:
        """Return the best constant, shape (1,)."""
        return np.asarray(np.expm1(self.loss.start()) * self.unit)
