"""What is published: importable, with forms, tags, limits and schedules; prefect.yaml agrees."""

from pathlib import Path
from typing import get_args

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.schema_tools.validation import validate

from espalier.flows.serving.deployments import PUBLISHED, make_deployments
from espalier.infra.environment import VARIABLES
from espalier.infra.orchestration import heartbeats
from espalier.infra.orchestration.schedules import Schedule, ScheduledFlow
from espalier.infra.processes.import_path import OURS, SAFE_PATH
from espalier.pipelines.errors import UserError

ROOT = Path(__file__).parents[3]
CHURN = Schedule(
    model="churn",
    flow="predict",
    cron="0 4 * * *",
    time_zone="Europe/Paris",
    data="in/*.csv",
    options={"out": "out.csv"},
    where="x.yaml:1",
)


@pytest.fixture(scope="module")
def deployments():
    return {(each.flow_name, each.name): each for each in make_deployments([CHURN])}


def test_every_flow_is_published_under_its_name(deployments):
    names = {each.name for each in PUBLISHED}
    assert {"train", "extend", "predict"} <= names
    assert {(name, name) for name in names} | {("predict", "churn")} == set(deployments)
    for each in deployments.values():
        assert "espalier" in each.tags
        assert each.description


def test_the_entrypoints_are_modules_whatever_the_working_folder(deployments):
    for (flow, _), each in deployments.items():
        assert each.entrypoint.startswith("espalier.flows.")
        assert load_flow_from_entrypoint(each.entrypoint).name == flow


def test_every_parameter_is_a_request_with_named_and_described_fields(deployments):
    for each in deployments.values():
        schema = each._parameter_openapi_schema.model_dump()
        assert list(schema["properties"]) == ["request"]
        (definition,) = [
            found for name, found in schema["definitions"].items() if name.endswith("Request")
        ]
        for name, field in definition["properties"].items():
            assert field.get("title"), (each.name, name)
            assert field.get("description"), (each.name, name)
            assert "anyOf" not in field, (each.name, name)


def test_a_schedule_is_a_deployment_with_its_clock_and_one_run_at_a_time(deployments):
    each = deployments["predict", "churn"]
    (made,) = each.schedules
    assert (made.schedule.cron, made.schedule.timezone) == ("0 4 * * *", "Europe/Paris")
    assert each.concurrency_limit == 1
    assert each.concurrency_options.collision_strategy == "ENQUEUE"
    assert each.parameters == {"request": {"model": "churn", "data": "in/*.csv", "out": "out.csv"}}
    assert {"scheduled", "churn"} <= set(each.tags)
    assert "Europe/Paris" in each.description
    schema = each._parameter_openapi_schema.model_dump()
    assert not validate(each.parameters, schema, raise_on_error=False)


def test_a_schedule_that_its_flow_would_refuse_is_refused_with_its_place():
    wrong = CHURN.model_copy(update={"options": {"ouput": "x.csv"}})
    with pytest.raises(UserError, match=r"x\.yaml:1: .*'?out"):
        make_deployments([wrong])


def test_every_flow_that_can_be_scheduled_is_published():
    names = {each.name for each in PUBLISHED}
    for flow in get_args(ScheduledFlow):
        schedule = Schedule(
            model="m",
            flow=flow,
            cron="@daily",
            data=None if flow in ("extend", "learn", "check") else "a.csv",
            options={"out": "b.csv"} if flow == "predict" else {},
        )
        assert flow in names
        assert len(make_deployments([schedule])) == len(PUBLISHED) + 1


def test_prefect_yaml_publishes_the_same_for_work_pools(deployments):
    record = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert record["pull"] == []  # null would have runs import from the folder of the file
    by_name = {each["name"]: each for each in record["deployments"]}
    assert set(by_name) == {each.name for each in PUBLISHED}
    for each in PUBLISHED:
        entry = by_name[each.name]
        assert entry["entrypoint"] == each.entrypoint
        assert set(entry["tags"]) == {"espalier", *each.tags}
        assert entry["work_pool"]["name"]
        env = entry["work_pool"]["job_variables"]["env"]
        assert env == VARIABLES | heartbeats.VARIABLES | {SAFE_PATH: OURS}
        parameters = entry.get("parameters", {})
        schema = deployments[each.name, each.name]._parameter_openapi_schema.model_dump()
        assert set(parameters) <= set(schema["properties"])
        assert load_flow_from_entrypoint(entry["entrypoint"]).name == each.name
