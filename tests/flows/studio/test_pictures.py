"""Archives of pictures: seen before training, refused where they cannot be learned, and asked."""

import io
import zipfile
from html import unescape

import numpy as np
import pytest
from PIL import Image

from tests.picture_maker import as_bytes, class_folders, shape_picture


def packed(files):
    """Return an archive with these files as bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def shapes(n_each=12, kinds=("disc", "square")):
    return {
        f"shapes/{kind}/{number}.png": as_bytes(shape_picture(kind, number))
        for kind in kinds
        for number in range(n_each)
    }


@pytest.fixture(scope="module")
def archive():
    return packed(shapes())


def test_an_archive_is_shown_with_its_classes_and_some_pictures(visitor, archive):
    found = visitor.upload("shapes.zip", archive)
    assert found.status_code == 200
    assert found.url.path.startswith("/pictures/")
    text = unescape(found.text)
    assert "24 pictures of 2 classes" in text
    assert "Continue to training" in text
    assert text.count("<figure>") == 12
    assert 'alt="square"' in text
    key = found.url.path.rpartition("/")[2]
    assert visitor.get(f"/data/{key}").url.path == f"/pictures/{key}"
    small = visitor.get(f"/pictures/{key}/0")
    assert small.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(small.content)).size == (48, 48)
    assert visitor.get(f"/pictures/{key}/24").status_code == 404


def test_the_training_of_pictures_is_the_command_that_one_would_type(
    visitor, archive, monkeypatch, tmp_path
):
    monkeypatch.setattr(
        "espalier.flows.studio.jobs.runner.program", lambda: ["/bin/echo", "espalier"]
    )
    key = visitor.table("shapes.zip", archive)
    page = visitor.get("/train/new", params={"table": key, "target": "label"})
    assert page.status_code == 200
    assert "one of two classes" in page.text
    assert "Order in time" not in page.text
    fields = {"table": key, "target": "label", "name": "shapes", "budget": "1m", "metric": ""}
    started = visitor.post("/train/new", fields, page="/train/new?" + f"table={key}&target=label")
    assert "shapes.zip --target=label" in unescape(started.text)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (shapes(24, ("disc",)), "at least two values"),
        (shapes(3), "shapes.zip has 6 row(s) with a target; at least 20 are needed"),
        ({"a.png": as_bytes(shape_picture("disc", 0))}, "no folders of classes"),
    ],
)
def test_what_cannot_be_learned_stops_with_the_reason(visitor, files, said):
    text = unescape(visitor.upload("shapes.zip", packed(files)).text)
    assert "cannot train" in text
    assert "Continue to training" not in text
    assert said in text


def test_damaged_pictures_copies_and_small_classes_are_told(visitor):
    files = shapes()
    files["shapes/square/copy.png"] = files["shapes/disc/0.png"]
    files["shapes/disc/again.png"] = files["shapes/disc/1.png"]
    files["shapes/rare/0.png"] = as_bytes(shape_picture("disc", 99))
    files["shapes/disc/broken.jpg"] = b"\xff\xd8\xff and no more"
    text = unescape(visitor.upload("shapes.zip", packed(files)).text)
    assert "1 of 28 looked at cannot be used: disc/broken.jpg" in text
    assert "1 picture(s) are in several classes at once" in text
    assert "1 picture(s) are there more than once" in text
    assert "fewer than 10 pictures of 'rare' (1)" in text


def test_an_archive_of_neither_is_refused(visitor):
    reply = visitor.upload("data.zip", packed({"notes.txt": b"hello"}))
    assert reply.status_code == 400
    assert "holds no pictures" in unescape(reply.text)


def test_a_packed_table_is_a_table(visitor, messy):
    text = visitor.upload("rows.csv.zip", packed({"rows.csv": messy})).text
    assert "120 rows, 7 columns" in text


def test_a_picture_never_comes_from_outside_its_archive(visitor, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(as_bytes(Image.fromarray(np.zeros((9, 9, 3), dtype=np.uint8))))
    files = shapes() | {str(secret): secret.read_bytes()}
    found = visitor.upload("shapes.zip", packed(files))
    assert "24 pictures" in found.text
    key = found.url.path.rpartition("/")[2]
    sizes = {
        Image.open(io.BytesIO(visitor.get(f"/pictures/{key}/{n}").content)).size for n in range(24)
    }
    assert sizes == {(48, 48)}


@pytest.fixture(scope="module")
def asking(new_home, visit, tmp_path_factory):
    """A visitor of a studio with a model of pictures: `shapes`."""
    from espalier.infra.registry.registry import register_version
    from espalier.infra.tables.sources import read_table
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    settings = new_home()
    rows = read_table(str(class_folders(tmp_path_factory.mktemp("in") / "shapes", 12)))
    features = rows[["image"]]
    estimator = AutoMLClassifier(
        time_budget=None, n_trials=1, families=["linear"], random_state=0, n_jobs=1
    )
    model = estimator.fit(features, rows["label"]).model_
    folder = save_model(model, tmp_path_factory.mktemp("saved"), golden=features.head(4))
    tracking = Tracking(settings)
    register_version(
        tracking,
        name="shapes",
        run_id=tracking.start_run("training"),
        folder=folder,
        example=features,
        tags={"holdout_score": 0.9, "metric": "roc_auc", "task": "binary"},
    )
    return visit(settings)


def test_one_picture_is_predicted_by_uploading_it(asking):
    page = "/predict/shapes/row"
    text = asking.get(page).text
    assert 'type="file"' in text
    assert 'hx-encoding="multipart/form-data"' in text
    for kind in ("disc", "square"):
        content = as_bytes(shape_picture(kind, 500))
        reply = asking.post(page, {}, files={"f0": ("p.png", io.BytesIO(content))}, page=page)
        assert reply.status_code == 200
        assert f'<p class="verdict">{kind}</p>' in reply.text
        assert 'src="data:image/jpeg;base64,' in reply.text
        assert "What speaks for it" not in reply.text


def test_what_is_no_picture_is_said(asking):
    page = "/predict/shapes/row"
    reply = asking.post(page, {}, files={"f0": ("p.png", io.BytesIO(b"hello"))}, page=page)
    assert "'p.png' cannot be used: it is no picture" in unescape(reply.text)
    without = asking.post(page, {}, page=page)
    assert "No picture was given" in without.text
