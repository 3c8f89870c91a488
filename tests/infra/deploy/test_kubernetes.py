"""The manifests for Kubernetes say the same as compose.yaml, and let nobody else in."""

from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[3] / "infra" / "deploy"
FOLDER = DEPLOY / "kubernetes"
PARTS = ("prefect", "mlflow", "scheduler", "worker", "flows")


@pytest.fixture(scope="module")
def manifests():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    return [
        each for name in listed for each in yaml.safe_load_all((FOLDER / name).read_text()) if each
    ]


@pytest.fixture(scope="module")
def pods(manifests):
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in manifests
        if each["kind"] == "Deployment"
    }


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_every_part_is_a_deployment(pods):
    assert set(pods) == set(PARTS)


def test_every_manifest_is_listed():
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    others = {"kustomization.yaml", "schedules.yaml"}
    assert set(listed) == {path.name for path in FOLDER.glob("*.yaml")} - others


@pytest.mark.parametrize("name", ["prefect", "mlflow", "scheduler", "flows"])
def test_commands_are_those_of_compose(pods, services, name):
    assert pods[name]["containers"][0]["args"] == services[name]["command"]


def test_dask_is_set_up_as_in_compose(manifests, services):
    [settings] = [each["data"] for each in manifests if each["kind"] == "ConfigMap"]
    assert settings == services["worker"]["environment"]


@pytest.mark.parametrize("name", PARTS)
def test_pods_have_no_rights(pods, name):
    pod, container = pods[name], pods[name]["containers"][0]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", PARTS)
def test_service_links_do_not_set_variables(pods, name):
    # PREFECT_PORT=tcp://..., made of a service's name, would be read as a setting.
    assert pods[name]["enableServiceLinks"] is False


def test_serve_has_time_to_end_its_runs(pods):
    assert pods["flows"]["terminationGracePeriodSeconds"] == 90


def test_what_one_pod_at_a_time_may_use_is_recreated(manifests):
    for each in manifests:
        if each["kind"] == "Deployment":
            volumes = each["spec"]["template"]["spec"].get("volumes", [])
            if any("persistentVolumeClaim" in volume for volume in volumes):
                assert each["spec"]["strategy"] == {"type": "Recreate"}


def test_the_scheduler_is_reached_by_flows_and_workers_alone(manifests):
    [policy] = [
        each
        for each in manifests
        if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == "scheduler"
    ]
    [rule] = policy["spec"]["ingress"]
    [expression] = rule["from"][0]["podSelector"]["matchExpressions"]
    assert expression == {"key": "app", "operator": "In", "values": ["flows", "worker"]}


def test_addresses_of_databases_come_from_the_secret(pods):
    for name in ("prefect", "mlflow"):
        hidden = [
            each["name"] for each in pods[name]["containers"][0]["env"] if "valueFrom" in each
        ]
        example = (FOLDER / "stores.env.example").read_text()
        assert len(hidden) == 1
        assert f"{hidden[0]}=" in example


def test_serve_is_asked_for_its_health_as_in_compose(pods, services):
    [container] = pods["flows"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    for name, value in services["flows"]["environment"].items():
        if name.startswith("PREFECT_RUNNER_"):
            assert given[name] == value
    command = services["flows"]["healthcheck"]["test"][1:]
    assert container["startupProbe"]["exec"]["command"] == command
    assert container["livenessProbe"]["exec"]["command"] == command
