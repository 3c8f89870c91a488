"""What is measured of series tells their kinds apart."""

import numpy as np

from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.forecasting.profile import (
    SERIES_FEATURES,
    profile_panel,
    profile_series,
)
from espalier.pipelines.metafeatures.catalogue import SERIES_CATALOGUE
from espalier.pipelines.metafeatures.profile import MetaFeatures

RNG = np.random.default_rng(0)
STEPS = np.arange(240)
WALK = np.cumsum(RNG.normal(size=240))
SEASON = 10 + np.sin(2 * np.pi * STEPS / 12) + 0.05 * RNG.normal(size=240)
TREND = 5 + 0.1 * STEPS + 0.05 * RNG.normal(size=240)
NOISE = 10 + RNG.normal(size=240)
RARE = np.where(RNG.random(240) < 0.2, 3.0, 0.0)


def test_each_series_is_told_by_what_it_is():
    panel = Panel.of([WALK, SEASON, TREND, NOISE, RARE], season=12)
    found = dict(zip(SERIES_FEATURES, profile_series(panel).T, strict=True))
    walk, season, trend, noise, rare = range(5)
    assert found["season_strength"].argmax() == season
    assert found["trend_strength"].argmax() == trend
    assert found["zero_share"].argmax() == rare
    assert abs(found["change_autocorrelation"][walk]) < 0.15
    assert found["change_autocorrelation"][noise] < -0.35
    assert found["autocorrelation"][walk] > 0.9
    assert found["entropy"].argmin() == season


def test_constant_and_short_series_have_no_features():
    panel = Panel.of([np.ones(50), np.arange(3.0), WALK])
    found = profile_series(panel)
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2]).all()


def test_a_panel_has_every_number_of_the_catalogue():
    for series in ([WALK, SEASON], [np.ones(5)], [np.array([1.0])]):
        found = profile_panel(Panel.of(series, season=12), horizon=6, seed=0)
        assert all(np.isfinite(value) for value in found.values())
        meta = MetaFeatures.catalogued(found)
        assert meta.is_of_series
        assert meta.names == tuple(each.name for each in SERIES_CATALOGUE)
    mixed = profile_panel(Panel.of([SEASON, NOISE], season=12), horizon=6, seed=0)
    alike = profile_panel(Panel.of([SEASON, SEASON], season=12), horizon=6, seed=0)
    assert mixed["season_spread"] > 0.2 > alike["season_spread"]
