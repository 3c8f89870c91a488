"""A real endpoint with worker processes: killed workers, moved aliases, an orderly end."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from espalier.infra.registry.registry import CHAMPION
from espalier.infra.tracking.store import make_client

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[4]
PATIENCE = 120.0


@contextmanager
def running(home, *arguments):
    """Run ``espalier endpoint``; its process and address."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PREFECT_", "MLFLOW_", "ESPALIER_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "espalier", "endpoint", "bought", "--port", "0", *arguments],
        env=kept | {"ESPALIER_HOME": str(home), "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + (process.stderr.read() if not line else "")
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def workers(process):
    return {each.pid for each in psutil.Process(process.pid).children()}


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@contextmanager
def asked_all_the_time(address, rows):
    """Ask for predictions from three threads; the statuses and versions so far."""
    found, ended = [], threading.Event()

    def ask():
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            while not ended.is_set():
                reply = client.post("/models/bought/predict", json={"rows": rows})
                found.append((reply.status_code, reply.json().get("version")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for each in threads:
        each.start()
    try:
        yield found
    finally:
        ended.set()
        for each in threads:
            each.join()


def test_a_killed_worker_and_a_moved_alias_lose_no_request(shop, json_rows):
    registry = make_client(shop)
    with running(shop.home, "--workers", "2") as (process, address):
        first = workers(process)
        assert len(first) == 2
        with asked_all_the_time(address, json_rows[:1]) as found:
            wait_until(lambda: len(found) > 20)
            os.kill(min(first), signal.SIGKILL)
            wait_until(lambda: len(workers(process) - first) == 1)
            registry.set_registered_model_alias("bought", CHAMPION, "2")
            wait_until(lambda: found[-1][1] == 2)
            n_before = len(found)
            wait_until(lambda: len(found) > n_before + 20)
        assert {status for status, _ in found} == {200}
        wait_until(lambda: len(workers(process)) == 2)  # those of version 1 have ended
        registry.set_registered_model_alias("bought", CHAMPION, "1")
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert "Traceback" not in error
        assert "a worker has ended and is replaced" in error
        assert "version 2 takes over from 1" in error
    assert not [pid for pid in first if psutil.pid_exists(pid)]


def test_workers_end_with_a_server_that_is_killed(shop):
    with running(shop.home) as (process, address):
        assert httpx.get(f"{address}/ready").status_code == 200
        found = workers(process)
        process.kill()
        process.wait()
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in found))


def test_a_port_in_use_is_said(shop):
    with running(shop.home) as (_, address):
        second = subprocess.run(
            [
                sys.executable,
                "-m",
                "espalier",
                "endpoint",
                "bought",
                "--port",
                address.rpartition(":")[2],
            ],
            env=os.environ | {"ESPALIER_HOME": str(shop.home), "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 2
        assert "is in use; choose another one with --port" in second.stderr
