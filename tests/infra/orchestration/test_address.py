"""Where the address of a Prefect server comes from is said in so many words."""

import os

import pytest

from espalier.infra.orchestration.address import named_address
from espalier.infra.orchestration.server import PrefectServer
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import EspalierError

DEAD = "http://127.0.0.1:9/api"


@pytest.fixture(autouse=True)
def no_address(monkeypatch, tmp_path):
    for name in ("ESPALIER_PREFECT_API_URL", "PREFECT_API_URL", "PREFECT_PROFILE",
                 "PREFECT_PROFILES_PATH"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setenv("ESPALIER_HOME", str(tmp_path / "home"))


def write_profile(folder):
    path = folder / "profiles.toml"
    path.write_text(f'active = "team"\n[profiles.team]\nPREFECT_API_URL = "{DEAD}"\n')
    return path


def test_nobody_names_one(monkeypatch):
    assert named_address(load_settings()) is None
    monkeypatch.delenv("PREFECT_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # no home folder to look into
    assert named_address(load_settings()) is None


@pytest.mark.parametrize("name", ["ESPALIER_PREFECT_API_URL", "PREFECT_API_URL"])
def test_a_variable_names_it(monkeypatch, tmp_path, name):
    write_profile(tmp_path)
    monkeypatch.setenv(name, "http://other:4200/api")
    found = named_address(load_settings())
    assert found.url == "http://other:4200/api"
    assert name in found.named_by
    assert f" {name}" in found.named_by


def test_an_error_names_profile_and_file(monkeypatch, tmp_path):
    path = write_profile(tmp_path)
    monkeypatch.setattr(
        "espalier.infra.orchestration.server.wait_until_answers", lambda *_, **__: False
    )
    with pytest.raises(EspalierError) as caught, PrefectServer(load_settings()).start() as server:
        server.wait()
    assert "PREFECT_API_URL" not in os.environ  # nobody who comes later is told of it
    for part in (DEAD, "profile 'team'", str(path)):
        assert part in str(caught.value)
