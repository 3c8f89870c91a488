"""Explain a forecast: where in the horizon and for which series it errs, and how it looks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from espalier.pipelines.explain.backtest import (
    Backtest,
    BlockScore,
    SeriesScore,
    StepScore,
    block_scores,
    origin_scores,
    shown_time,
    some_rows,
    step_scores,
)
from espalier.pipelines.explain.series_parts import (
    CalendarEffect,
    SeriesParts,
    calendar_effects,
    series_parts,
)
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.scores import ScoredForecast

WORST_SERIES = 10
STORIES = 4
# Steps of the past that are shown before a forecast, in horizons, and at least so many.
_PAST_HORIZONS, _FEWEST_PAST = 3, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStory:
    """One series before and in the held-out block, as a chart shows it.

    Attributes
    ----------
    name, why : str
        The series, and why it is shown.
    first, origin, last : str
        The times of the first step, of the last one before the forecast, and of the last one.
    past : tuple of float or None
        Values before the forecast, oldest first.
    actual, made, low, high : tuple of float or None
        What came, the forecast, and the lowest and highest quantile, by step.
    """

    name: str
    why: str
    first: str
    origin: str
    last: str
    past: tuple[float | None, ...]
    actual: tuple[float | None, ...]
    made: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastExplanation:
    """Where a forecast errs.

    Attributes
    ----------
    steps : tuple of StepScore
        The score by step.
    blocks : tuple of BlockScore
        The score by block of time, the oldest first.
    worst : tuple of SeriesScore
        The series with the largest errors, the worst first.
    series : tuple of SeriesScore
        Some hundred series at most, from the best to the worst.
    stories : tuple of SeriesStory
        A few series with their forecasts.
    n_series : int
        Number of series with a value in the held-out block.
    n_beaten : int
        How many of those the seasonal naive forecast does better.
    nominal, covered : float or None
        Share of the values that should be, and that are, within the outer quantiles.
    losses : tuple of (combiner, loss)
        The ways to combine that were compared, and their scaled errors, the best first.
    parts : tuple of SeriesParts
        The series of ``stories`` taken apart.
    calendar : tuple of CalendarEffect
        How values differ by hour, day of the week and month.
    """

    steps: tuple[StepScore, ...] = ()
    blocks: tuple[BlockScore, ...] = ()
    worst: tuple[SeriesScore, ...] = ()
    series: tuple[SeriesScore, ...] = ()
    stories: tuple[SeriesStory, ...] = ()
    n_series: int = 0
    n_beaten: int = 0
    nominal: float | None = None
    covered: float | None = None
    losses: tuple[tuple[str, float], ...] = ()
    parts: tuple[SeriesParts, ...] = ()
    calendar: tuple[CalendarEffect, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self)

    @property
    def worse_from(self) -> int | None:
        """The first of the last steps at which the seasonal naive forecast is as good; or None."""
        first = None
        for each in reversed(self.steps):
            if each.held_out is None or each.naive is None or each.held_out < each.naive:
                break
            first = each.step
        return first


def explain_forecast(
    scored: ScoredForecast,
    naive: ScoredForecast,
    backtest: Backtest,
    *,
    scores: Sequence[float] = (),
    losses: Sequence[tuple[str, float]] = (),
) -> ForecastExplanation:
    """Explain a forecast by the held-out block and the origins of the search.

    Parameters
    ----------
    scored, naive : ScoredForecast
        The forecast and the seasonal naive one on the held-out block.
    backtest : Backtest
        What was known before that block, and what the search forecast there.
    scores : sequence of float
        The metric at each origin of the back-test, where the search knows it.
    losses : sequence of (combiner, loss)
        The ways to combine that were compared.
    """
    table = backtest.table
    own, simple = np.array(scored.by_series), np.array(naive.by_series)
    known = np.isfinite(own)
    order = [int(row) for row in np.argsort(-np.where(known, own, -np.inf)) if known[row]]
    counts = np.isfinite(scored.actual).sum(axis=1)
    band = scored.band
    telling = _telling(order, scored)
    taken_apart = [series_parts(table, row) for row, _ in telling]

    def series_score(row: int, origins: float | None = None) -> SeriesScore:
        return SeriesScore(
            name=str(table.names[row]),
            score=_plain(own[row]),
            naive=_plain(simple[row]),
            n_values=int(counts[row]),
            origins=origins,
        )

    worst, ranked = order[:WORST_SERIES], order[::-1]
    return ForecastExplanation(
        steps=step_scores(scored, naive, backtest),
        blocks=block_scores(scored, naive, backtest, scores),
        worst=tuple(map(series_score, worst, origin_scores(backtest, worst))),
        series=tuple(series_score(ranked[place]) for place in some_rows(len(ranked))),
        stories=tuple(_story(scored, table, row, why) for row, why in telling),
        n_series=int(known.sum()),
        n_beaten=int((known & (simple < own)).sum()),
        nominal=None if band is None else scored.levels[band[1]] - scored.levels[band[0]],
        covered=scored.covered,
        losses=tuple(losses),
        parts=tuple(each for each in taken_apart if each is not None),
        calendar=calendar_effects(table),
    )


def _telling(order: Sequence[int], scored: ScoredForecast) -> list[tuple[int, str]]:
    """Return series that tell the most, the worst first, and why each is shown."""
    if not order:
        rows = np.flatnonzero(np.isfinite(scored.actual).any(axis=1))
        return [(int(row), "a series") for row in rows[:1]]
    sizes = np.where(np.isfinite(scored.scales.absolute), scored.scales.absolute, -np.inf)
    chosen = {
        order[0]: "the worst",
        order[len(order) // 2]: "in the middle",
        order[-1]: "the best",
        max(order, key=lambda row: sizes[row]): "the largest",
    }
    if len(order) == 1:
        return [(order[0], "the series")]
    return list(chosen.items())[:STORIES]


def _story(scored: ScoredForecast, table: SeriesTable, row: int, why: str) -> SeriesStory:
    panel, horizon = table.panel, scored.actual.shape[1]
    start, stop = int(panel.starts[row]), int(panel.stops[row])
    past = max(_PAST_HORIZONS * horizon, min(2 * panel.season, 4 * horizon), _FEWEST_PAST)
    begin = max(start, stop - past)
    values = np.where(panel.observed[begin:stop], panel.values[begin:stop], np.nan)
    ends = panel.first[row] + np.array([begin, stop - 1, stop + horizon - 1]) - start
    times = table.time_type.back(table.frequency.times(ends, table.clock))
    first, origin, last = map(shown_time, times)
    places = scored.band or (0, len(scored.levels) - 1)
    return SeriesStory(
        name=str(table.names[row]),
        why=why,
        first=first,
        origin=origin,
        last=last,
        past=_plains(values),
        actual=_plains(scored.actual[row]),
        made=_plains(scored.made[row]),
        low=_plains(scored.quantiles[row, :, places[0]]),
        high=_plains(scored.quantiles[row, :, places[1]]),
    )


def _plains(values: Floats) -> tuple[float | None, ...]:
    return tuple(_plain(each) for each in values)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
