"""A champion is watched, and compared with a challenger, from the same origins."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLForecaster
from espalier.pipelines.forecasting.input.hold_out import without_last
from espalier.pipelines.forecasting.metrics import FORECAST_METRICS, Scales
from espalier.pipelines.lifecycle.forecasts.arrived import arrived_blocks, first_unknown
from espalier.pipelines.lifecycle.forecasts.compare import (
    compare_blocks,
    on_held_out,
    on_new_values,
    why_incomparable,
)
from espalier.pipelines.lifecycle.forecasts.watch import score_arrived
from espalier.pipelines.serving.series_forecaster import HeldOutForecast, SeriesForecaster

H = 5
MASE = FORECAST_METRICS["mase"]


def history(n: int = 100, series: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for name in range(series):
        steps = np.arange(140)
        y = 50.0 + 5 * name + 10 * np.sin(2 * np.pi * steps / 7) + rng.normal(size=140)
        day = pd.date_range("2025-01-01", periods=140)
        parts.append(pd.DataFrame({"s": name, "day": day, "y": y}).iloc[:n])
    return pd.concat(parts, ignore_index=True)


def forecaster(n: int, family: str, series: int = 12, horizon: int = H) -> SeriesForecaster:
    """Return a forecaster that was trained on the first days and held its last block out."""
    model = AutoMLForecaster(
        horizon=horizon,
        time_column="day",
        series_column="s",
        target="y",
        quantiles=(0.1, 0.5, 0.9),
        time_budget=None,
        n_trials=1,
        n_jobs=1,
        families=[family],
    ).fit(history(n, series))
    made = SeriesForecaster(
        model=model.model_,
        table=model._table,
        columns=model._fitted_columns,
        quantiles=(0.1, 0.5, 0.9),
        metric="mase",
    )
    search = without_last(made.table, horizon)
    point, quantiles = made.model.forecast(search.panel, tuple(search.names))
    block = HeldOutForecast(
        first_step=search.panel.phase(),
        actual=made.table.panel.actual(horizon, horizon),
        made=point,
        quantiles=quantiles,
        scales=Scales.of(search.panel),
    )
    return replace(made, held_out=block)


@pytest.fixture(scope="module")
def champion() -> SeriesForecaster:
    return forecaster(80, "naive")


@pytest.fixture(scope="module")
def challenger() -> SeriesForecaster:
    return forecaster(100, "harmonic")


def test_each_block_is_forecast_by_what_was_known_then(champion: SeriesForecaster) -> None:
    after = first_unknown(champion)
    blocks = arrived_blocks(champion, champion.read(history(100)), MASE, after=after)
    assert [each.n_values for each in blocks] == [12 * H] * 4
    for place, each in enumerate(blocks):
        then = champion.predict(history(80 + place * H))
        np.testing.assert_allclose(each.made.ravel(), then["prediction"])
    assert arrived_blocks(champion, champion.read(history(80)), MASE, after=after) == []


def test_a_score_that_got_worse_is_told_from_chance(champion: SeriesForecaster) -> None:
    blocks = arrived_blocks(
        champion, champion.read(history(100)), MASE, after=first_unknown(champion)
    )
    usual = np.mean([each.score for each in blocks])
    same = score_arrived(blocks, before=usual, before_interval=(0.9 * usual, 1.1 * usual), seed=0)
    assert same is not None
    assert not same.is_worse(0.0)
    worse = score_arrived(
        blocks, before=usual / 3, before_interval=(0.3 * usual, 0.36 * usual), seed=0
    )
    assert worse is not None
    assert worse.is_worse(0.0)
    assert score_arrived([], before=usual, before_interval=(0, 1), seed=0) is None


def test_they_are_compared_where_neither_was_fitted(
    champion: SeriesForecaster, challenger: SeriesForecaster
) -> None:
    ((old, new),) = on_held_out(champion, challenger, MASE)
    assert old.n_values == new.n_values == 12 * H
    expected = champion.predict(history(100 - H))
    np.testing.assert_allclose(old.made.ravel(), expected["prediction"])
    found = compare_blocks([(old, new)], seed=0, confidence=0.95)
    assert found is not None
    assert found.challenger < found.champion
    assert found.low < found.difference < found.high
    assert found.n_groups == 12
    # The other way round: the champion knew the block, and held out another one.
    assert on_held_out(challenger, champion, MASE) == []


def test_two_trainings_of_the_same_table_are_compared_by_their_own_records(
    challenger: SeriesForecaster,
) -> None:
    other = forecaster(100, "naive")
    ((old, new),) = on_held_out(other, challenger, MASE)
    np.testing.assert_array_equal(old.made, other.held_out.made)
    assert new.n_values == 12 * H


def test_newer_values_give_several_origins(
    champion: SeriesForecaster, challenger: SeriesForecaster
) -> None:
    newer = history(120)
    tables = (champion.read(newer), challenger.read(newer))
    pairs = on_new_values(champion, challenger, tables, MASE)
    assert len(pairs) == 4
    found = compare_blocks(pairs, seed=0, confidence=0.95)
    assert found is not None
    assert found.n_rows == 12 * 20
    assert found.low > 0


def test_one_series_needs_several_origins() -> None:
    old, new = forecaster(80, "naive", series=1), forecaster(100, "harmonic", series=1)
    held_out = compare_blocks(on_held_out(old, new, MASE), seed=0, confidence=0.95)
    assert held_out is not None
    assert held_out.low == -np.inf
    newer = history(140, series=1)
    pairs = on_new_values(old, new, (old.read(newer), new.read(newer)), MASE)
    found = compare_blocks(pairs, seed=0, confidence=0.95)
    assert found is not None
    assert np.isfinite(found.low)


def test_forecasts_of_other_horizons_are_not_compared(champion: SeriesForecaster) -> None:
    assert why_incomparable(champion, champion) == ""
    other = forecaster(80, "naive", horizon=3)
    assert "5 steps, the challenger 3" in why_incomparable(champion, other)
