"""Linear regression on windows: what it finds, and what it does where there is little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.families.window_regression import (
    WindowRegression,
    _filled,
    _places,
)
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.resources.budget import Deadline

H, DAY, WEEK = 8, 4, 28


def _two_seasons(n: int, noise: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    day, week = np.array([0.0, 3.0, 1.0, -2.0]), rng.normal(size=WEEK)
    steps = np.arange(n)
    return 50.0 + day[steps % DAY] + week[steps % WEEK] + noise * rng.normal(size=n)


def _panel(*series: NDArray[np.float64], seasons: tuple[int, ...] = (DAY, WEEK)) -> Panel:
    return Panel.of(list(series), season=seasons[0], seasons=seasons)


def _missed(panel: Panel, actual: NDArray[np.float64], model: WindowRegression) -> float:
    made = model.fit(panel, H).forecast(panel, H)[0]
    return float(np.abs(made - actual).mean())


def test_a_long_season_is_seen_through_a_short_one() -> None:
    y = _two_seasons(600)
    panel = _panel(y[:-H])
    assert _missed(panel, y[-H:], WindowRegression(cycles=1.0, penalty=1e-3)) < 0.05
    last_day = NaiveForecaster().forecast(panel, H)[0]
    assert np.abs(last_day - y[-H:]).mean() > 0.5


def test_only_the_panels_season_is_looked_at_where_the_first_is_asked_for() -> None:
    y = _two_seasons(600)
    panel = _panel(y[:-H])
    long = WindowRegression(cycles=1.0).fit(panel, H).coefficients
    short = WindowRegression(cycles=2.0, cycle="first").fit(panel, H).coefficients
    assert long is not None
    assert short is not None
    assert (len(long), len(short)) == (WEEK + 2, 2 * DAY + 2)


def test_a_season_that_is_hardly_seen_is_not_looked_at() -> None:
    panel = _panel(_two_seasons(3 * WEEK))
    fitted = WindowRegression(cycles=2.0).fit(panel, H)
    assert fitted.coefficients is not None
    assert len(fitted.coefficients) == 2 * DAY + 2


def test_absolute_errors_heed_odd_rows_less() -> None:
    rng = np.random.default_rng(0)
    y = _two_seasons(800, noise=0.05)
    odd = y.copy()
    odd[rng.choice(700, 20, replace=False)] += 60.0
    panel = _panel(odd[:-H])
    errors = {
        loss: _missed(panel, y[-H:], WindowRegression(cycles=1.0, loss=loss))
        for loss in ("l1", "l2")
    }
    assert errors["l1"] < 0.8 * errors["l2"]


def test_too_short_series_are_forecast_by_their_last_season() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    panel = Panel.of([y], season=3)
    fitted = WindowRegression().fit(panel, H)
    assert fitted.coefficients is None
    expected = NaiveForecaster().forecast(panel, H)
    np.testing.assert_array_equal(fitted.forecast(panel, H), expected)


def test_a_longer_horizon_than_that_of_the_fit_is_the_last_season() -> None:
    panel = _panel(_two_seasons(400))
    fitted = WindowRegression().fit(panel, H)
    expected = NaiveForecaster().forecast(panel, H + 1)
    np.testing.assert_array_equal(fitted.forecast(panel, H + 1), expected)


def test_a_window_is_shorter_where_series_tell_little() -> None:
    panel = Panel.of([np.sin(np.arange(60.0))])
    fitted = WindowRegression(cycles=4.0).fit(panel, H)
    assert fitted.coefficients is not None
    assert len(fitted.coefficients) - 1 <= (60 - H) / 3 + 1


def test_steps_before_a_start_repeat_the_first_season() -> None:
    values = np.array([[np.nan, np.nan, np.nan, 1.0, 2.0, 3.0, 4.0]])
    assert _filled(values, 2)[0].tolist() == [2.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0]
    values = np.array([[np.nan, np.nan, 5.0]])
    assert _filled(values, 12)[0].tolist() == [5.0, 5.0, 5.0]


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 3_000), min_size=1, max_size=30),
    width=st.integers(5, 400),
    cut=st.integers(0, 50),
)
def test_windows_lie_within_their_series(lengths: list[int], width: int, cut: int) -> None:
    panel = Panel.of([np.arange(float(n)) for n in lengths]).before(cut)
    places = _places(panel, width)
    assert len(places) <= 20_000 + len(lengths)
    if len(places):
        owner = np.searchsorted(panel.starts, places, side="right") - 1
        owner = np.array([max(k for k in range(o + 1) if panel.lengths[k] > 0) for o in owner])
        assert (places >= panel.starts[owner]).all()
        assert (places + width <= panel.stops[owner]).all()
        assert len(np.unique(places)) == len(places)
    assert bool(len(places)) == bool((panel.lengths >= width).any())
    newest = (panel.stops - width)[panel.lengths >= width]
    assert np.isin(newest, places).all()


def test_a_deadline_that_has_passed_is_heeded() -> None:
    panel = _panel(_two_seasons(400))
    with pytest.raises(TimeoutError):
        WindowRegression().fit(panel, H, Deadline.after(-1.0))
