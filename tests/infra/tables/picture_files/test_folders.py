"""Folders, archives and manifests of pictures as tables."""

import shutil
import zipfile

import pandas as pd
import pytest

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.picture_files.folders import class_column, is_picture_source
from espalier.infra.tables.picture_files.paths import with_absolute_paths
from espalier.infra.tables.sources import read_table
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.cells import PictureFiles
from tests.picture_maker import class_folders


@pytest.fixture
def folder(tmp_path):
    root = class_folders(tmp_path / "shapes", 3)
    (root / "disc" / "notes.txt").write_text("no picture")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "1.png").write_bytes(b"")
    return root


def test_a_folder_of_class_folders_is_a_table(folder):
    table = read_table(str(folder))
    assert list(table.columns) == ["image", "label"]
    assert table["label"].tolist() == ["disc"] * 3 + ["square"] * 3
    assert table["image"][0] == str(folder / "disc" / "0.png")
    assert class_column(str(folder)) == "label"
    (chunk,) = read_chunks(str(folder))
    pd.testing.assert_frame_equal(chunk, table)


def test_an_archive_leads_to_no_file_outside_of_it(folder, tmp_path):
    outside = tmp_path / "secret.png"
    outside.write_bytes((folder / "disc" / "0.png").read_bytes())
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in (str(outside), "../secret.png", "disc/../../secret.png", "disc/0.png"):
            packed.writestr(name, outside.read_bytes())
    assert read_table(str(archive))["image"].tolist() == [f"{archive}/disc/0.png"]


def test_an_archive_is_the_same_table(folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", folder)
    table = read_table(archive)
    assert table["label"].tolist() == ["disc"] * 3 + ["square"] * 3
    assert PictureFiles().load(table["image"][0]) == (folder / "disc" / "0.png").read_bytes()
    assert class_column(archive) == "label"


def test_pictures_without_classes_are_rows_to_predict(folder):
    table = read_table(str(folder / "disc"))
    assert list(table.columns) == ["image"]
    assert len(table) == 3


def test_what_is_no_folder_of_pictures(tmp_path, folder):
    (tmp_path / "tables").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "tables" / "1.parquet")
    assert not is_picture_source(str(tmp_path / "tables"))
    assert read_table(str(tmp_path / "tables"))["a"].tolist() == [1]
    assert not is_picture_source(str(tmp_path / "nowhere"))
    assert not is_picture_source("s3://bucket/photos")
    (tmp_path / "empty").mkdir()
    assert class_column(str(tmp_path / "empty")) is None
    (tmp_path / "no.zip").write_text("no archive")
    assert not is_picture_source(str(tmp_path / "no.zip"))


def test_paths_of_a_manifest_start_from_its_folder(folder, tmp_path):
    manifest = pd.DataFrame(
        {"path": ["disc/0.png", "disc/9.png", None], "other": ["a", "b", "c"], "y": [1, 2, 3]}
    )
    manifest.to_csv(folder / "manifest.csv", index=False)
    table = read_table(str(folder / "manifest.csv"))
    assert table["path"].tolist()[:2] == [str(folder / "disc" / "0.png"), "disc/9.png"]
    assert pd.isna(table["path"][2])
    assert table["other"].tolist() == ["a", "b", "c"]

    elsewhere = tmp_path / "m.csv"
    manifest.to_csv(elsewhere, index=False)
    assert read_table(str(elsewhere))["path"][0] == "disc/0.png"
    named = read_table(str(elsewhere), image_root=str(folder))
    assert named["path"][0] == str(folder / "disc" / "0.png")
    (chunk,) = read_chunks(str(elsewhere), plan=ChunkPlan(image_root=str(folder)))
    assert chunk["path"][0] == named["path"][0]
    with pytest.raises(UserError, match=r"folder of pictures .* does not exist"):
        read_table(str(elsewhere), image_root=str(tmp_path / "gone"))


def test_other_tables_stay_as_they_are(tmp_path):
    table = pd.DataFrame({"file": ["a.csv", "b.csv"], "text": ["x", None], "n": [1, 2]})
    assert with_absolute_paths(table, str(tmp_path)) is table
    assert with_absolute_paths(table, None) is table


def test_a_form_reads_no_picture_outside_its_folders(folder, tmp_path, monkeypatch):
    from espalier.infra.access.origin import FORM, asked_by

    monkeypatch.setenv("ESPALIER_DATA_ROOTS", str(folder))
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))
    (tmp_path / "secret.png").write_bytes(b"")
    table = pd.DataFrame({"path": ["disc/0.png", "../secret.png", str(tmp_path / "secret.png")]})
    with asked_by(FORM):
        found = with_absolute_paths(table, str(folder))
    assert found["path"][0] == str(folder / "disc" / "0.png")
    assert found["path"].isna().tolist() == [False, True, True]
