"""Score the model on the hold-out."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.evaluation.holdout import bootstrap_interval, dummy_score, predict_in_time
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.saved_model import load_model
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, TrainingRun

if TYPE_CHECKING:
    import pandas as pd

    from espalier.pipelines.serving.model import EnsembleModel

# Intervals are measured on so many rows at most: more would tell little more.
MOST_COVERED = 5_000


@retried_task(
    name="evaluate",
    description="Score the saved model on the hold-out, with a bootstrap interval and a baseline.",
    tags=["espalier", "ensemble"],
    timeout_seconds=30 * MINUTES,
)
def evaluate_ensemble(
    run: TrainingRun, prepared: PreparedRef, ensemble: EnsembleRecord, deadline: Deadline
) -> HoldoutRecord:
    """Return the hold-out score of the saved model, which predicts the raw rows.

    If prediction is so slow that the deadline would pass, only a part of the rows is scored.
    """
    if prepared.series is not None:
        from espalier.tasks.ensemble.forecast.evaluate_forecast import evaluate_forecast

        return evaluate_forecast(run, prepared)
    data, seed = prepared.data, run.request.seed
    metric = data.metric
    model = load_model(ensemble.path)
    predict = partial(model.predict_for_metric, metric=metric)
    rows, predictions = predict_in_time(predict, data.holdout_rows, deadline=deadline, seed=seed)
    y, n_held = data.holdout_y[rows], len(data.holdout_y)
    weight = None if data.holdout_weight is None else data.holdout_weight[rows]
    groups = None if data.holdout_groups is None else data.holdout_groups[rows]
    return HoldoutRecord(
        score=score_predictions(metric, y, predictions, weight),
        interval=bootstrap_interval(
            metric,
            y,
            predictions,
            seed=seed,
            sample_weight=weight,
            groups=groups,
            deadline=deadline,
        ),
        baseline=dummy_score(data.search, y, metric, weight),
        n_rows=len(y),
        covered=_covered(model, data.holdout_rows.iloc[rows], y, weight, deadline),
        note=""
        if len(y) == n_held
        else f"{len(y):,} of {n_held:,} held-out rows are scored: the time was up",
    )


def _covered(
    model: "EnsembleModel",
    rows: "pd.DataFrame",
    y: NDArray[Any],
    weight: NDArray[np.float64] | None,
    deadline: Deadline,
) -> float | None:
    """Return the share of the rows within 90 % intervals; None without any, or without time."""
    from espalier.pipelines.calibration.fit_intervals import REPORTED_COVERAGE

    if model.adjustments.intervals is None or deadline.passed:
        return None
    some = slice(0, MOST_COVERED)
    _, lower, upper = model.predict_interval(rows.iloc[some], REPORTED_COVERAGE)
    inside = (lower <= y[some]) & (y[some] <= upper)
    part = None if weight is None or not weight[some].sum() > 0 else weight[some]
    return float(np.average(inside, weights=part))
