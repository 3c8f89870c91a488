"""``espalier serve`` by its API: runs in processes of their own, dead ones ended, failures told."""

import json
import re
import signal
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace

import psutil
import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SCHEDULES = """
- flow: predict
  model: tumours
  data: ${TUMOURS}
  cron: "0 4 1 1 *"
  time_zone: Europe/Paris
  options: {out: scored.csv}
"""


class Served:
    """``espalier serve`` in a folder, and what its server knows."""

    def __init__(self, espalier, tumours):
        self.espalier, self.tumours = espalier, tumours
        self.told = espalier.folder / "told.jsonl"
        script = espalier.folder / "tell.py"
        script.write_text(
            f"import sys; open({str(self.told)!r}, 'a').write(sys.stdin.read() + chr(10))"
        )
        (espalier.folder / "schedules.yaml").write_text(SCHEDULES)
        environ = {
            "ESPALIER_NOTIFY": f"{sys.executable} {script}",
            "ESPALIER_PREFECT_START_SECONDS": "600",
            "ESPALIER_UI_START_SECONDS": "600",
            "TUMOURS": str(tumours),
            "ESPALIER_DATA_ROOTS": str(tumours.parent),
        }
        self.espalier = replace(espalier, environ=environ)
        self.process, self.text, self.url = None, "", ""
        self.before = set()

    def start(self, *arguments):
        self.process = self.espalier.start("serve", *arguments)
        self.text = ""
        while "Ctrl-C" not in self.text:
            line = self.process.stdout.readline()
            assert line, self.text + self.process.stderr.read()
            self.text += line
        self.url = re.search(r"Prefect\s+(http://127\.0\.0\.1:\d+)", self.text)[1]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, error = self.process.communicate(timeout=120)
        return self.process.returncode, self.text + out, error

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api{path}", data=data, headers={"Content-Type": "application/json"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                if error.code != 503:  # "busy, ask again"
                    raise
                time.sleep(1.0)

    def run(self, deployment, **request):
        """Start a deployment; return the run's id."""
        self.before = set(self.espalier.home.glob("runs/*/trials.jsonl"))
        found = self.ask(f"/deployments/name/{deployment}")
        made = self.ask(
            f"/deployments/{found['id']}/create_flow_run", {"parameters": {"request": request}}
        )
        return made["id"]

    def state(self, run_id):
        return self.ask(f"/flow_runs/{run_id}")["state"]

    def wait_for(self, what, seconds=600):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = what()
            if answer:
                return answer
            time.sleep(0.5)
        raise AssertionError(f"waited {seconds} s in vain")

    def wait_for_end(self, run_id):
        def ended():
            state = self.state(run_id)
            return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else 0

        return self.wait_for(ended)

    def process_of(self, run_id):
        """Return the process that works on a run, once it searches."""

        def found():
            if set(self.espalier.home.glob("runs/*/trials.jsonl")) <= self.before:
                return None
            path = self.espalier.home / "processes" / f"{run_id}.json"
            return psutil.Process(json.loads(path.read_text())["pid"]) if path.exists() else None

        return self.wait_for(found)

    def mlflow_statuses(self):
        with sqlite3.connect(self.espalier.home / "mlflow.db") as database:
            return {status for (status,) in database.execute("select status from runs")}


@pytest.fixture(scope="module")
def served(espalier_in, tumours, tmp_path_factory):
    served = Served(espalier_in(tmp_path_factory.mktemp("serve")), tumours)
    served.start("--schedules", "schedules.yaml")
    yield served
    if served.process.poll() is None:
        served.process.kill()


def form(served, **changes):
    return {
        "data": str(served.tumours),
        "target": "diagnosis",
        "name": "tumours",
        "families": ["linear"],
        "trials": 2,
        "workers": 1,
    } | changes


