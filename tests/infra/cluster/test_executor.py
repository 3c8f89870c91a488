"""Trials on a real, small Dask cluster."""

import gc
import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
from distributed import Client

from espalier.infra.cluster.cluster import Cluster, open_cluster
from espalier.infra.cluster.executor import DaskExecutor
from espalier.infra.runs.start_log import StartLog
from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import UserError, WorkerLostError
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.acting_learner import ACTOR, ActingClassifier, acting_context, acting_trial
from tests.contracts.executor_suite import PATIENCE, ExecutorSuite, run_all

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def shared_client():
    with open_cluster(None, 2, "600MiB") as client:
        yield client


@pytest.fixture
def client(shared_client):
    """The client, once workers that an earlier test had killed are back."""
    shared_client.wait_for_workers(2, timeout=60)
    return shared_client


class TestDaskExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def open_executor(cls, shared_client):
        return lambda context: DaskExecutor(shared_client, context)


class HungryClassifier(ActingClassifier):
    """Takes memory and sits on it."""

    def fit(self, X, y):
        self.taken = np.ones(70_000_000)
        time.sleep(self.seconds)
        return super().fit(X, y)


def _hungry(values, context):
    return HungryClassifier("work", values["seconds"])


def test_a_trial_over_the_memory_limit_is_recorded_as_such(client):
    context = replace(acting_context(), learners=(replace(ACTOR, build=_hungry),))
    with DaskExecutor(client, context) as executor:
        outcomes = run_all(executor, [acting_trial(0, "work", seconds=PATIENCE)])
    assert outcomes[0].result.status is TrialStatus.MEMOUT
    assert "memory" in outcomes[0].result.error
    with DaskExecutor(client, acting_context()) as executor:
        outcomes = run_all(executor, [acting_trial(0, "work"), acting_trial(1, "work")])
    assert all(outcome.result.succeeded for outcome in outcomes.values())


def test_scattered_data_survive_the_death_of_every_worker(client, monkeypatch):
    monkeypatch.setattr("espalier.infra.cluster.shared_context._are_own_workers", lambda _: False)
    with DaskExecutor(client, acting_context()) as executor:
        outcomes = run_all(executor, [acting_trial(number, "kill") for number in range(2)])
        assert not any(outcome.result.succeeded for outcome in outcomes.values())
        outcomes = run_all(executor, [acting_trial(number, "work") for number in range(2, 5)])
        assert all(outcome.result.succeeded for outcome in outcomes.values())


class CountedBuild:
    """Builds like `ACTOR`; leaves a line with the process whenever it is unpacked."""

    def __init__(self, log):
        self.log = log

    def __call__(self, values, context):
        return ACTOR.build(values, context)

    def __setstate__(self, state):
        self.__dict__.update(state)
        with open(self.log, "a") as log:
            log.write(f"{os.getpid()}\n")


@pytest.mark.parametrize("own", [True, False])
def test_data_go_out_once_to_each_worker(client, monkeypatch, tmp_path, own):
    monkeypatch.setattr("espalier.infra.cluster.shared_context._are_own_workers", lambda _: own)
    log = tmp_path / "unpacked.log"
    learner = replace(ACTOR, build=CountedBuild(str(log)))
    context = replace(acting_context(), learners=(learner,))
    with DaskExecutor(client, context) as executor:
        trials = [acting_trial(number, "sleep", 0.2) for number in range(8)]
        assert all(each.result.succeeded for each in run_all(executor, trials).values())
    unpacked = log.read_text().split()
    assert sorted(map(int, unpacked)) == sorted(client.run(_pid).values())


def test_a_worker_that_is_killed_from_outside_costs_no_trial(client):
    with DaskExecutor(client, acting_context()) as executor:
        run_all(executor, [acting_trial(0, "work"), acting_trial(1, "work")])
        victim = next(iter(client.run(_pid).values()))
        killer = threading.Timer(0.5, psutil.Process(victim).kill)
        killer.start()
        outcomes = run_all(executor, [acting_trial(number, "sleep", 1.0) for number in (2, 3)])
        killer.join()
        outcomes |= run_all(executor, [acting_trial(4, "work")])
    ended = {number: outcome.result for number, outcome in outcomes.items()}
    assert all(each.succeeded for each in ended.values())


def test_a_thread_is_left_alone_after_a_trial_was_interrupted(client):
    with DaskExecutor(client, acting_context()) as executor:
        for round_ in range(5):  # an interruption that came late would hit the next one
            first = 10 * round_
            executor.submit(acting_trial(first, "sleep", seconds=PATIENCE))
            executor.submit(acting_trial(first + 1, "work"))
            executor.wait(Deadline.after(0.05 * round_))
            executor.stop_pending("told to")
            after = run_all(executor, [acting_trial(first + n, "work") for n in (2, 3, 4)])
            assert all(outcome.result.succeeded for outcome in after.values())


