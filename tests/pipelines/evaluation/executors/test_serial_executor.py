import pytest

from espalier.pipelines.evaluation.executors.base import SerialExecutor
from tests.contracts.executor_suite import ExecutorSuite


class TestSerialExecutor(ExecutorSuite):
    kills_hung_trials = False
    survives_dead_workers = False
    runs_here = True

    @pytest.fixture(scope="class")
    @classmethod
    def open_executor(cls):
        return SerialExecutor
