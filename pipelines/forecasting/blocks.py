"""Blocks of series of about the same length, so that a family works on all of them at once.

Recursions run over the steps in Python and over series (and grid points) in NumPy. In a block the
series start in the same column and the longest come first: those that still have a value at step
t are the first ``active[t]`` rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.panel import Floats, Ints, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

# Cells (series x grid points) that a recursion handles at once: they should fit the cache.
CELLS = 48_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Block:
    """Some series of a panel, left-aligned and longest first.

    Attributes
    ----------
    rows : array of int, shape (n,)
        Positions in the panel.
    values : array, shape (n, T)
        Values; zeros after the end of a series.
    lengths : array of int, shape (n,)
        Number of values of each, descending, at least 1.
    season : int
        Steps of a season; 1 for none.
    """

    rows: Ints = field(repr=False)
    values: Floats = field(repr=False)
    lengths: Ints = field(repr=False)
    season: int

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def active(self) -> Ints:
        """Number of series that have a value at each step, shape (T,)."""
        steps = np.arange(self.values.shape[1])
        return np.searchsorted(-self.lengths, -steps, side="left")

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where there is a value, shape (n, T)."""
        return np.arange(self.values.shape[1]) < self.lengths[:, None]

    def reversed(self) -> Floats:
        """Return the values in reverse order, left-aligned again, shape (n, T)."""
        steps = self.lengths[:, None] - 1 - np.arange(self.values.shape[1])
        found = np.take_along_axis(self.values, np.maximum(steps, 0), axis=1)
        return np.where(steps >= 0, found, 0.0)

    def part(self, mask: NDArray[np.bool_]) -> "Block":
        """Return the block of the series where the mask, shape (n,), is true."""
        return Block(
            rows=self.rows[mask],
            values=self.values[mask],
            lengths=self.lengths[mask],
            season=self.season,
        )

    def last(self, n: int) -> Floats:
        """Return the last ``n`` values of each series, shape (n_series, n), NaN before a start."""
        steps = self.lengths[:, None] - n + np.arange(n)
        found = np.take_along_axis(self.values, np.maximum(steps, 0), axis=1)
        return np.where(steps >= 0, found, np.nan)


def blocks_of(
    panel: Panel, *, longest: int, per_series: int, season: int | None = None
) -> Iterator[Block]:
    """Yield the series of a panel in blocks; those without a value are left out.

    Parameters
    ----------
    panel : Panel
        The series.
    longest : int
        Number of last steps that are used of each.
    per_series : int
        Cells that the caller needs for each series.
    season : int or None
        The season of the blocks; None for the panel's.
    """
    lengths = np.minimum(panel.lengths, longest)
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    n = max(1, CELLS // max(per_series, 1))
    for at in range(0, len(order), n):
        rows = order[at : at + n]
        size = lengths[rows]
        steps = np.arange(size[0])
        there = steps < size[:, None]
        places = np.where(there, (panel.stops[rows] - size)[:, None] + steps, 0)
        yield Block(
            rows=rows,
            values=np.where(there, panel.values[places], 0.0),
            lengths=size,
            season=panel.season if season is None else season,
        )


def forecast_blocks(
    panel: Panel,
    horizon: int,
    forecast: Callable[[Block, int], Floats],
    *,
    longest: int,
    per_series: int,
    season: int | None = None,
    deadline: Deadline = NEVER,
) -> Floats:
    """Return the forecasts of all series, shape (S, H); zeros for those without a value.

    Parameters
    ----------
    panel, longest, per_series, season
        As for `blocks_of`.
    horizon : int
        Steps to forecast.
    forecast : callable (Block, int) -> array, shape (n, H)
        Forecasts the series of a block.
    deadline : Deadline
        When to give up.

    Raises
    ------
    TimeoutError
        The deadline passed.
    """
    made = np.zeros((len(panel), horizon))
    for block in blocks_of(panel, longest=longest, per_series=per_series, season=season):
        deadline.check()
        made[block.rows] = forecast(block, horizon)
    return made
