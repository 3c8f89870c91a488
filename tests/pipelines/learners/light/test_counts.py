import numpy as np
import pytest
from sklearn.datasets import make_classification

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.families.mlp import Perceptron
from espalier.pipelines.learners.light.counts import ModelCounts, count_model
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind

X, Y = make_classification(120, 5, random_state=0)
X = X.astype(np.float32)
SHAPE = DatasetShape(problem=ProblemKind.BINARY, n_rows=120, n_columns=5, n_classes=2)


def fitted(family, iterations=None):
    learner = LEARNERS[family]
    values = dict(learner.space(SHAPE).get_default_configuration())
    model = learner.build(values, BuildContext(shape=SHAPE, seed=0, iterations=iterations))
    model.fit(X, Y)
    return model


def test_a_network_takes_two_operations_a_weight():
    model = Perceptron(width=6, depth=1, epochs=1).fit(X, Y)
    held = 5 + (5 * 6 + 6) + (6 * 2 + 2)
    assert count_model(model) == ModelCounts(held, 2 * held)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "catboost", "random_forest"])
def test_trees_take_their_depth_and_fewer_trees_take_less(family):
    many, few = (count_model(fitted(family, iterations=n)) for n in (16, 4))
    assert few.parameters < many.parameters
    assert 4 <= few.operations < many.operations
    assert 2 * few.operations < many.operations


def test_the_trees_of_a_forest_are_counted_one_by_one():
    model = fitted("random_forest", iterations=3)
    trees = [each.tree_ for each in model.forest.estimators_]
    assert count_model(model) == ModelCounts(
        sum(each.node_count for each in trees), sum(each.max_depth + 1 for each in trees)
    )


def test_depths_of_lightgbm_are_those_of_its_table():
    model = fitted("lightgbm", iterations=5)
    table = model.booster_.trees_to_dataframe()
    depth = table.groupby("tree_index")["node_depth"].max() - 1
    assert count_model(model) == ModelCounts(len(table), int((depth + 1).sum()))


def test_neighbours_hold_every_row():
    assert count_model(fitted("knn")).operations >= 2 * X.size


@pytest.mark.parametrize("family", sorted(set(LEARNERS) - {"ebm"}))
def test_every_family_is_counted(family):
    counts = count_model(fitted(family))
    assert counts.parameters > 0
    assert counts.operations > 0


def test_a_constant_takes_nothing():
    assert count_model(None) == ModelCounts(1, 0)


def test_what_cannot_be_seen_is_not_counted_as_nothing():
    assert count_model(object()) is None
