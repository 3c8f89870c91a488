"""The made series that experience of forecasts can be recorded on."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.experience.recording.recording_setup import RecordingRules, read_index
from espalier.pipelines.experience.recording.series_setup import make_series_setup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made():
    path = ROOT / "benchmarks" / "parts" / "forecasts" / "made_series.py"
    spec = spec_from_file_location("made_series_of_tests", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_recipe_makes_series_that_can_be_recorded(made, tmp_path):
    made.write_sets(tmp_path, seed=0)
    entries = {each.name: each for each in read_index(tmp_path)}
    assert set(entries) == {recipe.name for recipe in made.RECIPES}
    rules = RecordingRules(rows=300, n_folds=2, seed=0)
    for name in ("years_growing", "days_sales", "days_rare", "days_walks"):
        table = pd.read_parquet(entries[name].path)
        assert np.isfinite(table["target"]).all()
        place = make_series_setup(table, entries[name], rules, fingerprint=name)
        assert place.context.origins
        zeros = place.dataset.meta.to_dict()["zero_share"]
        assert (zeros > 0.6) == (name == "days_rare")
        assert ("intermittent" in place.space.families) == (name == "days_rare")


def test_walks_are_known_by_their_changes(made):
    rng = np.random.default_rng(0)
    (recipe,) = (each for each in made.RECIPES if each.name == "days_walks")
    table = made.make_set(recipe, rng)
    for _, part in table.groupby("series"):
        changes = np.diff(np.log(part["target"]))
        assert abs(np.corrcoef(changes[1:], changes[:-1])[0, 1]) < 0.15
