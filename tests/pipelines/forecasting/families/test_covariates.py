"""What families make of static covariates, of those without a future, and of the calendar."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from espalier.pipelines.forecasting.families.definitions import FORECASTERS, REDUCTIONS
from espalier.pipelines.forecasting.panel import Calendar, Floats, Panel
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


def error(forecaster: Any, panel: Panel) -> float:
    """Return the mean absolute error over the last steps of a panel."""
    before = panel.before(H)
    made = forecaster.fit(before, H).forecast(before, H)
    return float(np.abs(made - panel.actual(H, H)).mean())


def turning() -> tuple[Panel, Floats]:
    """Return series that begin to rise or to fall at some step, and which of the two, 0 or 1."""
    rng = np.random.default_rng(1)
    rises = np.arange(40.0) % 2
    steps = np.arange(60)
    series = [
        200
        + (3.0 * rise - 1.5) * np.maximum(steps - rng.integers(10, 60), 0)
        + 0.2 * rng.normal(size=60)
        for rise in rises
    ]
    return Panel.of(series), rises[:, None]


@pytest.mark.parametrize("family", ["reduction", "linear_reduction"])
def test_what_is_static_tells_series_apart(family: str) -> None:
    panel, rises = turning()
    told = replace(panel, static=rises)
    assert error(built(family), told) < 0.9 * error(built(family), panel)


def led() -> Panel:
    """Return a series that repeats, a week later, what its covariate has been."""
    rng = np.random.default_rng(2)
    visitors = 100 + 30 * rng.normal(size=400 + H)
    panel = Panel.of([visitors[:400] + rng.normal(size=400)])
    return replace(panel, covariates=visitors[H:, None], n_past=1)


def test_a_covariate_without_a_future_is_seen_up_to_the_origin() -> None:
    panel = led()
    alone = replace(panel, covariates=np.zeros((400, 0)), n_past=0)
    # Only its last values are shown, so only the last steps of the horizon can be told.
    some = built("reduction", rounds=200)
    before = panel.before(H)
    made = some.fit(before, H).forecast(before, H)[0, -3:]
    plain = some.fit(alone.before(H), H).forecast(alone.before(H), H)[0, -3:]
    truth = panel.actual(H, H)[0, -3:]
    assert np.abs(made - truth).mean() < 0.6 * np.abs(plain - truth).mean()


@pytest.mark.parametrize("family", ["reduction", "harmonic"])
def test_the_future_of_a_covariate_without_one_is_never_looked_at(family: str) -> None:
    panel = led()
    spoilt = panel.covariates.copy()
    spoilt[-H:] = 1e6
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
