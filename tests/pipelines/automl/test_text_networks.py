"""A training that names `textnet` trains networks on texts, and serves them without PyTorch."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from espalier import AutoMLClassifier
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.script.write import script_of
from espalier.pipelines.learners.neural import textnet_family
from espalier.pipelines.serving.saved_model import MANIFEST_FILE, requirements, save_model
from tests.deep import need_torch
from tests.pipelines.learners.neural.test_textnet import sentences

OPTIONS = {"time_budget": None, "n_trials": 1, "random_state": 0, "n_jobs": 1, "n_folds": 2}


@pytest.fixture(scope="module")
def reviews():
    rng = np.random.default_rng(0)
    codes = np.arange(60) % 2
    table = pd.DataFrame({"review": sentences(codes, rng), "stars": np.arange(60) % 7.0})
    return table, np.array(["bad", "good"])[codes]


@pytest.fixture(scope="module")
def fitted(reviews):
    need_torch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textnet_family, "default_epochs", lambda shape: 5)
        return AutoMLClassifier(families=["textnet"], **OPTIONS).fit(*reviews)


def test_a_network_is_a_trial_like_any_other(fitted, reviews):
    assert list(fitted.leaderboard_["family"]) == ["textnet"]
    assert fitted.leaderboard_["score"].notna().all()
    assert (fitted.predict(reviews[0]) == reviews[1]).mean() > 0.8


def test_a_model_with_a_network_is_served_without_pytorch(fitted, reviews, tmp_path):
    needed = {each.partition("==")[0] for each in requirements(fitted.model_)}
    assert "onnxruntime" in needed
    assert not {"torch", "onnx"} & needed
    place = save_model(fitted.model_, tmp_path / "model")
    assert json.loads((place / MANIFEST_FILE).read_text())["weights"] == ["texts"]
    rows = reviews[0].head(3)
    rows.to_pickle(tmp_path / "rows.pickle")
    code = (
        "import sys, pandas as pd\n"
        "from espalier.pipelines.serving.saved_model import load_model\n"
        f"model = load_model({str(place)!r})\n"
        f"print(model.predict_proba(pd.read_pickle({str(tmp_path / 'rows.pickle')!r})).tolist())\n"
        "print(sorted({'torch', 'onnx', 'ConfigSpace'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answers, imported = done.stdout.strip().split("\n")
    np.testing.assert_allclose(json.loads(answers), fitted.predict_proba(rows), atol=1e-6)
    assert imported == "[]"


def test_no_script_can_be_written_of_it(fitted):
    with pytest.raises(CannotExportError, match="network of texts"):
        script_of(fitted.model_)


def test_a_table_without_texts_is_refused_in_a_line():
    need_torch()
    table = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30) % 3})
    with pytest.raises(UserError, match="no column of this table holds any"):
        AutoMLClassifier(families=["textnet"], **OPTIONS).fit(table, np.arange(30) % 2)
