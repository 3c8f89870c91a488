"""`espalier export`: the file it writes, what it says, and its exit status."""

import os
from contextlib import chdir
from unittest.mock import patch

import onnxruntime
import pytest

from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.serving.saved_model import save_model


@pytest.fixture(scope="module")
def shop(espalier_in, visits, tmp_path_factory):
    """A folder with two registered models, of which only the first can be exported."""
    from espalier.infra.registry.registry import register_version
    from espalier.infra.settings import load_settings
    from espalier.infra.tracking.tracking import Tracking

    espalier = espalier_in(tmp_path_factory.mktemp("export"))
    table = visits(80)
    features = table[["price", "weight"]]
    with patch.dict(os.environ, espalier.whole_environ), chdir(espalier.folder):
        tracking = Tracking(load_settings())
        for name, family in (("shop", "linear"), ("store", "knn")):
            made = AutoMLClassifier(
                time_budget=None, n_trials=1, families=[family], random_state=0, n_jobs=1
            )
            made.fit(features, table["bought"])
            folder = save_model(made.model_, espalier.folder / f"saved {name}")
            register_version(
                tracking,
                name=name,
                run_id=tracking.start_run("training"),
                folder=folder,
                example=features,
            )
    return espalier


def test_a_model_becomes_one_file(shop):
    said = shop.call("export", "shop", "--out", "shop.onnx")
    assert said.exit_code == 0, said.output
    assert "shop/1 -> shop.onnx" in said.stdout
    assert "largest difference" in said.stdout
    opened = onnxruntime.InferenceSession(str(shop.folder / "shop.onnx"))
    assert [each.name for each in opened.get_inputs()] == ["price", "weight"]
    assert opened.get_modelmeta().custom_metadata_map["model"] == "shop/1"


def test_a_script_is_written_too(shop):
    said = shop.call("export", "shop", "--format", "python", "--out", "shop.py")
    assert said.exit_code == 0, said.output
    assert "LogisticRegression" in (shop.folder / "shop.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["store", "--out", "store.onnx"], "(knn): a model of class Neighbours cannot be exported"),
        (["shop", "--out", "shop.pmml", "--format", "pmml"], "unknown format 'pmml'"),
        (["shop", "--out", "gone/shop.onnx"], "does not exist"),
        (["nobody", "--out", "nobody.onnx"], "nobody"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_no_file(shop, arguments, says):
    said = shop.call("export", *arguments)
    assert said.exit_code == 2, said.output
    (line,) = said.stderr.strip().splitlines()
    assert says in line
    assert not (shop.folder / arguments[2]).exists()
