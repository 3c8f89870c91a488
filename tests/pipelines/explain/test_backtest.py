"""The back-test of series that are known: by block of time, by step, by series."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.backtest import Backtest, some_rows
from espalier.pipelines.explain.forecast_explanation import explain_forecast
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import FORECAST_METRICS, Scales
from espalier.pipelines.forecasting.scores import ScoredForecast

COLUMNS = SeriesColumns(time="day", target="units", series="shop", known_covariates=())
H, LEVELS = 3, (0.1, 0.5, 0.9)
ORIGINS = (3, 6)


@pytest.fixture(scope="module")
def known():
    """Two shops whose values never repeat, known for 30 days."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "shop": shop,
                "day": pd.date_range("2025-01-01", periods=30),
                "units": 50 + 10 * rng.normal(size=30).cumsum(),
            }
        )
        for shop in ("north", "south")
    ]
    return read_series(pd.concat(parts, ignore_index=True), COLUMNS, freq=None, season=1)


def scored(table, off, metric="mae"):
    """Return the held-out block, of zeros, and forecasts that are off by so much, by series."""
    made = np.repeat(np.asarray(off, float)[:, None], H, axis=1)
    return ScoredForecast(
        metric=FORECAST_METRICS[metric],
        actual=np.zeros((2, H)),
        made=made,
        quantiles=np.repeat(made[:, :, None], len(LEVELS), axis=2),
        levels=LEVELS,
        scales=Scales.of(table.panel),
    )


def explained(table, metric="mae", scores=()):
    """Return the explanation of forecasts that miss the origins by 2 and 4."""
    block = scored(table, (1.0, 5.0), metric)
    made = np.stack([table.panel.actual(ahead, H) + 2.0 * at for at, ahead in enumerate((3, 6), 1)])
    backtest = Backtest.of(block, table, ORIGINS, made)
    return explain_forecast(block, scored(table, (2.0, 3.0), metric), backtest, scores=scores)


def test_blocks_go_from_the_oldest_to_the_newest_with_their_times(known):
    blocks = explained(known).blocks
    assert [each.score for each in blocks] == pytest.approx([4.0, 2.0, 3.0])
    assert [each.first for each in blocks] == ["2025-01-25", "2025-01-28", "2025-01-31"]
    assert [each.last for each in blocks] == ["2025-01-27", "2025-01-30", "2025-02-02"]
    assert [each.held_out for each in blocks] == [False, False, True]
    assert [each.n_values for each in blocks] == [6, 6, 6]
    assert blocks[-1].naive == pytest.approx(2.5)
    # A naive forecast repeats the last value.
    last = known.panel.tail(1, ahead=3)
    off = np.abs(known.panel.actual(3, H) - last).mean()
    assert blocks[1].naive == pytest.approx(off)


def test_steps_have_the_newest_block_the_origins_and_the_naive_forecast(known):
    found = explained(known).steps
    assert [each.step for each in found] == [1, 2, 3]
    for each in found:
        assert (each.held_out, each.origins, each.naive) == pytest.approx((3.0, 3.0, 2.5))


def test_series_are_ranked_and_the_worst_are_back_tested(known):
    found = explained(known)
    worst = found.worst[0]
    assert (worst.name, worst.score, worst.naive, worst.origins) == ("south", 5.0, 3.0, 3.0)
    assert [each.name for each in found.series] == ["north", "south"]
    assert found.n_beaten == 1
    assert found.to_dict()["blocks"][0]["held_out"] is False


def test_of_quantiles_only_scores_of_the_search_are_told(known):
    """Forecasts alone would make quantiles that all lie on them, and a loss that means nothing."""
    bare = explained(known, "wql")
    assert [each.held_out for each in bare.blocks] == [True]
    assert all(each.origins is None for each in (*bare.steps, *bare.worst))
    told = explained(known, "wql", scores=(0.25, 0.5))
    assert [each.score for each in told.blocks[:2]] == [0.5, 0.25]


def test_it_says_from_which_step_on_repeating_is_as_good(known):
    found = explained(known)
    assert found.worse_from == 1
    block, naive = scored(known, (1.0, 1.0)), scored(known, (2.0, 2.0))
    block.made[:, 2] = 9.0
    empty = Backtest.of(block, known, (), np.zeros((0, 2, H)))
    assert explain_forecast(block, naive, empty).worse_from == 3
    block.made[:, 2] = 0.0
    assert explain_forecast(block, naive, empty).worse_from is None


def test_of_many_series_some_are_shown():
    assert len(some_rows(10_000)) == 300
    assert some_rows(2).tolist() == [0, 1]
    assert some_rows(0).tolist() == []
