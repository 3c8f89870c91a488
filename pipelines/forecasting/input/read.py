"""Read a long table of series into a panel, and write forecasts under the user's names and types.

A row is one series at one time. Rows after a series' last value are its future: they hold known
covariates, and no value.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import MissingColumnsError, UserError
from espalier.pipelines.forecasting.input.build_panel import build_panel, fill_panel, panel_seasons
from espalier.pipelines.forecasting.input.cells import read_covariates, read_values
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.frequency import (
    Frequency,
    given_frequency,
    infer_frequency,
)
from espalier.pipelines.forecasting.input.times import TimeType, read_times
from espalier.pipelines.forecasting.panel import Ints, Panel

_FEW = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeriesTable:
    """A panel with the names and times of its series.

    Attributes
    ----------
    panel : Panel
        The values.
    names : Index
        Name of each series; empty names where there is but one.
    frequency : Frequency
        The step.
    time_type : TimeType
        What the time column was.
    clock : Series
        Some of the times, whose day and clock further ones keep.
    codes : dict of str to tuple
        Categories of covariates that are no numbers, in the order of their codes.
    notes : tuple of str
        What the user should know.
    """

    panel: Panel
    names: "pd.Index[Any]"
    frequency: Frequency
    time_type: TimeType
    clock: "pd.Series[Any]" = field(repr=False)
    codes: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def future(self, horizon: int, columns: SeriesColumns) -> pd.DataFrame:
        """Return the series and times of the next steps, series by series, S x H rows."""
        last = self.panel.first + self.panel.lengths
        ordinals = (last[:, None] + np.arange(horizon)).ravel()
        times = self.time_type.back(self.frequency.times(ordinals, self.clock))
        times.index = pd.RangeIndex(len(times))
        if columns.series is None:
            return pd.DataFrame({columns.time: times})
        names = self.names.repeat(horizon)
        frame = pd.DataFrame({columns.series: names, columns.time: times.to_numpy()})
        frame[columns.time] = times
        return frame

    def frame(self, columns: SeriesColumns) -> pd.DataFrame:
        """Return the history as a long table again, without its gaps."""
        panel = self.panel
        rows = np.repeat(np.arange(len(panel)), panel.limits - panel.starts)
        places = np.arange(len(rows)) + np.repeat(
            panel.starts - np.cumsum(np.append(0, (panel.limits - panel.starts)[:-1])),
            panel.limits - panel.starts,
        )
        steps = places - panel.starts[rows]
        known = panel.observed[places] & (places < panel.stops[rows])
        future = places >= panel.stops[rows]
        kept = known | future
        rows, steps, places = rows[kept], steps[kept], places[kept]
        times = self.frequency.times(panel.first[rows] + steps, self.clock)
        values = np.where(future[kept], np.nan, panel.values[places])
        frame = pd.DataFrame({columns.time: self.time_type.back(times), columns.target: values})
        if columns.series is not None:
            frame[columns.series] = self.names[rows]
        for place, name in enumerate(columns.known_covariates):
            cells = panel.covariates[places, place]
            if name in self.codes:
                texts = np.array([*self.codes[name], None], dtype=object)
                codes = np.where(np.isfinite(cells), np.nan_to_num(cells), -1).astype(int)
                frame[name] = texts[codes]
            else:
                frame[name] = cells
        return frame


def read_series(
    table: pd.DataFrame,
    columns: SeriesColumns,
    *,
    freq: Any = None,
    season: int | None = None,
    like: SeriesTable | None = None,
    ahead: pd.DataFrame | None = None,
) -> SeriesTable:
    """Return the panel of a long table.

    Parameters
    ----------
    table : DataFrame
        The rows, in any order.
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
    rows = _checked(table, columns)
    if ahead is not None:
        rows = _with_future(rows, ahead, columns)
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
    known = rows.iloc[order][list(columns.known_covariates)]
    covariates = read_covariates(known, categories, as_before=like is not None)
    panel, kept, gaps = build_panel(values, covariates, ordinals, groups, frequency, names)
    if len(kept) < len(names):
        notes.append(f"{len(names) - len(kept)} series without any value were left out")
    if gaps:
        notes.append(f"{gaps} step(s) without a value were filled in for the models")
    found = panel_seasons(panel, frequency, season) if like is None else like.panel.seasons
    main = season or (found[0] if found else 1)
    if like is not None:
        main = like.panel.season
    if freq is None and like is None:
        notes.insert(0, f"the step of {columns.time!r} is {frequency.label}, the season {main}")
    panel = replace(panel, season=main, seasons=found)
    fill_panel(panel)
    return SeriesTable(
        panel=panel,
        names=names[kept],
        frequency=frequency,
        time_type=time_type,
        clock=times.iloc[: 5 * _FEW],
        codes=categories,
        notes=tuple(notes),
    )


def _checked(table: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        raise UserError(f"series must be given as a DataFrame, not as {type(table).__name__}")
    wanted = [columns.time, columns.target, *columns.known_covariates]
    if columns.series is not None:
        wanted.append(columns.series)
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
        wanted.append(columns.series)
    missing = tuple(str(each) for each in wanted if each not in ahead.columns)
    if missing:
        raise MissingColumnsError(missing, "the table of known covariates")
    more = ahead[wanted].copy()
    if columns.series is not None:
        more = more[more[columns.series].isin(rows[columns.series].unique())]
    more[columns.target] = np.nan
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
        raise UserError("the times are of another kind than those that the model was fitted to")
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
