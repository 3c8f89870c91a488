from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.explain.leaderboard import make_leaderboard
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search, run_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.acting_learner import acting_context, acting_trial

FAMILIES = ["linear", "knn", "bayes"]


@pytest.fixture(scope="module")
def context():
    plain = acting_context(n_folds=3)
    return replace(plain, learners=choose_learners(FAMILIES, plain.dataset.shape))


@pytest.fixture(scope="module")
def small(context):
    return SearchSpace(context.learners, context.dataset.shape)


def search(context, space, executor, *, on_result=None, history=None, deadline=None, **budget):
    plan = SearchPlan(
        space=space,
        budget=Budget(**budget),
        seed=5,
        n_workers=executor.n_workers,
        n_folds=len(context.folds),
    )
    return run_search(
        plan,
        executor,
        context.metric,
        deadline=deadline or Deadline(None),
        on_result=on_result,
        history=history,
    )


def test_a_search_makes_its_trials_and_hands_over_each_outcome(context, small):
    seen = []
    with SerialExecutor(context) as executor:
        history = search(context, small, executor, trials=10, on_result=seen.append)
    assert [each.trial.number for each in history.ordered] == list(range(10))
    assert [outcome.result for outcome in seen] == list(history.results)
    whole = [outcome for outcome in seen if outcome.result.succeeded]
    assert all(outcome.predictions.shape == (40, 2) for outcome in whole)
    assert [r.trial.origin for r in history.ordered[:3]] == ["default"] * 3


def test_the_leaderboard_is_the_same_at_any_number_of_workers_and_after_a_crash(context, small):
    def table(history):
        rows = [(row.trial, row.configuration, row.score) for row in make_leaderboard(history)]
        return rows, [(each.trial.number, each.fold_scores) for each in history.stopped]

    with SerialExecutor(context) as executor:
        serial = search(context, small, executor, trials=18)
        half = History(context.metric, tuple(r for r in serial.results if r.trial.number % 3))
        resumed = []
        again = search(context, small, executor, trials=18, history=half, on_result=resumed.append)
    with ProcessExecutor(context, 2) as executor:
        parallel = search(context, small, executor, trials=18)
    assert table(serial) == table(parallel) == table(again)
    assert len(resumed) == 18 - len(half)
    assert serial.stopped  # racing is on


def test_a_search_ends_with_its_time_and_its_trials_do_too(context, small):
    with SerialExecutor(context) as executor:
        history = search(context, small, executor, deadline=Deadline.after(4.0), seconds=4.0)
        assert executor.pending == ()
    assert history.successes
    limits = [result.trial.seconds_limit for result in history.ordered]
    assert all(limit is not None and limit <= 4.0 for limit in limits)


def test_a_search_where_everything_fails_ends():
    context = acting_context()
    broken = replace(context, dataset=replace(context.dataset, y=np.zeros(40, dtype=np.int64)))
    broken = replace(broken, metric=replace(broken.metric, function=None))
    space = SearchSpace(broken.learners, broken.dataset.shape)
    with SerialExecutor(broken) as executor:
        history = search(broken, space, executor, trials=6)
    assert not history.successes
    assert 1 <= len(history.failures) <= 6
    assert {each.status for each in history.failures} == {TrialStatus.FAILED}


def test_a_batch_returns_when_a_worker_is_idle_or_when_the_awaited_have_ended(context):
    context = acting_context()
    trials = [acting_trial(0, "work"), acting_trial(1, "work"), acting_trial(2, "work")]
    with SerialExecutor(context) as executor:
        some = run_trials(executor, trials, deadline=Deadline(None), awaited=None)
        assert len(some) == 3  # one worker is idle only when nothing is pending
        every = run_trials(
            executor,
            [replace(trial, number=trial.number + 3) for trial in trials],
            deadline=Deadline(None),
            awaited=frozenset({3, 4, 5}),
        )
        assert [outcome.result.trial.number for outcome in every] == [3, 4, 5]
        none = frozenset[int]()
        assert run_trials(executor, [], deadline=Deadline(None), awaited=none) == []
        late = run_trials(executor, trials, deadline=Deadline.after(-1), awaited=None)
        assert late == []
        assert len(executor.pending) == 3
        # The first is awaited, the others are stragglers.
        first = run_trials(executor, [], deadline=Deadline(None), awaited=frozenset({0}))
        assert [outcome.result.trial.number for outcome in first] == [0]
        assert len(executor.pending) == 2
