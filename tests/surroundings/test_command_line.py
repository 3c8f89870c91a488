"""``espalier train``, its servers and workers, and the model it leaves, among a user's files."""

import json
import socket
import time
import urllib.error
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.cluster]

QUICK = ("--trials", "2", "--families", "linear,lightgbm", "--workers", "1")

LOAD = """
import sys
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(pandas.read_csv("t.csv").drop(columns="y"))
print(answer.shape[0])
"""


@pytest.fixture(scope="module")
def trained(crowded):
    """The folder after a training in it."""
    crowded.run("espalier", "train", "t.csv", "--target", "y", "--name", "t", *QUICK)
    return crowded


@pytest.fixture(scope="module")
def model_folder(trained):
    """Where MLflow keeps the files of a model; later tests train more."""
    return min(trained.folder.glob("mlruns/**/MLmodel")).parent


def test_the_command_trains_and_predicts(trained):
    trained.run("espalier", "predict", "t.csv", "--model", "t", "--out", "p.csv")
    assert len((trained.folder / "p.csv").read_text().splitlines()) == 121


def test_the_module_trains(trained):
    trained.run(
        "python", "-m", "espalier", "train", "t.csv", "--target", "y", "--name", "again", *QUICK
    )


def test_a_version_answers_in_a_process_of_its_own(trained):
    """A second version, weighed against the first."""
    trained.run("espalier", "train", "t.csv", "--target", "y", "--name", "t", "--seed", "1", *QUICK)
    trained.run("espalier", "promote", "t", "--min-rows", "5")
    trained.run("espalier", "verify", "t")


def test_the_logged_model_holds_one_name(model_folder):
    assert [each.name for each in (model_folder / "code").iterdir()] == ["espalier"]
    inside = {each.name for each in (model_folder / "code" / "espalier").iterdir()}
    assert inside - {"__pycache__"} == {"__init__.py", "pipelines"}
    assert not list(model_folder.glob("code/**/shipped"))


def test_mlflow_opens_the_model_beside_the_users_modules(model_folder, project):
    (project.folder / "load.py").write_text(LOAD)
    assert project.run("python", "load.py", model_folder).strip() == "120"


def test_mlflow_serves_the_model_beside_the_users_modules(model_folder, project):
    """MLflow's own server looks into the working folder, so the standard library's stay out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = project.start(
        "mlflow",
        "models",
        "serve",
        "-m",
        model_folder,
        "--env-manager",
        "local",
        "--port",
        port,
        "--host",
        "127.0.0.1",
    )
    try:
        rows = {"dataframe_split": {"columns": ["x", "z"], "data": [[1.5, 0.0], [-1.5, 0.0]]}}
        answer = _ask(server, f"http://127.0.0.1:{port}/invocations", rows)
        assert [each["prediction"] for each in answer["predictions"]] == ["a", "b"]
        assert project.executed == []
    finally:
        server.terminate()
        server.communicate(timeout=60)


def _ask(server, url, body):
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    end = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error
        except OSError:
            assert server.poll() is None, server.communicate()
            assert time.monotonic() < end, "it does not answer"
            time.sleep(0.5)
