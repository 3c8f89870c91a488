"""What is known of how a model does: its monitoring runs, and what is planned for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from espalier.flows.studio.models.prefect_server import prefect_address
from espalier.infra.network.ports import ask_json
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.artifacts import read_json_file
from espalier.infra.tracking.search import find_runs, quoted
from espalier.infra.tracking.store import find_experiment, make_client

MOST_RUNS = 20
_SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringRun:
    """One run of `espalier monitor`: a version on recent rows.

    Attributes
    ----------
    run_id : str
        Its MLflow run.
    version : str
        The version that was checked.
    at : float
        Seconds since 1970.
    outcome : str
        ``healthy``, ``retrain`` or ``unknown``; empty where it failed.
    live_score, holdout_score, largest_drift : float or None
        Score on the recent rows and on the hold-out, and the largest stability index of a column.
    n_rows : int
        Rows that were checked.
    """

    run_id: str
    version: str
    at: float
    outcome: str
    live_score: float | None
    holdout_score: float | None
    largest_drift: float | None
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Something that a schedule does.

    Attributes
    ----------
    flow, name : str
        The flow, and the deployment: the model where it is about one.
    cron : str
        When.
    is_paused : bool
        Whether a person has paused it.
    """

    flow: str
    name: str
    cron: str
    is_paused: bool


def monitoring_runs_of(name: str, settings: Settings) -> tuple[MonitoringRun, ...]:
    """Return the monitoring runs of a model, the newest first."""
    value = quoted(name)
    if value is None:
        return ()
    condition = f"tags.`{run_tags.KIND}` = 'monitor' and tags.`{run_tags.MODEL}` = {value}"
    found = []
    with store_errors(settings.mlflow_uri):
        client = make_client(settings)
        place = find_experiment(client, settings, name)
        for run in find_runs(client, [place], condition, order_by=["attributes.start_time DESC"]):
            found.append(_monitoring_run(run))
            if len(found) == MOST_RUNS:
                break
    return tuple(found)


def monitoring_report(run_id: str, settings: Settings) -> Mapping[str, Any] | None:
    """Return the whole report of a monitoring run; None if it left none."""
    report = read_json_file(settings, run_id, "monitor.json")
    return report if isinstance(report, Mapping) else None


def planned_for(version: RegisteredVersion, settings: Settings) -> tuple[Planned, ...] | None:
    """Return the schedules about a model; None where no `espalier serve` can be asked."""
    url = prefect_address(settings)
    if url is None:
        return None
    wanted = {"deployments": {"tags": {"all_": [_SCHEDULED]}}}
    try:
        found = ask_json(f"{url}/deployments/filter", wanted)
    except (OSError, ValueError):
        return None
    return tuple(
        Planned(
            flow=next((tag for tag in each["tags"] if tag in ("training", "lifecycle")), "flow"),
            name=str(each["name"]),
            cron=", ".join(
                str(made["schedule"].get("cron", "")) for made in each.get("schedules", ())
            ),
            is_paused=bool(each.get("paused")),
        )
        for each in found
        if version.name in each["tags"]
    )


def _monitoring_run(run: Any) -> MonitoringRun:
    tags, metrics = run.data.tags, run.data.metrics
    return MonitoringRun(
        run_id=str(run.info.run_id),
        version=tags.get("espalier.version", ""),
        at=run.info.start_time / 1000,
        outcome=tags.get(run_tags.OUTCOME, ""),
        live_score=metrics.get("live_score"),
        holdout_score=metrics.get("holdout_score"),
        largest_drift=metrics.get("drift_largest_index"),
        n_rows=int(metrics.get("n_rows", 0)),
    )
