"""The objective of gradient ascent: expected improvement, cost and probability of limits."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.gradients import log_below_slopes, log_improvement_slopes

Array = NDArray[np.float64]


class DifferentiablePredictor(Protocol):
    """A predictor with gradients in its input."""

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation, both of shape (n,)."""
        ...

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (n,), and their gradients in X, shape (n, d)."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """A predicted quantity that must stay below a bound, such as the log of a trial's seconds.

    Attributes
    ----------
    predictor : DifferentiablePredictor
        Predicts the quantity.
    bound : float
        The bound, in the predictor's unit.
    """

    predictor: DifferentiablePredictor
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """An acquisition of encoded configurations, shape (n, d); larger is better.

    log EI - cost_weight * log seconds + sum over limits of log P(inside), or, with ``beta``, the
    upper confidence bound in the place of log EI.

    Attributes
    ----------
    predictor : DifferentiablePredictor
        Predicts the gain.
    best : float
        The gain to improve on.
    beta : float or None
        Weight of the deviation in the upper confidence bound; None for log EI.
    log_seconds : DifferentiablePredictor or None
        Predicts log seconds.
    cost_weight : float
        1 for improvement per second, 0 to ignore the cost.
    limits : tuple of Limit
        Quantities that must stay below their bounds.
    """

    predictor: DifferentiablePredictor
    best: float
    beta: float | None = None
    log_seconds: DifferentiablePredictor | None = None
    cost_weight: float = 0.0
    limits: tuple[Limit, ...] = ()

    def with_predictor(self, predictor: DifferentiablePredictor) -> "Objective":
        """Return the same objective with another predictor of the gain."""
        return replace(self, predictor=predictor)

    def value(self, X: Array) -> Array:
        """Return the values, shape (n,)."""
        mean, std = self.predictor.predict(X)
        value = self._gain(mean, std)[0]
        if self.log_seconds is not None and self.cost_weight:
            value = value - self.cost_weight * self.log_seconds.predict(X)[0]
        for limit in self.limits:
            value = value + log_below_slopes(*limit.predictor.predict(X), limit.bound)[0]
        return value

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the values, shape (n,), and their gradients in X, shape (n, d)."""
        mean, std, d_mean, d_std = self.predictor.predict_gradient(X)
        value, by_mean, by_std = self._gain(mean, std)
        gradient = by_mean[:, None] * d_mean + by_std[:, None] * d_std
        if self.log_seconds is not None and self.cost_weight:
            cost, _, d_cost, _ = self.log_seconds.predict_gradient(X)
            value = value - self.cost_weight * cost
            gradient -= self.cost_weight * d_cost
        for limit in self.limits:
            mean, std, d_mean, d_std = limit.predictor.predict_gradient(X)
            inside, by_mean, by_std = log_below_slopes(mean, std, limit.bound)
            value = value + inside
            gradient += by_mean[:, None] * d_mean + by_std[:, None] * d_std
        return value, gradient

    def _gain(self, mean: Array, std: Array) -> tuple[Array, Array, Array]:
        if self.beta is None:
            return log_improvement_slopes(mean, std, self.best)
        return mean + self.beta * std, np.ones_like(mean), np.full_like(std, self.beta)
