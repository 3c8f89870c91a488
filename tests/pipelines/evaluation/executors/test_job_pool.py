"""The state machine of jobs alone, no process, no waiting: who starts when, and for how long."""

import pytest

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.job import JobEnding, grace_seconds
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.workers import Answer
from espalier.pipelines.resources.budget import Deadline
from tests.pipelines.evaluation.executors.fake_workers import (
    NEVER,
    Act,
    FakeWorkers,
    pool_of,
    run,
    run_one,
    trial,
)

# --- the queue ------------------------------------------------------------------------------------


def test_work_starts_in_the_order_in_which_it_came_one_a_worker():
    workers = FakeWorkers(2)
    pool = pool_of(workers)
    works = [trial(number) for number in (3, 1, 2, 0)]
    for work in works:
        pool.add(work)
    pool.step(0.0, Deadline(None))
    assert pool.running == tuple(works[:2])
    assert pool.pending == tuple(works)
    results = run(pool, workers)
    assert [each.work for each in results] == works
    assert [name for _, name, _, _ in workers.given] == ["w0", "w1", "w0", "w1"]


def test_an_answer_is_handed_on_with_who_gave_it_and_how_long_it_took():
    result, _ = run_one(trial(0), Act(4.0, Answer("fine")))
    assert (result.ending, result.answer) == (JobEnding.ANSWERED, "fine")
    assert (result.seconds, result.worker, result.reason) == (pytest.approx(4.0), "w0", "")


def test_a_worker_that_gets_free_has_its_next_job_before_the_answer_is_put_on_record():
    workers = FakeWorkers(1)
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    results = []
    while not results:
        results = pool.step(60.0, Deadline(None))
    assert pool.running == (trial(1),)


def test_starts_are_told_before_they_happen():
    workers = FakeWorkers(1)
    told = []
    pool = pool_of(workers, on_start=lambda work: told.append((work, len(workers.given))))
    for number in range(3):
        pool.add(trial(number))
    run(pool, workers)
    assert told == [(trial(number), number) for number in range(3)]


def test_a_worker_that_has_just_gone_leaves_the_job_in_its_place():
    workers = FakeWorkers(2)
    workers.there[0].gone = True
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    assert [each.work.number for each in run(pool, workers)] == [0, 1]
    assert {name for _, name, _, _ in workers.given} == {"w1"}


def test_workers_that_join_late_get_jobs():
    workers = FakeWorkers(0)
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    assert pool.step(5.0, Deadline(None)) == []
    workers.join(2)
    pool.step(0.0, Deadline(None))
    assert pool.running == (trial(0), trial(1))
    assert pool.n_workers == 2


def test_where_no_worker_is_left_it_is_said_and_nothing_is_forgotten():
    workers = FakeWorkers(1)
    workers.hopeless = True
    pool = pool_of(workers)
    pool.add(trial(0))
    with pytest.raises(WorkerLostError):
        pool.step(1.0, Deadline(None))
    assert pool.pending == (trial(0),)


# --- memory of the machine ------------------------------------------------------------------------


def test_jobs_are_held_back_while_this_machine_is_short_of_memory():
    workers = FakeWorkers(3)
    pool = pool_of(workers, gate=MemoryGate(available=lambda: 0.0))
    for number in range(3):
        pool.add(trial(number))
    seen = set()
    while pool.pending:
        pool.step(0.1, Deadline(None))
        seen.add(len(pool.running))
    assert seen == {0, 1}


def test_this_machines_memory_says_nothing_about_workers_elsewhere():
    workers = FakeWorkers(3, on_this_machine=False)
    pool = pool_of(workers, gate=MemoryGate(available=lambda: 0.0))
    for number in range(3):
        pool.add(trial(number))
    pool.step(0.0, Deadline(None))
    assert len(pool.running) == 3


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "left", "given"),
    [(None, None, None), (5.0, None, 5.0), (5.0, 3.0, 3.0), (5.0, 9.0, 5.0), (None, 9.0, 9.0)],
)
def test_a_job_may_take_its_own_limit_and_no_longer_than_the_deadline(own, left, given):
    workers = FakeWorkers(1)
    pool = pool_of(workers)
    pool.add(trial(0, own))
    pool.step(0.0, Deadline.after(left, workers.clock))
    assert workers.given[0][3] == given


@pytest.mark.parametrize("seconds", [-1.0, 0.0])
def test_nothing_starts_after_the_deadline(seconds):
    workers = FakeWorkers(1)
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.step(0.5, Deadline.after(seconds, workers.clock))
    pool.step(0.5, None)
    assert workers.given == []
    assert pool.pending == (trial(0),)


def test_a_job_past_its_limit_and_the_grace_is_killed_and_the_next_one_runs():
    work, after = trial(0, 10.0), trial(1)
    workers = FakeWorkers(1)
    workers.play(work, Act(NEVER))
    pool = pool_of(workers)
    pool.add(work)
    pool.add(after)
    late, fine = run(pool, workers)
    assert late.ending is JobEnding.TIMED_OUT
    assert late.seconds == pytest.approx(10.0 + grace_seconds(10.0), abs=0.01)
    assert late.reason == "killed after 11.0 s, over its limit"
    assert workers.killed == ["w0"]
    assert (fine.work, fine.ending, fine.worker) == (after, JobEnding.ANSWERED, "w1")


def test_a_job_that_ends_by_itself_within_the_grace_has_answered():
    result, workers = run_one(trial(0, 10.0), Act(10.9, Answer("1 of 2 folds")))
    assert (result.ending, result.answer) == (JobEnding.ANSWERED, "1 of 2 folds")
    assert workers.killed == []


def test_the_grace_grows_with_the_limit_and_is_bounded():
    assert [grace_seconds(limit) for limit in (0.0, 20.0, 60.0, 1e6)] == [1.0, 1.0, 3.0, 5.0]


def test_a_jobs_seconds_count_from_when_its_worker_begins():
    result, _ = run_one(trial(0, 10.0), Act(NEVER, begins_after=50.0))
    assert result.ending is JobEnding.TIMED_OUT
    assert result.seconds == pytest.approx(11.0, abs=0.01)


def test_a_worker_that_does_not_begin_is_killed_and_the_job_starts_over():
    result, workers = run_one(trial(0, 10.0), Act(begins_after=NEVER), Act())
    assert result.ending is JobEnding.ANSWERED
    assert workers.killed == ["w0"]
    assert workers.given[1][0] - workers.given[0][0] == pytest.approx(120.0)
