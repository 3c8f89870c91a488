"""Databases in folders of any name are in that folder."""

import pytest
import sqlalchemy as sa

from espalier.infra.settings import Settings
from espalier.infra.sqlite_urls import sqlite_url
from espalier.infra.tracking.store import make_own_database

NAMES = [
    "plain", "with blanks", "Umsätze", "what now? really", "Q1%20report", "50% off", "issue #2",
    "cost $HOME ${HOME}", "it's \"so\"", "a&b=c;d", "{x}[y]", "a@b:c", "日本",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_where_the_path_says(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    engine = sa.create_engine(sqlite_url(folder / "t.db"))
    with engine.begin() as connection:
        connection.exec_driver_sql("create table t (a)")
    engine.dispose()
    assert [each.name for each in folder.iterdir()] == ["t.db"]
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_plain_paths_are_written_as_before(tmp_path):
    assert sqlite_url(tmp_path / "x.db") == f"sqlite:///{tmp_path}/x.db"
    assert sqlite_url(tmp_path / "x.db", "aiosqlite") == f"sqlite+aiosqlite:///{tmp_path}/x.db"


@pytest.mark.slow
def test_mlflow_keeps_its_database_in_such_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "what now? 50%25 #2 it's ${HOME}"
    make_own_database(Settings(home=home))
    assert (home / "mlflow.db").stat().st_size
    assert [each.name for each in tmp_path.iterdir()] == [home.name]
