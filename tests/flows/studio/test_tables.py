"""Tables: what is taken, what is shown of them and why, and what is refused in plain words."""

import re
import stat
from html import unescape

import numpy as np
import pandas as pd
import pytest

from espalier.flows.studio.tables.bars import bars_of
from espalier.flows.studio.tables.entries import safe_name
from tests.flows.studio.conftest import IMAGE, SCRIPT, messy_rows


def test_a_messy_table_is_read_and_every_column_explained(visitor, messy):
    text = visitor.get(f"/data/{visitor.table('kunden.csv', messy)}").text
    assert "120 rows, 7 columns" in text
    shown = unescape(text)
    assert "texts that are dates, written as day/month/year" in shown
    assert "identifier" in shown
    assert "constant" in shown


def test_names_and_cells_are_shown_and_do_nothing(visitor, messy):
    key = visitor.table("a.csv", messy)
    for path in (f"/data/{key}", f"/data/{key}?target=churned"):
        text = visitor.get(path).text
        assert SCRIPT not in text
        assert IMAGE not in text
        assert unescape(text).count(SCRIPT) >= 3
    text = visitor.get("/train/new", params={"table": key, "target": SCRIPT}).text
    assert SCRIPT not in text


def test_the_target_is_shown_with_its_problem_and_histogram(visitor, messy):
    key = visitor.table("a.csv", messy)
    text = visitor.get(f"/data/{key}", params={"target": "churned", "exclude": "age"}).text
    assert "one of two classes" in text
    assert 'class="bars"' in text
    assert "excluded by the user" in text
    assert re.search(r'value="age" aria-label="Leave out age" checked', text)


def test_a_column_that_gives_the_target_away_is_told_before_training(visitor):
    table = messy_rows()
    table["copy"] = table["churned"].map({"yes": 1, "no": 0})
    key = visitor.table("leak.csv", table.to_csv(index=False).encode())
    text = unescape(visitor.get(f"/data/{key}", params={"target": "churned"}).text)
    assert "'copy' is left out" in text


def test_a_target_that_cannot_be_learned_stops_with_the_reason(visitor, messy):
    key = visitor.table("a.csv", messy)
    text = visitor.get(f"/data/{key}", params={"target": "constant"}).text
    assert "cannot train" in text
    assert "one value only" in text
    assert "Continue to training" not in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("model.pkl", b"\x80\x04K\x01.", "is not read"),
        ("model.joblib", b"x", "is not read"),
        ("book.numbers", b"PK\x03\x04", "is not read"),
        ("noending", b"a,b\n1,2\n", "is not read"),
        ("page.html", b"<table></table>", "is not read"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_next_step(visitor, name, content, said):
    reply = visitor.upload(name, content)
    assert reply.status_code == 400
    assert said in unescape(reply.text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.parquet", b"PAR1 this is not parquet"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n"),
        ("header.csv", b"a,b\n"),
        ("broken.jsonl", b'{"a": 1}\n{"a": \n'),
        ("broken.csv.gz", b"\x1f\x8bnothing"),
        ("broken.arrow", b"ARROW1"),
    ],
)
def test_a_damaged_file_is_shown_as_damaged_and_can_be_removed(visitor, name, content):
    reply = visitor.upload(name, content)
    assert reply.status_code == 400
    assert 'role="alert"' in reply.text
    assert "Remove this table" in reply.text


@pytest.mark.parametrize("kind", ["parquet", "tsv", "jsonl", "feather"])
def test_other_formats_are_read(visitor, tmp_path, kind):
    table = messy_rows(40)[["customer", "churned", "since"]]
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        table.to_parquet(path)
    elif kind == "feather":
        table.to_feather(path)
    elif kind == "tsv":
        table.to_csv(path, sep="\t", index=False)
    else:
        table.to_json(path, orient="records", lines=True)
    key = visitor.table(path.name, path.read_bytes())
    assert "40 rows, 3 columns" in visitor.get(f"/data/{key}").text


def test_a_large_file_is_looked_at_in_part(visitor, monkeypatch):
    monkeypatch.setattr("espalier.flows.studio.tables.reading._WHOLE_BYTES", 1000)
    monkeypatch.setattr("espalier.flows.studio.tables.reading.MOST_ROWS", 50)
    key = visitor.table("big.csv", messy_rows(200).to_csv(index=False).encode())
    assert "50 rows looked at" in visitor.get(f"/data/{key}").text


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\me\\data.csv", "data.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a b;rm -rf.csv", "a_b_rm_-rf.csv"),
        ("Übersicht.csv", "bersicht.csv"),
        ("", "table"),
        ("x" * 300 + ".csv", "x" * 76 + ".csv"),
        ("\x00../x.csv", "x.csv"),
    ],
)
def test_a_file_is_stored_under_a_harmless_name(name, stored):
    assert safe_name(name) == stored


def test_an_upload_lies_below_the_home_folder_for_its_owner_alone(home, visitor, messy):
    key = visitor.table("../../../escape.csv", messy)
    folder = home.home / "studio" / "tables" / key
    assert sorted(path.name for path in folder.iterdir()) == ["entry.json", "escape.csv"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "escape.csv").stat().st_mode) == 0o600


def test_a_removed_table_is_gone_with_its_file(home, visitor, messy):
    key = visitor.table("short.csv", messy)
    visitor.post(f"/data/{key}/remove")
    assert not (home.home / "studio" / "tables" / key).exists()
    assert visitor.get(f"/data/{key}").status_code == 404


