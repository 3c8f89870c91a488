"""A forecast that is late still has members; what it holds out is not searched."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.forecast import training
from espalier.pipelines.automl.forecast.data import ForecastData, prepare_forecast
from espalier.pipelines.automl.forecast.finish import finish_forecast
from espalier.pipelines.automl.forecast.settings import ForecastSettings
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.resources.budget import NEVER, Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialOutcome


@pytest.fixture(scope="module")
def data() -> ForecastData:
    """A series of eighty steps whose last seven are held out."""
    y = 10.0 + np.arange(80) % 7 + np.random.default_rng(0).normal(size=80)
    columns = SeriesColumns(time="t", target="y")
    return prepare_forecast(
        read_series(pd.DataFrame({"t": range(80), "y": y}), columns, season=7),
        columns,
        horizon=7,
        levels=(0.1, 0.5, 0.9),
        metric=forecast_metric("mase"),
        families=("naive", "ets"),
        holds_out=True,
    )


def test_origins_lie_before_the_held_out_block(data: ForecastData) -> None:
    assert data.held_out == 7
    assert data.search.panel.lengths.tolist() == [73]
    assert data.origins[0] == 7
    np.testing.assert_array_equal(data.actual_held_out[0], data.table.panel.series(0)[-7:])


def test_however_late_members_get_some_seconds(data: ForecastData) -> None:
    kept: dict[int, Predictions] = {}

    def keep(outcome: TrialOutcome) -> None:
        assert outcome.predictions is not None
        kept[outcome.result.trial.number] = outcome.predictions

    executor = SerialExecutor(data.context())
    plan = SearchPlan(
        space=data.space, budget=Budget(trials=2), seed=0, n_workers=1, n_folds=len(data.folds)
    )
    history = run_search(plan, executor, data.metric, deadline=NEVER, on_result=keep)
    past = Deadline.after(0.0)
    late, helped = (
        finish_forecast(
            data,
            history,
            kept,
            executor,
            seed=0,
            deadline=past,
            choose_until=past,
            fit_at_least=seconds,
        )
        for seconds in (0.0, 60.0)
    )
    assert len(late.model.members) == 0
    assert len(helped.model.members) >= 1


@pytest.mark.parametrize(("share", "kind"), [(0.0, SerialExecutor), (1.0, ProcessExecutor)])
def test_processes_that_do_not_start_in_time_are_done_without(
    data: ForecastData, monkeypatch: pytest.MonkeyPatch, share: float, kind: type
) -> None:
    monkeypatch.setattr(training, "_STARTING_SHARE", share)
    settings = ForecastSettings(
        horizon=7,
        quantiles=(0.5,),
        metric=forecast_metric("mase"),
        budget=Budget(seconds=60.0, trials=None),
    )
    with training.ready_executor(data.context(), settings) as executor:
        assert type(executor) is kind
