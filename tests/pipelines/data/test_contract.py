import json

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.contract import DataContract, Expectation, Severity, infer_contract
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

N = 100
RNG = np.random.default_rng(0)


def table():
    return pd.DataFrame(
        {
            "age": RNG.integers(18, 90, N),
            "balance": RNG.normal(size=N),
            "half": np.where(np.arange(N) % 2, 1.0, np.nan),
            "plan": RNG.choice(["basic", "pro"], N),
            "active": RNG.random(N) < 0.5,
            "since": pd.date_range("2020-01-01", periods=N),
            "customer_id": RNG.permutation(1000)[:N],
            "note": [f"some words about customer {i}" for i in range(N)],
            "lists": [[1]] * N,
            "absent": np.nan,
            "y": RNG.choice(["yes", "no"], N),
        }
    )


def kinds(contract, column):
    return {each.kind: each for each in contract.about(column)}


@pytest.fixture(scope="module")
def contract():
    return infer_contract(table(), target="y", problem=ProblemKind.BINARY)


def test_names_rows_and_target_are_refused(contract):
    whole = kinds(contract, None)
    assert set(whole) == {"ExpectTableColumnsToMatchSet", "ExpectTableRowCountToBeBetween"}
    names = whole["ExpectTableColumnsToMatchSet"]
    assert names.severity is Severity.REFUSE
    assert names.parameters == {"column_set": list(table().columns), "exact_match": False}
    target = kinds(contract, "y")
    assert target["ExpectColumnToExist"].severity is Severity.REFUSE
    assert target["ExpectColumnUniqueValueCountToBeBetween"].parameters == {"min_value": 2}
    assert target["ExpectColumnValuesToBeInSet"].parameters["value_set"] == ["no", "yes"]
    assert target["ExpectColumnDistinctValuesToContainSet"].severity is Severity.WARN


def test_features_are_only_warned_about(contract):
    for name in table().columns.drop("y"):
        assert all(each.severity is Severity.WARN for each in contract.about(name))


def test_every_column_promises_what_it_shows(contract):
    age = kinds(contract, "age")
    bounds = age["ExpectColumnValuesToBeBetween"].parameters
    low, high = table()["age"].min(), table()["age"].max()
    assert 0 <= bounds["min_value"] <= low
    assert bounds["max_value"] >= high
    assert "int64" in age["ExpectColumnValuesToBeInTypeList"].parameters["type_list"]
    assert kinds(contract, "half")["ExpectColumnValuesToNotBeNull"].parameters["mostly"] < 0.5
    assert kinds(contract, "plan")["ExpectColumnValuesToBeInSet"].parameters["value_set"] == [
        "basic",
        "pro",
    ]
    assert "ExpectColumnValuesToBeUnique" in kinds(contract, "customer_id")
    assert set(kinds(contract, "active")) == {
        "ExpectColumnValuesToNotBeNull",
        "ExpectColumnValuesToBeInTypeList",
    }
    assert set(kinds(contract, "note")) == {"ExpectColumnValuesToNotBeNull"}
    assert set(kinds(contract, "lists")) == {"ExpectColumnValuesToNotBeNull"}
    assert contract.about("absent") == ()


def test_a_contract_survives_json(contract):
    text = contract.to_json()
    assert json.loads(text)
    assert DataContract.from_json(text) == contract


def test_rows_to_predict_are_held_to_what_the_model_reads(contract):
    later = contract.for_prediction(["age", "plan", "customer_id"])
    assert {each.column for each in later.expectations} == {"age", "plan", "customer_id"}
    assert "ExpectColumnValuesToBeUnique" not in {each.kind for each in later.expectations}
    assert kinds(later, "age") == kinds(contract, "age")
    assert later.about("y") == later.about(None) == ()


def test_a_wide_table_keeps_the_number_of_checks_bounded():
    wide = pd.DataFrame(RNG.normal(size=(30, 400))).assign(word=["a", "b"] * 15, y=[0, 1] * 15)
    found = infer_contract(wide, target="y", problem=ProblemKind.BINARY, most=60)
    assert 60 <= len(found.expectations) <= 63
    assert found.about("word")
    assert len(found.columns_unchecked) > 300
    names = found.about(None)[0].parameters["column_set"]
    assert len(names) == 402


def test_a_numeric_target_keeps_its_type_and_range():
    numbers = table().assign(y=RNG.normal(size=N))
    target = kinds(infer_contract(numbers, target="y", problem=ProblemKind.REGRESSION), "y")
    assert target["ExpectColumnValuesToBeInTypeList"].severity is Severity.REFUSE
    assert "ExpectColumnValuesToBeBetween" in target


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        ([True, False] * 50, [False, True]),
        ([1, 2] * 50, [1, 2]),
        ([1.0, None] + [2.0] * 49 + [1.0] * 49, [1.0, 2.0]),
        (pd.array([1, 2] * 50, dtype="Int64"), [1, 2]),
        (pd.Categorical(["a", "b"] * 50, categories=["a", "b", "c"]), ["a", "b"]),
        (pd.array(["a", "b"] * 50, dtype="string[pyarrow]"), ["a", "b"]),
    ],
)
def test_labels_of_any_dtype_are_a_set(cells, labels):
    found = infer_contract(table().assign(y=cells), target="y")
    for kind in ("ExpectColumnValuesToBeInSet", "ExpectColumnDistinctValuesToContainSet"):
        assert kinds(found, "y")[kind].parameters["value_set"] == labels
    assert DataContract.from_json(found.to_json()) == found


def test_a_missing_target_is_named():
    with pytest.raises(UserError, match="did you mean 'since'"):
        infer_contract(table(), target="sinc")


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="unknown kind"):
        Expectation("ExpectMiracles", None, Severity.WARN)
