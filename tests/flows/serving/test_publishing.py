"""What is published beside others' deployments, and what stays when it is published again."""

import asyncio

import pytest

from espalier.flows.serving.deployments import make_deployments
from espalier.flows.serving.publishing import publish
from espalier.flows.serving.runner import ServingRunner
from espalier.infra.orchestration.owners import Owner, owner_of
from espalier.infra.orchestration.schedules import Schedule
from espalier.infra.settings import Settings

pytestmark = pytest.mark.cluster

US, THEM = Owner("us"), Owner("them")
CHURN = Schedule(model="churn", flow="learn", cron="0 4 * * *", time_zone="Europe/Paris")


@pytest.fixture
def serve(flow_home):
    """Publish as an `espalier serve` of an owner does at its start; return its runner."""

    def start(owner, *schedules):
        runner = ServingRunner(name="test", pause_on_shutdown=False)
        published = asyncio.run(publish(runner, make_deployments(schedules), owner))
        return runner, {f"{each.flow_name}/{each.name}" for each in published}

    return start


@pytest.fixture
def client(flow_home):
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client


def planned(client, deployment_id):
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    runs = client.read_flow_runs(deployment_filter=wanted)
    return {run.id: run.expected_start_time for run in runs if run.auto_scheduled}


def test_the_owner_is_the_home_folder_or_the_name_it_is_given(tmp_path):
    here, there = (Settings(home=tmp_path / name) for name in ("a", "b"))
    assert owner_of(here) == owner_of(here) != owner_of(there)
    named = [each.model_copy(update={"serve_name": "night shift"}) for each in (here, there)]
    assert owner_of(named[0]) == owner_of(named[1]) == Owner("night shift")


def test_of_two_each_has_its_own_and_lets_the_other_be(serve, client):
    first, ours = serve(US, CHURN)
    assert {"learn/churn", "train/train"} <= ours
    scheduled = client.read_deployment_by_name("learn/churn")
    assert "owner:us" in scheduled.tags
    runs = planned(client, scheduled.id)
    assert runs  # at once, not when the scheduler looks next

    second, theirs = serve(THEM)
    assert {name for name in theirs if not name.endswith(" (them)")} == set()
    assert "train/train (them)" in theirs
    ids = [each._deployment_registry.get_deployment_ids() for each in (first, second)]
    assert not ids[0] & ids[1]
    again = client.read_deployment_by_name("learn/churn")
    assert (again.paused, again.tags) == (False, scheduled.tags)
    assert planned(client, scheduled.id) == runs

    third, theirs_again = serve(THEM, CHURN)  # and keeps its names when it comes back
    assert theirs_again == theirs | {"learn/churn (them)"}
    assert ids[1] < third._deployment_registry.get_deployment_ids()
    serve(THEM)
    assert client.read_deployment_by_name("learn/churn (them)").paused
    assert not client.read_deployment_by_name("learn/churn").paused


def test_planned_runs_survive_a_restart(serve, client):
    _, before = serve(US, CHURN)
    scheduled = client.read_deployment_by_name("learn/churn")
    runs = planned(client, scheduled.id)
    runner, after = serve(US, CHURN)
    assert after == before
    assert planned(client, scheduled.id) == runs
    assert scheduled.id in runner._deployment_registry.get_deployment_ids()
    assert not runner.pause_on_shutdown  # or it would delete them when it stops


def test_a_pause_made_by_a_person_stays(serve, client):
    serve(US, CHURN)
    scheduled = client.read_deployment_by_name("learn/churn")
    client.pause_deployment(scheduled.id)
    serve(US, CHURN.model_copy(update={"cron": "0 5 * * *"}))
    changed = client.read_deployment_by_name("learn/churn")
    assert changed.schedules[0].schedule.cron == "0 5 * * *"
    assert changed.paused
    serve(US)  # out of the file, and back into it
    serve(US, CHURN)
    assert client.read_deployment_by_name("learn/churn").paused
    client.resume_deployment(scheduled.id)
    serve(US, CHURN)
    assert not client.read_deployment_by_name("learn/churn").paused


def test_a_schedule_switched_off_by_a_person_stays_off(serve, client):
    serve(US, CHURN)
    scheduled = client.read_deployment_by_name("learn/churn")
    (one,) = scheduled.schedules
    client.request(
        "PATCH",
        "/deployments/{id}/schedules/{schedule_id}",
        path_params={"id": scheduled.id, "schedule_id": one.id},
        json={"active": False},
    )
    serve(US, CHURN.model_copy(update={"cron": "0 6 * * *"}))
    (one,) = client.read_deployment_by_name("learn/churn").schedules
    assert (one.schedule.cron, one.active) == ("0 6 * * *", False)
    client.delete_deployment(scheduled.id)


def test_what_left_the_file_is_paused_and_goes_on_when_it_is_back(serve, client):
    serve(US, CHURN)
    serve(US)
    gone = client.read_deployment_by_name("learn/churn")
    assert gone.paused
    assert "withdrawn" in gone.tags
    assert planned(client, gone.id) == {}
    serve(US, CHURN)
    back = client.read_deployment_by_name("learn/churn")
    assert not back.paused
    assert "withdrawn" not in back.tags
    assert planned(client, back.id)


def test_a_deployment_of_a_work_pool_with_the_same_name_is_left_alone(serve, client):
    from prefect.client.schemas.actions import WorkPoolCreate

    pool = client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = client.create_flow_from_name("rollback")
    for each in client.read_deployments():
        if each.flow_id == flow_id and each.name == "rollback":
            client.delete_deployment(each.id)
    made = client.create_deployment(
        flow_id, "rollback", tags=["espalier", "lifecycle"], work_pool_name=pool.name
    )
    _, ours = serve(Owner("newcomer"))
    assert "rollback/rollback (newcomer)" in ours
    there = client.read_deployment(made)
    assert (there.work_pool_name, there.tags) == ("pool", ["espalier", "lifecycle"])
