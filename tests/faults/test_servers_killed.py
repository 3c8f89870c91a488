"""A server is killed: the run goes on when it is back, or ends with a clear error and continues."""

import json
import os
import subprocess
import sys
import tempfile
import time

import pytest

from tests.faults.invariants import (
    check_mlflow,
    check_prefect,
    check_processes,
    check_trials,
    n_lines,
    wait_until,
)
from tests.faults.servers import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 6
ARGUMENTS = (
    "--target",
    "diagnosis",
    "--trials",
    str(N_TRIALS),
    "--name",
    "tumours",
    "--families",
    "linear,bayes",
    "--json",
    "out.json",
)


class Training:
    """A training that is told where servers are; its home holds the run folder."""

    def __init__(self, folder, table, **variables):
        self.folder, self.table, self.variables = folder, table, variables
        self.home = folder / "home"

    def start(self, *more):
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
        }
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "espalier.flows.cli.app",
                "train",
                str(self.table),
                *ARGUMENTS,
                *more,
            ],
            cwd=self.folder,
            env=kept
            | {"ESPALIER_HOME": str(self.home), "PYTHONPATH": str(ROOT / "src")}
            | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_a_trial(self, *more):
        """Start it, and return once a trial is on record."""
        process = self.start(*more)
        wait_until("a trial", process, is_true=lambda: n_lines(self.home) >= 1)
        return process

    def end(self, process):
        """Wait for its end; return status, stderr and the report, if there is one."""
        out, error = process.communicate(timeout=900)
        path = self.folder / "out.json"
        report = json.loads(path.read_text()) if process.returncode == 0 else None
        return process.returncode, error + out, report


def test_the_mlflow_server_dies_and_comes_back(servers, tumours, tmp_path):
    mlflow = servers.mlflow()
    training = Training(tmp_path, tumours, MLFLOW_TRACKING_URI=mlflow.url)
    process = training.until_a_trial("--workers", "1")
    mlflow.kill()
    time.sleep(3)
    mlflow.start()
    status, said, report = training.end(process)
    assert status == 0, said
    assert report["n_trials"] == N_TRIALS
    check_trials(training.home, n_trials=N_TRIALS)
    check_mlflow(mlflow.url, n_trials=N_TRIALS)


def test_the_mlflow_server_dies_for_good(servers, tumours, tmp_path):
    mlflow = servers.mlflow()
    impatient = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    training = Training(tmp_path, tumours, MLFLOW_TRACKING_URI=mlflow.url, **impatient)
    process = training.until_a_trial("--workers", "1")
    mlflow.kill()
    status, said, _ = training.end(process)
    assert status == 1
    assert "does not answer" in said
    assert "Traceback" not in said
    assert n_lines(training.home) == N_TRIALS, "the search went on without MLflow"
    mlflow.start()
    status, said, report = training.end(training.start("--workers", "1"))
    assert status == 0, said
    assert report["n_resumed"] == N_TRIALS
    check_trials(training.home, n_trials=N_TRIALS)
    check_mlflow(mlflow.url, n_trials=N_TRIALS)


def test_the_own_prefect_server_is_killed(tumours, tmp_path):
    import psutil

    training = Training(tmp_path, tumours)
    process = training.until_a_trial("--workers", "1")
    (server,) = [
        child
        for child in psutil.Process(process.pid).children()
        if "espalier.infra.orchestration.server_process" in child.cmdline()
    ]
    server.kill()
    status, said, report = training.end(process)
    assert status == 0, said
    assert report["n_trials"] == N_TRIALS
    check_trials(training.home, n_trials=N_TRIALS)
    check_mlflow(f"sqlite:///{training.home / 'mlflow.db'}", n_trials=N_TRIALS)
    check_prefect(training.home / "prefect" / "prefect.db", ends=["COMPLETED"])
    check_processes(training.home)


