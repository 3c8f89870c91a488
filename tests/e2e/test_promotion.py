"""A person approves a promotion on Prefect's page and sees the alias move on MLflow's.

After `test_browser` its champion is challenged here; alone, it trains one.
"""

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module")
def client(served):
    uri = f"sqlite:///{served[0] / 'home' / 'mlflow.db'}"
    return MlflowClient(uri, registry_uri=uri)


def test_a_challenger_is_trained(person, client, tumours):
    only = {"deployments": {"name": {"any_": ["train"]}}}
    (deployment,) = person.ask_prefect("/deployments/filter", only)
    request = {
        "data": str(tumours),
        "target": "diagnosis",
        "name": "tumours",
        "trials": 2,
        "families": ["bayes"],
        "workers": 1,
    }

    def versions():
        return client.search_model_versions("name='tumours'")

    # `test_browser` leaves a champion where it came before; alone, the first one becomes it.
    while len(versions()) < 2:
        before = len(versions())
        person.ask_prefect(
            f"/deployments/{deployment['id']}/create_flow_run",
            {"parameters": {"request": request}},
        )
        person.wait_for(lambda before=before: len(versions()) > before, seconds=300)
    person.wait_for(
        lambda: {"champion", "challenger"} <= set(client.get_registered_model("tumours").aliases),
        seconds=60,
    )


def test_the_run_waits_for_a_person(person):
    person.open_form("promote")
    person.fill("Model", "tumours")
    person.choose("Policy", "approve")
    person.fill("Margin", "-1", replace=True)
    person.fill("Rows", "5", replace=True)
    person.shoot("promote-form")
    person.submit()
    run = person.wait_for_run("Suspended", seconds=600)
    person.open(f"{person.prefect}/runs/flow-run/{run['id']}")
    person.sees("Suspended")
    person.shoot("promotion-waits")


def test_a_person_approves_and_the_alias_moves(person, client):
    person.click_button("Resume")
    person.sees("Answer")
    person.shoot("approval-form")
    person.choose("Answer", "promote")
    person.fill("Comment", "looks good")
    person.shoot("approval-filled")
    person.click("(//button[normalize-space()='Submit' or normalize-space()='Resume'])[last()]")
    run = person.wait_for_run("Completed", seconds=600)
    assert run["name"] == "promote tumours"
    aliases = client.get_registered_model("tumours").aliases
    assert {name: str(version) for name, version in aliases.items()} == {
        "champion": "2",
        "previous": "1",
    }
    person.open(f"{person.mlflow}/#/models/tumours")
    person.sees("previous")
    person.shoot("mlflow-after-promotion")
    person.open(f"{person.prefect}/runs/flow-run/{run['id']}")
    person.click("//*[normalize-space()='Artifacts' and not(self::title)]")
    person.sees("promotion")
    person.shoot("promotion-artifacts")
