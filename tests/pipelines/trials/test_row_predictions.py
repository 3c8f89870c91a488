import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.trials.row_predictions import RowPredictions, common_rows, validated_rows


@st.composite
def some_rows(draw):
    """Return predictions of some rows, and the array as long as the table that they stand for."""
    n_rows = draw(st.integers(1, 30))
    width = draw(st.sampled_from([(), (2,), (3,)]))
    rows = np.array(sorted(draw(st.sets(st.integers(0, n_rows - 1)))), dtype=np.int32)
    values = np.random.default_rng(0).random((len(rows), *width)).astype(np.float32)
    whole = np.full((n_rows, *width), np.nan, dtype=np.float32)
    whole[rows] = values
    return RowPredictions(rows, values, n_rows), whole


@given(some_rows(), st.data())
def test_they_are_indexed_like_an_array_as_long_as_the_table(made, data):
    few, whole = made
    assert (len(few), few.shape, few.dtype) == (len(whole), whole.shape, whole.dtype)
    np.testing.assert_array_equal(few, whole)
    positions = data.draw(st.lists(st.integers(0, len(whole) - 1)))
    at = np.array(positions, dtype=np.int64)
    np.testing.assert_array_equal(few[at], whole[at])
    start = data.draw(st.integers(0, len(whole)))
    np.testing.assert_array_equal(few[start:], whole[start:])
    mask = np.arange(len(whole)) % 2 == 0
    np.testing.assert_array_equal(few[mask], whole[mask])
    np.testing.assert_array_equal(validated_rows(few), validated_rows(whole))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(few)), whole)


def test_rows_in_common_are_those_that_all_have():
    whole = np.array([[0.0], [np.nan], [2.0], [3.0]])
    few = RowPredictions(np.array([0, 1, 3]), np.array([[1.0], [1.0], [np.nan]], np.float32), 4)
    assert common_rows([whole]).tolist() == [0, 2, 3]
    assert common_rows([few]).tolist() == [0, 1]
    assert common_rows([whole, few]).tolist() == [0]


def test_only_their_own_bytes_count():
    few = RowPredictions(np.arange(10, dtype=np.int32), np.zeros((10, 2), np.float32), 5_000_000)
    assert few.nbytes == 10 * 4 + 10 * 2 * 4
    with pytest.raises(ValueError, match="copy"):
        np.asarray(few, copy=False)
