"""Several runs on one scheduler with real workers: each stops its own jobs, and all get on."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from distributed import LocalCluster

from espalier.infra.cluster import worker_job
from espalier.infra.cluster.cluster import open_cluster
from espalier.infra.cluster.executor import DaskExecutor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.acting_learner import acting_context, acting_trial
from tests.contracts.executor_suite import PATIENCE, run_all
from tests.infra.cluster.dask_processes import ROOT, DaskProcesses

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def address(dask):
    """A scheduler with one worker of one thread."""
    address = dask.scheduler()
    dask.worker(address)
    return address


@pytest.fixture
def runs(address):
    """Two executors on it, as of two trainings."""
    with (
        open_cluster(address, 1) as first,
        open_cluster(address, 1) as second,
        DaskExecutor(first, acting_context()) as a,
        DaskExecutor(second, acting_context()) as b,
    ):
        a.client, b.client = first, second
        yield a, b


def pid_of(client):
    return client.run(os.getpid)


def wait_until(true, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not (reached := true()) and time.monotonic() < end:
        time.sleep(0.05)
    assert reached


def step(executor, seconds=0.1):
    """Step for a moment, without a deadline for the jobs; return what ended."""
    return executor._pool.step(seconds, Deadline(None))


def begin(executor, trial):
    """Submit a trial and step until it has begun."""
    executor.submit(trial)

    def has_begun():
        assert step(executor) == []
        return any(each.has_begun for each in executor._pool._running)

    wait_until(has_begun)


def test_a_run_whose_time_is_up_leaves_the_worker_to_the_trial_of_the_other(runs):
    a, b = runs
    pids = pid_of(a.client)
    begin(a, acting_trial(0, "sleep", 3.0))
    b.submit(acting_trial(0, "work"))
    assert b.wait(Deadline.after(0.6)) == [], "it waits behind the trial of the other run"
    assert b.stop_pending("the time is up") == [], "it never began: no result, no blame"
    (outcome,) = run_all(a, []).values()
    assert outcome.result.succeeded
    assert pid_of(a.client) == pids, "nobody was killed"


def test_only_the_run_whose_trial_hangs_loses_it(runs):
    a, b = runs
    begin(a, acting_trial(0, "hang", PATIENCE, seconds_limit=0.5))
    b.submit(acting_trial(0, "work"))
    assert b.wait(Deadline.after(0.2)) == []
    hung = run_all(a, [])[0].result
    assert hung.status is TrialStatus.TIMEOUT
    assert run_all(b, [])[0].result.succeeded


def test_patience_does_not_run_out_while_another_run_is_at_work(runs, monkeypatch):
    a, b = runs
    pids = pid_of(a.client)
    begin(a, acting_trial(0, "sleep", 2.0))
    monkeypatch.setattr("espalier.pipelines.evaluation.executors.job._BEGIN_SECONDS", 1.0)
    b.submit(acting_trial(0, "work"))
    outcomes = []
    deadline = Deadline.after(PATIENCE)
    while not outcomes and not deadline.passed:
        outcomes = b.wait(Deadline.after(0.2))
    assert outcomes[0].result.succeeded
    assert run_all(a, [])[0].result.succeeded
    assert pid_of(a.client) == pids


def test_two_runs_take_turns_on_one_worker(runs):
    a, b = runs
    order = []
    for number in range(4):
        a.submit(acting_trial(number, "sleep", 0.1))
        b.submit(acting_trial(number, "sleep", 0.1))
    deadline = Deadline.after(PATIENCE)
    while (a.pending or b.pending) and not deadline.passed:
        for name, each in (("a", a), ("b", b)):
            order += [name] * len(step(each, 0.05))
    assert sorted(order) == ["a"] * 4 + ["b"] * 4
    assert {"a", "b"} == set(order[:4]), "neither waits for all trials of the other"


@pytest.mark.parametrize("kind", ["sleep", "hang"])
def test_nothing_computes_after_a_run_was_closed(address, kind):
    """Also of a run by trials, which has no time limit of its own."""
    with open_cluster(address, 1) as client:
        with DaskExecutor(client, acting_context()) as executor:
            begin(executor, acting_trial(0, kind, PATIENCE))
        wait_until(lambda: is_idle(client))


def is_idle(client):
    running = client.run(
        lambda dask_worker: getattr(dask_worker, worker_job._JOB, None) is None, on_error="ignore"
    )
    return bool(running) and all(running.values())


LEAVER = """
import sys
from espalier.infra.cluster.cluster import open_cluster
from espalier.infra.cluster.executor import DaskExecutor
from espalier.pipelines.resources.budget import Deadline
from tests.contracts.acting_learner import acting_context, acting_trial
with open_cluster(sys.argv[1], 1) as client:
    executor = DaskExecutor(client, acting_context())
    executor.submit(acting_trial(0, sys.argv[2], 600.0))
    while not any(each.has_begun for each in executor._pool._running):
        executor._pool.step(0.1, Deadline(None))
    print("begun", flush=True)
    executor.wait(Deadline(None))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sleep", "hang"])
