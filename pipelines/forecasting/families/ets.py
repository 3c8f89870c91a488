"""Exponential smoothing: a forecast is the mean over a grid of models, weighted by their fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.families.grid_model import log_likelihood
from espalier.pipelines.forecasting.families.smoothing import (
    SmoothingGrid,
    States,
    fit_states,
    mean_forecast,
    smoothing_grid,
)
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.seasonal import Pattern, seasonal_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialSmoothing:
    """Exponential smoothing over a grid (a `GridModel`).

    Attributes
    ----------
    trend : str
        A key of `smoothing.DAMPINGS`.
    season : str
        ``none``, ``added`` or ``multiplied``.
    moving : bool
        Whether the seasonal pattern is smoothed too; otherwise it is taken out before.
    relative : bool
        Whether errors count relative to the level, as they often grow with it.
    recent : int or None
        Number of last seasons that the pattern is from; None for all.
    """

    trend: str = "any"
    season: str = "multiplied"
    moving: bool = False
    relative: bool = False
    recent: int | None = None

    @property
    def n_points(self) -> int:
        """Number of points of the grid."""
        return len(smoothing_grid(self.trend, "added" if self.moving else "none"))

    def fit(self, block: Block) -> "tuple[Floats, _Fitted]":
        """Return the log likelihood of each point, (n, K), and what forecasts are made from."""
        pattern = seasonal_pattern(block, self.season, recent=self.recent)
        scores = np.empty((len(block), self.n_points))
        parts = []
        if not self.moving or self.season == "none" or block.season < 2:
            whole = np.ones(len(block), dtype=bool)
            plain = pattern.take_out(block)
            grid = smoothing_grid(self.trend, "added" if self.moving else "none")
            parts.append(self._part(plain, whole, grid, np.zeros((len(block), 1)), scores))
            return scores, _Fitted(block, tuple(parts), pattern)
        for kind, some in (("multiplied", pattern.multiplied), ("added", ~pattern.multiplied)):
            if some.any():
                grid = smoothing_grid(self.trend, kind)
                parts.append(self._part(block.part(some), some, grid, pattern.values[some], scores))
        return scores, _Fitted(block, tuple(parts), None)

    def _part(
        self,
        block: Block,
        some: NDArray[np.bool_],
        grid: SmoothingGrid,
        pattern: Floats,
        scores: Floats,
    ) -> "_Part":
        """Run the recursion over the series ``some`` and write their likelihoods to ``scores``."""
        weights = _weights(block) if self.relative else np.ones_like(block.values)
        states, squares = fit_states(block, weights, grid, pattern)
        total = ((block.values**2) * weights).sum(axis=1)
        scores[some] = log_likelihood(squares, block.lengths, grid.n_parameters, total)
        return _Part(some, block, grid, states)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Series of one kind, with the final states of all points."""

    some: NDArray[np.bool_]
    block: Block
    grid: SmoothingGrid
    states: States


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A block in its parts; the pattern that was taken out, if it was."""

    block: Block
    parts: tuple[_Part, ...]
    pattern: Pattern | None

    def forecast(self, shares: Floats, horizon: int) -> Floats:
        """Return the forecasts weighted by ``shares`` (n, K): shape (n, H)."""
        made = np.empty((len(self.block), horizon))
        for each in self.parts:
            made[each.some] = mean_forecast(
                each.block, each.grid, each.states, shares[each.some], horizon
            )
        return made if self.pattern is None else self.pattern.put_in(made, self.block)


def _weights(block: Block) -> Floats:
    """Return weights 1 / level^2 by a running mean of the absolute values, (n, T)."""
    size = np.abs(block.values)
    n, longest = size.shape
    width = max(3, block.season)
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(size, axis=1)], axis=1)
    steps = np.arange(longest)
    low, high = np.maximum(steps - width, 0), np.minimum(steps + width + 1, longest)
    counts = np.minimum(high, block.lengths[:, None]) - low
    level = (sums[:, high] - sums[:, low]) / np.maximum(counts, 1)
    mean = size.sum(axis=1, keepdims=True) / block.lengths[:, None]
    return 1.0 / np.maximum(level, 0.05 * mean + 1e-100) ** 2
