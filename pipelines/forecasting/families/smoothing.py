"""Exponential smoothing over a grid of parameters, all series at once.

Single-source-of-error form (Hyndman et al. 2008), with q = l + phi b:

    forecast   q + s                q s
    error      e = y - forecast
    level      l' = q + alpha e     q + alpha e / s
    trend      b' = phi b + beta e  phi b + beta e / s
    season     s' = s + gamma e     s + gamma e / q

The first states come from running the same recursion backwards through the series (Svetunkov 2023,
*Forecasting and Analytics with the Augmented Dynamic Adaptive Model*, backcasting), so they cost
no search. Points without trend have beta = 0 and start with no slope.

Symbols: n series of a block, K points of the grid, m the season.
"""

from dataclasses import dataclass, field

import numpy as np

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.panel import Floats

_ALPHAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
_BETA_SHARES = (0.0, 0.03, 0.1, 0.2, 0.4)
_GAMMA_SHARES = (0.0, 0.05, 0.15, 0.3, 0.6)
DAMPINGS = {
    "none": (),
    "damped": (0.8, 0.88, 0.94, 0.98),
    "linear": (1.0,),
    "any": (0.8, 0.88, 0.94, 0.98, 1.0),
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SmoothingGrid:
    """The points of a grid.

    Attributes
    ----------
    alpha, beta, gamma, phi : array, shape (K,)
        Smoothing parameters and damping; phi = 0 for points without trend.
    season : str
        ``none``, ``added`` or ``multiplied``.
    """

    alpha: Floats
    beta: Floats
    gamma: Floats
    phi: Floats
    season: str

    def __len__(self) -> int:
        return len(self.alpha)

    @property
    def n_parameters(self) -> Floats:
        """Free parameters of each point's model, shape (K,)."""
        trended = self.phi > 0
        damped = trended & (self.phi < 1)
        return 1.0 + 1.0 * trended + 1.0 * damped + 1.0 * (self.gamma > 0)


def smoothing_grid(trend: str, season: str) -> SmoothingGrid:
    """Return the grid: no trend, and the trends of `DAMPINGS` that ``trend`` names."""
    points = []
    gammas = (0.0,) if season == "none" else _GAMMA_SHARES
    alphas = _ALPHAS if season == "none" else _ALPHAS[::2]
    for alpha in alphas:
        for gamma in gammas:
            share = gamma * (1.0 - alpha)
            points.append((alpha, 0.0, share, 0.0))
            points += [
                (alpha, alpha * beta, share, phi)
                for phi in DAMPINGS[trend]
                for beta in _BETA_SHARES
            ]
    alpha, beta, gamma, phi = np.array(points).T
    return SmoothingGrid(alpha=alpha, beta=beta, gamma=gamma, phi=phi, season=season)


@dataclass(slots=True, eq=False)
class States:
    """States of all series and points: level and trend (n, K), season (m, n, K)."""

    level: Floats
    trend: Floats
    season: Floats = field(repr=False)


def run(
    block: Block, values: Floats, weights: Floats, grid: SmoothingGrid, states: States
) -> Floats:
    """Run the recursion in place; return the weighted sums of squared errors, shape (n, K).

    Parameters
    ----------
    block : Block
        Says which series are active at each step.
    values, weights : array, shape (n, T)
        Values, and the weight of each step's squared error.
    grid : SmoothingGrid
        The points.
    states : States
        The states before the first value; changed to those after the last.
    """
    squares = np.zeros_like(states.level)
    m = len(states.season)
    alpha, beta, gamma, phi = grid.alpha, grid.beta, grid.gamma, grid.phi
    with np.errstate(all="ignore"):
        for t, n in enumerate(block.active):
            level, trend = states.level[:n], states.trend[:n]
            trend *= phi
            level += trend  # now q
            error = values[:n, t, None] - level
            if grid.season == "added":
                season = states.season[t % m, :n]
                error -= season
                season += gamma * error
                step = error
            elif grid.season == "multiplied":
                season = states.season[t % m, :n]
                error = values[:n, t, None] - level * season
                step = error / season
                season += gamma * (error / level)
            else:
                step = error
            level += alpha * step
            trend += beta * step
            squares[:n] += weights[:n, t, None] * (error * error)
    return squares


def fit_states(
    block: Block, weights: Floats, grid: SmoothingGrid, pattern: Floats
) -> tuple[States, Floats]:
    """Return the states after the last value, and the sums of squared errors, shape (n, K).

    Parameters
    ----------
    block : Block
        The series.
    weights : array, shape (n, T)
        Weight of each step's squared error.
    grid : SmoothingGrid
        The points.
    pattern : array, shape (n, m)
        The seasonal pattern to start from; entry j belongs to the steps j, j + m...
    """
    n, k, m = len(block), len(grid), pattern.shape[1]
    backwards = block.reversed()
    if grid.season == "multiplied":
        plain = block.last(m) / _aligned(pattern, block, m)
    else:
        plain = block.last(m) - _aligned(pattern, block, m)
    ends = np.nanmean(plain[:, -min(3, m) :] if m > 1 else block.last(2)[:, -1:], axis=1)
    states = States(
        level=np.repeat(ends[:, None], k, axis=1),
        trend=np.zeros((n, k)),
        season=np.zeros((m, n, k)),
    )
    places = (block.lengths[:, None] - 1 - np.arange(m)) % m
    states.season[:] = np.take_along_axis(pattern, places, axis=1).T[:, :, None]
    run(block, backwards, np.zeros_like(backwards), grid, states)
    # Backwards, step T - 1 - j has been at phase j: turn the phases to those of the first steps.
    turn = (block.lengths[None, :] - 1 - np.arange(m)[:, None]) % m
    states.season = np.take_along_axis(states.season, turn[:, :, None], axis=0)
    states.trend *= -1.0
    states.trend[:, grid.phi == 0] = 0.0
    # Backwards the level is that of the first value; a forecast of it starts one step before.
    states.level -= states.trend
    with np.errstate(all="ignore"):
        states.trend /= np.where(grid.phi > 0, grid.phi, 1.0)
    squares = run(block, block.values, weights, grid, states)
    return states, squares


def _aligned(pattern: Floats, block: Block, n: int) -> Floats:
    """Return the pattern at the last ``n`` steps of each series, shape (n_series, n)."""
    steps = block.lengths[:, None] - n + np.arange(n)
    return np.take_along_axis(pattern, steps % pattern.shape[1], axis=1)


def mean_forecast(
    block: Block, grid: SmoothingGrid, states: States, shares: Floats, horizon: int
) -> Floats:
    """Return the mean forecast over the points, weighted by ``shares`` (n, K): shape (n, H)."""
    growth = np.cumsum(grid.phi[:, None] ** np.arange(1, horizon + 1), axis=1)  # (K, H)
    used = shares > 1e-6
    level = np.where(used, states.level, 0.0)
    trend = np.where(used, states.trend, 0.0)
    m = len(states.season)
    if grid.season == "multiplied":
        made = np.empty((len(block), horizon))
        for h in range(horizon):
            season = np.where(used, _season_at(states, block, h, m), 0.0)
            made[:, h] = (shares * season * (level + growth[:, h] * trend)).sum(axis=1)
        return made
    made = (shares * level).sum(axis=1)[:, None] + (shares * trend) @ growth
    if grid.season == "added":
        cycle = np.stack(
            [
                (shares * np.where(used, _season_at(states, block, h, m), 0.0)).sum(axis=1)
                for h in range(min(m, horizon))
            ],
            axis=1,
        )
        made += cycle[:, np.arange(horizon) % m]
    return np.asarray(made)


def _season_at(states: States, block: Block, h: int, m: int) -> Floats:
    """Return the seasonal states of step h after each series' end, shape (n, K)."""
    places = (block.lengths + h) % m
    return states.season[places, np.arange(len(block))]
