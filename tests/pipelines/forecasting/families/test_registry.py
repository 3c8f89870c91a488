"""Every family of forecasters passes the suite, and each does what it is for."""

import pickle

import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.families.registry import (
    FORECASTERS,
    REDUCTIONS,
    forecasters,
)
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.space.joint import SearchSpace
from tests.contracts.forecaster_suite import HORIZON, SHAPE, ForecasterSuite, monthly_series


@pytest.fixture(params=FORECASTERS, ids=lambda each: each.name)
def learner(request: pytest.FixtureRequest) -> Learner:
    """Each family."""
    found: Learner = request.param
    return found


class TestEveryFamily(ForecasterSuite):
    """The suite."""


def test_fitted_forecasters_pickle(learner: Learner) -> None:
    panel = Panel.of(monthly_series(), season=12)
    values = SearchSpace([learner], SHAPE).default(learner.name).model_values
    fitted = learner.build(values, BuildContext(shape=SHAPE, seed=0)).fit(panel, HORIZON)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.forecast(panel, HORIZON), fitted.forecast(panel, HORIZON))


def test_expected_seconds_are_positive(learner: Learner) -> None:
    space = SearchSpace([learner], SHAPE)
    assert space.expected_seconds(space.default(learner.name)) > 0


@pytest.mark.parametrize("learner", REDUCTIONS, ids=lambda each: each.name)
def test_every_family_of_tables_forecasts_by_reduction(learner: Learner) -> None:
    panel = Panel.of(monthly_series(), season=12)
    values = dict(SearchSpace([learner], SHAPE).default(learner.name).model_values)
    quick = values | {"base": "seasonal_naive", "most_rows": 5_000}
    fitted = learner.build(quick, BuildContext(shape=SHAPE, seed=0)).fit(panel, HORIZON)
    made = fitted.forecast(panel, HORIZON)
    assert made.shape == (len(panel), HORIZON)
    assert np.isfinite(made).all()
    assert fitted.regressor is not None
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.forecast(panel, HORIZON), made)
    (found,) = forecasters((learner.name,), intermittent=False)
    assert found is learner


def test_intermittent_families_are_for_series_with_zeros() -> None:
    names = {each.name for each in forecasters(None, intermittent=False)}
    assert "intermittent" not in names
    assert {each.name for each in forecasters(None, intermittent=True)} - names == {"intermittent"}


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(UserError, match="unknown family 'arima'"):
        forecasters(("arima",), intermittent=False)
