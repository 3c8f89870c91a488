"""What every family of forecasters must do, whatever its configuration."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.family import FamilySpace

HORIZON = 6
SHAPE = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, n_columns=0)


def monthly_series(seed: int = 0) -> list[NDArray[np.float64]]:
    """Return positive series with trend and season, of 1 to 90 values."""
    rng = np.random.default_rng(seed)
    found = []
    for length in (90, 60, 37, 25, 13, 8, 3, 2, 1):
        steps = np.arange(length)
        level = rng.uniform(20, 200)
        season = 0.2 * level * np.sin(2 * np.pi * steps / 12)
        noise = 0.05 * level * rng.normal(size=length)
        found.append(level + rng.uniform(-0.1, 0.5) * steps + season + noise)
    return found


class ForecasterSuite:
    """The tests; a subclass gives the families by the fixture ``learner``."""

    @pytest.fixture(params=[0, 1, 2, 3])
    def forecaster(self, request: pytest.FixtureRequest, learner: Learner) -> Any:
        """The default (0) and random configurations of the family."""
        space = FamilySpace.of(learner, SHAPE)
        rng = np.random.default_rng(request.param)
        configuration = space.complete({}, rng if request.param else None)
        context = BuildContext(shape=SHAPE, seed=5)
        return learner.build(configuration.model_values, context)

    def test_forecasts_every_series_of_any_length(self, forecaster: Any) -> None:
        panel = Panel.of(monthly_series(), season=12)
        made = forecaster.fit(panel, HORIZON).forecast(panel, HORIZON)
        assert made.shape == (len(panel), HORIZON)
        assert np.isfinite(made).all()

    def test_the_unit_does_not_matter(self, forecaster: Any) -> None:
        series = monthly_series()
        panel, larger = Panel.of(series, season=12), Panel.of([64.0 * y for y in series], season=12)
        one = forecaster.fit(panel, HORIZON).forecast(panel, HORIZON)
        other = forecaster.fit(larger, HORIZON).forecast(larger, HORIZON)
        np.testing.assert_allclose(other, 64.0 * one, rtol=1e-6, atol=1e-6)

    def test_the_order_of_the_series_does_not_matter(self, forecaster: Any) -> None:
        series = monthly_series()
        order = np.random.default_rng(1).permutation(len(series))
        panel = Panel.of(series, season=12)
        shuffled = Panel.of([series[place] for place in order], season=12)
        fitted = forecaster.fit(panel, HORIZON)
        one, other = fitted.forecast(panel, HORIZON), fitted.forecast(shuffled, HORIZON)
        np.testing.assert_allclose(other, one[order], rtol=1e-6, atol=1e-8)

    def test_nothing_after_the_origin_is_looked_at(self, forecaster: Any) -> None:
        series = monthly_series()
        changed = [np.concatenate([y[:-HORIZON], 1e3 + 0 * y[-HORIZON:]]) for y in series]
        panel = Panel.of(series, season=12).before(HORIZON)
        other = Panel.of(changed, season=12).before(HORIZON)
        np.testing.assert_array_equal(
            forecaster.fit(panel, HORIZON).forecast(panel, HORIZON),
            forecaster.fit(other, HORIZON).forecast(other, HORIZON),
        )

    def test_the_same_seed_gives_the_same_forecast(self, forecaster: Any) -> None:
        panel = Panel.of(monthly_series(), season=12)
        np.testing.assert_array_equal(
            forecaster.fit(panel, HORIZON).forecast(panel, HORIZON),
            forecaster.fit(panel, HORIZON).forecast(panel, HORIZON),
        )

    def test_a_constant_series_stays_constant(self, forecaster: Any) -> None:
        panel = Panel.of([np.full(48, 7.0), np.full(30, 7.0)], season=12)
        made = forecaster.fit(panel, HORIZON).forecast(panel, HORIZON)
        np.testing.assert_allclose(made, 7.0, rtol=0.05)

    def test_zeros_and_negative_values_are_values(self, forecaster: Any) -> None:
        rng = np.random.default_rng(0)
        panel = Panel.of([np.zeros(40), rng.normal(size=50), -rng.exponential(size=30)], season=12)
        made = forecaster.fit(panel, HORIZON).forecast(panel, HORIZON)
        assert np.isfinite(made).all()
        assert np.abs(made).max() < 30

    def test_forecasts_series_that_it_has_never_seen(self, forecaster: Any) -> None:
        panel = Panel.of(monthly_series(), season=12)
        other = Panel.of(monthly_series(9)[:3], season=12)
        made = forecaster.fit(panel, HORIZON).forecast(other, HORIZON)
        assert made.shape == (3, HORIZON)
        assert np.isfinite(made).all()
