"""Score the model on the hold-out."""

from functools import partial

from espalier.pipelines.evaluation.holdout import bootstrap_interval, dummy_score, predict_in_time
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.saved_model import load_model
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, TrainingRun


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
    data, seed = prepared.data, run.request.seed
    metric = data.metric
    predict = partial(load_model(ensemble.path).predict_for_metric, metric=metric)
    rows, predictions = predict_in_time(predict, data.holdout_rows, deadline=deadline, seed=seed)
    y, n_held = data.holdout_y[rows], len(data.holdout_y)
    weight = None if data.holdout_weight is None else data.holdout_weight[rows]
    return HoldoutRecord(
        score=score_predictions(metric, y, predictions, weight),
        interval=bootstrap_interval(
            metric, y, predictions, seed=seed, sample_weight=weight, deadline=deadline
        ),
        baseline=dummy_score(data.search, y, metric, weight),
        n_rows=len(y),
        note=""
        if len(y) == n_held
        else f"{len(y):,} of {n_held:,} held-out rows are scored: the time was up",
    )
