import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.parsing.text_cells import FEW_ROWS, read_text_cells


def texts(series):
    return read_text_cells(series).to_objects().tolist()


DTYPES = ["object", "category", "string", "string[pyarrow]"]
if pd.Series(["a"]).dtype != object:  # since pandas 3 text has a dtype of its own
    DTYPES.append("str")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_of_text_reads_alike(dtype):
    series = pd.Series(["b", " a ", None, "", "b"], dtype=object).astype(dtype)
    cells = read_text_cells(series)
    assert [cells.values[code] if code >= 0 else None for code in cells.codes] == [
        "b",
        "a",
        None,
        None,
        "b",
    ]
    assert cells.counts.sum() == cells.n_present == 3


def test_codes_read_alike_with_and_without_missing_cells():
    assert texts(pd.Series([1, 2])) == ["1", "2"]
    assert texts(pd.Series([1, None, 2]))[::2] == ["1", "2"]
    assert texts(pd.Series([1, None, 2], dtype="Int64"))[::2] == ["1", "2"]
    assert texts(pd.Series([1, 2]).astype("category")) == ["1", "2"]


def test_cells_of_any_kind_have_a_text():
    cells = [
        True,
        1,
        1.0,
        2.5,
        "x",
        b"y",
        [1, 2],
        {"b": 1, "a": 2},
        {3},
        np.array([1]),
        None,
        decimal.Decimal("3.0"),
        datetime.date(2020, 1, 2),
    ]
    series = pd.Series(cells, dtype=object)
    read = texts(series)
    assert read[:6] == ["True", "1", "1", "2.5", "x", "y"]
    assert read[7] == "{'a': 2, 'b': 1}"
    assert pd.isna(read[10])
    assert read[11:] == ["3", "2020-01-02"]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=4),
            st.integers(),
            st.floats(),
            st.booleans(),
            st.lists(st.integers(), max_size=2),
        )
    )
)
def test_any_column_is_read_and_each_value_is_used(cells):
    read = read_text_cells(pd.Series(cells, dtype=object))
    assert len(read.codes) == len(cells)
    assert (read.counts > 0).all()
    assert len(set(read.values)) == len(read.values)
    assert all(value == value.strip() and value for value in read.values)


KINDS = {
    "object": ["a ", None, 3.0, True, "", b"x", [1, 2], datetime.date(2024, 1, 2), 3, "nan"],
    "category": ["b", None, "a", " b", "", "c"],
    "string": ["b", None, " a", "<NA>"],
    "string[pyarrow]": ["b", None, " a", "b"],
    "float64": [3.0, None, -0.0, 1.5, 1e300, 0.0],
    "int64": [3, -1, 3, 7],
    "Int64": [3, None, 3, 7],
    "boolean": [True, None, False],
    "bool": [True, False],
    "datetime64[ns]": ["2024-01-02", None, "2024-01-02 03:04:05"],
    "period[M]": ["2024-01", None, "2023-12"],
    "timedelta64[ns]": [pd.Timedelta("1h"), None, pd.Timedelta("2s")],
    "double[pyarrow]": [1.0, None, 2.5],
    "timestamp[ns][pyarrow]": [pd.Timestamp("2024-01-02"), None],
}


@pytest.mark.parametrize("dtype", KINDS)
def test_a_few_cells_read_as_they_do_among_many(dtype):
    few = pd.Series(KINDS[dtype], dtype=dtype)
    many = pd.concat([few] * FEW_ROWS, ignore_index=True)
    assert len(many) > FEW_ROWS >= len(few)
    for got, expected in zip(texts(few), texts(many), strict=False):
        assert got == expected or (pd.isna(got) and pd.isna(expected))
    assert read_text_cells(few).values == read_text_cells(many).values
