"""Compare two forecasts on the same origins."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.input.hold_out import without_last
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import ForecastMetric
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.scores import FEWEST_SERIES, ScoredForecast
from espalier.pipelines.lifecycle.forecasts.arrived import (
    arrived_blocks,
    first_unknown,
    mean_score,
)
from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison
from espalier.pipelines.metrics.resampling import resampling_units
from espalier.pipelines.seeds import generator
from espalier.pipelines.serving.series_forecaster import SeriesForecaster

Pair = tuple[ScoredForecast, ScoredForecast]
_SAMPLES = 1000


def why_incomparable(champion: SeriesForecaster, challenger: SeriesForecaster) -> str:
    """Return why two forecasts cannot be compared, as a sentence; empty if they can be."""
    old, new = champion.columns, challenger.columns
    if (old.target, old.time, old.series) != (new.target, new.time, new.series):
        return "Champion and challenger forecast other columns."
    if champion.horizon != challenger.horizon:
        return (
            f"The champion forecasts {champion.horizon} steps, the challenger {challenger.horizon}."
        )
    before, now = champion.table.frequency, challenger.table.frequency
    if (before.unit, before.size) != (now.unit, now.size):
        return f"The champion's step is {before.label}, the challenger's {now.label}."
    return ""


def on_held_out(
    champion: SeriesForecaster, challenger: SeriesForecaster, metric: ForecastMetric
) -> list[Pair]:
    """Return both forecasts of the challenger's held-out block, on cells neither was fitted to.

    The challenger's are those that scored it. The champion forecasts the block from its beginning;
    values that it was trained on count only if it had held the same block out itself.
    """
    block = challenger.held_out
    if block is None:
        return []
    n_after = challenger.table.panel.first + challenger.table.panel.lengths - block.first_step
    history = without_last(challenger.table, np.clip(n_after, 0, None))
    made, quantiles = _forecast_of(champion, history)
    allowed = _allowed(champion, challenger, block.first_step, block.actual.shape[1])
    own = champion.held_out
    if own is not None:
        there = {name: row for row, name in enumerate(champion.table.names)}
        for row, name in enumerate(challenger.table.names):
            before = there.get(name)
            if before is not None and own.first_step[before] == block.first_step[row]:
                made[row], quantiles[row] = own.made[before], own.quantiles[before]
                allowed[row] = True
    allowed &= np.isfinite(made)
    actual = np.where(allowed, block.actual, np.nan)
    new = ScoredForecast(
        metric=metric,
        actual=actual,
        made=block.made,
        quantiles=block.quantiles,
        levels=_levels(challenger),
        scales=block.scales,
    )
    old = replace(new, made=made, quantiles=quantiles, levels=_levels(champion))
    return [(old, new)] if new.n_values else []


def on_new_values(
    champion: SeriesForecaster,
    challenger: SeriesForecaster,
    tables: tuple[SeriesTable, SeriesTable],
    metric: ForecastMetric,
) -> list[Pair]:
    """Return both forecasts of each block since the newer of the two trainings.

    Parameters
    ----------
    champion, challenger : SeriesForecaster
        The two forecasts.
    tables : (SeriesTable, SeriesTable)
        The same newest history, as each of them reads it.
    metric : ForecastMetric
        The metric to score by.
    """
    after = max(first_unknown(champion), first_unknown(challenger))
    both = [
        arrived_blocks(each, table, metric, after=after)
        for each, table in zip((champion, challenger), tables, strict=True)
    ]
    return list(zip(*both, strict=True))


def compare_blocks(
    pairs: Sequence[Pair], *, seed: int, confidence: float
) -> ScoreComparison | None:
    """Compare two forecasts on blocks of the same cells; None where there is nothing to compare.

    Series are drawn with replacement, the same for both. With fewer than ten series, the blocks of
    time are taken as draws; with fewer than three of those, the bounds are infinite.

    Parameters
    ----------
    pairs : sequence of (ScoredForecast, ScoredForecast)
        Champion's and challenger's forecasts of each block.
    seed : int
        Seed of the bootstrap samples.
    confidence : float
        Confidence level of each bound, in (0.5, 1).
    """
    old, new = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not pairs or not np.isfinite([each.score for each in (*old, *new)]).all():
        return None
    champion, challenger = mean_score(old), mean_score(new)
    difference = champion - challenger  # smaller is better
    rows = np.flatnonzero(np.any([np.isfinite(each.actual).any(axis=1) for each in new], axis=0))
    if len(rows) >= FEWEST_SERIES:
        units = resampling_units(len(rows))
        rng = generator(seed, "forecast promotion", "bootstrap")
        drawn = [_difference(pairs, rows[units.draw(rng)]) for _ in range(_SAMPLES)]
        half = units.half_width(np.array([each for each in drawn if np.isfinite(each)]), confidence)
        n_groups = len(rows)
    else:
        gaps = np.array([a.score - b.score for a, b in pairs])
        units = resampling_units(len(gaps))
        n_groups = len(gaps)
        half = float("inf")
        if len(gaps) >= 3:  # the spread of a mean of blocks, as a bootstrap would find it
            half = units.half_width(
                gaps.mean() + (gaps - gaps.mean()) / np.sqrt(len(gaps)), confidence
            )
    return ScoreComparison(
        metric=new[0].metric.name,
        higher_is_better=False,
        champion=champion,
        challenger=challenger,
        difference=difference,
        low=difference - half,
        high=difference + half,
        n_rows=sum(each.n_values for each in new),
        n_groups=n_groups,
    )


def _difference(pairs: Sequence[Pair], rows: NDArray[np.integer]) -> float:
    found = [a.take(rows).score - b.take(rows).score for a, b in pairs]
    known = [each for each in found if np.isfinite(each)]
    return float(np.mean(known)) if known else float("nan")


def _forecast_of(champion: SeriesForecaster, history: SeriesTable) -> tuple[Floats, Floats]:
    """Return the champion's forecasts of a history; NaN for series that had no value yet."""
    n_series, horizon = len(history.names), champion.horizon
    made = np.full((n_series, horizon), np.nan)
    quantiles = np.full((n_series, horizon, len(champion.quantiles)), np.nan)
    rows = np.flatnonzero(history.panel.lengths > 0)
    some = history.take(rows)
    read = read_series(some.frame(champion.columns), champion.columns, like=champion.table)
    found, found_quantiles = champion.model.forecast(read.panel, tuple(read.names), read.hierarchy)
    places = history.names.get_indexer(read.names)
    made[places], quantiles[places] = found, found_quantiles
    return made, quantiles


def _allowed(
    champion: SeriesForecaster,
    challenger: SeriesForecaster,
    first_step: NDArray[np.int64],
    horizon: int,
) -> NDArray[np.bool_]:
    """Return which cells the champion was not trained on, shape (S, H)."""
    panel = champion.table.panel
    ends = dict(zip(champion.table.names, panel.first + panel.lengths, strict=True))
    known_until = np.array([ends.get(name, -(2**62)) for name in challenger.table.names])
    steps = first_step[:, None] + np.arange(horizon)
    return np.asarray(steps >= known_until[:, None])


def _levels(forecaster: SeriesForecaster) -> tuple[float, ...]:
    return tuple(sorted(float(each) for each in forecaster.quantiles))
