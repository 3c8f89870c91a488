"""Convert a trial's result to a nested MLflow run.

Parameters, metrics and tags are for display. Programs read the tag `run_tags.RESULT`, which holds
the complete result as JSON: parameters are text without types, and reading the fold scores from a
metric's history would take a call for every run.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from espalier.infra.tracking import tags as run_tags
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

# MLflow's stores take tags of 5000 characters (8000 in newer ones).
LONGEST_TAG = 5000


@dataclass(frozen=True, slots=True)
class LoggedTrial:
    """A trial's result in MLflow's terms.

    Attributes
    ----------
    result : TrialResult
        The result to log.
    """

    result: TrialResult

    @property
    def tags(self) -> dict[str, str]:
        """Tags for searching and for lists."""
        trial = self.result.trial
        tags = {
            run_tags.TRIAL: str(trial.number),
            "espalier.family": trial.configuration.family,
            "espalier.status": str(self.result.status),
            "espalier.origin": trial.origin,
            **({} if trial.variant is None else {run_tags.VARIANT: trial.variant.label}),
            "espalier.configuration": trial.configuration.digest,
            "espalier.worker": self.result.worker,
        }
        if self.result.error:
            tags["error"] = self.result.error
        texts = {key: plain_text(value, LONGEST_TAG) for key, value in tags.items()}
        # Without the error message, which may quote cells and has a tag of its own.
        kind = self.result.error.split(":", 1)[0] if self.result.error else None
        record = json.dumps(replace(self.result, error=kind).to_dict(), separators=(",", ":"))
        return texts | ({run_tags.RESULT: record} if len(record) <= LONGEST_TAG else {})

    @property
    def params(self) -> dict[str, str]:
        """The configuration as MLflow parameters."""
        trial = self.result.trial
        values: dict[str, Any] = {"family": trial.configuration.family, "seed": trial.seed}
        if trial.seconds_limit is not None:
            values["seconds_limit"] = trial.seconds_limit
        return {
            key: plain_text(value, 6000)
            for key, value in (values | dict(trial.configuration)).items()
        }

    def metrics(self, at_ms: int) -> "list[Metric]":
        """Score and costs as MLflow metrics; the fold scores are the steps of one metric."""
        result = self.result
        single = {
            "score": result.score,
            "score_std": result.score_std,
            "seconds": result.seconds,
            "fit_seconds": result.fit_seconds,
            "predict_ms_per_row": result.predict_ms_per_row,
            "size_mb": result.size_mb,
            "row_ms": result.row_ms,
            "parameters": result.parameters,
            "operations": result.operations,
            "memory_mb": result.memory_mb,
            "expected_gain": result.trial.expected_gain,
        }
        entries = finite_metrics(single, step=0, at_ms=at_ms)
        for fold, score in enumerate(result.fold_scores):
            entries += finite_metrics({"fold_score": score}, step=fold, at_ms=at_ms)
        for fold, rounds in enumerate(result.iterations):
            entries += finite_metrics({"iterations": rounds}, step=fold, at_ms=at_ms)
        return entries

    def write(self, client: "MlflowClient", *, experiment_id: str, parent_run_id: str) -> str:
        """Log the trial in three calls and return the id of its run."""
        from mlflow.entities import Param

        end_ms = int(time.time() * 1000)
        trial = self.result.trial
        run = client.create_run(
            experiment_id,
            start_time=end_ms - int(self.result.seconds * 1000),
            run_name=f"trial {trial.number:04d} {trial.configuration.family}",
            tags=self.tags | {run_tags.PARENT: parent_run_id},
        )
        client.log_batch(
            run.info.run_id,
            metrics=self.metrics(end_ms),
            params=[Param(key, value) for key, value in self.params.items()],
        )
        ended_well = self.result.status in (TrialStatus.SUCCESS, TrialStatus.PRUNED)
        client.set_terminated(
            run.info.run_id, status="FINISHED" if ended_well else "FAILED", end_time=end_ms
        )
        return str(run.info.run_id)


def finite_metrics(values: Mapping[str, float | None], *, step: int, at_ms: int) -> "list[Metric]":
    """Return MLflow metrics of the finite values among ``values``."""
    from mlflow.entities import Metric

    return [
        Metric(key, float(value), at_ms, step)
        for key, value in values.items()
        if value is not None and math.isfinite(value)
    ]


def plain_text(value: Any, limit: int) -> str:
    """Return ``value`` as text of at most ``limit`` characters, as MLflow accepts it."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
