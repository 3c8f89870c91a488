import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine

from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.errors import UserError
from espalier.pipelines.images import pixels
from espalier.pipelines.images.looks import Look
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.early_table import EarlyTable
from espalier.tasks.data.load_table import load_table
from espalier.tasks.data.prepare_dataset import prepare_dataset
from espalier.tasks.pickles import read_pickle, write_pickle
from espalier.tasks.records import (
    NOTHING_INHERITED,
    InheritedTraining,
    PicturesRecord,
    TableRef,
    TrainingRun,
)
from tests.picture_maker import class_folders

ASK = TrainRequest(data="wine.csv", target="target")


def staged(table, folder):
    ref = TableRef(folder=folder, fingerprint=fingerprint(table), n_rows=len(table), schema=())
    write_pickle(table, ref.path)
    return ref


def prepare(table, folder, request, *more):
    run = TrainingRun(request=request, table=staged(table, folder), tracking=Tracking(Settings()))
    return prepare_dataset.fn(run, *more)


def wine():
    return load_wine(as_frame=True).frame


def test_search_and_holdout_share_no_row_and_lose_none(tmp_path):
    table = wine().assign(row=np.arange(178) + 0.5)
    prepared = prepare(table, tmp_path, TrainRequest(data="w", target="target"))
    data = read_pickle(prepared.path)
    searched = set(data.search.X["row"])
    held = set(data.holdout_rows["row"])
    assert not searched & held
    assert len(searched | held) == 178
    assert (prepared.shape.n_rows, prepared.n_holdout) == (len(searched), len(held))
    assert prepared.n_folds == len(data.folds)
    assert prepared.metric == "log_loss"


def test_folds_follow_the_time_unless_asked_for_and_stay(tmp_path):
    def folds_of(place, n_workers=1, **asked):
        table = pd.concat([wine()] * 40, ignore_index=True)
        request = TrainRequest(data="w", target="target", **asked)
        return prepare(table, tmp_path / place, request, NOTHING_INHERITED, n_workers)

    hurried = folds_of("hurried", time_budget="20s")
    assert hurried.n_folds == 1
    assert any("--folds 5" in note for note in hurried.notes)
    patient = folds_of("patient", time_budget="1h")
    assert patient.n_folds == 8
    assert not any("--folds" in note for note in patient.notes)
    assert folds_of("asked", time_budget="20s", folds=4).n_folds == 4
    # More time for the same run, as an extension has: its trials were scored on one split.
    again = folds_of("hurried", time_budget="1h", n_workers=8)
    assert again.n_folds == 1
    assert again.digest == hurried.digest
    assert any("on record" in note for note in again.notes)
    assert not any("--folds" in note for note in again.notes)  # which an extension cannot change


def test_pixels_follow_the_time_and_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(pixels, "has_deep", lambda: True)
    # No other test shall find these pictures in the store.
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    root = class_folders(tmp_path / "shapes", 12)
    paths = sorted(map(str, root.rglob("*.png")))
    table = pd.DataFrame({"photo": paths, "kind": [path.split("/")[-2] for path in paths]})
    record = PicturesRecord(columns=("photo",), look=Look(64))

    def prepared(place, **asked):
        request = TrainRequest(data="w", target="kind", **asked)
        return prepare(table, tmp_path / place, request, NOTHING_INHERITED, 1, record)

    first = prepared("first", time_budget="60s")
    assert first.shape.pixel_side == 64
    assert "convnet" in [each.name for each in read_pickle(first.path).learners]
    # Less time for the same run, as an extension may have: its networks have seen these pixels.
    again = prepared("first", time_budget="0.01s")
    assert again.shape.pixel_side == 64
    assert again.digest == first.digest
    hurried = prepared("hurried", time_budget="0.01s")
    assert hurried.shape.pixel_side == 0
    assert prepared("hurried", time_budget="60s").digest == hurried.digest
    named = prepared("named", time_budget="60s", families=["linear"])
    assert named.shape.pixel_side == 0


