import numpy as np
import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.lifecycle.retraining.warm_start import valid_in_space, winners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History


def row(name, *, weight=0.0, score=0.5):
    return {
        "configuration": Configuration.of("linear", {"name": name}).to_dict(),
        "weight": weight,
        "score": score,
    }


def names(found):
    return [each["name"] for each in found]


def space(families=("linear", "lightgbm", "extra_trees")):
    shape = DatasetShape(
        problem=ProblemKind.BINARY, n_rows=500, n_columns=8, n_classes=2, smallest_class=100
    )
    return SearchSpace(choose_learners(families, shape), shape)


def test_members_come_first_by_weight_then_the_best_of_the_rest():
    board = [row("a"), row("b", weight=0.2), row("c", weight=0.8), row("d", score=None)]
    assert names(winners([board])) == ["c", "b", "a"]


def test_several_leaderboards_take_turns_and_nothing_comes_twice():
    new = [row("a", weight=1.0), row("b"), row("c")]
    old = [row("z", weight=0.6), row("a", weight=0.4), row("y")]
    assert names(winners([new, old])) == ["a", "z", "b", "c", "y"]
    assert names(winners([new, old], most=3)) == ["a", "z", "b"]
    assert winners([]) == winners([[]]) == ()


def test_what_fits_is_left_as_it_was():
    made = space()
    drawn = made.sample(20, np.random.default_rng(0))
    assert valid_in_space(drawn, made) == tuple(dict.fromkeys(drawn))


def test_families_and_values_that_have_gone_are_passed_over():
    made = space(("linear",))
    (kept,) = valid_in_space(
        [
            Configuration.of("lightgbm", {"num_leaves": 31}),
            made.default("linear"),
            Configuration.of("linear", dict(made.default("linear")) | {"gone": 1}),
        ],
        made,
    )
    assert kept == made.default("linear")


def test_half_of_a_short_search_is_left_for_something_new():
    made = space()
    drawn = made.sample(8, np.random.default_rng(0))
    assert len(valid_in_space(drawn, made, trials=4)) == 2
    assert len(valid_in_space(drawn, made, trials=1)) == 1
    assert len(valid_in_space(drawn, made, trials=100)) == len(set(drawn))


@pytest.mark.parametrize("limit", [None, 100.0])
def test_winners_are_proposed_before_the_defaults(limit):
    made = space()
    drawn = made.sample(2, np.random.default_rng(1))
    batch = propose_trials(
        made,
        History(METRICS["roc_auc"]),
        n=4,
        seed=0,
        warm_start=drawn,
        expected_seconds_limit=limit,
    )
    assert [each.configuration for each in batch[:2]] == drawn
    assert [each.origin for each in batch] == ["warm_start", "warm_start", "default", "default"]
