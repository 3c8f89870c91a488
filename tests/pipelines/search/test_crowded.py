"""No family has more than half of a search's recent trials, one asked for at a time."""

from collections import Counter

from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.search.conftest import answer, new_space, shape


def families_of_a_search(space, history, n):
    """Return the families of ``n`` trials of a search on which LightGBM alone is any good."""
    for _ in range(n):
        (trial,) = propose_trials(space, history, n=1, seed=3, strategy="gp")
        score = 0.9 if trial.configuration.family == "lightgbm" else 0.6
        history = history.extend([answer(trial, score)])
    return [each.trial.configuration.family for each in history.ordered]


def test_half_of_any_eight_trials_are_of_other_families(history):
    chosen = families_of_a_search(new_space(), history, 32)
    for start in range(len(chosen) - 8 + 1):
        family, n = Counter(chosen[start : start + 8]).most_common(1)[0]
        assert n <= 4, (start, family)
    assert Counter(chosen[-16:])["lightgbm"] >= 6


def test_a_space_of_one_family_is_searched_all_the_same(history):
    space = SearchSpace(choose_learners(["lightgbm"], shape()), shape())
    assert families_of_a_search(space, history, 12) == ["lightgbm"] * 12
