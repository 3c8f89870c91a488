"""The Prefect server remembers whom the proxy named, and lets nobody else say so."""

import json
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a server behind a proxy that names users in ``X-Forwarded-User``."""
    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.settings import load_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESPALIER_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("ESPALIER_USER_HEADER", "X-Forwarded-User")
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(load_settings()).start() as server:
            server.wait()
            from prefect.settings import PREFECT_API_URL, temporary_settings

            with temporary_settings({PREFECT_API_URL: server.url}):
                yield server.url


@pytest.fixture
def ask(server):
    def call(path, body=None, user=None, method="POST"):
        request = urllib.request.Request(
            f"{server}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}
            | ({} if user is None else {"X-Forwarded-User": user}),
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    return call


@pytest.fixture
def waiting(ask):
    """A run that ``ann`` has started and that waits for an answer."""
    from espalier.flows.progress.approval import PromotionAnswer

    flow = ask("/flows/", {"name": "promote"})
    made = ask("/deployments/", {"name": "promote", "flow_id": flow["id"]})
    run = ask(f"/deployments/{made['id']}/create_flow_run", {}, user="ann")
    keys = {each: f"suspended-x-{each}" for each in ("description", "response", "schema")}
    details = {"run_input_keyset": keys, "pause_reschedule": True}
    state = {"type": "PAUSED", "name": "Suspended", "state_details": details}
    ask(f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    schema = json.dumps(PromotionAnswer.model_json_schema())
    ask(f"/flow_runs/{run['id']}/input", {"key": keys["schema"], "value": schema})
    return run["id"]


def named(run_id, key):
    from prefect.input.actions import read_flow_run_input

    return read_flow_run_input(key, flow_run_id=run_id)


def test_who_starts_and_who_answers_is_known(ask, waiting):
    from espalier.flows.progress.acting import answered_by_name

    assert named(waiting, "espalier-started-by") == "ann"
    answer = {"run_input": {"answer": "promote", "comment": "I am the boss"}}
    reply = ask(f"/flow_runs/{waiting}/resume", answer, user="eve")
    assert (reply["status"], reply["state"]["type"]) == ("ACCEPT", "SCHEDULED")
    assert named(waiting, "suspended-x-response") == answer["run_input"]
    assert answered_by_name(waiting) == "eve"
    assert named(waiting, "espalier-started-by") == "ann"


def test_nobody_can_say_who_he_is(ask, waiting):
    for key in ("espalier-answered-by", "espalier-started-by"):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(f"/flow_runs/{waiting}/input", {"key": key, "value": '"boss"'})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(f"/flow_runs/{waiting}/input/{key}", method="DELETE")
    ask(f"/flow_runs/{waiting}/resume", {"run_input": {}})  # not through the proxy
    assert named(waiting, "espalier-answered-by") is None
    ask(f"/flow_runs/{waiting}/input", {"key": "other", "value": "1"})
    assert named(waiting, "other") == 1


def test_without_the_setting_a_stored_name_means_nothing(ask, waiting, monkeypatch):
    from espalier.flows.progress.acting import answered_by_name

    ask(f"/flow_runs/{waiting}/resume", {"run_input": {}}, user="eve")
    monkeypatch.delenv("ESPALIER_USER_HEADER")
    assert answered_by_name(waiting) is None
