"""What a candidate does with the time that its features leave."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners import candidate as candidate_module
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
DATA = Dataset(
    X=pd.DataFrame(X, columns=["a", "b", "c"]),
    y=(X[:, 0] > 0).astype(np.int64),
    problem=ProblemKind.BINARY,
    roles=dict.fromkeys("abc", ColumnRole.NUMERIC),
    classes=np.array([0, 1]),
)


class Clock:
    """Stands still, unless features are made."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def after(self, seconds: float) -> Deadline:
        return Deadline(seconds, self)


@pytest.fixture
def clock(monkeypatch):
    """A clock on which making features takes ten seconds, and nothing else any."""
    clock = Clock()
    build = candidate_module.build_features

    def slow(*arguments):
        features = build(*arguments)
        make = features.fit_transform

        def fit_transform(*rows):
            clock.now += 10.0
            return make(*rows)

        features.fit_transform = fit_transform
        return features

    monkeypatch.setattr(candidate_module, "build_features", slow)
    return clock


def new(family):
    learner = LEARNERS[family]
    configuration = SearchSpace((learner,), DATA.shape).default(family)
    return Candidate(configuration, learner, DATA.roles, DATA.shape, seed=0)


@pytest.mark.parametrize("family", ["linear", "extra_trees", "lightgbm"])
def test_slow_features_do_not_cost_a_model_that_has_time(clock, family):
    fitted = new(family).fit(DATA.X, DATA.y, deadline=clock.after(4.0), latest=clock.after(50.0))
    scores = fitted.predict_scores(DATA.X)[:, 1]
    assert scores[DATA.y == 1].mean() > scores[DATA.y == 0].mean() + 0.2


@pytest.mark.parametrize("family", ["linear", "extra_trees", "lightgbm"])
def test_what_cannot_begin_in_time_says_so(clock, family):
    late = pytest.raises(TimeoutError, match=f"the time was up before {family} could begin")
    with late:
        new(family).fit(DATA.X, DATA.y, deadline=clock.after(4.0))
    with late:
        new(family).fit(DATA.X, DATA.y, deadline=clock.after(4.0), latest=clock.after(19.0))


def test_a_second_fit_needs_as_long_as_the_first_took(clock):
    with_time, without = new("lightgbm"), new("lightgbm")
    with_time.fit(DATA.X, DATA.y, deadline=clock.after(21.0))
    assert clock.now == 20.0
    without.fit(DATA.X, DATA.y, deadline=clock.after(clock.now + 19.0))
    assert clock.now == 30.0
    assert without.n_iterations_ is not None
