"""Runs as Prefect starts them from a form: the parameters are whatever somebody sends its API."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
SECRET = "hunter2-real-password"


@pytest.fixture(scope="module")
def deployed(flow_home):
    from espalier.flows.serving.deployments import make_deployments

    return {each.name: str(each.apply()) for each in make_deployments()}


@pytest.fixture
def run(flow_home, ask, deployed, tmp_path):
    """Start a deployment with parameters that the server does not check; return the whole run."""
    from prefect.settings import PREFECT_API_URL

    def start(deployment, request, **environ):
        made = ask(
            f"/deployments/{deployed[deployment]}/create_flow_run",
            {"parameters": {"request": request}, "enforce_parameter_schema": False},
        )
        process = subprocess.run(
            [sys.executable, "-m", "prefect.engine"],
            cwd=tmp_path,
            env=os.environ
            | {
                "PREFECT_API_URL": PREFECT_API_URL.value(),
                "PREFECT__FLOW_RUN_ID": made["id"],
                "PYTHONPATH": str(ROOT / "src"),
                "ESPALIER_HOME": str(flow_home),
                "POSTGRES_PASSWORD": SECRET,
            }
            | environ,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert SECRET not in process.stdout + process.stderr
        return ask(f"/flow_runs/{made['id']}"), ask(
            "/logs/filter", {"logs": {"flow_run_id": {"any_": [made["id"]]}}}
        )

    return start


def test_a_form_cannot_have_a_variable_of_the_process_shown(run):
    asked = {"data": "${POSTGRES_PASSWORD}.csv", "target": "y", "name": "shop"}
    ended, logs = run("train", asked)
    assert ended["state"]["type"] == "FAILED"
    assert "'POSTGRES_PASSWORD' is not read for a form" in ended["state"]["message"]
    assert SECRET not in json.dumps([ended, logs])


def test_a_secret_that_a_form_may_use_is_shown_nowhere(run):
    asked = {"data": "${ESPALIER_SECRET_PLACE}/none.csv", "target": "y", "name": "shop"}
    ended, logs = run("train", asked, ESPALIER_SECRET_PLACE=f"/{SECRET}", ESPALIER_DATA_ROOTS="/")
    message = ended["state"]["message"]
    assert "'${ESPALIER_SECRET_PLACE}/none.csv' does not exist" in message
    assert SECRET not in json.dumps([ended, logs])


def test_a_form_cannot_name_a_scheduler_nor_write_anywhere(run, tmp_path):
    asked = {"data": "x.csv", "target": "y", "name": "shop", "dask": "tcp://evil:8786"}
    ended, _ = run("train", asked)
    assert "dask cannot be set in a form" in ended["state"]["message"]
    asked = {"data": "x.csv", "model": "shop", "out": str(tmp_path / "x.csv")}
    ended, _ = run("predict", asked)
    assert "ESPALIER_OUT_ROOTS" in ended["state"]["message"]
    assert not (tmp_path / "x.csv").exists()


def test_a_secret_block_is_loaded_where_it_is_used(run, flow_home):
    from prefect.blocks.system import Secret

    Secret(value=f"/{SECRET}/none.csv").save("shop", overwrite=True)
    asked = {"data": "block:secret/shop", "target": "y", "name": "shop"}
    ended, logs = run("train", asked, ESPALIER_DATA_ROOTS="/")
    assert "'${block:secret/shop}' does not exist" in ended["state"]["message"]
    assert SECRET not in json.dumps([ended, logs])
    ended, _ = run("train", asked | {"data": "block:secret/nobodys"})
    assert "there is no Prefect block 'secret/nobodys'" in ended["state"]["message"]
    # Blocks can be made by whoever reaches the API, so what is in one is a form's.
    ended, _ = run("train", asked)
    assert "ESPALIER_DATA_ROOTS" in ended["state"]["message"]
