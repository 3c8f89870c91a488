"""A scheduler and workers that somebody else started: late joiners and lost ones cost little."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.flows.conftest import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 24


class Processes:
    """Programs of Dask in a folder of their own; they see this package and nothing else."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def start(self, *words):
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("ESPALIER_", "PREFECT_", "MLFLOW_"))
        }
        log = (self.folder / f"{len(self.started)}.log").open("w+")
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self.folder,
            stdout=log,
            stderr=log,
            env=environment | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        )
        self.started.append(process)
        return process, log

    def scheduler(self):
        """Start a scheduler and return its address."""
        _, log = self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        end = time.monotonic() + 120
        while time.monotonic() < end:
            log.seek(0)
            found = re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", log.read())
            if found:
                return found[1]
            time.sleep(0.2)
        raise AssertionError("no scheduler")

    def worker(self, address):
        return self.start(
            "worker",
            address,
            "--nworkers",
            "1",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--memory-limit",
            "1GiB",
        )[0]

    def close(self):
        for process in reversed(self.started):
            for each in (*psutil.Process(process.pid).children(recursive=True), process):
                each.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path):
    folder = tmp_path / "dask"
    folder.mkdir()
    processes = Processes(folder)
    yield processes
    processes.close()


def test_workers_come_and_go_while_it_trains(dask, espalier_in, tumours, tmp_path):
    address = dask.scheduler()
    first = dask.worker(address)
    espalier = espalier_in(tmp_path / "user")
    espalier.folder.mkdir()
    training = espalier.start(
        "train",
        tumours,
        "--target",
        "diagnosis",
        "--trials",
        N_TRIALS,
        "--families",
        "linear,extra_trees,lightgbm",
        "--dask",
        address,
        "--json",
        "out.json",
    )
    second = None
    killed = False
    for line in training.stdout:
        if "trials, best" in line and second is None:
            second = dask.worker(address)  # joins late
        if second is not None and not killed and _workers(espalier) >= 2:
            # The process that computes, below its nanny, as a full memory would end it.
            (computing, *_) = psutil.Process(first.pid).children()
            computing.send_signal(signal.SIGKILL)
            killed = True
    assert training.wait(300) == 0, training.stderr.read()
    report = json.loads((espalier.folder / "out.json").read_text())
    assert killed
    assert report["n_trials"] == N_TRIALS
    # At most the trial that ran there.
    assert report["n_failed"] <= 1
    assert _workers(espalier) >= 2
    # They were not ours to close.
    assert first.poll() is None
    assert second.poll() is None


def _workers(espalier):
    """Return how many workers have finished a trial."""
    logs = list((espalier.home / "runs").glob("*/trials.jsonl"))
    lines = logs[0].read_text().splitlines() if logs else []
    return len({json.loads(line)["worker"] for line in lines if line.endswith("}")} - {""})
