from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.limits.thinning import (
    BEST,
    MOST_TRIALS,
    NEWEST,
    SPREAD,
    choosing_pays,
    thinned,
)
from espalier.pipelines.search.strategies.names import ASCENT
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from tests.pipelines.search.conftest import answer


def many(n, *, choosing=None, seconds=1.0, origin="random"):
    gains = np.random.default_rng(0).random(n)
    results = []
    for number in range(n):
        configuration = Configuration.of(f"family{number % 3}", {"x": number})
        trial = Trial(
            number=number,
            configuration=configuration,
            seed=0,
            choosing_seconds=choosing,
            origin=origin,
        )
        results.append(answer(trial, float(gains[number]), seconds=seconds))
    return History(METRICS["roc_auc"], tuple(results))


def test_a_search_learns_from_all_trials_up_to_a_limit():
    history = many(MOST_TRIALS)
    assert thinned(history) is history


def test_a_long_search_learns_from_the_best_the_newest_and_a_spread():
    history = many(3_000)
    kept = thinned(history)
    assert len(kept) == BEST + NEWEST + SPREAD
    numbers = {each.trial.number for each in kept.results}
    assert numbers >= set(range(3_000 - NEWEST, 3_000))
    older = sorted(history.results[: 3_000 - NEWEST], key=history.gain, reverse=True)
    assert numbers >= {each.trial.number for each in older[:BEST]}
    assert kept.best == history.best
    rest = [each for each in kept.results if each not in older[:BEST]][: SPREAD - 1]
    for family in ("family0", "family1", "family2"):
        own = [history.gain(e) for e in rest if e.trial.configuration.family == family]
        assert len(own) > SPREAD // 4
        assert min(own) < 0.1 < 0.9 < max(own)
    assert thinned(history) == kept


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_arrival_does_not_matter(order):
    history = many(900)
    other = History(history.metric, history.results[::order])
    assert thinned(other).ordered == thinned(history).ordered


def test_choosing_pays_as_long_as_it_takes_a_twentieth_of_the_time():
    assert choosing_pays(many(MOST_TRIALS, choosing=9.0), 2, 4)  # the first are worth it
    assert choosing_pays(many(3 * MOST_TRIALS, choosing=0.02), 2, 4)
    assert not choosing_pays(many(3 * MOST_TRIALS, choosing=0.03), 2, 4)
    assert choosing_pays(many(3 * MOST_TRIALS, choosing=0.03), 1, 4)
    assert choosing_pays(many(3 * MOST_TRIALS), 2, 4)  # without a clock


def test_choosing_does_not_pay_where_the_next_choice_would_take_more_than_its_share():
    # 600 later trials of a second each, two at a time: 15 s for choosing, of which 12 are spent.
    history = many(MOST_TRIALS + 600, choosing=0.02, origin=ASCENT)
    assert choosing_pays(history, 2, 4)
    assert not choosing_pays(history, 2, 200)
    # Right after the first trials nothing is earned yet.
    assert not choosing_pays(many(MOST_TRIALS, choosing=0.02, origin=ASCENT), 2, 4)


def test_what_choosing_cost_survives_a_record_and_makes_no_trial_another():
    trial = many(1, choosing=0.25).results[0].trial
    assert Trial.from_dict(trial.to_dict()).choosing_seconds == 0.25
    assert trial == replace(trial, choosing_seconds=None)
