"""Scheduled runs that were cut off are given back to a real Prefect server."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def client(flow_home):
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def scheduled_run(flow_home, client, request):
    """Make a run of a schedule, by Prefect's scheduler, that has been started some times."""
    from espalier.flows.serving.deployments import make_deployments
    from espalier.infra.orchestration.schedules import Schedule

    schedule = Schedule(
        model=request.node.name.replace("[", "-").replace("]", ""),
        cron="0 4 * * *",
        flow="retrain",
    )
    deployment = next(each for each in make_deployments([schedule]) if each.schedules)
    deployment_id = deployment.apply()
    client.request(
        "POST",
        "/deployments/{id}/schedule",
        path_params={"id": deployment_id},
        json={"min_runs": 2, "max_runs": 2},
    )

    def make(state, starts=1, place=0):
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
        from prefect.client.schemas.sorting import FlowRunSort
        from prefect.states import Pending, Running

        runs = client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
        )
        run = runs[place]
        assert run.auto_scheduled
        for _ in range(starts):
            client.set_flow_run_state(run.id, Pending(), force=True)
            client.set_flow_run_state(run.id, Running(), force=True)
        client.set_flow_run_state(run.id, state, force=True)
        return client.read_flow_run(run.id)

    return make


def continued(client, run, **options):
    from espalier.infra.operations.interrupted_runs import continue_interrupted

    names = continue_interrupted(**options)
    state = client.read_flow_run(run.id).state
    assert (run.name in names) == (state.name == "AwaitingRetry")
    return state if state.name == "AwaitingRetry" else None


def test_a_killed_run_goes_on_at_once(client, scheduled_run):
    from prefect.states import Crashed

    run = scheduled_run(Crashed(message="Its process was killed"))
    state = continued(client, run)
    assert state.is_scheduled()
    assert state.state_details.scheduled_time <= datetime.now(UTC)
    assert "continued" in state.message


def test_a_run_whose_store_did_not_answer_is_tried_later(client, scheduled_run):
    from prefect.states import Failed

    run = scheduled_run(Failed(name="Unavailable", message="the store does not answer"))
    state = continued(client, run)
    assert state.state_details.scheduled_time > datetime.now(UTC) + timedelta(minutes=4)


def test_what_is_killed_again_and_again_ends(client, scheduled_run):
    from prefect.states import Crashed

    assert continued(client, scheduled_run(Crashed(), starts=3)) is None


def test_what_failed_or_was_cancelled_stays_so(client, scheduled_run):
    from prefect.states import Cancelled, Failed

    assert continued(client, scheduled_run(Failed(message="the target is missing"))) is None
    assert continued(client, scheduled_run(Cancelled(), place=1)) is None


def test_a_run_of_yesterday_is_left(client, scheduled_run):
    from prefect.states import Crashed

    later = datetime.now(UTC) + timedelta(hours=25)
    assert continued(client, scheduled_run(Crashed()), now=later) is None


def test_a_run_that_a_later_one_has_overtaken_is_left(client, scheduled_run):
    from prefect.states import Completed, Crashed

    run = scheduled_run(Crashed())
    scheduled_run(Completed(), place=1)
    assert continued(client, run) is None


def test_another_owners_runs_are_left(client, scheduled_run):
    from prefect.states import Crashed

    assert continued(client, scheduled_run(Crashed()), tags=["owner:somebody else"]) is None


def test_a_run_that_somebody_started_is_left(client, scheduled_run, flow_home):
    from prefect.states import Crashed

    run = scheduled_run(Crashed())
    by_hand = client.create_flow_run_from_deployment(run.deployment_id)
    client.set_flow_run_state(by_hand.id, Crashed(), force=True)
    assert continued(client, client.read_flow_run(by_hand.id)) is None
