import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.target import (
    encode_target,
    infer_problem,
    similar_labels,
    target_present,
)
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

BINARY, MULTICLASS, REGRESSION = ProblemKind
RNG = np.random.default_rng(0)


def series(cells, **options):
    return pd.Series(cells, name="y", **options)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (["yes", "no"] * 30, BINARY),
        ([True, False] * 30, BINARY),
        ([0, 1] * 30, BINARY),
        ([-1.5, 2.5] * 30, BINARY),
        (["a", "b", "c"] * 20, MULTICLASS),
        ([1, 2, 3] * 20, MULTICLASS),
        ([1.0, 2.0, 3.0] * 20, MULTICLASS),
        (list(range(30)) * 20, REGRESSION),
        ([1, 2, 3] * 5, REGRESSION),
        (RNG.normal(size=60), REGRESSION),
        ([f"${value:,.2f}" for value in RNG.uniform(0, 9999, 60)], REGRESSION),
        (pd.to_timedelta(np.arange(60), unit="s"), REGRESSION),
        (pd.Categorical([1, 2, 3] * 5), MULTICLASS),
        (pd.array([1, 0, None] * 20, dtype="Int64"), BINARY),
        (pd.array([True, False] * 20, dtype="boolean"), BINARY),
        (pd.array([True, False] * 20, dtype="bool[pyarrow]"), BINARY),
        (pd.array(["a", "b"] * 20, dtype="string[pyarrow]"), BINARY),
        ([True, False, None] * 20, BINARY),
        ([f"{i:03d}" for i in range(30)] * 5, MULTICLASS),
    ],
)
def test_the_problem_follows_from_the_target(cells, problem):
    assert infer_problem(series(cells)) is problem


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        ([None] * 30, "auto", "missing in every row"),
        ([" "] * 30, "auto", "missing in every row"),
        ([np.inf] * 30, "auto", "missing in every row"),
        (["a"] * 30, "auto", "one value only"),
        ([1.0] * 29 + [np.nan], "regression", "one value only"),
        ([f"name {i}" for i in range(30)], "auto", "one row per class"),
        ([f"n {i}" for i in range(30)] + ["n 1"] * 5, "auto", "too many to be classes"),
        (["a", "b"] * 20, "regression", "needs numbers, but the target 'y' holds 'a'"),
        (["a", "b", "c"] * 20, "binary", "has 3 classes .*use task multiclass"),
        (["a", "b"] * 20, "multiclass", "use task binary"),
        (RNG.normal(size=90), "multiclass", "one row per class"),
        (np.repeat(RNG.normal(size=60), 9), "multiclass", "fractional numbers"),
        (RNG.normal(size=90), "classification", "one row per class"),
        ([1, 2] * 20, "forecast", "unknown task 'forecast'"),
        (pd.date_range("2020", periods=30), "auto", "holds dates"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused_in_one_line(cells, task, message):
    with pytest.raises(UserError, match=message) as caught:
        infer_problem(series(cells), task)
    assert "\n" not in str(caught.value)


def test_the_user_may_overrule_the_guess():
    assert infer_problem(series([1, 2, 3] * 20), "regression") is REGRESSION
    assert infer_problem(series(list(range(30)) * 5), "multiclass") is MULTICLASS
    assert infer_problem(series([0, 1] * 20), "regression") is REGRESSION
    assert infer_problem(series([1.5, 2.5, 3.5] * 9), "classification") is MULTICLASS


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ([3, 1, 3], [1, 3]),
        ([True, False, True], [False, True]),
        (pd.Categorical(["b", "a", "b"], categories=["z", "b", "a"]), ["a", "b"]),
        (pd.Categorical([3, 1, 3]), [1, 3]),
        (pd.array([3, 1, 3], dtype="Int64"), [1, 3]),
        (pd.array([3, 1, 3], dtype="int32[pyarrow]"), [1, 3]),
        (pd.array([True, False, True], dtype="boolean"), [False, True]),
        (pd.array([True, False, True], dtype="bool[pyarrow]"), [False, True]),
        (pd.array(["b", "a", "b"], dtype="string[pyarrow]"), ["a", "b"]),
        (np.array(["b", "a", "b"], dtype=object), ["a", "b"]),
        (np.array([True, False, True], dtype=object), [False, True]),
        (np.array(["b", 1, "b"], dtype=object), [1, "b"]),
    ],
)
def test_labels_become_codes_and_codes_become_labels(cells, classes):
    codes, found = encode_target(series(cells), BINARY)
    assert found is not None
    assert found.tolist() == classes
    assert type(found.tolist()[0]) is type(classes[0])
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 0, 1]


def test_numbers_in_text_become_values():
    codes, classes = encode_target(series(["$1,000", "(5)", "2k"]), REGRESSION)
    assert classes is None
    assert codes.tolist() == [1000.0, -5.0, 2000.0]


def test_a_missing_target_cannot_be_encoded():
    with pytest.raises(UserError, match="missing or infinite"):
        encode_target(series([1.0, np.nan]), REGRESSION)
    with pytest.raises(UserError, match="'x', which is no number"):
        encode_target(series(["1", "x"]), REGRESSION)


def test_blank_and_infinite_targets_are_absent():
    assert target_present(series(["a", " ", None, ""])).tolist() == [True, False, False, False]
    assert target_present(series([1.0, np.inf, np.nan])).tolist() == [True, False, False]
    days = series([datetime.date(2020, 1, 1), None])
    assert target_present(days).tolist() == [True, False]


def test_labels_that_differ_by_case_or_blanks_are_named():
    assert similar_labels(["Yes", "yes ", "no"]) == (("Yes", "yes "),)


@given(st.lists(st.sampled_from(["a", "b", "c d", "é"]), min_size=1))
def test_codes_lead_back_to_the_labels(labels):
    codes, classes = encode_target(series(labels, dtype=object), MULTICLASS)
    assert classes is not None
    assert classes[codes].tolist() == labels
    assert sorted(set(labels)) == classes.tolist()


def test_codes_are_classes_unless_a_quantity_is_asked_for():
    y = pd.Series([f"{minutes:02}" for minutes in range(5, 65, 5)] * 10, name="y")
    assert infer_problem(y) is ProblemKind.MULTICLASS
    assert infer_problem(y, "regression") is ProblemKind.REGRESSION
    values, _ = encode_target(y, ProblemKind.REGRESSION)
    assert values.tolist()[:3] == [5.0, 10.0, 15.0]


def test_a_target_of_one_class_and_nothing_else_says_what_was_taken_for_nothing():
    y = pd.Series(["nan", "x"] * 20, name="y")
    with pytest.raises(UserError, match=r"nothing in 20 row\(s\), blank or .*'nan'"):
        infer_problem(y)
