"""Lay the rows of many series into a panel: places, gaps, seasons."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.frequency import Frequency
from espalier.pipelines.forecasting.input.season import seasons_of
from espalier.pipelines.forecasting.panel import Floats, Ints, Panel, fill_gaps

# A series of which fewer of the steps have a value is not one of this frequency.
_LEAST_FULL = 0.01


def build_panel(
    values: Floats,
    covariates: Floats,
    ordinals: Ints,
    groups: Ints,
    frequency: Frequency,
    names: "pd.Index[Any]",
    *,
    n_past: int = 0,
    aligned: bool = False,
) -> tuple[Panel, NDArray[np.int64], int]:
    """Return the panel with NaN in gaps, which series it has, and the number of gaps.

    The last ``n_past`` covariates have no future. With ``aligned`` all series reach to the newest
    value of any: those that end before have a gap there.
    """
    known = np.isfinite(values)
    n_series = len(names)
    first = np.full(n_series, np.iinfo(np.int64).max)
    last = np.full(n_series, np.iinfo(np.int64).min)
    end = last.copy()
    np.minimum.at(first, groups[known], ordinals[known])
    np.maximum.at(last, groups[known], ordinals[known])
    np.maximum.at(end, groups, ordinals)
    kept = np.flatnonzero(last >= first)
    if not len(kept):
        raise UserError("no series has a value; there is nothing to forecast from")
    lengths = last[kept] - first[kept] + 1
    counts = np.bincount(groups[known], minlength=n_series)[kept]
    sparse = counts < _LEAST_FULL * lengths
    if sparse.any():
        worst = names[kept[np.argmax(sparse)]]
        raise UserError(
            f"series {worst!r} has values at less than 1 % of its steps of {frequency.label}; give "
            "freq, the step from one time to the next"
        )
    if aligned:
        last[kept] = last[kept].max()
        lengths = last[kept] - first[kept] + 1
    rooms = np.maximum(end[kept], last[kept]) - first[kept] + 1
    limits = np.cumsum(rooms)
    starts = limits - rooms
    place_of = np.full(n_series, -1)
    place_of[kept] = np.arange(len(kept))
    row = place_of[groups]
    usable = (row >= 0) & (ordinals >= first[groups])
    at = starts[row[usable]] + ordinals[usable] - first[groups[usable]]
    flat = np.full(int(limits[-1]), np.nan)
    flat[at] = values[usable]
    known_covariates = np.full((len(flat), covariates.shape[1]), np.nan)
    known_covariates[at] = covariates[usable]
    gaps = int((lengths - counts).sum())
    panel = Panel(
        values=flat,
        observed=np.isfinite(flat),
        starts=starts,
        stops=starts + lengths,
        limits=limits,
        first=first[kept],
        covariates=known_covariates,
        n_past=n_past,
    )
    return panel, kept, gaps


def panel_seasons(panel: Panel, frequency: Frequency, season: int | None) -> tuple[int, ...]:
    """Return the seasons that the series show, and the one that the user names."""
    suggested: Sequence[int] = frequency.seasons()
    filled = replace(panel, values=panel.values.copy())
    fill_panel(filled)
    found = seasons_of(filled, tuple(suggested))
    if season is not None:
        if season < 1:
            raise UserError(f"the season must be at least 1, not {season}")
        found = tuple(sorted({*found, season} - {1}))
    return found


def fill_panel(panel: Panel) -> None:
    """Fill the gaps of every series in place."""
    gaps = ~panel.observed
    if not gaps.any():
        return
    counts = np.add.reduceat(gaps, panel.starts) if len(panel) else np.zeros(0)
    for row in np.flatnonzero(counts):
        begin, end = int(panel.starts[row]), int(panel.stops[row])
        fill_gaps(panel.values[begin:end], panel.season)
