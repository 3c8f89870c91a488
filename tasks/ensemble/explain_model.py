"""Explain the model: which columns it needs and where it errs, within five seconds."""

import logging
from dataclasses import replace

from prefect import task

from espalier.pipelines.explain.backtest import Backtest
from espalier.pipelines.explain.columns import summarise_columns
from espalier.pipelines.explain.explanation import NOTHING_EXPLAINED, Explanation, explain
from espalier.pipelines.explain.forecast_explanation import ForecastExplanation, explain_forecast
from espalier.pipelines.explain.learning_curve import learning_curve
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.saved_model import load_model
from espalier.tasks.policies import ALWAYS_RUN
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

_LOG = logging.getLogger(__name__)

MOST_SECONDS = 3.0
LEARNING_SECONDS = 2.0
LEARNING_ROWS = 2_000
# Below that much time the registration needs what is left.
FEWEST_SECONDS = 0.5


@task(
    name="explain",
    description="Measure on the hold-out which columns the model needs and what it gets wrong.",
    tags=["espalier", "ensemble"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def explain_model(
    run: TrainingRun, prepared: PreparedRef, ensemble: EnsembleRecord, deadline: Deadline
) -> Explanation | ForecastExplanation:
    """Return an explanation of the saved model; an empty one if time is short or it fails."""
    left = min(MOST_SECONDS, deadline.seconds_left)
    nothing = NOTHING_EXPLAINED if prepared.series is None else ForecastExplanation()
    if left < FEWEST_SECONDS:
        return nothing
    try:
        if prepared.series is not None:
            return _explain_forecast(run, prepared)
        data, settings = prepared.data, run.tracking.settings
        model = load_model(ensemble.path)
        # Where no rows are kept in MLflow, the report quotes no cells either.
        names_values = settings.keep_holdout_rows > 0 and settings.keep_reference_rows > 0
        found = explain(
            model,
            data.holdout_rows,
            data.holdout_y,
            metric=data.metric,
            seed=run.request.seed,
            deadline=Deadline.after(left),
            groups=data.holdout_groups,
            positions=data.holdout_positions,
            names_values=names_values,
        )
        left = min(LEARNING_SECONDS, deadline.seconds_left)
        return replace(
            found,
            columns=summarise_columns(
                data.search,
                names_values=names_values,
                first=[each.name for each in found.importances],
            ),
            # On rows that the members have learnt from, too, it would rise to no end.
            learning=None
            if ensemble.learnt_all or left < FEWEST_SECONDS
            else learning_curve(
                model,
                data.search,
                data.holdout_rows.head(LEARNING_ROWS),
                data.holdout_y[:LEARNING_ROWS],
                metric=data.metric,
                seed=run.request.seed,
                deadline=Deadline.after(left),
            ),
        )
    except Exception:  # nobody is to lose a trained model for a chart
        _LOG.warning("the model could not be explained", exc_info=True)
        return nothing


def _explain_forecast(run: TrainingRun, prepared: PreparedRef) -> ForecastExplanation:
    from espalier.tasks.ensemble.forecast.finished import (
        FinishedForecast,
        naive_held_out,
        read_held_out,
    )

    data, finished = prepared.forecast, FinishedForecast.of(run.folder)
    held_out = read_held_out(data, run.folder)
    return explain_forecast(
        held_out,
        naive_held_out(data),
        Backtest.of(held_out, data.search, data.origins, finished.backtest),
        scores=finished.block_scores,
        losses=finished.losses,
    )
