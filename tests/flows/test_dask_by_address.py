"""A scheduler and workers that somebody else started: late joiners and lost ones cost little."""

import json
import signal

import psutil
import pytest

from tests.infra.cluster.dask_processes import DaskProcesses

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 24


@pytest.fixture
def dask(tmp_path):
    folder = tmp_path / "dask"
    folder.mkdir()
    processes = DaskProcesses(folder)
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