@pytest.mark.parametrize(
    ("source", "query", "said"),
    [
        ("postgresql://me:secret@db/shop", "select 1", "ESPALIER_SECRET_"),
        ("postgresql://me@db/shop", "", "needs a query"),
        ("", "", "give the address"),
        ("--out=x", "", "give the address"),
        ("https://example.org/page", "", "no ending"),
    ],
)
def test_a_source_that_cannot_be_kept_is_refused(visitor, source, query, said):
    reply = visitor.post("/data/source", {"source": source, "query": query})
    assert reply.status_code == 400
    assert said in unescape(reply.text)


@pytest.mark.parametrize(
    "source", ["/etc/passwd.csv", "file:///etc/hosts.csv", "http://127.0.0.1:1/x.csv"]
)
def test_a_named_source_is_read_with_the_limits_of_a_form(visitor, source, monkeypatch):
    monkeypatch.delenv("ESPALIER_DATA_ROOTS", raising=False)
    reply = visitor.post("/data/source", {"source": source})
    assert reply.status_code == 400
    assert re.search("forms? may|ESPALIER_FORM_HOSTS", unescape(reply.text))


def test_a_file_in_an_open_folder_can_be_named(visitor, tmp_path, monkeypatch):
    messy_rows(40).to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(tmp_path))
    reply = visitor.post("/data/source", {"source": str(tmp_path / "own.csv")})
    assert reply.status_code == 200
    assert "40 rows, 7 columns" in reply.text


def test_bars_count_every_row_once():
    rng = np.random.default_rng(0)
    for series in (
        pd.Series(rng.normal(size=500)),
        pd.Series(rng.choice(list("abcdefghijklmnop"), 500)),
    ):
        assert sum(each.count for each in bars_of(series)) == 500
    assert bars_of(pd.Series([None, None])) == ()
    assert bars_of(pd.Series([f"text {n}" for n in range(50)])) == ()
    assert len(bars_of(pd.Series([7.0] * 5))) == 1


def test_a_workbook_is_a_table_and_one_of_its_sheets_is_chosen(visitor, tmp_path):
    pytest.importorskip("python_calamine")
    from tests.workbook_maker import table_rows, write_workbook

    sheets = {"Read me": [["hello"]], "Q1": table_rows(messy_rows(40)), "Q2": [["a"], [1], [2]]}
    path = write_workbook(tmp_path / "Kunden.xlsx", sheets)
    key = visitor.table("Kunden.xlsx", path.read_bytes())
    text = visitor.get(f"/data/{key}").text
    assert "40 rows, 7 columns" in text
    assert "<option selected>Q1</option>" in text
    other = visitor.post(f"/data/{key}/sheet", {"sheet": "Q2"}, page=f"/data/{key}")
    assert "2 rows, 1 columns" in other.text
    wrong = visitor.post(f"/data/{key}/sheet", {"sheet": "Q9"}, page=f"/data/{key}")
    assert (wrong.status_code, "no sheet" in wrong.text) == (400, True)


def test_where_workbooks_cannot_be_read_the_upload_says_what_to_install(
    visitor, tmp_path, monkeypatch
):
    from tests.workbook_maker import write_workbook

    monkeypatch.setattr("espalier.pipelines.frozen.network.find_spec", lambda _name: None)
    path = write_workbook(tmp_path / "b.xlsx", {"s": [["a"], [1]]})
    reply = visitor.upload("b.xlsx", path.read_bytes())
    assert reply.status_code == 400
    assert "pip install 'espalier[excel]'" in unescape(reply.text)


def test_what_a_training_expects_is_checked_before_it(visitor, messy):
    key = visitor.table("a.csv", messy)
    page = visitor.get(f"/data/{key}", params={"target": "churned"}).text
    place = unescape(re.search(r'hx-get="([^"]+/checks[^"]*)"', page)[1])
    part = visitor.get(place, headers={"hx-request": "true"})
    assert part.status_code == 200
    assert re.search(r"\d+ of \d+ expectations hold", part.text)
    assert "<html" not in part.text
    whole = visitor.get(place)
    assert "<html" in whole.text
    few = messy_rows(5)
    key = visitor.table("few.csv", few.to_csv(index=False).encode())
    found = visitor.get(f"/data/{key}/checks", params={"target": "churned"}).text
    assert 'class="stop"' in found


def test_a_wrong_target_of_the_checks_is_said(visitor, messy):
    key = visitor.table("a.csv", messy)
    text = unescape(visitor.get(f"/data/{key}/checks", params={"target": ""}).text)
    assert 'role="alert"' in text


def test_a_database_is_looked_at_by_its_query(visitor, tmp_path, monkeypatch):
    import sqlite3

    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(tmp_path))
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        messy_rows(60).to_sql("customers", connection, index=False)
    sent = {
        "source": f"sqlite:///{tmp_path}/shop.db",
        "query": "select age, churned from customers limit 50",
    }
    reply = visitor.post("/data/source", sent)
    assert reply.status_code == 200
    assert "50 rows, 2 columns" in reply.text
    page = visitor.get(reply.url.path, params={"target": "churned"}).text
    assert "one of two classes" in page


def test_a_named_source_gets_declared_secrets_alone(visitor, monkeypatch):
    monkeypatch.setenv("STUDIO_OTHER", "hush")
    reply = visitor.post("/data/source", {"source": "https://example.com/${STUDIO_OTHER}.csv"})
    assert reply.status_code == 400
    assert "ESPALIER_SECRET_" in unescape(reply.text)
    assert "hush" not in reply.text
