"""Additive models: the kept tables answer as the package does, and honour groups and weights."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor
from sklearn.datasets import load_breast_cancer

from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.additive.additive_terms import ColumnBins, terms_of
from espalier.pipelines.learners.additive.explainable_boosting import ExplainableBoosting


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Two numbers, one with gaps, and codes of four levels; the levels and a product count."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    X[:, 2] = rng.integers(0, 4, 300)
    y = np.sin(2 * X[:, 0]) + np.array([0.0, 2.0, -1.0, 0.5])[X[:, 2].astype(int)]
    y += X[:, 0] * X[:, 1]
    X[::7, 1] = np.nan
    return X, y


@pytest.mark.parametrize("kind", ["values", "two classes", "three classes"])
def test_tables_answer_as_the_package_does(kind: str, rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows
    shared = {
        "feature_types": ["continuous", "continuous", "nominal"],
        "interactions": 0 if kind == "three classes" else 2,
        "outer_bags": 1,
        "max_rounds": 60,
        "n_jobs": 1,
    }
    asked = X.copy()
    asked[0, 2], asked[1, 2], asked[2, 0] = 9.0, np.nan, np.nan  # a level never seen, gaps
    if kind == "values":
        model = ExplainableBoostingRegressor(**shared).fit(X, y)
        np.testing.assert_allclose(terms_of(model, (2,)).total(asked), model.predict(asked))
        return
    codes = (y > 0).astype(int) + (y > 1.5 if kind == "three classes" else 0)
    model = ExplainableBoostingClassifier(**shared).fit(X, codes)
    expected = model.decision_function(asked)
    np.testing.assert_allclose(terms_of(model, (2,)).total(asked), expected)


def test_places_of_numbers_and_levels() -> None:
    numbers = ColumnBins(np.array([1.0, 2.0]), {}, 0)
    assert numbers.places(np.array([0.0, 1.0, 1.5, 9.0, np.nan])).tolist() == [1, 2, 2, 3, 0]
    levels = ColumnBins(None, {0.0: 1, 3.0: 2}, 3)
    assert levels.places(np.array([3.0, 0.0, 7.0, np.nan])).tolist() == [2, 1, 3, 0]
    assert levels.places(np.array([np.nan])).tolist() == [0]


def test_a_pair_finds_what_two_curves_cannot(rows: tuple[np.ndarray, np.ndarray]) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 2))
    y = ((X[:, 0] > 0) ^ (X[:, 1] > 0)).astype(int)
    right = {
        pairs: (ExplainableBoosting(pairs=pairs, n_bags=2).fit(X, y).predict(X) == y).mean()
        for pairs in (0.0, 1.0)
    }
    assert right[0.0] < 0.7
    assert right[1.0] > 0.9


def test_rows_that_stop_a_bag_are_whole_groups_and_the_newest() -> None:
    y = np.arange(200.0)
    groups = np.repeat(np.arange(20), 10)
    bags = ExplainableBoosting(n_bags=3, classification=False)._bags(y, groups, None)
    assert bags is not None
    for bag in bags.T:
        assert set(groups[bag == 1]) & set(groups[bag == -1]) == set()
        assert (bag == -1).any()
    newest = ExplainableBoosting(n_bags=1, classification=False)._bags(y, None, y)
    assert newest is not None
    assert y[newest[:, 0] == 1].max() < y[newest[:, 0] == -1].min()


def test_a_class_of_the_newest_rows_alone_is_known() -> None:
    X = np.arange(200.0)[:, None]
    y = np.where(X[:, 0] >= 190, 2, np.arange(200) % 2)
    model = ExplainableBoosting(pairs=0.0, n_bags=2).fit(X, y, times=X[:, 0])
    assert model.classes_.tolist() == [0, 1, 2]
    chances = model.predict_proba(X)
    assert (chances > 0).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)


def test_too_few_rows_to_stop_on_still_train() -> None:
    X = np.arange(8.0)[:, None]
    model = ExplainableBoosting(pairs=0.0, classification=False).fit(X, X[:, 0] * 2)
    assert np.corrcoef(model.predict(X), X[:, 0])[0, 1] > 0.8


def test_weights_have_no_unit_and_count() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X, weight = X[:, :4], np.where(y == 1, 1e-9, 1.0)
    model = ExplainableBoosting(pairs=0.0, n_bags=1)
    low = model.fit(X, y, sample_weight=weight).predict_proba(X)
    assert low[:, 1].max() < 0.01
    same = model.fit(X, y, sample_weight=weight * 1e6).predict_proba(X)
    np.testing.assert_allclose(low, same, atol=1e-6)


def test_answers_without_the_package(tmp_path: object) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    model = ExplainableBoosting(pairs=0.0, n_bags=1).fit(X[:, :3], y)
    program = (
        "import sys, pickle; sys.modules['interpret'] = None; "
        "model, X = pickle.load(sys.stdin.buffer); print(model.predict_proba(X)[0, 1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps((model, X[:2, :3])),
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert float(done.stdout) == pytest.approx(model.predict_proba(X[:2, :3])[0, 1])


def test_a_missing_package_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    with pytest.raises(UserError, match=r"espalier\[interpretable\]"):
        ExplainableBoosting().fit(np.zeros((20, 1)), np.arange(20) % 2)
