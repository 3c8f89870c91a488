"""Expected hypervolume improvement where costs are known before a trial and only the score is not.

A model of costs c joins the front over (costs, score). With the costs known the expectation over
its score s is exact and needs no sampling (compare Daulton, Balandat and Bakshy, *Differentiable
expected hypervolume improvement*, 2020): what it adds is the integral of max(0, s - f(t)) over all
cost limits t that it meets, and f, the best score among models within t, is constant on the cells
between the costs of the front. So the acquisition is a sum of expected improvements over the
levels of f, each weighted by the volume of the limits where the level holds:

    EHVI(c) = sum_j volume{t >= c, t <= reference, f(t) = level_j} * E[max(0, s - level_j)]

Symbols: m points; k costs; L levels; b_i the breaks of cost i (the costs of the front, then the
reference); h as in `functions`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from espalier.pipelines.acquisition.functions import log_h
from espalier.pipelines.acquisition.objective import DifferentiablePredictor

Array = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
_MOST_COSTS = 3


def front_of(costs: Array, gains: Array) -> NDArray[np.int64]:
    """Return the places of the points that no other one beats, in order of their first cost.

    Parameters
    ----------
    costs : array, shape (n, k)
        The smaller the better.
    gains : array, shape (n,)
        The larger the better; of points equal in everything the first is kept.
    """
    order = np.lexsort((*costs.T[::-1], -gains))
    kept: list[int] = []
    for place in order:
        if not (costs[kept] <= costs[place]).all(axis=1).any():
            kept.append(int(place))
    return np.array(sorted(kept, key=lambda place: tuple(costs[place])), dtype=np.int64)


def hypervolume(costs: Array, gains: Array, *, worst_costs: Array, worst_gain: float) -> float:
    """Return the volume of (costs, gain) that points better at once than the reference have beaten.

    Parameters
    ----------
    costs : array, shape (n, k)
        The smaller the better.
    gains : array, shape (n,)
        The larger the better.
    worst_costs : array, shape (k,)
        Costs of the reference point.
    worst_gain : float
        Its gain.
    """
    levels = CostLevels.of(costs, gains, worst_costs=worst_costs, worst_gain=worst_gain)
    floor = np.minimum(levels.floor, worst_costs)
    return float((levels.volumes(floor[None, :])[0] * (levels.gains - worst_gain)).sum())


@dataclass(frozen=True, slots=True)
class CostLevels:
    """f: the best gain among points within a limit on every cost, as levels on a grid of cells.

    Attributes
    ----------
    breaks : tuple of arrays
        For each cost, ascending: where f may change, then the reference.
    level : array of int, shape (len(breaks_1), ..., len(breaks_k))
        Level of the cell that begins at these breaks, and of those below the first (place 0).
    gains : array, shape (L,)
        Gain of each level; the first is the reference's, where no point is within the limit.
    floor : array, shape (k,)
        The smallest costs of all points.
    """

    breaks: tuple[Array, ...]
    level: NDArray[np.int64]
    gains: Array
    floor: Array

    @classmethod
    def of(
        cls, costs: Array, gains: Array, *, worst_costs: Array, worst_gain: float
    ) -> "CostLevels":
        """Return the levels of these points; those beyond the reference do not count."""
        k = costs.shape[1]
        if not 1 <= k <= _MOST_COSTS:
            raise ValueError(f"one to {_MOST_COSTS} costs are possible, not {k}")
        inside = (costs < worst_costs).all(axis=1) & (gains > worst_gain)
        costs, gains = costs[inside], gains[inside]
        kept = front_of(costs, gains) if len(gains) else np.empty(0, dtype=np.int64)
        costs, gains = costs[kept], gains[kept]
        breaks = tuple(np.append(np.unique(costs[:, i]), worst_costs[i]) for i in range(k))
        # A cell before the first break, then one from each break to the next.
        best = np.full([len(each) for each in breaks], -1, dtype=np.int64)
        for place in np.argsort(gains, kind="stable"):  # the best last, so that it stays
            start = [
                int(np.searchsorted(each, cost)) + 1
                for each, cost in zip(breaks, costs[place], strict=True)
            ]
            best[tuple(slice(at, None) for at in start)] = place
        floor = costs.min(axis=0) if len(costs) else np.asarray(worst_costs, dtype=np.float64)
        return cls(breaks, best + 1, np.append(worst_gain, gains), floor)

    def volumes(self, costs: Array) -> Array:
        """Return the volume of limits at least these costs that has each level, shape (m, L).

        Parameters
        ----------
        costs : array, shape (m, k)
        """
        volume: Array | None = None
        for i, breaks in enumerate(self.breaks):
            # Of each cell, what is not below the cost; the first cell begins at minus infinity.
            low = np.maximum(np.append(-np.inf, breaks[:-1]), costs[:, i : i + 1])
            width = np.maximum(breaks - low, 0.0)
            volume = (
                width
                if volume is None
                else volume[..., None] * width[(slice(None), *([None] * i), slice(None))]
            )
        assert volume is not None
        flat = volume.reshape(len(costs), -1)
        share = np.zeros((flat.shape[1], len(self.gains)))
        share[np.arange(flat.shape[1]), self.level.reshape(-1)] = 1.0
        return np.asarray(flat @ share)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontObjective:
    """Log expected hypervolume improvement of encoded points; larger is better.

    Attributes
    ----------
    predictor : DifferentiablePredictor
        Predicts the gain.
    costs : callable (X) -> array of shape (m, k)
        Known costs of encoded points (m, d), on the scale in which volumes are measured.
    levels : CostLevels
        The front so far.
    best : float
        The best gain of all, for whoever asks what a proposal may gain in score alone.
    """

    predictor: DifferentiablePredictor
    costs: Callable[[Array], Array]
    levels: CostLevels
    best: float

    def with_predictor(self, predictor: DifferentiablePredictor) -> "FrontObjective":
        """Return the same objective with another predictor of the gain."""
        return replace(self, predictor=predictor)

    def value(self, X: Array) -> Array:
        """Return the values, shape (m,); -inf for costs beyond the reference."""
        mean, std = self.predictor.predict(X)
        return self._log_sum(mean, std, self.costs(X))[0]

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the values, shape (m,), and their gradients in X, (m, d), at fixed costs."""
        mean, std, d_mean, d_std = self.predictor.predict_gradient(X)
        value, by_mean, by_std = self._log_sum(mean, std, self.costs(X))
        return value, by_mean[:, None] * d_mean + by_std[:, None] * d_std

    def _log_sum(self, mean: Array, std: Array, costs: Array) -> tuple[Array, Array, Array]:
        """Return log EHVI and its slopes in mean and deviation, each of shape (m,).

        The terms are added as logarithms: where improvement is unlikely each of them underflows.
        """
        # Of what cannot be built the costs are infinite, and no limit is left to it.
        with np.errstate(divide="ignore"):
            log_weights = np.log(self.levels.volumes(costs))
        z = (mean[:, None] - self.levels.gains) / std[:, None]
        total = logsumexp(log_weights + log_h(z), axis=1) + np.log(std)
        # Ratios are taken between logarithms, so that they stay right where both underflow.
        held = log_weights - np.where(np.isfinite(total), total, 0.0)[:, None]
        by_mean = np.exp(held + log_ndtr(z)).sum(axis=1)
        by_std = np.exp(held - 0.5 * z**2 - _LOG_SQRT_2PI).sum(axis=1)
        return total, by_mean, by_std
