"""Several refits of a member serve, of different seeds, where time and latency allow."""

from dataclasses import replace
from typing import Any

import pytest

from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.cost import RefitTime
from espalier.pipelines.members.refit_counts import COUNTS, refit_counts
from espalier.pipelines.members.serving_limits import ServingLimits
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

DRAWN = {"extra_trees": True, "feature_fraction": 1.0, "bagging_fraction": 1.0}


def result(number: int, family: str = "lightgbm", **more: Any) -> TrialResult:
    configuration = Configuration.of(family, DRAWN if family == "lightgbm" else {})
    made = TrialResult(
        trial=Trial(number=number, configuration=configuration, seed=0),
        status=TrialStatus.SUCCESS,
        score=0.9,
        fold_scores=(0.9,) * 5,
        fit_seconds=1.0,
        row_ms=1.0,
        size_mb=1.0,
    )
    return replace(made, **more)


def counts(*results: TrialResult, seconds: float = 1_000.0, **more: Any) -> tuple[int, ...]:
    time = RefitTime(deadline=Deadline(seconds, clock=lambda: 0.0), **more)
    return refit_counts(time, results, time.plan(results))


def test_boosters_serve_as_five_refits_in_a_run_with_time() -> None:
    assert counts(result(0), result(1, "catboost"), result(2, "linear")) == (COUNTS[0], 5, 1)


def test_the_heaviest_come_first_while_a_row_stays_quick() -> None:
    # Three refits take 9 ms; four more of 3 ms do not fit the 20, two more do.
    slow = [result(n, row_ms=3.0) for n in range(3)]
    assert counts(*slow) == (3, 1, 1)
    assert counts(*slow, limits=ServingLimits(max_latency_ms=50.0)) == (5, 5, 5)
    assert counts(*slow, limits=ServingLimits(max_latency_ms=10.0)) == (1, 1, 1)
    assert counts(*slow, limits=ServingLimits(fixed_ms=8.0)) == (1, 1, 1)


def test_time_size_and_operations_bound_them() -> None:
    # One refit takes 1.3 s, and each further one is counted twice.
    assert counts(result(0), seconds=20.0) == (5,)
    assert counts(result(0), seconds=8.0) == (3,)
    assert counts(result(0), seconds=5.0) == (1,)
    assert counts(result(0), limits=ServingLimits(max_size_mb=4.0)) == (3,)
    assert counts(result(0, size_mb=60.0)) == (1,)
    few = ServingLimits(max_operations=400.0)
    assert counts(result(0, operations=100), limits=few) == (3,)
    assert counts(result(0, operations=100), result(1, operations=100), limits=few) == (3, 1)


@pytest.mark.parametrize(
    "other",
    [
        result(0, "extra_trees"),  # already a mean of trees
        result(0, row_ms=None),
        result(0, size_mb=None),
        replace(
            result(0),
            trial=Trial(number=0, configuration=Configuration.of("lightgbm", {}), seed=0),
        ),
    ],
)
def test_one_refit_serves_where_seeds_change_nothing_or_costs_are_unknown(
    other: TrialResult,
) -> None:
    assert counts(other) == (1,)


def test_one_refit_serves_if_asked_for_without_a_clock_and_beside_fold_models() -> None:
    assert counts(result(0), serving="refit") == (1,)
    kept = RefitTime(deadline=Deadline(0.1, clock=lambda: 0.0), kept=frozenset({0}))
    assert kept.plan([result(0)]) == (RefitMode.KEPT,)
    assert refit_counts(kept, [result(0)], (RefitMode.KEPT,)) == (1,)
    untimed = RefitTime(deadline=Deadline(None))
    assert refit_counts(untimed, [result(0)], (RefitMode.REFIT,)) == (1,)


def test_a_seed_matters_where_something_is_drawn() -> None:
    for name, share in (("lightgbm", "feature_fraction"), ("xgboost", "subsample")):
        varies = LEARNERS[name].varies
        assert varies is not None
        assert varies({share: 0.9})
        assert not varies({share: 1.0})


@pytest.mark.parametrize("family", ["mlp", "realmlp"])
def test_networks_of_several_seeds_serve(family: str) -> None:
    """Their first weights are drawn, and the mean of a few networks is better than each."""
    assert counts(result(0, family)) == (5,)
