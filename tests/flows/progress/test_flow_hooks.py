"""The hooks as Prefect calls them, on records like Prefect's."""

import sys
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.schemas.objects import FlowRun
from prefect.states import Crashed, Failed, Running

from espalier.flows.progress.flow_hooks import note_begin, note_end, notify_failure, with_run_hooks
from espalier.infra.processes.records import process_records
from espalier.infra.settings import load_settings


@flow(name="story")
def story():
    pass


@pytest.fixture
def run():
    return FlowRun(id=uuid4(), flow_id=uuid4(), name="story churn")


@pytest.fixture
def told(tmp_path, monkeypatch):
    """What the command in the settings was told; it is made with the first failure."""
    out = tmp_path / "told.txt"
    script = tmp_path / "tell.py"
    script.write_text(f"import sys; open({str(out)!r}, 'a').write(sys.stdin.read())")
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ESPALIER_NOTIFY", f"{sys.executable} {script}")
    return out


def test_every_end_is_hooked():
    hooked = with_run_hooks(flow(name="other")(lambda: None))
    assert hooked.on_running_hooks == [note_begin]
    assert hooked.on_completion_hooks == [note_end]
    assert hooked.on_failure_hooks == hooked.on_crashed_hooks == [note_end, notify_failure]


def test_the_process_is_on_record_while_the_run_goes_on(told, run):
    note_begin(flow=story, flow_run=run, state=Running())
    assert [each.flow_run_id for each in process_records(load_settings())] == [str(run.id)]
    note_end(flow=story, flow_run=run, state=Failed())
    assert list(process_records(load_settings())) == []


@pytest.mark.parametrize("make", [Failed, Crashed])
def test_a_failure_is_told_without_secrets(told, run, make):
    state = make(message="cannot read\npg://me:secret@host/db")
    notify_failure(flow=story, flow_run=run, state=state)
    text = told.read_text()
    assert f"story (story churn) has {state.name.lower()}: cannot read pg://me:***@host/db" in text
    assert "secret" not in text


def test_a_flow_inside_a_flow_leaves_the_telling_to_the_outer_one(told, run):
    inner = run.model_copy(update={"parent_task_run_id": uuid4()})
    notify_failure(flow=story, flow_run=inner, state=Failed())
    assert not told.exists()


def test_nobody_is_told_where_nobody_is_named(told, run, monkeypatch):
    monkeypatch.delenv("ESPALIER_NOTIFY")
    notify_failure(flow=story, flow_run=run, state=Failed())
    assert not told.exists()
