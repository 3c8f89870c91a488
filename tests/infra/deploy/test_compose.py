"""What `infra/` gives a team agrees with the code: variables, commands, options, files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from espalier.infra.environment import quiet_environment
from espalier.infra.settings import Settings
from tests.infra.known_variables import NAMED, is_known

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "infra" / "deploy"
GUIDES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "guide").glob("*.md"))
MANIFESTS = sorted(str(path.relative_to(ROOT)) for path in (DEPLOY / "kubernetes").glob("*.yaml"))
PAGES = (
    "README.md",
    "SECURITY.md",
    "docs/reference/settings.md",
    *GUIDES,
    "infra/deploy/compose.yaml",
    "infra/deploy/Dockerfile",
    "infra/deploy/kubernetes.md",
    "infra/deploy/team.env.example",
    "infra/deploy/postgres.sh",
    *MANIFESTS,
)


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_that_is_named_is_read_by_somebody(page):
    named = set(NAMED.findall((ROOT / page).read_text()))
    assert {name for name in named if not is_known(name)} == set()


def test_what_nobody_reads_is_found():
    for name in (
        "ESPALIER_HOMES",
        "MLFLOW_BACKEND",
        "PREFECT_SERVER_DATABSE",
        "DASK_DISTRIBUTED__X",
        "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSED",
    ):
        assert not is_known(name), name


def test_what_we_turn_off_is_read_by_somebody():
    environ = {}
    quiet_environment(environ)
    named = {name for name in environ if NAMED.fullmatch(name)}
    written = {name for name in named if not name.startswith("PREFECT_LOGGING_LOGGERS_")}
    assert {name for name in written if not is_known(name)} == set()


def test_all_parts_of_a_team_are_there(services):
    assert set(services) == {"postgres", "prefect", "mlflow", "scheduler", "worker", "flows"}


@pytest.mark.parametrize("name", ["prefect", "mlflow", "scheduler", "worker", "flows"])
def test_commands_and_their_options_exist(services, name):
    words = [word for word in services[name]["command"] if "://" not in word]
    given = [word for word in words if word.startswith("--")]
    plain = words[: words.index(given[0])]
    shown = _help(plain)
    known = set(re.findall(r"--[a-z][a-z-]+", shown))
    assert set(given) <= known


def test_kubernetes_notes_name_the_same_commands(services):
    page = (DEPLOY / "kubernetes.md").read_text()
    for name in ("prefect", "mlflow", "scheduler", "flows"):
        assert f"`{' '.join(services[name]['command'])}`" in page, name


def test_pages_are_published_to_this_machine_alone(services):
    published = {name: each["ports"] for name, each in services.items() if "ports" in each}
    assert set(published) == {"prefect", "mlflow", "flows"}
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_trains_finds_the_services(services):
    settings = services["flows"]["environment"]
    for name, place in (
        ("PREFECT_API_URL", "prefect"),
        ("MLFLOW_TRACKING_URI", "mlflow"),
        ("ESPALIER_DASK_ADDRESS", "scheduler"),
    ):
        host, port = re.search(r"//([\w.]+):(\d+)", settings[name]).groups()
        assert host == place
        assert port in services[place]["command"]
    assert f"mlflow:{5000}" in services["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]


def test_no_password_is_written_down(services):
    for name in ("compose.yaml", "team.env.example"):
        for url in re.findall(r"://\w+:([^@\s]*)@", (DEPLOY / name).read_text()):
            assert url == "${POSTGRES_PASSWORD}"
    assert "POSTGRES_PASSWORD=\n" in (DEPLOY / "team.env.example").read_text()
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "infra/deploy/team.env" in ignored


def test_files_that_are_mounted_or_copied_exist(services):
    for volume in services["flows"]["volumes"]:
        place = volume.split(":")[0]
        if place.startswith("./"):
            assert (DEPLOY / place).exists(), place
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_the_image_holds_the_drivers_of_the_stores_and_no_tools_of_development():
    pins = _pins(DEPLOY / "requirements.lock")
    assert {"psycopg2-binary", "asyncpg", "onnxruntime", "hatchling"} <= set(pins)
    # Object stores, workbooks, and what trains by the names of families and places.
    assert {"s3fs", "boto3", "python-calamine", "interpret-core", "holidays"} <= set(pins)
    assert {"pytest", "mypy", "ruff", "selenium", "sphinx", "hypothesis"} & set(pins) == set()


def test_the_image_has_the_versions_that_the_tests_run_with():
    tested = _pins(ROOT / "requirements.lock")
    shipped = _pins(DEPLOY / "requirements.lock")
    assert {name: tested.get(name, pin) for name, pin in shipped.items()} == shipped


def test_every_file_of_the_image_is_known_by_its_hash():
    lines = (DEPLOY / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in line for line in lines if "==" in line)


def test_images_of_others_are_pinned_by_their_digest(services):
    pinned = r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}"
    assert re.fullmatch(rf"\$\{{POSTGRES_IMAGE:-{pinned}\}}", services["postgres"]["image"])
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^ARG BASE=(.*)$", dockerfile, re.MULTILINE)
    assert all(
        re.fullmatch(pinned, each)
        for each in re.findall(r"^ARG BASE=(.*)$", dockerfile, re.MULTILINE)
    )
    stages = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert set(stages) == {"${BASE}", "espalier"}


def test_every_service_that_runs_long_says_whether_it_is_well(services):
    asked = {name for name, each in services.items() if "healthcheck" in each}
    # Dask's have no address for it without their dashboard; lost ones are missed by the runs.
    assert asked == set(services) - {"scheduler", "worker"}
    command = services["flows"]["healthcheck"]["test"][-1]
    environment = services["flows"]["environment"]
    port = environment["PREFECT_RUNNER_SERVER_PORT"]
    assert f"http://{environment['PREFECT_RUNNER_SERVER_HOST']}:{port}/health" in command


def test_what_the_image_copies_is_not_ignored():
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = [
        source
        for line in (DEPLOY / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY")
        for source in line.split()[1:-1]
    ]
    assert set(copied) == let_in


def test_volumes_cover_folders_that_the_image_made_for_their_user(services):
    made = (DEPLOY / "Dockerfile").read_text()
    for service in services.values():
        for volume in service.get("volumes", []):
            name, target = volume.split(":")[:2]
            if re.fullmatch(r"\w+", name) and "image" in service and name != "postgres":
                assert re.search(rf"install -d -o espalier .*{re.escape(target)}(\s|$)", made), (
                    target
                )


def test_predict_may_write_where_a_volume_is(services):
    flows = services["flows"]
    assert flows["environment"]["ESPALIER_OUT_ROOTS"] == "/out"
    assert "out:/out" in flows["volumes"]
    example = (DEPLOY / "schedules.yaml").read_text()
    assert re.findall(r"out: (/\w+)/", example) == ["/out"]


def test_serve_has_time_to_end_its_runs(services):
    assert services["flows"]["stop_grace_period"] == "90s"


def test_every_setting_is_documented_with_all_its_names(generated_page):
    page = generated_page("docs/reference/settings.md")
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        for each in alias.choices if alias else [f"ESPALIER_{name.upper()}"]:
            assert f"`{each}`" in page, each


def _help(words):
    """Return what a command says of itself."""
    program = [str(Path(sys.executable).with_name(words[0]))]
    if words[0] == "espalier":
        program = [sys.executable, "-m", "espalier.flows.cli.app"]
    answer = subprocess.run(
        [*program, *words[1:], "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200", "PYTHONPATH": str(ROOT / "src")},
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _pins(path):
    """Return the version of each package of a lock."""
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", path.read_text(), re.MULTILINE)
    return dict(found)
