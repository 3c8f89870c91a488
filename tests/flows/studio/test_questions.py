"""A run that asks a person is shown on the model's page, and answered there."""

import json
import shutil
import time
import urllib.error
from dataclasses import asdict
from html import unescape

import pytest

from espalier.flows.studio.models.questions import waiting_questions
from espalier.infra.network.ports import ask_json
from espalier.infra.orchestration.questions import QUESTION_KEY, Question

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def server(registered, new_home):
    """Settings of a home with the model `churn`, and the Prefect server of its `serve`."""
    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.processes.identity import ProcessIdentity

    settings = new_home()
    shutil.copy(registered.home / "mlflow.db", settings.home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESPALIER_HOME", str(settings.home))
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(settings).start() as started:
            started.wait()
            record = {"url": started.url, "owner": ProcessIdentity.mine().to_dict()}
            (settings.prefect_folder / "server.json").write_text(json.dumps(record))
            yield settings, started.url


def ask(url, *, model="churn", expires=3600.0):
    """Let a run of `promote` ask whether version 2 may serve; its id."""
    from espalier.flows.progress.approval import PromotionAnswer

    flow = ask_json(f"{url}/flows/", {"name": "promote"})
    made = ask_json(f"{url}/deployments/", {"name": "promote", "flow_id": flow["id"]})
    run = ask_json(f"{url}/deployments/{made['id']}/create_flow_run", {"name": f"promote {model}"})
    keys = {each: f"suspended-x-{each}" for each in ("description", "response", "schema")}
    details = {"run_input_keyset": keys, "pause_reschedule": True}
    state = {"type": "PAUSED", "name": "Suspended", "state_details": details}
    place = f"{url}/flow_runs/{run['id']}"
    ask_json(f"{place}/set_state", {"state": state, "force": True})
    schema = json.dumps(PromotionAnswer.model_json_schema())
    ask_json(f"{place}/input", {"key": keys["schema"], "value": schema})
    question = Question(
        model=model, champion=1, challenger=2, expires=time.time() + expires, facts="{}"
    )
    ask_json(f"{place}/input", {"key": QUESTION_KEY, "value": json.dumps(asdict(question))})
    return run["id"]


def answer_of(url, run_id):
    return json.loads(json.dumps(ask_json(f"{url}/flow_runs/{run_id}/input/suspended-x-response")))


def test_a_question_is_shown_and_its_answer_resumes_the_run(server, visit):
    settings, url = server
    run_id = ask(url)
    late, other = ask(url, expires=-1.0), ask(url, model="fraud")
    assert [each.run_id for each in waiting_questions(settings, "churn")] == [run_id]
    visitor = visit(settings)
    assert "waits for your answer" in visitor.get("/models").text
    page = unescape(visitor.get("/models/churn").text)
    assert "may version 2 serve instead of version 1?" in page
    assert f"/answer/{run_id}" in page
    assert late not in page
    assert other not in page
    done = visitor.post(
        f"/models/churn/answer/{run_id}",
        {"answer": "promote", "comment": "it is better"},
        page="/models/churn",
    )
    assert done.status_code == 200
    assert f"/answer/{run_id}" not in done.text
    given = answer_of(url, run_id)
    assert "promote" in str(given)
    assert "it is better (answered by " in str(given)
    state = ask_json(f"{url}/flow_runs/{run_id}")["state"]
    assert state["type"] == "SCHEDULED"
    again = visitor.post(f"/models/churn/answer/{run_id}", {"answer": "promote"}, page="/data")
    assert again.status_code == 400
    assert "answered already" in unescape(again.text)


def test_a_question_of_another_model_is_not_answered_here(server, visit):
    settings, url = server
    run_id = ask(url, model="fraud")
    reply = visit(settings).post(
        f"/models/churn/answer/{run_id}", {"answer": "promote"}, page="/data"
    )
    assert reply.status_code == 400
    with pytest.raises(urllib.error.HTTPError, match="404"):
        answer_of(url, run_id)


def test_without_a_server_nobody_is_asked(registered, visit):
    assert waiting_questions(registered) == ()
    assert "You are asked" not in visit(registered).get("/models/churn").text
