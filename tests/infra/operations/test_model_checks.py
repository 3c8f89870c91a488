"""All champions are tried, whatever becomes of one of them."""

import json
import os
import shutil
import time

import joblib
import pytest

from espalier.infra.operations.model_checks import champions_to_check, check_models
from espalier.infra.registry.model_files import model_files
from espalier.infra.registry.registry import register_version, resolve
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.saved_model import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE


class Ending:
    """A pickle that ends the process that opens it."""

    def __reduce__(self):
        return os._exit, (7,)


class Endless:
    """A pickle that does not open in time."""

    def __reduce__(self):
        return time.sleep, (600.0,)


@pytest.fixture(scope="module")
def champions(new_settings, saved_model, raw_rows):
    """Six champions: one as it was, the others changed since they were logged."""
    settings = new_settings()
    tracking = Tracking(settings)
    for name in ("as it was", "ending", "endless", "gone", "moved", "newer"):
        register_version(
            tracking,
            name=name,
            run_id=tracking.start_run("training"),
            folder=saved_model,
            example=raw_rows,
        )
    register_version(  # a challenger is nobody's concern yet
        tracking,
        name="as it was",
        run_id=tracking.start_run("training"),
        folder=saved_model,
        example=raw_rows,
    )
    files = {
        name: model_files(resolve(name, settings), settings).saved
        for name in ("ending", "endless", "gone", "moved", "newer")
    }
    joblib.dump(Ending(), files["ending"] / MODEL_FILE)
    joblib.dump(Endless(), files["endless"] / MODEL_FILE)
    for path in (files["gone"], *files["gone"].parents):
        if (path / "MLmodel").exists():
            shutil.rmtree(path)
    rows, answers = joblib.load(files["moved"] / GOLDEN_FILE)
    joblib.dump((rows, answers[:, ::-1]), files["moved"] / GOLDEN_FILE)
    for name in ("moved", "newer"):
        manifest = json.loads((files[name] / MANIFEST_FILE).read_text())
        manifest["packages"]["scikit-learn"] = "0.1"
        (files[name] / MANIFEST_FILE).write_text(json.dumps(manifest))
    return settings


def test_every_champion_has_a_verdict(champions):
    versions = champions_to_check(champions, None)
    assert len(versions) == 6
    # The slow one's time is long enough for the others to be opened on a busy machine.
    found = {each.model: each for each in check_models(versions, champions, seconds=60.0)}
    assert {name: each.verdict for name, each in found.items()} == {
        "as it was/1": "same",
        "ending/1": "failed",
        "endless/1": "failed",
        "gone/1": "absent",
        "moved/1": "different",
        "newer/1": "same",
    }
    assert found["ending/1"].text == "opening it ended the process (exit status 7)"
    assert found["endless/1"].text == "no answer within 60 s"
    assert "8 of 8 labels differ" in found["moved/1"].text
    changed = found["newer/1"].packages
    assert len(changed) == 1
    assert changed[0].startswith("scikit-learn 0.1 -> ")
    assert found["moved/1"].packages == changed
    assert [each.is_trusted for each in found.values()].count(True) == 2


def test_a_single_one_is_named(champions):
    (version,) = champions_to_check(champions, "as it was/2")
    assert (version.version, version.alias) == (2, "challenger")
    with pytest.raises(UserError, match="no model is called"):
        champions_to_check(champions, "nobody")
