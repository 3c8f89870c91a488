"""The state machine of jobs under all orders of events: nothing is lost, doubled or blamed."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.job import JobEnding
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
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

DEATH = Death("its process died")
LOST = Loss("its data were lost")
PUSHED = Loss("its worker left", waited=True)

acts = st.builds(
    Act,
    seconds=st.sampled_from([0.0, 0.5, 3.0, NEVER]),
    report=st.sampled_from([Answer("done"), DEATH, LOST, PUSHED, Refusal("no")]),
    begins_after=st.sampled_from([0.0, 2.0, 130.0]),
    turn_after=st.sampled_from([0.0, 4.0, 500.0]),
    hears=st.booleans(),
)
plans = st.lists(st.lists(acts, max_size=3), min_size=1, max_size=5)
events = st.lists(
    st.sampled_from(["step", "long step", "join", "stop", "kill", "deadline", "go"]), max_size=12
)


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def start(plans, n_workers, at_once):
    workers = FakeWorkers(n_workers, begin_at_once=at_once)
    told = []
    pool = pool_of(workers, on_start=told.append)
    works = [trial(number, 10.0) for number in range(len(plans))]
    for work, plan in zip(works, plans, strict=True):
        workers.play(work, *plan)
        pool.add(work)
    return workers, pool, works, told


@settings(max_examples=150, deadline=None)
@given(plans=plans, n_workers=st.integers(1, 3), at_once=st.booleans())
def test_every_job_ends_once_whatever_its_workers_do(plans, n_workers, at_once):
    _, pool, works, told = start(plans, n_workers, at_once)
    results, n_lost = [], 0
    while pool.pending:
        try:
            results += pool.step(1000.0, Deadline(None))
        except WorkerLostError:  # said, and nothing is forgotten
            n_lost += 1
            assert n_lost < 100
    assert sorted(each.work.number for each in results) == [work.number for work in works]
    assert all(each.work in told for each in results if each.ending is JobEnding.ANSWERED)


@settings(max_examples=150, deadline=None)
@given(plans=plans, events=events, n_workers=st.integers(1, 3), at_once=st.booleans())
def test_no_order_of_events_loses_or_doubles_a_job(plans, events, n_workers, at_once):
    workers, pool, works, _ = start(plans, n_workers, at_once)
    ended, dropped, deadline = [], set(), Deadline(None)
    for event in events:
        before = {work.number for work in pool.pending}
        results = []
        try:
            match event:
                case "step":
                    results = pool.step(1.0, deadline)
                case "long step":
                    results = pool.step(300.0, deadline)
                case "join":
                    workers.join(1)
                case "stop":
                    results = pool.stop("told to")
                    assert pool.pending == ()
                case "kill":
                    begun = {each.job.work.number for each in pool._running if each.has_begun}
                    results = pool.kill_running("told to")
                    assert {each.work.number for each in results} == begun
                case "deadline":
                    deadline = Deadline.after(0.0, workers.clock)
                case "go":
                    deadline = Deadline(None)
        except WorkerLostError:
            pass
        ended += [each.work.number for each in results]
        after = {work.number for work in pool.pending}
        if event in ("stop", "kill"):
            dropped |= before - after - set(ended)
        else:
            assert after | set(ended) | dropped == set(range(len(works)))
    assert len(ended) == len(set(ended))
    assert not set(ended) & {work.number for work in pool.pending}
    given = [each.work for each in workers.there if each.work is not None]
    assert {work.number for work in given} >= {work.number for work in pool.running}
    pool.close()
    assert workers.closed


# --- jobs that wait for those of other users ------------------------------------------------------


def test_a_job_may_wait_for_others_as_long_as_it_takes():
    result, workers = run_one(
        trial(0, 10.0), Act(turn_after=900.0), workers=FakeWorkers(1, begin_at_once=False)
    )
    assert result.ending is JobEnding.ANSWERED
    assert result.seconds == pytest.approx(1.0)
    assert workers.killed == []


def test_at_its_turn_it_must_begin_within_two_minutes():
    workers = FakeWorkers(1, begin_at_once=False)
    workers.play(trial(0), Act(turn_after=900.0, begins_after=NEVER), Act())
    pool = pool_of(workers)
    pool.add(trial(0))
    (result,) = run(pool, workers, 2000.0)
    assert result.ending is JobEnding.ANSWERED
    assert workers.given[1][0] - workers.given[0][0] == pytest.approx(1020.0)


def test_a_worker_that_does_not_begin_is_never_the_jobs_fault():
    workers = FakeWorkers(2, begin_at_once=False)
    workers.play(trial(0), *[Act(begins_after=NEVER)] * 5, Act())
    pool = pool_of(workers)
    pool.add(trial(0))
    (result,) = run(pool, workers, 5000.0)
    assert result.ending is JobEnding.ANSWERED
    assert len(workers.given) == 6


def test_where_nothing_begins_any_more_the_pool_says_so_and_forgets_nothing():
    workers = FakeWorkers(1, begin_at_once=False)
    workers.play(trial(0), *[Act(begins_after=NEVER)] * 9)
    pool = pool_of(workers)
    pool.add(trial(0))
    with pytest.raises(WorkerLostError, match="do not begin: 3 jobs in a row"):
        run(pool, workers, 5000.0)
    assert pool.pending == (trial(0),)


def test_workers_that_leave_under_others_cost_a_waiting_job_nothing():
    workers = FakeWorkers(1, begin_at_once=False)
    workers.play(trial(0), *[Act(seconds=0.0, report=PUSHED)] * 7, Act())
    pool = pool_of(workers)
    pool.add(trial(0))
    (result,) = run(pool, workers)
    assert result.ending is JobEnding.ANSWERED


def test_stopping_drops_what_has_not_begun_without_a_result():
    workers = FakeWorkers(2, begin_at_once=False)
    workers.play(trial(1), Act(turn_after=900.0))
    pool = pool_of(workers)
    pool.add(trial(0))
    pool.add(trial(1))
    pool.step(0.5, Deadline(None))
    (stopped,) = pool.stop("told to")
    assert stopped.work == trial(0)
    assert pool.pending == ()
    assert workers.killed == ["w1"], "taken back"


def test_a_start_is_told_when_the_job_begins_not_when_it_queues():
    workers = FakeWorkers(1, begin_at_once=False)
    workers.play(trial(0), Act(turn_after=50.0))
    told = []
    pool = pool_of(workers, on_start=lambda work: told.append(workers.clock() - 1000.0))
    pool.add(trial(0))
    run(pool, workers)
    assert told == [pytest.approx(50.0)]


def test_the_workers_know_how_many_jobs_wait():
    workers = FakeWorkers(1)
    pool = pool_of(workers)
    for number in range(4):
        pool.add(trial(number))
    pool.step(0.0, Deadline(None))
    assert workers.wanted == 3
    pool.stop("told to")
    assert workers.wanted == 0
