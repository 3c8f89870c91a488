"""Row keys and profiles of plain numbers, taken together, are those of the columns one by one."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data import row_keys as keys
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.lifecycle.drift import reference
from espalier.pipelines.lifecycle.drift.reference import profile_table


@pytest.fixture
def wide():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(50, 600)), columns=[f"c{at}" for at in range(600)])
    table["whole"] = rng.integers(-5, 5, 50)
    table["huge"] = rng.integers(0, 2**63, 50, dtype=np.uint64)
    table["flag"] = rng.random(50) < 0.5
    table["small"] = table["c1"].astype(np.float32)
    table["half"] = table["c1"].astype(np.float16)
    table["nullable"] = pd.array([1, None] * 25, dtype="Int64")
    table["day"] = pd.date_range("2020", periods=50)
    table["word"] = rng.choice(["a", "b"], 50)
    table.loc[3, "c5"], table.loc[4, "c6"], table["c7"] = np.nan, np.inf, -0.0
    return table


def test_keys_of_a_wide_table_are_those_of_its_columns(wide, monkeypatch):
    together = row_keys(wide)
    monkeypatch.setattr(keys, "is_plain_number", lambda dtype: False)
    np.testing.assert_array_equal(together, row_keys(wide))


def test_columns_are_read_one_by_one_only_where_they_must_be(wide, monkeypatch):
    read = []
    cell_numbers = keys._cell_numbers

    def counted(series):
        read.append(series.name)
        return cell_numbers(series)

    monkeypatch.setattr(keys, "_cell_numbers", counted)
    row_keys(wide)
    assert read == ["nullable", "day", "word"]
    with pytest.raises(KeyError):
        row_keys(wide, ["c1", "gone"])


def test_profiles_of_a_wide_table_are_those_of_its_columns(wide, monkeypatch):
    together = profile_table(wide, target="word", is_classification=True).to_json()
    one_by_one = []

    def profile_column(series, kind):
        one_by_one.append(series.name)
        return plain(series, kind)

    plain = reference.profile_column
    monkeypatch.setattr(reference, "profile_column", profile_column)
    assert profile_table(wide, target="word", is_classification=True).to_json() == together
    assert len(one_by_one) < 10
    monkeypatch.setattr(reference, "plan_plain_numbers", lambda *_: {})
    assert profile_table(wide, target="word", is_classification=True).to_json() == together
