"""A hostile table goes through the whole chain as data, and as nothing else."""

import re
import sqlite3

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.security.conftest import MARK, TARGET
from tests.security.page_reader import PageReader

pytestmark = pytest.mark.cluster

# What could act: an element, or a link that runs something.
ACTIVE = re.compile(r"<(script|img)|(?<!\\)\]\(javascript", re.IGNORECASE)
ANSI_STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def trained(hostile_table, tmp_path_factory, espalier_in):
    folder = tmp_path_factory.mktemp("hostile") / "in" / "here"
    folder.mkdir(parents=True)
    espalier = espalier_in(folder)
    hostile_table.to_parquet(folder / "<b>rows'; x.parquet")
    report, outcome = espalier.train(
        "<b>rows'; x.parquet",
        "--target",
        TARGET,
        "--trials",
        "2",
        "--families",
        "linear,lightgbm",
        "--workers",
        "1",
    )
    return espalier, report, outcome


def test_it_learns_from_it_and_predicts_the_very_labels(trained, hostile_table):
    espalier, report, _ = trained
    assert report["n_failed"] == 0
    assert report["holdout_score"] > 0.7
    hostile_table.drop(columns=TARGET).to_parquet(espalier.folder / "new.parquet")
    outcome = espalier.call("predict", "new.parquet", "--model", report["model"], "--out", "p.csv")
    assert outcome.exit_code == 0, outcome.stderr
    answers = pd.read_csv(espalier.folder / "p.csv")["prediction"]
    assert set(answers) <= set(hostile_table[TARGET])


def test_nothing_of_it_was_run_or_used_as_a_path(trained):
    espalier, report, _ = trained
    assert re.fullmatch(r"[\w.+ -]+", report["model"])
    around = espalier.folder.parents[1]
    assert not list(around.rglob(MARK))
    assert {path.name for path in around.iterdir()} == {"in"}
    assert {path.name for path in espalier.folder.parent.iterdir()} == {"here"}
    for path in espalier.home.rglob("*"):
        assert re.fullmatch(r"[\w.+\- =]+", path.name), path


def test_the_tables_of_the_stores_are_all_there(trained):
    espalier = trained[0]
    with sqlite3.connect(espalier.home / "mlflow.db") as database:
        assert database.execute("select count(*) from runs").fetchone()[0] == 3
        ((value,),) = database.execute("select value from params where key = 'target'")
    assert value == TARGET


def test_the_terminal_gets_text_alone(trained):
    _, _, outcome = trained
    for line in (outcome.stdout + outcome.stderr).splitlines():
        assert line.isprintable(), repr(line)
    assert "is set aside" in outcome.stdout


def test_artifacts_show_markup_as_text(trained):
    espalier, report, _ = trained
    with sqlite3.connect(espalier.prefect_database) as database:
        shown = [
            text
            for (text,) in database.execute(
                "select data from artifact where type in ('markdown', 'table') and key is not null"
            )
        ]
    assert len(shown) >= 3
    assert not [text for text in shown if ACTIVE.search(text)]
    for name in ("runs/*/validation.html", "report.html"):
        # Beside it is the template that it is made of, in the code that a model carries.
        (page,) = [each for each in espalier.home.rglob(name) if "code" not in each.parts]
        read = PageReader(page.read_text())
        assert not read.tags & {"script", "img", "iframe"}
        # The page's own table of contents; no cell becomes a link, and none leads out.
        assert all(re.fullmatch(r"#[a-z]+", link or "") for link in read.links)
    uri = f"sqlite:///{espalier.home / 'mlflow.db'}"
    client = MlflowClient(uri, registry_uri=uri)
    assert not ACTIVE.search(client.get_model_version(report["model"], "1").description)


@pytest.mark.parametrize("name", ["../../x", "a/b", "<b>", "x'; --", "[red]", "\x1b[2J", "@x", ""])
def test_a_name_is_plain_or_refused(espalier_in, hostile_table, tmp_path, name):
    hostile_table.to_parquet(tmp_path / "t.parquet")
    outcome = espalier_in(tmp_path).call("train", "t.parquet", "--target", "no", "--name", name)
    assert outcome.exit_code == 2
    assert outcome.stderr[:-1].isprintable()
    assert ("model name" in outcome.stderr) == bool(name)
