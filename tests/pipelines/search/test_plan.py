import numpy as np

from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.batches import BATCH_SIZE, UNDER_WAY
from espalier.pipelines.search.limits.stopping import HOPELESS_TRIALS
from espalier.pipelines.search.next_trials import awaited, next_trials
from espalier.pipelines.search.plan import SearchPlan
from tests.pipelines.search.conftest import answer, landscape


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def plan_of(space, *, n_workers=2, **budget):
    return SearchPlan(space=space, budget=Budget(**budget), seed=1, n_workers=n_workers)


def finish(space, history, trials, seconds=0.1):
    score = landscape(space)
    return history.extend(answer(t, score(t.configuration), seconds=seconds) for t in trials)


def whole_search(plan, space, history):
    """Return the configurations of a search bounded by trials, by number."""
    while trials := next_trials(plan, history, Deadline(None)):
        history = finish(space, history, trials)
    return {r.trial.number: r.trial.configuration for r in history.ordered}


def test_batches_do_not_depend_on_the_number_of_workers(space, history):
    one, many = (
        whole_search(plan_of(space, trials=14, n_workers=n), space, history) for n in (1, 7)
    )
    assert one == many
    assert sorted(one) == list(range(14))


def test_an_interrupted_batch_is_completed_with_the_same_trials(space, history):
    plan = plan_of(space, trials=15)
    uninterrupted = whole_search(plan, space, history)
    for lost in ({13}, {0, 2}, {9, 10, 11, 12, 13, 14}, {5, 9}):
        partly = history
        while trials := next_trials(plan, partly, Deadline(None)):
            partly = finish(space, partly, trials)
        survivors = history.extend(r for r in partly.results if r.trial.number not in lost)
        rerun = []
        while trials := next_trials(plan, survivors, Deadline(None)):
            rerun += trials
            survivors = finish(space, survivors, trials)
        assert {trial.number for trial in rerun} == lost
        resumed = {r.trial.number: r.trial.configuration for r in survivors.ordered}
        assert resumed == uninterrupted


def test_two_batches_are_under_way_when_trials_are_counted(space, history):
    plan = plan_of(space, trials=20)
    first = next_trials(plan, history, Deadline(None))
    assert len(first) == UNDER_WAY * BATCH_SIZE
    # The second batch has ended; the first has not, so nothing more can be chosen.
    late = finish(space, history, first[1:])
    assert next_trials(plan, late, Deadline(None), first[:1]) == []
    assert awaited(plan, late) == {0, 1, 2, 3}
    both = finish(space, late, first[:1])
    assert [trial.number for trial in next_trials(plan, both, Deadline(None))] == list(range(8, 16))
    assert awaited(plan, both) == {8, 9, 10, 11}


def virtual_search(plan, space, history, n_workers):
    """Search with workers on a virtual clock; return the result and when it ended.

    A trial takes between 1 and 20 seconds, by its number.
    """
    seconds = np.exp(np.random.default_rng(0).normal(size=100) * 0.8) * 4
    queue, running, now = [], [], 0.0
    while True:
        waiting = [*queue, *(trial for _, trial in running)]
        queue += next_trials(plan, history, Deadline(None), waiting)
        while queue and len(running) < n_workers:
            trial = queue.pop(0)
            running.append((now + seconds[trial.number], trial))
        if not running:
            return history, now
        running.sort(key=lambda each: each[0])
        now, ended = running.pop(0)
        history = finish(space, history, [ended])


def test_two_workers_are_almost_twice_as_fast_and_find_the_same(space, history):
    plan = plan_of(space, trials=40)
    (one, alone), (two, together), (four, _) = (
        virtual_search(plan, space, history, n) for n in (1, 2, 4)
    )
    assert alone / together > 1.85
    tried = [{r.trial.number: r.trial for r in each.results} for each in (one, two, four)]
    assert tried[0] == tried[1] == tried[2]
    assert len(tried[0]) == 40


def test_it_ends_when_nothing_works_whatever_ended_first(space, history):
    plan = plan_of(space, trials=200)
    tried = []
    for n in (1, 3):
        known, queue = history, []
        while trials := next_trials(plan, known, Deadline(None), queue):
            queue += trials
            while queue:
                ended, queue = queue[:n], queue[n:]
                known = known.extend(answer(trial) for trial in ended)
        tried.append(known.numbers)
    assert tried[0] == tried[1]
    assert HOPELESS_TRIALS <= len(tried[0]) < 3 * HOPELESS_TRIALS


def test_seconds_keep_every_worker_busy(space, history):
    clock = Clock()
    deadline = Deadline.after(60.0, clock)
    plan = plan_of(space, seconds=60.0)
    first = next_trials(plan, history, deadline)
    assert len(first) >= plan.n_workers
    history = finish(space, history, first[:3])
    second = next_trials(plan, history, deadline, first[3:])
    assert len(second) + 1 >= plan.n_workers
    assert second[0].number == 4
    assert all(0 < trial.seconds_limit <= 60 for trial in first + second)


def test_slow_trials_are_not_queued_behind_each_other(space, history):
    deadline = Deadline.after(60.0, Clock())
    plan = plan_of(space, seconds=60.0)
    first = next_trials(plan, history, deadline)
    history = finish(space, history, first[:3], seconds=10.0)
    assert len(next_trials(plan, history, deadline, first[3:])) == plan.n_workers - 1


def test_both_limits_hold_together(space, history):
    plan = plan_of(space, seconds=60.0, trials=5)
    deadline = Deadline.after(60.0, Clock())
    first = next_trials(plan, history, deadline)
    history = finish(space, history, first)
    assert len(next_trials(plan, history, deadline)) == 5 - len(first)


def test_nothing_starts_when_the_time_is_spent(space, history):
    clock = Clock()
    deadline = Deadline.after(60.0, clock)
    clock.now = 60.0
    assert next_trials(plan_of(space, seconds=60.0), history, deadline) == []
