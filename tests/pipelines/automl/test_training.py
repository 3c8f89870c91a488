"""What the estimator promises about time, with models that do not keep to it."""

import os
import time

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from espalier import AutoMLClassifier, learner_from_estimator
from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.failures import SearchFailedError

HANG_SECONDS = 600.0
MARK = 4.0
LATE_ROW = 2  # the first fold does not validate it, so it is done


class Actor(ClassifierMixin, BaseEstimator):
    """A logistic regression that first does something it should not."""

    def __init__(self, act="work"):
        self.act = act

    def fit(self, X, y):
        if self.act == "hang":
            time.sleep(HANG_SECONDS)  # one call, which no exception of Python gets into
        if self.act == "linger" and X[:, 0].max() < MARK:  # so does one fold of all
            end = time.monotonic() + HANG_SECONDS
            while time.monotonic() < end:
                time.sleep(0.01)
        if self.act == "eat":
            eaten = [np.ones(2**21) for _ in range(512)]  # 8 GiB
            raise AssertionError(f"nobody minded {len(eaten)} arrays")
        if self.act == "die":
            os._exit(3)
        if self.act == "raise":
            raise ValueError("told to fail")
        self.model_ = LogisticRegression().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


def family(*acts):
    """Return a family of which every configuration does one of these."""
    return learner_from_estimator("actor", Actor(acts[0]), space={"act": list(acts)})


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(520, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=520) > 0).astype(int)


def fit(table, *families, **options):
    model = AutoMLClassifier(families=list(families), random_state=0, **options)
    started = time.monotonic()
    try:
        model.fit(*table)
    finally:
        model.seconds = time.monotonic() - started
    return model


@pytest.mark.slow
def test_a_model_that_hangs_costs_its_time_and_no_more(table):
    model = fit(table, "linear", family("hang", "work"), time_budget=25.0)
    board = model.leaderboard_
    hung = board[board["configuration"].map(lambda each: dict(each).get("act") == "hang")]
    assert len(hung)
    assert set(hung["status"]) == {"timeout"}
    assert (board["status"] == "success").any()
    assert model.score(*table) > 0.7
    assert model.seconds < HANG_SECONDS / 2


def test_nothing_but_hanging_models_ends_in_time_with_the_reason(table):
    with pytest.raises(SearchFailedError, match=r"actor: (killed|stopped)"):
        fit(table, family("hang"), time_budget=8.0)


@pytest.mark.slow
@pytest.mark.parametrize(("act", "status"), [("eat", "memout"), ("die", "failed")])
def test_a_model_that_takes_its_process_down_is_a_failed_trial(table, act, status):
    limits = {"time_budget": None, "n_trials": 4, "memory_limit": "900MiB"}
    model = fit(table, "linear", family(act), **limits)
    board = model.leaderboard_.set_index("family")
    assert set(board.loc[["actor"], "status"]) == {status}
    assert set(board.loc[["linear"], "status"]) == {"success"}
    assert model.score(*table) > 0.7


def test_serving_and_memory_are_said_to_both_estimators(table):
    model = fit(table, "linear", n_trials=1, time_budget=None, serving="bagged")
    assert [len(member.candidates) for member in model.model_.members] == [5]
    with pytest.raises(UserError, match="unknown serving 'both'"):
        fit(table, "linear", n_trials=1, time_budget=None, serving="both", memory_limit="4GiB")


def test_where_no_trial_is_done_in_time_those_that_got_furthest_stand_in(table):
    X, y = table
    X = X.copy()
    X[LATE_ROW, 0] = 100 * MARK
    with pytest.warns(UserWarning, match=r"no trial was done in time: .* folds; give more time"):
        model = fit((X, y), family("linger"), time_budget=8.0)
    board = model.leaderboard_
    assert set(board["status"]) <= {"success", "timeout"}
    assert model.score(*table) > 0.7
    assert model.seconds < HANG_SECONDS / 2


def test_every_model_raises(table):
    with pytest.raises(SearchFailedError, match="actor: ValueError: told to fail"):
        fit(table, family("raise"), n_trials=3, time_budget=None)
