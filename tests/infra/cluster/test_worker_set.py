"""What Dask's workers report to the job pool, without a cluster: each way to lose one."""

import time

import pytest
from distributed import CancelledError, KilledWorker

from espalier.infra.cluster import worker_job
from espalier.infra.cluster.job_keys import job_key
from espalier.infra.cluster.worker_set import DaskWorkerSet
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.workers import Answer, Death, Loss, Refusal
from tests.contracts.outcomes import success

TRIAL = success(3).result.trial
DEATH = Death("its worker died while running it")


class Future:
    def __init__(self):
        self.status = "pending"
        self.outcome = None
        self.cancelled = False
        self.released = False

    @property
    def is_there(self):
        """Whether the scheduler has it on a worker."""
        return self.status == "pending" and not (self.cancelled or self.released)

    def end(self, status, outcome=None):
        self.status, self.outcome = status, outcome
        self.tell(self)

    def add_done_callback(self, function):
        self.tell = function

    def result(self, timeout):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def exception(self):
        return self.outcome

    def cancel(self):
        self.cancelled = True

    def release(self):
        self.released = True


class Client:
    """Two workers, a and b, the tasks of others there, and what is asked of them."""

    def __init__(self):
        self.workers = {"a": 1, "b": 1}
        self.others = {}
        self.submitted = []
        self.shown = []
        self.told = []
        self.events = ()
        self.topics = {}
        self.answers = True
        self.obeys = True

    def nthreads(self):
        return dict(self.workers)

    def processing(self):
        ours = [(pinned[0], key) for pinned, key, future in self.submitted if future.is_there]
        return {
            name: [
                *self.others.get(name, ()),
                *(key for there, key in ours if there == name),
            ]
            for name in self.workers
        }

    def submit(self, function, *args, key, workers=None, **options):
        if not self.answers:
            raise OSError("closed")
        future = Future()
        if workers is None:
            assert options["resources"], "no worker may run it"
            self.shown.append(future)
            return future
        self.submitted.append((workers, key, future))
        return future

    def run(self, function, *args, on_error, **where):
        self.told.append((function, args, where))
        known = {None, *(key for _, key, _ in self.submitted)}
        return dict.fromkeys(where["workers"], self.obeys and args[-1] in known)

    def get_events(self, topic):
        return self.events

    def subscribe_topic(self, topic, handler):
        self.topics[topic] = handler

    def unsubscribe_topic(self, topic):
        if self.topics.pop(topic, None) is None:
            raise ValueError("no handler")


class Shared:
    digest, source, is_local, lost, closed = "digest", "path", True, False, False

    def close(self):
        self.closed = True


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def workers(client):
    return DaskWorkerSet(client, Shared())


def begin(client, workers, key):
    """Report that a job has begun, as its worker does."""
    (name,) = {pinned[0] for pinned, known, _ in client.submitted if known == key} or {"a"}
    client.topics[workers.topic]((0.0, {"key": key, "worker": name}))


@pytest.fixture
def started(client, workers):
    """A worker with a job that has begun, its key and its future."""
    worker = workers.free()[0]
    worker.start(TRIAL, 5.0)
    _, key, future = client.submitted[0]
    begin(client, workers, key)
    return worker, key, future


def names(workers):
    return [worker.name for worker in workers.free()]


def told(client):
    end = time.monotonic() + 10
    while not client.told and time.monotonic() < end:
        time.sleep(0.01)
    return client.told


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


# --- other users of the scheduler -----------------------------------------------------------------

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


def test_workers_of_ones_own_are_nobody_elses_to_grow(client, workers):
    workers.want(3)
    assert client.shown == []


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
