import pytest

from pipelines.budget import Budget, Deadline
from pipelines.search.reserve import reserve_seconds
from pipelines.search.stopping import (
    HOPELESS_TRIALS,
    trial_seconds_limit,
    trials_left,
    typical_seconds,
    why_over,
)
from pipelines.trial import Trial
from tests.pipelines.search.conftest import answer, shape


def at(seconds):
    return Deadline(seconds, lambda: 0.0)


def results(space, n, score=0.5, seconds=1.0):
    drawn = [space.default(space.families[0])] * n
    return [
        answer(Trial(number=k, configuration=c, seed=0), score, seconds=seconds)
        for k, c in enumerate(drawn)
    ]


def test_a_search_is_over_when_its_trials_are(space, history):
    history = history.extend(results(space, 3))
    assert trials_left(history, Budget(trials=5), n_pending=1) == 1
    assert why_over(history, Budget(trials=5), at(None), n_pending=1) is None
    assert why_over(history, Budget(trials=4), at(None), n_pending=1) == "all 4 trials are done"
    assert trials_left(history, Budget(seconds=5)) is None


def test_a_search_is_over_when_no_trial_fits_any_more(space, history):
    assert why_over(history, Budget(seconds=9), at(1.0)) is None
    assert "time" in why_over(history, Budget(seconds=9), at(0.1))
    slow = history.extend(results(space, 3, seconds=10.0))
    assert "time" in why_over(slow, Budget(seconds=9), at(1.0))


def test_a_search_gives_up_when_nothing_ever_works(space, history):
    failed = history.extend(results(space, HOPELESS_TRIALS, score=None))
    assert "all failed" in why_over(failed, Budget(trials=1000), at(None))
    almost = history.extend(results(space, HOPELESS_TRIALS - 1, score=None))
    assert why_over(almost, Budget(trials=1000), at(None)) is None


def test_one_trial_may_not_take_all_the_time(space, history):
    assert trial_seconds_limit(at(None), history, 2) is None
    first = trial_seconds_limit(at(100.0), history, 2)
    later = trial_seconds_limit(at(100.0), history.extend(results(space, 1)), 2)
    many = trial_seconds_limit(at(100.0), history.extend(results(space, 1)), 8)
    assert 0 < first < later < many < 100
    assert trial_seconds_limit(at(-1.0), history, 2) > 0


def test_towards_the_end_a_usual_trial_may_take_the_rest(space, history):
    history = history.extend(results(space, 3, seconds=8.0))
    assert trial_seconds_limit(at(10.0), history, 2) == 10.0
    assert trial_seconds_limit(at(100.0), history, 2) == 50.0


def test_the_typical_trial_is_the_median(space, history):
    assert typical_seconds(history) is None
    history = history.extend(results(space, 3, seconds=2.0))
    assert typical_seconds(history) == 2.0


@pytest.mark.parametrize("seconds", [5.0, 60.0, 600.0, 36_000.0])
def test_the_reserve_grows_with_the_table_and_leaves_most_to_the_search(seconds):
    budget = Budget(seconds=seconds)
    small = reserve_seconds(budget, shape(n_rows=500))
    large = reserve_seconds(budget, shape(n_rows=5_000_000, n_classes=20))
    assert 0 < small <= large < 0.4 * seconds
    assert small <= 0.15 * seconds


def test_no_seconds_no_reserve():
    assert reserve_seconds(Budget(trials=5), shape()) == 0.0
