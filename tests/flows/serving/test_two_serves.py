"""Two real `espalier serve` on one Prefect server, of different home folders."""

import json
import re
import signal
import time
import urllib.request
from dataclasses import replace
from urllib.parse import quote

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SCHEDULES = """
- flow: learn
  model: experience
  cron: "0 4 1 1 *"
"""


class Serve:
    """An `espalier serve` that uses the server at ``url``."""

    def __init__(self, espalier, url):
        espalier.folder.mkdir()
        (espalier.folder / "schedules.yaml").write_text(SCHEDULES)
        environ = {"PREFECT_API_URL": url, "ESPALIER_UI_START_SECONDS": "600"}
        self.espalier = replace(espalier, environ=environ)
        self.process, self.text = None, ""

    def start(self, *arguments):
        self.process = self.espalier.start("serve", *arguments)
        self.text = ""
        while "Ctrl-C" not in self.text:
            line = self.process.stdout.readline()
            assert line, self.text + self.process.stderr.read()
            self.text += line
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, error = self.process.communicate(timeout=120)
        assert (self.process.returncode, error) == (0, "")
        return out

    def name_of(self, flow):
        """Return the name under which a flow is published here."""
        return re.search(rf"^{flow}\s+({flow}(?: \(\w+\))?)\s", self.text, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.settings import load_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESPALIER_HOME", str(tmp_path_factory.mktemp("server")))
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(load_settings(), full=True).start() as server:
            yield server.wait()


@pytest.fixture
def ask(server):
    def call(path, body=None, method=None):
        request = urllib.request.Request(
            f"{server}{quote(path)}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read() or b"null")

    return call


@pytest.fixture
def serves(espalier_in, tmp_path, server):
    made = [Serve(espalier_in(tmp_path / name), server) for name in ("production", "laptop")]
    yield made
    for each in made:
        if each.process is not None and each.process.poll() is None:
            each.process.kill()


def wait_for(what, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds} s in vain")


def test_each_does_its_own_and_a_restart_changes_nothing(serves, ask):
    production, laptop = serves
    production.start("--schedules", "schedules.yaml")
    scheduled = ask("/deployments/name/learn/experience")

    def planned():
        body = {"deployments": {"id": {"any_": [scheduled["id"]]}}}
        return {each["id"] for each in ask("/flow_runs/filter", body)}

    runs = wait_for(planned)
    laptop.start()
    assert not ask("/deployments/name/learn/experience")["paused"]
    assert planned() == runs
    mine = ask(f"/deployments/name/rollback/{production.name_of('rollback')}")
    theirs = ask(f"/deployments/name/rollback/{laptop.name_of('rollback')}")
    assert mine["id"] != theirs["id"]

    def start(deployment):
        body = {"parameters": {"request": {"name": "nobody"}}}
        return ask(f"/deployments/{deployment['id']}/create_flow_run", body)["id"]

    def state(run_id):
        return ask(f"/flow_runs/{run_id}")["state"]["type"]

    # Production runs what is its own, and the laptop's waits for the laptop.
    laptop.stop()
    of_laptop, of_production = start(theirs), start(mine)
    wait_for(lambda: state(of_production) == "FAILED")
    assert state(of_laptop) == "SCHEDULED"

    # What is paused by a person stays, what is planned too, and what was due meanwhile is done.
    ask(f"/deployments/{mine['id']}/pause_deployment", {})
    production.stop()
    assert planned() == runs
    due = start(mine)
    production.start("--schedules", "schedules.yaml")
    assert planned() == runs
    again = ask("/deployments/name/learn/experience")
    assert (again["id"], again["paused"]) == (scheduled["id"], False)
    assert ask(f"/deployments/{mine['id']}")["paused"]
    wait_for(lambda: state(due) == "FAILED")
    assert state(of_laptop) == "SCHEDULED"

    # A second one of the same home folder would take over the first's: it is refused.
    second = production.espalier.run("serve")
    assert second.returncode == 2
    assert "--name" in second.stderr
    production.stop()
