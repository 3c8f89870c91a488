"""A registered forecast is asked like any model: newest rows in, steps and quantiles out."""

import io

import pandas as pd
import pytest

from espalier.infra.registry.registry import register_version
from espalier.infra.tracking.tracking import Tracking
from tests.forecast_maker import sales, saved_forecast

ASK = "/models/sales/predict"


def registered(new_settings, folder, golden):
    settings = new_settings()
    tracking = Tracking(settings)
    register_version(
        tracking,
        name="sales",
        run_id=tracking.start_run("training"),
        folder=folder,
        example=golden,
        tags={"task": "forecast"},
    )
    return settings


@pytest.fixture(scope="module")
def forecast(tmp_path_factory):
    return saved_forecast(tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def asked(new_settings, serving, forecast):
    """A client of an endpoint that serves the forecast `sales`."""
    folder, golden, _ = forecast
    with serving(registered(new_settings, folder, golden), models=("sales",)) as client:
        yield client


def newest(shop, n=3):
    rows = sales().query("shop == @shop")[["day", "shop", "units"]].tail(n)
    return rows.to_dict("records")


def test_a_few_newest_rows_are_continued_as_the_training_would(asked, forecast):
    reply = asked.post(ASK, json={"rows": newest("south")})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert (answer["model"], answer["version"], answer["alias"]) == ("sales", 1, "champion")
    found = pd.DataFrame(answer["predictions"])
    assert list(found.columns) == ["shop", "day", "prediction", "0.1", "0.5", "0.9"]
    expected = forecast[2].predict().query("shop == 'south'").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_its_example_and_its_schema_work(asked):
    described = asked.get("/models/sales").json()
    assert described["task"] == "forecast"
    assert described["schema"]["required"] == ["shop", "day"]
    assert len(described["example"]["rows"]) == 3
    reply = asked.post(ASK, json=described["example"])
    assert reply.status_code == 200
    assert len(reply.json()["predictions"]) == 7
    document = asked.get("/openapi.json").json()
    post = document["paths"][ASK]["post"]
    assert post["parameters"] == []
    body = post["requestBody"]["content"]["application/json"]["example"]
    assert asked.post(ASK, json=body).status_code == 200
    assert "sales" in asked.get("/docs").text


def test_files_and_mlflows_body_work_too(asked):
    rows = pd.DataFrame([*newest("north"), *newest("south")])
    csv = asked.post(ASK, content=rows.to_csv(index=False), headers={"content-type": "text/csv"})
    assert len(csv.json()["predictions"]) == 14
    parquet = io.BytesIO()
    rows.to_parquet(parquet)
    kind = {"content-type": "application/vnd.apache.parquet"}
    assert asked.post(ASK, content=parquet.getvalue(), headers=kind).json() == csv.json()
    sent = {"dataframe_split": rows.to_dict("split") | {"index": []}}
    split = asked.post("/invocations", json=sent)
    assert split.json()["predictions"] == csv.json()["predictions"]


def test_an_unknown_series_is_forecast_from_its_own_rows(asked):
    rows = [each | {"shop": "new"} for each in newest("north", 40)]
    assert len(asked.post(ASK, json={"rows": rows}).json()["predictions"]) == 7
    assert asked.post(ASK, json={"rows": []}).json()["predictions"] == []


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"rows": [{"shop": "north", "units": 1}]}, "lack 1 column(s) of the model: 'day'"),
        ({"rows": [{"day": "soon", "shop": "north", "units": 1}]}, "'day'"),
        ({"rows": [{"day": None, "shop": "north", "units": 1}]}, "are empty"),
        ({"rows": [{"day": "2026-03-02", "shop": None, "units": 1}]}, "empty"),
        ({"rows": [{"day": "2026-03-02", "shop": "north", "units": "many"}]}, "'units'"),
        ({"rows": [{"day": [1], "shop": "north", "units": 1}]}, "a single value is expected"),
        ({"rows": 2 * [{"day": "2026-03-02", "shop": "north", "units": 1}]}, "twice"),
        ({"rows": [{"day": 5, "shop": "north", "units": 1}]}, "times are of another kind"),
        ({"rows": newest("north"), "interval": 0.9}, "quantiles that it was trained for"),
        ({"rows": newest("north"), "explain": True}, "cannot explain"),
        ({"rows": newest("north"), "horizon": 3}, "unknown field 'horizon'"),
    ],
)
def test_what_it_cannot_answer_is_said_in_one_line(asked, sent, said):
    reply = asked.post(ASK, json=sent)
    assert reply.status_code == 422, reply.text
    assert said in reply.json()["error"]
    assert "\n" not in reply.json()["error"]


def test_too_many_steps_are_refused(asked, monkeypatch):
    monkeypatch.setattr("espalier.infra.web.answering.forecast_answers.MOST_STEPS", 13)
    reply = asked.post(ASK, json={"rows": [*newest("north"), *newest("south")]})
    assert reply.status_code == 413
    assert "2 series of 7 steps are too many" in reply.json()["error"]


def test_known_covariates_are_in_the_example_and_needed(new_settings, serving, tmp_path):
    folder, golden, _ = saved_forecast(
        tmp_path / "saved",
        sales(shops=("one",)).drop(columns="shop"),
        series_column=None,
        known_covariates=("price",),
        families=["naive", "reduction"],
    )
    with serving(registered(new_settings, folder, golden), models=("sales",)) as client:
        example = client.get("/models/sales").json()["example"]
        assert [each["units"] is None for each in example["rows"]] == [False] * 3 + [True] * 7
        assert len(client.post(ASK, json=example).json()["predictions"]) == 7
        without = client.post(ASK, json={"rows": example["rows"][:3]})
        assert without.status_code == 422
        assert "the next 7 steps of 'price' are needed" in without.json()["error"]
