"""LightGBM's hyperparameters that a search must be able to count on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

RNG = np.random.default_rng(0)


def _shape(**changes: Any) -> DatasetShape:
    made = DatasetShape(
        problem=ProblemKind.BINARY, n_rows=3_000, n_columns=5, n_classes=2, smallest_class=500
    )
    return replace(made, **changes)


def _dataset() -> Dataset:
    X = pd.DataFrame({"a": RNG.normal(size=600), "b": RNG.normal(size=600)})
    y = np.sin(3 * X["a"]) + 0.1 * RNG.normal(size=600)
    roles = {"a": ColumnRole.NUMERIC, "b": ColumnRole.NUMERIC}
    return Dataset(X=X, y=y.to_numpy(), problem=ProblemKind.REGRESSION, roles=roles, classes=None)


def _answers(data: Dataset, **values: object) -> np.ndarray:
    space = SearchSpace([LEARNERS["lightgbm"]], data.shape)
    configuration = space.complete("lightgbm", values)
    candidate = Candidate(configuration, LEARNERS["lightgbm"], data.roles, data.shape, 1)
    return candidate.fit(data.X, data.y).predict_scores(data.X)


def test_thresholds_at_random_make_another_and_still_good_model() -> None:
    data = _dataset()
    best, drawn = _answers(data, extra_trees=False), _answers(data, extra_trees=True)
    assert not np.allclose(best, drawn)
    assert np.mean((drawn - data.y) ** 2) < 0.2 * np.var(data.y)


def test_the_search_reaches_stumps_large_trees_and_slow_rates() -> None:
    space = SearchSpace([LEARNERS["lightgbm"]], _shape())
    parameters = {each.name: each for each in space.family_space("lightgbm").parameters}
    found = {
        name: (parameters[name].low, parameters[name].high)
        for name in ("learning_rate", "num_leaves", "min_data_in_leaf")
    }
    assert found == {
        "learning_rate": (0.005, 0.1),
        "num_leaves": (2, 200),
        "min_data_in_leaf": (1, 64),
    }


@pytest.mark.parametrize("shape", [_shape(n_rows=200_000), _shape(n_classes=9)])
def test_larger_rates_stay_where_each_round_costs_more(shape: DatasetShape) -> None:
    if shape.n_classes > 2:
        shape = replace(shape, problem=ProblemKind.MULTICLASS)
    space = SearchSpace([LEARNERS["lightgbm"]], shape)
    assert space.complete("lightgbm", {"learning_rate": 0.3})["learning_rate"] == 0.3


def test_a_recorded_configuration_means_what_it_meant() -> None:
    """Recorded before categories had hyperparameters: the same model as with their defaults."""
    shape = _shape(n_categorical=2)
    space = SearchSpace([LEARNERS["lightgbm"]], shape)
    today = space.complete("lightgbm", {"prep_encoding": "native"})
    new = {"cat_smooth", "cat_l2", "min_data_per_group", "max_cat_to_onehot"}
    context = BuildContext(shape=shape, seed=0)
    built = LEARNERS["lightgbm"].build(today.model_values, context).parameters
    recorded = {name: value for name, value in today.model_values.items() if name not in new}
    before = LEARNERS["lightgbm"].build(recorded, context).parameters
    library = {"cat_l2": 10.0, "min_data_per_group": 100, "max_cat_to_onehot": 4}
    assert built == {**library, **before}
    assert before["cat_smooth"] == 20.0


def test_starters_are_a_drawn_and_a_plain_model_and_tiny_classes_keep_their_penalty() -> None:
    space = SearchSpace([LEARNERS["lightgbm"]], _shape())
    drawn, plain = space.starters("lightgbm")
    assert (drawn["extra_trees"], plain["extra_trees"]) == (True, False)
    assert drawn["lambda_l2"] == plain["lambda_l2"] == 1e-3
    assert (plain["feature_fraction"], plain["bagging_fraction"]) == (1.0, 1.0)
    several = _shape(problem=ProblemKind.MULTICLASS, n_classes=5, smallest_class=7)
    tiny = SearchSpace([LEARNERS["lightgbm"]], several)
    assert [each["lambda_l2"] for each in tiny.starters("lightgbm")] == [5.0]


def test_formulas_are_a_starter_where_rows_and_numbers_are_many() -> None:
    large = SearchSpace([LEARNERS["lightgbm"]], _shape(n_rows=8_000))
    *others, last = large.starters("lightgbm")
    assert len(others) == 2
    assert (last["extra_trees"], last["prep_construction"]) == (True, "random")
    for small in (_shape(n_rows=3_000), _shape(n_rows=8_000, n_columns=4, n_categorical=3)):
        found = SearchSpace([LEARNERS["lightgbm"]], small).starters("lightgbm")
        assert all(each.get("prep_construction", "none") == "none" for each in found)
