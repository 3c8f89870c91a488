"""Remove raw rows, and quotations of cells, from the artifacts of MLflow runs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.artifacts import (
    EXAMPLES_FILE,
    EXPLANATION_FILE,
    REPORT_FILE,
    REPORT_TEXT_FILE,
    ROWS_BEGIN,
    ROWS_END,
    read_json_file,
    read_text_file,
)
from espalier.infra.tracking.store import make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

ROWS = ("rows", "reference", EXAMPLES_FILE)
"""Artifacts with raw rows, or what is told of single rows: hold-out, keys, sample for drift, and
the page of examples, which shows pictures and texts."""

QUOTING = (
    "validation/validation.html",
    "validation/champion_suite.html",
    "validation/champion_suite.json",
    "drift.json",
    "gate.json",
    "monitor.json",
)
"""Artifacts that may quote cells, such as a category that was never seen before."""

SUITE = "validation/validation.json"


def remove_artifacts(
    client: "MlflowClient", settings: Settings, run_id: str, names: Sequence[str]
) -> tuple[str, ...]:
    """Remove artifacts of a run, and return the names of those that were there.

    Parameters
    ----------
    client : MlflowClient
        Of the tracking store.
    settings : Settings
        Name the store, for messages.
    run_id : str
        The run.
    names : sequence of str
        Files and folders of its artifacts.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    with store_errors(settings.mlflow_uri):
        there = _there(client, run_id, names)
        if there:
            place = client.get_run(run_id).info.artifact_uri
            repository = get_artifact_repository(place, tracking_uri=settings.mlflow_uri)
            for name in there:
                repository.delete_artifacts(name)
    return there


def remove_rows(settings: Settings, run_id: str) -> tuple[str, ...]:
    """Remove the raw rows of a training run, and mark it; return what was there.

    The report stays, without what it tells of single rows.
    """
    client = make_client(settings)
    removed = remove_artifacts(client, settings, run_id, ROWS)
    _cut_single_rows(client, settings, run_id)
    with store_errors(settings.mlflow_uri):
        client.set_tag(run_id, run_tags.ROWS, f"removed {datetime.now(UTC):%Y-%m-%d}")
    return removed


def forget_quotations(settings: Settings, run_id: str) -> tuple[str, ...]:
    """Remove what quotes cells from a run's artifacts; return what was there.

    The suite of expectations stays, because retrainings and predictions are checked against it, but
    not what was observed when it was made.
    """
    client = make_client(settings)
    removed = remove_artifacts(client, settings, run_id, QUOTING)
    suite = read_json_file(settings, run_id, SUITE)
    told = [each for each in (suite or {}).get("expectations", ()) if each.get("observed")]
    if not told:
        return removed
    for each in told:
        each["observed"] = ""
    with store_errors(settings.mlflow_uri):
        client.log_text(run_id, json.dumps(suite, indent=1, ensure_ascii=False), SUITE)
    return (*removed, SUITE)


def _cut_single_rows(client: "MlflowClient", settings: Settings, run_id: str) -> None:
    """Cut what names single rows out of a run's reports and explanation."""
    for file in (REPORT_FILE, REPORT_TEXT_FILE):
        page = read_text_file(settings, run_id, file)
        if page is not None and ROWS_BEGIN in page:
            with store_errors(settings.mlflow_uri):
                client.log_text(run_id, _without_rows(page), file)
    explained = read_json_file(settings, run_id, EXPLANATION_FILE)
    if explained is not None and explained.get("worst"):
        text = json.dumps({**explained, "worst": []}, indent=1, ensure_ascii=False)
        with store_errors(settings.mlflow_uri):
            client.log_text(run_id, text, EXPLANATION_FILE)


def _without_rows(page: str) -> str:
    """Return a page without the parts between the marks, however many there are."""
    kept, *parts = page.split(ROWS_BEGIN)
    return kept + "".join(part.partition(ROWS_END)[2] for part in parts)


def _there(client: "MlflowClient", run_id: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return which of the artifacts a run has."""
    folders = {name.rpartition("/")[0] for name in names}
    found = {
        entry.path for folder in folders for entry in client.list_artifacts(run_id, folder or None)
    }
    return tuple(name for name in names if name in found)
