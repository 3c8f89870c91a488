"""What a training asks of the registry when it is one of many: calls, statements and seconds.

    python benchmarks/fleet.py --models 200 --versions 52 [--stores sqlite,postgresql]

Two registries are filled, one of two models with eight versions and one of the size asked for:
every version has a finished MLflow run with its tags, and every model a decision for each version.
Rows are put into MLflow's tables directly; through its API they would take hours. Then the work
that one training does besides the search is done in each:

    extend     find the run to go on from
    register   log a (small, real) model and register it
    promote    look the versions up, compare nothing, and carry out a decision
    tidy       find old run folders, and versions that the settings do not keep

and what a person or a schedule asks for: `list` (`espalier models`) and `champions` (what
`espalier check` looks at). A call is one of MLflow's client, a page of a search included;
statements are those that reach the database. PostgreSQL is used where its programs are. The last
line is JSON.
"""

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from espalier.infra.operations.cleaning import clean_run_folders
from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.model_runs import run_to_extend
from espalier.infra.registry.registry import list_models, register_version, resolve
from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.store import find_experiment, make_client
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind

SCRIPT = Path(__file__).resolve().parents[1] / "infra" / "deploy" / "postgres.sh"
KEPT_FOLDERS = 5
WEEK_MS = 7 * 86_400_000
# What every command asks once, however large the store is.
PROBES = ("search_experiments", "get_experiment_by_name")

Figures = dict[str, dict[str, float]]


# --- a registry of many models ------------------------------------------------------------------


def name_of(model: int) -> str:
    """Return the name of a model."""
    return f"model {model:04d}"


def decision(model: str, version: int, sequence: int) -> Decision:
    """Return the decision to keep the first version as champion."""
    return Decision(
        kind=DecisionKind.KEPT,
        model=model,
        version=version,
        champion_before=1,
        champion_after=1,
        previous_after=None,
        actor="benchmark",
        reasons=("It was no better.",),
        sequence=sequence,
    )


def fill(settings: Settings, n_models: int, n_versions: int) -> None:
    """Fill the registry, the runs and the decision log."""
    import sqlalchemy as sa
    from mlflow.store.model_registry.dbmodels import models as registry
    from mlflow.store.tracking.dbmodels import models as tracking

    client, log = make_client(settings), DecisionLog(settings)
    log.finish(log.open(decision("probe", 1, 1), "probe", sequence=1))
    experiment = int(find_experiment(client, settings))
    decided = client.get_experiment_by_name(f"{settings.experiment} decisions")
    probe = client.search_runs([decided.experiment_id])[0].data.tags
    now = int(time.time() * 1000)
    rows: dict[Any, list[dict[str, Any]]] = {}

    def run(key: str, experiment_id: int, at: int, tags: Mapping[str, str]) -> None:
        rows.setdefault(tracking.SqlRun, []).append(
            {
                "run_uuid": key,
                "name": key,
                "source_type": "UNKNOWN",
                "user_id": "benchmark",
                "status": "FINISHED",
                "start_time": at,
                "end_time": at,
                "lifecycle_stage": "active",
                "artifact_uri": f"file:///nowhere/{key}",
                "experiment_id": experiment_id,
            }
        )
        rows.setdefault(tracking.SqlTag, []).extend(
            {"key": name, "value": value, "run_uuid": key} for name, value in tags.items()
        )

    for model in range(n_models):
        name = name_of(model)
        rows.setdefault(registry.SqlRegisteredModel, []).append(
            {"name": name, "creation_time": now, "last_updated_time": now}
        )
        for version in range(1, n_versions + 1):
            at = now - (n_versions - version) * WEEK_MS
            key = f"{model:016x}{version:016x}"
            facts = {run_tags.MODEL: name, run_tags.FINGERPRINT: "f" * 16}
            if model == 0:
                facts[run_tags.FOLDER] = str(settings.runs_folder / f"{version:016x}")
            run(key, experiment, at, facts)
            rows.setdefault(registry.SqlModelVersion, []).append(
                {
                    "name": name,
                    "version": version,
                    "creation_time": at,
                    "last_updated_time": at,
                    "current_stage": "None",
                    "source": f"file:///nowhere/{key}",
                    "run_id": key,
                    "status": "READY",
                }
            )
            rows.setdefault(registry.SqlModelVersionTag, []).extend(
                {"name": name, "version": version, "key": tag, "value": "0.5"}
                for tag in ("holdout_score", "metric", "fingerprint")
            )
            record = json.loads(probe["espalier.decision_record"])
            record |= {"model": name, "version": version, "sequence": version}
            tags = probe | {run_tags.MODEL: name, "espalier.decision_record": json.dumps(record)}
            run(f"d{key[1:]}", int(decided.experiment_id), at, tags)
        aliases = {"champion": 1, "challenger": n_versions}
        rows.setdefault(registry.SqlRegisteredModelAlias, []).extend(
            {"name": name, "alias": alias, "version": at} for alias, at in aliases.items()
        )
    engine = sa.create_engine(settings.mlflow_uri)
    with engine.begin() as connection:
        for table, records in rows.items():
            for start in range(0, len(records), 5000):
                connection.execute(sa.insert(table.__table__), records[start : start + 5000])
    engine.dispose()