def test_a_teams_prefect_server_dies_for_good(servers, tumours, tmp_path):
    prefect = servers.prefect()
    training = Training(
        tmp_path, tumours, PREFECT_API_URL=prefect.url, PREFECT_CLIENT_MAX_RETRIES="1"
    )
    process = training.until_a_trial("--workers", "1")
    prefect.kill()
    status, said, _ = training.end(process)
    assert "Traceback" not in said
    first_ended = status == 0
    prefect.start()
    # Whoever comes back has the patience that Prefect gives: a busy server says so with a 503.
    del training.variables["PREFECT_CLIENT_MAX_RETRIES"]
    status, said, report = training.end(training.start("--workers", "1"))
    assert status == 0, said
    assert report["n_trials"] == N_TRIALS
    n_runs = 2 if first_ended else 1
    check_trials(training.home, n_trials=N_TRIALS, n_runs=n_runs)
    uri = f"sqlite:///{training.home / 'mlflow.db'}"
    check_mlflow(uri, n_trials=N_TRIALS, n_models=n_runs)
    check_prefect(prefect.folder / "prefect.db", ends=["COMPLETED", "CRASHED"])
    check_processes(training.home)


def test_the_dask_scheduler_is_killed(servers, tumours, tmp_path):
    scheduler = servers.scheduler()
    worker = servers.worker(scheduler)
    training = Training(tmp_path, tumours)
    process = training.until_a_trial("--dask", scheduler.url)
    scheduler.kill()
    worker.kill()
    status, said, _ = training.end(process)
    assert status == 1, said
    assert "scheduler" in said
    assert "Traceback" not in said
    before = n_lines(training.home)
    scheduler.start()
    worker.start()
    status, said, report = training.end(training.start("--dask", scheduler.url))
    assert status == 0, said
    assert report["n_resumed"] >= before
    check_trials(training.home, n_trials=N_TRIALS)
    check_mlflow(f"sqlite:///{training.home / 'mlflow.db'}", n_trials=N_TRIALS)
    check_prefect(training.home / "prefect" / "prefect.db", ends=["COMPLETED", "FAILED"])


DEPLOY = """
import json, sys
from prefect.client.orchestration import get_client
from espalier.flows.train_flow import train

with get_client(sync_client=True) as client:
    flow_id = client.create_flow(train)
    deployment = client.create_deployment(
        flow_id, "here", entrypoint="flows/train_flow.py:train", path=sys.argv[1]
    )
    run = client.create_flow_run_from_deployment(
        deployment, parameters={"request": json.loads(sys.argv[2])}
    )
    print(run.id)
"""
AGAIN = """
import sys
from uuid import UUID
from prefect.client.orchestration import get_client
from prefect.states import AwaitingRetry, Crashed

with get_client(sync_client=True) as client:
    client.set_flow_run_state(UUID(sys.argv[1]), Crashed(message="killed"), force=True)
    client.set_flow_run_state(UUID(sys.argv[1]), AwaitingRetry())
"""


def test_prefects_retry_continues_a_killed_run(servers, tumours, tmp_path):
    prefect = servers.prefect()
    home = tmp_path / "home"
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    environment |= {
        "ESPALIER_HOME": str(home),
        "PREFECT_API_URL": prefect.url,
        "PYTHONPATH": str(ROOT / "src"),
    }

    def python(*arguments):
        # As a worker does: a run's code is copied into a folder of its own.
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            cwd=tempfile.mkdtemp(dir=tmp_path),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    form = {
        "data": str(tumours),
        "target": "diagnosis",
        "trials": N_TRIALS,
        "workers": 1,
        "name": "tumours",
        "families": "linear,bayes",
    }
    deploying = python("-c", DEPLOY, str(ROOT), json.dumps(form))
    run_id = deploying.communicate(timeout=300)[0].strip().splitlines()[-1]
    # What a worker of Prefect starts for a run of a deployment.
    process = python("-m", "prefect.engine", run_id)
    wait_until("a trial", process, is_true=lambda: n_lines(home) >= 1)
    process.kill()
    process.wait()
    before = n_lines(home)
    asked = python("-c", AGAIN, run_id)
    assert asked.wait(timeout=300) == 0, asked.communicate()
    retried = python("-m", "prefect.engine", run_id)
    said = retried.communicate(timeout=900)[0]
    assert retried.returncode == 0, said
    (finished,) = home.glob("runs/*/finished.json")
    assert json.loads(finished.read_text())["n_resumed"] >= before
    check_trials(home, n_trials=N_TRIALS)
    check_mlflow(f"sqlite:///{home / 'mlflow.db'}", n_trials=N_TRIALS)
    check_prefect(prefect.folder / "prefect.db", ends=["COMPLETED"])
    check_processes(home)
