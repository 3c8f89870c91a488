"""Find dead runs, whose process is gone, and end them in Prefect and MLflow.

Only runs that are certainly dead are ended: those of a process of this machine that no longer
exists, and trainings whose lock nobody has touched for ten minutes. Other runs of other machines
and of earlier containers are left to heartbeats: Prefect's
(`espalier.infra.orchestration.heartbeats`), and those in MLflow
(`espalier.infra.operations.silent_runs`).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.owner_lock import RunLock
from espalier.infra.processes.records import process_records
from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.settings import Settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.search import find_runs
from espalier.infra.tracking.store import find_experiments, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from prefect.client.orchestration import SyncPrefectClient

_LOG = logging.getLogger(__name__)

MESSAGE = "Its process was killed or its machine stopped; found by Espalier's cleaning."
# A run starts within seconds after it was given to a process.
PENDING_LIMIT = timedelta(minutes=15)
# Aliases are moved within seconds; a process that takes longer has lost the registry's lock.
DECISION_LIMIT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRuns:
    """The dead runs that were ended.

    Attributes
    ----------
    flow_runs : tuple of str
        Names of Prefect runs that were marked as crashed.
    mlflow_runs : tuple of str
        Ids of MLflow runs that were marked as killed, trials included.
    decisions : tuple of str
        Models of which an interrupted promotion or rollback was completed or withdrawn.
    """

    flow_runs: tuple[str, ...] = ()
    mlflow_runs: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()


def end_dead_runs(settings: Settings) -> EndedRuns:
    """End every run whose process is certainly gone.

    ``PREFECT_API_URL`` or the active profile names the Prefect server.
    """
    return EndedRuns(
        flow_runs=_end_flow_runs(settings),
        mlflow_runs=end_dead_mlflow_runs(settings),
        decisions=_settle_decisions(settings),
    )


def end_dead_mlflow_runs(settings: Settings) -> tuple[str, ...]:
    """End the MLflow runs of this machine whose process is gone; return their ids."""
    client = make_client(settings)
    homes = find_experiments(client, settings)
    return (*_end_trainings(client, homes), *_end_others(client, homes))


# --- Prefect ------------------------------------------------------------------------------


def _end_flow_runs(settings: Settings) -> tuple[str, ...]:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        ended = []
        for record in process_records(settings):
            if record.owner.is_dead:
                name = _crash(client, record.flow_run_id)
                if name is not None:
                    ended.append(name)
            elif record.owner.is_here or not _has_ended(client, record.flow_run_id):
                continue
            record.path.unlink(missing_ok=True)
        return tuple(ended)


def _has_ended(client: "SyncPrefectClient", flow_run_id: str) -> bool:
    from prefect.exceptions import ObjectNotFound

    try:
        state = client.read_flow_run(UUID(flow_run_id)).state
    except (ObjectNotFound, ValueError):  # of another server, or deleted
        return True
    return state is not None and state.is_final()


def _crash(client: "SyncPrefectClient", flow_run_id: str) -> str | None:
    """Mark a flow run as crashed, unless it has ended or is waiting to restart; return its name."""
    from prefect.client.schemas.objects import StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    try:
        run = client.read_flow_run(UUID(flow_run_id))
    except (ObjectNotFound, ValueError):  # of another server, or deleted
        return None
    state = run.state
    if state is None or state.is_final() or state.type == StateType.SCHEDULED:
        return None
    if state.name == "Suspended":  # its process ended on purpose
        return None
    client.set_flow_run_state(run.id, Crashed(message=MESSAGE), force=True)
    return str(run.name)


def end_orphans(tag: str, begun: datetime) -> tuple[str, ...]:
    """Mark runs as crashed that an earlier `espalier serve` had taken, but never begun.

    Runs of others are left alone: a pod may wait for its node, or a worker for its machine, as long
    as it likes.

    Parameters
    ----------
    tag : str
        The tag of the runs' owner; only one `espalier serve` of an owner runs at a time.
    begun : datetime
        When the present one began: what it has taken itself, its runner looks after.

    Returns
    -------
    tuple of str
        The names of those runs.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags={"all_": [tag]}, state={"type": {"any_": [StateType.PENDING]}}
            )
        )
        ended = []
        for run in runs:
            since = run.state.timestamp if run.state is not None else None
            if since is None or since > begun or datetime.now(UTC) - since < PENDING_LIMIT:
                continue
            message = "It was handed to a process that never began it."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
            ended.append(str(run.name))
        return tuple(ended)


# --- MLflow -------------------------------------------------------------------------------


def _end_trainings(client: "MlflowClient", homes: Sequence[str]) -> tuple[str, ...]:
    """End dead training runs, found by the lock of their run folder, and their trials."""
    ended: list[str] = []
    for run in _running(client, homes, f"tags.`{run_tags.FOLDER}` != ''"):
        if not RunLock(Path(run.data.tags[run_tags.FOLDER]) / "lock").owner_is_dead:
            continue
        ended += kill_with_trials(client, run.info.experiment_id, run.info.run_id)
    return tuple(ended)


def kill_with_trials(client: "MlflowClient", experiment: str, run_id: str) -> list[str]:
    """End a run and those of its trials that are running as killed; return their ids."""
    ended = []
    for trial in _running(client, [experiment], f"tags.`{run_tags.PARENT}` = '{run_id}'"):
        client.set_terminated(trial.info.run_id, status="KILLED")
        ended.append(trial.info.run_id)
    _kill(client, run_id)
    return [*ended, run_id]


def _end_others(client: "MlflowClient", homes: Sequence[str]) -> tuple[str, ...]:
    """End dead runs of retraining and monitoring, which name their process in a tag."""
    ended: list[str] = []
    for run in _running(client, homes, f"tags.`{run_tags.OWNER}` != ''"):
        try:
            owner = ProcessIdentity.parse(json.loads(run.data.tags[run_tags.OWNER]))
        except ValueError:
            continue
        if owner is not None and owner.is_dead:
            client.set_tag(run.info.run_id, run_tags.OUTCOME, "failed")
            _kill(client, run.info.run_id)
            ended.append(run.info.run_id)
    return tuple(ended)


def _kill(client: "MlflowClient", run_id: str) -> None:
    client.set_tag(run_id, "error", MESSAGE)
    client.set_terminated(run_id, status="KILLED")


def _settle_decisions(settings: Settings) -> tuple[str, ...]:
    """Complete or withdraw interrupted decisions, as the next promotion would do."""
    models = DecisionLog(settings).unfinished_models(datetime.now(UTC) - DECISION_LIMIT)
    for model in models:
        AliasKeeper(settings, model).notice()
    return models


def _running(client: "MlflowClient", homes: Sequence[str], condition: str) -> "list[Run]":
    running = f"attributes.status = 'RUNNING' and {condition}"
    return list(find_runs(client, homes, running))
