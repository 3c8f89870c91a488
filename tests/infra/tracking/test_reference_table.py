import numpy as np
import pytest

from espalier.infra.tracking.artifacts import fetch_file
from espalier.infra.tracking.reference_table import (
    PROFILE_FILE,
    ROWS_FILE,
    log_reference,
    read_reference,
)
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.images.looks import Look
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.lifecycle.drift.drift import measure_drift
from espalier.pipelines.lifecycle.drift.reference import sample_rows
from espalier.pipelines.lifecycle.drift.vector_views import VectorView


def kept(settings, rows):
    tracking = Tracking(settings)
    run_id = tracking.start_run("training")
    log_reference(tracking, run_id, rows, target="bought", is_classification=True)
    return run_id, read_reference(settings, run_id)


@pytest.fixture
def sample(raw_rows):
    return sample_rows(raw_rows, list(raw_rows.columns), seed=0, most=100)


def test_rows_come_back_and_are_no_drift(stores, sample, tmp_path):
    run_id, reference = kept(stores, sample)
    assert reference.rows.shape == (100, 7)
    assert fetch_file(stores, run_id, PROFILE_FILE, tmp_path) is None
    drift = measure_drift(reference.profile, sample)
    assert {each.column for each in drift.columns} == set(sample.columns) - {"bought"}
    assert all(each.distance == 0.0 for each in drift.columns)
    assert drift.target.index == 0.0


def test_without_rows_there_are_histograms(stores, sample, raw_rows, tmp_path):
    private = stores.model_copy(update={"keep_reference_rows": 0})
    run_id, reference = kept(private, sample)
    assert reference.rows is None
    assert fetch_file(private, run_id, ROWS_FILE, tmp_path) is None
    moved = raw_rows.assign(number=raw_rows["number"] + 5.0, kind="red")
    drift = measure_drift(reference.profile, moved)
    assert {each.column for each in drift.columns[:2]} == {"number", "kind"}
    assert np.isclose(drift.columns[-1].distance, 0.0, atol=0.15)


def test_a_training_that_kept_nothing_has_nothing(stores):
    run_id = Tracking(stores).start_run("training")
    assert read_reference(stores, run_id) is None


def test_pictures_are_kept_for_others_and_compared_by_their_numbers(stores, sample):
    view = VectorView(
        column="note",
        reading=ImageReading(Look(64)),
        mean=np.zeros(3, dtype=np.float32),
        directions=np.ones((3, 1), dtype=np.float32),
    )
    rows = sample.assign(**{"note": "a.png", "note: looks 1": np.arange(100.0)})
    tracking = Tracking(stores)
    run_id = tracking.start_run("training")
    log_reference(tracking, run_id, rows, target="bought", is_classification=True, views=(view,))
    reference = read_reference(stores, run_id)
    assert [each.column for each in reference.views] == ["note"]
    assert "note" in reference.rows.columns  # explanations ask the model rows with pictures
    names = {each.name for each in reference.profile.columns}
    assert "note: looks 1" in names
    assert "note" not in names
