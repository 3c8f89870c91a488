"""Templates of work pools give each run the image, its variables, and no rights."""

import asyncio
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.infra.known_variables import NAMED, is_known

ROOT = Path(__file__).parents[3]
POOLS = ROOT / "infra" / "deploy" / "pools"
PACKAGES = {"docker": "prefect-docker", "kubernetes": "prefect-kubernetes"}


def template_of(kind):
    return json.loads((POOLS / f"{kind}.json").read_text())


@pytest.fixture(scope="module")
def prefects_own():
    """The templates that Prefect has for its own worker types."""
    import prefect.server.api

    views = Path(prefect.server.api.__file__).parent / "collections_data" / "views"
    return json.loads((views / "aggregate-worker-metadata.json").read_text())


def configured(kind):
    """Return what a worker would start a run of ours with."""
    from prefect.workers.base import BaseJobConfiguration

    class Configuration(BaseJobConfiguration, extra="allow"):
        """Keeps what a worker of its own type would read."""

    record = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    given = record["deployments"][0]["work_pool"]["job_variables"]
    template = template_of(kind)
    # Blocks are the server's; here is none.
    template = json.loads(re.sub(r"\{\{ prefect\.blocks[^}]*\}\}", "secret", json.dumps(template)))
    made = asyncio.run(Configuration.from_template_and_values(template, given, client=object()))
    return made.model_dump()


@pytest.mark.parametrize("kind", PACKAGES)
def test_everything_that_prefect_lets_a_deployment_set_can_be_set(kind, prefects_own):
    theirs = prefects_own[PACKAGES[kind]][kind]["default_base_job_configuration"]
    ours = template_of(kind)
    assert set(theirs["variables"]["properties"]) == set(ours["variables"]["properties"])
    assert set(theirs["job_configuration"]) == set(ours["job_configuration"])
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(ours["job_configuration"])))
    assert used == set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(theirs["job_configuration"])))


@pytest.mark.parametrize("kind", PACKAGES)
def test_every_variable_is_read_by_somebody(kind):
    text = (POOLS / f"{kind}.json").read_text() + (POOLS / "pods.env.example").read_text()
    assert {name for name in NAMED.findall(text) if not is_known(name)} == set()


def test_a_container_has_the_image_the_stores_and_the_variables_of_prefect_yaml():
    made = configured("docker")
    assert made["image"] == "espalier"
    assert made["networks"] == ["espalier_default"]
    environment = made["env"]
    assert environment["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert environment["ESPALIER_RUNS_URL"].startswith("s3://")
    assert "RedactingAPILogHandler" in environment["PREFECT_LOGGING_HANDLERS_API_CLASS"]


def test_the_network_and_volume_are_those_of_compose():
    compose = yaml.safe_load((ROOT / "infra" / "deploy" / "compose.yaml").read_text())
    made = template_of("docker")["variables"]["properties"]
    assert made["networks"]["default"] == [f"{compose['name']}_default"]
    [volume] = made["volumes"]["default"]
    assert volume.split(":")[0].removeprefix(f"{compose['name']}_") in compose["volumes"]
    assert made["env"]["default"]["ESPALIER_OUT_ROOTS"] == volume.split(":")[1]


def test_a_pod_has_no_rights_and_its_secrets_by_name():
    pod = configured("kubernetes")["job_manifest"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["envFrom"] == [{"secretRef": {"name": "pods"}}]
    assert container["image"].endswith("espalier:0.2.0")
    assert container["resources"]["limits"]["memory"] == "8Gi"


def test_no_secret_is_written_down():
    made = template_of("docker")["variables"]["properties"]["env"]["default"]
    for name, value in made.items():
        if "KEY" in name or "LOCKS" in name:
            assert value.startswith("{{ prefect.blocks.secret."), name
    assert "infra/deploy/pools/pods.env" in (ROOT / ".gitignore").read_text().splitlines()
