"""Members that serve as fold models, where folds lack classes; and candidates that come twice."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.ensemble.choose import choose_ensemble
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind


def bagged(X: pd.DataFrame, y: Any, groups: Any = None) -> AutoMLClassifier:
    made = AutoMLClassifier(
        time_budget=None,
        n_trials=3,
        families=["linear", "bayes", "lightgbm"],
        random_state=0,
        serving="bagged",
    )
    return made.fit(X, y, groups=groups)


def check(model: AutoMLClassifier, X: pd.DataFrame, n_classes: int) -> None:
    scores = model.predict_proba(X)
    assert scores.shape == (len(X), n_classes)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-6)
    assert all(member.of_folds for member in model.model_.members)


def test_a_class_that_some_folds_lack_keeps_its_column() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    y = np.where(X["a"] > 0, "high", "low").astype(object)
    y[:2] = "rare"  # two rows: three of five folds train on both, two on one
    model = bagged(X, y)
    check(model, X, 3)
    present = [len(each.present_) for m in model.model_.members for each in m.candidates]
    assert set(present) <= {2, 3}


def test_folds_of_one_class_answer_that_class() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 2)), columns=list("ab"))
    y = np.repeat([0, 1], 40)
    X.loc[y == 1, "a"] += 3.0
    # All of class 1 is one group: the fold that validates it trains on class 0 alone.
    groups = np.where(y == 1, 99, np.arange(80) // 8)
    model = bagged(X, y, groups)
    check(model, X, 2)
    alone = [each.model_ is None for m in model.model_.members for each in m.candidates]
    assert any(alone)
    assert not all(alone)


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_candidates_that_come_twice_change_no_answer(
    kind: ProblemKind, made_target: Any, predictions_of: Any, dataset_of: Any, results_of: Any
) -> None:
    metric = METRICS["log_loss" if kind.is_classification else "rmse"]
    y, signal = made_target(kind, 300)
    library = {n: predictions_of(kind, signal, 0.8 + 0.1 * n, n) for n in range(5)}
    twice = library | {10 + n: values.copy() for n, values in library.items()}
    answers = []
    for each in (library, twice):
        choice = choose_ensemble(
            results_of(metric, y, each), each, dataset=dataset_of(kind, y), metric=metric, seed=0
        )
        answers.append(choice.rule.apply([each[number] for number, _ in choice.members]))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-9)
