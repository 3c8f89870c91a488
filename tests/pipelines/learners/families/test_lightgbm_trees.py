"""LightGBM's hyperparameters that a search must be able to count on."""

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

RNG = np.random.default_rng(0)


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
