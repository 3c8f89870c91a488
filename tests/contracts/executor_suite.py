"""What every executor must do: one suite, run over each implementation.

A test module makes a subclass whose class-scoped fixture ``open_executor`` returns a callable
``(context) -> executor``, and gets all the tests below. They share one executor where they can: an
executor stays usable whatever a trial does to it, and workers take seconds to start.
"""

from dataclasses import replace

import numpy as np
import psutil
import pytest

from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.acting_learner import act, acting_context, acting_trial

# Long enough for a worker to start on a slow machine; nothing waits for it when all is well.
PATIENCE = 60.0


def run_all(executor, trials):
    """Submit trials and return their results by number."""
    for trial in trials:
        executor.submit(trial)
    outcomes = []
    deadline = Deadline.after(PATIENCE)
    while executor.pending and not deadline.passed:
        outcomes += executor.wait(deadline)
    return {outcome.result.trial.number: outcome for outcome in outcomes}


class ExecutorSuite:
    """Subclass it; set what the implementation cannot do to False."""

    kills_hung_trials = True
    survives_dead_workers = True
    runs_here = False

    @pytest.fixture(scope="class")
    @classmethod
    def open_executor(cls):
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls, open_executor):
        with open_executor(acting_context()) as executor:
            yield executor

    @pytest.fixture
    def executor(self, shared):
        yield shared
        shared.stop_pending("the test is over")

    def test_every_trial_comes_back_once_with_what_evaluating_it_gives(self, executor):
        context = acting_context()
        trials = [acting_trial(number, "work", number) for number in range(5)]
        assert executor.n_workers >= 1
        outcomes = run_all(executor, trials)
        assert executor.pending == ()
        assert sorted(outcomes) == [0, 1, 2, 3, 4]
        for trial in trials:
            here = evaluate_trial(trial, context)
            there = outcomes[trial.number]
            assert there.result.trial == trial
            assert there.result.status is TrialStatus.SUCCESS
            assert there.result.fold_scores == here.result.fold_scores
            np.testing.assert_array_equal(there.predictions, here.predictions)

    def test_a_submitted_trial_is_pending_until_it_is_handed_out(self, executor):
        first, second = acting_trial(0, "work"), acting_trial(1, "raise")
        executor.submit(first)
        executor.submit(second)
        assert executor.pending == (first, second)
        handed_out = executor.wait(Deadline.after(PATIENCE))
        ended = {outcome.result.trial for outcome in handed_out}
        assert ended
        assert set(executor.pending) == {first, second} - ended

    def test_waiting_for_nothing_returns_nothing(self, executor):
        assert executor.wait(Deadline(None)) == []
        assert executor.stop_pending("no reason") == []

    def test_a_failing_trial_is_data(self, executor):
        outcomes = run_all(
            executor,
            [acting_trial(0, "raise"), acting_trial(1, "memory"), acting_trial(2, "work")],
        )
        assert outcomes[0].result.status is TrialStatus.FAILED
        assert outcomes[0].result.error == "ValueError: told to fail"
        assert outcomes[0].predictions is None
        assert outcomes[1].result.status is TrialStatus.MEMOUT
        assert outcomes[2].result.status is TrialStatus.SUCCESS

    def test_a_slow_trial_ends_at_its_limit_with_the_folds_it_has(self, executor):
        slow = acting_trial(0, "sleep", seconds=1.0, seconds_limit=1.7)
        outcomes = run_all(executor, [slow, acting_trial(1, "work")])
        result = outcomes[0].result
        assert result.status is TrialStatus.TIMEOUT
        assert len(result.fold_scores) == 1
        assert result.score is None
        assert "1 of 2 folds" in result.error
        assert outcomes[1].result.status is TrialStatus.SUCCESS

    def test_a_hanging_trial_is_killed_and_the_next_one_runs(self, executor):
        if not self.kills_hung_trials:
            pytest.skip("cannot stop native code")
        hanging = acting_trial(0, "hang", seconds=PATIENCE, seconds_limit=0.2)
        outcomes = run_all(executor, [hanging, acting_trial(1, "work")])
        assert outcomes[0].result.status is TrialStatus.TIMEOUT
        assert 0.2 <= outcomes[0].result.seconds < PATIENCE
        again = run_all(executor, [acting_trial(2, "work"), acting_trial(3, "work")])
        assert all(each.result.succeeded for each in again.values())

    @pytest.mark.parametrize("kind", ["die", "kill"])
    def test_a_trial_that_takes_its_process_down_is_data(self, executor, kind):
        if not self.survives_dead_workers:
            pytest.skip("runs in this process")
        outcomes = run_all(executor, [acting_trial(0, kind), acting_trial(1, "work")])
        result = outcomes[0].result
        assert result.status in (TrialStatus.FAILED, TrialStatus.MEMOUT)
        assert "twice" in result.error
        assert outcomes[1].result.status is TrialStatus.SUCCESS

    def test_a_trial_that_eats_memory_is_stopped_and_the_next_one_runs(self, open_executor):
        used = psutil.Process().memory_info().rss / 2**20 if self.runs_here else 150.0
        context = replace(acting_context(), memory_limit_mb=used + 300.0)
        with open_executor(context) as executor:
            outcomes = run_all(executor, [acting_trial(0, "eat", seconds=8.0)])
            result = outcomes[0].result
            assert result.status is TrialStatus.MEMOUT
            assert "MiB of memory" in result.error
            assert context.memory_limit_mb < result.memory_mb < context.memory_limit_mb + 500
            after = run_all(executor, [acting_trial(1, "work"), acting_trial(2, "work")])
            assert all(each.result.succeeded for each in after.values())
            assert all(each.result.memory_mb < result.memory_mb for each in after.values())

    def test_a_trial_says_how_much_memory_it_took(self, executor):
        outcomes = run_all(executor, [acting_trial(0, "work"), acting_trial(1, "eat", 0.15)])
        plain, large = (outcomes[number].result.memory_mb for number in (0, 1))
        assert 30 < plain < large

    def test_stopping_leaves_nothing_pending_and_the_executor_usable(self, executor):
        run_all(executor, [acting_trial(9, "work")])  # the workers have started
        n_running = executor.n_workers
        for number in range(n_running + 2):
            executor.submit(acting_trial(number, "sleep", seconds=PATIENCE))
        early = executor.wait(Deadline.after(0.5))
        assert all(outcome.result.status is TrialStatus.TIMEOUT for outcome in early)
        outcomes = early + executor.stop_pending("told to stop")
        assert executor.pending == ()
        numbers = [outcome.result.trial.number for outcome in outcomes]
        assert len(set(numbers)) == len(numbers) <= n_running + 2
        assert all(outcome.result.status is TrialStatus.TIMEOUT for outcome in outcomes)
        assert all(outcome.result.error for outcome in outcomes)
        after = run_all(executor, [acting_trial(50, "work")])
        assert after[50].result.succeeded

    def test_a_deadline_that_has_passed_starts_nothing(self, executor):
        executor.submit(acting_trial(0, "work"))
        outcomes = executor.wait(Deadline.after(-1.0))
        outcomes += executor.stop_pending("too late")
        assert executor.pending == ()
        assert all(outcome.result.trial.number == 0 for outcome in outcomes)

    def test_members_come_back_fitted_and_in_order(self, executor):
        context = acting_context()
        rows = np.arange(0, 40, 3)
        jobs = [
            MemberJob(trial_number=0, configuration=act("work"), seed=0),
            MemberJob(trial_number=1, configuration=act("raise"), seed=1),
            MemberJob(trial_number=2, configuration=act("work"), seed=2, rows=rows),
            MemberJob(trial_number=3, configuration=act("sleep", 0.05), seed=3),
        ]
        models = executor.fit_members(jobs, Deadline.after(PATIENCE))
        assert [model is None for model in models] == [False, True, False, False]
        assert models[3].configuration == act("sleep", 0.05)
        X = context.dataset.X
        full, part = models[0].predict_scores(X), models[2].predict_scores(X)
        assert full.shape == (40, 2)
        assert not np.allclose(full, part)

    def test_a_member_that_is_late_is_left_out(self, executor):
        kind = "hang" if self.kills_hung_trials else "sleep"
        run_all(executor, [acting_trial(0, "work")])  # the workers have started
        jobs = [
            MemberJob(trial_number=0, configuration=act("work"), seed=0),
            MemberJob(trial_number=1, configuration=act(kind, PATIENCE), seed=1),
        ]
        models = executor.fit_members(jobs, Deadline.after(1.0))
        assert executor.fit_members(jobs[:1], Deadline.after(-1.0)) == [None]
        assert models[0] is not None
        assert models[1] is None

    def test_no_members_is_no_work(self, executor):
        assert executor.fit_members([], Deadline(None)) == []

    def test_closing_twice_is_fine(self, open_executor):
        executor = open_executor(acting_context())
        executor.submit(acting_trial(0, "work"))
        executor.close()
        executor.close()