def test_flows_and_schedules_are_published(served):
    assert "0 4 1 1 * (Europe/Paris)" in served.text
    found = served.ask("/deployments/filter", {})
    names = {each["name"] for each in found}
    assert {"train", "predict", "tumours"} <= names
    scheduled = next(each for each in found if each["name"] == "tumours")
    assert scheduled["parameters"]["request"]["data"] == "${TUMOURS}"
    assert scheduled["schedules"][0]["schedule"]["timezone"] == "Europe/Paris"
    automations = served.ask("/automations/filter", {})
    assert len([each for each in automations if "heartbeats" in each["name"]]) == 1


def test_the_scheduler_makes_the_runs_of_a_schedule(served):
    def scheduled():
        runs = served.ask("/flow_runs/filter", {"limit": 50})
        return [each for each in runs if each["auto_scheduled"]]

    runs = served.wait_for(scheduled)
    assert {each["parameters"]["request"]["data"] for each in runs} == {"${TUMOURS}"}
    assert {each["expected_start_time"][5:16] for each in runs} == {"01-01T03:00"}


def test_a_run_in_a_process_of_its_own_and_the_schedule_by_hand(served):
    assert served.wait_for_end(served.run("train/train", **form(served)))["type"] == "COMPLETED"
    scheduled = served.ask("/deployments/name/predict/tumours")
    run = served.ask(f"/deployments/{scheduled['id']}/create_flow_run", {})
    assert served.wait_for_end(run["id"])["type"] == "COMPLETED"
    assert len((served.espalier.folder / "scored.csv").read_text().splitlines()) == 201


def test_parameters_that_cannot_be_are_refused_by_the_server(served):
    with pytest.raises(urllib.error.HTTPError) as caught:
        served.run("train/train", **form(served, metric="no such"))
    assert "no such" in caught.value.read().decode()


def test_a_failure_is_told(served):
    state = served.wait_for_end(served.run("train/train", **form(served, target="no such")))
    assert state["type"] == "FAILED"
    served.wait_for(served.told.exists)
    told = [json.loads(line) for line in served.told.read_text().splitlines()]
    assert told[-1]["flow"] == "train"
    assert "'no such' is not in the table" in told[-1]["text"]


def test_a_killed_run_is_crashed_everywhere_and_told(served):
    long = form(served, families=["extra_trees", "random_forest"], trials=400, seed=1)
    run_id = served.run("train/train", **long)
    served.process_of(run_id).kill()
    assert served.wait_for_end(run_id)["type"] == "CRASHED"
    served.wait_for(lambda: "RUNNING" not in served.mlflow_statuses())
    told = served.wait_for(
        lambda: [each for each in served.told.read_text().splitlines() if '"Crashed"' in each]
    )
    assert json.loads(told[0])["flow"] == "train"


def test_it_ends_in_order_and_ends_what_runs(served):
    run_id = served.run("train/train", **form(served, families=["extra_trees"], trials=400, seed=2))
    worker = served.process_of(run_id)
    status, out, error = served.stop()
    assert (status, error) == (0, "")
    assert "Traceback" not in out
    assert not worker.is_running()
    assert "RUNNING" not in served.mlflow_statuses()
    with sqlite3.connect(served.espalier.prefect_database) as database:
        kinds = dict(database.execute("select id, state_type from flow_run"))
    assert "RUNNING" not in kinds.values()
    assert kinds[run_id] in ("CRASHED", "CANCELLED")


def test_what_was_killed_with_its_server_is_crashed_by_the_next(served):
    served.start()
    run_id = served.run("train/train", **form(served, families=["extra_trees"], trials=400, seed=3))
    worker = served.process_of(run_id)
    served.process.kill()
    worker.kill()
    served.process.communicate(timeout=60)
    served.start()
    assert served.wait_for_end(run_id)["type"] == "CRASHED"
    served.wait_for(lambda: "RUNNING" not in served.mlflow_statuses())
    paused = served.ask("/deployments/name/predict/tumours")["paused"]
    assert paused  # the schedules were not given this time
    assert served.stop(signal.SIGINT)[0] == 0
