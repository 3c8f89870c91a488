"""What surrounds the function of a flow, in a process that Prefect has started and in others."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.states import State

from espalier.flows.progress.guarded_run import guarded
from espalier.flows.serving.declaration import declare_schedules, open_own_folders
from espalier.infra.access.origin import FORM, asked_by, current_origin
from espalier.infra.orchestration.schedules import Schedule
from espalier.infra.settings import load_settings
from espalier.pipelines.cell_display import cells_are_hidden
from espalier.pipelines.errors import EspalierError, StoreUnavailableError, UserError
from espalier.pipelines.redaction import hide
from espalier.pipelines.requests.predict import PredictRequest
from espalier.pipelines.requests.train import TrainRequest

ROOT = Path(__file__).parents[3]
ASKED = {"data": "${SHOP}/rows.csv", "model": "shop", "out": "/srv/scores.csv"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path))
    monkeypatch.delenv("ESPALIER__DECLARED", raising=False)
    return tmp_path


@pytest.fixture
def run_of_prefect(home, monkeypatch):
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "x")


@guarded
def predict(request):
    return current_origin(), cells_are_hidden()


def schedule(**options):
    given = {"model": "shop", "cron": "0 4 * * *", "flow": "predict", "data": ASKED["data"]}
    return Schedule(**given, options={"out": ASKED["out"]} | options)


def test_a_person_asks_in_a_process_of_their_own(home):
    origin, hidden = predict(PredictRequest.parse(ASKED))
    assert not origin.is_form
    assert hidden


def test_in_a_run_of_prefect_a_form_asks(run_of_prefect):
    origin, _ = predict(PredictRequest.parse(ASKED))
    assert origin == FORM


def test_a_run_is_the_operators_if_its_request_stands_in_the_schedules(run_of_prefect):
    declare_schedules([schedule()], load_settings())
    try:
        origin, _ = predict(PredictRequest.parse(ASKED))
        assert not origin.is_form
        # The API of Prefect can change each of these, in a run and in its deployment.
        for change in ({"out": "/etc/x.csv"}, {"data": "http://10.0.0.1/x.csv"}, {"proba": True}):
            origin, _ = predict(PredictRequest.parse(ASKED | change))
            assert origin.is_form
            assert origin.names == {"SHOP"}
    finally:
        del os.environ["ESPALIER__DECLARED"]


def test_the_record_of_the_schedules_holds_no_secret(home):
    path = declare_schedules([schedule(query="select 'hunter2'")], load_settings())
    del os.environ["ESPALIER__DECLARED"]
    assert "hunter2" not in path.read_text()
    assert json.loads(path.read_text())["names"] == ["SHOP"]


@pytest.mark.parametrize("field", ["dask", "extends"])
def test_a_form_sets_no_field_of_the_operator(run_of_prefect, field):
    request = TrainRequest.parse({"data": "x.csv", "target": "y", field: "tcp://evil:8786"})
    with pytest.raises(UserError, match=f"{field} cannot be set in a form"):
        guarded(lambda request: request)(request)


def test_a_flow_that_another_calls_works_for_the_same_origin(run_of_prefect):
    request = PredictRequest.parse(ASKED)

    @guarded
    def outer(request):
        with asked_by(FORM):
            return predict(PredictRequest.parse(ASKED | {"proba": True}))

    declare_schedules([], load_settings())
    try:
        assert outer(request)[0] == FORM
    finally:
        del os.environ["ESPALIER__DECLARED"]


def test_an_error_of_a_library_shows_no_secret(home):
    hide("hunter2/real", "${SHOP}")

    @guarded
    def fail(request):
        raise RuntimeError("no access with hunter2%2Freal")

    with pytest.raises(EspalierError, match=r"RuntimeError: no access with \$\{SHOP\}"):
        fail(PredictRequest.parse(ASKED))


def test_what_may_pass_ends_a_run_of_prefect_as_unavailable(run_of_prefect, monkeypatch):
    @guarded
    def fail(request):
        raise StoreUnavailableError("the store does not answer")

    state = fail(PredictRequest.parse(ASKED))
    assert isinstance(state, State)
    assert (state.is_failed(), state.name) == (True, "Unavailable")
    assert state.message == "StoreUnavailableError: the store does not answer"
    monkeypatch.delenv("PREFECT__FLOW_RUN_ID")
    with pytest.raises(StoreUnavailableError):
        fail(PredictRequest.parse(ASKED))


def test_the_users_folders_are_open_to_forms_of_this_machine_alone(home, monkeypatch):
    monkeypatch.delenv("ESPALIER_DATA_ROOTS", raising=False)
    monkeypatch.chdir(home)
    open_own_folders(load_settings(), own_server=False)
    assert load_settings().data_roots == ()
    open_own_folders(load_settings(), own_server=True)
    assert load_settings().data_roots == (str(Path.home()), str(home))
    monkeypatch.delenv("ESPALIER_DATA_ROOTS")


HANGS = """
import signal, sys, time
from espalier.flows.progress.run_limit import run_limit
from espalier.infra.settings import load_settings
from espalier.pipelines.requests.learn import LearnRequest
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with run_limit(LearnRequest(), load_settings(), grace=0.3):
    time.sleep(600)
"""


@pytest.mark.parametrize(("kind", "status"), [("hears", -signal.SIGTERM), ("deaf", 1)])
def test_a_run_that_hangs_is_ended(tmp_path, kind, status):
    environ = os.environ | {
        "PREFECT__FLOW_RUN_ID": "x",
        "ESPALIER_HOME": str(tmp_path),
        "ESPALIER_RUN_HOURS": "0.0001",
        "PYTHONPATH": str(ROOT / "src"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", HANGS, kind],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    assert "ESPALIER_RUN_HOURS" in ended.stderr
    assert ("Timeout" in ended.stderr) == (kind == "deaf")
