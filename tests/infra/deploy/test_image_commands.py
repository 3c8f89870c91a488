"""The services of ``compose.yaml`` as they are written: as the image's user, with its variables.

There is no container engine where these tests run. What one does is done with Linux' own means:
network, mounts and process ids of their own, a file system for each service, volumes with the owner
that Docker chooses, a user without rights. So users, folders, variables, commands, health checks,
ports, stopping, and the guide's backup and restore are tried for real; building the image is not.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.postgres]

HERE = Path(__file__).parent
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_TRY = (
    "mount -t tmpfs none {0} && mkdir {0}/u {0}/w {0}/r && "
    "mount -t overlay overlay -o lowerdir=/,upperdir={0}/u,workdir={0}/w {0}/r"
)


def require_namespaces(folder):
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("file systems for services can be made by root on Linux alone")
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not installed")
    folder.mkdir()
    tried = subprocess.run(
        [*NAMESPACES, "sh", "-c", _TRY.format(folder)], capture_output=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(f"no namespaces or overlays here: {tried.stderr.decode()}")


@pytest.fixture(scope="module")
def report(tumours, tmp_path_factory):
    """What a team's day was like; see ``run_the_team.py``."""
    folder = tmp_path_factory.mktemp("team")
    require_namespaces(folder / "try")
    (folder / "containers").mkdir()
    (folder / "data").mkdir(mode=0o755)
    shutil.copy(tumours, folder / "data" / "tumours.csv")
    found = folder / "report.json"
    ended = subprocess.run(
        [*NAMESPACES, sys.executable, str(HERE / "run_the_team.py"), str(folder), str(found)],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert found.exists(), ended.stdout + ended.stderr
    report = json.loads(found.read_text())
    if "failed" in report:
        logs = "\n".join(f"== {name}\n{text}" for name, text in report["logs"].items())
        pytest.fail(f"{report['failed']}\n{logs}")
    return report


def test_every_service_starts_and_its_health_check_is_content(report):
    assert report["healthy"] == ["flows", "mlflow", "postgres", "prefect", "scheduler", "worker"]


def test_forms_train_and_predict_into_the_volumes(report):
    assert report["train"][0] == "COMPLETED", report["train"]
    assert report["predict"][0] == "COMPLETED", report["predict"]
    assert report["scored"] == 201
    assert report["models"] == 1
    assert report["owners"] == [1000]


def test_what_is_mounted_for_reading_is_not_written(report):
    kind, message = report["predict elsewhere"]
    assert kind == "FAILED"
    assert "ESPALIER_OUT_ROOTS" in message


def test_the_figures_are_those_of_the_installation(report):
    figures = dict(line.rsplit(" ", 1) for line in report["figures"])
    assert {
        figures[f'espalier_store_up{{store="{name}"}}']
        for name in ("prefect", "registry", "tracking")
    } == {"1.0"}
    assert figures['espalier_champion_version{model="tumours"}'] == "1.0"


def test_serve_ends_in_order_within_its_grace(report):
    assert report["stopped"]["flows"]["status"] == 0
    assert report["stopped"]["flows"]["seconds"] < 90
    assert report["interrupted"][0] in ("CRASHED", "CANCELLED"), report["interrupted"]
    assert report["left running"] == []


def test_servers_and_workers_end_when_they_are_told(report):
    for name in ("prefect", "mlflow", "scheduler", "worker"):
        assert report["stopped"][name]["status"] in (0, -15, 143), (name, report["stopped"][name])


def test_the_backup_of_the_guide_brings_everything_back(report):
    assert set(report["backup"]) == {"mlflow.dump", "prefect.dump", "artifacts.tar"}
    assert all(size > 1000 for size in report["backup"].values())
    assert report["db upgrade"] == 0
    assert report["check"]["status"] == 0, report["check"]["said"]
    assert "tumours" in report["check"]["said"]
