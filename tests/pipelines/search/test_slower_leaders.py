"""A settled search trains its leaders longer, and then ends."""

from dataclasses import replace

import pytest

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.stopping import (
    NOTHING_TO_GAIN,
    SETTLED_FROM,
    ended_early,
    why_over,
)
from espalier.pipelines.search.next_trials import next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.slower_leaders import SLOWER, slower_leaders
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from tests.pipelines.search.conftest import answer, new_space

RATE = "learning_rate"


@pytest.fixture(scope="module")
def space():
    return new_space()


def settled(space):
    """Return a history of a search that expects nothing more, led by boosters."""
    boosted = space.default("lightgbm")
    configurations = [
        space.complete("lightgbm", dict(boosted) | {"num_leaves": 4 + number})
        for number in range(SETTLED_FROM + 12)
    ]
    configurations[3] = space.default("catboost")
    trials = [
        Trial(number=number, configuration=each, seed=0, expected_gain=0.01)
        for number, each in enumerate(configurations)
    ]
    return History(
        METRICS["roc_auc"], tuple(answer(each, 0.9 - 0.001 * each.number) for each in trials)
    )


def plan_of(space, **more):
    return SearchPlan(space=space, budget=Budget(seconds=300.0), seed=0, n_workers=2, **more)


def test_leading_boosters_come_once_more_with_smaller_steps(space):
    history = settled(space)
    slower = slower_leaders(history, space)
    assert [each.family for each in slower] == ["lightgbm", "catboost"]
    best = history.best.trial.configuration
    assert slower[0][RATE] == pytest.approx(best[RATE] / SLOWER, rel=1e-3)
    assert {name: slower[0][name] for name in best if name != RATE} == {
        name: best[name] for name in best if name != RATE
    }
    assert slower_leaders(history, space, slower) == []  # they are running


def test_where_smaller_steps_are_better_still_smaller_ones_follow(space):
    history = settled(space)
    first = slower_leaders(history, space)[0]
    better = answer(Trial(number=500, configuration=first, seed=0), 0.95)
    worse = replace(better, score=0.5)
    again = slower_leaders(history.extend([better]), space)[0]
    assert again.family == "lightgbm"
    assert again[RATE] < first[RATE]
    assert [each.family for each in slower_leaders(history.extend([worse]), space)] == ["catboost"]


def test_steps_are_never_smaller_than_the_space_allows(space):
    tried = space.complete("lightgbm", {RATE: 0.0001})
    done = answer(Trial(number=0, configuration=tried, seed=0), 0.9)
    assert slower_leaders(History(METRICS["roc_auc"], (done,)), space) == []


def test_other_families_have_no_longer_training(space):
    results = [
        answer(Trial(number=n, configuration=space.default(family), seed=0), 0.9)
        for n, family in enumerate(("linear", "mlp", "extra_trees"))
    ]
    unknown = answer(Trial(number=9, configuration=Configuration.of("own", {}), seed=0), 0.95)
    assert slower_leaders(History(METRICS["roc_auc"], (*results, unknown)), space) == []


def test_a_settled_search_with_time_trains_its_leaders_longer_and_then_ends(space):
    plan, hour = plan_of(space), Deadline(3600.0, clock=lambda: 0.0)
    history = settled(space)
    assert why_over(history, plan.budget, hour) == NOTHING_TO_GAIN
    trials = next_trials(plan, history, hour)
    assert [each.origin for each in trials] == ["slower", "slower"]
    assert [each.number for each in trials] == [history.next_number, history.next_number + 1]
    assert next_trials(plan, history, hour, trials) == []  # their results are awaited
    over = history.extend(answer(each, 0.1) for each in trials)
    assert next_trials(plan, over, hour) == []
    said = ended_early(over, plan.budget, hour)
    assert said is not None
    assert "longer training of the leaders was no better" in said
    assert ended_early(over, plan.budget, Deadline(-1.0, clock=lambda: 0.0)) is None


def test_a_search_of_a_number_of_trials_is_as_before(space):
    history = settled(space)
    plan = replace(plan_of(space), budget=Budget(trials=len(history)))
    assert next_trials(plan, history, Deadline(None)) == []
