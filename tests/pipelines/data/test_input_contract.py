import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.input_contract import InputContract, kind_of_values
from espalier.pipelines.errors import MissingColumnsError

EXAMPLE = pd.DataFrame(
    {
        "age": [1, 2],
        "income": [1.5, np.nan],
        "city": ["Rome", None],
        "day": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        "empty": [np.nan, np.nan],
    }
)


@pytest.fixture
def contract():
    return InputContract.of(("age", "income", "city", "day", "empty"), EXAMPLE)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "numbers"),
        ([True, None], "numbers"),
        ([1.0, None], "numbers"),
        (["a", None], "text"),
        ([1, "a"], "text"),
        ([pd.Timestamp("2024-01-01").date()], "dates"),
        (pd.Categorical([1, 2, None]), "numbers"),
        (pd.Categorical(["a", None]), "text"),
        ([None, None], ""),
    ],
)
def test_kinds(values, kind):
    assert kind_of_values(pd.Series(values)) == kind


def test_what_was_expected_gives_no_line(contract):
    assert contract.check(EXAMPLE[EXAMPLE.columns[::-1]].assign(extra=1)) == ()
    assert contract.text_columns == ("city",)


def test_integers_for_floats_and_columns_of_nothing_are_fine(contract):
    rows = EXAMPLE.assign(income=[1, 2], age=[1.0, np.nan], city=[None, None], empty=["x", "y"])
    assert contract.check(rows) == ()


def test_every_missing_column_is_named(contract):
    with pytest.raises(MissingColumnsError, match=r"'in.csv' lacks 2 .*'age', 'day'"):
        contract.check(EXAMPLE.drop(columns=["day", "age"]), where="'in.csv'")


def test_another_kind_of_value_is_a_line(contract):
    lines = contract.check(EXAMPLE.assign(age=["young", "old"]), where="'in.csv'")
    assert len(lines) == 1
    assert "column 'age' of 'in.csv' holds text where the model was trained on numbers" in lines[0]


def test_without_example_rows_only_names_are_checked():
    contract = InputContract.of(("age",), None)
    assert contract.check(EXAMPLE.assign(age="x")) == ()
    with pytest.raises(MissingColumnsError):
        contract.check(EXAMPLE.drop(columns="age"))
