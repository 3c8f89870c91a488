"""Cells of any kind are read, known again and kept, or their column is left out with a reason."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from espalier.infra.tables.chunks import read_chunks
from espalier.infra.tables.sources import read_table
from espalier.infra.tables.table_writer import TableWriter
from espalier.infra.tracking.training_rows import write_any_parquet
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.contract import infer_contract
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.data.row_keys import row_keys

N = 60
Z = np.random.default_rng(0).normal(size=N)


def arrow(cells, kind):
    return pd.Series(pd.array(cells, dtype=pd.ArrowDtype(kind)))


KINDS = {
    "half characters": pd.Series([f"a\ud800{i % 3}" for i in range(N)], dtype=object),
    "bytes": pd.Series([b"ab\xff%d" % (i % 4) for i in range(N)], dtype=object),
    "lists of Arrow": arrow([[1, i % 3] for i in range(N)], pa.list_(pa.int64())),
    "structs of Arrow": arrow([{"a": i % 3} for i in range(N)], pa.struct([("a", pa.int64())])),
    "bytes of Arrow": arrow([b"ab", b"cd"] * (N // 2), pa.binary(2)),
    "intervals": pd.Series(pd.cut(Z, 4)),
    "periods": pd.Series(pd.period_range("2020-01", periods=N, freq="M")),
    "big-endian": pd.Series(Z.astype(">f8")),
    "half floats": pd.Series(Z.astype("float16")),
    "long doubles": pd.Series(Z.astype("longdouble")),
    "half floats of Arrow": arrow(Z.astype("float16"), pa.float16()),
    "huge integers": pd.Series([10**400 if i % 2 else i for i in range(N)], dtype=object),
    "decimals": pd.Series([decimal.Decimal(i) / 7 for i in range(N)], dtype=object),
    "decimals of Arrow": arrow(
        [decimal.Decimal(i % 9) / 4 for i in range(N)], pa.decimal128(20, 5)
    ),
    "mixed": pd.Series(
        [1, "a", None, 2.5, b"x", [1], (1, 2), {1}, {"a": 1}, datetime.date(2024, 1, 1)] * 6,
        dtype=object,
    ),
    "times": pd.Series([datetime.time(i % 24) for i in range(N)], dtype=object),
    "durations": pd.Series(pd.to_timedelta(np.arange(N), unit="h")),
    "far dates": pd.Series(np.array(["9999-12-31", "0001-01-01", "2024-01-01"] * 20, "M8[s]")),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", KINDS)
def test_a_table_with_such_cells_goes_through(tmp_path, name):
    table = pd.DataFrame({"z": Z, "c": KINDS[name], "y": ["p", "q", "q"] * (N // 3)})
    assembled = assemble(table, target="y")
    one = assembled.preparation.apply(table.head(1))
    assert list(one.columns) == list(assembled.dataset.X.columns)
    assert fingerprint(table) == fingerprint(table.copy())
    assert len(row_keys(table)) == N
    infer_contract(table, target="y").to_json().encode()
    write_any_parquet(table, tmp_path / "kept.parquet")
    again = pd.read_parquet(tmp_path / "kept.parquet")
    assert assembled.preparation.apply(again).shape == assembled.dataset.X.shape
    with TableWriter(tmp_path / "out.csv") as writer:
        writer.write(table[["c"]])


@pytest.mark.parametrize("name", ["lists of Arrow", "structs of Arrow", "bytes of Arrow"])
def test_parquet_whose_types_pandas_cannot_name_is_read(tmp_path, name):
    path = str(tmp_path / "t.parquet")
    pd.DataFrame({"z": Z, "c": KINDS[name]}).to_parquet(path)
    assert list(read_table(path).columns) == ["z", "c"]
    assert [list(chunk.columns) for chunk in read_chunks(path)] == [["z", "c"]]


@pytest.mark.parametrize("index", [pd.Index(range(5), name="a"), pd.RangeIndex(5, name="a")])
def test_an_index_that_is_also_a_column_is_one_column(tmp_path, index):
    path = str(tmp_path / "t.parquet")
    pd.DataFrame({"a": range(5), "b": 1.0}).set_axis(index, axis=0).to_parquet(path)
    assert list(read_table(path).columns) == ["a", "b"]
    assert [list(chunk.columns) for chunk in read_chunks(path)] == [["a", "b"]]
