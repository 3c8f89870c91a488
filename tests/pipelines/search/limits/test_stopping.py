from dataclasses import replace

import pytest

from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.reserve import (
    reserve_change,
    reserve_seconds,
    search_deadline,
    with_slack,
)
from espalier.pipelines.search.limits.stopping import (
    HOPELESS_TRIALS,
    NOTHING_TO_GAIN,
    ends_early,
    has_settled,
    trial_seconds_limit,
    trials_left,
    typical_seconds,
    why_over,
)
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus
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


def test_where_nothing_succeeds_in_time_the_next_trial_gets_longer(space, history):
    assert trial_seconds_limit(at(5.0), history, 2) == 3.0
    assert trial_seconds_limit(at(20.0), history, 2) == 6.0
    assert trial_seconds_limit(at(100.0), history, 2) == 25.0
    stopped = [
        replace(each, score=None, status=TrialStatus.TIMEOUT)
        for each in results(space, 2, seconds=4.0)
    ]
    late = history.extend(stopped)
    assert trial_seconds_limit(at(10.0), late, 2) == 6.0
    assert trial_seconds_limit(at(5.0), late, 2) == 5.0


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
    assert small <= 0.2 * seconds


def test_a_search_that_starts_late_still_gets_half_of_what_is_left():
    budget, large = Budget(seconds=20.0), shape(n_rows=5_000_000, n_classes=20)
    assert search_deadline(budget, large, at(8.0)).seconds_left == 4.0
    assert search_deadline(budget, large, at(20.0)).seconds_left > 10.0
    assert search_deadline(Budget(trials=3), large, Deadline(None)).at is None


def test_a_run_whose_time_went_before_the_search_gets_what_it_is_allowed_beyond():
    budget = Budget(seconds=20.0)
    for left, given in [(12.0, 12.0), (4.5, 4.5), (1.0, 4.5), (-2.0, 2.5), (-9.0, -4.5)]:
        assert with_slack(budget, at(left)).seconds_left == pytest.approx(given)
    assert with_slack(Budget(trials=3), Deadline(None)).at is None


def test_no_seconds_no_reserve():
    assert reserve_seconds(Budget(trials=5), shape()) == 0.0


def timed_history(*fits):
    """Return a history of trials, each better than the one before, with these fit seconds."""
    history = History(METRICS["roc_auc"])
    return history.extend(
        TrialResult(
            trial=Trial(number=number, configuration=Configuration.of("knn", {}), seed=0),
            status=TrialStatus.SUCCESS,
            score=0.5 + 0.01 * number,
            score_std=0.0,
            fit_seconds=fit,
            seconds=fit,
        )
        for number, fit in enumerate(fits)
    )


class TestReserveChange:
    budget = Budget(seconds=60.0)

    def test_nothing_changes_before_a_trial_is_timed_or_without_a_clock(self):
        assert reserve_change(self.budget, shape(), timed_history()) == 0.0
        assert reserve_change(Budget(trials=9), shape(), timed_history(50.0)) == 0.0

    def test_slow_good_models_get_the_time_to_be_refitted(self):
        before = reserve_seconds(self.budget, shape())
        change = reserve_change(self.budget, shape(), timed_history(8.0), n_workers=2)
        assert change > 0
        assert before + change >= 1.3 * 8.0

    def test_large_and_slow_models_get_the_time_to_be_finished(self):
        history = timed_history(1.0)
        large = History(
            history.metric,
            tuple(replace(each, size_mb=100.0, predict_ms_per_row=1.0) for each in history.results),
        )
        finish = FinishCost(fixed=2.0, n_rows=1_000, seconds_a_mb=0.01)
        before = reserve_change(self.budget, shape(), large)
        assert reserve_change(self.budget, shape(), large, 1, finish) == pytest.approx(before + 2.0)

    def test_workers_share_the_refits(self):
        history = timed_history(4.0, 4.0, 4.0)
        one = reserve_change(self.budget, shape(), history, n_workers=1)
        two = reserve_change(self.budget, shape(), history, n_workers=2)
        assert two < one

    def test_only_the_best_count(self):
        slow_but_bad = timed_history(9.0, 1.0, 1.0, 1.0)
        assert reserve_change(self.budget, shape(), slow_but_bad) <= 3.9

    def test_most_of_the_time_stays_with_the_search(self):
        total = reserve_seconds(self.budget, shape()) + reserve_change(
            self.budget, shape(), timed_history(500.0)
        )
        assert total <= 0.5 * 60.0


