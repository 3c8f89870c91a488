import subprocess
import sys

import psutil
import pytest

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialStatus
from tests.contracts.acting_learner import acting_context, acting_trial
from tests.contracts.executor_suite import ExecutorSuite, run_all


class TestProcessExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def open_executor(cls):
        return lambda context: ProcessExecutor(context, 2)


def test_a_worker_over_its_memory_is_killed_and_its_trial_recorded():
    with ProcessExecutor(acting_context(), 1, memory_limit_mb=1.0) as executor:
        outcomes = run_all(executor, [acting_trial(0, "sleep", seconds=30.0)])
    assert outcomes[0].result.status is TrialStatus.MEMOUT
    assert "MiB" in outcomes[0].result.error


def test_a_worker_that_is_killed_from_outside_costs_no_trial():
    with ProcessExecutor(acting_context(), 1) as executor:
        run_all(executor, [acting_trial(0, "work")])
        executor.submit(acting_trial(1, "sleep", seconds=1.0))
        executor.wait(Deadline.after(0.3))
        executor._workers.processes[0]._process.kill()
        outcomes = run_all(executor, [])
    assert outcomes[1].result.succeeded


def test_fewer_trials_run_at_the_same_time_where_memory_is_short(monkeypatch):
    with ProcessExecutor(acting_context(), 2) as executor:
        run_all(executor, [acting_trial(number, "work") for number in range(4)])
        monkeypatch.setattr(executor._pool, "_gate", MemoryGate(available=lambda: 0.0))
        for number in (4, 5, 6):
            executor.submit(acting_trial(number, "sleep", seconds=0.2))
        seen = set()
        while executor.pending:
            executor.wait(Deadline.after(0.05))
            seen.add(len(executor._pool.running))
    assert seen <= {0, 1}


def test_no_worker_outlives_the_executor():
    before = set(psutil.Process().children(recursive=True))
    with ProcessExecutor(acting_context(), 2) as executor:
        run_all(executor, [acting_trial(0, "work")])
        executor.submit(acting_trial(1, "hang", seconds=30.0))
        started = set(psutil.Process().children(recursive=True)) - before
        assert len(started) == 2
    assert not any(process.is_running() for process in started)


def test_workers_that_cannot_start_are_reported_with_what_they_said():
    executor = ProcessExecutor(acting_context(), 1)
    try:
        executor._workers.context_path.write_bytes(b"not a pickle")
        with pytest.raises(WorkerLostError, match="UnpicklingError"):
            run_all(executor, [acting_trial(0, "work")])
    finally:
        executor.close()


def test_a_worker_starts_without_the_libraries_of_the_platform_and_of_the_families():
    code = (
        "import sys, espalier.pipelines.evaluation.executors.worker_main;"
        "import espalier.pipelines.learners.candidate;"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    for name in ("lightgbm", "xgboost", "catboost", "prefect", "dask", "mlflow", "distributed"):
        assert f"'{name}'" not in shown
