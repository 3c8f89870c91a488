"""A model of another maker is served too: what its pyfunc returns comes back as records."""

import mlflow
import numpy as np
import pandas as pd
import pytest

from espalier.infra.tracking.store import make_client
from espalier.infra.web.answering.pyfunc_answers import as_records


class Forecast(mlflow.pyfunc.PythonModel):
    """Three steps a series: a table that has not one row a row."""

    def predict(self, context, model_input, params=None):
        if (model_input["sales"] < 0).any():
            raise ValueError("sales below zero")
        last = model_input.groupby("shop")["sales"].last()
        parts = [
            pd.DataFrame({"step": pd.date_range("2026-01-01", periods=3), "sales": float(value)})
            for value in last
        ]
        return pd.concat(parts, keys=last.index, names=["shop", None]).reset_index(level=0)


@pytest.fixture(scope="module")
def forecasting(new_settings, serving):
    settings = new_settings()
    client = make_client(settings)
    example = pd.DataFrame({"shop": ["a", "b"], "sales": [1.0, 2.0]})
    place = settings.home / "forecast"
    mlflow.pyfunc.save_model(
        str(place), python_model=Forecast(), input_example=example, pip_requirements=["mlflow"]
    )
    client.create_registered_model("sales")
    client.create_model_version("sales", source=str(place))
    client.set_registered_model_alias("sales", "champion", "1")
    with serving(settings, models=("sales",)) as client:
        yield client


def test_rows_in_and_records_out(forecasting):
    rows = [{"shop": "a", "sales": 1.0}, {"shop": "a", "sales": 3.0}, {"shop": "b", "sales": 5.0}]
    answer = forecasting.post("/models/sales/predict", json={"rows": rows}).json()
    assert (answer["model"], answer["version"]) == ("sales", 1)
    assert [(each["shop"], each["sales"]) for each in answer["predictions"]] == [
        ("a", 3.0),
        ("a", 3.0),
        ("a", 3.0),
        ("b", 5.0),
        ("b", 5.0),
        ("b", 5.0),
    ]
    assert answer["predictions"][1]["step"] == "2026-01-02T00:00:00"
    split = {"columns": ["shop", "sales"], "data": [["a", 2.0]]}
    same = forecasting.post("/invocations", json={"dataframe_split": split}).json()
    assert [each["sales"] for each in same["predictions"]] == [2.0] * 3


def test_its_example_works(forecasting):
    described = forecasting.get("/models/sales").json()
    assert [each["name"] for each in described["columns"]] == ["shop", "sales"]
    reply = forecasting.post("/models/sales/predict", json=described["example"])
    assert reply.status_code == 200, reply.text


def test_what_it_cannot_answer_is_said(forecasting):
    missing = forecasting.post("/models/sales/predict", json={"rows": [{"shop": "a"}]})
    assert (missing.status_code, missing.json()["column"]) == (422, "sales")
    failing = forecasting.post(
        "/models/sales/predict", json={"rows": [{"shop": "a", "sales": -1.0}]}
    )
    assert failing.status_code == 422
    assert "sales below zero" in failing.json()["error"]
    asked = forecasting.post("/models/sales/predict?interval=0.9", json={"rows": []})
    assert asked.status_code == 422


@pytest.mark.parametrize(
    ("found", "records"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array([[0.5, np.nan]]), [[0.5, None]]),
        (pd.Series([True]), [True]),
        ([{"a": np.float32(1)}], [{"a": 1.0}]),
        ("text", ["text"]),
        (pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="shop")), [{"shop": "x", "a": 1}]),
        (pd.DataFrame({"a": [1.5], "b": [pd.NA]}), [{"a": 1.5, "b": None}]),
    ],
)
def test_answers_of_any_kind_are_records(found, records):
    assert as_records(found) == records
