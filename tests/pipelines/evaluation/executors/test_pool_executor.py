"""What the executor makes of the ends of its jobs: outcomes of trials and models of members."""

import pytest

from espalier.pipelines.evaluation.executors.pool_executor import PoolExecutor
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.outcomes import failure, success
from tests.pipelines.evaluation.executors.fake_workers import NEVER, Act, FakeWorkers, pool_of


def executor_of(workers):
    return PoolExecutor(pool_of(workers))


def members(n_members):
    configuration = Configuration.of("knn", {"k": 3})
    return [
        MemberJob(trial_number=number, configuration=configuration, seed=0)
        for number in range(n_members)
    ]


DEATHS = [Act(report=Death("died"))] * 2
MEMORY_DEATHS = [Act(report=Death("killed", of_memory=True))] * 2
LOSSES = [Act(report=Loss("lost"))] * 3


@pytest.mark.parametrize(
    ("acts", "status", "error"),
    [
        (DEATHS, TrialStatus.FAILED, "died, twice"),
        (MEMORY_DEATHS, TrialStatus.MEMOUT, "killed, twice"),
        (LOSSES, TrialStatus.FAILED, "lost, 3 times"),
        ([Act(report=Refusal("ImportError"))], TrialStatus.FAILED, "ImportError"),
    ],
)
def test_how_a_job_ended_is_the_status_of_its_trial(acts, status, error):
    workers = FakeWorkers(1)
    trial = success(7).result.trial
    workers.play(trial, *acts)
    executor = executor_of(workers)
    executor.submit(trial)
    (outcome,) = executor.wait(Deadline(None))
    assert (outcome.result.trial, outcome.result.status) == (trial, status)
    assert (outcome.result.error, outcome.result.worker) == (error, "w0")


def test_outcomes_are_handed_out_as_the_worker_gave_them_and_pending_until_then():
    workers = FakeWorkers(2)
    executor = executor_of(workers)
    outcomes = [success(2), failure(1)]
    for outcome in outcomes:
        workers.play(outcome.result.trial, Act(report=Answer(outcome)))
        executor.submit(outcome.result.trial)
    assert [trial.number for trial in executor.pending] == [1, 2]
    assert executor.wait(Deadline(None)) == outcomes
    assert executor.pending == ()
    assert executor.wait(Deadline(None)) == []


def test_waiting_ends_at_the_deadline_and_the_trial_stays_pending():
    workers = FakeWorkers(1)
    trial = success(0).result.trial
    workers.play(trial, Act(NEVER))
    executor = executor_of(workers)
    executor.submit(trial)
    began = workers.clock()
    assert executor.wait(Deadline.after(0.75, workers.clock)) == []
    assert workers.clock() - began == pytest.approx(0.75)
    assert executor.pending == (trial,)


def test_stopped_trials_are_told_why_and_finished_ones_are_kept_as_they_are():
    workers = FakeWorkers(3)
    executor = executor_of(workers)
    plays = {
        0: Act(0.25, Answer(success(0))),
        1: Act(NEVER, Answer(failure(1))),
        2: Act(NEVER, hears=False),
    }
    for number, act in plays.items():
        trial = success(number).result.trial if number != 1 else failure(1).result.trial
        workers.play(trial, act)
        executor.submit(trial)
    early = executor.wait(Deadline.after(0.1, workers.clock))
    assert early == []
    outcomes = {each.result.trial.number: each for each in executor.stop_pending("enough")}
    assert outcomes[0].result == success(0).result
    assert [outcomes[number].result.error for number in (1, 2)] == ["enough", "enough"]
    assert outcomes[2].result.status is TrialStatus.TIMEOUT
    assert executor.pending == ()


def test_the_number_of_workers_is_kept_up_to_date():
    workers = FakeWorkers(1)
    executor = executor_of(workers)
    executor.submit(success(0).result.trial)
    workers.join(2)
    workers.play(success(0).result.trial, Act(report=Answer(success(0))))
    executor.wait(Deadline(None))
    assert executor.n_workers == 3


def test_models_come_back_in_the_order_of_their_jobs():
    workers = FakeWorkers(2)
    jobs = members(4)
    workers.play(jobs[1], Act(report=Loss("lost")))
    for job, seconds in zip(jobs, (4.0, 1.0, 1.0, 1.0), strict=True):
        workers.play(job, Act(seconds, Answer(f"model {job.trial_number}")))
    models = executor_of(workers).fit_members(jobs, Deadline(None))
    assert models == ["model 0", "model 1", "model 2", "model 3"]


def test_a_member_that_fails_or_is_late_is_none_and_nothing_is_left_of_it():
    workers = FakeWorkers(2)
    jobs = members(4)
    workers.play(jobs[0], Act(1.0, Answer("model")))
    workers.play(jobs[1], Act(1.0, Answer(None)))
    workers.play(jobs[2], Act(NEVER))
    workers.play(jobs[3], Act(NEVER))
    executor = executor_of(workers)
    began = workers.clock()
    models = executor.fit_members(jobs, Deadline.after(10.0, workers.clock))
    assert models == ["model", None, None, None]
    assert workers.clock() - began == pytest.approx(11.0, abs=0.01)
    assert sorted(workers.killed) == ["w0", "w1"]
    assert executor.fit_members(jobs[:1], Deadline.after(-1.0, workers.clock)) == [None]
    assert len(workers.given) == 4


def test_a_member_that_is_done_within_the_grace_is_kept_and_none_is_begun_then():
    workers = FakeWorkers(1)
    jobs = members(2)
    workers.play(jobs[0], Act(10.5, Answer("model")))
    executor = executor_of(workers)
    assert executor.fit_members(jobs, Deadline.after(10.0, workers.clock)) == ["model", None]
    assert executor.wait(Deadline(None)) == []
    assert len(workers.given) == 1
