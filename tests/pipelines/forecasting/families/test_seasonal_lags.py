"""What a reduction sees of long seasons, and what its earlier pickles lack."""

import numpy as np

from espalier.pipelines.forecasting.families.boosted_reduction import build, starters
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.forecasting.families.reduction import ReductionForecaster, base_of
from espalier.pipelines.forecasting.families.windows import look, seasonal_lags
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.space.family import FamilySpace
from tests.contracts.forecaster_suite import SHAPE

H = 10


def _lags(panel: Panel) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    windows = look(panel, 30, 5)
    base = np.zeros((len(panel), H))
    found = seasonal_lags(panel, windows, base, np.arange(H))
    scale, level = windows.scale[:, None, None], windows.level[:, None, None]
    found = found * scale
    found[:, :, [*range(5), *range(8, 13)]] += level
    return found


def test_lags_are_of_the_same_phase_in_earlier_cycles() -> None:
    y = np.arange(100.0)
    found = _lags(Panel.of([y], season=4, seasons=(4, 12)))[0]
    for step in range(H):
        for first, season in ((0, 4), (8, 12)):
            last = 100 + step - season * (step // season + 1)
            before, mean = last - season, last - 1.5 * season
            after = last + 1.0 if last + 1 < 100 else np.nan
            expected = [last, before, mean, last - 1, after, last, before, mean]
            np.testing.assert_allclose(found[step, first : first + 8], expected)


def test_what_is_before_a_start_or_after_the_origin_is_unknown() -> None:
    panel = Panel.of([np.arange(60.0)], season=4, seasons=(4, 28)).before(10)
    changed = np.arange(60.0)
    changed[50:] = 1e6
    other = Panel.of([changed], season=4, seasons=(4, 28)).before(10)
    np.testing.assert_array_equal(_lags(panel), _lags(other))
    assert np.isnan(_lags(panel)[0, 0, 9])
    assert np.isfinite(_lags(panel)[0, 0, 8])


def test_without_a_season_there_are_none() -> None:
    panel = Panel.of([np.arange(60.0)])
    found = seasonal_lags(panel, look(panel, 30, 5), np.zeros((1, H)), np.arange(H))
    assert found.shape == (1, H, 0)


def test_a_reduction_learns_a_long_season_by_them() -> None:
    rng = np.random.default_rng(0)
    week = rng.normal(size=28)
    y = 20.0 + np.tile(week, 40) + 0.05 * rng.normal(size=28 * 40)
    panel = Panel.of([y[:-H]], season=4, seasons=(4, 28))
    (learner,) = (each for each in FORECASTERS if each.name == "reduction")
    space = FamilySpace.of(learner, SHAPE)
    missed = {}
    for lags in ("near", "seasons"):
        values = space.complete({"base": "seasonal_naive", "lags": lags, "window": 4}, None)
        model = build(values.model_values, BuildContext(shape=SHAPE, seed=0))
        made = model.fit(panel, H).forecast(panel, H)[0]
        missed[lags] = float(np.abs(made - y[-H:]).mean())
    assert missed["seasons"] < 0.8 * missed["near"]


def test_starters_are_configurations_of_the_space() -> None:
    (learner,) = (each for each in FORECASTERS if each.name == "reduction")
    space = FamilySpace.of(learner, SHAPE)
    found = [space.complete(dict(each), None) for each in starters(SHAPE)]
    assert len(set(found)) == 2
    built = [build(e.model_values, BuildContext(shape=SHAPE, seed=0)) for e in found]
    assert all(each.base_is_cheap for each in built)


def test_a_pickle_of_an_earlier_version_has_near_lags() -> None:
    forecaster = ReductionForecaster(fit_rows=print, base=base_of("ces"))  # type: ignore[arg-type]
    state = forecaster.__getstate__()  # type: ignore[attr-defined]
    old = object.__new__(ReductionForecaster)
    old.__setstate__(state[:-1])
    assert old.lags == "near"
    assert old.base is forecaster.base
