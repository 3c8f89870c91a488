import numpy as np
import pandas as pd
import pytest

from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import (
    TrainingRows,
    log_training_rows,
    read_training_rows,
    write_any_parquet,
)
from espalier.pipelines.data.row_keys import key_columns, row_keys


@pytest.fixture(scope="module")
def tracking(stores):
    return Tracking(stores)


def kept(table, holdout=None):
    keys = row_keys(table)
    return TrainingRows(
        columns=key_columns(table), trained=keys[10:], held_out=keys[:10], holdout=holdout
    )


def test_rows_come_back_as_they_were_kept(tracking, stores, raw_rows):
    run_id = tracking.start_run("training")
    log_training_rows(tracking, run_id, kept(raw_rows, raw_rows.head(10)))
    back = read_training_rows(stores, run_id)
    assert back.columns == tuple(raw_rows.columns)
    np.testing.assert_array_equal(back.trained, row_keys(raw_rows)[10:])
    np.testing.assert_array_equal(row_keys(back.holdout, back.columns), back.held_out)


def test_keys_alone_can_be_kept(tracking, stores, raw_rows):
    run_id = tracking.start_run("training")
    log_training_rows(tracking, run_id, kept(raw_rows))
    assert read_training_rows(stores, run_id).holdout is None


@pytest.mark.parametrize("scheme", [None, 999])
def test_what_cannot_be_compared_is_no_answer(tracking, stores, raw_rows, monkeypatch, scheme):
    run_id = tracking.start_run("training")
    if scheme is not None:
        monkeypatch.setattr("espalier.infra.tracking.training_rows.SCHEME", scheme)
        log_training_rows(tracking, run_id, kept(raw_rows))
        monkeypatch.undo()
    assert read_training_rows(stores, run_id) is None
    assert read_training_rows(stores, "0" * 32) is None


def test_parquet_takes_any_column(tmp_path):
    n = 6
    odd = pd.DataFrame(
        {
            "list": [[1], [2, 3], None, [], [4], [5]],
            "dict": [{"a": 1}, None, {}, {"b": 2}, {"c": 3}, {"d": 4}],
            "mixed": [1, "two", None, 3.5, True, b"x"],
            "complex": np.arange(n) * 1j,
            "half": np.arange(n, dtype="float16"),
            "period": pd.period_range("2024-01", periods=n, freq="M"),
            "span": pd.to_timedelta(np.arange(n), unit="h"),
            "interval": pd.cut(np.arange(n), 3),
            "nothing": [None] * n,
            "zone": pd.date_range("2024-01-01", periods=n, tz="Europe/Rome"),
            "flag": pd.array([True, None, False, True, None, True], dtype="boolean"),
        }
    )
    odd[3] = 1
    odd.insert(0, "half ", odd["half"])
    odd.columns = [*odd.columns[:-1], "half"]
    write_any_parquet(odd, tmp_path / "odd.parquet")
    back = pd.read_parquet(tmp_path / "odd.parquet")
    assert back.shape == odd.shape
    np.testing.assert_array_equal(row_keys(back), row_keys(odd))
