"""Members obey limits on latency and size, together and in the way that they serve."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification

from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.fold_models import n_served
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.members.serving_limits import ServingLimits, pareto
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def trial(number: int, score: float, row_ms: float | None, size_mb: float | None) -> TrialResult:
    return TrialResult(
        trial=Trial(number=number, configuration=Configuration.of("linear", {}), seed=0),
        status=TrialStatus.SUCCESS,
        score=score,
        fold_scores=(score,) * 5,
        fit_seconds=1.0,
        row_ms=row_ms,
        size_mb=size_mb,
    )


def gain(result: TrialResult) -> float:
    return float(result.score or 0.0)


def test_the_front_is_what_nothing_else_beats_in_all_three() -> None:
    results = [
        trial(0, 0.90, 5.0, 10.0),
        trial(1, 0.90, 6.0, 10.0),  # slower than 0
        trial(2, 0.95, 9.0, 90.0),
        trial(3, 0.80, 9.0, 1.0),
        trial(4, 0.70, 1.0, 1.0),
        trial(5, 0.60, 1.0, 2.0),  # worse and larger than 4
        trial(6, 0.99, None, None),  # its cost is not known
    ]
    assert [each.trial.number for each in pareto(results, gain)] == [6, 2, 0, 3, 4]
    rng = np.random.default_rng(0)
    drawn = [trial(n, *rng.integers(1, 5, 3).astype(float)) for n in range(60)]
    costs = [(-gain(each), each.row_ms, each.size_mb, each.trial.number) for each in drawn]
    assert [each.trial.number for each in pareto(drawn, gain)] == [
        one[3]
        for one in sorted(costs)
        if not any(
            o < one and all(a <= b for a, b in zip(o[:3], one[:3], strict=True)) for o in costs
        )
    ]


def test_the_front_is_that_of_the_costs_asked_for() -> None:
    results = [trial(0, 0.9, 5.0, 1.0), trial(1, 0.8, 1.0, 2.0), trial(2, 0.7, 2.0, 0.5)]
    assert [each.trial.number for each in pareto(results, gain, ("latency",))] == [0, 1]
    assert [each.trial.number for each in pareto(results, gain, ("size",))] == [0, 2]
    assert [each.trial.number for each in pareto(results, gain, ())] == [0]


def test_operations_of_members_add_up_and_unknown_ones_are_too_many() -> None:
    results = [replace(trial(n, 0.9, 1.0, 1.0), operations=100 * (n + 1)) for n in range(3)]
    assert within(ServingLimits(max_operations=350.0)).affordable(results) == [0, 1]
    unknown = trial(3, 0.9, 1.0, 1.0)
    assert within(ServingLimits(max_operations=350.0)).affordable([unknown]) == []
    limits = ServingLimits(max_operations=50.0)
    assert "50 operations a row (the fewest are 100)" in limits.refusal(results)


def within(limits: ServingLimits, **more: Any) -> RefitTime:
    return RefitTime(deadline=Deadline(None), limits=limits, **more)


def test_members_share_the_latency_and_the_size() -> None:
    results = [trial(0, 0.9, 3.0, 1.0), trial(1, 0.8, 3.0, 1.0), trial(2, 0.7, 1.0, 5.0)]
    assert within(ServingLimits()).affordable(results) == [0, 1, 2]
    assert within(ServingLimits(max_latency_ms=5.0)).affordable(results) == [0, 2]
    assert within(ServingLimits(max_latency_ms=5.0, fixed_ms=1.5)).affordable(results) == [0]
    assert within(ServingLimits(max_size_mb=2.0)).affordable(results) == [0, 1]
    unknown = replace(results[0], row_ms=None)
    assert within(ServingLimits(max_latency_ms=5.0)).affordable([unknown]) == []
    assert within(ServingLimits(max_size_mb=5.0)).affordable([unknown]) == [0]


def test_fold_models_count_one_by_one() -> None:
    results = [trial(0, 0.9, 1.0, 1.0), trial(1, 0.8, 1.0, 1.0)]
    kept = frozenset({0, 1})
    roomy = within(ServingLimits(max_latency_ms=20.0), kept=kept, serving="bagged")
    assert roomy.plan(results) == (RefitMode.KEPT, RefitMode.KEPT)
    tight = within(ServingLimits(max_latency_ms=6.0), kept=kept, serving="bagged")
    assert tight.plan(results) == (RefitMode.KEPT, RefitMode.REFIT)
    # With no time for a refit, only one may serve as five models.
    clock = Deadline(0.5, clock=lambda: 0.0)
    late = RefitTime(deadline=clock, limits=ServingLimits(max_latency_ms=6.0), kept=kept)
    assert late.plan(results) == (RefitMode.KEPT, None)


def test_all_of_eight_folds_serve_and_the_first_five_where_they_are_drawn_twice() -> None:
    one = trial(0, 0.9, 1.0, 1.0)
    served = [n_served(replace(one, fold_scores=(0.9,) * n)) for n in (1, 3, 5, 8, 10, 20)]
    assert served == [1, 3, 5, 8, 5, 5]


def test_limits_are_positive() -> None:
    with pytest.raises(UserError, match="limit on size must be positive, not 0"):
        ServingLimits(max_size_mb=0.0)


def test_the_estimator_obeys() -> None:
    X, y = make_classification(200, 5, random_state=0)
    options: dict[str, Any] = {
        "time_budget": None,
        "n_trials": 6,
        "random_state": 0,
        "families": ["linear", "extra_trees", "knn"],
    }
    free = AutoMLClassifier(**options).fit(X, y)
    board = free.leaderboard_
    assert board["pareto"].any()
    assert (board["row_ms"] > 0).all()
    limit = float(board["size_mb"].min() + 1e-6)
    small = AutoMLClassifier(max_size_mb=limit, **options).fit(X, y)
    kept = small.leaderboard_.query("weight > 0")
    assert kept["size_mb"].sum() <= limit
    with pytest.raises(SearchFailedError, match=r"no model is within 1e-06 MiB \(the smallest"):
        AutoMLClassifier(max_size_mb=1e-6, **options).fit(X, y)
    readable = AutoMLClassifier(interpretable=True, **options | {"n_trials": 2}).fit(X, y)
    assert set(readable.leaderboard_["family"]) == {"linear"}
    assert (readable.leaderboard_["weight"] > 0).sum() == 1
