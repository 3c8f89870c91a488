"""A season is told from walks, trends and restless times; of short series too."""

import numpy as np
import pytest

from espalier.pipelines.forecasting.blocks import blocks_of
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.forecasting.season_clarity import Z90, is_seasonal, season_clarity

SERIES = 200


def clarity(values, m):
    """Return the clarity of each row of values."""
    blocks = blocks_of(Panel.of(list(values), season=m), longest=10_000, per_series=1)
    return np.concatenate([season_clarity(each) for each in blocks])


@pytest.mark.parametrize(("m", "n"), [(4, 60), (7, 300), (12, 150), (24, 400)])
def test_walks_are_as_rarely_seasonal_as_noise(m, n):
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(SERIES, n))
    assert np.mean(clarity(steps, m) > Z90) < 0.1
    assert np.mean(clarity(steps.cumsum(axis=1), m) > Z90) < 0.1
    # Walks whose steps walk are smoother than the test assumes.
    assert np.mean(clarity(steps.cumsum(axis=1).cumsum(axis=1), m) > Z90) < 0.2


def test_restless_times_are_no_season():
    rng = np.random.default_rng(1)
    sizes = np.exp(np.cumsum(0.2 * rng.normal(size=(SERIES, 500)), axis=1) % 3.0)
    walks = np.cumsum(sizes * rng.standard_t(3, size=sizes.shape), axis=1)
    found = clarity(walks, 7)
    assert np.mean(found > Z90) < 0.1
    assert np.mean(found > 3.0) < 0.02


@pytest.mark.parametrize(("m", "n"), [(4, 24), (12, 48), (7, 40)])
def test_a_season_on_a_walk_is_seen_in_a_few_rounds(m, n):
    rng = np.random.default_rng(2)
    wave = np.sin(2 * np.pi * np.arange(n) / m)
    values = wave + 0.3 * rng.normal(size=(SERIES, n)).cumsum(axis=1)
    assert np.mean(clarity(values, m) > Z90) > 0.9


def test_a_season_that_grows_with_its_series_is_seen():
    steps = np.arange(60)
    pattern = np.tile([1.3, 0.8, 1.0, 0.9], 15)
    grown = 5.0 * np.exp(0.05 * steps) * pattern
    assert clarity([grown], 4)[0] > Z90


def test_nothing_is_seen_in_lines_constants_and_what_is_too_short():
    wave = np.tile([1.0, 2.0, 3.0, 2.0], 10)
    series = [np.arange(40.0) / 3.0, np.full(40, 7.1), np.zeros(40), wave[:8], wave]
    (block,) = blocks_of(Panel.of(series, season=4), longest=100, per_series=1)
    found = dict(zip(block.rows.tolist(), is_seasonal(block).tolist(), strict=True))
    assert found == {0: False, 1: False, 2: False, 3: False, 4: True}


def test_without_a_season_nothing_is_seasonal():
    (block,) = blocks_of(Panel.of([np.arange(9.0)]), longest=100, per_series=1)
    assert not is_seasonal(block).any()
