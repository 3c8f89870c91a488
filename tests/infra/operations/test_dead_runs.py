"""Runs of dead processes are ended in Prefect and MLflow; those of living ones are left alone."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from espalier.infra.operations.dead_runs import MESSAGE, PENDING_LIMIT, end_dead_runs, end_orphans
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.processes.owner_lock import LOST_SECONDS, RunLock
from espalier.infra.processes.records import note_process, process_records
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind

pytestmark = pytest.mark.cluster

# A container that is gone, or another machine.
ELSEWHERE = {"host": "elsewhere", "boot": "another-start/pid:[1]"}

DEAD = """
import json, sys
from pathlib import Path
from espalier.infra.processes.identity import ProcessIdentity
print(json.dumps(ProcessIdentity.mine().to_dict()))
"""


@pytest.fixture(scope="module")
def dead_owner():
    """The description of a process that was there."""
    out = subprocess.run([sys.executable, "-c", DEAD], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


@pytest.fixture(scope="module")
def settings(new_settings):
    return new_settings()


@pytest.fixture(scope="module")
def client(settings):
    """A client of a Prefect server of its own."""
    from espalier.infra.orchestration.server import PrefectServer

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(settings).start() as server:
            server.wait()
            from prefect.client.orchestration import get_client
            from prefect.settings import PREFECT_API_URL, temporary_settings

            with (
                temporary_settings({PREFECT_API_URL: server.url}),
                get_client(sync_client=True) as client,
            ):
                yield client


@pytest.fixture
def start(client):
    """Make a flow run in a state; return its id."""
    from prefect import flow
    from prefect.states import State

    @flow(name="sleeper")
    def sleeper():
        pass

    def make(state_type, name=None, owner="us"):
        state = State(type=state_type, name=name)
        tags = ["espalier", f"owner:{owner}"]
        return client.create_flow_run(sleeper, state=state, tags=tags).id

    return make


def as_dead(settings, flow_run_id, owner):
    note_process(settings, str(flow_run_id))
    path = settings.home / "processes" / f"{flow_run_id}.json"
    path.write_text(json.dumps(owner))


@pytest.mark.parametrize(
    ("state_type", "name", "after"),
    [
        ("RUNNING", None, "Crashed"),
        ("CANCELLING", None, "Crashed"),
        ("PAUSED", "Paused", "Crashed"),
        ("PAUSED", "Suspended", "Suspended"),
        ("SCHEDULED", "AwaitingRetry", "AwaitingRetry"),
        ("COMPLETED", None, "Completed"),
    ],
)
def test_a_run_whose_process_is_dead(settings, client, start, dead_owner, state_type, name, after):
    run_id = start(state_type, name)
    as_dead(settings, run_id, dead_owner)
    ended = end_dead_runs(settings)
    run = client.read_flow_run(run_id)
    assert run.state.name == after
    assert (run.name in ended.flow_runs) == (after == "Crashed")
    assert (run.state.message == MESSAGE) == (after == "Crashed")
    assert list(process_records(settings)) == []


def test_a_run_whose_process_lives_is_left_alone(settings, client, start):
    run_id = start("RUNNING")
    note_process(settings, str(run_id))
    assert end_dead_runs(settings).flow_runs == ()
    assert client.read_flow_run(run_id).state.is_running()
    assert [record.owner.pid for record in process_records(settings)] == [os.getpid()]


def test_records_of_a_container_that_is_gone_are_forgotten_once_their_run_has_ended(
    settings, client, start, dead_owner
):
    running, ended = start("RUNNING"), start("CRASHED")
    for run_id in (running, ended):
        as_dead(settings, run_id, dead_owner | ELSEWHERE)
    assert end_dead_runs(settings).flow_runs == ()
    assert client.read_flow_run(running).state.is_running()  # its heartbeats decide
    assert str(running) in [each.flow_run_id for each in process_records(settings)]
    assert str(ended) not in [each.flow_run_id for each in process_records(settings)]


def test_a_run_that_is_not_known_here_is_forgotten(settings, client, dead_owner):
    as_dead(settings, "not-an-id", dead_owner)
    as_dead(settings, "11111111-1111-1111-1111-111111111111", dead_owner)
    assert end_dead_runs(settings).flow_runs == ()


def test_a_run_that_was_never_begun_is_ended_after_a_while(settings, client, start, monkeypatch):
    young, of_another = start("PENDING"), start("PENDING", owner="them")
    begun = datetime.now(UTC)
    assert end_orphans("owner:us", begun) == ()
    later = begun + PENDING_LIMIT + timedelta(minutes=1)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr("espalier.infra.operations.dead_runs.datetime", Later)
    assert end_orphans("owner:us", begun - timedelta(minutes=1)) == ()  # taken by this very serve
    assert end_dead_runs(settings).flow_runs == ()
    assert end_orphans("owner:us", begun) == (client.read_flow_run(young).name,)
    assert client.read_flow_run(young).state.is_crashed()
    assert client.read_flow_run(of_another).state.is_pending()  # a pod may wait for its node


def test_runs_of_mlflow_by_the_lock_of_their_folder(settings, client, dead_owner, tmp_path):

    tracking = Tracking(settings)

    def training(name, owner):
        folder = tmp_path / name
        folder.mkdir()
        if owner is not None:
            RunLock(folder / "lock").path.write_text(json.dumps(owner))
        run_id = tracking.start_run(name, tags={"espalier.folder": str(folder)})
        trial = tracking.start_run("trial", tags={run_tags.PARENT: run_id})
        return run_id, trial

    dead = training("dead", dead_owner)
    alive = training("alive", ProcessIdentity.mine().to_dict())
    unknown = training("unknown", None)
    other = training("other", dead_owner | ELSEWHERE)
    silent = training("silent", dead_owner | ELSEWHERE)
    eleven_minutes_ago = time.time() - LOST_SECONDS - 60
    os.utime(tmp_path / "silent" / "lock", (eleven_minutes_ago, eleven_minutes_ago))
    assert set(end_dead_runs(settings).mlflow_runs) == {*dead, *silent}

    def status(run_id):
        return tracking.client.get_run(run_id).info.status

    assert [status(each) for each in (*dead, *silent)] == ["KILLED"] * 4
    assert tracking.client.get_run(dead[0]).data.tags["error"] == MESSAGE
    for pair in (alive, unknown, other):
        assert [status(each) for each in pair] == ["RUNNING", "RUNNING"]


def test_runs_of_mlflow_without_a_folder_by_the_process_they_name(settings, client, dead_owner):
    tracking = Tracking(settings)

    def monitoring(owner):
        return tracking.start_run("monitor churn", tags={run_tags.OWNER: json.dumps(owner)})

    dead, alive = monitoring(dead_owner), monitoring(ProcessIdentity.mine().to_dict())
    other = monitoring(dead_owner | ELSEWHERE)
    assert end_dead_runs(settings).mlflow_runs == (dead,)
    runs = [tracking.client.get_run(each) for each in (dead, alive, other)]
    assert [each.info.status for each in runs] == ["KILLED", "RUNNING", "RUNNING"]
    assert runs[0].data.tags["error"] == MESSAGE
    assert runs[0].data.tags[run_tags.OUTCOME] == "failed"


def test_a_decision_that_was_cut_off_is_settled(settings, client, monkeypatch, tmp_path):
    registry = Tracking(settings).client
    registry.create_registered_model("cut off")
    for _ in range(2):
        registry.create_model_version("cut off", source=str(tmp_path))
    registry.set_registered_model_alias("cut off", "champion", "1")
    decision = Decision(
        kind=DecisionKind.PROMOTED,
        model="cut off",
        version=2,
        champion_before=1,
        champion_after=2,
        previous_after=1,
        actor="ann",
        reasons=("It is better.",),
    )
    log = DecisionLog(settings)
    log.open(decision, "page", sequence=1)  # and then the process was killed
    assert end_dead_runs(settings).decisions == ()  # it may still be at work
    monkeypatch.setattr("espalier.infra.operations.dead_runs.DECISION_LIMIT", timedelta(0))
    assert end_dead_runs(settings).decisions == ("cut off",)
    assert log.unfinished("cut off") == log.read("cut off") == ()  # withdrawn: nothing had moved
    assert registry.get_registered_model("cut off").aliases == {"champion": 1}
    assert end_dead_runs(settings).decisions == ()
