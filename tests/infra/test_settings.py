import os
import subprocess
import sys
from pathlib import Path

import pytest

from espalier.infra.environment import quiet_environment
from espalier.infra.settings import Settings, load_settings, memory_bytes, usable_cores
from espalier.pipelines.errors import UserError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("ESPALIER_", "MLFLOW_", "PREFECT_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_default_is_beside_the_user_and_absolute(tmp_path):
    settings = load_settings()
    assert settings.home == tmp_path / "mlruns"
    assert settings.mlflow_uri == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    assert settings.mlflow_registry_uri == settings.mlflow_uri
    assert settings.artifact_location == (tmp_path / "mlruns" / "artifacts").as_uri()
    assert settings.worker_count == usable_cores() >= 1
    assert list(tmp_path.iterdir()) == []  # nothing is created


def test_own_variables_win_over_those_of_the_tools(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://theirs")
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect/api")
    assert load_settings().mlflow_uri == "http://theirs"
    assert load_settings().artifact_location is None
    assert load_settings().prefect_api_url == "http://prefect/api"
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://u:pw@h/p")
    assert load_settings().prefect_database.get_secret_value().endswith("u:pw@h/p")
    assert "pw" not in repr(load_settings())
    monkeypatch.setenv("ESPALIER_TRACKING_URI", "http://ours")
    assert load_settings().mlflow_uri == "http://ours"


@pytest.mark.parametrize("uri", ["postgresql+psycopg2://h/m", "sqlite:////x.db", "mysql://h/m"])
def test_artifacts_of_a_database_go_to_the_home_folder(monkeypatch, tmp_path, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert load_settings().artifact_location == (tmp_path / "mlruns" / "artifacts").as_uri()


def test_every_field_has_a_description_and_can_be_empty(monkeypatch):
    expected = load_settings()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        monkeypatch.setenv(f"ESPALIER_{name.upper()}", "")
    assert load_settings() == expected


def test_every_setting_is_documented(generated_page):
    page = generated_page("docs/reference/settings.md")
    for name in Settings.model_fields:
        assert f"`ESPALIER_{name.upper()}`" in page, name


@pytest.mark.parametrize(
    ("name", "value"),
    [("ESPALIER_WORKERS", "0"), ("ESPALIER_WORKERS", "many"), ("ESPALIER_MEMORY_LIMIT", "lots")],
)
def test_a_wrong_variable_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=name) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GiB", 4 * 2**30), ("500MB", 500e6), ("1.5g", 1.5e9), ("2e9", 2e9), ("64 Ki", 65536)],
)
def test_memory_bytes(text, size):
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1GiB", "0", "4 apples", "nan", "inf"])
def test_memory_bytes_refuses(text):
    with pytest.raises(UserError, match="memory limit"):
        memory_bytes(text)


def test_quiet_environment_leaves_what_the_user_set():
    environ = {"GX_ANALYTICS_ENABLED": "true"}
    quiet_environment(environ)
    assert environ["GX_ANALYTICS_ENABLED"] == "true"
    assert environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environ["DO_NOT_TRACK"] == "1"


PROBE = """
import os
from espalier.infra.environment import quiet_environment
quiet_environment()
import mlflow.telemetry.utils as telemetry
from prefect.settings import PREFECT_SERVER_ANALYTICS_ENABLED
assert telemetry.is_telemetry_disabled()
assert not PREFECT_SERVER_ANALYTICS_ENABLED.value()
"""


def test_the_components_themselves_say_that_telemetry_is_off():
    environ = {name: value for name, value in os.environ.items() if name != "DO_NOT_TRACK"}
    root = str(Path(__file__).parents[2] / "src")
    subprocess.run([sys.executable, "-c", PROBE], check=True, env=environ, cwd=root)


@pytest.mark.parametrize(
    "uri", ["databricks", "databricks-uc", "databricks://profile", "uc:https://h"]
)
@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_URI", "ESPALIER_REGISTRY_URI"])
def test_databricks_is_refused_in_a_line(monkeypatch, uri, name):
    monkeypatch.setenv(name, uri)
    with pytest.raises(UserError, match=r"names Databricks, .* set an MLflow server") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_models_may_have_experiments_of_their_own(monkeypatch):
    settings = load_settings()
    assert settings.experiment_of("churn") == settings.experiment_of(None) == "espalier"
    monkeypatch.setenv("ESPALIER_EXPERIMENT", "shop/{model}")
    settings = load_settings()
    assert settings.experiment_of("churn") == "shop/churn"
    assert settings.experiment_of(None) == "shop"
    monkeypatch.setenv("ESPALIER_EXPERIMENT", "{model}")
    assert load_settings().experiment_of(None) == "espalier"
