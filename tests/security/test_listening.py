"""Servers that are started here can be reached from this machine alone."""

import json
import re
import urllib.request

import psutil
import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LOOPBACK = {"127.0.0.1", "::1"}


def listening(pid):
    """Return the addresses that a process and its children listen at."""
    parent = psutil.Process(pid)
    found = set()
    for process in (parent, *parent.children(recursive=True)):
        try:
            found |= {
                each.laddr
                for each in process.net_connections(kind="inet")
                if each.status == psutil.CONN_LISTEN
            }
        except psutil.Error:
            continue
    return found


def test_the_pages_are_for_this_machine_alone(espalier_in, tmp_path):
    process = espalier_in(tmp_path).start("ui")
    try:
        lines = "".join(process.stdout.readline() for _ in range(6))
        ports = set(map(int, re.findall(r"http://127\.0\.0\.1:(\d+)", lines)))
        addresses = listening(process.pid)
        assert ports <= {address.port for address in addresses}
        assert {address.ip for address in addresses} <= LOOPBACK
        (prefect,) = re.findall(r"Prefect\s+(http://\S+)", lines)
        # No page of another site gets an answer in the user's browser.
        request = urllib.request.Request(
            f"{prefect}/api/admin/version", headers={"Origin": "https://evil.example"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") != "*"
            assert answer.headers.get("Access-Control-Allow-Origin") != "https://evil.example"
            json.load(answer)
    finally:
        process.terminate()
        process.wait(60)


def test_a_training_listens_for_this_machine_alone(espalier_in, hostile_table, tmp_path):
    hostile_table.to_parquet(tmp_path / "t.parquet")
    process = espalier_in(tmp_path).start(
        "train",
        "t.parquet",
        "--target",
        hostile_table.columns[-1],
        "--trials",
        "2",
        "--families",
        "linear",
        "--workers",
        "2",
    )
    try:
        addresses = set()
        for line in process.stdout:
            addresses |= listening(process.pid)
            if " of 2 trials" in line:
                break
        assert len(addresses) >= 3  # the Prefect server, the scheduler, the workers
        assert {address.ip for address in addresses} <= LOOPBACK
    finally:
        process.terminate()
        process.communicate(timeout=120)
