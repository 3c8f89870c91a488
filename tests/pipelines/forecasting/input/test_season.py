"""A panel has the seasons that its series show, and walks show none."""

import numpy as np
import pytest

from espalier.pipelines.forecasting.input.season import seasons_of
from espalier.pipelines.forecasting.panel import Panel


@pytest.mark.parametrize("count", [1, 8, 40])
def test_panels_of_walks_have_no_season(count):
    rng = np.random.default_rng(count)
    found = []
    for _ in range(10):
        walks = 100.0 * np.exp(0.01 * rng.normal(size=(count, 300)).cumsum(axis=1))
        found += seasons_of(Panel.of(list(walks)), (4, 7, 12))
    assert len(found) <= 1


def test_a_tenth_of_the_series_is_enough():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 80))
    values[:4] += 2.0 * np.sin(2 * np.pi * np.arange(80) / 12)
    assert seasons_of(Panel.of(list(values)), (7, 12)) == (12,)
    assert seasons_of(Panel.of(list(values[2:])), (7, 12)) == ()


def test_days_of_a_year_of_sales_show_the_week():
    rng = np.random.default_rng(3)
    week = np.tile([1.0, 1.0, 1.1, 1.2, 1.6, 2.0, 0.5], 53)
    sales = 50.0 * week * np.exp(0.02 * rng.normal(size=371).cumsum()) * rng.uniform(0.9, 1.1, 371)
    assert seasons_of(Panel.of([sales]), (7,)) == (7,)


def test_of_times_that_are_numbers_a_clear_peak_is_taken():
    rng = np.random.default_rng(0)
    wave = np.tile([0.0, 3.0, 1.0, 5.0, 2.0], 30)
    assert seasons_of(Panel.of([wave + 0.2 * rng.normal(size=150)]), ()) == (5,)
    assert seasons_of(Panel.of([rng.normal(size=150).cumsum()]), ()) == ()
