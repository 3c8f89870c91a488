"""A model of pictures is asked with the content of a file, never with a path of the server's."""

import base64

import pytest

from espalier.infra.registry.registry import register_version
from espalier.infra.tables.sources import read_table
from espalier.infra.tracking.tracking import Tracking
from tests.picture_maker import as_bytes, class_folders, shape_picture

ASK = "/models/shapes/predict"


def as_uri(content):
    return "data:image/png;base64," + base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def asked(new_settings, serving, tmp_path_factory):
    """A client of an endpoint that serves a model of pictures, `shapes`."""
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    rows = read_table(str(class_folders(tmp_path_factory.mktemp("in") / "shapes", 12)))
    model = (
        AutoMLClassifier(
            time_budget=None, n_trials=1, families=["linear"], random_state=0, n_jobs=1
        )
        .fit(rows[["image"]], rows["label"])
        .model_
    )
    folder = save_model(model, tmp_path_factory.mktemp("saved"), golden=rows[["image"]].head(4))
    settings = new_settings()
    tracking = Tracking(settings)
    register_version(
        tracking,
        name="shapes",
        run_id=tracking.start_run("training"),
        folder=folder,
        example=rows[["image"]],
    )
    with serving(settings, models=("shapes",)) as client:
        yield client


def test_a_picture_is_sent_as_a_data_uri(asked):
    rows = [{"image": as_uri(as_bytes(shape_picture(kind, 500)))} for kind in ("disc", "square")]
    reply = asked.post(ASK, json={"rows": [*rows, {"image": None}]})
    assert reply.status_code == 200, reply.text
    assert reply.json()["predictions"][:2] == ["disc", "square"]
    assert len(reply.json()["probabilities"]) == 3


def test_its_example_works_and_says_how_to_send_a_picture(asked):
    described = asked.get("/models/shapes").json()
    assert described["columns"][0]["kind"] == "file"
    assert described["example"]["rows"][0]["image"].startswith("data:image/png;base64,")
    assert asked.post(ASK, json=described["example"]).status_code == 200
    assert "data:image/png;base64," in asked.get("/docs").text


@pytest.mark.parametrize("path", ["/etc/hostname", "shapes/disc/0.png", "http://x.org/1.png"])
def test_no_file_of_the_server_is_read(asked, path):
    reply = asked.post(ASK, json={"rows": [{"image": path}]})
    assert reply.status_code == 422
    assert reply.json()["column"] == "image"
    assert "send the file's content as a data URI" in reply.json()["error"]


def test_what_is_asked_in_vain_is_said(asked):
    row = {"image": as_uri(as_bytes(shape_picture("disc", 1)))}
    for option, said in (("explain", "cannot explain"), ("interval", "predicts classes")):
        sent = {"rows": [row], option: True if option == "explain" else 0.9}
        reply = asked.post(ASK, json=sent)
        assert reply.status_code == 422
        assert said in reply.json()["error"]
    broken = asked.post(ASK, json={"rows": [{"image": "data:image/png;base64,AAAA"}]})
    assert broken.status_code in (200, 422)
