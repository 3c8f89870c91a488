"""Every wrong input of the user ends with status 2 and one line, before anything is trained."""

import re
import sqlite3

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from espalier.flows.cli.app import app, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of small tables, most of them wrong in one way."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    n = 60
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.normal(50, 10, n),
            "city": rng.choice(["Rome", "Oslo"], n),
            "churned": rng.choice(["yes", "no"], n),
            "constant": "same",
            "nothing": np.nan,
            "name": [f"person {number}" for number in range(n)],
        }
    )
    table.to_csv(folder / "good.csv", index=False)
    table.head(12).to_csv(folder / "short.csv", index=False)
    table.head(0).to_csv(folder / "header.csv", index=False)
    table[["churned"]].to_csv(folder / "alone.csv", index=False)
    (folder / "empty.csv").write_text("")
    (folder / "broken.parquet").write_bytes(b"PAR1 this is not parquet")
    (folder / "table.xyz").write_text("a,b\n1,2\n")
    with sqlite3.connect(folder / "shop.db") as database:
        table.to_sql("people", database, index=False)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One store for all of them: making its tables takes seconds."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def espalier(folder, home, monkeypatch):
    monkeypatch.setenv("ESPALIER_HOME", str(home))
    # Nothing listens there: a test that gets as far as starting a run fails.
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.chdir(folder)

    def call(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return call


TRAIN_FAULTS = {
    "missing file": (["no.csv", "--target", "churned"], "no.csv"),
    "a folder": ([".", "--target", "churned"], r"'\.'"),
    "empty file": (["empty.csv", "--target", "churned"], "empty.csv"),
    "header only": (["header.csv", "--target", "churned"], "header.csv"),
    "unreadable file": (["broken.parquet", "--target", "churned"], "broken.parquet"),
    "unknown ending": (["table.xyz", "--target", "churned"], "table.xyz"),
    "unknown target": (["good.csv", "--target", "chruned"], "'chruned'.*'churned'"),
    "constant target": (["good.csv", "--target", "constant"], "'constant'"),
    "target all missing": (["good.csv", "--target", "nothing"], "'nothing'"),
    "one row per class": (["good.csv", "--target", "name"], "'name'"),
    "fewer than 20 rows": (["short.csv", "--target", "churned"], "12"),
    "unknown metric": (["good.csv", "--target", "churned", "--metric", "auroc"], "'auroc'"),
    "unfit metric": (["good.csv", "--target", "churned", "--metric", "rmse"], "'rmse'"),
    "contradicting task": (
        ["good.csv", "--target", "churned", "--task", "regression"],
        "'churned'",
    ),
    "unknown task": (["good.csv", "--target", "churned", "--task", "rank"], "'rank'"),
    "negative budget": (["good.csv", "--target", "churned", "--time-budget", "-5s"], "'-5s'"),
    "no duration": (["good.csv", "--target", "churned", "--time-budget", "soon"], "'soon'"),
    "no trials": (["good.csv", "--target", "churned", "--trials", "0"], "trials"),
    "unknown family": (
        ["good.csv", "--target", "churned", "--families", "lightgmb"],
        "'lightgmb'.*'lightgbm'",
    ),
    "unknown column": (["good.csv", "--target", "churned", "--exclude", "agee"], "'agee'.*'age'"),
    "excluded target": (["good.csv", "--target", "churned", "--exclude", "churned"], "'churned'"),
    "a name that cannot be": (["good.csv", "--target", "churned", "--name", "a/b"], "'a/b'"),
    "a database without a query": (["sqlite:///shop.db", "--target", "churned"], "query"),
    "a bad query": (
        ["sqlite:///shop.db", "--target", "churned", "--query", "select * from no_one"],
        "no_one",
    ),
    "no size": (["good.csv", "--target", "churned", "--max-size-mb", "0"], "limit on size"),
    "no operations": (
        ["good.csv", "--target", "churned", "--max-operations", "0"],
        "limit on operations",
    ),
    "unknown objective": (
        ["good.csv", "--target", "churned", "--objectives", "score,speed"],
        "unknown objective 'speed'.*latency, size, operations",
    ),
    "unknown preference": (
        ["good.csv", "--target", "churned", "--prefer", "tiny"],
        "unknown preference 'tiny'.*balanced, score, small",
    ),
    "a search of networks": (
        ["good.csv", "--target", "churned", "--search", "differentiable"],
        "for architectures of networks",
    ),
    "nothing readable": (
        ["good.csv", "--target", "churned", "--interpretable", "--families", "knn"],
        "if it must be interpretable",
    ),
    "json into no folder": (
        ["good.csv", "--target", "churned", "--json", "no/where/out.json"],
        "no/where",
    ),
}


@pytest.mark.parametrize("fault", TRAIN_FAULTS)
def test_wrong_input_to_train(espalier, fault):
    arguments, names = TRAIN_FAULTS[fault]
    check_refusal(espalier("train", *arguments), names)


PREDICT_FAULTS = {
    "unknown model": (["good.csv", "--model", "churn", "--out", "p.csv"], "'churn'"),
    "unusable name": (["good.csv", "--model", "a@b@c", "--out", "p.csv"], "a@b@c"),
    "unknown output": (["good.csv", "--model", "churn", "--out", "p.xlsx"], "p.xlsx"),
    "output nowhere": (["good.csv", "--model", "churn", "--out", "no/p.csv"], "no/p.csv"),
}


LIFECYCLE_FAULTS = {
    "unknown model": (["retrain", "churn"], "'churn'"),
    "unknown drift policy": (["retrain", "churn", "--on-drift", "panic"], "on-drift 'panic'"),
    "unknown promotion policy": (["retrain", "churn", "--promote", "yes"], "promote 'yes'"),
    "no duration": (["retrain", "churn", "--time-budget", "soon"], "'soon'"),
    "report into no folder": (["retrain", "churn", "--json", "no/where.json"], "no/where"),
    "unknown watched model": (["monitor", "churn", "--data", "good.csv"], "'churn'"),
    "negative limit": (
        ["monitor", "churn", "--data", "good.csv", "--max-score-drop", "-1"],
        "max-score-drop",
    ),
}


@pytest.mark.parametrize("fault", LIFECYCLE_FAULTS)
def test_wrong_input_to_retrain_and_monitor(espalier, fault):
    arguments, names = LIFECYCLE_FAULTS[fault]
    check_refusal(espalier(*arguments), names)


@pytest.mark.parametrize("fault", PREDICT_FAULTS)
def test_wrong_input_to_predict(espalier, fault):
    arguments, names = PREDICT_FAULTS[fault]
    check_refusal(espalier("predict", *arguments), names)


def test_the_leaderboard_of_no_model(espalier):
    check_refusal(espalier("leaderboard", "churn"), "'churn'")


def check_refusal(outcome, names):
    assert outcome.exit_code == 2, outcome.output
    lines = outcome.stderr.strip().splitlines()
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("error: ")
    assert re.search(names, lines[0]), lines[0]
    assert outcome.stdout == ""


def test_no_models_is_said_kindly(espalier):
    outcome = espalier("models")
    assert outcome.exit_code == 0
    assert "espalier train" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "--target", "y"], "Missing argument"),
        (["train", "a.csv"], "--target"),
        (["train", "a.csv", "--target", "y", "--colour", "red"], "--colour"),
        (["train", "a.csv", "--target", "y", "--trials", "many"], "--trials"),
        (["trian"], "trian"),
    ],
)
def test_wrong_usage_is_one_line_too(arguments, says, capsys):
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in ("train", "predict", "leaderboard", "models", "ui"):
        assert name in text


def test_what_nobody_expected_is_one_line_and_a_log(espalier, home, monkeypatch):
    from espalier.infra.registry import registry

    def broken(_settings):
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(registry, "list_models", broken)
    monkeypatch.delitem(
        __import__("sys").modules, "espalier.flows.cli.views.model_tables", raising=False
    )
    outcome = espalier("models")
    assert outcome.exit_code == 1
    assert re.fullmatch(r"error: the moon is full \(details in (.*)\)", outcome.stderr.strip())
    assert "Traceback" in (home / "errors.log").read_text()
