import gzip
import sqlite3

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.sources import read_table
from espalier.pipelines.errors import StoreUnavailableError, UserError
from tests.table_files import write_table


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "number": [1.5, np.nan, -3.0],
            "whole": [1, 2, 3],
            "text": ["a, b", 'say "x"', "ü"],
            "day": ["2024-01-01", "2024-01-02", "2024-01-03"],
        }
    )


@pytest.mark.parametrize(
    "name",
    [
        "t.csv",
        "t.CSV",
        "t.tsv",
        "t.csv.gz",
        "t.csv.bz2",
        "t.tsv.xz",
        "t.parquet",
        "t.pq",
        "t.feather",
        "t.arrow",
        "t.jsonl",
        "t.json.gz",
    ],
)
def test_every_format_is_read(tmp_path, frame, name):
    path = tmp_path / "new folder" / name
    write_table(frame, path)
    read = read_table(str(path))
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found(tmp_path, frame, delimiter, encoding):
    path = tmp_path / "t.csv"
    frame.to_csv(path, sep=delimiter, index=False, encoding=encoding)
    pd.testing.assert_frame_equal(read_table(str(path)), frame, check_dtype=False)


def test_decimal_comma(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b\n1,5;x\n2,25;y\n")
    assert read_table(str(path))["a"].tolist() == [1.5, 2.25]


def test_one_column_of_prose_is_not_split(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("remark\nwell; yes\nno\nperhaps | maybe\n")
    assert read_table(str(path))["remark"].tolist() == ["well; yes", "no", "perhaps | maybe"]


def test_a_byte_late_in_the_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 200_000 + "1,é\n".encode("cp1252"))
    assert read_table(str(path))["b"].iloc[-1] == "é"


def test_zip_and_zst(tmp_path, frame):
    import pyarrow as pa

    frame.to_csv(tmp_path / "t.csv.zip", index=False, compression="zip")
    with pa.CompressedOutputStream(str(tmp_path / "t.csv.zst"), "zstd") as out:
        out.write(frame.to_csv(index=False).encode())
    for name in ("t.csv.zip", "t.csv.zst"):
        pd.testing.assert_frame_equal(read_table(str(tmp_path / name)), frame, check_dtype=False)


def test_arrow_stream_and_named_index(tmp_path, frame):
    import pyarrow as pa

    table = pa.Table.from_pandas(frame.set_index("whole"))
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as out,
        pa.ipc.new_stream(out, table.schema) as writer,
    ):
        writer.write_table(table)
    assert set(read_table(str(tmp_path / "t.arrow"))) == set(frame)


def test_json_array_of_records(tmp_path, frame):
    path = tmp_path / "t.json"
    frame.to_json(path, orient="records")
    pd.testing.assert_frame_equal(read_table(str(path)), frame, check_dtype=False)


def test_fsspec_url(frame):
    import fsspec

    with fsspec.open("memory://folder/t.csv", "wb") as file:
        file.write(frame.to_csv(index=False).encode())
    pd.testing.assert_frame_equal(read_table("memory://folder/t.csv"), frame, check_dtype=False)


def test_database(tmp_path, frame):
    with sqlite3.connect(tmp_path / "t.db") as connection:
        frame.to_sql("t", connection, index=False)
    url = f"sqlite:///{tmp_path / 't.db'}"
    read = read_table(url, query="select * from t where text not like '%:b'")
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)


def test_a_locked_database_may_be_tried_again(tmp_path, frame):
    file = tmp_path / "t.db"
    with sqlite3.connect(file) as connection:
        frame.to_sql("t", connection, index=False)
    holder = sqlite3.connect(file)
    holder.execute("begin exclusive")
    try:
        with pytest.raises(StoreUnavailableError, match="locked"):
            read_table(f"sqlite:///{file}?timeout=0.1", query="select * from t")
    finally:
        holder.close()


def _file(path, content=b""):
    path.write_bytes(content)
    return str(path)


WRONG = {
    "missing": (lambda d: str(d / "no.csv"), None, "no.csv.*does not exist"),
    "empty": (lambda d: _file(d / "e.csv"), None, "e.csv.*is empty"),
    "no rows": (lambda d: _file(d / "h.csv", b"a,b\n"), None, "h.csv.*no rows"),
    "empty gzip": (lambda d: _file(d / "e.csv.gz", gzip.compress(b"")), None, "is empty"),
    "not gzip": (lambda d: _file(d / "e.csv.gz", b"a,b\n1,2\n"), None, "cannot be read as CSV"),
    "binary": (lambda d: _file(d / "b.csv", b"PK\x00\x01\x02" * 9), None, "not text"),
    "ragged": (lambda d: _file(d / "r.csv", b"a,b\n1,2\n1,2,3,4\n"), None, "line 3"),
    "not parquet": (lambda d: _file(d / "p.parquet", b"nonsense"), None, "read as Parquet"),
    "not arrow": (lambda d: _file(d / "p.arrow", b"nonsense"), None, "read as Arrow"),
    "not json": (lambda d: _file(d / "p.jsonl", b"nonsense"), None, "read as JSON"),
    "unknown ending": (lambda d: _file(d / "t.sav", b"x"), None, r"\.sav.*use \.csv"),
    "no ending": (lambda d: _file(d / "t", b"x"), None, "no ending"),
    "json values": (lambda d: _file(d / "p.jsonl", b"1\n2\n"), None, "one JSON object a row"),
    "folder": (lambda d: str(d), None, "is empty"),
    "unknown url": (lambda d: "nothing://x/t.csv", None, "known kind of URL"),
    "query on a file": (lambda d: _file(d / "t.csv", b"a\n1\n"), "select 1", "database URL"),
    "no query": (lambda d: "sqlite:///x.db", None, "add --query"),
    "no database": (lambda d: f"sqlite:///{d}/no.db", "select 1", "no.db.*does not exist"),
    "bad query": (lambda d: "sqlite://", "select nonsense", "no such column"),
    "no select": (lambda d: "sqlite://", "create table t (a)", "give a SELECT"),
    "no driver": (lambda d: "snowflake://u:pw@h/d", "select 1", "driver"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_sources_get_one_line(tmp_path, case):
    make, query, expected = WRONG[case]
    with pytest.raises(UserError, match=expected) as caught:
        read_table(make(tmp_path), query=query)
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)
    assert not (tmp_path / "no.db").exists()


def test_a_cut_off_line_of_json_is_named(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a":1}\n\n{"a":2,"b"')
    for read in (read_table, lambda source: list(read_chunks(source))):
        with pytest.raises(UserError, match=r"in line 3: .*was it fully written"):
            read(str(path))


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_name_that_occurs_twice_is_numbered_as_in_a_csv_file(tmp_path, kind):
    table = pa.table([pa.array([1, 2]), pa.array(["x", "y"]), pa.array([3, 4])], ["a", "a", "b"])
    path = tmp_path / f"table.{kind}"
    if kind == "parquet":
        parquet.write_table(table, path)
    else:
        feather.write_feather(table, path)
    whole = read_table(str(path))
    assert list(whole.columns) == ["a", "a.1", "b"]
    assert list(whole["a.1"]) == ["x", "y"]
    (chunk,) = read_chunks(str(path), plan=ChunkPlan(wanted=["a.1", "b"]))
    assert list(chunk["a.1"]) == ["x", "y"]
