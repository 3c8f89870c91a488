"""What the families find in series whose future is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from espalier.pipelines.forecasting.families.ces import ComplexSmoothing
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.forecasting.families.ets import ExponentialSmoothing
from espalier.pipelines.forecasting.families.grid_model import (
    GridForecaster,
    empirical_prior,
    posterior,
)
from espalier.pipelines.forecasting.families.intermittent import IntermittentForecaster
from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.families.regression import (
    AutoregressionForecaster,
    HarmonicForecaster,
)
from espalier.pipelines.forecasting.families.theta import OptimisedTheta
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.learners.base.learner import BuildContext
from tests.contracts.forecaster_suite import SHAPE

H = 12


def _ahead(forecaster: object, *series: NDArray[np.float64], season: int = 1) -> Floats:
    panel = Panel.of(list(series), season=season)
    return forecaster.fit(panel, H).forecast(panel, H)  # type: ignore[attr-defined,no-any-return]


def _smooth(model: object, sharpness: float = 1.0) -> GridForecaster:
    return GridForecaster(model=model, borrows=0.0, sharpness=sharpness)  # type: ignore[arg-type]


def test_naive_repeats_the_last_season() -> None:
    y = np.arange(24.0)
    assert _ahead(NaiveForecaster(), y, season=12)[0].tolist() == list(np.arange(12.0, 24.0))
    assert _ahead(NaiveForecaster(kind="naive"), y, season=12)[0].tolist() == [23.0] * H


def test_drift_goes_on() -> None:
    np.testing.assert_allclose(
        _ahead(NaiveForecaster(kind="drift"), 3.0 * np.arange(20.0))[0],
        3.0 * np.arange(20.0, 20.0 + H),
    )


def test_smoothing_follows_a_line() -> None:
    model = ExponentialSmoothing(season="none")
    made = _ahead(_smooth(model), 10.0 + 2.0 * np.arange(60.0))[0]
    np.testing.assert_allclose(made, 10.0 + 2.0 * np.arange(60.0, 60.0 + H), rtol=0.05)


def test_complex_smoothing_goes_on_in_the_direction_of_a_line() -> None:
    """It has no trend of its own: it goes on along a curve, which is no line."""
    made = _ahead(_smooth(ComplexSmoothing(season="none")), 10.0 + 2.0 * np.arange(60.0))[0]
    assert (np.diff(made) > 1.0).all()
    assert (np.diff(made) < 5.0).all()


def test_theta_follows_half_of_a_line_when_it_is_not_optimised() -> None:
    made = _ahead(_smooth(OptimisedTheta(season="none", optimised=False)), 2.0 * np.arange(80.0))[0]
    slopes = np.diff(made)
    np.testing.assert_allclose(slopes, 1.0, atol=0.15)


@pytest.mark.parametrize("kind", ["added", "multiplied"])
@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize("length", [71, 72, 77])
def test_a_season_is_repeated_in_its_phase(kind: str, moving: bool, length: int) -> None:
    steps = np.arange(length + H)
    y = 50.0 + 0.2 * steps + 10.0 * np.sin(2 * np.pi * steps / 12) + 4.0 * (steps % 12 == 3)
    for model in (
        ExponentialSmoothing(season=kind, moving=moving),
        ComplexSmoothing(season=kind, moving=moving),
        OptimisedTheta(season=kind),
    ):
        made = _ahead(_smooth(model), y[:length], season=12)[0]
        assert np.abs(made - y[length:]).mean() < 2.0, type(model).__name__


def test_a_growing_season_needs_a_factor() -> None:
    steps = np.arange(84 + H)
    y = (20.0 + steps) * (1.0 + 0.4 * np.sin(2 * np.pi * steps / 12))
    errors = {
        kind: np.abs(
            _ahead(_smooth(ExponentialSmoothing(season=kind, moving=True)), y[:84], season=12)[0]
            - y[84:]
        ).mean()
        for kind in ("added", "multiplied")
    }
    assert errors["multiplied"] < 0.5 * errors["added"]


def test_series_with_and_without_a_factor_may_share_a_block() -> None:
    steps = np.arange(60.0)
    wave = np.sin(2 * np.pi * steps / 12)
    positive, around_zero = 50.0 + 10.0 * wave, 10.0 * wave
    forecaster = _smooth(ExponentialSmoothing(season="multiplied", moving=True))
    both = _ahead(forecaster, positive, around_zero, season=12)
    np.testing.assert_allclose(both[0], _ahead(forecaster, positive, season=12)[0])
    np.testing.assert_allclose(both[1], _ahead(forecaster, around_zero, season=12)[0])


def test_the_prior_over_a_grid_is_what_the_series_share() -> None:
    scores = np.zeros((50, 4))
    scores[:, 2] = 1.0  # every series favours the third point a little
    prior = np.exp(empirical_prior(scores))
    assert prior.sum() == pytest.approx(1.0)
    assert prior[2] > 0.9
    undecided = posterior(np.zeros((1, 4)), np.log(prior))
    assert undecided[0, 2] == pytest.approx(prior[2])


def test_short_series_borrow_from_the_others() -> None:
    rng = np.random.default_rng(0)
    many = [10.0 + 3.0 * np.arange(40.0) + rng.normal(size=40) for _ in range(30)]
    short = 3.0 * np.arange(5.0) + np.array([0.5, -0.5, 0.5, 0.0, -0.5])
    model = ExponentialSmoothing(season="none")
    panel, one = Panel.of([*many, short]), Panel.of([short])
    alone = GridForecaster(model=model, borrows=0.0).fit(one, H).forecast(one, H)[0]
    borrowing = GridForecaster(model=model).fit(panel, H).forecast(one, H)[0]
    truth = 3.0 * np.arange(5.0, 5.0 + H)
    assert np.abs(borrowing - truth).mean() <= np.abs(alone - truth).mean() + 1e-9


def test_intermittent_demand_is_a_rate() -> None:
    y = np.zeros(200)
    y[::4] = 8.0
    for kind in ("croston", "sba", "tsb"):
        made = _ahead(IntermittentForecaster(kind=kind, beta=0.03), y)[0]
        np.testing.assert_allclose(made, 2.0, rtol=0.15)
    dead = np.concatenate([y, np.zeros(100)])
    assert _ahead(IntermittentForecaster(kind="tsb"), dead)[0, 0] < 0.1


def test_autoregression_finds_the_dynamics() -> None:
    rng = np.random.default_rng(0)
    y = np.zeros(400)
    for t in range(2, 400):
        y[t] = 1.6 * y[t - 1] - 0.9 * y[t - 2] + rng.normal()
    made = _ahead(AutoregressionForecaster(lags=3, difference="none", penalty=0.01), y)[0]
    truth = [y[-2], y[-1]]
    for _ in range(4):
        truth.append(1.6 * truth[-1] - 0.9 * truth[-2])
    np.testing.assert_allclose(made[:4], truth[2:], atol=2.0)


def _promotions() -> tuple[Panel, Floats]:
    """Return a panel whose values jump with a known covariate, and the next values."""
    rng = np.random.default_rng(0)
    n, length = 6, 140
    promoted = (rng.random((n, length + H)) < 0.3).astype(float)
    y = 20.0 + 15.0 * promoted + rng.normal(size=promoted.shape)
    panel = Panel(
        values=y.ravel(),
        observed=np.ones(y.size, dtype=bool),
        starts=np.arange(n) * (length + H),
        stops=np.arange(n) * (length + H) + length,
        limits=(np.arange(n) + 1) * (length + H),
        first=np.zeros(n, dtype=np.int64),
        covariates=promoted.reshape(-1, 1),
    )
    return panel, y[:, length:]


@pytest.mark.parametrize("family", ["harmonic", "reduction"])
def test_known_covariates_of_the_future_are_used(family: str) -> None:
    panel, truth = _promotions()
    (learner,) = (each for each in FORECASTERS if each.name == family)
    from espalier.pipelines.space.family import FamilySpace

    values = FamilySpace.of(learner, SHAPE).complete({"base": "seasonal_naive"}, None).model_values
    forecaster = learner.build(values, BuildContext(shape=SHAPE, seed=0))
    made = forecaster.fit(panel, H).forecast(panel, H)
    assert np.abs(made - truth).mean() < 3.0


def test_waves_of_two_seasons_are_found() -> None:
    steps = np.arange(24 * 7 * 4 + H)
    y = 10 + np.sin(2 * np.pi * steps / 24) + 2 * np.sin(2 * np.pi * steps / 168)
    panel = Panel.of([y[:-H]], season=24, seasons=(24, 168))
    made = HarmonicForecaster(penalty=1e-4).fit(panel, H).forecast(panel, H)[0]
    assert np.abs(made - y[-H:]).mean() < 0.2


def test_a_season_longer_than_what_is_looked_at_is_no_trend() -> None:
    steps = np.arange(5 * 2016 + H)
    y = 10 + np.sin(2 * np.pi * steps / 288) + 5 * np.sin(2 * np.pi * steps / 2016)
    panel = Panel.of([y[:-H]], season=288, seasons=(288, 2016))
    made = HarmonicForecaster(penalty=1e-4, longest=500).fit(panel, H).forecast(panel, H)[0]
    assert np.abs(made - y[-H:]).mean() < 0.3


def test_reduction_goes_on_with_a_trend_beyond_what_it_saw() -> None:
    rng = np.random.default_rng(0)
    series = [
        rng.uniform(1, 100) + rng.uniform(1, 5) * np.arange(40.0) + rng.normal(size=40)
        for _ in range(40)
    ]
    panel = Panel.of([y[:-H] for y in series])
    (learner,) = (each for each in FORECASTERS if each.name == "reduction")
    from espalier.pipelines.space.family import FamilySpace

    values = FamilySpace.of(learner, SHAPE).complete({"base": "seasonal_naive"}, None).model_values
    made = learner.build(values, BuildContext(shape=SHAPE, seed=0)).fit(panel, H).forecast(panel, H)
    truth = np.stack([y[-H:] for y in series])
    naive = np.stack([np.repeat(y[-H - 1], H) for y in series])
    assert np.abs(made - truth).mean() < 0.35 * np.abs(naive - truth).mean()
