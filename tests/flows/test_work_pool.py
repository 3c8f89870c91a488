"""``prefect deploy --all`` on a real server, and a worker of a process pool that runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from espalier.infra.environment import VARIABLES
from espalier.infra.orchestration import heartbeats

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefect(flow_home):
    """Run Prefect's command line beside ``prefect.yaml``, on the server of this module."""
    from prefect.settings import PREFECT_API_URL

    environ = os.environ | {
        "PREFECT_API_URL": PREFECT_API_URL.value(),
        "PYTHONPATH": str(ROOT / "src"),
        "ESPALIER_HOME": str(flow_home),
        "NO_COLOR": "1",
    }

    def run(*arguments):
        ended = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="module")
def deployed(prefect):
    prefect("work-pool", "create", "espalier", "--type", "process")
    return prefect("deploy", "--all")


def test_every_flow_of_the_file_is_deployed_with_its_form(deployed, ask):
    wanted = {
        each["name"] for each in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    }
    found = {each["name"]: each for each in ask("/deployments/filter", {})}
    assert set(found) == wanted
    for each in found.values():
        assert each["work_pool_name"] == "espalier"
        assert list(each["parameter_openapi_schema"]["properties"]) == ["request"]
        assert "espalier" in each["tags"]
        assert (VARIABLES | heartbeats.VARIABLES).items() <= each["job_variables"]["env"].items()


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_the_templates_of_pools_are_taken(prefect, ask, kind):
    path = ROOT / "infra" / "deploy" / "pools" / f"{kind}.json"
    prefect("work-pool", "create", f"of {kind}", "--type", kind, "--base-job-template", str(path))
    [found] = [each for each in ask("/work_pools/filter", {}) if each["name"] == f"of {kind}"]
    assert found["type"] == kind
    assert found["base_job_template"] == json.loads(path.read_text())


def test_a_worker_runs_what_was_deployed(deployed, prefect, ask):
    found = ask("/deployments/name/rollback/rollback")
    run = ask(
        f"/deployments/{found['id']}/create_flow_run",
        {"parameters": {"request": {"name": "nobody"}}},
    )
    prefect("worker", "start", "--pool", "espalier", "--run-once", "--limit", "1")
    assert ask("/automations/filter", {})[0]["name"] == heartbeats.NAME  # its silence will tell
    state = ask(f"/flow_runs/{run['id']}")["state"]
    # It was imported and run: it is the flow itself that refuses.
    assert state["type"] == "FAILED"
    assert "no model is called 'nobody'" in state["message"]
