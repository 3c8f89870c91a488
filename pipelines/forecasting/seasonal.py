"""Seasonal patterns of the series of a block: a test, the pattern, and taking it out.

The pattern is that of classical decomposition: the mean difference (or ratio) from a moving
average over one season. A series has a season if its autocorrelation at that lag is significant,
as in Fiorucci et al. (2016), *Models for optimising the theta method*.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.panel import Floats

Z90 = 1.645


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The seasonal pattern of each series.

    Attributes
    ----------
    values : array, shape (n, m)
        Entry j belongs to the steps j, j + m, j + 2m... of the block; 0 (added) or 1 (multiplied)
        where a series has no season.
    multiplied : array of bool, shape (n,)
        Whether the pattern is a factor.
    """

    values: Floats
    multiplied: NDArray[np.bool_]

    def at(self, steps: NDArray[np.integer]) -> Floats:
        """Return the pattern at steps of the block, which may differ by series: (n, k)."""
        places = np.broadcast_to(steps, (len(self.values), steps.shape[-1])) % self.values.shape[1]
        return np.take_along_axis(self.values, places, axis=1)

    def take_out(self, block: Block) -> Block:
        """Return the block without the pattern."""
        pattern = self.at(np.arange(block.values.shape[1])[None, :])
        factor = np.where(self.multiplied[:, None], pattern, 1.0)
        plain = np.where(self.multiplied[:, None], block.values / factor, block.values - pattern)
        return Block(
            rows=block.rows,
            values=np.where(block.mask, plain, 0.0),
            lengths=block.lengths,
            season=block.season,
        )

    def put_in(self, forecasts: Floats, block: Block) -> Floats:
        """Return forecasts of the plain series with the pattern in, shape (n, H)."""
        steps = block.lengths[:, None] + np.arange(forecasts.shape[1])
        pattern = self.at(steps)
        return np.where(self.multiplied[:, None], forecasts * pattern, forecasts + pattern)


def is_seasonal(block: Block, z: float = Z90) -> NDArray[np.bool_]:
    """Return which series have a significant autocorrelation at the lag of the season, (n,)."""
    m, lengths, mask = block.season, block.lengths, block.mask
    if m < 2:
        return np.zeros(len(block), dtype=bool)
    # A trend is autocorrelated at any lag, so its line is taken out.
    centred = np.where(mask, block.values - _line(block), 0.0)
    variance = np.maximum((centred**2).sum(axis=1), 1e-300)
    lags = min(m, block.values.shape[1] - 1)
    size = 1 << int(block.values.shape[1] + lags).bit_length()
    power = np.abs(np.fft.rfft(centred, size, axis=1)) ** 2
    correlations = np.fft.irfft(power, size, axis=1)[:, 1 : lags + 1] / variance[:, None]
    if lags < m:
        return np.zeros(len(block), dtype=bool)
    squares = (correlations[:, : m - 1] ** 2).sum(axis=1)
    at_season = correlations[:, m - 1]
    limit = z * np.sqrt((1.0 + 2.0 * squares) / lengths)
    return (lengths >= 2 * m + 1) & (at_season > limit)


def _line(block: Block) -> Floats:
    """Return the straight line through each series, shape (n, T)."""
    steps = np.arange(block.values.shape[1], dtype=np.float64)
    n = block.lengths.astype(np.float64)
    middle = (n - 1.0) / 2.0
    mean = block.values.sum(axis=1) / n
    spread = np.maximum(n * (n**2 - 1.0) / 12.0, 1e-300)
    away = np.where(block.mask, steps - middle[:, None], 0.0)
    slope = (away * block.values).sum(axis=1) / spread
    return mean[:, None] + slope[:, None] * (steps - middle[:, None])


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


def seasonal_pattern(
    block: Block, kind: str, *, tested: bool = True, recent: int | None = None
) -> Pattern:
    """Return the seasonal pattern of every series.

    Parameters
    ----------
    block : Block
        The series.
    kind : str
        ``multiplied``, which falls back to ``added`` for series that are not positive throughout;
        ``added``; or ``none``.
    tested : bool
        Whether series without a significant season get none.
    recent : int or None
        Number of last seasons that the pattern is from; None for all.
    """
    m, mask = block.season, block.mask
    n = len(block)
    multiplied = np.zeros(n, dtype=bool)
    if kind == "none" or m < 2 or block.values.shape[1] < 2 * m:
        return Pattern(np.zeros((n, max(m, 1))), multiplied)
    seasonal = is_seasonal(block) if tested else block.lengths >= 2 * m
    level = moving_mean(block)
    if kind == "multiplied":
        lowest = np.where(mask, block.values, np.inf).min(axis=1)
        highest = np.where(mask, block.values, -np.inf).max(axis=1)
        multiplied = seasonal & (lowest > 0.01 * highest)
    with np.errstate(all="ignore"):
        away = np.where(multiplied[:, None], block.values / level, block.values - level)
    if recent is not None:
        steps = np.arange(block.values.shape[1])
        away = np.where(steps >= (block.lengths - (recent + 1) * m)[:, None], away, np.nan)
    padded = -(-away.shape[1] // m) * m
    cycles = np.full((n, padded), np.nan)
    cycles[:, : away.shape[1]] = away
    cycles = cycles.reshape(n, -1, m)
    known = np.isfinite(cycles)
    counts = known.sum(axis=1)
    means = np.where(known, cycles, 0.0).sum(axis=1) / np.maximum(counts, 1)
    neutral = multiplied[:, None].astype(float)
    pattern = np.where(counts > 0, means, neutral)
    centre = pattern.mean(axis=1, keepdims=True)
    divisor = np.where(multiplied[:, None] & (centre > 0), centre, 1.0)
    pattern = np.where(multiplied[:, None], pattern / divisor, pattern - centre)
    # A factor near or below nothing would blow the plain series up.
    bad = multiplied & (pattern.min(axis=1) < 0.01)
    multiplied &= ~bad
    pattern = np.where((seasonal & ~bad)[:, None], pattern, multiplied[:, None].astype(float))
    return Pattern(pattern, multiplied)
