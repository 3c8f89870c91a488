"""MLflow opens the source of a run's dataset again."""

import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import mlflow.data
import pandas as pd
import pytest
from mlflow.data import dataset_source_registry
from mlflow.entities import Dataset

from espalier.infra.tables.mlflow_source import stored_source
from espalier.pipelines.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
GROUP = "mlflow.dataset_source"


def source_of(stored):
    return mlflow.data.get_source(
        Dataset(name="t", digest="d", source_type=stored.type, source=stored.text)
    )


@pytest.fixture
def registered(monkeypatch):
    """MLflow's sources with what this package's entry points add to them when it is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    registry = dataset_source_registry._dataset_source_registry
    monkeypatch.setattr(registry, "sources", list(registry.sources))
    for name, value in project["entry-points"][GROUP].items():
        registry.register(EntryPoint(name=name, value=value, group=GROUP).load())


@pytest.fixture
def table(tmp_path):
    table = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    table.to_csv(tmp_path / "t.csv", index=False)
    return table


def test_a_file_is_one_that_any_mlflow_opens(table, tmp_path):
    stored = stored_source(str(tmp_path / "t.csv"))
    assert stored.type == "local"
    assert pd.read_csv(source_of(stored).load()).equals(table)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("https://host/t.csv", "http"),
        ("s3://bucket/t.parquet", "s3"),
        ("s3://bucket/*.parquet", "espalier"),
        ("https://host/t.csv?token=abc", "espalier"),
        ("/nowhere/t.csv", "espalier"),
        ("${FOLDER}/t.csv", "espalier"),
        ("zip://t.csv::/tmp/t.zip", "espalier"),
        ("postgresql://me:secret@host/db", "espalier"),
    ],
)
def test_every_source_has_a_type_and_no_secret(registered, source, kind):
    stored = stored_source(source)
    assert stored.type == kind
    assert source_of(stored).to_dict() == json.loads(stored.text)
    assert "secret" not in stored.text
    assert "abc" not in stored.text


def test_a_database_is_read_again_with_its_query(registered, table, tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        table.to_sql("t", connection, index=False)
    source = source_of(stored_source(f"sqlite:///{tmp_path}/shop.db", "select * from t where a>1"))
    assert source.load()["b"].tolist() == ["y", "z"]


def test_a_pattern_is_read_again_and_a_variable_filled_in(registered, table, tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    (tmp_path / "u.csv").write_text("a,b\n4,w\n")
    assert source_of(stored_source("${FOLDER}/*.csv")).load()["a"].tolist() == [1, 2, 3, 4]


def test_a_source_of_an_earlier_run_is_opened_too(registered, table, tmp_path):
    earlier = Dataset(
        name="t",
        digest="d",
        source_type="espalier",
        source=json.dumps({"uri": str(tmp_path / "t.csv")}),
    )
    assert mlflow.data.get_source(earlier).load().equals(table)


def test_a_password_that_is_not_stored_is_said(registered):
    with pytest.raises(UserError, match="not stored"):
        source_of(stored_source("postgresql://me:secret@host/db", "select 1")).load()


@pytest.mark.slow
def test_mlflow_finds_it_where_this_package_is_installed(table, tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"][GROUP].items()
    info = tmp_path / "installed" / "shown-1.0.dist-info"  # as an installer writes it
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shown\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")
    stored = stored_source(f"{tmp_path}/*.csv")
    program = (
        "import mlflow.data; from mlflow.entities import Dataset; "
        f"d = Dataset('t', 'd', {stored.type!r}, {stored.text!r}); "
        "print(len(mlflow.data.get_source(d).load()))"
    )
    path = os.pathsep.join([str(info.parent), str(ROOT / "src")])
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "3"), ended.stderr
