"""A hierarchy of series: which add up to which, by the cells of the columns that name them.

The series of the last level are those of the table. Above them there is one for each value of the
levels before (of ``region,store``: one for each region), and their total.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.forecasting.panel import Floats, Ints, Panel

Cells = tuple[Any, ...]
TOTAL = "(total)"
# A sum counts as observed where no more than this share of it was filled in.
_FILLED = 0.1


def path_of(cells: Cells) -> str:
    """Return the name of a series by its cells, the widest level first: ``north/s1``."""
    return "/".join(str(each).replace("/", "//") for each in cells) if cells else TOTAL


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Hierarchy:
    """Which series add up to which.

    Attributes
    ----------
    levels : tuple of str
        The user's columns, the widest first.
    cells : dict of str to tuple
        Cells of each series by its name: as many as there are levels for one of the table, fewer
        for one that adds up all that begin with the same cells; none for the total.
    """

    levels: tuple[Any, ...]
    cells: dict[Any, Cells] = field(repr=False)

    @classmethod
    def over(cls, levels: tuple[Any, ...], bottom: Sequence[Cells]) -> "Hierarchy":
        """Return the hierarchy over series with these cells: sums first, the total at the top."""
        cells: dict[Any, Cells] = {TOTAL: ()}
        for depth in range(1, len(levels) + 1):
            for each in bottom:
                cells.setdefault(path_of(each[:depth]), each[:depth])
        return cls(levels=levels, cells=cells)

    def is_bottom(self, names: "Sequence[Any] | pd.Index[Any]") -> NDArray[np.bool_]:
        """Return which of these series are of the last level, shape (S,)."""
        return np.array([len(self.cells[name]) == len(self.levels) for name in names], dtype=bool)

    def sums(self, names: "Sequence[Any] | pd.Index[Any]") -> "Sums":
        """Return how the series of these names, sums among them, add up."""
        bottom = np.flatnonzero(self.is_bottom(names))
        place = {names[int(row)]: at for at, row in enumerate(bottom)}
        members: dict[Cells, list[int]] = {}
        for name, at in place.items():
            cells = self.cells[name]
            for depth in range(len(self.levels)):
                members.setdefault(cells[:depth], []).append(at)
        above = np.flatnonzero(~self.is_bottom(names))
        found = [
            np.array(members.get(self.cells[names[int(row)]], []), dtype=np.int64) for row in above
        ]
        return Sums(above=above, bottom=bottom, members=tuple(found))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """Which rows of a panel are sums of which.

    Attributes
    ----------
    above : array of int, shape (A,)
        Rows that are sums.
    bottom : array of int, shape (B,)
        Rows that are not.
    members : tuple of arrays of int, length A
        For each sum, places in ``bottom`` of what it adds up.
    """

    above: NDArray[np.int64]
    bottom: NDArray[np.int64]
    members: tuple[NDArray[np.int64], ...] = field(repr=False)

    def add_up(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of all rows, (A + B, ...), from those of the last level, (B, ...)."""
        made = np.empty((len(self.above) + len(self.bottom), *values.shape[1:]))
        made[self.bottom] = values
        for row, some in zip(self.above, self.members, strict=True):
            made[row] = values[some].sum(axis=0)
        return made


def added_up(panel: Panel, sums: Sums, *, codes: NDArray[np.bool_]) -> Panel:
    """Return the panel of all series of a hierarchy, sums among them.

    Parameters
    ----------
    panel : Panel
        The series of the last level, gaps filled, all of them up to the same step.
    sums : Sums
        Where the series and their sums stand in the answer.
    codes : array of bool, shape (C' + P,)
        Which covariates are categories: a sum has one only where all of its series have the same.

    Notes
    -----
    A sum begins with the first of its series; before its own beginning a series adds nothing. Its
    covariates are their means. Of what is static it has nothing.
    """
    n_nodes = len(sums.above) + len(sums.bottom)
    parts: list[tuple[Floats, Floats, Floats]] = [
        (np.zeros(0), np.zeros(0), np.zeros((0, 0)))
    ] * n_nodes
    first, lengths = np.zeros(n_nodes, np.int64), np.zeros(n_nodes, np.int64)
    for at, row in enumerate(sums.bottom):
        some = slice(int(panel.starts[at]), int(panel.limits[at]))
        seen = panel.observed[some].astype(np.float64)
        parts[row] = (panel.values[some], seen, panel.covariates[some])
        first[row], lengths[row] = panel.first[at], panel.lengths[at]
    for row, members in zip(sums.above, sums.members, strict=True):
        parts[row], first[row], lengths[row] = _sum(panel, members, codes)
    rooms = np.array([len(each[0]) for each in parts], dtype=np.int64)
    limits = np.cumsum(rooms)
    static = None
    if panel.static is not None:
        static = np.full((n_nodes, panel.static.shape[1]), np.nan)
        static[sums.bottom] = panel.static
    return replace(
        panel,
        values=np.concatenate([each[0] for each in parts]),
        observed=np.concatenate([each[1] for each in parts]) > 0,
        covariates=np.concatenate([each[2] for each in parts]),
        starts=limits - rooms,
        stops=limits - rooms + lengths,
        limits=limits,
        first=first,
        static=static,
    )


def _sum(
    panel: Panel, members: Ints, codes: NDArray[np.bool_]
) -> tuple[tuple[Floats, Floats, Floats], int, int]:
    """Return values, what was observed (0 or 1) and covariates; the first step; the length."""
    first = int(panel.first[members].min())
    length = int((panel.first + panel.lengths)[members].max()) - first
    room = int((panel.first + panel.limits - panel.starts)[members].max()) - first
    total, size, filled = np.zeros(room), np.zeros(room), np.zeros(room)
    seen = np.zeros(room, dtype=bool)
    n_covariates = panel.covariates.shape[1]
    added, counts = np.zeros((room, n_covariates)), np.zeros((room, n_covariates))
    low, high = np.full(added.shape, np.inf), np.full(added.shape, -np.inf)
    for at in members:
        begin, end = int(panel.starts[at]), int(panel.limits[at])
        place = slice(int(panel.first[at]) - first, int(panel.first[at]) - first + end - begin)
        values = np.where(np.arange(begin, end) < panel.stops[at], panel.values[begin:end], 0.0)
        total[place] += values
        seen[place] |= panel.observed[begin:end]
        size[place] += np.abs(values)
        filled[place] += np.where(panel.observed[begin:end], 0.0, np.abs(values))
        if n_covariates:
            cells = panel.covariates[begin:end]
            known = np.isfinite(cells)
            added[place] += np.where(known, cells, 0.0)
            counts[place] += known
            low[place] = np.fmin(low[place], cells)
            high[place] = np.fmax(high[place], cells)
    observed = (filled <= _FILLED * size) & seen & (np.arange(room) < length)
    mean = np.where(counts > 0, added / np.maximum(counts, 1), np.nan)
    covariates = np.where(codes & (low != high), np.nan, mean)
    return (total, observed.astype(np.float64), covariates), first, length
