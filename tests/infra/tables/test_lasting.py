"""A recorded source names the same data wherever it is read again."""

import os

import pandas as pd
import pytest

from espalier.infra.tables.lasting import is_lasting, lasting_source
from espalier.infra.tables.sources import read_table

KEPT = [
    "/data/t.csv", "/data/../t.csv", "s3://b/t.csv", "https://h/t.csv?x=1", "${DATA}",
    "${ROOT}/t.csv", "postgresql://u:${P}@h/db", "sqlite://", "sqlite:///:memory:",
    "sqlite:////data/shop.db", "file:///data/t.csv", "zip://t.csv::s3://b/t.zip",
    "sqlite:///file:shop.db?mode=ro&uri=true", "block:secret/shop", "${block:secret/dir}/t.csv",
]  # fmt: skip


@pytest.mark.parametrize("source", KEPT)
def test_what_has_no_relative_path_stays(source):
    assert lasting_source(source) == source
    assert is_lasting(source)


@pytest.mark.parametrize(
    ("source", "recorded"),
    [
        ("t.csv", "{}/t.csv"),
        ("./a/../t.csv", "{}/t.csv"),
        ("in/${YEAR}.csv", "{}/in/${YEAR}.csv"),
        ("a::b.csv", "{}/a::b.csv"),
        ("file://t.csv", "file://{}/t.csv"),
        ("zip://t.csv::t.zip", "zip://t.csv::{}/t.zip"),
        ("sqlite:///shop.db", "sqlite:///{}/shop.db"),
        ("sqlite+pysqlite:///shop.db", "sqlite:///{}/shop.db"),
        ("sqlite:///shop.db?timeout=3", "sqlite:///{}/shop.db?timeout=3"),
        ("duckdb:///shop.duckdb", "duckdb:///{}/shop.duckdb"),
    ],
)
def test_a_relative_path_is_made_absolute(source, recorded):
    assert lasting_source(source) == recorded.replace("{}", os.getcwd())
    assert not is_lasting(source)


@pytest.mark.parametrize("folder", ["plain", "what now? ${HOME} 50%25 #2"])
@pytest.mark.parametrize("kind", ["file", "database"])
def test_it_is_read_from_another_folder(tmp_path, monkeypatch, folder, kind):
    import sqlite3

    place, other = tmp_path / folder, tmp_path / "other"
    for number, each in enumerate((place, other)):
        each.mkdir()
        table = pd.DataFrame({"a": [number]})
        table.to_csv(each / "t.csv", index=False)
        with sqlite3.connect(each / "t.db") as connection:
            table.to_sql("t", connection, index=False)
    given, query = ("t.csv", None) if kind == "file" else ("sqlite:///t.db", "select * from t")
    monkeypatch.chdir(place)
    recorded = lasting_source(given)
    monkeypatch.chdir(other)
    assert read_table(recorded, query=query)["a"].tolist() == [0]
