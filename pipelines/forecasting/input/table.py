"""A panel with the names and times of its series, and its rows under the user's names and types."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.forecasting.input.cells import category_cells
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.frequency import Frequency
from espalier.pipelines.forecasting.input.hierarchy import Cells, Hierarchy
from espalier.pipelines.forecasting.input.holidays import Holidays
from espalier.pipelines.forecasting.input.static import static_cells
from espalier.pipelines.forecasting.input.times import TimeType
from espalier.pipelines.forecasting.panel import Panel


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
    holidays : Holidays or None
        Where they are covariates, the public holidays.
    hierarchy : Hierarchy or None
        Which series add up to which; None where none do.
    """

    panel: Panel
    names: "pd.Index[Any]"
    frequency: Frequency
    time_type: TimeType
    clock: "pd.Series[Any]" = field(repr=False)
    codes: dict[Any, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    holidays: Holidays | None = field(default=None, repr=False)
    hierarchy: Hierarchy | None = field(default=None, repr=False)

    def take(self, rows: NDArray[np.integer]) -> "SeriesTable":
        """Return the table of the series at these positions."""
        return replace(self, panel=self.panel.take(rows), names=self.names[rows])

    @property
    def listed(self) -> "SeriesTable":
        """The series that the user's table lists: of a hierarchy those of the last level."""
        if self.hierarchy is None:
            return self
        return self.take(np.flatnonzero(self.hierarchy.is_bottom(self.names)))

    def future(self, horizon: int, columns: SeriesColumns) -> pd.DataFrame:
        """Return the series and times of the next steps, series by series, S x H rows.

        Of a hierarchy, the cells of the levels below a series are empty.
        """
        last = self.panel.first + self.panel.lengths
        ordinals = (last[:, None] + np.arange(horizon)).ravel()
        times = self.time_type.back(self.frequency.times(ordinals, self.clock))
        times.index = pd.RangeIndex(len(times))
        frame = self.keys(columns, np.repeat(np.arange(len(self.panel)), horizon))
        frame[columns.time] = times
        return frame

    def frame(self, columns: SeriesColumns) -> pd.DataFrame:
        """Return the history as a long table again, without its gaps.

        Of a hierarchy these are the series of the last level, which the others follow from.
        """
        table = self.listed
        panel = table.panel
        rooms = panel.limits - panel.starts
        rows = np.repeat(np.arange(len(panel)), rooms)
        places = np.arange(len(rows)) + np.repeat(
            panel.starts - np.cumsum(np.append(0, rooms[:-1])), rooms
        )
        steps = places - panel.starts[rows]
        known = panel.observed[places] & (places < panel.stops[rows])
        future = places >= panel.stops[rows]
        kept = known | future
        rows, steps, places = rows[kept], steps[kept], places[kept]
        times = table.frequency.times(panel.first[rows] + steps, table.clock)
        values = np.where(future[kept], np.nan, panel.values[places])
        frame = pd.DataFrame({columns.time: table.time_type.back(times), columns.target: values})
        if columns.series is not None:
            frame[columns.series] = table.names[rows]
        if table.hierarchy is not None:
            keys = table.keys(columns, rows)
            frame[list(keys.columns)] = keys
        for place, name in enumerate(columns.covariates):
            cells = panel.covariates[places, place]
            if name in table.codes:
                cells = category_cells(cells, table.codes[name])
            frame[name] = cells
        if panel.static is not None:
            by_series = static_cells(panel.static, columns.static, table.codes)
            for name in columns.static:
                frame[name] = by_series[name].to_numpy()[rows]
        return frame

    def keys(self, columns: SeriesColumns, rows: NDArray[np.integer]) -> pd.DataFrame:
        """Return the user's columns that name the series of these rows; none of a single one."""
        if columns.series is None:
            return pd.DataFrame(index=pd.RangeIndex(len(rows)))
        if self.hierarchy is None:
            return pd.DataFrame({columns.series: self.names[rows]})
        cells = [self.hierarchy.cells[name] for name in self.names]
        found = {}
        for place, level in enumerate(columns.hierarchy):
            found[level] = _column(cells, place)[rows]
        return pd.DataFrame(found)


def _column(cells: "list[Cells]", place: int) -> "NDArray[Any]":
    """Return the cells of one level, None where a series is above it."""
    column = np.empty(len(cells), dtype=object)
    column[:] = [each[place] if place < len(each) else None for each in cells]
    whole = all(place < len(each) for each in cells)
    return pd.Series(column).infer_objects().to_numpy() if whole else column
