"""Figures of all models and runs of an installation, by a constant number of calls."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espalier.infra.registry.registry import CHALLENGER, CHAMPION, RegisteredVersion, list_models
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.store import find_experiments, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

STATES = (
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "PAUSED",
    "CANCELLING",
    "COMPLETED",
    "FAILED",
    "CRASHED",
    "CANCELLED",
)
"""Types of the states of Prefect's runs."""

# One page of MLflow: of 200 models that are monitored daily, the last five days.
_MOST_RUNS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoredFigures:
    """What the newest monitoring run of a model has found.

    Attributes
    ----------
    outcome : str
        ``healthy``, ``retrain`` or ``unknown``.
    at : float
        When it began, in seconds since 1970.
    drift : float or None
        The largest population stability index of a column.
    drifted_columns : float or None
        Number of columns beyond the limit.
    score, score_drop : float or None
        Live score, and by how much it is worse than on the hold-out; None without labels.
    """

    outcome: str
    at: float
    drift: float | None = None
    drifted_columns: float | None = None
    score: float | None = None
    score_drop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """A registered model.

    Attributes
    ----------
    name : str
        Its name.
    n_versions : int
        Number of its versions.
    champion : int or None
        Version that serves; None if none does.
    champion_at : float
        When it was registered, in seconds since 1970; 0 without one.
    challenger_waits : bool
        Whether a newer version waits for a decision.
    trained_at : float
        When its newest version was registered, in seconds since 1970.
    monitored : MonitoredFigures or None
        What monitoring has found; None if it never ran.
    """

    name: str
    n_versions: int
    champion: int | None
    champion_at: float
    challenger_waits: bool
    trained_at: float
    monitored: MonitoredFigures | None = None


def model_figures(settings: Settings) -> tuple[ModelFigures, ...]:
    """Return the figures of every model, by name.

    The registry is asked for its models and versions, the tracking store for the newest monitoring
    runs: the number of calls does not grow with the number of models.

    Raises
    ------
    UserError
        A store cannot be reached.
    """
    by_name: dict[str, list[RegisteredVersion]] = {}
    for version in list_models(settings):
        by_name.setdefault(version.name, []).append(version)
    with store_errors(settings.mlflow_uri):
        client = make_client(settings)
        monitored = _monitored(client, find_experiments(client, settings))
    return tuple(
        _of_model(name, versions, monitored.get(name)) for name, versions in sorted(by_name.items())
    )


def trial_figures(settings: Settings) -> dict[str, int]:
    """Return how many of the newest thousand trials ended in which status of MLflow."""
    with store_errors(settings.mlflow_uri):
        client = make_client(settings)
        homes = find_experiments(client, settings)
        found = _newest(client, homes, f"tags.`{run_tags.TRIAL}` != ''")
    counts: dict[str, int] = {}
    for run in found:
        counts[run.info.status] = counts.get(run.info.status, 0) + 1
    return counts


def run_figures(owner_tag: str) -> dict[str, int]:
    """Return how many flow runs of an owner are in which type of state."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter

    with get_client(sync_client=True) as client:
        return {
            state: client.count_flow_runs(
                flow_run_filter=FlowRunFilter.model_validate(
                    {"tags": {"all_": [owner_tag]}, "state": {"type": {"any_": [state]}}}
                )
            )
            for state in STATES
        }


def _of_model(
    name: str, versions: list[RegisteredVersion], monitored: MonitoredFigures | None
) -> ModelFigures:
    champion = next((each for each in versions if CHAMPION in each.aliases), None)
    return ModelFigures(
        name=name,
        n_versions=len(versions),
        champion=None if champion is None else champion.version,
        champion_at=0.0 if champion is None else champion.created_ms / 1000,
        challenger_waits=any(CHALLENGER in each.aliases for each in versions),
        trained_at=max(each.created_ms for each in versions) / 1000,
        monitored=monitored,
    )


def _monitored(client: "MlflowClient", homes: list[str]) -> dict[str, MonitoredFigures]:
    condition = f"tags.`{run_tags.KIND}` = 'monitor' and attributes.status = 'FINISHED'"
    found: dict[str, MonitoredFigures] = {}
    for run in _newest(client, homes, condition):
        figures, tags = run.data.metrics, run.data.tags
        found.setdefault(
            tags.get(run_tags.MODEL, ""),
            MonitoredFigures(
                outcome=tags.get(run_tags.OUTCOME, "unknown"),
                at=(run.info.start_time or int(time.time() * 1000)) / 1000,
                drift=figures.get("drift_largest_index"),
                drifted_columns=figures.get("drift_columns"),
                score=figures.get("live_score"),
                score_drop=figures.get("score_drop"),
            ),
        )
    return found


def _newest(client: "MlflowClient", homes: list[str], condition: str) -> "list[Run]":
    return list(
        client.search_runs(
            homes,
            filter_string=condition,
            order_by=["attributes.start_time DESC"],
            max_results=_MOST_RUNS,
        )
    )
