"""A learner that works, fails, hangs or dies as told: for tests of whoever runs trials."""

import os
import time

import numpy as np
from ConfigSpace import Categorical, ConfigurationSpace, Float

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial

ACTS = ("work", "raise", "memory", "sleep", "hang", "die", "kill", "nan", "eat")


class ActingClassifier:
    """Predicts by the distance to the class means, after acting."""

    def __init__(self, act, seconds):
        self.act = act
        self.seconds = seconds

    def fit(self, X, y):
        if self.act == "raise":
            raise ValueError("told to fail\nwith a second line")
        if self.act == "memory":
            raise MemoryError("told to")
        if self.act == "sleep":  # in many short steps, as a loop in Python
            end = time.monotonic() + self.seconds
            while time.monotonic() < end:
                time.sleep(0.01)
        if self.act == "hang":  # in one call, as native code
            time.sleep(self.seconds)
        if self.act == "eat":  # 8 MiB at a time, up to ``seconds`` GiB
            eaten = []
            while len(eaten) < 128 * self.seconds:
                eaten.append(np.ones(2**20))
                time.sleep(0.02)
        if self.act == "die":
            os._exit(3)
        if self.act == "kill":
            os.kill(os.getpid(), 9)
        X = np.asarray(X, dtype=float)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == code].mean(axis=0) for code in self.classes_])
        return self

    def predict_proba(self, X):
        distance = ((np.asarray(X, dtype=float)[:, None] - self.means_) ** 2).sum(axis=2)
        closeness = np.exp(-distance)
        return closeness / closeness.sum(axis=1, keepdims=True)


def _space(shape):
    space = ConfigurationSpace()
    space.add(Categorical("act", list(ACTS), default="work"), Float("seconds", (0.0, 60.0)))
    return space


def _build(values, context):
    return ActingClassifier(values["act"], values["seconds"])


def _expected_seconds(values, shape):
    return 0.01


ACTOR = Learner(
    name="actor",
    label="Actor",
    problems=frozenset({ProblemKind.BINARY}),
    space=_space,
    build=_build,
    expected_seconds=_expected_seconds,
)


def acting_dataset(n_rows=40):
    """Return two well separated classes in two columns."""
    import pandas as pd

    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % 2
    X = pd.DataFrame(rng.normal(size=(n_rows, 2)) + y[:, None], columns=["a", "b"])
    return Dataset(
        X=X,
        y=y.astype(np.int64),
        problem=ProblemKind.BINARY,
        roles=dict.fromkeys(X.columns, ColumnRole.NUMERIC),
        classes=np.array(["no", "yes"]),
    )


def acting_context(n_folds=2):
    """Return the context of a search with the actor alone."""
    dataset = acting_dataset()
    rows = np.arange(len(dataset))
    folds = tuple(
        Fold(rows[rows // 2 % n_folds != k], rows[rows // 2 % n_folds == k]) for k in range(n_folds)
    )
    return EvaluationContext(
        dataset=dataset,
        folds=FoldPlan(folds, f"{n_folds} folds"),
        metric=get_metric("log_loss", ProblemKind.BINARY, 2),
        learners=(ACTOR,),
    )


def act(kind, seconds=0.0):
    """Return the configuration of an act."""
    return Configuration.of("actor", {"act": kind, "seconds": seconds})


def acting_trial(number, kind, seconds=0.0, seconds_limit=None):
    """Return a trial of an act."""
    return Trial(
        number=number, configuration=act(kind, seconds), seed=number, seconds_limit=seconds_limit
    )
