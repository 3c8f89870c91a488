import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.fingerprint import fingerprint


def table():
    return pd.DataFrame(
        {
            "number": [1.0, np.nan, 3.0],
            "whole": [1, 2, 3],
            "text": ["a", None, "b"],
            "category": pd.Categorical(["u", "v", "u"]),
            "day": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
            "any": [[1], {"k": 2}, None],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
        }
    )


def test_equal_tables_have_one_fingerprint():
    first = fingerprint(table())
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert fingerprint(table().set_axis(["x", "y", "z"])) == first
    assert fingerprint(table().astype({"text": object})) == first
    assert fingerprint(table().copy().assign(number=np.array([1.0, -np.nan, 3.0]))) == first
    assert fingerprint(pd.concat([table(), table()]).iloc[3:]) == first


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.rename(columns={"number": "numbers"}),
        lambda t: t.iloc[::-1],
        lambda t: t.iloc[:2],
        lambda t: t[t.columns[::-1]],
        lambda t: t.assign(number=[1.0, np.nan, 3.5]),
        lambda t: t.assign(number=[1.0, 2.0, 3.0]),
        lambda t: t.assign(whole=t["whole"].astype("int32")),
        lambda t: t.assign(text=["a", "b", None]),
        lambda t: t.assign(text=["ab", None, ""]),
        lambda t: t.assign(category=pd.Categorical(["u", "v", "v"])),
        lambda t: t.assign(any=[[1], {"k": 3}, None]),
    ],
)
def test_any_difference_changes_it(change):
    assert fingerprint(change(table())) != fingerprint(table())


def test_it_is_the_same_on_every_machine():
    assert fingerprint(pd.DataFrame({"a": np.array([1, 2], dtype="int64")})) == "f23da486b208b215"
