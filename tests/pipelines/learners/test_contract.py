"""What every family owes, the user's own included. A new family gets all of it by its name."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.custom import learner_from_estimator
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace

OWN = learner_from_estimator("own_tree", DecisionTreeRegressor(), space={"max_depth": (1, 8)})
FAMILIES = [*LEARNERS.values(), OWN]
CASES = [
    pytest.param(learner, problem, id=f"{learner.name}-{problem}")
    for learner in FAMILIES
    for problem in ProblemKind
    if problem in learner.problems
]
BOTH = pytest.mark.parametrize(("learner", "problem"), CASES)

Messy = Callable[..., Dataset]


def candidate(learner: Learner, data: Dataset, seed: int = 1, **options: object) -> Candidate:
    space = SearchSpace([learner], data.shape)
    return Candidate(space.default(learner.name), learner, data.roles, data.shape, seed, **options)


def check_scores(scores: np.ndarray, data: Dataset) -> None:
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    if data.problem.is_classification:
        assert scores.shape == (len(data), data.n_classes)
        assert (scores >= 0).all()
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-4)
    else:
        assert scores.shape == (len(data),)


@BOTH
def test_learns_from_a_messy_table(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data, fresh = messy(problem, n_rows=150), messy(problem, n_rows=80, seed=7)
    # Never seen in training: a level, a text, a gap where there was none.
    fresh.X.loc[0, "level"], fresh.X.loc[1, "text, with [odd] name"] = "new", "ünheard öf"
    fresh.X.loc[2, ["signal", "large", "wild"]] = np.nan
    fitted = candidate(learner, data).fit(data.X, data.y)
    scores = fitted.predict_scores(fresh.X)
    check_scores(scores, fresh)
    if problem is ProblemKind.REGRESSION:
        assert np.mean((scores - fresh.y) ** 2) < 0.7 * np.var(fresh.y)
    else:
        assert roc_auc_score(fresh.y == 0, scores[:, 0]) > 0.7


@BOTH
def test_is_the_same_again_for_a_seed(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem)
    first = candidate(learner, data).fit(data.X, data.y)
    again = clone(candidate(learner, data), safe=False).fit(data.X, data.y)
    np.testing.assert_array_equal(first.predict_scores(data.X), again.predict_scores(data.X))


@BOTH
def test_survives_a_pickle(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem)
    fitted = candidate(learner, data).fit(data.X, data.y)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(fitted.predict_scores(data.X), copy.predict_scores(data.X))


@BOTH
def test_sampled_configurations_work(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem, n_rows=70)
    space = SearchSpace([learner], data.shape)
    for configuration in space.sample_family(learner.name, 5, np.random.default_rng(3)):
        fitted = Candidate(configuration, learner, data.roles, data.shape, 0)
        fitted.fit(data.X, data.y, sample_weight=np.linspace(0.5, 2, len(data)))
        check_scores(fitted.predict_scores(data.X), data)


@BOTH
def test_part_of_the_rows(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    """A fold may lack a class, hold one value only, and leave a column empty."""
    data = messy(problem)
    if problem is ProblemKind.REGRESSION:
        rows = np.arange(len(data) - 5)
        y = np.full(len(rows), 3.0)
        alone = candidate(learner, data).fit(data.X.iloc[rows], y)
        np.testing.assert_allclose(alone.predict_scores(data.X), 3.0, rtol=1e-5)
        fitted = candidate(learner, data).fit(data.X.iloc[rows], data.y[rows])
        check_scores(fitted.predict_scores(data.X), data)
        return
    absent = data.n_classes - 1
    rows = np.flatnonzero(data.y[:-1] != absent)
    fitted = candidate(learner, data).fit(data.X.iloc[rows], data.y[rows])
    scores = fitted.predict_scores(data.X)
    check_scores(scores, data)
    assert (scores[:, absent] == 0).all()


@BOTH
def test_groups_and_times(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem)
    groups, times = np.arange(len(data)) // 9, np.arange(len(data), dtype=np.float64)
    for known in ({"groups": groups}, {"times": times}):
        fitted = candidate(learner, data).fit(data.X, data.y, **known)
        check_scores(fitted.predict_scores(data.X), data)


@BOTH
def test_too_late_is_an_error(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem)
    with pytest.raises(TimeoutError, match=learner.name):
        candidate(learner, data).fit(data.X, data.y, deadline=Deadline(0.0, lambda: 1.0))


@BOTH
def test_few_rows(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem, n_rows=8)
    check_scores(candidate(learner, data).fit(data.X, data.y).predict_scores(data.X), data)


STOPPERS = [case for case in CASES if case.values[0].early_stopping]


class Countdown:
    """A clock that passes zero after so many looks."""

    def __init__(self, looks: int) -> None:
        self.now = -float(looks)

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.mark.parametrize(("learner", "problem"), STOPPERS)
def test_stops_at_the_deadline_with_what_it_has(
    learner: Learner, problem: ProblemKind, messy: Messy
) -> None:
    data = messy(problem)
    free = candidate(learner, data).fit(data.X, data.y)
    stopped = candidate(learner, data)
    stopped.fit(data.X, data.y, deadline=Deadline(0.0, Countdown(4)))
    assert stopped.n_iterations_ is not None
    assert free.n_iterations_ is not None
    assert 1 <= stopped.n_iterations_ <= 4
    check_scores(stopped.predict_scores(data.X), data)


@pytest.mark.parametrize(("learner", "problem"), STOPPERS)
def test_trains_the_rounds_it_is_told(learner: Learner, problem: ProblemKind, messy: Messy) -> None:
    data = messy(problem)
    fitted = candidate(learner, data, iterations=3).fit(data.X, data.y)
    assert fitted.n_iterations_ == 3
    check_scores(fitted.predict_scores(data.X), data)


@BOTH
def test_expected_seconds_grow_with_the_rows(
    learner: Learner, problem: ProblemKind, messy: Messy
) -> None:
    from dataclasses import replace

    shape = messy(problem).shape
    space = SearchSpace([learner], shape)
    large = SearchSpace([learner], replace(shape, n_rows=100 * shape.n_rows))
    configuration = space.default(learner.name)
    assert 0 < space.expected_seconds(configuration) < large.expected_seconds(configuration)
