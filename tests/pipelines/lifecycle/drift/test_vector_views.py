"""Drift of what pictures show and sentences say, not of their paths."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.images.looks import Look
from espalier.pipelines.lifecycle.drift.drift import DriftLimits, measure_drift
from espalier.pipelines.lifecycle.drift.reference import profile_table
from espalier.pipelines.lifecycle.drift.vector_views import (
    as_seen,
    views_from_json,
    views_of,
    views_to_json,
)
from tests.picture_maker import shape_picture


def _rows(kinds, first, tmp_path):
    paths = []
    for at, kind in enumerate(kinds, first):
        paths.append(str(tmp_path / f"{kind}_{at}.png"))
        shape_picture(kind, at).save(paths[-1])
    return pd.DataFrame(
        {"photo": paths, "n": np.arange(len(paths)) % 5, "y": ["a", "b"] * (len(paths) // 2)}
    )


@pytest.fixture
def reference(tmp_path):
    rows = _rows(["disc", "square"] * 30, 0, tmp_path)
    made = assemble(
        rows, target="y", frozen=FrozenFeatures(image_columns=("photo",), image_look=Look(64))
    )
    views = views_from_json(views_to_json(views_of(rows, made.preparation)))
    return views, profile_table(as_seen(rows, views), target="y", is_classification=True)


def _drift(reference, rows):
    views, profile = reference
    return measure_drift(profile, as_seen(rows, views))


def test_new_paths_of_the_same_kind_of_pictures_are_no_drift(reference, tmp_path):
    drift = _drift(reference, _rows(["disc", "square"] * 30, 500, tmp_path))
    assert {each.column for each in drift.columns} == {
        "n",
        *(f"photo: looks {at}" for at in range(1, 7)),
    }
    assert not drift.drifted(DriftLimits())


def test_another_kind_of_picture_is_drift(reference, tmp_path):
    drift = _drift(reference, _rows(["disc"] * 60, 500, tmp_path))
    moved = {each.column for each in drift.drifted(DriftLimits())}
    assert moved
    assert all(each.startswith("photo: looks") for each in moved)


def test_pictures_that_cannot_be_used_any_more_are_drift(reference, tmp_path):
    rows = _rows(["disc", "square"] * 30, 500, tmp_path)
    rows.loc[:35, "photo"] = "gone.png"
    drift = _drift(reference, rows)
    found = next(each for each in drift.columns if each.column.startswith("photo"))
    assert found.missing_now == pytest.approx(0.6)
    assert found in drift.drifted(DriftLimits())


def test_sentences_of_another_subject_are_drift(monkeypatch):
    monkeypatch.setattr("espalier.pipelines.texts.columns.has_minilm", lambda: False)
    food = ["the soup was", "we ordered a", "tasty bread and", "the cook served", "a plate of"]
    law = [
        "the court ruled",
        "a judge denied",
        "under section nine",
        "the appeal was",
        "counsel for",
    ]
    ends = [
        "with a long sigh today",
        "again in the late evening",
        "for all of us there",
        "as ever before",
    ]

    def rows(starts, seed):
        rng = np.random.default_rng(seed)
        texts = [
            f"{starts[rng.integers(5)]} {ends[rng.integers(4)]} {rng.integers(99)}"
            for _ in range(60)
        ]
        return pd.DataFrame({"said": texts, "y": rng.integers(0, 2, 60)})

    before = rows(food, 0)
    made = assemble(before, target="y", frozen=FrozenFeatures(image_columns=()))
    views = views_of(before, made.preparation)
    assert [view.column for view in views] == ["said"]
    profile = profile_table(as_seen(before, views), target="y", is_classification=True)
    same = measure_drift(profile, as_seen(rows(food, 1), views))
    other = measure_drift(profile, as_seen(rows(law, 2), views))
    assert not same.drifted(DriftLimits())
    assert any(each.column.startswith("said: meaning") for each in other.drifted(DriftLimits()))
    assert "said" in {each.column for each in other.columns}  # its length is compared as before
