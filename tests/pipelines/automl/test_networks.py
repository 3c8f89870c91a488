"""A training on pictures trains networks too, and serves them without PyTorch."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLClassifier
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.images import pixels
from espalier.pipelines.images.lite0 import FILE
from espalier.pipelines.images.looks import LOOKS
from espalier.pipelines.images.reading import ImageReading
from espalier.pipelines.learners.families.linear import LINEAR
from espalier.pipelines.learners.neural import convnet_family, supernet_family
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.members.shared_reading import NO_READING
from espalier.pipelines.serving.latency import measure_reading
from espalier.pipelines.serving.saved_model import requirements, save_model
from tests.deep import need_torch
from tests.picture_maker import class_folders

OPTIONS = {"time_budget": None, "n_trials": 2, "random_state": 0, "n_jobs": 1, "n_folds": 2}


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = class_folders(tmp_path_factory.mktemp("data") / "shapes", 12)
    paths = sorted(each.relative_to(root).as_posix() for each in root.rglob("*.png"))
    table = pd.DataFrame({"path": paths, "size": np.arange(len(paths)) % 7.0})
    return table, np.array([each.split("/")[0] for each in paths]), root


@pytest.fixture(scope="module")
def fitted(shapes):
    need_torch()
    return trained(shapes, ["convnet"], 1)


def trained(shapes, families, n_trials, **more):
    table, y, root = shapes
    with pytest.MonkeyPatch.context() as patch:  # a few epochs of the smallest pictures will do
        patch.setattr(pixels, "SIDES", (16,))
        patch.setattr(convnet_family, "default_epochs", lambda shape: 5)
        options = OPTIONS | {"n_trials": n_trials} | more
        return AutoMLClassifier(image_root=root, families=families, **options).fit(table, y)


def test_a_network_is_a_trial_like_any_other(fitted):
    assert list(fitted.leaderboard_["family"]) == ["convnet"]
    assert fitted.leaderboard_["score"].notna().all()
    assert fitted.model_.preparation.roles["pixels of path"] is ColumnRole.PIXELS
    assert fitted.n_features_in_ == 2
    assert list(fitted.leaderboard_["variant"]) == [""]


def test_a_search_of_networks_alone_spends_no_time_on_frozen_features(fitted):
    looks = {
        plan.reading.look
        for plan in fitted.model_.preparation.plans
        if isinstance(plan.reading, ImageReading)
    }
    assert looks == {LOOKS[-1]}


@pytest.mark.slow
def test_a_differentiable_search_begins_with_what_a_supernet_proposes(shapes, monkeypatch):
    need_torch()
    monkeypatch.setattr(supernet_family, "N_STAGES", 2)
    monkeypatch.setattr(supernet_family, "MOST_DEPTH", 2)
    fitted = trained(shapes, ["linear", "convnet"], 4, search="differentiable")
    board = fitted.leaderboard_.sort_values("trial")
    assert list(board["family"])[:3] == ["convnet"] * 3
    assert [each["mixed"] for each in board["configuration"][:3]] == [True] * 3
    assert board["score"].notna().all()


@pytest.mark.slow
def test_pixels_do_not_touch_the_other_families(shapes):
    need_torch()
    both = trained(shapes, ["linear", "convnet"], 3).leaderboard_
    alone = trained(shapes, ["linear"], 2)
    assert "pixels of path" not in alone.model_.preparation.roles
    assert "convnet" in list(both["family"])
    linear = both.loc[both["family"] == "linear", "score"]
    assert sorted(linear) == sorted(alone.leaderboard_["score"])


def test_a_model_with_a_network_is_served_without_pytorch(fitted, shapes, tmp_path):
    table, _, root = shapes
    needed = {each.partition("==")[0] for each in requirements(fitted.model_)}
    assert {"onnxruntime", "pillow"} <= needed
    assert not {"torch", "onnx"} & needed
    place = save_model(fitted.model_, tmp_path / "model")
    rows = table.head(3).assign(path=[str(root / each) for each in table["path"].head(3)])
    rows.to_pickle(tmp_path / "rows.pickle")
    code = (
        "import sys, pandas as pd\n"
        "from espalier.pipelines.serving.saved_model import load_model\n"
        f"model = load_model({str(place)!r})\n"
        f"print(model.predict_proba(pd.read_pickle({str(tmp_path / 'rows.pickle')!r})).tolist())\n"
        "print(sorted({'torch', 'onnx'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answers, imported = done.stdout.strip().split("\n")
    np.testing.assert_allclose(json.loads(answers), fitted.predict_proba(rows), atol=1e-6)
    assert imported == "[]"


def test_networks_alone_answer_without_what_a_frozen_network_sees(fitted, shapes, monkeypatch):
    table, _, _ = shapes
    expected = fitted.predict_proba(table.head(5))

    def read(self, series):
        raise AssertionError("no member reads these vectors")

    monkeypatch.setattr(ImageReading, "read", read)
    np.testing.assert_array_equal(fitted.predict_proba(table.head(5)), expected)


def test_the_frozen_network_counts_for_those_who_need_it(fitted):
    model = fitted.model_
    found = measure_reading(model.preparation, model.example, [CONVNET, LINEAR])
    assert found.latency > 0
    assert found.size == pytest.approx(FILE.stat().st_size / 2**20)
    assert found.without == {"convnet"}
    alone = replace(model.preparation, plans=model.preparation.plans[1:2])
    assert alone.roles == {"size": ColumnRole.NUMERIC}
    assert measure_reading(alone, model.example, [LINEAR]) == NO_READING


def test_a_network_that_is_named_without_pictures_is_refused():
    need_torch()
    table = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30) % 3})
    with pytest.raises(UserError, match="needs a column of them"):
        AutoMLClassifier(families=["convnet"], **OPTIONS).fit(table, np.arange(30) % 2)
