"""Whether more rows would help: a member on ever larger parts of the rows."""

import numpy as np
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.explain.learning_curve import LearningCurve, learning_curve
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from tests.pipelines.export.models import raw_table, signal, small_model


@pytest.fixture(scope="module")
def parts():
    model = small_model(ProblemKind.REGRESSION, ["linear"], text=False)
    table = raw_table(192, seed=1, text=False)
    y = 7 * signal(table) + 100
    preparation, X = prepare(table.assign(target=y), target="target")
    search = Dataset(
        X=X, y=y, problem=ProblemKind.REGRESSION, roles=dict(preparation.roles), classes=None
    )
    new = raw_table(80, seed=3, text=False)
    return model, search, new, 7 * signal(new) + 100


def test_the_curve_goes_to_all_rows_and_gets_better(parts):
    model, search, new, truth = parts
    curve = learning_curve(
        model, search, new, truth, metric=METRICS["rmse"], seed=0, deadline=NEVER
    )
    assert curve is not None
    assert [n for n, _ in curve.points] == [24, 48, 96, 192]
    assert curve.points[-1][1] < curve.points[0][1]
    assert curve.family == "linear"


def test_without_time_there_is_none(parts):
    model, search, new, truth = parts
    over = Deadline.after(-1.0)
    made = learning_curve(model, search, new, truth, metric=METRICS["rmse"], seed=0, deadline=over)
    assert made is None


def test_few_rows_have_none(parts):
    model, search, new, truth = parts
    few = search.take(np.arange(50))
    made = learning_curve(model, few, new, truth, metric=METRICS["rmse"], seed=0, deadline=NEVER)
    assert made is None


@pytest.mark.parametrize(
    ("scores", "up", "worth"),
    [
        ([0.6, 0.7, 0.8, 0.9], True, True),
        ([0.6, 0.85, 0.9, 0.905], True, False),
        ([9.0, 6.0, 4.0, 2.0], False, True),
        ([2.0, 2.0, 2.1, 2.2], False, False),
    ],
)
def test_a_curve_that_still_rises_is_told_from_one_that_is_level(scores, up, worth):
    points = tuple(zip([100, 200, 400, 800], scores, strict=True))
    curve = LearningCurve(family="linear", points=points, higher_is_better=up)
    assert curve.worth_more_rows is worth
