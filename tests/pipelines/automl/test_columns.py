"""Columns are known by their labels, of any type."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.automl.columns import (
    column_labels,
    match_columns,
    numbered_columns,
    warn_of_equal_labels,
)
from espalier.pipelines.errors import MissingColumnsError

DAY = datetime.datetime(2024, 1, 1)
LABELS = st.one_of(
    st.integers(0, 9),
    st.sampled_from(["0", "1", "a", "b", "a_b", "nan"]),
    st.tuples(st.sampled_from(["a", "a_b"]), st.sampled_from(["b", "b_c", ""])),
    st.dates(DAY.date(), DAY.date() + datetime.timedelta(3)),
    st.sampled_from([pd.Timestamp(DAY), 0.5, None, float("nan")]),
)


@given(st.lists(LABELS, min_size=1, max_size=6, unique_by=repr), st.randoms(use_true_random=False))
def test_another_order_finds_the_same_columns(labels, random):
    order = list(range(len(labels)))
    random.shuffle(order)
    shuffled = tuple(labels[at] for at in order)
    if len({repr(label) for label in labels if label is None or label != label}) > 1:
        return  # None and NaN are both "no label"
    places = match_columns(shuffled, tuple(labels))
    assert [order[place] for place in places] == list(range(len(labels)))


@given(st.lists(LABELS, min_size=2, max_size=6, unique_by=repr))
def test_a_missing_column_is_an_error(labels):
    texts = [str(label) for label in labels]
    if len(set(texts)) < len(texts) or any(label is None or label != label for label in labels):
        return
    if any(isinstance(label, tuple) for label in labels):
        return
    with pytest.raises(MissingColumnsError, match=r"table"):
        match_columns((*labels[1:], "another"), tuple(labels))


def test_labels_that_became_texts_in_a_file_are_found():
    assert match_columns(("b", "1", "0"), (0, 1)) == [2, 1]
    with pytest.raises(MissingColumnsError):
        match_columns(("0", "1"), (0, "0"))  # which one was which cannot be told


def test_a_frame_numbered_in_another_order_is_put_in_order_for_an_array_model():
    frame = pd.DataFrame(np.zeros((2, 3)))
    assert numbered_columns(column_labels(frame[[2, 0, 1]])) == [1, 2, 0]
    with pytest.warns(UserWarning, match="column names"):
        assert numbered_columns(("a", "b")) == [0, 1]
    assert column_labels(np.zeros((2, 3))) is None


def test_columns_that_only_their_order_tells_apart_are_warned_of():
    with pytest.warns(UserWarning, match="several columns called 'a': .* their order"):
        warn_of_equal_labels(("a", "b", "a"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_equal_labels(("1", 1, "a", ("a",)))
        warn_of_equal_labels(None)
