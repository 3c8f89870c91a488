"""What is CatBoost's own."""

import numpy as np

from espalier.pipelines.learners.families.catboost_trees import CatBoostModel


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
