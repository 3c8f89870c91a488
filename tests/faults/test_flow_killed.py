"""The flow's process is killed: the same command continues, and nothing is there twice."""

import json
import random
import signal
import time
from collections import Counter

import psutil
import pytest

from tests.faults.invariants import (
    check_mlflow,
    check_prefect,
    check_processes,
    check_trials,
    logs_of,
    n_lines,
    wait_until,
)

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 5


def arguments(seed=0):
    return (
        "--target",
        "diagnosis",
        "--trials",
        str(N_TRIALS),
        "--workers",
        "1",
        "--name",
        "tumours",
        "--families",
        "linear,bayes",
        "--seed",
        str(seed),
    )


MOMENTS = {
    "its MLflow run is made": lambda home: any(home.glob("runs/*/attempt")),
    "the first trial is on record": lambda home: n_lines(home) >= 1,
    "every trial is on record": lambda home: n_lines(home) >= N_TRIALS,
    "the model is being logged": lambda home: any(home.glob("artifacts/models/*/artifacts")),
}


def test_killed_at_chosen_moments_one_after_the_other(espalier_in, tumours, tmp_path):
    espalier = espalier_in(tmp_path)
    for moment, is_true in MOMENTS.items():
        process = espalier.start("train", tumours, *arguments())
        wait_until(moment, process, is_true=lambda is_true=is_true: is_true(espalier.home))
        process.kill()
        process.wait()
        check_processes(espalier.home)
    assert n_lines(espalier.home) == N_TRIALS
    report, _ = espalier.train(tumours, *arguments())
    assert report["n_trials"] == N_TRIALS
    assert report["n_resumed"] == N_TRIALS
    check(espalier, ends=["COMPLETED", *["CRASHED"] * len(MOMENTS)])


def test_killed_at_random_moments_and_cut_off_in_the_middle_of_a_line(
    espalier_in, tumours, tmp_path
):
    espalier = espalier_in(tmp_path)
    seed = random.randrange(10_000)
    print("seed of the moments:", seed)  # noqa: T201 - to repeat what failed
    draw = random.Random(seed)
    first = espalier.start("train", tumours, *arguments())
    wait_until("begun", first, is_true=lambda: any(espalier.home.glob("runs/*/lock")))
    n_done = 0
    for number in range(2):
        process = first if number == 0 else espalier.start("train", tumours, *arguments())
        end = time.monotonic() + draw.uniform(0.0, 12.0)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        n_done += process.poll() == 0
        process.kill()
        process.wait()
    for log in espalier.home.glob("runs/*/trials.jsonl"):
        with log.open("ab") as file:
            file.write(b'{"trial": {"number": 5, "configura')
    for result in espalier.home.glob("runs/*/results/*"):
        result.write_bytes(result.read_bytes()[:40])
    report, _ = espalier.train(tumours, *arguments())
    assert report["n_trials"] == N_TRIALS
    assert report["n_failed"] <= 1  # one that both kills met
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    check_trials(espalier.home, n_trials=N_TRIALS, n_runs=1 + n_done)
    check_mlflow(uri, n_trials=N_TRIALS, n_models=1 + n_done, n_failed=1)
    check_processes(espalier.home)


def test_a_trial_under_which_the_command_dies_twice_is_given_up(espalier_in, tumours, tmp_path):
    espalier = espalier_in(tmp_path)
    for _ in range(6):  # a kill may come too late for the trial
        begun = len(starts_of(espalier.home))
        process = espalier.start("train", tumours, *arguments())
        wait_until("a start", process, is_true=lambda n=begun: len(starts_of(espalier.home)) > n)
        process.kill()
        process.wait()
        lost = [
            each
            for each, n in Counter(starts_of(espalier.home)).items()
            if n >= 2 and each not in ended_of(espalier.home)
        ]
        if lost:
            break
    assert lost
    n_begun = len(starts_of(espalier.home))
    report, _ = espalier.train(tumours, *arguments())
    assert report["n_failed"] == len(lost)
    (failure,) = report["failures"]
    assert "the whole run was killed while this trial ran" in failure["reason"]
    assert set(starts_of(espalier.home)[n_begun:]).isdisjoint(lost)
    check(espalier, ends=None, n_failed=len(lost))


def starts_of(home):
    """Return the numbers of the trials that were begun, in order."""
    logs = [each.read_text() for each in home.glob("runs/*/starts.jsonl")]
    records = [json.loads(line) for log in logs for line in log.splitlines() if line[-1:] == "}"]
    return [record["trial"]["number"] for record in records if "trial" in record]


def ended_of(home):
    """Return the numbers of the trials on record."""
    return {
        json.loads(line)["trial"]["number"]
        for log in logs_of(home)
        for line in log.read_text().splitlines()
    }


def test_a_worker_is_killed(espalier_in, tumours, tmp_path):
    espalier = espalier_in(tmp_path)
    process = espalier.start("train", tumours, *arguments(), "--json", "out.json")
    wait_until("a trial", process, is_true=lambda: n_lines(espalier.home) >= 1)
    for worker in workers_of(process):
        worker.send_signal(signal.SIGKILL)
    out, error = process.communicate(timeout=600)
    assert process.returncode == 0, out + error
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["n_trials"] == N_TRIALS
    assert report["n_failed"] <= 1
    check(espalier, ends=["COMPLETED"], n_failed=report["n_failed"])


def workers_of(process):
    """Return the processes that Dask has forked for trials."""
    forked = [
        child
        for server in psutil.Process(process.pid).children()
        if "forkserver" in " ".join(server.cmdline())
        for child in server.children()
    ]
    assert forked
    return forked


def check(espalier, *, ends, n_failed=0):
    check_trials(espalier.home, n_trials=N_TRIALS)
    check_mlflow(f"sqlite:///{espalier.home / 'mlflow.db'}", n_trials=N_TRIALS, n_failed=n_failed)
    if ends is not None:
        check_prefect(espalier.prefect_database, ends=ends)
    check_processes(espalier.home)
