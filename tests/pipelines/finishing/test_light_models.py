"""Which smaller models are tried, and that they are trained and scored as others are."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import make_classification

from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.errors import UserError
from espalier.pipelines.finishing.light_models import plan_compressions
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus
from espalier.pipelines.trials.variant import Compression


def trial(number: int, family: str, score: float, rounds: int | None = None) -> TrialResult:
    return TrialResult(
        trial=Trial(
            number=number, configuration=Configuration.of(family, {}), seed=7, floors=(0.1,)
        ),
        status=TrialStatus.SUCCESS,
        score=score,
        fold_scores=(score,) * 5,
        seconds=10.0,
        iterations=() if rounds is None else (rounds,) * 5,
    )


HISTORY = History(
    METRICS["roc_auc"],
    (
        trial(0, "lightgbm", 0.9, 80),
        trial(1, "random_forest", 0.8, 128),
        trial(2, "mlp", 0.7, 20),
        trial(3, "linear", 0.95),
        trial(4, "xgboost", 0.85, 40),
    ),
)


def test_the_best_and_the_members_are_made_smaller_one_of_each_kind() -> None:
    trials = plan_compressions(HISTORY, [0, 1, 4], seconds=np.inf, n_workers=1)
    made = [(each.variant.of, each.variant.method, each.variant.share) for each in trials]  # type: ignore[union-attr]
    shares = (0.5, 0.25, 0.125)
    assert made == [
        *((0, Compression.ROUNDS, share) for share in shares),
        *((1, Compression.TREES, share) for share in shares),
    ]
    assert [each.number for each in trials] == [5, 6, 7, 8, 9, 10]
    assert [each.variant.iterations for each in trials[:3]] == [40, 20, 10]  # type: ignore[union-attr]
    # Neither raced nor limited, and of the seed of the larger model.
    assert {(each.floors, each.seconds_limit, each.seed) for each in trials} == {((), None, 7)}


def test_what_does_not_fit_into_the_time_is_left_out() -> None:
    trials = plan_compressions(HISTORY, [0], seconds=7.0, n_workers=1)
    assert [each.variant.share for each in trials] == [0.5]  # type: ignore[union-attr]
    assert len(plan_compressions(HISTORY, [0], seconds=7.0, n_workers=2)) == 3
    assert plan_compressions(HISTORY, [3], seconds=np.inf, n_workers=1) == []


def test_a_smaller_model_is_refitted_as_small() -> None:
    (network,) = (
        each
        for each in plan_compressions(HISTORY, [2], seconds=np.inf, n_workers=1)
        if each.variant is not None and each.variant.share == 0.5
    )
    result = replace(HISTORY.ordered[2], trial=network)
    assert member_job(result).rank_share == 0.5
    (rounds, *_) = plan_compressions(HISTORY, [0], seconds=np.inf, n_workers=1)
    result = replace(HISTORY.ordered[0], trial=rounds, iterations=(40,) * 5)
    assert member_job(result).iterations == 40


@pytest.fixture(scope="module")
def table():
    return make_classification(260, 6, n_informative=4, random_state=1)


OPTIONS = {
    "time_budget": None,
    "n_trials": 4,
    "n_jobs": 1,
    "random_state": 0,
    "families": ["lightgbm", "random_forest", "linear"],
    "n_folds": 3,
}


def test_the_small_model_serves_and_its_score_size_and_latency_are_its_own(table) -> None:
    X, y = table
    objectives = ("score", "latency", "size", "operations")
    model = AutoMLClassifier(**OPTIONS, objectives=objectives, prefer="small").fit(X, y)
    front = model.front_
    (chosen,) = front[front["chosen"]].to_dict("records")
    best = front["score"].iloc[0]
    assert chosen["score"] > best - 0.05
    board = model.leaderboard_.set_index("trial")
    assert len(board) > OPTIONS["n_trials"]
    made = board.loc[board.index >= OPTIONS["n_trials"]]
    assert made["score"].notna().all()
    assert (made["row_ms"] > 0).all()
    assert made["size_mb"].nunique() == len(made)
    assert len(model.model_.members) == 1
    assert model.model_.members[0].number == chosen["trial"]
    assert model.score(X, y) > 0.8
    again = AutoMLClassifier(**OPTIONS, objectives=objectives, prefer="small").fit(X, y)
    scores = again.leaderboard_.set_index("trial")["score"]
    np.testing.assert_array_equal(scores.sort_index(), board["score"].sort_index())


def test_without_costs_nothing_is_made_and_the_front_is_empty(table) -> None:
    X, y = table
    model = AutoMLClassifier(**OPTIONS, prefer="score").fit(X, y)
    assert len(model.front_) == 0
    assert len(model.leaderboard_) == OPTIONS["n_trials"]


def test_a_smaller_form_may_be_all_that_is_within_a_limit(table) -> None:
    X, y = table
    options = OPTIONS | {"families": ["random_forest"], "n_trials": 2}
    free = AutoMLClassifier(**options).fit(X, y)
    limit = 0.5 * float(free.leaderboard_["size_mb"].min())
    with pytest.raises(SearchFailedError, match="the smallest has"):
        AutoMLClassifier(**options, max_size_mb=limit).fit(X, y)
    small = AutoMLClassifier(**options, max_size_mb=limit, prefer="small").fit(X, y)
    kept = small.leaderboard_.query("weight > 0")
    assert kept["size_mb"].sum() <= limit
    assert small.score(X, y) > 0.8


def test_operations_are_limited_before_and_after_training(table) -> None:
    X, y = table
    model = AutoMLClassifier(**OPTIONS, max_operations=60.0).fit(X, y)
    assert model.leaderboard_.query("weight > 0")["operations"].sum() <= 60
    with pytest.raises(UserError, match="no model can be within 5 operations a row"):
        AutoMLClassifier(**OPTIONS | {"families": ["knn"]}, max_operations=5.0).fit(X, y)
    with pytest.raises(UserError, match=r"preparing one takes .* already"):
        AutoMLClassifier(**OPTIONS, max_latency_ms=1e-6).fit(X, y)


def test_values_are_distilled_too(table) -> None:
    X, _ = table
    y = X[:, 0] * 2 + np.sin(X[:, 1] * 2)
    model = AutoMLRegressor(**OPTIONS, objectives=("score", "size"), prefer="balanced").fit(X, y)
    assert model.front_["chosen"].sum() == 1
    assert np.isfinite(model.predict(X)).all()
