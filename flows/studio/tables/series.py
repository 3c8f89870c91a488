"""What a page says of a table of series before a forecast is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from espalier.flows.studio.tables.reading import SeenTable
from espalier.pipelines.data.parsing.readings import is_date, is_number
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request
from espalier.tasks.data.series.read_request import read_request_series

_SHOWN = 3
_MOST_VALUES = 400
_TIMES = (ColumnRole.DATETIME, ColumnRole.TIME)


@dataclass(frozen=True, slots=True)
class Guess:
    """Columns to begin the form with; empty where nothing suits.

    Attributes
    ----------
    time, target, series : str
        The columns.
    """

    time: str = ""
    target: str = ""
    series: str = ""


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series on the page.

    Attributes
    ----------
    name : str
        Its name; empty where there is but one.
    values : tuple of float or None
        Its newest values, oldest first; None for a step without one.
    """

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """The series of a table, as a page shows them.

    Attributes
    ----------
    n_series, n_values : int
        Number of series, and of values of all of them.
    frequency : str
        The step from one time to the next.
    season : int
        Steps after which the pattern repeats; 1 for none.
    shortest, longest : int
        Steps of the shortest and of the longest series.
    shown : tuple of ShownSeries
        The longest ones.
    findings : tuple of (str, str)
        ``stop``, ``warning`` or ``note``, and what was found.
    """

    n_series: int
    n_values: int
    frequency: str
    season: int
    shortest: int
    longest: int
    shown: tuple[ShownSeries, ...]
    findings: tuple[tuple[str, str], ...]

    @property
    def can_train(self) -> bool:
        """Whether nothing stands against a training."""
        return all(kind != "stop" for kind, _ in self.findings)


def guess_columns(seen: SeenTable) -> Guess:
    """Return which columns may be the times, the values and the names of series."""
    rows = seen.rows
    try:
        plans, _ = prepare(rows, target=None)
    except UserError:
        return Guess()
    roles = {plan.name: plan.role for plan in plans.plans}
    time = next(
        (name for name in rows.columns if is_date(rows[name].dtype) or roles.get(name) in _TIMES),
        "",
    )
    if not time:
        return Guess()
    numbers = [name for name in rows.columns if is_number(rows[name].dtype) and name != time]
    target = numbers[-1] if numbers else ""
    if rows[time].is_unique:
        return Guess(time, target)
    # The fewest values that tell rows of one time apart.
    others = [name for name in rows.columns if name not in (time, target)]
    ordered = sorted(others, key=lambda name: rows[name].astype(str).nunique())
    series = next((name for name in ordered if not rows.duplicated([name, time]).any()), "")
    return Guess(time, target, series)


def look_at_series(seen: SeenTable, request: TrainRequest) -> SeriesView:
    """Return what a page says of the series that a request describes.

    Raises
    ------
    UserError
        The columns hold no series.
    """
    rows = seen.rows
    table = read_request_series(request, rows)
    panel = table.panel
    stops = []
    try:
        check_request(request, rows)
    except UserError as error:
        stops.append(("stop", str(error)))
    return SeriesView(
        n_series=len(panel),
        n_values=int(panel.observed.sum()),
        frequency=table.frequency.label,
        season=panel.season,
        shortest=int(panel.lengths.min()),
        longest=int(panel.lengths.max()),
        shown=_some(table),
        findings=(*stops, *(("note", each) for each in table.notes)),
    )


def values_of(table: SeriesTable, place: int, most: int) -> tuple[float | None, ...]:
    """Return the newest values of a series, oldest first; None for a step without one."""
    panel = table.panel
    stop = int(panel.stops[place])
    start = max(int(panel.starts[place]), stop - most)
    values, seen = panel.values[start:stop], panel.observed[start:stop]
    return tuple(float(v) if there else None for v, there in zip(values, seen, strict=True))


def place_of(names: "Sequence[object] | pd.Index", wanted: str) -> int | None:
    """Return the place of a series by its name as text; None if there is none."""
    return next((at for at, name in enumerate(names) if str(name) == wanted), None)


def _some(table: SeriesTable) -> tuple[ShownSeries, ...]:
    longest = np.argsort(-table.panel.lengths, kind="stable")[:_SHOWN]
    return tuple(
        ShownSeries(str(table.names[int(at)]), values_of(table, int(at), _MOST_VALUES))
        for at in longest
    )
