"""A folder of pictures goes through the whole story: trained, registered and asked."""

import pandas as pd
import pytest

from espalier.flows.cli.runs.predict import run_prediction
from espalier.flows.train_flow import train
from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.requests.predict import PredictRequest
from tests.picture_maker import class_folders

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FORM = {"trials": 2, "families": "linear", "workers": 1, "name": "shapes"}


def test_a_folder_of_pictures_becomes_a_champion(flow_home, tmp_path):
    folder = class_folders(tmp_path / "shapes", 20)
    (folder / "disc" / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    report = train({"data": str(folder), "target": "label", **FORM})
    assert report.holdout_score > 0.9

    settings = load_settings()
    model = load(resolve("shapes", settings), settings).model
    assert model.preparation.roles == {"image": ColumnRole.IMAGE}
    assert model.example["image"].str.startswith("data:image/jpeg;base64,").all()

    new = class_folders(tmp_path / "new", 3)
    out = tmp_path / "answers.csv"
    record = run_prediction(PredictRequest(data=str(new), model="shapes", out=str(out), proba=True))
    assert record.n_rows == 6
    answers = pd.read_csv(out)
    assert list(answers.columns[:2]) == ["image", "prediction"]
    assert (answers["prediction"] == answers["image"].str.split("/").str[-2]).mean() > 0.8


def test_a_manifest_with_other_columns(flow_home, tmp_path):
    folder = class_folders(tmp_path / "shapes", 20)
    paths = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*.png"))
    table = pd.DataFrame({"photo": paths, "n": [len(each) for each in paths]})
    table["y"] = [each.split("/")[0] for each in paths]
    table.to_csv(tmp_path / "m.csv", index=False)
    report = train(
        {
            "data": str(tmp_path / "m.csv"),
            "target": "y",
            "image_root": str(folder),
            **FORM,
            "name": "listed",
        }
    )
    assert report.holdout_score > 0.9
    settings = load_settings()
    model = load(resolve("listed", settings), settings).model
    assert model.preparation.roles["photo"] is ColumnRole.IMAGE
    table.drop(columns="y").to_parquet(folder / "rows.parquet")  # paths start from its folder
    out = tmp_path / "answers.csv"
    run_prediction(PredictRequest(data=str(folder / "rows.parquet"), model="listed", out=str(out)))
    assert (pd.read_csv(out)["prediction"].to_numpy() == table["y"]).mean() > 0.8


def test_bytes_in_parquet(flow_home, tmp_path):
    folder = class_folders(tmp_path / "shapes", 12)
    paths = sorted(folder.rglob("*.png"))
    table = pd.DataFrame(
        {"photo": [each.read_bytes() for each in paths], "y": [each.parent.name for each in paths]}
    )
    table.to_parquet(tmp_path / "rows.parquet")
    train({"data": str(tmp_path / "rows.parquet"), "target": "y", **FORM, "name": "packed"})
    out = tmp_path / "answers.csv"
    run_prediction(
        PredictRequest(data=str(tmp_path / "rows.parquet"), model="packed", out=str(out))
    )
    assert (pd.read_csv(out)["prediction"].to_numpy() == table["y"]).mean() > 0.8
