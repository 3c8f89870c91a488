import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as pdst

from espalier.pipelines.data.row_keys import identified_rows, key_columns, row_keys

GOLDEN = ["3bf3ad46847c889d", "d533b1a88a73abc8", "eef3b862a7c7376f"]

TABLES = pdst.data_frames(
    columns=[
        pdst.column("whole", elements=st.integers(-(2**53), 2**53), dtype="int64"),
        pdst.column("half", elements=st.floats(allow_nan=True, width=64), dtype="float64"),
        pdst.column(
            "text",
            elements=st.none()
            | st.text(
                st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
                max_size=8,
            ),
            dtype="object",
        ),
        pdst.column("flag", elements=st.booleans(), dtype="bool"),
        pdst.column(
            "day",
            elements=st.datetimes(
                min_value=pd.Timestamp("1900-01-01").to_pydatetime(),
                max_value=pd.Timestamp("2100-01-01").to_pydatetime(),
            ),
            dtype="datetime64[us]",
        ),
    ],
    index=pdst.range_indexes(min_size=1, max_size=12),
)


def messy(n=300):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "whole": rng.integers(-50, 10**12, n),
            "share": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n) * 10.0**8),
            "kind": rng.choice(["red", "green", "007", "NA", "2024-01-31", "true"], n),
            "flag": rng.random(n) < 0.5,
            "day": pd.date_range("2024-01-01", periods=n, freq="D"),
            "moment": pd.date_range("2024-01-01", periods=n, freq="37min"),
        }
    )


def through_csv(table):
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


def through_parquet(table, tmp_path):
    table.to_parquet(tmp_path / "t.parquet")
    return pd.read_parquet(tmp_path / "t.parquet")


def test_a_row_read_from_csv_or_parquet_has_the_same_key(tmp_path):
    keys = row_keys(messy())
    np.testing.assert_array_equal(keys, row_keys(through_csv(messy())))
    np.testing.assert_array_equal(keys, row_keys(through_parquet(messy(), tmp_path)))
    assert len(np.unique(keys)) == 300


def test_a_new_null_that_widens_a_column_changes_its_own_row_only():
    before = messy()
    after = before.copy()
    after["whole"] = after["whole"].astype("float64")
    after["flag"] = after["flag"].astype("object")
    after.loc[7, ["whole", "flag"]] = None
    same = row_keys(before) == row_keys(after)
    assert list(np.flatnonzero(~same)) == [7]


@pytest.mark.parametrize(
    "cells",
    [
        [1, 1.0, "1", " 1 ", True, np.float32(1)],
        [0.1, "0.1", np.float32(0.1), "1e-1", 0.1 + 1e-17],
        ["2024-01-31", pd.Timestamp("2024-01-31"), "2024-01-31 00:00:00", "2024-01-31T00:00"],
        [pd.Timestamp("2024-01-31 12:00", tz="Europe/Rome"), "2024-01-31 11:00:00+00:00"],
        [None, np.nan, pd.NaT, pd.NA, "", "NA"],
        ["red", "red "],
    ],
)
def test_what_stands_for_the_same_has_the_same_key(cells):
    tables = [pd.DataFrame({"x": [cell], "y": [2]}) for cell in cells]
    tables += [pd.DataFrame({"x": pd.Series([cell], dtype="object"), "y": 2}) for cell in cells]
    assert len({int(row_keys(table)[0]) for table in tables}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": 1, "y": 2}, {"x": 2, "y": 1}),
        ({"x": "a", "y": None}, {"x": None, "y": "a"}),
        ({"x": 1, "y": 1}, {"x": 2, "y": 2}),
        ({"x": 2**53 - 1, "y": 0}, {"x": 2**53 - 2, "y": 0}),
        ({"x": "2024-01-31", "y": 0}, {"x": "2024-02-31", "y": 0}),
    ],
)
def test_what_differs_has_another_key(one, other):
    assert row_keys(pd.DataFrame([one]))[0] != row_keys(pd.DataFrame([other]))[0]


@settings(max_examples=60, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_only_content_counts(table, random):
    keys = row_keys(table)
    names = list(table.columns)
    random.shuffle(names)
    rows = list(range(len(table)))
    random.shuffle(rows)
    moved = table[names].iloc[rows]
    np.testing.assert_array_equal(row_keys(moved), keys[rows])
    np.testing.assert_array_equal(row_keys(table.assign(absent=None)), keys)
    twice = pd.concat([table, table], ignore_index=True)
    np.testing.assert_array_equal(row_keys(twice), np.concatenate([keys, keys]))


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_a_key_depends_on_no_other_row_and_no_dtype(table):
    keys = row_keys(table)
    alone = [row_keys(table.iloc[[at]])[0] for at in range(len(table))]
    np.testing.assert_array_equal(alone, keys)
    np.testing.assert_array_equal(row_keys(table.astype("object")), keys)
    np.testing.assert_array_equal(row_keys(table.convert_dtypes()), keys)


def test_keys_are_what_they_were_when_models_were_kept():
    """Keys are stored beside models: should this fail, count SCHEME up."""
    table = pd.DataFrame(
        {"n": [1, -2.5, None], "t": ["a", "é", None], "d": ["2024-01-31", None, "x"]}
    )
    assert [f"{key:016x}" for key in row_keys(table)] == GOLDEN


def test_columns_can_be_named_and_must_be_there():
    table = messy()
    some = row_keys(table, ["kind", "whole"])
    np.testing.assert_array_equal(some, row_keys(table[["whole", "kind"]]))
    with pytest.raises(KeyError):
        row_keys(table, ["whole", "gone"])


def test_a_written_index_is_no_part_of_a_row():
    table = messy()
    written = pd.read_csv(io.StringIO(table.to_csv()))
    assert "Unnamed: 0" in written
    assert key_columns(written) == tuple(table.columns)
    np.testing.assert_array_equal(row_keys(written), row_keys(table))


def test_names_that_are_no_text_or_not_unique():
    table = pd.DataFrame([[1, 2, 3], [3, 2, 1]], columns=[0, "a", "a"])
    assert key_columns(table) == ("0", "a", "a.1")
    assert row_keys(table)[0] != row_keys(table)[1]


def test_a_row_is_known_again_when_its_label_is_corrected():
    table = pd.DataFrame({"a": np.arange(100.0), "y": ["yes", "no"] * 50})
    columns, keys = identified_rows(table, "y")
    assert columns == ("a",)
    corrected = table.assign(y=["no"] * 99 + [None])
    np.testing.assert_array_equal(row_keys(corrected, columns), keys)


def test_the_label_counts_where_the_other_columns_tell_few_rows_apart():
    table = pd.DataFrame({"a": np.arange(100) % 7, "y": np.arange(100.0)})
    columns, keys = identified_rows(table, "y")
    assert columns == ("a", "y")
    np.testing.assert_array_equal(keys, row_keys(table))
    assert len(set(keys)) == 100


def test_twins_and_a_table_of_labels_alone_are_told_as_far_as_they_can_be():
    table = pd.DataFrame({"a": np.arange(100), "y": np.arange(100) % 2})
    twice = pd.concat([table, table])
    assert identified_rows(twice, "y")[0] == ("a",)
    assert identified_rows(table[["y"]], "y")[0] == ("y",)
