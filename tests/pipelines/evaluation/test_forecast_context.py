"""Trials of forecasts are trials: folds are origins, rows are (origin, series, step)."""

import numpy as np
import pytest

from espalier.pipelines.evaluation.evaluate import evaluate_trial, fit_member
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.evaluation.forecast_context import ForecastContext, usable
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.metrics import Scales, forecast_metric
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialStatus

NAIVE = Configuration.of("naive", {"kind": "naive", "window": 3})


def _context(**changes: object) -> ForecastContext:
    panel = Panel.of([np.arange(20.0) ** 1.5, np.arange(9.0), np.array([1.0, 2.0])])
    given = {
        "panel": panel,
        "horizon": 3,
        "origins": (3, 6),
        "forecast_metric": forecast_metric("mase"),
        "scales": Scales.of(panel),
        "learners": FORECASTERS,
    }
    return ForecastContext(**(given | changes))  # type: ignore[arg-type]


def _trial(configuration: Configuration = NAIVE, **changes: object) -> Trial:
    return Trial(number=0, configuration=configuration, seed=1, **changes)  # type: ignore[arg-type]


def test_a_trial_forecasts_at_every_origin() -> None:
    context = _context()
    outcome = evaluate_trial(_trial(), context)
    assert outcome.result.status is TrialStatus.SUCCESS
    made = np.asarray(outcome.predictions).reshape(2, 3, 3)
    y = context.panel.series(0)
    np.testing.assert_allclose(made[0, 0], y[16], rtol=1e-6)
    np.testing.assert_allclose(made[1, 0], y[13], rtol=1e-6)
    assert len(outcome.result.fold_scores) == 2


def test_the_score_is_the_metric_of_what_was_observed() -> None:
    context = _context()
    outcome = evaluate_trial(_trial(), context)
    made = np.asarray(outcome.predictions).reshape(2, 3, 3)
    expected = [
        context.forecast_metric.score(y, f, context.scales)
        for y, f in zip(context.actual(), made, strict=True)
    ]
    np.testing.assert_allclose(outcome.result.fold_scores, expected, rtol=1e-5)


def test_a_clearly_worse_trial_ends_after_its_first_origin() -> None:
    outcome = evaluate_trial(_trial(floors=(1e9,)), _context())
    assert outcome.result.status is TrialStatus.PRUNED
    assert len(outcome.result.fold_scores) == 1


def test_a_failure_is_a_result() -> None:
    outcome = evaluate_trial(_trial(Configuration.of("unheard", {})), _context())
    assert outcome.result.status is TrialStatus.FAILED
    assert outcome.predictions is None


def test_a_member_is_fitted_to_the_whole_panel() -> None:
    context = _context()
    member = fit_member(MemberJob(trial_number=0, configuration=NAIVE, seed=1), context)
    assert member.forecast(context.panel, 1)[:, 0].tolist() == [19.0**1.5, 8.0, 2.0]


@pytest.mark.parametrize("kind", [SerialExecutor, lambda each: ProcessExecutor(each, 1)])
def test_executors_run_them(kind: object) -> None:
    context = _context()
    with kind(context) as executor:  # type: ignore[operator]
        executor.submit(_trial())
        (outcome,) = executor.wait(Deadline.after(60))
        (member,) = executor.fit_members(
            [MemberJob(trial_number=0, configuration=NAIVE, seed=1)], Deadline.after(60)
        )
    assert outcome.result.status is TrialStatus.SUCCESS
    assert isinstance(member, NaiveForecaster)


def test_a_forecast_that_ran_away_is_cut_off() -> None:
    panel = Panel.of([np.arange(10.0), np.zeros(4)])
    made = usable(np.array([[np.nan, 1e30], [-np.inf, 5.0]]), panel)
    assert made[0, 0] == 9.0
    assert 9.0 < made[0, 1] < 60.0
    np.testing.assert_allclose(made[1], 0.0, atol=1e-6)


def test_series_that_never_change_are_scored_without_a_scale() -> None:
    panel = Panel.of([np.full(20, 4.0), np.full(9, 1.0)])
    outcome = evaluate_trial(_trial(), _context(panel=panel, scales=Scales.of(panel)))
    assert outcome.result.score == 0.0
