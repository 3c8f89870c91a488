"""``espalier serve`` and a worker of a Prefect work pool, started among a user's files."""

import json
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from espalier.infra.environment import VARIABLES
from espalier.infra.processes.import_path import OURS, SAFE_PATH

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

ROOT = Path(__file__).parents[2]


class Served:
    """``espalier serve`` in the folder, with its servers."""

    def __init__(self, crowded):
        self.crowded, self.text = crowded, ""
        self.process = crowded.start("espalier", "serve")
        while "Ctrl-C" not in self.text:
            line = self.process.stdout.readline()
            assert line, self.text + self.process.stderr.read()
            self.text += line
        self.api = re.search(r"Prefect\s+(http://127\.0\.0\.1:\d+)", self.text)[1] + "/api"

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.api + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                if error.code != 503:  # "busy, ask again"
                    raise
                time.sleep(1.0)

    def begin(self, deployment, request):
        found = self.ask(f"/deployments/name/{deployment}")
        return self.ask(
            f"/deployments/{found['id']}/create_flow_run", {"parameters": {"request": request}}
        )["id"]

    def end(self, run_id):
        end = time.monotonic() + 600
        while time.monotonic() < end:
            state = self.ask(f"/flow_runs/{run_id}")["state"]
            if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
                return state
            time.sleep(1.0)
        raise AssertionError("the run does not end")

    def process_of_run(self):
        """Return the process that works on the one run there is."""
        end = time.monotonic() + 300
        while time.monotonic() < end:
            for child in psutil.Process(self.process.pid).children():
                if "prefect.engine" in child.cmdline():
                    return child
            time.sleep(0.1)
        raise AssertionError("no run begins")


@pytest.fixture(scope="module")
def served(crowded):
    served = Served(crowded)
    yield served
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=120)


def test_a_run_that_is_served_trains(served):
    request = {
        "data": str(served.crowded.folder / "t.csv"),
        "target": "y",
        "name": "t",
        "families": ["linear"],
        "trials": 2,
        "workers": 1,
    }
    run_id = served.begin("train/train", request)
    found = served.process_of_run().environ()
    for name, value in (VARIABLES | {SAFE_PATH: OURS}).items():
        assert found[name].lower() == value.lower(), name  # Prefect writes False for false
    state = served.end(run_id)
    assert (state["type"], served.crowded.executed) == ("COMPLETED", []), state


def test_mlflows_pages_answer(served):
    url = re.search(r"MLflow\s+(http://127\.0\.0\.1:\d+)", served.text)[1]
    with urllib.request.urlopen(f"{url}/health", timeout=60) as reply:
        assert reply.status == 200


def test_a_worker_of_a_work_pool_runs_a_flow(served):
    """What is deployed from here; its file is the project's own."""
    text = (ROOT / "prefect.yaml").read_text()
    assert "- name: rollback" in text
    # By another name, so that `espalier serve` does not run it.
    (served.crowded.folder / "prefect.yaml").write_text(
        text.replace("- name: rollback", "- name: pooled")
    )
    more = {"PREFECT_API_URL": served.api, "ESPALIER_HOME": str(served.crowded.folder / "mlruns")}
    for command in (
        ["work-pool", "create", "espalier", "--type", "process"],
        ["deploy", "--name", "pooled"],
    ):
        served.crowded.run("prefect", "--no-prompt", *command, **more)
    run_id = served.begin("rollback/pooled", {"name": "nobody"})
    served.crowded.run(
        "prefect",
        "--no-prompt",
        "worker",
        "start",
        "--pool",
        "espalier",
        "--run-once",
        "--limit",
        "1",
        **more,
    )
    state = served.ask(f"/flow_runs/{run_id}")["state"]
    assert "no model is called 'nobody'" in state["message"], state
