import sqlite3

import pytest
import sqlalchemy.exc

from espalier.pipelines.errors import (
    DataRefusedError,
    StoreUnavailableError,
    UserError,
    WorkerLostError,
)
from espalier.tasks.data import load_table, prepare_dataset, profile_dataset, validate_table
from espalier.tasks.ensemble import build_ensemble, evaluate_ensemble, register_ensemble
from espalier.tasks.policies import KeptTask, can_pass, retry_if_it_can_pass
from espalier.tasks.search import evaluate_batch, log_trials, open_run


@pytest.mark.parametrize(
    "error",
    [
        WorkerLostError("gone"),
        StoreUnavailableError("locked"),
        TimeoutError(),
        ConnectionResetError(),
        OSError(28, "No space left on device"),
        sqlalchemy.exc.OperationalError("x", {}, sqlite3.OperationalError("database is locked")),
        sqlite3.OperationalError("database is locked"),
    ],
)
def test_errors_that_can_pass(error):
    assert can_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        UserError("no such column"),
        DataRefusedError("refused"),
        FileNotFoundError("x.csv"),
        PermissionError("x.csv"),
        ValueError("a bug"),
        KeyError("a bug"),
        sqlite3.OperationalError("no such table: x"),
    ],
)
def test_errors_that_stay(error):
    assert not can_pass(error)


@pytest.mark.parametrize(
    "task",
    [
        load_table.load_table,
        validate_table.validate_table,
        prepare_dataset.prepare_dataset,
        profile_dataset.profile_dataset,
        evaluate_batch.evaluate_batch,
        log_trials.log_trials,
        open_run.open_run,
        build_ensemble.build_ensemble,
        evaluate_ensemble.evaluate_ensemble,
        register_ensemble.register_ensemble,
    ],
    ids=lambda task: task.name,
)
def test_every_task_waits_longer_each_time_and_knows_what_can_pass(task):
    assert task.retries == 3
    assert task.retry_delay_seconds == [1, 2, 4]
    assert task.retry_jitter_factor > 0
    assert task.retry_condition_fn is retry_if_it_can_pass
    assert "espalier" in task.tags
    assert task.description


def test_results_are_kept_in_the_run_folder(tmp_path):
    kept = validate_table.validate_table.in_folder(tmp_path)
    assert isinstance(validate_table.validate_table, KeptTask)
    assert kept.persist_result
    assert kept.result_storage == tmp_path / "results"
    assert kept.retries == validate_table.validate_table.retries
