"""Train Espalier on one fold of a task of the AutoML Benchmark, and predict its test rows.

The parameters of the framework's definition are those of the estimators (``families``, ``search``,
``interpretable``, ...). Those that begin with an underscore are ours: ``_n_jobs`` (cores, if other
than the benchmark's), ``_budget_share`` (of the benchmark's seconds that ``fit`` gets, 1 by
default), ``_save_artifacts`` (``leaderboard``, ``report``).
"""

import logging
import os

import numpy as np
import pandas as pd
from frameworks.shared.callee import call_run, measure_inference_times, output_subdir, result
from frameworks.shared.utils import Timer

from espalier import AutoMLClassifier, AutoMLRegressor, __version__

log = logging.getLogger(__name__)

# What the benchmark calls its metrics; of areas under several curves, each against the others.
METRICS = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "auc_ovo": "roc_auc_ovo",
    "auc_ovr": "roc_auc",
    "balacc": "balanced_accuracy",
    "f1": "f1",
    "logloss": "log_loss",
    "mae": "mae",
    "mse": "mse",
    "pr_auc": "average_precision",
    "r2": "r2",
    "rmse": "rmse",
    "rmsle": "rmsle",
}


def run(dataset, config):
    """Return the predictions of the test rows, and how long they took."""
    log.info("\n**** Espalier [v%s] ****\n", __version__)
    if config.type not in ("classification", "regression"):
        raise ValueError(f"this adapter is for tables, not for tasks of type {config.type!r}")
    if config.metric not in METRICS:
        log.warning("metric %s is not known; the default one is optimised", config.metric)
    asked = dict(config.framework_params)
    settings = {name: value for name, value in asked.items() if not name.startswith("_")}
    classifies = config.type == "classification"
    estimator = (AutoMLClassifier if classifies else AutoMLRegressor)(
        **{
            "time_budget": config.max_runtime_seconds * asked.get("_budget_share", 1.0),
            "metric": METRICS.get(config.metric),
            "n_jobs": asked.get("_n_jobs", config.cores),
            "random_state": None if config.seed is None else int(config.seed) % 2**31,
            **settings,
        }
    )
    X, X_test = dataset.train.X, dataset.test.X
    y, truth = dataset.train.y.squeeze(), dataset.test.y.squeeze()
    with Timer() as training:
        estimator.fit(X, y)
    log.info("fitted in %s s, %s trials", training.duration, len(estimator.leaderboard_))

    def infer(data):
        rows = pd.read_parquet(data) if isinstance(data, str) else data
        return estimator.predict_proba(rows) if classifies else estimator.predict(rows)

    inference_times = {}
    if config.measure_inference_time:
        inference_times["file"] = measure_inference_times(infer, dataset.inference_subsample_files)
        inference_times["df"] = measure_inference_times(
            infer, [(1, X_test.sample(1, random_state=draw)) for draw in range(100)]
        )
    probabilities = labels = None
    with Timer() as predicting:
        if classifies:
            probabilities = estimator.predict_proba(X_test)
            labels = [str(label) for label in estimator.classes_]
            # Labels are strings in the benchmark's files, also those that look like numbers.
            predictions = np.array([str(label) for label in estimator.predict(X_test)], object)
        else:
            predictions = estimator.predict(X_test)
    _keep(estimator, config, asked.get("_save_artifacts", ()))
    return result(
        output_file=config.output_predictions_file,
        predictions=predictions,
        probabilities=probabilities,
        probabilities_labels=labels,
        truth=truth,
        target_is_encoded=False,
        models_count=len(estimator.leaderboard_),
        training_duration=training.duration,
        predict_duration=predicting.duration,
        inference_times=inference_times,
    )


def _keep(estimator, config, wanted):
    """Write what a person may want to look at afterwards."""
    folder = output_subdir("espalier", config) if wanted else ""
    if "leaderboard" in wanted:
        estimator.leaderboard_.to_csv(os.path.join(folder, "leaderboard.csv"), index=False)
    if "report" in wanted:
        estimator.report(os.path.join(folder, "report.html"))


if __name__ == "__main__":
    call_run(run)
