import pytest

from espalier.pipelines.evaluation.executors import gradual_executor
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.executors.gradual_executor import GradualExecutor
from espalier.pipelines.resources.budget import Deadline
from tests.contracts.acting_learner import acting_context, acting_trial
from tests.contracts.executor_suite import ExecutorSuite


def no_workers():
    raise AssertionError("workers do not pay here")


class TestBeforeWorkersStart(ExecutorSuite):
    kills_hung_trials = False
    survives_dead_workers = False
    runs_here = True

    @pytest.fixture(scope="class")
    @classmethod
    def open_executor(cls):
        return lambda context: GradualExecutor(context, 2, 0, no_workers)


class Workers(SerialExecutor):
    closed = False

    def close(self):
        super().close()
        self.closed = True


def run(n_trials, seconds, n_workers=2):
    """Return how many trials ran before workers were opened, None if they never were."""
    opened, ended = [], 0
    workers = Workers(acting_context())

    def open_workers():
        opened.append(ended)
        return workers

    with GradualExecutor(acting_context(), n_workers, n_trials, open_workers) as executor:
        numbers = []
        for first in range(0, n_trials, 4):
            for number in range(first, min(first + 4, n_trials)):
                executor.submit(acting_trial(number, "sleep", seconds))
            while executor.pending:
                outcomes = executor.wait(Deadline(None))
                assert all(each.result.succeeded for each in outcomes)
                numbers += [each.result.trial.number for each in outcomes]
                ended = len(numbers)
    assert numbers == list(range(n_trials))
    assert workers.closed == bool(opened)
    assert len(opened) <= 1
    return opened[0] if opened else None


def test_no_workers_start_for_a_few_quick_trials():
    assert run(3, 0.0) is None


def test_workers_start_after_a_trial_that_shows_that_they_pay(monkeypatch):
    monkeypatch.setattr(gradual_executor, "START_SECONDS", 0.1)
    # Each trial has two folds: all of them take far longer than that.
    assert run(12, 0.02) == 1
    assert run(12, 0.02, n_workers=1) is None  # of one core nothing can be saved
