"""What Dask's workers report to the job pool, without a cluster: each way to lose one."""

import time

import pytest
from distributed import CancelledError, KilledWorker

from espalier.infra.cluster import worker_job
from espalier.infra.cluster.worker_set import DaskWorkerSet
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
from tests.infra.cluster.scheduler_stand_in import TRIAL, Client, Shared, begin, names, told

DEATH = Death("its worker died while running it")


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def workers(client):
    return DaskWorkerSet(client, Shared())


@pytest.fixture
def started(client, workers):
    """A worker with a job that has begun, its key and its future."""
    worker = workers.free()[0]
    worker.start(TRIAL, 5.0)
    _, key, future = client.submitted[0]
    begin(client, workers, key)
    return worker, key, future


def test_a_worker_has_one_job_at_a_time_and_begins_when_it_says_so(client, workers):
    worker = workers.free()[0]
    worker.start(TRIAL, 5.0)
    pinned, key, future = client.submitted[0]
    assert (pinned, key.startswith("trial-3-")) == (["a"], True)
    assert names(workers) == ["b"]
    assert (worker.began, worker.look()) == (None, None)
    begin(client, workers, "another")
    assert worker.began is None
    begin(client, workers, key)
    assert time.monotonic() - worker.began < 5
    future.end("finished", "outcome")
    assert worker.look() == Answer("outcome")
    assert names(workers) == ["a", "b"]


def test_waiting_ends_when_a_job_does(workers, started):
    _, _, future = started
    future.end("finished", "outcome")
    began = time.monotonic()
    workers.wait(30.0)
    assert time.monotonic() - began < 10


def test_a_job_of_an_earlier_life_wakes_nobody(workers, started):
    workers.wake("trial-1-long-over")
    workers.wait(0.01)


@pytest.mark.parametrize(
    ("status", "outcome", "report"),
    [
        ("error", KilledWorker("key", None, 0), DEATH),
        ("error", CancelledError("key"), Loss("its data were lost")),
        ("error", ValueError("no\nsuch"), Refusal("ValueError: no")),
        ("cancelled", None, Loss("its data were lost")),
        ("lost", None, Loss("its data were lost")),
        ("finished", CancelledError("key"), Loss("its data were lost")),
        ("finished", KilledWorker("key", None, 0), DEATH),
    ],
)
def test_the_ways_in_which_a_future_ends(workers, started, status, outcome, report):
    worker, _, future = started
    future.end(status, outcome)
    assert worker.look() == report
    assert names(workers) == ["a", "b"]


def test_an_error_after_the_shared_data_were_lost_is_no_fault_of_the_job(workers, started):
    worker, _, future = started
    workers.shared.lost = True
    future.end("error", TypeError("no context"))
    assert worker.look() == Loss("its data were lost")


def test_an_answer_that_died_with_its_worker_is_waited_for(workers, started):
    worker, _, future = started
    future.end("finished", TimeoutError())
    assert worker.look() is None
    assert names(workers) == ["b"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_worker_that_leaves_takes_a_job_along_only_when_it_has_begun(
    client, workers, started, begun
):
    worker, _, future = started
    worker.began = worker.began if begun else None
    del client.workers["a"]
    workers.roster.refresh(now=True)
    assert worker.look() == (DEATH if begun else Loss("its worker left"))
    assert future.cancelled
    assert names(workers) == ["b"]


def test_a_nannys_word_makes_a_death_certain(client, workers, started):
    worker, _, future = started
    client.events = ((0.0, {"worker": "a"}),)
    future.end("error", KilledWorker("key", None, 0))
    report = worker.look()
    assert (report.of_memory, report.certain) == (True, True)
    assert "memory" in report.reason


def test_a_scheduler_that_does_not_answer_is_said_and_the_worker_has_no_job(client, workers):
    client.answers = False
    with pytest.raises(WorkerLostError, match="does not answer"):
        workers.free()[0].start(TRIAL, None)
    assert names(workers) == ["a", "b"]


def test_a_killed_worker_gets_no_job_until_its_nanny_has_started_another(client, workers, started):
    worker, _, future = started
    workers.kill(worker)
    assert future.cancelled
    where = {"workers": ["a"], "nanny": True}
    assert told(client) == [(worker_job.kill_process, ("a", None), where)]
    assert names(workers) == ["b"]
    client.workers = {"b": 1, "c": 1}
    workers.roster.refresh(now=True)
    assert names(workers) == ["b", "c"]


def test_all_are_asked_to_stop_with_one_message(client, workers, started):
    first, key, _ = started
    second = workers.free()[0]
    second.start(TRIAL, 5.0)
    workers.interrupt([first, second])
    keys = (key, client.submitted[1][1])
    assert told(client) == [(worker_job.interrupt, (keys,), {"workers": ["a", "b"]})]


def test_closing_kills_only_workers_with_a_job_of_ours(client, workers, started):
    client.workers = {"b": 1}  # it dies at once
    workers.close()
    workers.close()
    assert [args for _, args, _ in told(client)] == [("a", None)]
    assert client.topics == {}
    assert workers.shared.closed


def test_workers_of_ones_own_are_nobody_elses_to_grow(client, workers):
    workers.want(3)
    assert client.shown == []
