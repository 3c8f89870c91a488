import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.slices import MISSING, OTHERS, find_slices
from espalier.pipelines.errors import UserError


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "region": ["north"] * 50 + ["south"] * 30 + ["east"] * 12 + ["west"] * 5 + [None] * 3,
            "age": np.arange(100.0),
            "code": np.tile([1, 2], 50),
        }
    )


def sizes(found):
    return {value: len(rows) for value, rows in found.items()}


def test_values_are_slices_and_small_ones_are_pooled(table):
    found = find_slices(table, ["region", "code"], min_rows=20)
    assert sizes(found["region"]) == {"north": 50, "south": 30, OTHERS: 20}
    assert sizes(found["code"]) == {"1": 50, "2": 50}
    assert set(table["region"].iloc[found["region"]["south"]]) == {"south"}


def test_every_row_is_in_one_slice_unless_the_pool_is_too_small(table):
    found = find_slices(table, ["region"], min_rows=3)["region"]
    assert found[MISSING].tolist() == [97, 98, 99]
    assert sorted(np.concatenate(list(found.values()))) == list(range(100))
    assert OTHERS not in find_slices(table, ["region"], min_rows=25)["region"]


def test_numbers_of_many_values_are_cut_into_quarters(table):
    table.loc[0, "age"] = np.nan
    found = find_slices(table, ["age"], min_rows=1)["age"]
    assert sorted(sizes(found).values()) == [1, 24, 25, 25, 25]


def test_a_column_that_is_not_there(table):
    with pytest.raises(UserError, match=r"'city'.*'region'"):
        find_slices(table, ["city"], min_rows=5)
