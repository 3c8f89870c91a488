import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from espalier.infra.environment import quiet_environment
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.keep_rows import keep_rows
from espalier.tasks.data.prepare_dataset import prepare_dataset
from espalier.tasks.pickles import write_pickle
from espalier.tasks.records import TableRef, TrainingRun

quiet_environment()


@pytest.fixture(scope="module")
def table():
    """Wine of 178 distinct rows, the first 8 without a target."""
    table = load_wine(as_frame=True).frame.assign(row=np.arange(178))
    table["target"] = table["target"].astype(float)
    table.loc[:7, "target"] = np.nan
    return table


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("home"), tracking_uri=None, registry_uri=None)


def keep(table, settings, folder, **options):
    ref = TableRef(folder=folder, fingerprint=fingerprint(table), n_rows=len(table), schema=())
    write_pickle(table, ref.path)
    request = TrainRequest(data="w", target="target")
    tracking = Tracking(settings)
    run_id = tracking.start_run("training")
    run = TrainingRun(request=request, table=ref, tracking=tracking, run_id=run_id)
    keep_rows.fn(run, prepare_dataset.fn(run), **options)
    return read_training_rows(settings, run_id)


def test_trained_and_held_out_rows_are_told_apart(table, settings, tmp_path):
    kept = keep(table, settings, tmp_path)
    keys = row_keys(table.drop(columns="target"))
    labelled = set(keys[8:])
    assert set(kept.trained) | set(kept.held_out) == labelled
    assert not set(kept.trained) & set(kept.held_out)
    assert set(kept.columns) == {*table.columns} - {"target"}
    held = pd.Series(keys, index=table["row"])[kept.holdout["row"]]
    np.testing.assert_array_equal(held, kept.held_out)


@pytest.mark.parametrize("most", [5, 0])
def test_a_large_holdout_is_sampled_or_left_out(table, settings, tmp_path, most):
    few = settings.model_copy(update={"keep_holdout_rows": most})
    kept = keep(table, few, tmp_path)
    assert len(kept.held_out) > 5
    if most == 0:
        assert kept.holdout is None
    else:
        assert len(kept.holdout) == most
        assert set(row_keys(kept.holdout, kept.columns)) <= set(kept.held_out)


def test_rows_that_the_model_has_learnt_from_are_not_recorded_as_held_out(
    table, settings, tmp_path
):
    kept = keep(table, settings, tmp_path, learnt_all=True)
    assert set(kept.trained) == set(row_keys(table.drop(columns="target"))[8:])
    assert not len(kept.held_out)
    assert kept.holdout is None
    assert kept.learnt_all