def test_the_holdout_is_kept_as_it_was_read(tmp_path):
    table = wine()
    table["target"] = table["target"].map({0: "red", 1: "white", 2: "rose"})
    prepared = prepare(table, tmp_path, TrainRequest(data="w", target="target"))
    data = read_pickle(prepared.path)
    labels = data.search.classes[data.holdout_y]
    assert list(labels) == list(data.holdout_rows["target"])


def test_a_copy_of_the_target_is_left_out_aloud(tmp_path):
    table = load_diabetes(as_frame=True).frame
    table["same"] = 2 * table["target"] + 1
    prepared = prepare(table, tmp_path, TrainRequest(data="d", target="target"))
    data = read_pickle(prepared.path)
    assert "same" not in data.search.X
    assert "same" not in data.preparation.columns
    assert any("'same'" in line for line in prepared.warnings)
    assert any(name == "same" for name, _ in prepared.set_aside)


def test_a_target_that_follows_exactly_from_the_only_column_is_learned_aloud(tmp_path):
    units = np.round(np.random.default_rng(0).lognormal(7, 1, 100)).astype(int)
    table = pd.DataFrame({"units": units, "y": np.round(units / 100, 3)})
    prepared = prepare(table, tmp_path, TrainRequest(data="t", target="y", task="regression"))
    assert list(read_pickle(prepared.path).search.X) == ["units"]
    assert any("'units'" in line and "no other column" in line for line in prepared.warnings)


def test_a_table_of_nothing_but_the_target_is_refused(tmp_path):
    y = np.tile([0, 1], 50)
    table = pd.DataFrame({"y": y, "copy": np.where(y == 1, "yes", "no")})
    with pytest.raises(UserError, match="no feature is left"):
        prepare(table, tmp_path, TrainRequest(data="t", target="y"))


def test_rows_without_a_target_are_counted_aloud(tmp_path):
    table = wine()
    table["target"] = table["target"].astype(float)
    table.loc[:9, "target"] = np.nan
    prepared = prepare(table, tmp_path, TrainRequest(data="w", target="target"))
    assert prepared.shape.n_rows + prepared.n_holdout == 168
    assert any("10 of 178 rows" in line for line in prepared.notes)


def test_the_run_folder_is_named_after_content_and_request(tmp_path):
    source = tmp_path / "wine.csv"
    wine().to_csv(source, index=False)
    ask = TrainRequest(data=str(source), target="target", trials=3)

    def stage(request):
        return load_table.fn(EarlyTable(request, tmp_path / "runs"))

    one = stage(ask)
    moved = tmp_path / "again" / "wine.csv"
    moved.parent.mkdir()
    source.rename(moved)
    assert stage(ask.model_copy(update={"data": str(moved)})) == one
    other = stage(ask.model_copy(update={"data": str(moved), "seed": 1}))
    assert other.folder != one.folder
    assert dict(one.schema)["alcohol"] == "float64"


def test_rows_that_were_held_out_stay_held_out(tmp_path):
    table = wine().assign(row=np.arange(178) + 0.5)
    first = prepare(table[:120], tmp_path / "1", ASK)
    before = read_pickle(first.path)
    keys = row_keys(table[:120])
    rows_path = tmp_path / "rows.npz"
    np.savez(
        rows_path,
        columns=np.array(list(table.columns)),
        trained=keys[before.search_positions],
        held_out=keys[before.holdout_positions],
    )
    inherited = InheritedTraining(version="wine/1", rows_path=rows_path)
    shuffled = table.sample(frac=1.0, random_state=0).reset_index(drop=True)
    again = prepare(shuffled, tmp_path / "2", ASK, inherited)
    now = read_pickle(again.path)
    held = set(now.holdout_rows["row"])
    assert set(before.holdout_rows["row"]) <= held
    assert not held & set(before.search.X["row"])
    assert len(held) > len(before.holdout_rows)
    assert any("wine/1: 24 hold-out rows are kept" in note for note in again.notes)


def test_a_version_without_row_keys_is_said_to_have_none(tmp_path):
    prepared = prepare(wine(), tmp_path, ASK, InheritedTraining(version="wine/1"))
    assert any("wine/1 kept no row keys" in note for note in prepared.notes)
