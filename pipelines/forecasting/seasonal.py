"""Seasonal patterns of the series of a block: the pattern, and taking it out.

The pattern is that of classical decomposition: the mean difference (or ratio) from a moving
average over one season.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.season_clarity import is_seasonal, moving_mean


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
