"""The estimators take columns of pictures as any other column."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.automl.inputs import prepared_dataset
from espalier.pipelines.data.leakage import count_duplicates
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.embedding import BATCH
from espalier.pipelines.images.lite0 import WIDTH, Lite0
from espalier.pipelines.serving.saved_model import load_model, requirements, save_model
from tests.picture_maker import as_bytes, class_folders, shape_picture

OPTIONS = {"time_budget": None, "n_trials": 2, "families": ["linear", "bayes"], "random_state": 0}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = class_folders(tmp_path_factory.mktemp("data") / "shapes", 16)
    paths = sorted(each.relative_to(root).as_posix() for each in root.rglob("*.png"))
    table = pd.DataFrame({"path": paths, "size": np.arange(len(paths)) % 7.0})
    return table, np.array([each.split("/")[0] for each in paths]), root


@pytest.fixture(scope="module")
def fitted(shapes):
    table, y, root = shapes
    return AutoMLClassifier(image_root=root, **OPTIONS).fit(table, y)


def test_pictures_mix_with_ordinary_columns(fitted, shapes, monkeypatch, tmp_path):
    table, _, root = shapes
    assert fitted.cv_score_ > 0.9
    roles = fitted.model_.preparation.roles
    assert roles == {"path": ColumnRole.IMAGE, "size": ColumnRole.NUMERIC}
    new = [as_bytes(shape_picture(kind, 99), "JPEG") for kind in ("disc", "square")]
    answers = fitted.predict_proba(pd.DataFrame({"path": new, "size": [1.0, 2.0]}))
    assert answers.shape == (2, 2)
    # A path, its bytes and its pixels are one picture.
    monkeypatch.chdir(tmp_path)
    path = root / table["path"][0]
    same = pd.DataFrame(
        {
            "path": [table["path"][0], str(path), path.read_bytes(), shape_picture("disc", 0)],
            "size": 0.0,
        }
    )
    scores = fitted.predict_proba(same)
    np.testing.assert_allclose(scores, np.repeat(scores[:1], 4, axis=0), atol=1e-3)


def test_missing_and_broken_pictures_are_answered(fitted):
    rows = pd.DataFrame({"path": [None, "nowhere.png", b"no picture"], "size": [1.0, 2.0, None]})
    assert np.isfinite(fitted.predict_proba(rows)).all()


def test_a_saved_model_needs_no_file_of_the_training(shapes, tmp_path):
    root = class_folders(tmp_path / "own", 10)
    paths = [str(each) for each in sorted(root.rglob("*.png"))]
    y = ["disc" in each for each in paths]
    model = AutoMLClassifier(**OPTIONS).fit(pd.DataFrame({"photo": paths}), y)
    place = save_model(model.model_, tmp_path / "saved")
    pins = " ".join(requirements(model.model_))
    assert "onnxruntime==" in pins
    assert "pillow==" in pins
    content = (root / "disc" / "0.png").read_bytes()
    for each in root.rglob("*.png"):
        each.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it answers its golden rows as before
        again = load_model(place)
    rows = pd.DataFrame({"photo": [content]})
    np.testing.assert_allclose(again.predict_proba(rows), model.predict_proba(rows), atol=1e-6)
    assert pickle.loads(pickle.dumps(model)).predict(rows) == model.predict(rows)


def test_several_columns_and_a_number_to_predict():
    rng = np.random.default_rng(0)
    n = 24
    radius = rng.uniform(6, 20, n)
    table = pd.DataFrame(
        {
            "front": [as_bytes(shape_picture("disc", at)) for at in range(n)],
            "back": [as_bytes(shape_picture("square", at)) for at in range(n)],
            "weight": radius * 2,
        }
    )
    model = AutoMLRegressor(**{**OPTIONS, "families": ["linear"]}).fit(table, radius)
    assert list(model.model_.preparation.roles.values())[:2] == [ColumnRole.IMAGE] * 2
    error = np.sqrt(np.mean((model.predict(table) - radius) ** 2))
    assert error < radius.std()


def test_which_columns_are_pictures_can_be_said(shapes):
    table, y, root = shapes
    with pytest.raises(UserError, match="image column 'photo'"):
        AutoMLClassifier(image_columns=["photo"], **OPTIONS).fit(table, y)
    words = AutoMLClassifier(image_columns=[], image_root=root, **OPTIONS).fit(table, y)
    assert ColumnRole.IMAGE not in words.model_.preparation.roles.values()


def test_the_same_seed_gives_the_same_leaderboard(fitted, shapes):
    table, y, root = shapes
    again = AutoMLClassifier(image_root=root, **OPTIONS).fit(table, y)
    assert again.leaderboard_["score"].tolist() == fitted.leaderboard_["score"].tolist()


def test_equal_pictures_across_the_holdout_are_counted(shapes):
    table, y, root = shapes
    twice = pd.concat([table, table], ignore_index=True)
    whole, _ = prepared_dataset(
        twice,
        pd.Series(np.concatenate([y, y])),
        "classification",
        None,
        None,
        FrozenFeatures(image_root=str(root)),
    )
    first, second = np.arange(len(table)), np.arange(len(table), 2 * len(table))
    assert count_duplicates(whole, first, second) == len(table)
    assert count_duplicates(whole, first[:5], second[5:]) == 0


def test_a_second_search_on_the_same_pictures_embeds_nothing_again(shapes, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("ESPALIER_HOME", raising=False)
    table, _, root = shapes
    embedded = []
    real = Lite0.embed

    def counted(self, contents):
        embedded.append(len(contents))
        return real(self, contents)

    monkeypatch.setattr(Lite0, "embed", counted)
    frozen = FrozenFeatures(image_columns=("path",), image_root=str(root))
    first = frozen.pictures(table)
    assert sum(embedded) == first.n_computed == table["path"].nunique()
    again = frozen.pictures(table)
    assert again.n_computed == 0
    assert sum(embedded) == first.n_computed
    assert again.n_pictures == first.n_pictures


def test_the_memory_of_reading_pictures_does_not_grow_with_their_number(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("ESPALIER_HOME", raising=False)
    held = []

    def counted(self, contents):
        held.append(len(contents))
        # Vectors as the network's; running it is not what is looked at.
        return [np.zeros(WIDTH, dtype=np.float32) for _ in contents]

    monkeypatch.setattr(Lite0, "embed", counted)
    root = tmp_path / "many"
    root.mkdir()
    content = as_bytes(shape_picture("disc", 0, 256))
    names = [f"{at}.png" for at in range(1_000)]
    for at, name in enumerate(names):
        (root / name).write_bytes(content + at.to_bytes(2, "big"))  # each another content
    table = pd.DataFrame({"photo": names})
    frozen = FrozenFeatures(image_columns=("photo",), image_root=str(root))
    tracemalloc.start()
    found = frozen.pictures(table)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.n_computed == 1_000
    assert max(held) <= BATCH
    vectors = 1_000 * 2 * WIDTH
    block = BATCH * (len(content) + 6 * WIDTH)
    assert peak < vectors + 4 * block + (8 << 20)
