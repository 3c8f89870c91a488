"""What a refit is expected to take, and which members are refitted when not all can be."""

from dataclasses import replace
from typing import Any

import pytest

from espalier.pipelines.members.cost import (
    KNOWN_ROUNDS_FACTOR,
    REFIT_FACTOR,
    RefitTime,
    by_worth,
    refit_seconds,
)
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def result(number: int, family: str = "catboost", fit: float = 10.0, **more: Any) -> TrialResult:
    made = TrialResult(
        trial=Trial(number=number, configuration=Configuration.of(family, {}), seed=0),
        status=TrialStatus.SUCCESS,
        score=0.9,
        fold_scores=(0.9,) * 3,
        fit_seconds=fit,
        seconds=3 * fit,
        iterations=(100,) * 3,
    )
    return replace(made, **more)


def test_a_refit_with_known_rounds_takes_less_than_its_fold_did() -> None:
    assert refit_seconds(result(0)) == pytest.approx(KNOWN_ROUNDS_FACTOR * 10.0)
    assert KNOWN_ROUNDS_FACTOR < 1.0 < REFIT_FACTOR


@pytest.mark.parametrize(
    "other",
    [
        result(0, "extra_trees"),  # grows the same number of trees
        result(0, "linear", iterations=()),
        result(0, "a_family_of_the_users"),
        # Its limit of 31 seconds ended it, and no patience.
        replace(
            result(0),
            trial=replace(result(0).trial, seconds_limit=31.0),
        ),
    ],
)
def test_others_take_longer_on_all_rows(other: TrialResult) -> None:
    assert refit_seconds(other) == pytest.approx(REFIT_FACTOR * 10.0)


def test_what_weighs_most_for_its_seconds_is_refitted_first() -> None:
    members = [result(0, fit=40.0), result(1, fit=5.0), result(2, fit=5.0)]
    weights = [0.5, 0.3, 0.2]
    assert by_worth(members, weights) == [1, 2, 0]
    assert by_worth(members, ()) == [0, 1, 2]
    time = RefitTime(deadline=Deadline(33.0, clock=lambda: 0.0), kept=frozenset({0, 1, 2}))
    # The heaviest would take 32 of 33 seconds, the others 4 each.
    kept, refit = RefitMode.KEPT, RefitMode.REFIT
    assert time.plan(members) == (refit, kept, kept)
    assert time.plan(members, weights) == (kept, refit, refit)
