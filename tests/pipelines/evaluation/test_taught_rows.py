import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.evaluation.taught_rows import taught_rows
from espalier.pipelines.problem import ProblemKind


def table(problem, y, classes=None):
    X = pd.DataFrame({"a": np.arange(float(len(y)))})
    return Dataset(X=X, y=y, problem=problem, roles={"a": ColumnRole.NUMERIC}, classes=classes)


def test_a_row_stands_for_each_class_with_its_probability_as_weight():
    rows = table(ProblemKind.BINARY, np.array([0, 1, 1]), np.array(["no", "yes"]))
    answers = np.array([[0.8, 0.2], [np.nan, np.nan], [0.0, 1.0]])
    taught = taught_rows(rows, answers)
    assert taught.X["a"].tolist() == [0.0, 0.0, 2.0]
    assert taught.y.tolist() == [0, 1, 1]
    np.testing.assert_allclose(taught.sample_weight, np.array([0.8, 0.2, 1.0]) * 3 / 2)
    assert taught.groups.tolist() == [0, 0, 1]  # copies of a row are never divided


def test_values_take_the_place_of_the_target():
    rows = table(ProblemKind.REGRESSION, np.array([1.0, 2.0, 3.0]))
    taught = taught_rows(rows, np.array([1.5, np.nan, 2.5]))
    assert taught.y.tolist() == [1.5, 2.5]
    assert taught.X["a"].tolist() == [0.0, 2.0]