def run_folders(settings: Settings, n_versions: int) -> None:
    """Make the folders of the newest runs of the first model, one more than are kept."""
    for version in range(max(1, n_versions - KEPT_FOLDERS), n_versions + 1):
        store = RunStore(settings.runs_folder / f"{version:016x}")
        store.note(MLFLOW_RUN, f"{0:016x}{version:016x}")
        store.mark_finished({"model": name_of(0)})


# --- the work -----------------------------------------------------------------------------------


@contextmanager
def counted() -> Iterator[dict[str, float]]:
    """Count calls of MLflow's client and statements of its stores, and take the time."""
    import sqlalchemy as sa
    from mlflow import MlflowClient

    counts = {"calls": 0.0, "statements": 0.0, "seconds": 0.0}

    def counting(name: str) -> Callable[..., Any]:
        method = getattr(MlflowClient, name)

        @wraps(method)
        def call(*args: Any, **options: Any) -> Any:
            counts["calls"] += 1
            return method(*args, **options)

        return call

    def executed(*_: Any) -> None:
        counts["statements"] += 1

    names = [
        name
        for name, value in vars(MlflowClient).items()
        if not name.startswith("_") and callable(value) and name not in PROBES
    ]
    sa.event.listen(sa.Engine, "after_cursor_execute", executed)
    started = time.perf_counter()
    try:
        with patch.multiple(MlflowClient, **{name: counting(name) for name in names}):
            yield counts
    finally:
        counts["seconds"] = round(time.perf_counter() - started, 3)
        sa.event.remove(sa.Engine, "after_cursor_execute", executed)


def measure(settings: Settings, folder: Path, rows: pd.DataFrame) -> Figures:
    """Do the work of one training of the first model, part by part."""
    name = name_of(0)
    figures: Figures = {}

    def register() -> None:
        tracking = Tracking(settings)
        run_id = tracking.start_run(name, tags={run_tags.MODEL: name})
        register_version(tracking, name=name, run_id=run_id, folder=folder, example=rows)

    def promote() -> None:
        resolve(name, settings)
        keeper = AliasKeeper(settings, name)
        keeper.notice()
        keeper.pile()
        keeper.carry_out(decision(name, 2, 0), "kept")

    def tidy() -> None:
        clean_run_folders(settings, keep=KEPT_FOLDERS, dry_run=True)
        try:
            from espalier.infra.operations.registry_retention import KeepRules, find_superfluous
        except ImportError:  # an earlier Espalier, for comparison
            return
        find_superfluous(settings, KeepRules(versions=1000, days=1000.0), model=name)

    def champions() -> None:
        found = [each for each in list_models(settings) if "champion" in each.aliases]
        assert found

    parts: Sequence[tuple[str, Callable[[], object]]] = (
        ("extend", lambda: run_to_extend(name, settings)),
        ("register", register),
        ("promote", promote),
        ("tidy", tidy),
        ("list", lambda: list_models(settings)),
        ("champions", champions),
    )
    for part, work in parts:
        with counted() as counts:
            work()
        figures[part] = counts
    return figures


def saved_model(folder: Path) -> tuple[Path, pd.DataFrame]:
    """Fit a small model and save it; return its folder and a few rows."""
    from espalier.pipelines.automl.estimators import AutoMLRegressor
    from espalier.pipelines.serving.saved_model import save_model

    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    estimator = AutoMLRegressor(time_budget=None, n_trials=1, families=["linear"], random_state=0)
    model = estimator.fit(table, table["a"] * 2).model_
    return save_model(model, folder, golden=table.head(3)), table.head(5)


@contextmanager
def store_of(kind: str) -> Iterator[str | None]:
    """Yield the address of a new store; None for the own sqlite."""
    if kind == "sqlite":
        yield None
        return
    started = subprocess.run([str(SCRIPT), "start"], capture_output=True, text=True, check=True)
    variables = dict(re.findall(r"export (\w+)=(\S+)", started.stdout))
    try:
        yield variables["MLFLOW_TRACKING_URI"]
    finally:
        subprocess.run([str(SCRIPT), "stop", variables["POSTGRES_FOLDER"]], check=True)


def main() -> None:
    """Measure both sizes in every store, print a table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--versions", type=int, default=52)
    parser.add_argument("--stores", default="sqlite,postgresql")
    options = parser.parse_args()
    sizes = {"small": (2, 8), "fleet": (options.models, options.versions)}
    result: dict[str, Any] = {"models": options.models, "versions": options.versions}
    with tempfile.TemporaryDirectory(prefix="espalier-fleet-") as scratch:
        folder, rows = saved_model(Path(scratch) / "model")
        for kind in options.stores.split(","):
            for label, size in sizes.items():
                try:
                    with store_of(kind) as uri:
                        home = Path(scratch) / f"{kind}-{label}"
                        settings = Settings(home=home, tracking_uri=uri, registry_uri=None)
                        fill(settings, *size)
                        run_folders(settings, size[1])
                        result[f"{kind} {label}"] = measure(settings, folder, rows)
                except (subprocess.CalledProcessError, FileNotFoundError) as error:
                    print(f"{kind} is left out: {error}")
                    break
    print(f"{'store':<18}{'part':<12}{'calls':>8}{'statements':>12}{'seconds':>10}")
    for label, figures in result.items():
        if isinstance(figures, dict):
            for part, counts in figures.items():
                print(
                    f"{label:<18}{part:<12}{counts['calls']:>8.0f}{counts['statements']:>12.0f}"
                    f"{counts['seconds']:>10.3f}"
                )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
