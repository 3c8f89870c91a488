"""Read in chunks or whole, a table is the same."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import UserError
from tests.table_files import write_table

N_ROWS = 23
SMALL = ChunkPlan(cells=20)  # of 4 columns: 5 rows


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "number": np.where(rng.random(N_ROWS) < 0.3, np.nan, rng.normal(size=N_ROWS)),
            "whole": np.arange(N_ROWS),
            "text": [f'row "{number}", ü' for number in range(N_ROWS)],
            "day": pd.date_range("2024-01-01", periods=N_ROWS).strftime("%Y-%m-%d"),
        }
    )


def joined(source, plan=SMALL, **options):
    chunks = list(read_chunks(str(source), plan=plan, **options))
    assert all(list(each.index) == list(range(len(each))) for each in chunks)
    return pd.concat(chunks, ignore_index=True), [len(each) for each in chunks]


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv.gz", "t.parquet", "t.feather", "t.jsonl", "t.json.bz2"]
)
def test_chunks_make_up_the_table(tmp_path, frame, name):
    write_table(frame, tmp_path / name)
    whole, sizes = joined(tmp_path / name)
    pd.testing.assert_frame_equal(whole, read_table(str(tmp_path / name)), check_dtype=False)
    assert sizes == [5, 5, 5, 5, 3]


def test_a_url(frame):
    import fsspec

    for name in ("t.csv", "t.parquet"):
        with fsspec.open(f"memory://chunks/{name}", "wb") as file:
            frame.to_csv(file, index=False) if name == "t.csv" else frame.to_parquet(file)
        whole, sizes = joined(f"memory://chunks/{name}")
        pd.testing.assert_frame_equal(whole, frame, check_dtype=False)
        assert len(sizes) == 5


def test_a_query(tmp_path, frame):
    with sqlite3.connect(tmp_path / "t.db") as connection:
        frame.to_sql("t", connection, index=False)
    whole, sizes = joined(f"sqlite:///{tmp_path / 't.db'}", query="select * from t order by whole")
    pd.testing.assert_frame_equal(whole, frame, check_dtype=False)
    assert sizes == [5, 5, 5, 5, 3]


def test_a_folder_of_parquet_files(tmp_path, frame):
    frame.assign(part=frame["whole"] % 2).to_parquet(tmp_path / "parts", partition_cols=["part"])
    whole, _ = joined(tmp_path / "parts")
    assert sorted(whole["whole"]) == list(range(N_ROWS))
    assert set(whole) == {*frame, "part"}


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_an_index_that_is_a_range_is_a_column(tmp_path, frame, name):
    indexed = frame.drop(columns="whole").set_index(pd.RangeIndex(3, 3 + 2 * N_ROWS, 2, name="n"))
    if name == "t.parquet":
        indexed.to_parquet(tmp_path / name)
    else:
        import pyarrow as pa

        table = pa.Table.from_pandas(indexed)
        with (
            pa.OSFile(str(tmp_path / name), "wb") as out,
            pa.ipc.new_file(out, table.schema) as writer,
        ):
            writer.write_table(table)
    assert list(joined(tmp_path / name)[0]["n"]) == list(range(3, 3 + 2 * N_ROWS, 2))


def test_an_arrow_stream_with_a_named_index(tmp_path, frame):
    import pyarrow as pa

    table = pa.Table.from_pandas(frame.sort_values("text").set_index("whole"))
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as out,
        pa.ipc.new_stream(out, table.schema) as writer,
    ):
        writer.write_table(table)
    whole, sizes = joined(tmp_path / "t.arrow")
    assert list(whole["whole"]) == list(frame.sort_values("text")["whole"])
    assert sizes == [5, 5, 5, 5, 3]


def test_only_wanted_columns_of_a_columnar_file_are_read(tmp_path, frame):
    write_table(frame, tmp_path / "t.parquet")
    plan = ChunkPlan(cells=1000, wanted=["text", "no such column"])
    assert list(joined(tmp_path / "t.parquet", plan)[0]) == ["text"]


def test_codes_keep_their_zeros_whatever_else_a_chunk_holds(tmp_path):
    path = tmp_path / "t.csv"
    codes = [f"{number:03d}" for number in range(8)] + ["A1", None, "007"]
    pd.DataFrame({"code": codes, "x": range(11)}).to_csv(path, index=False)
    whole, sizes = joined(path, ChunkPlan(cells=8, text_columns=["code", "not there"]))
    assert [None if pd.isna(cell) else cell for cell in whole["code"]] == codes
    assert len(sizes) == 3


def test_a_byte_late_in_the_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,x\n" * 100_000 + b"2,\xe9\n")
    whole, _ = joined(path, ChunkPlan(cells=50_000))
    assert whole["b"].iloc[-1] == "é"


def test_a_key_that_comes_up_late_is_a_column_from_the_start(tmp_path):
    path = tmp_path / "t.jsonl"
    records = [{"a": number} for number in range(9)] + [{"a": 9, "b": "x"}]
    path.write_text("\n".join(map(json.dumps, records)))
    chunks = list(read_chunks(str(path), plan=ChunkPlan(cells=8)))
    assert len(chunks) == 3
    assert all(list(chunk) == ["a", "b"] for chunk in chunks)


def test_a_table_without_rows_has_no_chunk(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    assert list(read_chunks(str(tmp_path / "t.csv"))) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("no.csv", None, "does not exist"),
        ("e.csv", b"", "is empty"),
        ("p.parquet", b"nonsense", "cannot be read as Parquet"),
        ("p.arrow", b"nonsense", "cannot be read as Arrow"),
        ("p.jsonl", b"nonsense", "cannot be read as JSON"),
        ("r.csv", b"a,b\n1,2\n1,2,3,4\n", "line 3"),
        ("t.sav", b"x", r"use \.csv"),
    ],
)
def test_wrong_sources_get_one_line(tmp_path, name, content, expected):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=expected) as caught:
        list(read_chunks(str(tmp_path / name)))
    assert "\n" not in str(caught.value)


def test_memory_is_bounded_by_the_chunk_and_not_by_the_table(tmp_path):
    import tracemalloc

    n = 400_000
    pd.DataFrame({"a": np.arange(n), "b": np.arange(n) * 0.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    tracemalloc.start()
    try:
        total = sum(
            len(each) for each in read_chunks(str(tmp_path / "t.csv"), plan=ChunkPlan(cells=20_000))
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == n
    # The table has 6.4 MB of numbers; a block to find the encoding is 4 MiB of bytes and text.
    assert peak < 12e6, peak


def test_a_variable_named_in_a_source_is_filled_in(tmp_path, frame, monkeypatch):
    write_table(frame, tmp_path / "t.csv")
    monkeypatch.setenv("PLACE_OF_DATA", str(tmp_path))
    assert len(joined("${PLACE_OF_DATA}/t.csv")[0]) == len(read_table("${PLACE_OF_DATA}/t.csv"))


def test_numbers_that_were_text_in_the_training_stay_text_if_they_are_written_alike(tmp_path):
    path = tmp_path / "t.csv"
    styles = {"a": NumberStyle(",")}
    plan = ChunkPlan(styles=styles, text_columns=("a",))
    path.write_text("a;b\n1.234,50-;1\n3,5;2\n")
    (chunk,) = read_chunks(str(path), plan=plan)
    assert chunk["a"].tolist() == ["1.234,50-", "3,5"]
    path.write_text("a;b\n1,234.50-;1\n3.5;2\n")
    (chunk,) = read_chunks(str(path), plan=plan)
    assert chunk["a"].tolist() == [-1234.5, 3.5]
