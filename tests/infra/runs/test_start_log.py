"""A trial under which the whole command dies twice is a failed one; others are not."""

import pytest

from espalier.infra.runs.start_log import REASON, StartLog, fail_deadly
from espalier.infra.runs.store import RunStore
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "run")


def trial(number):
    return Trial(number=number, configuration=Configuration.of("knn", {"k": number + 1}), seed=1)


def timeout(number):
    return TrialOutcome(TrialResult(trial=trial(number), status=TrialStatus.TIMEOUT))


def begin(store, *numbers):
    """Begin trials in a command of their own; it dies unless it is closed."""
    command = StartLog(store)
    for number in numbers:
        command.note(trial(number))
    return command


def test_dying_once_is_nobodys_fault(store):
    begin(store, 0, 1)
    assert fail_deadly(store) == ()
    assert store.results() == ()


def test_dying_twice_under_a_trial_is_its_result(store):
    begin(store, 0)
    store.append(timeout(0))
    begin(store, 1)
    begin(store, 1)
    (failed,) = fail_deadly(store)
    assert failed.trial == trial(1)
    assert (failed.status, failed.error) == (TrialStatus.FAILED, REASON)
    assert store.results() == (timeout(0).result, failed)
    assert fail_deadly(store) == (), "once is enough"


def test_a_worker_that_dies_under_a_trial_is_no_death_of_the_command(store):
    begin(store, 1, 1, 1)
    assert fail_deadly(store) == ()


def test_a_command_that_ends_in_order_accuses_nobody(store):
    begin(store, 1).close()
    begin(store, 1)
    assert fail_deadly(store) == ()
    begin(store, 1)
    assert len(fail_deadly(store)) == 1


def test_a_trial_that_has_a_result_is_not_accused(store):
    begin(store, 1)
    begin(store, 1)
    store.append(timeout(1))
    assert fail_deadly(store) == ()


def test_a_line_that_a_kill_tore_costs_its_start_alone(store):
    begin(store, 1)
    begin(store, 1)
    path = store.folder / "starts.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    begin(store, 1)
    assert len(store.starts()) == 2
    assert len(fail_deadly(store)) == 1


def test_without_a_trial_nothing_is_written(store):
    StartLog(store).close()
    assert not store.folder.exists()
