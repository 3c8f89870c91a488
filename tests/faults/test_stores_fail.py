"""A disk runs full, a database is locked, four write at once: nothing is lost."""

import json
import os
import sqlite3
import subprocess
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

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

N_TRIALS = 5
ARGUMENTS = (
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
)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 48 MiB; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no small file system can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place):
    """Leave no room; return the file that takes it."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def test_a_disk_runs_full_and_is_cleared(espalier_in, tumours, small_disk):
    espalier = espalier_in(small_disk)
    process = espalier.start("train", tumours, *ARGUMENTS)
    wait_until("a trial", process, is_true=lambda: n_lines(espalier.home) >= 1)
    ballast = fill(small_disk)
    try:
        out, error = process.communicate(timeout=300)
    finally:
        ballast.unlink()
    assert process.returncode == 1, out + error
    assert "make room" in error
    assert len(error.strip().splitlines()) == 1, error
    before = n_lines(espalier.home)
    assert before >= 1
    report, _ = espalier.train(tumours, *ARGUMENTS)
    assert report["n_resumed"] >= before
    check(espalier, ends=None)


def test_a_disk_is_full_for_a_moment(espalier_in, tumours, small_disk):
    espalier = espalier_in(small_disk)
    process = espalier.start("train", tumours, *ARGUMENTS, "--json", "out.json")
    wait_until("a trial", process, is_true=lambda: n_lines(espalier.home) >= 1)
    ballast = fill(small_disk)
    time.sleep(1.0)
    ballast.unlink()
    _, error = process.communicate(timeout=300)
    if process.returncode:  # Prefect itself may have given up; then it is continued
        assert "Traceback" not in error
        espalier.train(tumours, *ARGUMENTS)
    check(espalier, ends=None)


def test_mlflows_database_is_locked_for_a_while(espalier_in, tumours, tmp_path):
    espalier = espalier_in(tmp_path)
    process = espalier.start("train", tumours, *ARGUMENTS, "--json", "out.json")
    wait_until("a trial", process, is_true=lambda: n_lines(espalier.home) >= 1)
    with sqlite3.connect(espalier.home / "mlflow.db", timeout=60) as other:
        other.execute("begin exclusive")
        time.sleep(15)
        other.rollback()
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, out + error
    assert json.loads((tmp_path / "out.json").read_text())["n_trials"] == N_TRIALS
    check(espalier, ends=["COMPLETED"])


def test_four_trainings_at_once_lose_nothing(espalier_in, tumours, tmp_path):
    espalier = espalier_in(tmp_path)
    few = (
        "--target",
        "diagnosis",
        "--trials",
        "2",
        "--workers",
        "1",
        "--name",
        "tumours",
        "--families",
        "linear",
    )
    every = [
        espalier.start("train", tumours, *few, "--seed", seed, "--json", f"{seed}.json")
        for seed in range(4)
    ]
    for process in every:
        out, error = process.communicate(timeout=900)
        assert process.returncode == 0, out + error
    reports = [json.loads((tmp_path / f"{seed}.json").read_text()) for seed in range(4)]
    assert sorted(report["version"] for report in reports) == [1, 2, 3, 4]
    check_trials(espalier.home, n_trials=2, n_runs=4)
    check_mlflow(f"sqlite:///{espalier.home / 'mlflow.db'}", n_trials=2, n_models=4)
    check_prefect(espalier.prefect_database, ends=["COMPLETED"] * 4)
    check_processes(espalier.home)


def check(espalier, *, ends):
    check_trials(espalier.home, n_trials=N_TRIALS)
    check_mlflow(f"sqlite:///{espalier.home / 'mlflow.db'}", n_trials=N_TRIALS)
    if ends is not None:
        check_prefect(espalier.prefect_database, ends=ends)
    check_processes(espalier.home)
    assert os.listdir(espalier.home / "runs")
