"""The expectations that people state for a model: kept with it in the registry.

Every revision is an MLflow run of its own that is never changed afterwards, with the suite as YAML
and a page, in an experiment of their own. The registered model has a tag that names the run of the
present one, moved under the registry's lock: two people who edit at once both have their say, and
what a training reads is always a whole suite.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from espalier.infra.registry.registry import CHAMPION, RegisteredVersion, describe_versions
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.registry.registry_pages import ABSENT
from espalier.infra.registry.suites.expectation_suite import SUITE_FILE, read_suite
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.artifacts import read_json_file, read_text_file
from espalier.infra.tracking.store import EXPECTATIONS, find_experiment, make_client
from espalier.infra.validation.suite_page import render_suite
from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.owned.suite import OwnedSuite, resolve
from espalier.pipelines.data.owned.suite_file import from_yaml, to_yaml
from espalier.pipelines.errors import EspalierError, UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient

_TAG = "espalier.expectations"
_FILE, _PAGE = "suite.yaml", "suite.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSuite:
    """The expectations that people state for a model, as they are kept.

    Attributes
    ----------
    suite : OwnedSuite
        The expectations; empty if nobody stated any.
    revision : int
        How often they were changed.
    run_id : str
        The MLflow run of this revision; empty before the first.
    actor : str
        Who changed them last.
    at_ms : int
        When, in milliseconds since 1970.
    """

    suite: OwnedSuite = field(default_factory=OwnedSuite)
    revision: int = 0
    run_id: str = ""
    actor: str = ""
    at_ms: int = 0


def read_owned(settings: Settings, model: str) -> StoredSuite:
    """Return what people state for a model; an empty suite if nobody does, or it is not there.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    EspalierError
        The suite that the model's tag names cannot be read: a table is not let through unchecked.
    """
    with store_errors(settings.mlflow_registry_uri):
        record = _tag_of(make_client(settings), model)
    if not record:
        return StoredSuite()
    run_id = str(record.get("run", ""))
    text = read_text_file(settings, run_id, _FILE) if run_id else None
    if text is None:
        raise EspalierError(
            f"the expectations that people stated for {model!r} cannot be read: {_FILE} of MLflow "
            f"run {run_id or '?'} is gone; restore the run, or state them anew with espalier "
            f"expectations {model!r} --file"
        )
    return StoredSuite(
        suite=from_yaml(text),
        revision=int(record.get("revision", 0)),
        run_id=run_id,
        actor=str(record.get("actor", "")),
        at_ms=int(record.get("at_ms", 0)),
    )


def change_owned(
    settings: Settings,
    model: str,
    change: Callable[[OwnedSuite], OwnedSuite],
    *,
    actor: str,
    anew: bool = False,
) -> StoredSuite:
    """Change what people state for a model, and return it; nothing is kept if nothing changes.

    Parameters
    ----------
    settings : Settings
        Name the stores.
    model : str
        The registered model.
    change : callable (suite) -> suite
        Makes the new suite of the present one; it is called under the registry's lock.
    actor : str
        Who changes it, for the record.
    anew : bool
        Whether the present suite does not matter, as all of it is replaced: it is not read.

    Raises
    ------
    UserError
        There is no such model.
    """
    with store_errors(settings.mlflow_registry_uri):
        client = make_client(settings)
        with RegistryLock(client, model) as lock:
            before = _before(settings, client, model, anew=anew)
            suite = change(before.suite)
            if suite == before.suite and before.run_id and not anew:
                return before
            made = StoredSuite(
                suite=suite,
                revision=before.revision + 1,
                actor=actor,
                at_ms=int(time.time() * 1000),
            )
            made = replace(made, run_id=_keep(client, settings, model, made))
            lock.check()
            record = {
                "run": made.run_id,
                "revision": made.revision,
                "actor": actor,
                "at_ms": made.at_ms,
            }
            client.set_registered_model_tag(model, _TAG, json.dumps(record))
    return made


def merged_contract(
    settings: Settings, model: str, inferred: DataContract, *, last: RegisteredVersion | None = None
) -> DataContract:
    """Return a contract with what people state for the model, with bounds as of now.

    Parameters
    ----------
    settings : Settings
        Name the stores.
    model : str
        The registered model; it need not exist.
    inferred : DataContract
        What was inferred from a table.
    last : RegisteredVersion or None
        The version whose table had the rows that shares of rows refer to; None for the champion, or
        the newest where there is none. It is looked up only where there are such shares.
    """
    suite = read_owned(settings, model).suite
    rows = None
    if suite.is_relative:
        last = last or _last(settings, model)
        rows = None if last is None else rows_of(settings, last)
    return resolve(suite.merged(inferred), rows_before=rows)


def present_contract(settings: Settings, version: RegisteredVersion) -> DataContract | None:
    """Return what is expected of a new table of a version's model, its people's wishes included.

    None if the training left no suite and nobody states anything.
    """
    left = read_suite(settings, version)
    merged = merged_contract(settings, version.name, left or DataContract(()), last=version)
    return None if left is None and not merged.expectations else merged


def rows_of(settings: Settings, version: RegisteredVersion) -> int | None:
    """Return the number of rows of a version's training table; None if it is not on record."""
    record = (
        None if version.run_id is None else read_json_file(settings, version.run_id, SUITE_FILE)
    )
    rows = (record or {}).get("n_rows")
    return None if rows is None else int(rows)


def _last(settings: Settings, model: str) -> RegisteredVersion | None:
    """Return the champion of a model, else its newest version; None if there is none."""
    versions = describe_versions(model, settings)
    return next((each for each in versions if CHAMPION in each.aliases), next(iter(versions), None))


def _before(settings: Settings, client: "MlflowClient", model: str, *, anew: bool) -> StoredSuite:
    record = _tag_of(client, model)
    if record is None:
        raise UserError(f"no model is called {model!r}; see espalier models")
    if anew:
        return StoredSuite(revision=int(record.get("revision", 0)))
    return read_owned(settings, model)


def _tag_of(client: "MlflowClient", model: str) -> dict[str, Any] | None:
    """Return the record in the model's tag, empty without one; None without such a model."""
    from mlflow.exceptions import MlflowException

    try:
        text = client.get_registered_model(model).tags.get(_TAG)
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        return None
    record = json.loads(text) if text else {}
    return record if isinstance(record, dict) else {}


def _keep(client: "MlflowClient", settings: Settings, model: str, made: StoredSuite) -> str:
    """Keep a revision as a finished MLflow run, and return its id."""
    run = client.create_run(
        find_experiment(client, settings, beside=EXPECTATIONS),
        run_name=f"{model} {made.revision}",
        tags={
            run_tags.KIND: EXPECTATIONS,
            run_tags.MODEL: model,
            "espalier.actor": made.actor,
            "espalier.revision": str(made.revision),
            "mlflow.user": made.actor,
            "mlflow.source.name": "espalier",
        },
    )
    run_id = str(run.info.run_id)
    client.log_text(run_id, to_yaml(made.suite, model), _FILE)
    client.log_text(run_id, render_suite(made.suite, model, made.revision, made.actor), _PAGE)
    client.set_terminated(run_id, status="FINISHED")
    return run_id
