"""What families make of static covariates, of those without a future, and of the calendar."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from espalier.pipelines.forecasting.families.definitions import FORECASTERS, REDUCTIONS
from espalier.pipelines.forecasting.panel import Calendar, Panel
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.space.family import FamilySpace
from tests.contracts.forecaster_suite import SHAPE

H = 7


def built(family: str, **values: Any) -> Any:
    """Return the default forecaster of a family, with a base that costs nothing."""
    (learner,) = (each for each in (*FORECASTERS, *REDUCTIONS) if each.name == family)
    chosen = {"base": "seasonal_naive", **values} if "reduction" in family else values
    space = FamilySpace.of(learner, SHAPE)
    return learner.build(
        space.complete(chosen, None).model_values, BuildContext(shape=SHAPE, seed=0)
    )


def error(forecaster: Any, panel: Panel, horizon: int = H) -> float:
    """Return the mean absolute error over the last steps of a panel."""
    before = panel.before(horizon)
    made = forecaster.fit(before, horizon).forecast(before, horizon)
    return float(np.abs(made - panel.actual(horizon, horizon)).mean())


def test_what_is_static_tells_series_apart() -> None:
    rng = np.random.default_rng(1)
    rises = np.arange(40.0) % 2
    # Of four noisy values it cannot be told whether they rise or fall.
    series = [300 + (6.0 * rise - 3.0) * np.arange(40) + 10 * rng.normal(size=40) for rise in rises]
    panel = Panel.of(series)
    told = replace(panel, static=rises[:, None])
    some = built("reduction", window=4)
    assert error(some, told) < 0.8 * error(some, panel)


def led() -> Panel:
    """Return series that are, a step later, what their covariate has been."""
    rng = np.random.default_rng(2)
    y = 100 + 30 * rng.normal(size=(30, 61))
    panel = Panel.of(list(y[:, :60]))
    ahead = y[:, 1:] + rng.normal(size=(30, 60))
    return replace(panel, covariates=ahead.reshape(-1, 1), n_past=1)


def test_a_covariate_without_a_future_is_seen_up_to_the_origin() -> None:
    panel = led()
    alone = replace(panel, covariates=np.zeros((1800, 0)), n_past=0)
    assert error(built("reduction"), panel, 1) < 0.5 * error(built("reduction"), alone, 1)


@pytest.mark.parametrize("family", ["reduction", "harmonic"])
def test_the_future_of_a_covariate_without_one_is_never_looked_at(family: str) -> None:
    panel = led()
    spoilt = panel.covariates.reshape(30, 60).copy()
    spoilt[:, -H:] = 1e6
    spoilt = spoilt.reshape(-1, 1)
    forecasts = [
        built(family).fit(each, H).forecast(each, H)
        for each in (panel.before(H), replace(panel, covariates=spoilt).before(H))
    ]
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.parametrize("family", ["reduction", "harmonic"])
def test_the_calendar_is_known_ahead(family: str) -> None:
    rng = np.random.default_rng(3)
    closed = (rng.random(400) < 0.1).astype(np.float32)
    closed[-3] = 1.0
    y = 100 + rng.normal(size=(3, 400)) - 80 * closed
    panel = Panel.of(list(y[:, 20:]), first=[20, 20, 20])
    told = replace(panel, calendar=Calendar(first=0, values=closed[:, None]))
    assert told.n_covariates == 1
    assert error(built(family), told) < 0.5 * error(built(family), panel)
