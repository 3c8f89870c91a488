import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.model_names import default_name
from espalier.pipelines.requests.predict import PredictRequest
from espalier.pipelines.requests.train import TrainRequest

BASE = {"data": "churn.csv", "target": "churned"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("45", 45),
        ("1d", 86_400),
        (" 1H 5m ", 3900),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "1m1h", "5m5m", "1h-5m", "ten minutes", "5m10"])
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(UserError, match=r"not a duration; write it like 90s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0", "0s", "-5s", "-1h30m"])
def test_a_budget_must_be_positive(text):
    with pytest.raises(UserError, match="must be positive"):
        parse_duration(text)


@given(hours=st.integers(0, 50), minutes=st.integers(0, 59), seconds=st.integers(1, 59))
def test_durations_add_up(hours, minutes, seconds):
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


def test_ten_minutes_when_no_budget_is_given():
    assert TrainRequest(**BASE).budget.seconds == 600


def test_no_time_limit_when_only_trials_are_given():
    budget = TrainRequest(**BASE, trials=7).budget
    assert (budget.seconds, budget.trials) == (None, 7)


def test_both_limits_hold_when_both_are_given():
    budget = TrainRequest(**BASE, trials=7, time_budget="1m").budget
    assert (budget.seconds, budget.trials) == (60, 7)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"time_budget": "-3m"}, "must be positive"),
        ({"trials": 0}, "at least 1, not 0"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"folds": 0}, "folds must be between 1 and 20, not 0"),
        ({"seed": -1}, "seed must be between"),
        ({"task": "clustering"}, "'clustering' cannot be used.*'regression'"),
        ({"name": "a/b"}, "model name 'a/b' cannot be used"),
        ({"name": "a@champion"}, "model name"),
        ({"exclude": "churned,b"}, "'churned' is the target"),
        ({"time_column": "churned"}, "cannot be the time column"),
        ({"workers": 2, "dask": "tcp://127.0.0.1:8786"}, "not both"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"data": ""}, "data '' cannot be used"),
    ],
)
def test_a_fault_is_one_line(extra, message):
    with pytest.raises(UserError, match=message) as caught:
        TrainRequest.parse(BASE | extra)
    assert "\n" not in str(caught.value)


def test_serving_is_one_of_three():
    assert TrainRequest(**BASE).serving == "auto"
    with pytest.raises(UserError, match="serving 'both' cannot be used"):
        TrainRequest.parse(BASE | {"serving": "both"})
    assert TrainRequest(**BASE, serving="bagged").digest == TrainRequest(**BASE).digest


def test_a_missing_field_is_named():
    with pytest.raises(UserError, match="target is missing"):
        TrainRequest.parse({"data": "churn.csv"})


def test_lists_come_as_text_or_as_lists():
    one = TrainRequest(**BASE, families="lightgbm, linear,", exclude=["a", "b"])
    two = TrainRequest(**BASE, families=["lightgbm", "linear"], exclude="a,b")
    assert one == two
    assert one.families == ("lightgbm", "linear")


def test_empty_form_fields_mean_nothing():
    form = TrainRequest(**BASE, metric="", time_budget=" ", name="", families="")
    assert form == TrainRequest(**BASE)


def test_the_request_survives_the_form():
    request = TrainRequest(**BASE, families="linear", time_budget="2m")
    assert TrainRequest(**json.loads(request.model_dump_json())) == request


def test_every_field_is_described_for_the_form():
    for model in (TrainRequest, PredictRequest):
        for name, field in model.model_json_schema()["properties"].items():
            assert field.get("description"), name


def test_what_is_run_decides_the_digest_and_where_it_is_run_does_not():
    request = TrainRequest(**BASE)
    assert request.digest == TrainRequest(**BASE, workers=2).digest
    assert request.digest != TrainRequest(**BASE, seed=1).digest
    assert request.digest != TrainRequest(**BASE, name="other").digest
    assert request.digest != TrainRequest(**BASE, folds=3).digest
    assert request.digest != TrainRequest(**BASE, weight_column="w").digest


@pytest.mark.parametrize(
    "data", ["postgresql://ann:secret@db/x", "https://bucket/x.csv?X-Amz-Signature=secret"]
)
def test_secrets_do_not_reach_prefect(data):
    request = TrainRequest(data=data, target="y")
    assert "secret" in request.data
    assert "secret" not in request.model_dump_json()
    assert "secret" not in json.dumps(request.essentials)
    assert "secret" not in request.shown_data


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/churn.csv", "churn"),
        ("s3://bucket/my data.csv.gz", "my-data"),
        ("sqlite:///shop.db", "shop"),
        ("../x/.parquet", "model"),
    ],
)
def test_the_model_is_named_after_the_data(source, name):
    assert default_name(source) == name


def test_a_start_is_a_version_and_decides_about_the_run():
    ask = TrainRequest(data="a.csv", target="y", start_from="churn/3, churn/5")
    assert ask.start_from == ("churn/3", "churn/5")
    assert ask.digest != TrainRequest(data="a.csv", target="y").digest
    with pytest.raises(UserError, match="'churn@champion' names no version"):
        TrainRequest.parse({"data": "a.csv", "target": "y", "start_from": "churn@champion"})
