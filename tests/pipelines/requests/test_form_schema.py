"""Requests as Prefect's UI and server see them."""

import pytest
from prefect.utilities.schema_tools.validation import validate

from espalier.pipelines.learners.registry import LEARNERS, NETWORKS
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.requests.form_schema import (
    FAMILIES,
    FORECAST_FAMILIES,
    FORECAST_METRICS,
    NETWORK_FAMILIES,
)
from espalier.pipelines.requests.form_schema import METRICS as METRIC_NAMES
from espalier.pipelines.requests.monitor import MonitorRequest
from espalier.pipelines.requests.predict import PredictRequest
from espalier.pipelines.requests.promote import PromoteRequest, RollbackRequest
from espalier.pipelines.requests.retrain import RetrainRequest
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.search.strategies.names import STRATEGIES

REQUESTS = (
    TrainRequest,
    PredictRequest,
    RetrainRequest,
    MonitorRequest,
    PromoteRequest,
    RollbackRequest,
)
NEEDED = {"data": "a.csv", "target": "y"}


def fields_of(request):
    return request.model_json_schema()["properties"]


def test_the_names_are_those_of_the_registries():
    assert tuple(LEARNERS) == FAMILIES
    assert tuple(NETWORKS) == NETWORK_FAMILIES
    assert tuple(METRICS) == METRIC_NAMES


def test_what_can_be_chosen_is_a_drop_down():
    fields = fields_of(TrainRequest)
    assert fields["task"]["enum"] == ["auto", "binary", "multiclass", "regression"]
    assert fields["search"]["enum"] == list(STRATEGIES)
    assert fields["metric"]["enum"] == [*METRICS, *FORECAST_METRICS]
    assert fields["families"]["items"]["enum"] == [*LEARNERS, *NETWORKS, *FORECAST_FAMILIES]


@pytest.mark.parametrize("request_class", REQUESTS)
def test_every_field_is_one_plain_kind_named_described_and_in_order(request_class):
    fields = fields_of(request_class)
    for position, (name, field) in enumerate(fields.items()):
        assert field["type"] in ("string", "integer", "number", "boolean", "array"), name
        assert field["position"] == position
        assert field["title"], name
        assert field["description"].endswith("."), name
        assert field.get("default", "") is not None, name


def test_defaults_are_those_of_the_code():
    fields = fields_of(TrainRequest)
    request = TrainRequest(**NEEDED)
    shown = {name: field["default"] for name, field in fields.items() if "default" in field}
    assert shown == {name: getattr(request, name) for name in shown}
    assert {"task", "search", "seed"} <= set(shown)


@pytest.mark.parametrize(
    ("extra", "is_good"),
    [
        ({}, True),
        ({"time_budget": None, "trials": None, "name": None}, True),
        ({"families": ["linear"], "metric": "f1", "search": "random"}, True),
        ({"families": []}, True),
        ({"metric": "no such"}, False),
        ({"search": "no such"}, False),
        ({"families": ["no such"]}, False),
        ({"colour": "red"}, False),
    ],
)
def test_the_server_checks_what_the_code_would(extra, is_good):
    faults = validate(NEEDED | extra, TrainRequest.model_json_schema(), raise_on_error=False)
    assert (not faults) == is_good, faults
    if is_good:
        assert TrainRequest(**(NEEDED | extra))


@pytest.mark.parametrize("request_class", REQUESTS)
def test_a_form_has_no_field_of_the_operator(request_class):
    assert not {"dask", "extends"} & set(fields_of(request_class))


def test_a_schedule_may_name_a_scheduler_and_no_other_field_that_is_unknown():
    def faults(**more):
        return validate(NEEDED | more, TrainRequest.model_json_schema(), raise_on_error=False)

    assert faults(dask="tcp://scheduler:8786") == []
    assert faults(dask=8786) != []
    assert faults(dusk="tcp://scheduler:8786") != []
