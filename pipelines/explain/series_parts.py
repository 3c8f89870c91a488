"""What a series is made of: a trend, what repeats with the season, and the rest; and the calendar.

The trend is a centred moving mean over a season, what repeats is the mean distance from it by place
in the season (classical decomposition), and strengths are those of Wang, Smith & Hyndman 2006
("Characteristic-based clustering for time series data"): one less the variance of the rest over
that of the rest together with the part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.panel import Floats

MOST_STEPS = 2_000
FEWEST_SEASONS = 2
MOST_SERIES = 200
"""Series that calendar effects are measured on."""
FEWEST_SERIES_STEPS = 20
_WINDOW_WITHOUT_SEASON = 7
_ROUNDING = 1e-12
_DAY, _HOUR = pd.Timedelta(days=1), pd.Timedelta(hours=1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesParts:
    """A series taken apart.

    Attributes
    ----------
    name : str
        The series.
    trend : tuple of float
        The trend by step, oldest first.
    season : tuple of float
        What repeats, by place in the season; empty without one. The first place is that of the
        first step of the forecast.
    trend_strength, season_strength : float
        From 0 (none) to 1 (all there is).
    """

    name: str
    trend: tuple[float, ...]
    season: tuple[float, ...]
    trend_strength: float
    season_strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEffect:
    """How values differ by a part of the calendar, on average over series.

    Attributes
    ----------
    unit : str
        Such as ``day of the week``.
    labels : tuple of str
        Its values.
    effects : tuple of float or None
        Mean distance from the level around them, as a share of the mean size of the series' values.
        None where there is no value.
    n_series : int
        Number of series.
    """

    unit: str
    labels: tuple[str, ...]
    effects: tuple[float | None, ...]
    n_series: int


def series_parts(table: SeriesTable, row: int) -> SeriesParts | None:
    """Return a series of a table taken apart; None if it is shorter than two seasons."""
    values = table.panel.series(row)[-MOST_STEPS:]
    season = table.panel.season
    if len(values) < max(FEWEST_SEASONS * season, FEWEST_SERIES_STEPS):
        return None
    trend = _moving_mean(values, season if season > 1 else _WINDOW_WITHOUT_SEASON)
    left = values - trend
    cycle = np.zeros(0)
    repeated = np.zeros(len(values))
    if season > 1:
        # Places count from the step after the last one, so that the chart begins at the forecast.
        places = (np.arange(len(values)) - len(values)) % season
        cycle = np.array([left[places == place].mean() for place in range(season)])
        cycle -= cycle.mean()
        repeated = cycle[places]
    rest = left - repeated
    return SeriesParts(
        name=str(table.names[row]),
        trend=tuple(trend.tolist()),
        season=tuple(cycle.tolist()),
        trend_strength=_strength(rest, trend, values),
        season_strength=_strength(rest, repeated, values) if season > 1 else 0.0,
    )


def calendar_effects(table: SeriesTable) -> tuple[CalendarEffect, ...]:
    """Return how values differ by hour, day of the week and month, as far as the step tells.

    Empty for series whose times are numbers.
    """
    if table.frequency.unit == "whole" or not len(table.names):
        return ()
    chosen = range(0, len(table.names), -(-len(table.names) // MOST_SERIES))
    gathered: dict[str, list[Floats]] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for row in chosen:
        values = table.panel.series(row)[-MOST_STEPS:]
        size = float(np.abs(values).mean()) if len(values) else 0.0
        if len(values) < FEWEST_SERIES_STEPS or not size > 0:
            continue
        ends = int(table.panel.first[row] + table.panel.lengths[row])
        ordinals = np.arange(ends - len(values), ends)
        times = pd.DatetimeIndex(table.frequency.times(ordinals, table.clock))
        for unit, names, places, window in _units(times):
            if len(values) < FEWEST_SEASONS * window:
                continue
            away = (values - _moving_mean(values, window)) / size
            counts = np.bincount(places, minlength=len(names)).astype(float)
            sums = np.bincount(places, weights=away, minlength=len(names))
            means = np.divide(sums, counts, out=np.full(len(names), np.nan), where=counts > 0)
            gathered.setdefault(unit, []).append(means)
            labels[unit] = names
    return tuple(
        CalendarEffect(
            unit=unit,
            labels=labels[unit],
            effects=tuple(_mean(column) for column in np.array(found).T),
            n_series=len(found),
        )
        for unit, found in gathered.items()
    )


def _units(
    times: pd.DatetimeIndex,
) -> Sequence[tuple[str, tuple[str, ...], "np.ndarray", int]]:
    """Return the parts of the calendar that a step resolves: name, labels, places, window."""
    steps = np.diff(times.to_numpy())
    if not len(steps):
        return ()
    step = pd.Timedelta(np.median(steps))
    if step <= pd.Timedelta(0):
        return ()
    found: list[tuple[str, tuple[str, ...], np.ndarray, int]] = []
    if step <= _HOUR:
        hours = tuple(f"{hour:02d}" for hour in range(24))
        found.append(("hour of the day", hours, times.hour.to_numpy(), round(_DAY / step)))
    if step <= _DAY:
        window = max(1, round(7 * _DAY / step))
        found.append(("day of the week", _WEEKDAYS, times.day_of_week.to_numpy(), window))
    if _DAY <= step <= 31 * _DAY:
        window = max(1, round(365.25 * _DAY / step))
        found.append(("month", _MONTHS, times.month.to_numpy() - 1, window))
    elif 80 * _DAY < step < 100 * _DAY:
        names = ("1st", "2nd", "3rd", "4th")
        found.append(("quarter", names, times.quarter.to_numpy() - 1, 4))
    return found


def _moving_mean(values: Floats, window: int) -> Floats:
    """Return the centred mean over a window; with an even one, its ends count half.

    At the ends of a series, where the window does not fit, it is the nearest mean that does.
    """
    window = max(1, min(window, len(values)))
    weights = np.ones(window) / window
    if window % 2 == 0:
        weights = np.convolve(weights, [0.5, 0.5])
    if len(weights) > len(values):
        return np.full(len(values), values.mean())
    inner = np.convolve(values, weights, mode="valid")
    before = (len(values) - len(inner)) // 2
    return np.pad(inner, (before, len(values) - len(inner) - before), mode="edge")


def _strength(rest: Floats, part: Floats, values: Floats) -> float:
    whole = float((rest + part).var())
    # What is left of a series without such a part is rounding.
    if not whole > _ROUNDING * float(values.var()):
        return 0.0
    return max(0.0, 1.0 - float(rest.var()) / whole)


def _mean(column: Floats) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None
