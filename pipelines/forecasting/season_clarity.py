"""How clearly series show a season: a test that random walks pass as rarely as noise.

The correlation of a series with itself one season earlier is no such test: that of a random walk is
near 1 at every lag. So the moving mean over one season is taken out first. What is left of a walk
is made of its steps within half a season on either side, and values one season apart have none of
them in common: their correlation is 0, as it is for noise and for a trend. A season is left whole.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.panel import Floats

Z90 = 1.645
# A spread of no more than this share of the largest value is rounding.
_ROUNDING = 1e-9


def is_seasonal(block: Block, z: float = Z90) -> NDArray[np.bool_]:
    """Return which series show the season of the block, (n,)."""
    return np.asarray(season_clarity(block) > z)


def season_clarity(block: Block) -> Floats:
    """Return how clearly each series shows the season of its block, shape (n,).

    That is the correlation at the lag of the season, once the moving mean is taken out, by its
    standard error: about standard normal for series without a season, minus infinity for those of
    less than two seasons.

    Notes
    -----
    The error is that of Bartlett's formula, (1 + 2 * sum of squared correlations at shorter lags)
    / number of pairs. The sum counts as much as a random walk's at most, as a season that is there
    has squared correlations too: with them, no short series would be seasonal. The price is that
    walks whose steps are walks themselves, which are smoother, pass up to twice as often.
    """
    m = block.season
    half = m // 2
    n_left = block.lengths - 2 * half
    long_enough = (block.lengths >= 2 * m + 1) & (n_left > m)
    if m < 2 or not long_enough.any():
        return np.full(len(block), -np.inf)
    left = _without_level(block)
    variance = (left**2).sum(axis=1)
    size = 1 << int(left.shape[1] + m).bit_length()
    power = np.abs(np.fft.rfft(left, size, axis=1)) ** 2
    products = np.fft.irfft(power, size, axis=1)[:, 1 : m + 1]
    correlations = products / np.where(variance > 0, variance, np.inf)[:, None]
    squares = np.minimum((correlations[:, :-1] ** 2).sum(axis=1), _squares_of_walk(m))
    pairs = np.maximum(n_left - m, 1)
    clarity = correlations[:, -1] * n_left / np.sqrt((1.0 + 2.0 * squares) * pairs)
    return np.where(long_enough, clarity, -np.inf)


def _without_level(block: Block) -> Floats:
    """Return the values less their moving mean in units of their moving spread, mean 0, (n, T).

    0 where there is no moving mean. Spread and mean are those of the same one season: neither
    growth nor restless times, of which a few values would say everything, count for more.
    """
    away = block.values - moving_mean(block)
    known = np.isfinite(away)
    away = np.where(known, away, 0.0)
    counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
    away = np.where(known, away - away.sum(axis=1, keepdims=True) / counts, 0.0)
    n, longest = away.shape
    half, steps = block.season // 2, np.arange(longest)
    low, high = np.maximum(steps - half, 0), np.minimum(steps + half + 1, longest)
    squares = np.concatenate([np.zeros((n, 1)), np.cumsum(away**2, axis=1)], axis=1)
    near = np.concatenate([np.zeros((n, 1)), np.cumsum(known, axis=1)], axis=1)
    spread = np.sqrt(
        np.maximum(squares[:, high] - squares[:, low], 0.0)
        / np.maximum(near[:, high] - near[:, low], 1)
    )
    rounding = _ROUNDING * np.where(block.mask, np.abs(block.values), 0.0).max(axis=1)[:, None]
    return np.where(spread > rounding, away / np.where(spread > 0, spread, 1.0), 0.0)


def _squares_of_walk(m: int) -> float:
    """Return the sum of squared correlations, at lags below m, of a walk less its moving mean."""
    weights = np.full(m + 1 - m % 2, 1.0 / m)
    if m % 2 == 0:  # the ends of an even season have half weight
        weights[[0, -1]] *= 0.5
    own = -weights
    own[m // 2] += 1.0
    # A value of a walk is the sum of all steps up to it.
    of_steps = np.cumsum(own[::-1])[:-1]
    power = np.abs(np.fft.rfft(of_steps, 4 * m)) ** 2
    products = np.fft.irfft(power, 4 * m)[:m]
    return float(((products[1:] / products[0]) ** 2).sum())


def moving_mean(block: Block) -> Floats:
    """Return the centred mean over one season, its two ends at half weight, (n, T).

    NaN in the first and last half season of a series.
    """
    m = block.season
    n, longest = block.values.shape
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(block.values, axis=1)], axis=1)
    half = m // 2
    steps = np.arange(longest)
    there = (steps >= half) & (steps + half < block.lengths[:, None])
    low, high = np.clip(steps - half, 0, longest), np.clip(steps + half, 0, longest)
    inner = sums[:, high] - sums[:, np.minimum(low + 1, longest)]
    ends = block.values[:, np.minimum(low, longest - 1)]
    ends = ends + block.values[:, np.minimum(high, longest - 1)]
    if m % 2:  # an odd season has whole ends
        return np.where(there, (inner + ends) / m, np.nan)
    return np.where(there, (inner + 0.5 * ends) / m, np.nan)
