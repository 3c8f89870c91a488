"""The file of a forecast as its page shows it: one series at a time, after what came before."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from espalier.flows.studio.models.forecast_facts import ForecastFacts
from espalier.flows.studio.tables.series import place_of, values_of
from espalier.pipelines.errors import UserError
from espalier.pipelines.explain.forecast_explanation import SeriesStory
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.serving.series_forecaster import PREDICTION

_MOST_SERIES = 500
_LEAST_PAST, _HORIZONS_OF_PAST = 30, 4
_MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """The forecast of one series.

    Attributes
    ----------
    names : tuple of str
        The series of the file, at most 500; empty where there is but one.
    n_series : int
        How many there are.
    chosen : str
        The series that is shown.
    story : SeriesStory
        Its values and its forecast, for the chart.
    header : tuple of str
        The columns of ``rows``.
    rows : tuple of tuple of str
        The forecast, a row for each step.
    levels : (str, str) or None
        The lowest and the highest quantile; None without any.
    """

    names: tuple[str, ...]
    n_series: int
    chosen: str
    story: SeriesStory
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    levels: tuple[str, str] | None


def forecast_view(
    path: Path, facts: ForecastFacts, history: pd.DataFrame | None, wanted: str
) -> ForecastView:
    """Return the forecast of one series from the file that `espalier predict` wrote.

    Parameters
    ----------
    path : Path
        The file.
    facts : ForecastFacts
        What the model says of its columns.
    history : DataFrame or None
        The rows that were continued; None where they are gone.
    wanted : str
        The series to show; the first one where there is none of this name.

    Raises
    ------
    UserError
        The file cannot be read.
    """
    made = _read(path, facts)
    columns = facts.columns
    if columns.series is None:
        names: tuple[str, ...] = ()
        chosen, part = "", made
    else:
        named = made[columns.series].astype(str)
        names = tuple(named.unique())
        chosen = wanted if wanted in names else names[0]
        part = made[named == chosen]
    levels = [name for name in part.columns if _is_level(name)]
    bounds = (levels[0], levels[-1]) if len(levels) > 1 else None
    past = _past(history, facts, chosen)
    times = part[columns.time].astype(str).tolist()
    shown = [columns.time, PREDICTION, *levels]
    return ForecastView(
        names=names[:_MOST_SERIES],
        n_series=max(1, len(names)),
        chosen=chosen,
        story=SeriesStory(
            name=chosen,
            why="",
            first="",
            origin="",
            last=times[-1] if times else "",
            past=past,
            actual=(),
            made=_numbers(part[PREDICTION]),
            low=() if bounds is None else _numbers(part[bounds[0]]),
            high=() if bounds is None else _numbers(part[bounds[1]]),
        ),
        header=tuple(str(name) for name in shown),
        rows=tuple(
            tuple(_text(cell) for cell in row)
            for row in part[shown].itertuples(index=False, name=None)
        ),
        levels=bounds,
    )


def _read(path: Path, facts: ForecastFacts) -> pd.DataFrame:
    columns = facts.columns
    texts = [each for each in (columns.series, columns.time) if each is not None]
    try:
        made = pd.read_csv(path, dtype=dict.fromkeys(texts, str), nrows=_MOST_ROWS)
        made[[*texts, PREDICTION]]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the file of the forecast cannot be read: {error}") from None
    if made.empty:
        raise UserError("the file of the forecast has no rows")
    return made


def _past(
    history: pd.DataFrame | None, facts: ForecastFacts, name: str
) -> tuple[float | None, ...]:
    """Return the newest values before the forecast; none where they cannot be read."""
    table = None if history is None else _series(history, facts)
    if table is None:
        return ()
    place = 0 if facts.columns.series is None else place_of(table.names, name)
    most = max(_LEAST_PAST, _HORIZONS_OF_PAST * facts.horizon)
    return () if place is None else values_of(table, place, most)


def _series(history: pd.DataFrame, facts: ForecastFacts) -> SeriesTable | None:
    try:
        return read_series(history, facts.columns)
    except UserError:  # a row a series has no step; the forecast is drawn alone
        return None


def _is_level(name: Any) -> bool:
    try:
        return 0.0 < float(name) < 1.0
    except ValueError:
        return False


def _numbers(cells: "pd.Series[Any]") -> tuple[float | None, ...]:
    return tuple(None if pd.isna(cell) else float(cell) for cell in cells)


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return "" if pd.isna(cell) else f"{cell:.5g}"
    return str(cell)
