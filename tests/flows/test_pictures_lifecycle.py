"""A model of pictures over its life: watched, trained again, promoted, rolled back."""

import pandas as pd
import pytest

from espalier.flows.monitor_flow import monitor
from espalier.flows.promote_flow import promote
from espalier.flows.retrain_flow import retrain
from espalier.flows.rollback_flow import rollback
from espalier.flows.train_flow import train
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.artifacts import EXAMPLES_FILE, REPORT_FILE, read_text_file
from espalier.pipelines.requests.monitor import MonitorRequest
from espalier.pipelines.requests.promote import PromoteRequest, RollbackRequest
from espalier.pipelines.requests.retrain import RetrainRequest
from tests.picture_maker import class_folders, shape_picture

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NAME = "watched_shapes"


def _manifest(folder, kinds, first, path):
    """Write pictures of these kinds and a manifest of them; return its path."""
    folder.mkdir()
    rows = []
    for at, kind in enumerate(kinds, first):
        shape_picture(kind, at).save(folder / f"{kind}_{at}.png")
        rows.append({"image": str(folder / f"{kind}_{at}.png"), "label": kind})
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def photos(flow_home, tmp_path_factory):
    """The folder that the model is trained on."""
    folder = class_folders(tmp_path_factory.mktemp("photos") / "shapes", 40)
    train(
        {
            "data": str(folder),
            "target": "label",
            "name": NAME,
            "trials": 2,
            "families": "linear",
            "workers": 1,
        }
    )
    return folder


def test_new_pictures_of_the_same_kinds_are_healthy(photos, tmp_path):
    data = _manifest(tmp_path / "new", ["disc", "square"] * 30, 700, tmp_path / "new.csv")
    report = monitor(MonitorRequest.parse({"name": NAME, "data": data, "retrain": False}))
    assert not any("image" in reason for reason in report.reasons)
    assert report.verdict == "healthy"


def test_the_run_shows_what_the_model_gets_most_wrong(photos):
    settings = load_settings()
    run_id = resolve(f"{NAME}@champion", settings).run_id
    page = read_text_file(settings, run_id, EXAMPLES_FILE)
    assert page is not None
    assert "data:image/jpeg;base64," in page
    assert f'href="{EXAMPLES_FILE}"' in str(read_text_file(settings, run_id, REPORT_FILE))


def test_pictures_of_another_kind_are_drift(photos, tmp_path):
    data = _manifest(tmp_path / "odd", ["disc"] * 60, 800, tmp_path / "odd.csv")
    unlabelled = pd.read_csv(data).drop(columns="label")
    unlabelled.to_csv(data, index=False)
    report = monitor(MonitorRequest.parse({"name": NAME, "data": data, "retrain": False}))
    assert report.verdict == "retrain"
    assert any("image: looks" in reason for reason in report.reasons)


def test_more_pictures_make_a_challenger_that_can_be_promoted_and_rolled_back(photos, tmp_path):
    assert not retrain(RetrainRequest.parse({"name": NAME})).changed
    for at in range(100, 115):
        shape_picture("disc", at).save(photos / "disc" / f"{at}.png")
        shape_picture("square", at).save(photos / "square" / f"{at}.png")
    report = retrain(RetrainRequest.parse({"name": NAME}))
    assert (report.changed, report.version) == (True, 2)
    # The hold-outs that neither has seen are too few; new pictures decide.
    data = _manifest(tmp_path / "more", ["disc", "square"] * 25, 900, tmp_path / "more.csv")
    done = promote(PromoteRequest(name=NAME, data=data, margin=-0.5))
    assert done.promoted, done.reasons
    assert resolve(f"{NAME}@champion", load_settings()).version == 2
    back = rollback(RollbackRequest(name=NAME))
    assert (back.champion_after, resolve(f"{NAME}@champion", load_settings()).version) == (1, 1)
