"""What is CatBoost's own."""

import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.families.boosting_rounds import Patience
from espalier.pipelines.learners.families.catboost_family import CATBOOST
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace

PARAMETERS = {
    "loss_function": "Logloss",
    "learning_rate": 0.02,
    "depth": 2,
    "rsm": 1.0,
    "boosting_type": "Plain",
    "random_seed": 0,
}


def table(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return features and classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3)).astype(np.float32)
    return X, (X[:, 0] + rng.normal(size=n_rows) > 0).astype(int)


def test_losses_are_measured_a_tenth_of_a_step_apart(monkeypatch) -> None:
    """CatBoost hands all losses so far to each callback: one each round is quadratic."""
    asked: list[int] = []
    stop = Patience.stop

    def record(self: Patience, round_: int, loss: float | None) -> bool:
        asked.append(round_)
        return stop(self, round_, loss)

    monkeypatch.setattr(Patience, "stop", record)
    model = CatBoostModel(PARAMETERS, rounds=2_000, patience=60)
    model.fit(*table(200), eval_set=table(100, seed=1))
    assert np.diff(asked).min() == 5
    assert len(asked) < 400
    assert model.n_iterations_ - 1 in asked
    assert model.booster_.tree_count_ == model.n_iterations_


@pytest.mark.parametrize("watched", [True, False])
def test_a_deadline_ends_it_between_two_losses(watched: bool) -> None:
    calls = iter(range(100))
    deadline = Deadline(3.0, lambda: float(next(calls)))  # seven rounds or fewer
    model = CatBoostModel(PARAMETERS, rounds=2_000, patience=60)
    valid = table(100, seed=1) if watched else None
    model.fit(*table(200), eval_set=valid, deadline=deadline)
    assert 1 <= model.booster_.tree_count_ <= 7


def test_trees_are_no_deeper_than_their_rows_fill() -> None:
    for n_rows, expected in ((100, 5), (160, 6), (1_000, 8), (20_000, 9)):
        shape = DatasetShape(
            problem=ProblemKind.BINARY, n_rows=n_rows, n_columns=5, n_classes=2, smallest_class=50
        )
        configuration = SearchSpace([CATBOOST], shape).complete("catboost", {"depth": 9})
        context = BuildContext(shape=shape, seed=0)
        assert CATBOOST.build(configuration.model_values, context).parameters["depth"] == expected


def test_the_best_round_is_kept_however_few_columns_a_tree_may_see() -> None:
    """A share of less than one column made empty trees, and those made CatBoost refuse to cut."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (600, 2)).astype(np.float32)
    y = (rng.random(600) < 0.1 + 0.1 * X[:, 0]).astype(int)
    parameters = {
        "loss_function": "Logloss",
        "learning_rate": 0.3,
        "depth": 3,
        "rsm": 0.1,
        "score_function": "L2",
        "bootstrap_type": "Bernoulli",
        "boosting_type": "Plain",
        "random_seed": 0,
    }
    model = CatBoostModel(parameters, rounds=200, patience=20)
    model.fit(X[:400], y[:400], eval_set=(X[400:], y[400:]))
    assert 1 <= model.n_iterations_ < 200
    assert model.booster_.tree_count_ == model.n_iterations_
