"""The state machine of jobs alone, no process, no waiting: deaths, losses, memory, stopping."""

import pytest

from espalier.pipelines.evaluation.executors.base import ended_early
from espalier.pipelines.evaluation.executors.job import JobEnding
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialStatus
from tests.pipelines.evaluation.executors.fake_workers import (
    NEVER,
    Act,
    FakeWorkers,
    pool_of,
    run,
    run_one,
    trial,
)

DEATH = Death("its process died")


# --- death and loss -------------------------------------------------------------------------------


def test_a_job_whose_worker_died_is_tried_once_more_before_all_others():
    workers = FakeWorkers(1)
    workers.play(trial(0), Act(1.0, DEATH))
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    results = run(pool, workers)
    assert [each.work.number for each in results] == [0, 1]
    assert all(each.ending is JobEnding.ANSWERED for each in results)


@pytest.mark.parametrize("of_memory", [True, False])
def test_dying_twice_is_a_result(of_memory):
    death = Death("its process died", of_memory=of_memory)
    result, workers = run_one(trial(0), Act(1.0, death), Act(2.0, death))
    wanted = JobEnding.OUT_OF_MEMORY if of_memory else JobEnding.WORKER_LOST
    assert (result.ending, result.reason) == (wanted, "its process died, twice")
    assert result.seconds == pytest.approx(2.0)
    assert len(workers.given) == 2


def test_a_death_that_is_certainly_the_jobs_fault_is_a_result_at_once():
    death = Death("ended by its nanny", of_memory=True, certain=True)
    result, workers = run_one(trial(0), Act(1.0, death))
    assert (result.ending, result.reason) == (JobEnding.OUT_OF_MEMORY, "ended by its nanny")
    assert len(workers.given) == 1


def test_the_same_trial_submitted_again_has_not_died_yet():
    workers = FakeWorkers(1)
    workers.play(trial(0), Act(report=DEATH), Act(), Act(report=DEATH), Act())
    pool = pool_of(workers)
    for _ in range(2):
        pool.add(trial(0))
        (result,) = run(pool, workers)
        assert result.ending is JobEnding.ANSWERED


def test_a_job_that_was_lost_without_its_fault_starts_three_times_at_most():
    lost = Act(report=Loss("its data were lost"))
    result, workers = run_one(trial(0), lost, lost, Act())
    assert result.ending is JobEnding.ANSWERED
    result, workers = run_one(trial(0), lost, lost, lost, Act())
    assert result.ending is JobEnding.WORKER_LOST
    assert result.reason == "its data were lost, 3 times"
    assert len(workers.given) == 3


def test_being_lost_is_no_death():
    lost = Act(report=Loss("its data were lost"))
    result, _ = run_one(trial(0), lost, Act(report=DEATH), Act())
    assert result.ending is JobEnding.ANSWERED


def test_a_job_that_cannot_be_run_ends_at_once():
    result, workers = run_one(trial(0), Act(report=Refusal("ImportError: no such module")))
    assert (result.ending, result.reason) == (JobEnding.NOT_RUNNABLE, "ImportError: no such module")
    assert len(workers.given) == 1


# --- memory of a worker ---------------------------------------------------------------------------


def test_a_worker_over_its_memory_is_killed():
    result, workers = run_one(trial(0), Act(NEVER, memory_mb=600.4), memory_limit_mb=500.0)
    assert result.ending is JobEnding.OUT_OF_MEMORY
    assert result.reason == "killed at 600 MiB of memory, over its limit"
    assert workers.killed == ["w0"]


@pytest.mark.parametrize(("used", "limit"), [(600.0, None), (None, 500.0), (400.0, 500.0)])
def test_a_worker_within_its_memory_or_watched_by_others_is_left_alone(used, limit):
    result, workers = run_one(trial(0), Act(memory_mb=used), memory_limit_mb=limit)
    assert result.ending is JobEnding.ANSWERED
    assert workers.killed == []


@pytest.mark.parametrize("here", [True, False])
def test_a_trial_that_ran_out_of_memory_costs_its_worker_on_this_machine(here):
    outcome = ended_early(trial(0), TrialStatus.MEMOUT, "stopped at 900 MiB")
    workers = FakeWorkers(1, on_this_machine=here)
    result, _ = run_one(trial(0), Act(report=Answer(outcome)), workers=workers)
    assert (result.ending, result.answer) == (JobEnding.ANSWERED, outcome)
    assert workers.killed == (["w0"] if here else [])


# --- stopping -------------------------------------------------------------------------------------


def test_stopping_asks_first_then_kills_and_forgets_what_waits():
    workers = FakeWorkers(2)
    workers.play(trial(0), Act(NEVER, Answer("1 fold")))
    workers.play(trial(1), Act(NEVER, hears=False))
    pool = pool_of(workers)
    for number in range(4):
        pool.add(trial(number))
    pool.step(1.0, Deadline(None))
    began = workers.clock()
    polite, deaf = pool.stop("told to", patience=2.0)
    assert (polite.work, polite.ending, polite.answer) == (trial(0), JobEnding.ANSWERED, "1 fold")
    assert (deaf.work, deaf.ending, deaf.reason) == (trial(1), JobEnding.STOPPED, "told to")
    assert workers.clock() - began == pytest.approx(2.0)
    assert workers.killed == ["w1"]
    assert pool.pending == ()
    pool.add(trial(5))
    assert [each.ending for each in run(pool, workers)] == [JobEnding.ANSWERED]


def test_stopping_waits_no_longer_than_for_the_last_answer():
    workers = FakeWorkers(1)
    workers.play(trial(0), Act(NEVER))
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.step(1.0, Deadline(None))
    began = workers.clock()
    pool.stop("told to", patience=60.0)
    assert workers.clock() - began == pytest.approx(0.25)


def test_a_job_whose_worker_dies_while_it_is_stopped_is_not_tried_again():
    workers = FakeWorkers(1)
    workers.play(trial(0), Act(NEVER, DEATH))
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.step(1.0, Deadline(None))
    assert pool.stop("told to") == []
    assert pool.pending == ()


def test_closing_forgets_everything_and_closes_the_workers():
    workers = FakeWorkers(1)
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    pool.step(0.0, Deadline(None))
    pool.close()
    pool.close()
    assert pool.pending == ()
    assert workers.closed
