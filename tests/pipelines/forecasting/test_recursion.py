"""Forecasts of a step at a time: the panel goes on with what was forecast."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.families.registry import forecasters
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.forecasting.recursion import (
    MOST_TURNS,
    RecursiveForecaster,
    continued,
)
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.space.family import FamilySpace
from tests.contracts.forecaster_suite import HORIZON, SHAPE, monthly_series


def with_covariates(panel, n_past):
    """Return the panel with two covariates that number its rows, known ahead by two steps."""
    rows = np.arange(float(len(panel.values)))
    return replace(panel, covariates=np.stack([rows, 10.0 * rows], axis=1), n_past=n_past)


def test_forecasts_follow_the_last_values():
    panel = Panel.of([np.arange(4.0), np.arange(10.0, 13.0)], season=2)
    longer = continued(panel, np.array([[7.0, 8.0], [17.0, 18.0]]))
    assert longer.series(0).tolist() == [0, 1, 2, 3, 7, 8]
    assert longer.series(1).tolist() == [10, 11, 12, 17, 18]
    assert longer.lengths.tolist() == [6, 5]
    assert longer.phase().tolist() == [6, 5]
    assert panel.series(0).tolist() == [0, 1, 2, 3]


def test_what_came_after_the_origin_is_not_there():
    panel = Panel.of([np.arange(6.0), np.arange(10.0, 16.0)]).before(3)
    longer = continued(panel, np.full((2, 2), -1.0))
    assert longer.series(0).tolist() == [0, 1, 2, -1, -1]
    assert not np.isin(longer.values, [3, 4, 5, 13, 14, 15]).any()


def test_known_covariates_stay_and_others_are_as_they_were_last():
    panel = with_covariates(Panel.of([np.arange(6.0)]), n_past=1).before(2)
    longer = continued(panel, np.zeros((1, 1)))
    assert longer.future(2)[0, 0, 0] == 5.0  # known, one step further
    assert np.isnan(longer.future(2)[0, 1, 0])  # as far as it was known
    assert longer.past(3)[0, :, 0].tolist() == [20.0, 30.0, 30.0]
    again = continued(longer, np.zeros((1, 2)))
    assert again.past(3)[0, :, 0].tolist() == [30.0, 30.0, 30.0]
    assert again.known(again.starts[:, None] + 5)[0, 0, 0] == 5.0


def test_series_without_a_value_and_panels_without_series_go_on():
    panel = with_covariates(Panel.of([np.arange(3.0), np.arange(2.0)]), n_past=1).before(2)
    assert panel.lengths.tolist() == [1, 0]
    assert continued(panel, np.ones((2, 2))).lengths.tolist() == [3, 2]
    assert len(continued(panel.take(np.zeros(0, dtype=int)), np.ones((0, 2)))) == 0


@pytest.mark.parametrize("horizon", [1, 5, 24, 3 * MOST_TURNS + 1])
def test_the_last_season_again_and_again_is_the_last_season(horizon):
    panel = Panel.of([np.random.default_rng(0).normal(size=30), np.arange(20.0)], season=7)
    direct = NaiveForecaster()
    model = RecursiveForecaster(once=direct).fit(panel, horizon)
    assert -(-horizon // model.stride) <= MOST_TURNS
    np.testing.assert_array_equal(model.forecast(panel, horizon), direct.forecast(panel, horizon))


def recursive(name, **values):
    """Return a recursive reduction to a family of tables."""
    (learner,) = forecasters((name,), intermittent=False)
    space = FamilySpace.of(learner, SHAPE)
    configuration = space.complete({"form": "recursive", **values}, None)
    return learner.build(configuration.model_values, BuildContext(shape=SHAPE, seed=0))


def swings(n, seed):
    """Return series that swing to the other side at each step, a little less far each time."""
    rng = np.random.default_rng(seed)
    made = np.zeros((8, n))
    for step in range(1, n):
        made[:, step] = -0.95 * made[:, step - 1] + rng.normal(size=8)
    return made + 50.0


def test_a_recursive_reduction_follows_the_dynamics():
    values = swings(126, 0)
    panel = Panel.of(list(values[:, :-6]))
    model = recursive("linear_reduction", window=4)
    assert isinstance(model, RecursiveForecaster)
    made = model.fit(panel, 6).forecast(panel, 6)
    ahead = 50.0 + (values[:, -7:-6] - 50.0) * (-0.95) ** np.arange(1, 7)
    naive = np.repeat(values[:, -7:-6], 6, axis=1)
    assert np.abs(made - ahead).mean() < 0.25 * np.abs(naive - ahead).mean()


def test_a_recursive_reduction_forecasts_all_lengths_and_sees_no_future():
    panel = Panel.of(monthly_series(), season=12)
    model = recursive("lightgbm_reduction").fit(panel, HORIZON)
    made = model.forecast(panel, HORIZON)
    assert made.shape == (len(panel), HORIZON)
    assert np.isfinite(made).all()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.forecast(panel, HORIZON), made)
    longest = panel.take(np.array([0, 1]))
    cut = Panel.of([longest.series(0)[:-9], longest.series(1)[:-9]], season=12)
    np.testing.assert_allclose(
        model.forecast(longest.before(9), HORIZON), model.forecast(cut, HORIZON)
    )


def test_a_trial_that_names_no_form_is_direct():
    (learner,) = forecasters(("linear_reduction",), intermittent=False)
    values = dict(FamilySpace.of(learner, SHAPE).complete({}, None).model_values)
    values.pop("form")
    assert not isinstance(
        learner.build(values, BuildContext(shape=SHAPE, seed=0)), RecursiveForecaster
    )
