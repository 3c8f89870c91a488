"""Weights say how much rows count beside each other: their unit says nothing, in any family."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from espalier.pipelines.automl.training_data import weights_unused
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.custom import learner_from_estimator
from espalier.pipelines.learners.families.knn import Neighbours
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

OWN = learner_from_estimator("own", LinearRegression())
CASES = [
    pytest.param(learner, problem, id=f"{learner.name}-{problem}")
    for learner in (*LEARNERS.values(), OWN)
    for problem in ProblemKind
    if problem in learner.problems
]
N_ROWS = 120
ROLES = {"a": ColumnRole.NUMERIC, "b": ColumnRole.NUMERIC, "level": ColumnRole.CATEGORICAL}


def table(problem: ProblemKind, weight: np.ndarray | None = None, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(N_ROWS, 2)), columns=["a", "b"])
    X["level"] = rng.choice(list("uvwxyz"), N_ROWS)
    signal = 2 * X["a"].to_numpy() + np.sin(2 * X["b"].to_numpy()) + rng.normal(size=N_ROWS)
    classes = None
    y = signal
    if problem.is_classification:
        n_classes = 2 if problem is ProblemKind.BINARY else 3
        ranks = np.argsort(np.argsort(signal, kind="stable"), kind="stable")
        y, classes = ranks * n_classes // N_ROWS, np.arange(n_classes)
    return Dataset(X=X, y=y, problem=problem, roles=ROLES, classes=classes, sample_weight=weight)


def scores(learner, data, weight, **known):
    configuration = SearchSpace([learner], data.shape).default(learner.name)
    rounds = 20 if learner.packages else None
    fitted = Candidate(configuration, learner, ROLES, data.shape, 1, iterations=rounds)
    fitted.fit(data.X, data.y, sample_weight=weight, **known)
    return fitted.predict_scores(data.X)


@pytest.mark.parametrize(("learner", "problem"), CASES)
def test_any_unit_of_the_weights_gives_the_same_model(learner, problem) -> None:
    data = table(problem)
    weight = np.random.default_rng(3).gamma(2.0, size=N_ROWS)
    same = scores(learner, data, weight)
    for unit in (1e-9 / N_ROWS, 7.3e6):
        np.testing.assert_allclose(scores(learner, data, unit * weight), same, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("learner", "problem"), CASES)
def test_equal_weights_in_any_unit_are_no_weights(learner, problem) -> None:
    data = table(problem)
    without = scores(learner, data, None)
    np.testing.assert_allclose(scores(learner, data, np.full(N_ROWS, 1 / 400)), without, rtol=1e-6)


@pytest.mark.parametrize(
    "learner", [pytest.param(each, id=each.name) for each in LEARNERS.values()]
)
def test_a_class_that_hardly_counts_gets_a_probability_of_about_zero(learner) -> None:
    data = table(ProblemKind.BINARY)
    weight = np.where(data.y == 1, 1e-9, 1.0)
    assert scores(learner, data, weight)[:, 1].max() < 0.02


@pytest.mark.parametrize("learner", [pytest.param(e, id=e.name) for e in LEARNERS.values()])
def test_rows_that_hardly_count_do_not_bend_the_values(learner) -> None:
    if ProblemKind.REGRESSION not in learner.problems:
        pytest.skip("classifies only")
    data = table(ProblemKind.REGRESSION)
    rare = np.arange(N_ROWS) % 2 == 0
    data.y[rare] += 1_000.0
    found = scores(learner, data, np.where(rare, 1e-9, 1.0))
    assert np.abs(found).max() < 50


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "mlp"])
def test_early_stopping_does_not_see_the_unit(name: str) -> None:
    learner, data = LEARNERS[name], table(ProblemKind.REGRESSION)
    weight = np.random.default_rng(3).gamma(2.0, size=N_ROWS)
    configuration = SearchSpace([learner], data.shape).default(name)
    rounds = []
    for unit in (1.0, 1e-7, 1e5):
        fitted = Candidate(configuration, learner, ROLES, data.shape, 1)
        fitted.fit(data.X, data.y, sample_weight=unit * weight)
        rounds.append(fitted.n_iterations_)
    assert len(set(rounds)) == 1


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_a_neighbour_of_weight_two_is_two_neighbours(weights: str) -> None:
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(60, 2)), rng.normal(size=60), rng.integers(1, 4, 60)
    asked = rng.normal(size=(30, 2))
    settings = {"weights": weights, "relevance": False, "classification": False}
    whole = Neighbours(9, **settings).fit(X, y, sample_weight=weight.astype(float))
    twice = Neighbours(9, **settings).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(whole.predict(asked), twice.predict(asked))


def test_an_own_estimator_that_cannot_weigh_is_named() -> None:
    class Blind(LinearRegression):
        def fit(self, X, y):
            return super().fit(X, y)

    blind = learner_from_estimator("blind", Blind())
    assert OWN.weighs
    assert not blind.weighs
    weighted = table(ProblemKind.REGRESSION, np.ones(N_ROWS))
    (said,) = weights_unused((OWN, blind), weighted)
    assert "'blind'" in said
    assert weights_unused((OWN, blind), table(ProblemKind.REGRESSION)) == ()


def test_catboosts_own_categories_are_not_offered_with_weights() -> None:
    """Its target statistics count rows, whatever they weigh."""
    catboost, lightgbm = LEARNERS["catboost"], LEARNERS["lightgbm"]
    plain, weighted = (table(ProblemKind.BINARY, weight) for weight in (None, np.ones(N_ROWS)))
    for learner, data, offered in (
        (catboost, plain, True),
        (catboost, weighted, False),
        (lightgbm, weighted, True),
    ):
        space = SearchSpace([learner], data.shape)
        default = space.default(learner.name)
        found = {
            configuration["prep_encoding"]
            for configuration in space.sample_family(learner.name, 30, np.random.default_rng(0))
        }
        assert ("native" in found) == offered
        assert offered or default["prep_encoding"] == "ordinal"
        fitted = Candidate(default, learner, ROLES, data.shape, 0, iterations=3)
        fitted.fit(data.X, data.y, sample_weight=data.sample_weight)
        assert bool(fitted.features_.categorical_) == (default["prep_encoding"] == "native")
