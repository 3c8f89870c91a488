import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    TableEntry,
    make_recording_setup,
    read_index,
)


@pytest.fixture
def folder(tmp_path):
    for name, n in (("big", 400), ("small", 50), ("rows", 30)):
        frame = pd.DataFrame({"x": np.arange(n) / n, "y": np.arange(n) % 2})
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "index.csv").write_text(
        "name,task,target\nbig,binary,y\nsmall,binary,y\nrows,forecast,y\n"
    )
    return tmp_path


def test_the_index_gives_the_tables_smallest_first(folder):
    assert [each.name for each in read_index(folder)] == ["small", "big"]
    assert [each.name for each in read_index(folder, ("big",))] == ["big"]


@pytest.mark.parametrize(
    ("index", "tables", "said"),
    [
        (None, (), "no index.csv"),
        ("name,task\nbig,binary\n", (), "lacks the column 'target'"),
        ("name,task,target\nbig,binary,y\n", ("bgi",), "no table 'bgi'"),
        ("name,task,target\ngone,binary,y\n", (), "no file gone"),
        ("name,task,target\nbig,forecast,y\n", (), "no table of the tasks"),
    ],
)
def test_a_wrong_index_is_said(folder, index, tables, said):
    path = folder / "index.csv"
    path.unlink()
    if index is not None:
        path.write_text(index)
    with pytest.raises(UserError, match=said):
        read_index(folder, tables)


def test_rows_are_capped_and_folds_cover_them_once():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=500), "kind": rng.choice(["a", "b"], 500)})
    table["y"] = (table["x"] > 0.8).astype(int)
    entry = TableEntry(name="made", task="binary", target="y", path=None)
    rules = RecordingRules(rows=200, n_folds=3, seed=0)
    place = make_recording_setup(table, entry, rules, fingerprint=fingerprint(table))
    assert place.dataset.shape.n_rows == len(place.context.dataset) == 200
    assert place.dataset.n_rows_whole == 500
    assert place.dataset.metric == "roc_auc"
    assert place.dataset.meta.to_dict()["log_rows"] == pytest.approx(np.log10(500))
    valid = np.concatenate([fold.valid for fold in place.context.folds])
    np.testing.assert_array_equal(np.sort(valid), np.arange(200))
    share = [place.context.dataset.y[fold.valid].mean() for fold in place.context.folds]
    assert max(share) - min(share) < 0.05
    again = make_recording_setup(table, entry, rules, fingerprint=fingerprint(table))
    assert again.dataset == place.dataset