def test_each_trial_is_noted_when_it_begins(client, tmp_path):
    store = RunStore(tmp_path)
    trials = [acting_trial(number, "sleep", seconds=PATIENCE) for number in range(4)]
    with DaskExecutor(client, acting_context(), starts=StartLog(store)) as executor:
        for trial in trials:
            executor.submit(trial)
        for _ in range(20):  # a worker of a busy machine takes its time
            executor.wait(Deadline.after(1.0))
            if len(store.starts()) >= 2:
                break
        executor.wait(Deadline.after(1.0))  # a third one would begin at once
        begun = [record["trial"]["number"] for record in store.starts()]
        executor.stop_pending("told to")
    assert sorted(begun) == [0, 1], "there are two workers; which begins first is chance"


def test_a_scheduler_by_address(client):
    address = client.scheduler.address
    with open_cluster(address, 1) as other, DaskExecutor(other, acting_context()) as executor:
        assert executor.n_workers == 2
        assert run_all(executor, [acting_trial(0, "work")])[0].result.succeeded
    assert len(client.nthreads()) == 2  # it was not ours to close


def test_nothing_at_the_address():
    cluster = Cluster("tcp://127.0.0.1:1", start_seconds=2)
    with (
        cluster,
        pytest.raises(UserError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"),
    ):
        _ = cluster.client


@pytest.mark.parametrize(
    "address", ["nonsense", "", "tls://127.0.0.1:1", "foo://127.0.0.1:1", "inproc://x"]
)
def test_an_address_that_is_none(address):
    with (
        Cluster(address, start_seconds=2) as cluster,
        pytest.raises(UserError, match=f"answers at {address!r}; check the address, such as tcp"),
    ):
        _ = cluster.client


def _loops():
    return {thread for thread in threading.enumerate() if thread.name == "IO loop"}


@pytest.mark.parametrize("address", ["nonsense", "tcp://127.0.0.1:1"])
def test_nothing_is_left_of_a_client_that_could_not_connect(address):
    """A half-open one, collected while an event loop starts, kept that loop from starting."""
    before = _loops()
    with Cluster(address, start_seconds=1) as cluster, pytest.raises(UserError):
        _ = cluster.client
    assert not _loops() - before
    clients = [each for each in gc.get_objects() if isinstance(each, Client)]
    assert "connecting" not in {each.status for each in clients}


def test_a_worker_joins_late_and_no_worker_at_all_is_said():
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=0, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as own:
        with (
            pytest.raises(WorkerLostError, match="no workers"),
            Cluster(own.scheduler_address, start_seconds=0.5) as cluster,
        ):
            _ = cluster.client
        with Cluster(own.scheduler_address) as cluster:  # starts in the background
            own.scale(1)
            with DaskExecutor(cluster.client, acting_context()) as executor:
                assert executor.n_workers == 1
                own.scale(2)
                trials = [acting_trial(number, "sleep", 0.2) for number in range(12)]
                assert all(each.result.succeeded for each in run_all(executor, trials).values())
                assert executor.n_workers == 2


def test_nothing_outlives_the_cluster():
    environment = _environment()
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with open_cluster(None, 1) as client, DaskExecutor(client, acting_context()) as executor:
        executor.submit(acting_trial(0, "hang", seconds=PATIENCE))
        executor.wait(Deadline.after(1.0))
    # The process that workers are forked from, and Python's own tracker, end with this one.
    staying = ("multiprocessing.forkserver", "multiprocessing.resource_tracker")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        left = {
            process.pid
            for process in psutil.Process().children(recursive=True)
            if process.pid not in before and not _says(process, staying)
        }
        if not left:
            break
        time.sleep(0.1)
    assert not left
    assert _environment() == environment


def test_ctrl_c_is_not_for_the_workers(client):
    pids = client.run(_pid)
    for pid in pids.values():
        psutil.Process(pid).send_signal(signal.SIGINT)
    with DaskExecutor(client, acting_context()) as executor:
        outcomes = run_all(executor, [acting_trial(number, "work") for number in range(4)])
    assert all(outcome.result.succeeded for outcome in outcomes.values())
    assert client.run(_pid) == pids


def test_ctrl_c_is_not_for_workers_that_start_after_another_run_connected(client):
    with open_cluster(client.scheduler.address, 1):
        pass
    victim = psutil.Process(next(iter(client.run(_pid).values())))
    victim.kill()
    victim.wait()
    while victim.pid in client.run(_pid, on_error="ignore").values():
        time.sleep(0.05)  # the scheduler has not noticed yet
    client.wait_for_workers(2, timeout=60)
    assert client.run(_interrupts_are_ignored) == dict.fromkeys(client.nthreads(), True)


def _interrupts_are_ignored():
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def _environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("__DASK")}


def _says(process, words):
    try:
        command = process.cmdline()
        forked = psutil.Process(process.ppid()).cmdline() == command  # looks like its parent
    except psutil.Error:
        return True
    return not forked and any(word in " ".join(command) for word in words)


def _pid():
    return os.getpid()
