"""The decision log: each decision is an MLflow run of its own, never changed afterwards.

A run holds the figures as metrics, searchable facts as tags, and the whole decision as
``decision.json`` and, for display, ``decision.md``. It is started before the aliases are moved and
finished afterwards, so that a decision interrupted by a killed process can be found and completed.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs, quoted
from espalier.infra.tracking.store import (
    DECISIONS,
    experiment_name,
    find_experiment,
    make_client,
)
from espalier.infra.tracking.trial_runs import finite_metrics, plain_text
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_RECORD = "espalier.decision_record"
_SEQUENCE = "espalier.sequence"
# MLflow's stores take tags of 5000 characters (8000 in newer ones).
_LONGEST = 4800
# Characters that a metric's name must not contain.
_UNNAMEABLE = re.compile(r"[^\w.\-/ ]", re.ASCII)


class DecisionLog:
    """The decisions about the models of one registry.

    Parameters
    ----------
    settings : Settings
        Name the store; the experiment is the setting's name followed by `` decisions``.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: MlflowClient | None = None

    @property
    def client(self) -> "MlflowClient":
        """The MLflow client of the store."""
        if self._client is None:
            self._client = make_client(self._settings)
        return self._client

    def open(self, decision: Decision, markdown: str, *, sequence: int) -> Decision:
        """Log a decision that is about to be carried out, and return it as logged.

        Parameters
        ----------
        decision : Decision
            The decision, without its sequence number.
        markdown : str
            The decision as text for display.
        sequence : int
            Its number in the log; the caller counts and must hold the model's lock.
        """
        placed = replace(decision, at_ms=int(time.time() * 1000), sequence=sequence)
        with store_errors(self._settings.mlflow_uri):
            client = self.client
            run = client.create_run(
                find_experiment(client, self._settings, beside=DECISIONS),
                run_name=f"{placed.model} {placed.sequence}: {placed.kind}",
                start_time=placed.at_ms,
                tags=_tags(placed),
            )
            run_id = str(run.info.run_id)
            named = {
                _UNNAMEABLE.sub("_", key)[:250]: value for key, value in placed.numbers.items()
            }
            metrics = finite_metrics(named, step=0, at_ms=placed.at_ms)
            if metrics:
                client.log_batch(run_id, metrics=metrics)
            placed = replace(placed, run_id=run_id)
            client.log_dict(run_id, _as_json(placed), "decision.json")
            client.log_text(run_id, markdown, "decision.md")
        return placed

    def finish(self, decision: Decision) -> None:
        """Mark a decision as carried out."""
        with store_errors(self._settings.mlflow_uri):
            self.client.set_terminated(decision.run_id, status="FINISHED")

    def withdraw(self, decision: Decision) -> None:
        """Mark a decision as not carried out: it stays in the log, but has no effect."""
        with store_errors(self._settings.mlflow_uri):
            self.client.set_terminated(decision.run_id, status="FAILED")

    def read(self, model: str) -> tuple[Decision, ...]:
        """Return the decisions about a model that were carried out, in order."""
        return self._found(model, "FINISHED")

    def unfinished(self, model: str) -> tuple[Decision, ...]:
        """Return the decisions about a model that were started but not finished, in order."""
        return self._found(model, "RUNNING")

    def unfinished_models(self, before: datetime) -> tuple[str, ...]:
        """Return the models with an unfinished decision that was started before a given time."""
        limit = before.timestamp() * 1000
        begun = [run for run in self._runs("RUNNING") if run.info.start_time < limit]
        named = (run.data.tags.get(run_tags.MODEL) for run in begun)
        return tuple(sorted({name for name in named if name}))

    def _found(self, model: str, status: str) -> tuple[Decision, ...]:
        runs = self._runs(status, model)
        found = [_decision(run) for run in runs if run.data.tags.get(run_tags.MODEL) == model]
        return tuple(sorted(found, key=lambda each: (each.sequence, each.at_ms)))

    def _runs(self, status: str, model: str | None = None) -> "list[Run]":
        """Return the runs of the log with that status, of one model or of all.

        The store selects the model's: a log of a fleet would be read whole otherwise, under the
        lock of a single model. A name that MLflow's filters cannot express is selected by the
        caller.
        """
        value = None if model is None else quoted(model)
        condition = f"attributes.status = '{status}'"
        if value is not None:
            condition += f" and tags.`{run_tags.MODEL}` = {value}"
        with store_errors(self._settings.mlflow_uri):
            client = self.client
            name = experiment_name(self._settings, beside=DECISIONS)
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                return []
            return list(find_runs(client, [experiment.experiment_id], condition))


def _tags(decision: Decision) -> dict[str, str]:
    """Return the tags of a decision: searchable facts, and the decision itself."""
    tags = {
        run_tags.MODEL: decision.model,
        _SEQUENCE: str(decision.sequence),
        "espalier.decision": str(decision.kind),
        "espalier.actor": decision.actor,
        "espalier.reason": " ".join(decision.reasons),
        "espalier.version": decision.version,
        "espalier.champion_before": decision.champion_before,
        "espalier.champion_after": decision.champion_after,
    }
    kept = {key: plain_text(value, _LONGEST) for key, value in tags.items() if value is not None}
    return kept | {_RECORD: _short(decision)}


def _short(decision: Decision) -> str:
    """Return the decision as JSON that fits into a tag: without slices, with shortened reasons."""
    numbers = {key: value for key, value in decision.numbers.items() if "slice" not in key}
    record = _as_json(replace(decision, numbers=numbers))
    if len(json.dumps(record)) > _LONGEST:
        record["reasons"] = [plain_text(reason, 300) for reason in decision.reasons[:8]]
    if len(json.dumps(record)) > _LONGEST:
        record |= {"policy": {}, "fingerprints": {}}
    return json.dumps(record)


def _as_json(decision: Decision) -> dict[str, Any]:
    record = asdict(decision)
    record["kind"] = str(decision.kind)
    # JSON has no infinity.
    record["numbers"] = {
        key: float(value)
        for key, value in decision.numbers.items()
        if abs(float(value)) < float("inf")
    }
    return record


def _decision(run: Any) -> Decision:
    record: Mapping[str, Any] = json.loads(run.data.tags[_RECORD])
    values = dict(record) | {"kind": DecisionKind(record["kind"]), "run_id": run.info.run_id}
    values["reasons"] = tuple(record["reasons"])
    return Decision(**values)