def test_nothing_computes_after_a_runs_process_was_killed(address, kind):
    leaver = subprocess.Popen(
        [sys.executable, "-c", LEAVER, address, kind],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    assert leaver.stdout.readline() == "begun\n"
    leaver.send_signal(signal.SIGKILL)
    leaver.wait()
    with open_cluster(address, 1) as client:
        wait_until(lambda: is_idle(client))


@pytest.mark.slow
def test_a_worker_with_many_threads_has_one_job_at_a_time(dask):
    address = dask.scheduler()
    dask.worker(address, n_threads=4)
    with (
        open_cluster(address, 1) as first,
        open_cluster(address, 1) as second,
        DaskExecutor(first, acting_context()) as a,
        DaskExecutor(second, acting_context()) as b,
    ):
        begin(a, acting_trial(0, "sleep", PATIENCE))
        b.submit(acting_trial(0, "work"))
        assert b.wait(Deadline.after(0.7)) == []
        assert len(a.stop_pending("told to")) == 1
        assert run_all(b, [])[0].result.succeeded


@pytest.mark.slow
def test_an_adaptive_cluster_grows_from_nothing_for_jobs_that_wait():
    with LocalCluster(
        n_workers=0,
        threads_per_worker=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        cluster.adapt(minimum=0, maximum=2, interval="200ms", target_duration="100ms")
        with (
            open_cluster(cluster.scheduler_address, 1, start_seconds=PATIENCE) as client,
            DaskExecutor(client, acting_context()) as executor,
        ):
            for number in range(12):
                executor.submit(acting_trial(number, "sleep", 0.3))
            seen, outcomes, deadline = set(), [], Deadline.after(PATIENCE)
            while executor.pending and not deadline.passed:
                outcomes += executor.wait(deadline)
                seen.add(executor.n_workers)
            assert len(outcomes) == 12
            assert all(each.result.succeeded for each in outcomes)
            assert max(seen) == 2, "it grew to both"


class Worker:
    """What `worker_job` needs of a Dask worker, for a process that is really stopped."""

    def __init__(self, folder):
        self.local_directory = str(folder)


@pytest.mark.parametrize(("running", "killed"), [("ours", True), ("theirs", False), ("", False)])
def test_a_process_is_killed_only_while_it_runs_the_job_that_is_named(tmp_path, running, killed):
    process = subprocess.Popen(["sleep", "60"])
    worker_job._record(Worker(tmp_path), running)

    class Nanny:
        pid, worker_address, worker_dir = process.pid, "tcp://a:1", str(tmp_path)

    try:
        assert worker_job.kill_process("tcp://b:1", "ours", Nanny) is False
        assert worker_job.kill_process("tcp://a:1", "ours", Nanny) is killed
        if killed:
            assert process.wait(10) == -signal.SIGKILL
        else:
            wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING)
    finally:
        process.kill()
        process.wait()
