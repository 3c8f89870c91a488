"""Workbooks as tables: which sheet, which header, which types; what cannot be read is said."""

import datetime as dt
import sys
import zipfile

import pandas as pd
import pytest

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.globs import expand_sources
from espalier.infra.tables.lasting import lasting_source
from espalier.infra.tables.sources import read_table
from espalier.infra.tables.workbooks.names import split_sheet
from espalier.infra.tables.workbooks.reading import sheets_of
from espalier.pipelines.errors import UserError
from tests.workbook_maker import Fault, write_workbook

ROWS = [
    ["id", "age", "score", "since", "open", "city", "code"],
    ["a1", 31, 0.5, dt.date(2024, 1, 31), True, "Ulm", "007"],
    ["a2", 45, 1.0, dt.date(2024, 2, 1), False, None, "008"],
    ["a3", None, Fault("#N/A"), None, True, "Köln", "009"],
]


@pytest.fixture
def with_reader():
    """Skip where the package that reads workbooks is not installed."""
    pytest.importorskip("python_calamine")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("book.xlsx", ("book.xlsx", None)),
        ("/a/b.v2.XLSX#Q1 north", ("/a/b.v2.XLSX", "Q1 north")),
        ("s3://shop/book.xlsx#May", ("s3://shop/book.xlsx", "May")),
        ("https://x.org/b.xlsx?key=1#May", ("https://x.org/b.xlsx?key=1", "May")),
        ("in/*.ods#2024#final", ("in/*.ods", "2024#final")),
        ("a#b.csv", ("a#b.csv", None)),
        ("book.xlsx#", ("book.xlsx#", None)),
        ("C#/book.xls", ("C#/book.xls", None)),
    ],
)
def test_the_sheet_is_behind_the_file(source, expected):
    assert split_sheet(source) == expected


def test_a_source_with_a_sheet_lasts_and_its_patterns_are_expanded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.xlsx", "b.xlsx"):
        (tmp_path / name).write_bytes(b"")
    assert lasting_source("a.xlsx#May") == f"{tmp_path}/a.xlsx#May"
    assert expand_sources("*.xlsx#May") == ("a.xlsx#May", "b.xlsx#May")
    assert expand_sources("a.xlsx#May") == ("a.xlsx#May",)


def test_cells_have_the_types_that_the_sheet_gives_them(with_reader, tmp_path):
    path = write_workbook(tmp_path / "t.xlsx", {"only": ROWS})
    table = read_table(str(path))
    assert list(table.columns) == ROWS[0]
    assert table["age"].tolist()[:2] == [31.0, 45.0]
    assert table["score"].isna().tolist() == [False, False, True]
    assert table["since"].dtype.kind == "M"
    assert table["since"].iloc[0] == pd.Timestamp("2024-01-31")
    assert table["open"].dtype == bool
    assert table["city"].tolist()[0::2] == ["Ulm", "Köln"]
    assert pd.isna(table["city"].iloc[1])
    assert table["code"].tolist() == ["007", "008", "009"]


def test_whole_numbers_times_and_durations(with_reader, tmp_path):
    rows = [
        ["n", "at", "long", "mixed"],
        [1, dt.time(8, 30), dt.timedelta(hours=30), 7],
        [2, dt.time(9, 0), dt.timedelta(minutes=1), "x"],
    ]
    table = read_table(str(write_workbook(tmp_path / "t.xlsx", {"s": rows})))
    assert table["n"].dtype == "int64"
    assert table["at"].tolist() == ["08:30:00", "09:00:00"]
    assert table["long"].tolist() == ["30:00:00", "0:01:00"]
    assert table["mixed"].tolist() == [7, "x"]


def test_titles_empty_rows_and_empty_columns_are_no_part_of_the_table(with_reader, tmp_path):
    rows = [[None, "Report of March"], [], *([None, None, *row] for row in ROWS), [], [None] * 12]
    table = read_table(str(write_workbook(tmp_path / "t.xlsx", {"s": rows})))
    pd.testing.assert_frame_equal(
        table, read_table(str(write_workbook(tmp_path / "plain.xlsx", {"s": ROWS})))
    )


def test_of_several_sheets_one_is_named(with_reader, tmp_path):
    sheets = {"Notes": [["hello"]], "Q1 north": ROWS, "secret": [["x"], [1]], "empty": []}
    path = write_workbook(tmp_path / "t.xlsx", sheets, hidden=("secret",))
    assert [(each.name, each.n_rows) for each in sheets_of(str(path), path.read_bytes())] == [
        ("Notes", 1),
        ("Q1 north", 4),
    ]
    with pytest.raises(UserError, match=r"2 sheets \('Notes', 'Q1 north'\).*'t.xlsx#Q1 north'"):
        read_table(str(path))
    assert len(read_table(f"{path}#Q1 north")) == 3
    with pytest.raises(UserError, match=r"no sheet 'Q2'; it has 'Notes', 'Q1 north'"):
        read_table(f"{path}#Q2")
    chunks = list(read_chunks(f"{path}#Q1 north", plan=ChunkPlan(cells=14)))
    assert [len(each) for each in chunks] == [2, 1]


def test_a_hidden_sheet_or_an_empty_one_is_no_second_one(with_reader, tmp_path):
    sheets = {"rows": ROWS, "lists": [["x"]], "Sheet2": []}
    path = write_workbook(tmp_path / "t.xlsx", sheets, hidden=("lists",))
    assert len(read_table(str(path))) == 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"x", "cannot be read as a workbook"), (b"PK\x03\x04", "cannot be read as a workbook")],
)
def test_what_is_no_workbook_gets_one_line(with_reader, tmp_path, content, expected):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(UserError, match=expected) as caught:
        read_table(str(tmp_path / "t.xlsx"))
    assert "\n" not in str(caught.value)


def test_a_small_file_that_unpacks_to_an_enormous_one_is_refused(
    with_reader, tmp_path, monkeypatch
):
    path = write_workbook(tmp_path / "t.xlsx", {"s": ROWS})
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(each.file_size for each in archive.infolist())
    monkeypatch.setattr("espalier.infra.tables.workbooks.reading._UNPACKED_BYTES", n_bytes - 1)
    with pytest.raises(UserError, match=r"unpacks to .* save the sheet as CSV"):
        read_table(str(path))


def test_an_empty_workbook_and_a_missing_one_get_one_line(with_reader, tmp_path):
    path = write_workbook(tmp_path / "t.xlsx", {"a": [], "b": []})
    with pytest.raises(UserError, match="no sheet of it has cells"):
        read_table(str(path))
    with pytest.raises(UserError, match=r"no\.xlsx' does not exist|no\.xlsx.*does not exist"):
        read_table(str(tmp_path / "no.xlsx#May"))


def test_where_the_package_is_missing_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.setattr("espalier.pipelines.frozen.network.find_spec", lambda _name: None)
    path = write_workbook(tmp_path / "t.xlsx", {"s": ROWS})
    with pytest.raises(UserError, match=r"pip install 'espalier\[excel\]'"):
        read_table(str(path))


def test_a_form_reads_no_workbook_elsewhere_by_a_link(tmp_path, monkeypatch):
    from espalier.infra.access.origin import FORM, asked_by

    allowed, other = tmp_path / "allowed", tmp_path / "other"
    allowed.mkdir()
    other.mkdir()
    write_workbook(other / "secret.xlsx", {"s": ROWS})
    (allowed / "link.xlsx").symlink_to(other / "secret.xlsx")
    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(allowed))
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    with asked_by(FORM), pytest.raises(UserError, match="not in a folder whose files forms"):
        read_table(f"{allowed}/link.xlsx#s")