def settling(expected, n_before=96):
    """Return trials of which the last were expected to gain so much, four a batch."""
    trials = [answer(trial_of(number), 0.5) for number in range(n_before)]
    for place, gain in enumerate(expected):
        number = n_before + place
        trials.append(answer(replace(trial_of(number), expected_gain=gain), 0.5))
    return History(METRICS["roc_auc"], tuple(trials))


def trial_of(number):
    return Trial(number=number, configuration=Configuration.of("f", {"x": number}), seed=0)


def test_a_search_with_a_clock_ends_when_three_batches_promise_nothing():
    little, much = [0.1] * 4, [0.2] * 4
    assert has_settled(settling(little * 3))
    assert not has_settled(settling(little * 2 + much))
    assert not has_settled(settling(much + little * 2))
    assert has_settled(settling(much + little * 3))
    assert not has_settled(settling(little * 3, n_before=8))  # too few for an ensemble
    # Trials of chance say nothing: a batch is what its predictor expected.
    assert has_settled(settling([0.1, None, 0.1, 0.1] * 3))
    assert not has_settled(settling([None] * 12))
    assert not has_settled(settling(much + little * 2 + [0.1]))  # the last is not complete
    budget, ordered = Budget(seconds=100.0), Budget(trials=500)
    assert why_over(settling(little * 3), budget, Deadline.after(60.0)) == NOTHING_TO_GAIN
    assert why_over(settling(little * 3), ordered, Deadline(None)) is None


def test_an_hour_by_which_a_settled_run_is_extended_is_searched():
    budget, hour = Budget(seconds=3600.0), Deadline.after(3600.0)
    settled = settling([0.1] * 12)
    assert why_over(settled, budget, hour) == NOTHING_TO_GAIN
    assert why_over(settled, budget, hour, taken_over=settled.numbers) is None
    # Nor when what was added promises little: the time was asked for.
    longer = settling([0.1] * 120)
    assert why_over(longer, budget, hour, taken_over=settled.numbers) is None
    assert ends_early(longer, budget)
    assert not ends_early(longer, budget, settled.numbers)
    # It still ends by its time.
    spent = Deadline.after(0.0)
    assert "time" in why_over(settled, budget, spent, taken_over=settled.numbers)


def test_failures_of_an_extended_run_do_not_end_the_one_that_extends_it(space, history):
    failed = history.extend(results(space, HOPELESS_TRIALS, score=None))
    budget = Budget(trials=1000)
    assert why_over(failed, budget, at(None), taken_over=failed.numbers) is None
    few = frozenset(range(3))
    assert why_over(failed, budget, at(None), taken_over=few) is None
    more = history.extend(results(space, HOPELESS_TRIALS + 3, score=None))
    assert "all failed" in why_over(more, budget, at(None), taken_over=few)


def test_trials_for_which_a_better_family_was_barred_do_not_settle_a_search():
    # Two of four were free: what they were expected to gain counts for all four.
    assert not has_settled(settling([0.2, 0.2, None, None] * 3))
    assert has_settled(settling([0.1, 0.1, None, None] * 3))
    # A batch in which none was free is passed over, and ends no row of three.
    assert not has_settled(settling([0.1] * 8 + [None] * 4))
    assert has_settled(settling([0.1] * 8 + [None] * 4 + [0.1] * 4))


def test_the_reserve_follows_what_refits_of_the_best_take():
    def reserve_of(fit, **more):
        timed = timed_history(fit)
        history = History(timed.metric, tuple(replace(each, **more) for each in timed.results))
        budget = Budget(seconds=60.0)
        return reserve_seconds(budget, shape()) + reserve_change(budget, shape(), history)

    booster = Trial(number=0, configuration=Configuration.of("lightgbm", {}), seed=0)
    stopped_early = reserve_of(10.0, trial=booster, iterations=(100,))
    assert stopped_early == pytest.approx(reserve_of(10.0) - 5.0)
    # However slow the leaders, a quarter of the budget is for their refits: fold models serve too.
    assert reserve_of(500.0) <= 6.0 + 0.25 * 60.0
