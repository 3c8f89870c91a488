"""Workers of a scheduler that others use too: whose job waits, runs or is killed, and for whom."""

import time

import pytest
from distributed import KilledWorker

from espalier.infra.cluster import worker_job
from espalier.infra.cluster.job_keys import job_key
from espalier.infra.cluster.worker_set import DaskWorkerSet
from espalier.pipelines.evaluation.executors.workers import Answer, Loss
from tests.infra.cluster.scheduler_stand_in import TRIAL, Client, Shared, begin, names, told


@pytest.fixture
def client():
    return Client()


OTHER, THIRD = "0" * 12, "1" * 12


@pytest.fixture
def shared(client):
    """The workers of a scheduler that others use too."""
    data = Shared()
    data.is_local = False
    return DaskWorkerSet(client, data)


def give(client, workers, n=1):
    """Give jobs to the first workers on offer; return these."""
    given = workers.free()[:n]
    for worker in given:
        worker.start(TRIAL, None)
    return given


def look_around(workers):
    workers.roster.doubt()
    workers.wait(0.0)


def keys_told(client, function):
    told(client)
    return [args for said, args, _ in client.told if said is function]


def test_a_job_that_waits_behind_anothers_is_cancelled_and_its_worker_lives(client, shared):
    client.others = {"a": [job_key(TRIAL, OTHER)], "b": [job_key(TRIAL, OTHER)]}
    client.obeys = False  # the nanny sees that the job of the other run is the one that runs
    (worker,) = give(client, shared)
    look_around(shared)
    _, key, future = client.submitted[0]
    assert worker.began is None
    assert worker.turn is None
    shared.kill(worker)
    assert future.cancelled
    assert keys_told(client, worker_job.kill_process) == [(worker.name, key)], "only this job"
    assert shared.roster.dying == set()


def test_a_job_of_ours_that_runs_is_killed_by_its_key(client, shared):
    (worker,) = give(client, shared)
    key = client.submitted[0][1]
    begin(client, shared, key)
    shared.kill(worker)
    assert keys_told(client, worker_job.kill_process) == [(worker.name, key)]
    assert worker.name in shared.roster.dying


def test_a_worker_whose_job_ended_just_before_it_was_killed_is_used_again(client, shared):
    client.obeys = False
    (worker,) = give(client, shared)
    begin(client, shared, client.submitted[0][1])
    shared.kill(worker)
    keys_told(client, worker_job.kill_process)
    end = time.monotonic() + 10
    while shared.roster.dying and time.monotonic() < end:
        time.sleep(0.01)
    assert set(names(shared)) == {"a", "b"}


def test_a_process_with_threads_for_other_programs_is_not_killed(client, shared):
    client.workers = {"a": 8}
    (worker,) = give(client, shared)
    key = client.submitted[0][1]
    begin(client, shared, key)
    client.others = {"a": ["read-csv-1"]}
    look_around(shared)
    shared.kill(worker)
    assert keys_told(client, worker_job.interrupt) == [((key,),)]
    assert keys_told(client, worker_job.kill_process) == []


def test_a_job_that_began_while_it_was_taken_back_is_stopped(client, shared):
    (worker,) = give(client, shared)
    shared.kill(worker)
    client.told.clear()
    key = client.submitted[0][1]
    begin(client, shared, key)
    assert keys_told(client, worker_job.kill_process) == [(worker.name, key)]


def test_a_run_below_its_share_waits_for_a_worker_of_the_other(client, shared):
    client.others = {name: [job_key(TRIAL, OTHER)] for name in ("a", "b")}
    look_around(shared)
    assert shared.n_workers == 1
    assert len(give(client, shared, 5)) == 1, "one of two workers is its share"
    assert names(shared) == []


def test_a_run_with_its_share_leaves_a_free_worker_to_the_one_that_waits(
    client, shared, monkeypatch
):
    client.workers = dict.fromkeys("abc", 1)
    first, _ = give(client, shared, 2)
    for _, key, _ in client.submitted:
        begin(client, shared, key)
    client.others = {first.name: [job_key(TRIAL, OTHER)]}
    assert names(shared) == [], "the third worker is for the run whose job waits"
    client.others = {}
    assert names(shared) == [], "nor does it take what a run leaves between two of its jobs"
    monkeypatch.setattr("espalier.infra.cluster.worker_set._RECENT_SECONDS", 0.0)
    assert len(names(shared)) == 1


def test_what_nobody_takes_is_not_left_free_for_ever(client, shared, monkeypatch):
    monkeypatch.setattr("espalier.infra.cluster.worker_set._YIELD_SECONDS", 0.0)
    client.workers = dict.fromkeys("abc", 1)
    first, _ = give(client, shared, 2)
    for _, key, _ in client.submitted:
        begin(client, shared, key)
    client.others = {first.name: [job_key(TRIAL, OTHER)]}
    look_around(shared)
    time.sleep(0.01)
    assert len(names(shared)) == 1


def test_a_job_that_waits_moves_to_a_worker_that_becomes_free(client, shared):
    client.others = {name: [job_key(TRIAL, OTHER)] for name in ("a", "b")}
    (worker,) = give(client, shared)
    was = worker.name
    look_around(shared)
    free = "b" if was == "a" else "a"
    client.others = {was: client.others[was]}
    look_around(shared)
    assert worker.name == free
    (_, _, old), (pinned, key, new) = client.submitted
    assert old.cancelled
    assert (pinned, new.cancelled) == ([free], False)
    begin(client, shared, key)
    new.end("finished", "outcome")
    assert worker.look() == Answer("outcome")


def test_a_worker_that_dies_under_another_run_costs_the_waiting_job_nothing(client, shared):
    client.others = {name: [job_key(TRIAL, OTHER)] for name in ("a", "b")}
    (worker,) = give(client, shared)
    look_around(shared)
    client.submitted[0][2].end("error", KilledWorker("key", None, 0))
    assert worker.look() == Loss("its worker left", waited=True)


def test_it_is_the_jobs_turn_when_those_before_it_have_ended(client, shared):
    client.workers = {"a": 1}
    client.others = {"a": [job_key(TRIAL, OTHER)]}
    (worker,) = give(client, shared)
    look_around(shared)
    assert worker.turn is None
    client.others = {"a": [job_key(TRIAL, THIRD)]}  # came after it
    look_around(shared)
    assert worker.turn is not None


def test_the_scheduler_sees_how_many_jobs_wait(client, shared):
    shared.want(3)
    assert [each.is_there for each in client.shown] == [True] * 3
    shared.want(1)
    shared.want(1)
    assert sum(each.is_there for each in client.shown) == 1
    shared.close()
    assert not any(each.is_there for each in client.shown)


def test_no_worker_is_waited_for_with_a_line(client, caplog, monkeypatch):
    monkeypatch.setattr("espalier.infra.cluster.roster._LINE_SECONDS", 0.0)
    client.workers = {}
    data = Shared()
    data.is_local = False
    workers = DaskWorkerSet(client, data, patience_seconds=1000.0)
    assert workers.free() == []
    assert workers.n_workers == 1
    assert "no Dask worker" in caplog.text
    client.workers = {"a": 1}
    assert names(workers) == ["a"]
