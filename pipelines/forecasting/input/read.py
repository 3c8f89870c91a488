"""Read a table of series into a panel.

In the long layout a row is one series at one time; `layout` brings others to it. Rows after a
series' last value are its future: they hold known covariates, and no value.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.forecasting.input.build_panel import build_panel, fill_panel, panel_seasons
from espalier.pipelines.forecasting.input.cells import read_covariates, read_values
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.frequency import given_frequency, infer_frequency
from espalier.pipelines.forecasting.input.hierarchy import Hierarchy, added_up
from espalier.pipelines.forecasting.input.holidays import find_holidays
from espalier.pipelines.forecasting.input.layout import as_long
from espalier.pipelines.forecasting.input.static import read_static
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.input.times import read_times
from espalier.pipelines.forecasting.panel import Floats, Ints, Panel

_FEW = 5


def read_series(
    table: pd.DataFrame,
    columns: SeriesColumns,
    *,
    freq: Any = None,
    season: int | None = None,
    like: SeriesTable | None = None,
    ahead: pd.DataFrame | None = None,
) -> SeriesTable:
    """Return the panel of a table of series.

    Parameters
    ----------
    table : DataFrame
        The rows, in any order and in the layout that ``columns`` says.
    columns : SeriesColumns
        Names of the columns.
    freq : str, int or None
        The step; None to infer it.
    season : int or None
        The main season; None to find it by frequency and values.
    like : SeriesTable or None
        The table that a model was fitted to: frequency, seasons and codes are taken from it.
    ahead : DataFrame or None
        Further rows with known covariates of the future, without values.

    Raises
    ------
    UserError
        Columns are missing, values are no numbers, a series has two values at one time, or the
        times do not fit the step.
    """
    rows = _checked(as_long(table, columns), columns)
    if ahead is not None:
        rows = _with_future(rows, as_long(ahead, columns), columns)
    times, time_type, notes = read_times(
        rows[columns.time], str(columns.time), like=None if like is None else like.time_type
    )
    if columns.series is None:
        codes_ = np.zeros(len(rows), dtype=np.int64)
        names: pd.Index[Any] = pd.Index([""])
    else:
        if rows[columns.series].isna().any():
            raise UserError(f"series column {columns.series!r} has empty cells; name every series")
        codes_, found_names = pd.factorize(rows[columns.series], sort=False)
        names = pd.Index(found_names)
    values = read_values(rows[columns.target], str(columns.target))
    order = np.lexsort((_sortable(times), codes_))
    times, values, groups = times.iloc[order].reset_index(drop=True), values[order], codes_[order]
    if like is not None:
        frequency = like.frequency
        times = _in_zone_of(times, like)
    elif freq is not None:
        frequency = given_frequency(freq, times)
    else:
        frequency = infer_frequency(times, groups)
    ordinals = frequency.ordinals(times)
    _refuse_twice(ordinals, groups, names, times, columns)
    categories = {} if like is None else dict(like.codes)
    rows = rows.iloc[order]
    panel, kept, gaps = build_panel(
        values,
        _covariates(rows, columns, categories, as_before=like is not None),
        ordinals,
        groups,
        frequency,
        names,
        n_past=len(columns.past_covariates),
        aligned=bool(columns.hierarchy),
    )
    if columns.static:
        static = read_static(
            rows[list(columns.static)], groups, names, categories, as_before=like is not None
        )
        panel = replace(panel, static=_as_known(static[kept], names[kept], like))
    if len(kept) < len(names):
        notes.append(f"{len(names) - len(kept)} series without any value were left out")
    if gaps:
        notes.append(f"{gaps} step(s) without a value were filled in for the models")
    names, hierarchy = names[kept], None
    if columns.hierarchy:
        late = int((~panel.observed[panel.stops - 1]).sum())
        if late:
            notes.append(f"{late} series end before the newest time; their last values go on")
        listed = len(names)
        panel, names, hierarchy = _with_sums(panel, rows, names, columns, categories)
        notes.append(f"{len(names) - listed} sums are forecast beside the {listed} series")
    found = panel_seasons(panel, frequency, season) if like is None else like.panel.seasons
    main = season or (found[0] if found else 1)
    if like is not None:
        main = like.panel.season
    if freq is None and like is None:
        notes.insert(0, f"the step of {columns.time!r} is {frequency.label}, the season {main}")
    panel = replace(panel, season=main, seasons=found)
    fill_panel(panel)
    clock = times.iloc[: 5 * _FEW]
    holidays = None
    if columns.holidays:
        first, last = int(panel.first.min()), int((panel.first + panel.lengths).max()) - 1
        holidays = find_holidays(
            columns.holidays, frequency, first, last, like=None if like is None else like.holidays
        )
        zone = clock.dt.tz if frequency.unit == "span" else None
        panel = replace(panel, calendar=holidays.calendar(frequency, first, last, zone))
    return SeriesTable(
        panel=panel,
        names=names,
        frequency=frequency,
        time_type=time_type,
        clock=clock,
        codes=categories,
        notes=tuple(notes),
        holidays=holidays,
        hierarchy=hierarchy,
    )


def _covariates(
    rows: pd.DataFrame,
    columns: SeriesColumns,
    categories: dict[Any, tuple[Any, ...]],
    *,
    as_before: bool,
) -> Floats:
    """Return known and past covariates as numbers, shape (n, C' + P)."""
    kinds = (("known", columns.known_covariates), ("past", columns.past_covariates))
    parts = [
        read_covariates(rows[list(names)], categories, as_before=as_before, what=what)
        for what, names in kinds
    ]
    return np.concatenate(parts, axis=1)


def _as_known(static: Floats, names: "pd.Index[Any]", like: SeriesTable | None) -> Floats:
    """Return static covariates, where they are missing those that the training knew."""
    if like is None or like.panel.static is None:
        return static
    places = like.names.get_indexer(names)
    before = np.where((places >= 0)[:, None], like.panel.static[places], np.nan)
    return np.where(np.isfinite(static), static, before)


def _with_sums(
    panel: Panel,
    rows: pd.DataFrame,
    names: "pd.Index[Any]",
    columns: SeriesColumns,
    categories: dict[Any, tuple[Any, ...]],
) -> "tuple[Panel, pd.Index[Any], Hierarchy]":
    """Return the panel with the sums of its series, all their names, and which add up to which."""
    levels = list(columns.hierarchy)
    first = rows.drop_duplicates(columns.series).set_index(columns.series).loc[names, levels]
    hierarchy = Hierarchy.over(columns.hierarchy, list(first.itertuples(index=False, name=None)))
    fill_panel(panel)
    every = pd.Index(list(hierarchy.cells))
    sums = hierarchy.sums(every)
    codes = np.array([name in categories for name in columns.covariates], dtype=bool)
    # `sums` wants the last level in the panel's order.
    order = names.get_indexer(every[sums.bottom])
    return added_up(panel.take(order), sums, codes=codes), every, hierarchy


def _checked(table: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    wanted = [columns.time, columns.target, *columns.covariates, *columns.static]
    if columns.series is not None:
        wanted += [columns.series, *columns.hierarchy]
    missing = tuple(str(each) for each in wanted if each not in table.columns)
    if missing:
        names = ", ".join(repr(name) for name in missing)
        there = ", ".join(repr(str(name)) for name in table.columns)
        raise UserError(f"the table lacks the column(s) {names}; it has {there}")
    if len(set(map(str, wanted))) < len(wanted):
        raise UserError("time, series, target and covariates must be different columns")
    if table.empty:
        raise UserError("the table has no rows; at least one value is needed")
    return table[wanted].reset_index(drop=True)


def _with_future(rows: pd.DataFrame, ahead: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    wanted = [columns.time, *columns.known_covariates]
    if columns.series is not None:
        wanted += [columns.series, *columns.hierarchy]
    missing = tuple(str(each) for each in wanted if each not in ahead.columns)
    if missing:
        raise MissingColumnsError(missing, "the table of known covariates")
    more = ahead[wanted].copy()
    if columns.series is not None:
        more = more[more[columns.series].isin(rows[columns.series].unique())]
    for name in rows.columns.difference(more.columns, sort=False):
        more[name] = np.nan
    keys = [columns.time] if columns.series is None else [columns.series, columns.time]
    both = pd.concat([rows, more[rows.columns]], ignore_index=True)
    # Rows of known covariates may repeat the history.
    return both.drop_duplicates(keys, keep="first").reset_index(drop=True)


def _sortable(times: "pd.Series[Any]") -> Ints:
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        plain = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz else times
        return plain.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    return times.to_numpy(dtype=np.int64)


def _in_zone_of(times: "pd.Series[Any]", like: SeriesTable) -> "pd.Series[Any]":
    """Return the times on the clock of the table that a model was fitted to.

    A day that is counted by another clock would be another day.
    """
    stamps = pd.api.types.is_datetime64_any_dtype(times.dtype)
    if stamps == (like.frequency.unit == "whole"):
        raise UserError(
            "the times are of another kind than those that the model was fitted to; write them as "
            "in the table that it was trained on"
        )
    zone = like.clock.dt.tz if stamps else None
    return times if zone is None or times.dt.tz is None else times.dt.tz_convert(zone)


def _refuse_twice(
    ordinals: Ints,
    groups: Ints,
    names: "pd.Index[Any]",
    times: "pd.Series[Any]",
    columns: SeriesColumns,
) -> None:
    twice = (np.diff(ordinals) == 0) & (np.diff(groups) == 0)
    if not twice.any():
        return
    at = int(np.argmax(twice)) + 1
    where = "" if columns.series is None else f" of series {names[groups[at]]!r}"
    if times.iloc[at] == times.iloc[at - 1]:
        raise UserError(
            f"{int(twice.sum())} time(s) appear twice, such as {times.iloc[at]}{where}; name the "
            "column that tells the series apart, or add the rows up"
        )
    raise UserError(
        f"{int(twice.sum())} pair(s) of times fall into one step, such as {times.iloc[at - 1]} and "
        f"{times.iloc[at]}{where}; give freq, or add the rows up"
    )
