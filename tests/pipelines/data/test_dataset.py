"""The few numbers that costs depend on."""

import pickle

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT
from espalier.pipelines.problem import ProblemKind


def shape_of(roles, **columns):
    X = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    y = np.arange(len(X), dtype=np.float64)
    roles = dict(zip(X.columns, roles, strict=True))
    return Dataset(X=X, y=y, problem=ProblemKind.REGRESSION, roles=roles).shape


def test_text_is_as_long_as_its_distinct_strings():
    text = ColumnRole.TEXT
    names = ["ab", "ab", None, "abcd"]
    assert shape_of([text], a=names).text_length == pytest.approx(6 / 4)
    assert shape_of([text, text], a=names, b=["x"] * 4).text_length == pytest.approx(7 / 4)
    assert shape_of([text], a=["x" * (2 * LONGEST_TEXT)]).text_length == LONGEST_TEXT
    assert shape_of([ColumnRole.CATEGORICAL], a=names).text_length == 0
    assert shape_of([text], a=[None, None]).text_length == 0


def test_of_many_rows_some_are_enough_to_tell():
    many = [f"name number {row:06d}" for row in range(60_000)]
    assert shape_of([ColumnRole.TEXT], a=many).text_length == pytest.approx(18.0)


def test_a_shape_that_an_older_version_pickled_has_no_text_length():
    shape = DatasetShape(problem=ProblemKind.BINARY, n_rows=7, n_columns=2, text_length=3.0)
    assert pickle.loads(pickle.dumps(shape)) == shape
    older = object.__new__(DatasetShape)
    older.__setstate__([ProblemKind.BINARY, 7, 2, 0, 0, 0, 2, 3, False])
    assert older.n_rows == 7
    assert older.text_length == 0
