"""``espalier expectations`` as a person types it, on a real registry."""

import stat

import pytest
from typer.testing import CliRunner

from espalier.flows.cli.app import app
from espalier.infra.registry.registry_pages import make_registered_model
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import Expectation, Severity
from espalier.pipelines.data.owned.suite_file import from_yaml

AGE = Expectation("ExpectColumnValuesToBeBetween", "age", Severity.WARN, {"max_value": 93.0})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A registry with a model whose training left a suite."""
    home = tmp_path_factory.mktemp("home")
    tracking = Tracking(Settings(home=home, tracking_uri=None, registry_uri=None))
    run_id = tracking.start_run("training")
    tracking.log_text(run_id, DataContract((AGE,)).to_json(), "validation/validation.json")
    make_registered_model(tracking.client, "churn")
    tracking.client.create_model_version("churn", source=f"runs:/{run_id}/model", run_id=run_id)
    return home


@pytest.fixture
def ask(home, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(home))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)

    def run(*options, model="churn"):
        return CliRunner().invoke(app, ["expectations", model, *options])

    return run


def test_stating_listing_pinning_and_taking_back(ask, tmp_path):
    assert "nobody states anything for churn" in ask().stdout
    said = ask("--min-rows", "50%", "--fresh", "day=7", "--reason", "the nightly export")
    assert said.exit_code == 0, said.output
    assert "at least 50 % of the rows of the last training" in said.stdout
    assert "at most 7 days old (the nightly export)" in said.stdout
    pinned = ask("--pin", "age")
    assert "warning" in pinned.stdout  # as it was inferred
    assert "at most 93" in pinned.stdout
    assert "error" in ask("--pin", "age", "--severity", "error").stdout
    left = ask("--remove", "age", "--silence", AGE.key, "--html", str(tmp_path / "suite.html"))
    assert f"not checked: {AGE.key}" in left.stdout
    assert "the nightly export" in (tmp_path / "suite.html").read_text()


def test_a_file_replaces_all_of_it_and_an_editor_changes_it(ask, tmp_path, monkeypatch):
    text = "expectations: [{expect: expect_column_to_exist, column: a}]"
    (tmp_path / "suite.yaml").write_text(text)
    assert ask("--file", str(tmp_path / "suite.yaml")).exit_code == 0
    assert from_yaml(ask("--yaml").stdout) == from_yaml(text)
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/column: a/column: b/' \"$1\"\n")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("VISUAL", str(editor))
    assert "(b)" in ask("--edit").stdout
    monkeypatch.setenv("VISUAL", "true")
    unchanged = ask("--edit")
    assert unchanged.exit_code == 2
    assert "not changed in the editor" in unchanged.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--add", "expect_wonders column=a"), "'expect_wonders' is not known"),
        (("--min-rows", "many"), "--min-rows is a number of rows or 50%"),
        (("--fresh", "day"), "--fresh is COLUMN=DAYS"),
        (("--pin", "agee"), "nothing about 'agee'"),
        (("--remove", "agee"), "nobody has stated 'agee'"),
        (("--min-rows", "5", "--severity", "fatal"), "the severity is error or warning"),
        (("--file", "/no/such/file"), "cannot be read"),
    ],
)
def test_what_cannot_be_stated_is_said_in_one_line(ask, options, said):
    before = ask("--yaml").stdout
    outcome = ask(*options)
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert ask("--yaml").stdout == before


def test_an_unknown_model_names_the_known_ones(ask):
    outcome = ask("--min-rows", "5", model="chrun")
    assert outcome.exit_code == 2
    assert "churn" in outcome.stderr
