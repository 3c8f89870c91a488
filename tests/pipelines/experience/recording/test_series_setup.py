"""Series are prepared for recording as a training on them would, without their test windows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.record import KnownDataset
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    TableEntry,
    read_index,
)
from espalier.pipelines.experience.recording.series_setup import SeriesCap, make_series_setup
from espalier.pipelines.forecasting.panel import Panel

RULES = RecordingRules(rows=200, n_folds=2, seed=0)


def table(n: int = 4, length: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=length)
    parts = [
        pd.DataFrame({"series": f"s{k}", "time": days, "y": rng.normal(10, 1, length)})
        for k in range(n)
    ]
    return pd.concat(parts, ignore_index=True)


def entry(**given) -> TableEntry:
    usual = {"name": "made", "task": "forecast", "target": "y", "path": Path("made"), "horizon": 5}
    return TableEntry(**usual | given)


def setup(rows=None, **given):
    rows = table() if rows is None else rows
    return make_series_setup(rows, entry(**given), RULES, fingerprint="print")


def test_an_index_lists_series_with_their_horizon(tmp_path):
    table().to_csv(tmp_path / "made.csv", index=False)
    table().to_csv(tmp_path / "other.csv", index=False)
    (tmp_path / "index.csv").write_text(
        "name,task,target,horizon,test_windows,known_covariates\n"
        "made,forecast,y,5,2,price;event\nother,forecast,y,,,\n"
    )
    (found,) = read_index(tmp_path)
    assert (found.name, found.horizon, found.test_windows) == ("made", 5, 2)
    assert found.known_covariates == ("price", "event")
    assert found.is_of_series


def test_test_windows_are_never_seen():
    rows = table()
    changed = rows.copy()
    late = changed.groupby("series").cumcount(ascending=False) < 10
    changed.loc[late, "y"] = 1e6
    one, other = (setup(each, test_windows=2) for each in (rows, changed))
    assert one.dataset.meta == other.dataset.meta
    np.testing.assert_array_equal(one.context.panel.values, other.context.panel.values)
    assert one.dataset.n_rows_whole == 4 * 50


def test_trials_see_as_many_origins_as_are_asked_for():
    place = setup()
    assert place.context.origins == (5, 10)
    assert place.dataset.n_folds == 2
    assert set(place.space.families) == {each.name for each in place.context.learners}
    assert "intermittent" not in place.space.families


def test_a_horizon_is_a_target_of_its_own():
    one, other = setup(), setup(horizon=6)
    assert one.dataset.content != other.dataset.content
    assert one.dataset.key != other.dataset.key


def test_what_is_known_of_series_is_written_and_read():
    known = setup().dataset
    again = KnownDataset.from_dict(known.to_dict())
    assert again.is_of_series
    assert again.key == known.key
    assert again.scored_by.name == "mase"
    assert not again.scored_by.higher_is_better


def test_the_newest_values_of_drawn_series_are_kept():
    panel = Panel.of([np.arange(100.0) + 1000 * k for k in range(30)])
    cut = SeriesCap(series=10, values=200).cut(panel, 0)
    assert len(cut) == 10
    assert (cut.lengths == 20).all()
    assert all(cut.series(k)[-1] % 1000 == 99 for k in range(10))
    assert (cut.phase() == panel.phase()[:10]).all()


def test_series_too_short_are_refused():
    with pytest.raises(UserError, match="no series has two values"):
        setup(table(length=11), test_windows=2)
