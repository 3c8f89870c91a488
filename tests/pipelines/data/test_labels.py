"""Labels come back exactly as they are given, whatever they are."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.automl.inputs import read_labels, read_values
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.labels import codes_among, encode_labels
from espalier.pipelines.data.target import encode_target, infer_problem
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

LABELS = st.one_of(
    st.text(min_size=1, max_size=3),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["NA", "None", "null", "yes", "yes ", " yes", "1", "1.0", "True", "a\ud800"]),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.tuples(st.integers(0, 2), st.text(max_size=1)),
)


def kind_and_value(label):
    kind = bool if isinstance(label, bool) else float if isinstance(label, (int, float)) else None
    return kind or type(label), label


@given(st.lists(LABELS, min_size=1, max_size=30))
def test_codes_lead_back_to_every_label_and_tell_all_of_them_apart(labels):
    column = pd.Series(np.empty(len(labels), dtype=object))
    for row, label in enumerate(labels):
        column.iat[row] = label
    codes, classes = encode_labels(column)
    back = [classes.tolist()[code] for code in codes]
    assert back == labels
    assert len(classes) == len(set(map(kind_and_value, labels)))
    assert sorted(set(codes.tolist())) == list(range(len(classes)))
    assert codes_among(column, classes.tolist()).tolist() == codes.tolist()


BIG = 2**53
GIVEN = {
    "blanks": (["yes", "yes ", "no"], ["no", "yes", "yes "]),
    "beyond 2**53": ([BIG, BIG + 1, BIG + 2], [BIG, BIG + 1, BIG + 2]),
    "unsigned": (pd.array([2**63 + 1, 2**63 + 2], dtype="UInt64"), [2**63 + 1, 2**63 + 2]),
    "words for nothing": (["NA", "None", "null"], ["NA", "None", "null"]),
    "a nullable type": (pd.array([1, 2], dtype="Int64"), [1, 2]),
    "texts of Arrow": (pd.array(["a", "b"], dtype="string[pyarrow]"), ["a", "b"]),
    "a dictionary of Arrow": (
        pd.array(["a", "b"], dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))),
        ["a", "b"],
    ),
    "decimals": (
        [decimal.Decimal("1.10"), decimal.Decimal("2")],
        [decimal.Decimal("1.10"), decimal.Decimal("2")],
    ),
    "unused levels": (pd.Categorical(["b", "a"], categories=["z", "b", "a"]), ["a", "b"]),
    "booleans": (np.array([True, False]), [False, True]),
    "foreign bytes": (np.array([1, 2], dtype=">i4"), [1, 2]),
    "whole floats": (np.array([1.0, 2.0]), [1.0, 2.0]),
}


@pytest.mark.parametrize("name", GIVEN)
def test_an_estimator_gives_labels_back_as_they_are(name):
    values, classes = GIVEN[name]
    y = pd.Series(values)
    for given_y in (y, pd.DataFrame({"y": y}), pd.concat([y] * 9, ignore_index=True)):
        labels = read_labels(given_y)
        problem = infer_problem(labels, "classification") if len(labels) > 3 else None
        _, found = encode_target(labels, problem or ProblemKind.MULTICLASS)
        assert found is not None
        assert found.tolist() == classes
        assert [type(label) for label in found.tolist()] == [type(label) for label in classes]


DAY = datetime.date(2024, 1, 1)
REFUSED = {
    "dates": pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])),
    "Python dates": pd.Series([DAY, DAY + datetime.timedelta(1)]),
    "periods": pd.Series(pd.period_range("2024-01", periods=2, freq="M")),
    "blanks alone": pd.Series(["", "b"]),
    "the word nan": pd.Series(["nan", "b"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_label_is_refused_in_one_line(name):
    with pytest.raises(UserError, match="y h") as caught:
        read_labels(REFUSED[name])
    assert "\n" not in str(caught.value)


def test_durations_are_learned_in_seconds_and_dates_not_at_all():
    hours = pd.Series(pd.to_timedelta([1, 2], unit="h"))
    for given_y in (hours, hours.to_numpy(), hours.astype("duration[ns][pyarrow]")):
        assert read_values(given_y).tolist() == [3600.0, 7200.0]
    for dates in (REFUSED["dates"], REFUSED["dates"].to_numpy()):
        with pytest.raises(UserError, match="holds dates"):
            read_values(dates)


def test_whole_labels_beside_missing_ones_stay_whole():
    table = pd.DataFrame({"x": np.arange(60.0) ** 2, "y": [1.0, 2.0, np.nan] * 20})
    assembled = assemble(table, target="y")
    assert assembled.dataset.classes is not None
    assert assembled.dataset.classes.tolist() == [1, 2]
    assert assembled.dataset.classes.dtype == np.int64
    assert assembled.rows_without_target == 20


def test_labels_of_another_file_are_found_where_there_is_no_doubt():
    assert codes_among(pd.Series([1.0, 2.0, np.nan]), [1, 2]).tolist() == [0, 1, -1]
    assert codes_among(pd.Series(["1", "2 ", "3"]), [1, 2]).tolist() == [0, 1, -1]
    assert codes_among(pd.Series(["yes", "yes ", " yes"]), ["yes", "yes "]).tolist() == [0, 1, -1]
    assert codes_among(pd.Series([True, False]), ["True", "False"]).tolist() == [0, 1]
