"""What is decided of the columns of a training table: roles, and which are dropped and why."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import UserError

N = 200
RNG = np.random.default_rng(0)
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]


def decided(table, **named):
    return prepare(table, **named)[0]


def sentences(n):
    return [" ".join(RNG.choice(WORDS, 8)) for _ in range(n)]


def test_columns_that_cannot_help_are_set_aside_with_a_reason():
    table = pd.DataFrame(
        {
            "good": RNG.normal(size=N),
            "absent": np.nan,
            "blank": "",
            "same": "a",
            "same_number": 3,
            "row": np.arange(N),
            "customer_id": RNG.permutation(10 * N)[:N],
            "code": [f"B{value:06d}X" for value in RNG.permutation(10**6)[:N]],
            "complex": np.ones(N) * 1j,
            "left_out": RNG.normal(size=N),
            "group": RNG.integers(0, 5, N),
            "when": pd.date_range("2020", periods=N),
            "y": RNG.integers(0, 2, N),
        }
    )
    table["copy"] = table["good"]
    preparation = decided(
        table, target="y", exclude=["left_out"], group_column="group", time_column="when"
    )
    assert preparation.columns == ("good", "when")
    reasons = {each.name: each.reason for each in preparation.dropped}
    assert set(reasons) == set(table.columns) - {"good", "when", "y"}
    assert "constant" in reasons["same"]
    assert "identifier" in reasons["code"]
    assert "identifier" in reasons["customer_id"]
    assert "row number" in reasons["row"]
    assert "'good'" in reasons["copy"]
    assert reasons["left_out"] == "excluded by the user"


def test_what_only_resembles_an_identifier_stays():
    table = pd.DataFrame(
        {
            "store_id": RNG.integers(0, 9, N),
            "unique_float": RNG.normal(size=N),
            "unique_int": RNG.permutation(10 * N)[:N],
            "year": np.arange(1800, 1800 + N),
            "title": sentences(N),
        }
    )
    assert decided(table, target=None).columns == tuple(table.columns)


def test_renamed_categories_are_copies_but_texts_are_not():
    first = pd.Series(RNG.choice(["a", "b", "c"], N))
    table = pd.DataFrame({"first": first, "second": first.map({"a": "x", "b": "y", "c": "z"})})
    assert decided(table, target=None).columns == ("first",)


def test_an_identifier_that_is_all_there_is_stays():
    assert decided(pd.DataFrame({"t": np.arange(50)}), target=None).columns == ("t",)


def test_no_feature_left_says_why():
    table = pd.DataFrame({"a": ["same"] * 30, "y": [0, 1] * 15})
    with pytest.raises(UserError, match=r"no feature is left: 'a' \(constant"):
        decided(table, target="y")
    with pytest.raises(UserError, match="no column besides the target"):
        decided(table[["y"]], target="y")


def test_an_unknown_column_suggests_the_nearest_name():
    table = pd.DataFrame({"Customer": [1.0, 2.0], "b": [1.0, 3.0]})
    with pytest.raises(UserError, match="did you mean 'Customer'"):
        decided(table, target=None, exclude=["custmer"])
    with pytest.raises(UserError, match="there are: 'Customer', 'b'"):
        decided(table, target=None, group_column="zzzzzz")


def test_a_guessed_order_of_day_and_month_is_noted():
    texts = [f"0{1 + i % 9}/0{1 + i % 7}/2020" for i in range(N)]
    preparation = decided(pd.DataFrame({"when": texts}), target=None)
    assert "month first" in preparation.notes[0]


@pytest.mark.parametrize(
    ("n_levels", "label", "role"),
    [
        (50, "L{}", ColumnRole.CATEGORICAL),
        (200, "L{}", ColumnRole.CATEGORICAL),
        (200, "some name {}", ColumnRole.TEXT),
        (1500, "L{}", ColumnRole.TEXT),
    ],
)
def test_many_levels_become_text_where_they_repeat_too_little(n_levels, label, role):
    cells = [label.format(i % n_levels) for i in range(3000)]
    table = pd.DataFrame({"c": RNG.permutation(cells)})
    assert decided(table, target=None).roles["c"] is role


@pytest.mark.parametrize("declared", [False, True])
def test_thousands_of_codes_that_come_back_are_categories(declared):
    cells = pd.Series([f"N{i % 2_500}" for i in range(15_000)])  # tail numbers of planes, say
    table = pd.DataFrame({"c": cells.astype("category") if declared else cells})
    assert decided(table, target=None).roles["c"] is ColumnRole.CATEGORICAL
