"""The state machine of jobs alone: no process, no waiting."""

import pytest

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.base import ended_early
from espalier.pipelines.evaluation.executors.job import JobEnding, grace_seconds
from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialStatus
from tests.pipelines.evaluation.executors.fake_workers import NEVER, Act, FakeWorkers

ROOMY = MemoryGate(available=lambda: NEVER)
DEATH = Death("its process died")


def trial(number, seconds_limit=None):
    configuration = Configuration.of("knn", {"k": 3})
    return Trial(number=number, configuration=configuration, seed=0, seconds_limit=seconds_limit)


def pool_of(workers, **options):
    return JobPool(workers, **{"gate": ROOMY, "clock": workers.clock} | options)


def run(pool, workers, seconds=1000.0):
    """Step until nothing is pending or the time is up; return what ended, in that order."""
    results = []
    deadline = Deadline.after(seconds, workers.clock)
    while pool.pending and not deadline.passed:
        results += pool.step(deadline.seconds_left, deadline)
    return results


def run_one(work, *acts, workers=None, **options):
    """Run one piece of work; return its result and the workers."""
    workers = workers or FakeWorkers(1)
    workers.play(work, *acts)
    pool = pool_of(workers, **options)
    pool.add(work)
    (result,) = run(pool, workers)
    assert pool.pending == ()
    return result, workers


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
    ("own", "left", "given"), [(None, None, None), (5.0, None, 5.0), (5.0, 3.0, 3.0),
                               (5.0, 9.0, 5.0), (None, 9.0, 9.0)],
)  # fmt: skip
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
