"""The newest values of a table of series, alone or before rows that follow them."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.input.times import read_times
from espalier.pipelines.forecasting.panel import Calendar, Panel


def newest(table: SeriesTable, most: int, rows: "NDArray[np.integer] | None" = None) -> SeriesTable:
    """Return a table of the last values of some series, and what is known of their future.

    Parameters
    ----------
    table : SeriesTable
        All values.
    most : int
        Largest number of steps of each series, gaps included.
    rows : array of int or None
        Positions of the series; None for all.
    """
    panel, names = table.panel, table.names
    if rows is not None:
        panel, names = panel.take(rows), names[rows]
    starts = np.maximum(panel.starts, panel.stops - most)
    rooms = panel.limits - starts
    limits = np.cumsum(rooms)
    moved = limits - rooms
    places = np.arange(int(rooms.sum())) + np.repeat(starts - moved, rooms)
    return replace(
        table,
        names=names,
        panel=replace(
            panel,
            values=panel.values[places],
            observed=panel.observed[places],
            covariates=panel.covariates[places],
            starts=moved,
            stops=panel.stops - starts + moved,
            limits=limits,
            first=panel.first + starts - panel.starts,
            calendar=_recent(panel, starts),
        ),
    )


def _recent(panel: Panel, starts: "NDArray[np.int64]") -> Calendar | None:
    """Return the calendar from the earliest of these starts on."""
    if panel.calendar is None or not len(panel):
        return panel.calendar
    return panel.calendar.since(int((panel.first + starts - panel.starts).min()))


def followed_by(
    table: SeriesTable, columns: SeriesColumns, rows: pd.DataFrame, *, most_missing: int
) -> pd.DataFrame:
    """Return rows with the values of ``table`` before them, where these lead up to them.

    Of a series that ``table`` has, values before the first of ``rows`` are added, unless more than
    ``most_missing`` steps lie between: then the rows are a history of their own, as they are of a
    series that ``table`` does not have. Of a hierarchy the series that are not among the rows are
    added as well.

    Parameters
    ----------
    table : SeriesTable
        Values that are known already.
    columns : SeriesColumns
        The columns of both.
    rows : DataFrame
        New rows, in any order, in the user's types.
    most_missing : int
        Largest number of steps without a value between the two.
    """
    if rows.empty:
        return rows
    times, time_type, _ = read_times(
        rows[columns.time].reset_index(drop=True), str(columns.time), like=table.time_type
    )
    if pd.api.types.is_datetime64_any_dtype(times.dtype) == (table.frequency.unit == "whole"):
        return rows  # another kind of times: reading the rows says so
    ordinals = table.frequency.ordinals(times)
    keys = np.zeros(len(rows)) if columns.series is None else rows[columns.series].to_numpy()
    begins = pd.Series(ordinals).groupby(keys).min()
    panel = table.panel
    ends = panel.first + panel.lengths
    own = [0] * len(panel) if columns.series is None else table.names
    first = begins.reindex(own).to_numpy(dtype=np.float64, na_value=np.nan)
    leads = np.isfinite(first) & (first - ends <= most_missing) & (first > panel.first)
    if not leads.any():
        return rows
    if table.hierarchy is not None:  # a sum is one of all its series, so the others are added too
        others = np.isnan(first) & table.hierarchy.is_bottom(table.names)
        first, leads = np.where(others, ends, first), leads | others
    chosen = np.flatnonzero(leads)
    kept = newest(table, int(panel.lengths.max()), chosen)
    shorter = np.minimum(kept.panel.stops, kept.panel.starts + _until(first[chosen], kept))
    before = replace(
        kept,
        time_type=time_type,
        panel=replace(kept.panel, stops=shorter, limits=shorter),
    ).frame(columns)
    # Rows come first, so that the series keep the order that they have there.
    return pd.concat([rows, before[[each for each in rows if each in before]]], ignore_index=True)


def _until(first: "NDArray[np.float64]", table: SeriesTable) -> "NDArray[np.int64]":
    """Return how many steps of each series lie before a step, shape (S,)."""
    return first.astype(np.int64) - table.panel.first
