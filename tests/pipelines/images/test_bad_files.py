"""Pictures that cannot be used are listed, counted, and dealt with as the user wants."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from espalier import AutoMLClassifier
from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.columns import read_pictures
from espalier.pipelines.images.looks import Look
from tests.picture_maker import as_bytes, shape_picture

SMALL = {"image_columns": ("photo",), "image_look": Look(64)}


@pytest.fixture
def table():
    """Thirty pictures of two kinds; rows 3 and 17 are of no use."""
    kinds = ["disc", "square"] * 15
    cells = [as_bytes(shape_picture(kind, at)) for at, kind in enumerate(kinds)]
    cells[3], cells[17] = b"no picture", cells[17][:200]
    return pd.DataFrame({"photo": cells, "kind": kinds})


def test_all_of_them_are_listed_with_row_and_reason(table):
    found = read_pictures(table, ["photo"], look=Look(64))
    assert [(each.column, each.row) for each in found.bad] == [("photo", 3), ("photo", 17)]
    assert "no picture of a known format" in found.bad[0].reason
    assert (
        "2 of 30 pictures of column 'photo' cannot be used and count as missing"
        in (found.warnings[0])
    )


def test_they_can_be_refused(table):
    with pytest.raises(UserError, match=r"2 of 30 pictures.*row 4.*row 18.*set-aside"):
        read_pictures(table, ["photo"], look=Look(64), policy="refuse")
    read_pictures(table.drop([3, 17]), ["photo"], look=Look(64), policy="refuse")


def test_their_rows_can_be_set_aside(table):
    kept = assemble(table, target="kind", frozen=FrozenFeatures(**SMALL))
    assert len(kept.dataset) == 30
    aside = assemble(table, target="kind", frozen=FrozenFeatures(bad_files="set-aside", **SMALL))
    assert len(aside.dataset) == 28
    assert not {3, 17} & set(aside.rows.tolist())
    assert aside.rows_without_target == 0  # they have one
    assert not aside.dataset.X["photo"].isna().any()


def test_an_estimator_sets_rows_aside_and_says_so(table):
    given = {"image_columns": ["photo"], "n_trials": 1, "families": ["linear"], "n_jobs": 1}
    model = AutoMLClassifier(
        bad_files="set-aside", time_budget=None, experience=None, random_state=0, **given
    )
    with pytest.warns(UserWarning, match="2 of 30 rows are left out"):
        model.fit(table[["photo"]], table["kind"])
    assert len(model.predict(table[["photo"]])) == 30  # every row is answered all the same
    with pytest.raises(UserError, match="unknown bad_files 'skip'"):
        AutoMLClassifier(bad_files="skip", **given).fit(table[["photo"]], table["kind"])


def _hundred_megapixels(kind: str) -> bytes:
    """Return a file of a few kilobytes that unfolds to 300 MB."""
    buffer = io.BytesIO()
    Image.new("L" if kind == "PNG" else "RGB", (10_000, 10_000), 128).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.slow
def test_a_bomb_is_refused_and_a_large_photograph_is_read(table):
    rows = table.iloc[:8].copy()
    rows.iat[0, 0] = _hundred_megapixels("PNG")
    rows.iat[1, 0] = _hundred_megapixels("JPEG")
    found = read_pictures(rows, ["photo"], look=Look(64))
    reasons = {each.row: each.reason for each in found.bad}
    assert "million pixels" in reasons[0]
    assert 1 not in reasons


def test_odd_files_of_cameras_are_read(table):
    rows = table.iloc[:10].copy()
    picture = shape_picture("disc", 99)
    sideways = Image.Exif()
    sideways[0x0112] = 6  # the camera was held upright
    rows["photo"] = [
        as_bytes(picture.convert("CMYK"), "JPEG"),
        as_bytes(picture, "GIF", save_all=True, append_images=[shape_picture("square", 1)]),
        as_bytes(Image.fromarray(np.full((30, 30), 40_000, dtype=np.uint16))),
        as_bytes(picture, "JPEG", exif=sideways),
        as_bytes(picture, "JPEG")[:-400],  # cut off
        *rows["photo"].tolist()[5:],
    ]
    found = read_pictures(rows, ["photo"], look=Look(64))
    assert [each.row for each in found.bad] == [4]
    assert found.n_pictures == 9
