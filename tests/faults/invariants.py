"""What must hold when a training has ended, whatever happened on the way."""

import json
import sqlite3
import time
from collections import Counter

import psutil
from mlflow import MlflowClient
from mlflow.entities import ViewType

PATIENCE = 300.0


def logs_of(home):
    """Return the trial logs below a home folder."""
    return sorted(home.glob("runs/*/trials.jsonl"))


def n_lines(home):
    """Return how many whole lines the trial logs have."""
    return sum(log.read_bytes().count(b"\n") for log in logs_of(home))


def wait_until(what, process, *, is_true):
    """Wait until something is true while ``process`` runs; fail when it ends before."""
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert process.poll() is None, (what, process.communicate())
        assert time.monotonic() < end, what
        time.sleep(0.02)


def check_trials(home, *, n_trials, n_runs=1):
    """Every run has each of its trials once, and nobody holds it."""
    logs = logs_of(home)
    assert len(logs) == n_runs
    for log in logs:
        assert (log.parent / "finished.json").exists()
        assert not (log.parent / "lock").exists()
        numbers = []
        for line in log.read_text().splitlines():
            try:
                numbers.append(json.loads(line)["trial"]["number"])
            except ValueError:
                continue  # a line that a kill tore
        assert sorted(numbers) == list(range(n_trials)), "a trial is missing or was run twice"


def check_mlflow(uri, *, n_trials, n_models=1, n_failed=0):
    """One finished run a training and one a trial, none twice; a version and a model each."""
    client = MlflowClient(uri, registry_uri=uri)
    experiment = client.get_experiment_by_name("espalier").experiment_id
    runs = client.search_runs([experiment], run_view_type=ViewType.ACTIVE_ONLY, max_results=5000)
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert {run.info.status for run in parents} == {"FINISHED"}
    failed = [run for run in runs if run.info.status != "FINISHED"]
    assert {run.info.status for run in failed} <= {"FAILED"}
    assert len(failed) <= n_failed
    assert len(parents) == n_models
    known = {run.info.run_id for run in parents}
    found = Counter(
        (run.data.tags["mlflow.parentRunId"], int(run.data.tags["espalier.trial"]))
        for run in runs
        if "mlflow.parentRunId" in run.data.tags
    )
    assert set(found.values()) == {1}, "a trial is in MLflow twice"
    assert set(found) == {(parent, number) for parent in known for number in range(n_trials)}
    versions = [
        version
        for model in client.search_registered_models()
        for version in client.search_model_versions(f"name='{model.name}'")
    ]
    assert sorted(version.run_id for version in versions) == sorted(known)
    models = client.search_logged_models(experiment_ids=[experiment])
    assert len(models) == n_models, "a model was logged twice"
    assert {str(model.status) for model in models} == {"READY"}


def check_prefect(database, *, ends):
    """No flow run is shown as running; they ended like this."""
    with sqlite3.connect(database) as connection:
        states = [kind for (kind,) in connection.execute("select state_type from flow_run")]
    assert sorted(states) == sorted(ends)


def check_processes(home):
    """Nothing that worked for this home is left, after a moment."""
    end = time.monotonic() + 60
    while (left := _processes_of(home)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not left, [process.cmdline() for process in left]


def _processes_of(home):
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ESPALIER_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found
