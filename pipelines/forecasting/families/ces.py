"""Complex exponential smoothing over a grid, all series at once.

Svetunkov, Kourentzes, Ord (2022), *Complex exponential smoothing*: level l and a hidden part c,

    e  = y - l
    l' = l - (1 - a1) c + (a0 - a1) e
    c' = l + (1 - a0) c + (a0 + a1) e

which moves between level and trend without a choice of model. With a season it is the partial
model: e = y - l - d with d' = d + gamma e. First states come from running backwards through the
series.
"""

from dataclasses import dataclass

import numpy as np

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.families.grid_model import log_likelihood
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.seasonal import Pattern, seasonal_pattern

_A0 = (0.7, 0.9, 1.1, 1.3, 1.5, 1.7, 1.9)
_A1 = (0.9, 0.95, 0.98, 0.99, 1.0, 1.005, 1.01, 1.02, 1.05, 1.1)
_GAMMAS = (0.0, 0.1, 0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplexSmoothing:
    """Complex exponential smoothing over a grid (a `GridModel`).

    Attributes
    ----------
    season : str
        ``none``, ``added`` or ``multiplied``; a factor is always taken out before.
    moving : bool
        Whether an added pattern is smoothed too.
    recent : int or None
        Number of last seasons that the pattern is from; None for all.
    """

    season: str = "multiplied"
    moving: bool = False
    recent: int | None = None

    def _points(self) -> tuple[Floats, Floats, Floats]:
        gammas = _GAMMAS if self.moving else (0.0,)
        a0, a1, gamma = np.meshgrid(_A0, _A1, gammas, indexing="ij")
        return a0.ravel(), a1.ravel(), gamma.ravel()

    @property
    def n_points(self) -> int:
        """Number of points of the grid."""
        return len(_A0) * len(_A1) * (len(_GAMMAS) if self.moving else 1)

    def fit(self, block: Block) -> "tuple[Floats, _Fitted]":
        """Return the log likelihood of each point, (n, K), and what forecasts are made from."""
        a0, a1, gamma = self._points()
        kind = "added" if self.moving and self.season != "none" else self.season
        pattern = seasonal_pattern(block, kind, recent=self.recent)
        block = pattern.take_out(block)
        n, k = len(block), len(a0)
        m = block.season if self.moving else 1
        ends = np.nanmean(block.last(min(3, max(m, 1))), axis=1)
        states = [
            np.repeat(ends[:, None], k, axis=1),
            ends[:, None] / a0,
            np.zeros((m, n, k)),
        ]
        _run(block, block.reversed(), states, a0, a1, gamma)
        turn = (block.lengths[None, :] - 1 - np.arange(m)[:, None]) % m
        states[2] = np.take_along_axis(states[2], turn[:, :, None], axis=0)
        states[1] = states[0] / a0
        squares = _run(block, block.values, states, a0, a1, gamma)
        total = (block.values**2).sum(axis=1)
        n_parameters = np.where(gamma > 0, 4.0, 2.0)
        scores = log_likelihood(squares, block.lengths, n_parameters, total)
        return scores, _Fitted(block, (a0, a1), states, pattern)


def _run(
    block: Block, values: Floats, states: list[Floats], a0: Floats, a1: Floats, gamma: Floats
) -> Floats:
    """Run the recursion in place; return the sums of squared errors, shape (n, K)."""
    level, hidden, season = states
    squares = np.zeros_like(level)
    m = len(season)
    moving = bool(gamma.any())
    with np.errstate(all="ignore"):
        for t, n in enumerate(block.active):
            l_, c_ = level[:n], hidden[:n]
            error = values[:n, t, None] - l_
            if moving:
                error -= season[t % m, :n]
                season[t % m, :n] += gamma * error
            before = l_.copy()
            l_ += (a1 - 1.0) * c_ + (a0 - a1) * error
            c_ *= 1.0 - a0
            c_ += before + (a0 + a1) * error
            squares[:n] += error * error
    return squares


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A block with the states of all points."""

    block: Block
    points: tuple[Floats, Floats]
    states: list[Floats]
    pattern: Pattern

    def forecast(self, shares: Floats, horizon: int) -> Floats:
        """Return the forecasts weighted by ``shares`` (n, K): shape (n, H)."""
        a0, a1 = self.points
        used = shares > 1e-6
        level = np.where(used, self.states[0], 0.0)
        hidden = np.where(used, self.states[1], 0.0)
        season = self.states[2]
        m, rows = len(season), np.arange(len(self.block))
        made = np.empty((len(self.block), horizon))
        for h in range(horizon):
            added = np.where(used, season[(self.block.lengths + h) % m, rows], 0.0)
            made[:, h] = (shares * (level + added)).sum(axis=1)
            level, hidden = level + (a1 - 1.0) * hidden, level + (1.0 - a0) * hidden
        return self.pattern.put_in(made, self.block)
